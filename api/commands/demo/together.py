"""What households pay together, and cards that take something off a bill, each in every state."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from uuid import UUID

from api.commands.demo.story import Story
from api.commands.demo.town import Counter, Resident, Town
from ledger.core import clock
from ledger.core.db import savepoint
from ledger.core.errors import Refused
from ledger.rewards import offers, pools, redemptions, refunds
from ledger.rewards.models import OfferKind
from ledger.rewards.offers import OfferTerms
from ledger.rewards.pooling import Share
from ledger.rewards.ways import ByPoster

WAIVER = OfferTerms(
    name="满五十减十元",
    points=6,
    minimum_bill_fen=5_000,
    discount_fen=1_000,
    shop_bears_percent=40,
    per_household_per_week=2,
)
DISCOUNT = OfferTerms(
    name="九折卡", points=5, minimum_bill_fen=3_000, discount_fen=2_000, discount_percent=10, per_person=5
)
AT_MOST = 4
"""So many points a time those let their household use who have said so."""

Try = Callable[[Resident, Resident], object]


def tell_together(town: Town, story: Story) -> None:
    """Both cards are used and one is given back in part; a couple pays together, and one waits for a word in vain."""
    cards = {n: _approved(town, n, kind, terms) for n, kind, terms in CARDS}
    end = town.until
    story.tell(end - timedelta(days=5, hours=14), partial(_with_some_couple, town, partial(_pay, town, cards[1])))
    story.tell(end - timedelta(days=3, hours=13), partial(_with_some_couple, town, partial(_use_card, town, cards[2])))
    story.tell(end - timedelta(hours=7), partial(_with_some_couple, town, _agree_and_revoke))
    story.tell(end - timedelta(hours=6), partial(_with_some_couple, town, partial(_ask, town)))


CARDS = ((1, OfferKind.WAIVER_CARD, WAIVER), (2, OfferKind.DISCOUNT_CARD, DISCOUNT))
"""The counters that offer them."""


def _approved(town: Town, n: int, kind: OfferKind, terms: OfferTerms) -> UUID:
    draft = offers.draft_offer(town.cast["admin"], town.counters[n].agreement_id, kind=kind, terms=terms)
    return offers.approve_offer(town.cast["treasurer"], draft.id).id


def _with_some_couple(town: Town, act: Try) -> None:
    """The first two of one household who can: others have not flowers enough this week."""
    couples = zip(town.residents[-120::2], town.residents[-119::2], strict=False)
    for one, other in couples:
        try:
            with savepoint():
                act(one, other)
            return
        except Refused:
            continue


def _reserve(counter: Counter, offer_id: UUID, one: Resident, other: Resident, points: int, bill: int | None) -> UUID:
    share = Share(other.member_id, points)
    way = ByPoster(counter.poster_code)
    return redemptions.reserve(one.actor, offer_id, way=way, bill_fen=bill, contributions=[share]).id


def _pay(town: Town, card_id: UUID, one: Resident, other: Resident) -> None:
    """Of the six points one said yes to two on the phone; a day later a part goes back to both."""
    redemption_id = _reserve(town.counters[1], card_id, one, other, 2, 6_800)
    clock.advance(minutes=1)
    pools.agree(other.actor, redemption_id)
    redemptions.confirm(one.actor, redemption_id)
    clock.advance(minutes=20)
    refunds.refund(town.cast["treasurer"], redemption_id, points=3, reason="有一样菜没上")


def _use_card(town: Town, card_id: UUID, one: Resident, _other: Resident) -> None:
    way = ByPoster(town.counters[2].poster_code)
    reserved = redemptions.reserve(one.actor, card_id, way=way, bill_fen=4_560)
    redemptions.confirm(one.actor, reserved.id)


def _agree_and_revoke(one: Resident, other: Resident) -> None:
    """One lets the household use some points from now on; the other did, and has taken it back."""
    for who in (one, other):
        pools.let_household_use(who.actor, AT_MOST)
    clock.advance(minutes=1)
    pools.revoke(other.actor)


def _ask(town: Town, one: Resident, other: Resident) -> None:
    """Nobody answers in time: the reservation expires by itself."""
    counter = town.counters[0]
    offer_id, points = min(counter.offers, key=lambda offer: offer[1])
    _reserve(counter, offer_id, one, other, points - 1, None)
