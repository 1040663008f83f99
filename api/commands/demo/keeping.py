"""Vouchers in every state, and the community pot: given, taken back, used, asked for and declined."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from uuid import UUID

from api.commands.demo.story import Story
from api.commands.demo.town import Counter, Resident, Town
from ledger.core.errors import Refused
from ledger.core.tenancy import Actor
from ledger.rewards import donations, member_codes, offers, pot_uses, redemptions, vouchers
from ledger.rewards.models import Offer, OfferKind
from ledger.rewards.offers import OfferTerms
from ledger.rewards.voucher_models import Voucher
from ledger.rewards.ways import ByMemberCode

Step = Callable[[Actor, Voucher], None]

CARD_POINTS = 5
EXPIRING_DAYS = 3


def tell_keeping(town: Town, story: Story) -> None:
    """In the last nine days: whoever has flowers left buys cards of the first shop, and gives to the pot."""
    last, made = town.until, _Cards()
    story.tell(last - timedelta(days=9), partial(made.offer, town))
    story.tell(last - timedelta(days=8), partial(_buy_and_let_expire, town, made))
    story.tell(last - timedelta(days=2, hours=10), partial(_buy_in_every_state, town, made))
    story.tell(last - timedelta(hours=8), partial(_buy_for_volunteer, town, made))
    story.tell(last - timedelta(days=7), partial(_give, town, "给独居老人买菜"))
    story.tell(last - timedelta(days=6), partial(_give, town, ""))
    story.tell(last - timedelta(days=5), partial(_give_and_take_back, town))
    story.tell(last - timedelta(days=4), partial(_use, town))
    story.tell(last - timedelta(hours=7), partial(_give_of, town.cast["volunteer"]))


class _Cards:
    """The offers that the story needs: a discount card, and one that is good for a few days."""

    card_id: UUID | None = None
    short_id: UUID | None = None

    def offer(self, town: Town) -> None:
        counter = town.counters[0]
        self.card_id = _offer(town, counter, OfferTerms(name="九折卡", points=CARD_POINTS)).id
        short = OfferTerms(name="尝鲜券", points=CARD_POINTS, voucher_days=EXPIRING_DAYS)
        self.short_id = _offer(town, counter, short).id


def _offer(town: Town, counter: Counter, terms: OfferTerms) -> Offer:
    drafted = offers.draft_offer(town.cast["admin"], counter.agreement_id, kind=OfferKind.DISCOUNT_CARD, terms=terms)
    return offers.approve_offer(town.cast["treasurer"], drafted.id)


def _buyers(town: Town, offer_id: UUID | None, count: int) -> list[tuple[Resident, Voucher]]:
    """The first residents who can pay; fewer in the first days of a story."""
    found: list[tuple[Resident, Voucher]] = []
    for resident in town.residents:
        if len(found) < count and offer_id is not None:
            try:
                found.append((resident, vouchers.buy(resident.actor, offer_id)))
            except Refused:
                continue  # Not enough flowers.
    return found


def _buy_and_let_expire(town: Town, made: _Cards) -> None:
    _buyers(town, made.short_id, 1)


def _buy_in_every_state(town: Town, made: _Cards) -> None:
    """One is kept, one blocked, one returned, one used; of one the counter waits for a word that never comes."""
    clerk = town.counters[0].clerk
    steps: tuple[Step, ...] = (_keep, _block, _return, partial(_use_up, clerk), partial(_wait, clerk))
    for (resident, voucher), step in zip(_buyers(town, made.card_id, len(steps)), steps, strict=False):
        step(resident.actor, voucher)


def _keep(_who: Actor, _voucher: Voucher) -> None:
    """It waits for its day, as cards do."""


def _block(who: Actor, voucher: Voucher) -> None:
    vouchers.block(who, voucher.id)


def _return(who: Actor, voucher: Voucher) -> None:
    vouchers.return_voucher(who, voucher.id)


def _use_up(clerk: Actor, who: Actor, voucher: Voucher) -> None:
    redemptions.confirm(who, _show(clerk, who, voucher))


def _wait(clerk: Actor, who: Actor, voucher: Voucher) -> None:
    """Shown at the counter, and never confirmed."""
    _show(clerk, who, voucher)


def _show(clerk: Actor, who: Actor, voucher: Voucher) -> UUID:
    code = member_codes.create_member_code(who).code
    return vouchers.use(clerk, voucher.id, way=ByMemberCode(code)).id


def _buy_for_volunteer(town: Town, made: _Cards) -> None:
    """The demo volunteer has a card to look at."""
    assert made.card_id is not None, "the offer was made nine days ago"
    _try(partial(vouchers.buy, town.cast["volunteer"], made.card_id))


def _give(town: Town, purpose: str) -> None:
    for resident in town.residents:
        if _try(partial(donations.give, resident.actor, 6, purpose=purpose)):
            return


def _give_of(volunteer: Actor) -> None:
    _try(partial(donations.give, volunteer, 2, purpose="给社区的花坛"))


def _give_and_take_back(town: Town) -> None:
    for resident in town.residents:
        try:
            given = donations.give(resident.actor, 3)
        except Refused:
            continue
        donations.undo(resident.actor, given.id)
        return


USES = ((5, "重阳节给独居老人送米"), (1, "办公室的绿植"), (1, "写错了"), (2, "给环卫工人的热水点添纸杯"))


def _use(town: Town) -> None:
    """One use is published, one declined, one withdrawn, and one waits for the treasurer."""
    admin, treasurer = town.cast["admin"], town.cast["treasurer"]
    uses = []
    for points, words in (
        (5, "重阳节给独居老人送米"),
        (1, "办公室的绿植"),
        (1, "写错了"),
        (2, "给环卫工人的热水点添纸杯"),
    ):
        try:
            uses.append(pot_uses.ask_use(admin, points, words=words))
        except Refused:
            return  # Nobody has given yet.
    pot_uses.approve_use(treasurer, uses[0].id)
    pot_uses.decline_use(treasurer, uses[1].id)
    pot_uses.withdraw_use(admin, uses[2].id)


def _try(act: Callable[[], object]) -> bool:
    """Was it done? Whoever has too few flowers goes home without."""
    try:
        act()
    except Refused:
        return False
    return True
