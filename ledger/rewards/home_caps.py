"""What a household and a person have taken of an offer, counted from the redemptions and vouchers themselves.

No counter is kept: who is in the household now decides whose pieces count, and whatever is refunded, cancelled or
overdue counts no more by itself. See docs/adr/0034.
"""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, bindparam, case, func, or_, select
from sqlalchemy.orm import aliased
from sqlalchemy.sql import ColumnElement

from ledger.core import clock
from ledger.core.db import db
from ledger.core.tenancy import asked, scoped, within
from ledger.people.members import family_of
from ledger.people.models import Household, Member
from ledger.rewards.models import Offer, OfferVersion, Redemption, RedemptionState
from ledger.rewards.voucher_models import OPEN, Voucher, VoucherState

KEPT = (RedemptionState.CONFIRMED, RedemptionState.REFUNDED_PART)

CAPS = (OfferVersion.per_household_per_week, OfferVersion.per_person)


def taken_by_home(community_id: Any, member_id: Any, *, at: Any, week: Any) -> tuple[ColumnElement[Any], ...]:
    """SQL beside an offer and its version: pieces of it that the household took since the week began, the person ever.

    0 where the version has no such cap; nothing is counted for it then.
    """
    counted = zip(CAPS, _counts(community_id, member_id, at=at, week=week), strict=True)
    return tuple(case((cap.is_(None), 0), else_=pieces) for cap, pieces in counted)


def _counts(community_id: Any, member_id: Any, *, at: Any, week: Any) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    return (
        _pieces(community_id, _kin_of(community_id, member_id), at, since=week),
        _pieces(community_id, family_of(community_id, member_id), at),
    )


def _kin_of(community_id: Any, member_id: Any) -> Select[Any]:
    """SQL: the member and everybody of its household now, with those who were merged into them."""
    one, kin = aliased(Member), aliased(Member)
    home = select(one.household_id).where(within(community_id, one), one.id == member_id).scalar_subquery()
    at_home = select(kin.id).where(within(community_id, kin), or_(kin.id == member_id, kin.household_id == home))
    return scoped(community_id, Member.id).where(or_(Member.id.in_(at_home), Member.merged_into.in_(at_home)))


def _pieces(community_id: Any, of_whom: Select[Any], at: Any, *, since: Any = None) -> ColumnElement[Any]:
    """SQL: pieces of the offer beside it that these have redeemed, reserved or bought as vouchers since then."""
    waits = and_(Redemption.state == RedemptionState.RESERVED, Redemption.expires_at > at)
    redeemed = select(func.coalesce(func.sum(Redemption.quantity), 0)).where(
        within(community_id, Redemption),
        Redemption.offer_id == Offer.id,
        Redemption.member_id.in_(of_whom),
        Redemption.voucher_id.is_(None),
        or_(Redemption.state.in_(KEPT), waits),
    )
    bought = select(func.coalesce(func.sum(Voucher.quantity), 0)).where(
        within(community_id, Voucher),
        Voucher.offer_id == Offer.id,
        Voucher.member_id.in_(of_whom),
        Voucher.state.in_((*OPEN, VoucherState.USED)),
    )
    if since is not None:
        redeemed = redeemed.where(Redemption.reserved_at >= since)
        bought = bought.where(Voucher.bought_at >= since)
    return redeemed.correlate(Offer).scalar_subquery() + bought.correlate(Offer).scalar_subquery()


def count_again(community_id: UUID, offer_id: UUID, member_id: UUID, at: datetime) -> tuple[int, int]:
    """The two counts once more, whoever else takes of the offer: the household's row is locked here.

    The caller holds the member's wallet, which no redemption or purchase of the person goes round.
    """
    home = scoped(community_id, Member.household_id).where(Member.id == member_id).scalar_subquery()
    lock = scoped(community_id, Household.id).where(Household.id == home)
    db.session.execute(lock.with_for_update())
    given = {"tenant": community_id, "member": member_id, "offer": offer_id, "at": at, "week": week_began(at)}
    by_household, by_person = db.session.execute(_counted(), given).one()
    return int(by_household), int(by_person)


@cache
def _counted() -> Select[Any]:
    counts = _counts(asked("tenant"), asked("member"), at=bindparam("at"), week=bindparam("week"))
    return select(*counts).select_from(Offer).where(within(asked("tenant"), Offer), Offer.id == asked("offer"))


def week_began(at: datetime) -> datetime:
    """When the week of a moment began, from which the household's pieces count."""
    return clock.week_bounds(clock.week_of(at))[0]
