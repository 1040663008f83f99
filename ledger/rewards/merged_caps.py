"""What a member has taken of an offer counts for the person: two members become one, and their counts one."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Select, update

from ledger.core import clock, registry
from ledger.core.db import connection, db
from ledger.core.tenancy import scoped, within
from ledger.core.upserts import Upsert
from ledger.people.members import family_of
from ledger.rewards.models import CapCounter, OfferVersion, Redemption, RedemptionState
from ledger.rewards.terms import day_period, periods
from ledger.rewards.voucher_models import OPEN, Voucher, VoucherState

COUNTS = (RedemptionState.RESERVED, RedemptionState.CONFIRMED, RedemptionState.REFUNDED_PART)

_counters: Any = CapCounter.__table__

Share = dict[tuple[UUID, str], int]
"""Pieces by offer and period."""


@registry.when_members_merge()
def count_both(community_id: UUID, from_id: UUID, into_id: UUID) -> None:
    """What either took today and this week counts against the one that stays."""
    query = scoped(community_id, CapCounter.offer_id, CapCounter.period, CapCounter.taken).where(
        CapCounter.holder_id == from_id, CapCounter.period.in_(periods(clock.now())), CapCounter.taken > 0
    )
    share = {(offer_id, period): taken for offer_id, period, taken in db.session.execute(query)}
    _move(community_id, share, from_id, into_id)


@registry.when_members_merge(undone=True)
def count_apart(community_id: UUID, from_id: UUID, into_id: UUID) -> None:
    """What was taken under the one that went away counts against it again, as its redemptions say."""
    share = _taken_under(community_id, from_id)
    query = scoped(community_id, CapCounter.offer_id, CapCounter.period, CapCounter.taken).where(
        CapCounter.holder_id == into_id
    )
    there = {(offer_id, period): taken for offer_id, period, taken in db.session.execute(query)}
    _move(community_id, {key: min(taken, there.get(key, 0)) for key, taken in share.items()}, into_id, from_id)


def _taken_under(community_id: UUID, member_id: UUID) -> Share:
    today, this_week = periods(clock.now())
    begins, _ = clock.week_bounds(this_week)
    redeemed = _pieces(community_id, member_id, Redemption, Redemption.reserved_at).where(
        Redemption.voucher_id.is_(None), Redemption.state.in_(COUNTS), Redemption.reserved_at >= begins
    )
    bought = _pieces(community_id, member_id, Voucher, Voucher.bought_at).where(
        Voucher.state.in_((*OPEN, VoucherState.USED)), Voucher.bought_at >= begins
    )
    rows = [*db.session.execute(redeemed), *db.session.execute(bought)]
    found: Share = {}
    for offer_id, reserved_at, quantity, per_day, per_week in rows:
        counted = [this_week] if per_week is not None else []
        counted += [today] if per_day is not None and day_period(reserved_at) == today else []
        for period in counted:
            found[offer_id, period] = found.get((offer_id, period), 0) + quantity
    return found


def _pieces(community_id: UUID, member_id: UUID, of: Any, at: Any) -> Select[Any]:
    """What was redeemed or bought under the member, with the caps of its terms; a voucher counts when it is bought."""
    return (
        scoped(community_id, of.offer_id, at, of.quantity)
        .add_columns(OfferVersion.per_member_per_day, OfferVersion.per_member_per_week)
        .where(
            within(community_id, OfferVersion),
            OfferVersion.offer_id == of.offer_id,
            OfferVersion.version == of.offer_version,
            of.member_id.in_(family_of(community_id, member_id)),
        )
    )


def _move(community_id: UUID, share: Share, from_id: UUID, into_id: UUID) -> None:
    for (offer_id, period), taken in sorted(share.items(), key=lambda item: (item[0][0].int, item[0][1])):
        if not taken:
            continue
        less = update(_counters).where(
            within(community_id, CapCounter),
            _counters.c.offer_id == offer_id,
            _counters.c.holder_id == from_id,
            _counters.c.period == period,
        )
        connection().execute(less.values(taken=_counters.c.taken - taken))
        row = {"community_id": community_id, "offer_id": offer_id, "holder_id": into_id, "period": period}
        _ADD.run([row | {"taken": taken}])


_ADD = Upsert(
    _counters,
    lambda insert: insert.on_conflict_do_update(
        index_elements=["community_id", "offer_id", "holder_id", "period"],
        set_={"taken": _counters.c.taken + insert.excluded.taken},
    ),
)
