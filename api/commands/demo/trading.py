"""The shops: funds, merchants with counter and staff, agreements signed by two, offers approved by another."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from PIL import Image, ImageDraw

from api.commands.demo import names
from api.commands.demo.story import Story
from api.commands.demo.town import CAST, Counter, Town, enter, person_with
from ledger.core import clock
from ledger.rewards import agreements, fund_levels, funds, merchants, offer_pictures, offers
from ledger.rewards.agreements import AgreementTerms
from ledger.rewards.models import Agreement, OfferKind
from ledger.rewards.offers import OfferTerms

KINDS = (OfferKind.GOODS, OfferKind.SERVICE, OfferKind.DISCOUNT_CARD, OfferKind.WAIVER_CARD)
GRANT_FEN = 10_000_000
A_HEAD_FEN = 100
"""Of the smaller funds: so much for each resident at a time, as long as less than half of it is left."""

Say = Callable[[str], None]


def open_shops(town: Town, say: Say) -> None:
    """Every shop of the demo has an active agreement and active offers; some other states stand beside them."""
    admin, treasurer = town.cast["admin"], town.cast["treasurer"]
    for donor in names.DONORS:
        town.funds.append(funds.create_fund(treasurer, donor).id)
        _grant(town, len(town.funds) - 1, 2 * A_HEAD_FEN * len(town.residents) if town.funds[1:] else GRANT_FEN)
    for n, (name, trade, goods) in enumerate(names.SHOPS):
        town.counters.append(_open_shop(town, n, name, trade, goods))
    ended = offers.draft_offer(
        admin, _agreement_of(town, 1), kind=OfferKind.GOODS, terms=OfferTerms(name="旧券（已停）", points=10)
    )
    offers.approve_offer(treasurer, ended.id)
    offers.end_offer(admin, ended.id)
    offers.draft_offer(
        admin, _agreement_of(town, 2), kind=OfferKind.GOODS, terms=OfferTerms(name="新品（待审核）", points=30)
    )
    closed = merchants.create_merchant(admin, "旧时光茶馆", trade="餐饮")
    merchants.add_branch(admin, closed.id, name="旧时光茶馆", address="胜利街 99 号")
    drafted = agreements.draft_agreement(admin, closed.id, terms=terms_of(town, 0))
    agreements.sign_agreement(admin, drafted.id)
    for number, step in ((98, agreements.suspend_agreement), (97, agreements.end_agreement)):
        step(admin, _agreed_with(town, f"胜利街 {number} 号商铺").id)
    say(f"  {len(town.counters)} shops with agreements and offers")


def _grant(town: Town, n: int, amount_fen: int) -> None:
    donor = names.DONORS[n]
    is_named = donor != names.DONORS[-1]
    funds.grant_money(town.cast["treasurer"], town.funds[n], amount_fen=amount_fen, donor=donor, is_named=is_named)


def tell_week(town: Town, story: Story, monday: datetime) -> None:
    """Whoever gives little gives again when it is nearly used up."""
    story.tell(monday + timedelta(hours=10), partial(_top_up, town))


def _top_up(town: Town) -> None:
    whole = A_HEAD_FEN * len(town.residents)
    for n, fund_id in enumerate(town.funds[1:], start=1):
        if 2 * funds.see_fund(town.cast["treasurer"], fund_id)[1].left < whole:
            _grant(town, n, whole)


def tell_last_days(town: Town, story: Story) -> None:
    """One fund is low at the end, another very low."""
    story.tell(town.until - timedelta(hours=7), partial(_tighten_levels, town))


def _tighten_levels(town: Town) -> None:
    treasurer = town.cast["treasurer"]
    for fund_id, above in zip(town.funds[1:], ((2, 1), (4, 2)), strict=True):
        left = funds.see_fund(treasurer, fund_id)[1].left
        low, very_low = (left * times // 2 + 1 for times in above)
        fund_levels.set_levels(treasurer, fund_id, low_fen=low, very_low_fen=very_low)


def _agreement_of(town: Town, n: int) -> UUID:
    return town.counters[n].agreement_id


def _agreed_with(town: Town, name: str) -> Agreement:
    """A shop whose agreement both have signed."""
    admin = town.cast["admin"]
    merchant = merchants.create_merchant(admin, name, trade="零售")
    merchants.add_branch(admin, merchant.id, name=name, address=name)
    agreement = agreements.draft_agreement(admin, merchant.id, terms=terms_of(town, 0))
    agreements.sign_agreement(admin, agreement.id)
    return agreements.sign_agreement(town.cast["treasurer"], agreement.id)


def terms_of(town: Town, n: int) -> AgreementTerms:
    """What the demo agrees with its shops, paid by the n-th fund. One in four lets the undecided be the community's."""
    today = clock.today()
    return AgreementTerms(
        fund_id=town.funds[n % len(town.funds)],
        rate_fen=50,
        rate_points=1,
        starts_on=today,
        ends_on=max(today, town.until.date()) + timedelta(days=365),
        signatory=f"店主{n + 1}",
        auto_confirm_days=3,
        undecided_for_shop=n % 4 != 3,
        slip_points=40,
    )


def _open_shop(town: Town, n: int, name: str, trade: str, goods: tuple[tuple[str, int], ...]) -> Counter:
    admin, treasurer = town.cast["admin"], town.cast["treasurer"]
    merchant = merchants.create_merchant(admin, name, trade=trade)
    branch = merchants.add_branch(admin, merchant.id, name=name, address=f"胜利街 {n + 1} 号")
    agreement = agreements.draft_agreement(admin, merchant.id, terms=terms_of(town, n))
    agreements.sign_agreement(admin, agreement.id)
    agreements.sign_agreement(treasurer, agreement.id)
    owner_phone = CAST["merchant"][1] if n == 0 else f"1390005{n:04d}"
    clerk_phone = CAST["clerk"][1] if n == 0 else f"1390006{n:04d}"
    owner, clerk = person_with(owner_phone), person_with(clerk_phone)
    merchants.appoint_owner(admin, merchant.id, person_id=owner, name=CAST["merchant"][0] if n == 0 else f"{name}店主")
    merchants.appoint_clerk(
        admin, merchant.id, person_id=clerk, name=CAST["clerk"][0] if n == 0 else f"{name}店员", branch_id=branch.id
    )
    offered = tuple(_offer(town, agreement.id, n + m, *one) for m, one in enumerate(goods))
    return Counter(
        owner=enter(town.community.id, owner),
        clerk=enter(town.community.id, clerk),
        merchant_id=merchant.id,
        agreement_id=agreement.id,
        branch_id=branch.id,
        poster_code=merchants.poster_code(admin, branch),
        offers=offered,
    )


def _offer(town: Town, agreement_id: UUID, n: int, name: str, points: int) -> tuple[UUID, int]:
    pictures = (offer_pictures.send_picture(town.cast["admin"], _picture()).id,) if n == 0 else ()
    terms = OfferTerms(name=name, points=points, per_member_per_week=None if n < 2 else 5, picture_ids=pictures)
    stock = None if n < 2 else 2000
    offer = offers.draft_offer(
        town.cast["admin"],
        agreement_id,
        kind=OfferKind.GOODS if n < 2 else KINDS[n % len(KINDS)],
        terms=terms,
        stock=stock,
    )
    offers.approve_offer(town.cast["treasurer"], offer.id)
    return offer.id, points


def _picture() -> bytes:
    """Something round on a plate."""
    drawn = Image.new("RGB", (800, 600), "#f3e9da")
    ImageDraw.Draw(drawn).ellipse((200, 120, 600, 480), fill="#c98a3c")
    buffer = io.BytesIO()
    drawn.save(buffer, "PNG")
    return buffer.getvalue()
