"""Members of one household pay together for one redemption: each part is a hold and a transfer of its own wallet.

No points go from member to member: each pays the shop, and what is given back goes back to each. See docs/adr/0034.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from itertools import accumulate, pairwise
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.sql import ColumnElement

from ledger.book.accounts import wallet_of
from ledger.book.errors import InsufficientPoints
from ledger.book.holds import place_hold
from ledger.core import numbers
from ledger.core.db import db
from ledger.core.errors import Forbidden, NotFound
from ledger.core.tenancy import Actor, scoped, within
from ledger.people.models import Member, MemberState
from ledger.people.notices import declare, tell
from ledger.rewards.errors import ContributionShort
from ledger.rewards.models import Redemption, Via
from ledger.rewards.pool_models import Contribution, PoolConsent
from ledger.rewards.reservations import SOURCE
from ledger.rewards.ways import Arrival

FIRST_PART = 2
"""The transfers of a redemption are numbered: 0 the member's own points, 1 the money, from here on the others'."""

ASKED = declare(
    "redemption.pool_asked",
    zh="家里人想和您一起付一次兑换，请您出 {points} 朵。15 分钟内同意才算数。",
    en="Somebody of your household asks you to pay {points} points of a redemption. Agree within 15 minutes.",
    by_phone=True,
    on_paper=False,
)
PAID = declare(
    "redemption.pool_paid",
    zh="家里一起付的一次兑换用了您 {points} 朵，凭证末四位 {receipt}。",
    en="A redemption of your household used {points} of your points, receipt ending in {receipt}.",
    by_phone=True,
)


class Share(NamedTuple):
    """What is asked of another member of the household."""

    member_id: UUID
    points: int


class Part(NamedTuple):
    """A part of a redemption with whose it is."""

    contribution: Contribution
    person_id: UUID
    name: str

    @property
    def member_id(self) -> UUID:
        return self.contribution.member_id

    @property
    def points(self) -> int:
        return self.contribution.points

    @property
    def is_agreed(self) -> bool:
        return self.contribution.agreed_at is not None


def plan(actor: Actor, arrival: Arrival, shares: Sequence[Share], at: datetime) -> list[Contribution]:
    """The parts of the others, agreed by who redeems or beforehand, or waiting to be; nothing is held yet.

    Raises Forbidden (at a counter: nobody names another's family there), NotFound (nobody of the household).
    """
    if not shares:
        return []
    if arrival.via is not Via.MERCHANT_CODE:
        raise Forbidden
    allowed = _allowed(actor.tenant, arrival.member_id)
    asked = {share.member_id: share.points for share in shares}
    if asked.keys() - allowed.keys() or len(asked) != len(shares):
        raise NotFound
    return [
        Contribution(
            community_id=actor.tenant,
            member_id=member_id,
            part=part,
            points=points,
            refunded_points=0,
            agreed_at=at if member_id == actor.member_id or points <= allowed[member_id] else None,
        )
        for part, (member_id, points) in enumerate(asked.items(), start=FIRST_PART)
    ]


def _allowed(community_id: UUID, member_id: UUID) -> dict[UUID, int]:
    """The others of the member's household, with the points each lets it use without being asked."""
    home = scoped(community_id, Member.household_id).where(Member.id == member_id).scalar_subquery()
    others = scoped(community_id, Member.id).where(
        Member.household_id == home, Member.id != member_id, Member.state == MemberState.ACTIVE
    )
    found = dict.fromkeys(db.session.scalars(others), 0)
    consents = scoped(community_id, PoolConsent.member_id, PoolConsent.points_at_most).where(
        PoolConsent.member_id.in_(found), PoolConsent.household_id == home, PoolConsent.ended_at.is_(None)
    )
    return found | dict(db.session.execute(consents).tuples().all())


def hold_points(actor: Actor, redemption: Redemption, parts: Sequence[Contribution]) -> None:
    """Each wallet's agreed part is set aside, in the order of their locks.

    Raises InsufficientPoints (the member's own), ContributionShort (another's: how much they have is theirs to know).
    """
    amounts = {part.member_id: part.points for part in parts if part.agreed_at is not None}
    amounts[redemption.member_id] = redemption.points - redemption.pooled_points
    for member_id in sorted(amounts, key=lambda one: wallet_of(one).id_in(actor.tenant)):
        hold_part(actor, redemption, member_id, amounts[member_id])


def hold_part(actor: Actor, redemption: Redemption, member_id: UUID, points: int) -> None:
    """These points of the member's wallet are set aside as long as the reservation lasts. Raises as `hold_points`."""
    until = redemption.expires_at
    try:
        place_hold(actor, wallet_of(member_id), points, source_type=SOURCE, source_id=redemption.id, expires_at=until)
    except InsufficientPoints as short:
        if member_id == redemption.member_id or member_id in actor.member_ids:
            raise
        raise ContributionShort from short


def write(actor: Actor, redemption: Redemption, parts: Sequence[Contribution]) -> None:
    """The parts are on record beside their redemption; who has not agreed yet is asked."""
    for part in parts:
        part.redemption_id = redemption.id
    db.session.add_all(parts)
    db.session.flush()
    for asked in parts_of(redemption):
        if not asked.is_agreed:
            facts = {"points": asked.points, "redemption_id": redemption.id.hex}
            tell(actor.tenant, asked.person_id, ASKED, by=actor.person_id.hex, **facts)


def parts_of(redemption: Redemption) -> list[Part]:
    """The others' parts with whose they are, in the order of their numbers; nothing is read where nobody pooled."""
    if not redemption.pooled_points:
        return []
    return parts_by_redemption(redemption.community_id, [redemption.id])[redemption.id]


def parts_by_redemption(community_id: UUID, redemption_ids: Collection[UUID]) -> dict[UUID, list[Part]]:
    """The others' parts of each of these redemptions."""
    found: dict[UUID, list[Part]] = defaultdict(list)
    query = scoped(community_id, Contribution, Member.person_id, Member.name).where(
        Member.id == Contribution.member_id, Contribution.redemption_id.in_(redemption_ids)
    )
    for row in db.session.execute(query.order_by(Contribution.part)) if redemption_ids else ():
        found[row[0].redemption_id].append(Part(*row))
    return found


def contributes(community_id: UUID, member_ids: Collection[UUID]) -> ColumnElement[bool]:
    """SQL: one of these members pays a part of the redemption."""
    return exists(
        select(Contribution.part).where(
            within(community_id, Contribution),
            Contribution.redemption_id == Redemption.id,
            Contribution.member_id.in_(member_ids),
        )
    )


def is_contributor(actor: Actor, redemption: Redemption) -> bool:
    """Does the actor pay a part of another's redemption?"""
    return any(part.member_id in actor.member_ids for part in parts_of(redemption))


def tell_paid(actor: Actor, redemption: Redemption, parts: Sequence[Part]) -> None:
    """Whose points were used with theirs reads it; who pressed the button needs no telling."""
    receipt = numbers.last_four(redemption.receipt_number)
    for part in parts:
        if not actor.is_person(part.person_id):
            facts = {"points": part.points, "receipt": receipt, "redemption_id": redemption.id.hex}
            tell(actor.tenant, part.person_id, PAID, by=actor.person_id.hex, **facts)


def split(left: Sequence[int], points: int) -> list[int]:
    """`points` (≤ the sum) over what is left of each part, in proportion and whole; they add up, each within its own.

    Cumulative floors: the first k parts together get the floor of what is theirs.
    """
    total = sum(left)
    upto = [points * part // total for part in accumulate(left, initial=0)]
    return [until - before for before, until in pairwise(upto)]


class Returned(NamedTuple):
    """What of a refund goes back to one wallet: the number of its transfer, whose, and how many points."""

    part: int
    member_id: UUID
    points: int


def returning(redemption: Redemption, points: int) -> list[Returned]:
    """How a refund of so many points is shared by those who paid; each part remembers what went back.

    Called before the redemption itself has counted the refund.
    """
    others = [part.contribution for part in parts_of(redemption)]
    gone = redemption.refunded_points - sum(part.refunded_points for part in others)
    own = redemption.points - redemption.pooled_points - gone
    shares = split([own, *(part.points - part.refunded_points for part in others)], points)
    for part, share in zip(others, shares[1:], strict=True):
        part.refunded_points += share
    paid = [(0, redemption.member_id), *((part.part, part.member_id) for part in others)]
    back = [Returned(part, member_id, share) for (part, member_id), share in zip(paid, shares, strict=True)]
    return [one for one in back if one.points]
