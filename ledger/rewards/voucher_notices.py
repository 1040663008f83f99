"""A voucher that comes to its last day is told of 7 days and 1 day before, to whoever holds it."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from sqlalchemy import or_, select

from ledger.core import clock, numbers, outbox, registry
from ledger.core.db import atomic, db
from ledger.core.tenancy import system_actor, within
from ledger.people.members import standing
from ledger.people.notices import declare, tell
from ledger.rewards.voucher_models import DAYS_BEFORE, OPEN, Voucher, distance_told

AT_ONCE = 200

ENDS_SOON = declare(
    "voucher.ends_soon",
    zh="您买的券（末四位 {number}）用到 {day}，还剩 {days} 天。到期没用，{points} 朵红花退回来。",
    en="Your voucher ending in {number} is good until {day}; days left: {days}. Unused, its {points} points return.",
)


@registry.job("tell_of_vouchers", period=lambda moment: clock.local_day(moment).isoformat(), in_steps=True)
def tell_of_vouchers(community_id: UUID, _day: str) -> None:
    """Every day: holders are told, once for each distance; a day that no tick came is made up for."""
    while tell_some(community_id):
        pass


@atomic
def tell_some(community_id: UUID, *, limit: int = AT_ONCE) -> int:
    """Up to `limit` of them; returns how many were. Who bought within a distance was told of it by the purchase."""
    today = clock.today()
    near = [
        (Voucher.valid_until <= today + timedelta(days=days)) & or_(Voucher.end_told.is_(None), Voucher.end_told > days)
        for days in DAYS_BEFORE
    ]
    query = select(Voucher).where(
        within(community_id, Voucher), Voucher.state.in_(OPEN), Voucher.valid_until >= today, or_(*near)
    )
    locked = query.order_by(Voucher.id).limit(limit).with_for_update().execution_options(populate_existing=True)
    found = list(db.session.scalars(locked))
    holders = standing(community_id, {voucher.member_id for voucher in found})
    for voucher in found:
        voucher.end_told = distance_told(voucher.valid_until, today)
        _tell(voucher, holders[voucher.member_id].member.person_id, (voucher.valid_until - today).days)
    db.session.flush()
    return len(found)


def _tell(voucher: Voucher, person_id: UUID, days: int) -> None:
    community_id, day = voucher.community_id, voucher.valid_until.isoformat()
    outbox.announce(system_actor(community_id), "voucher.ends_soon", voucher_id=voucher.id.hex, days=days)
    facts = {"number": numbers.last_four(voucher.number), "day": day, "days": days, "points": voucher.points}
    tell(community_id, person_id, ENDS_SOON, **facts)
