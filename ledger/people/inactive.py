"""Wallets that have not moved for a year: listed, reminded, never taken."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import and_, exists, func, or_, select

from ledger.book.codes import Kind
from ledger.book.models import Account, Balance, Transfer
from ledger.core import audit, clock
from ledger.core.db import atomic, db
from ledger.core.permissions import require
from ledger.core.tenancy import Actor, same_community, scoped, within
from ledger.people import notices
from ledger.people.models import LeftReason, Member

STILL_DAYS = 365

TOLD_STILL = notices.declare(
    "people.wallet_still",
    zh="您的钱包里有 {points} 朵红花，已一年没有动过。它们一直是您的，可以去兑换、捐赠。",
    en="{points} flowers have been in your wallet for a year. They stay yours: redeem or donate them any time.",
    by_phone=True,
)


class StillWallet(NamedTuple):
    """A member's wallet without movement: how many points, and when the last came or went."""

    member: Member
    points: int
    moved_at: datetime | None


def list_still(actor: Actor, *, after: UUID | None = None, limit: int = 50) -> list[StillWallet]:
    """Members with points and no movement for a year, newest member first. Raises Forbidden."""
    require(actor, "manage_people")
    since = clock.now() - timedelta(days=STILL_DAYS)
    on_it = and_(
        same_community(Transfer, Account),
        or_(Transfer.debit_account_id == Account.id, Transfer.credit_account_id == Account.id),
    )
    last = select(func.max(Transfer.recorded_at)).where(on_it).scalar_subquery()
    query = (
        scoped(actor.tenant, Member, Balance.balance)
        .add_columns(last)
        .where(
            within(actor.tenant, Account),
            Account.owner_id == Member.id,
            Account.kind == Kind.WALLET,
            Balance.account_id == Account.id,
            Balance.balance > 0,
            ~exists().where(on_it, Transfer.recorded_at >= since),
            or_(Member.left_reason.is_(None), Member.left_reason.in_((LeftReason.MOVED, LeftReason.LEFT))),
        )
        .order_by(Member.id.desc())
        .limit(limit)
    )
    if after is not None:
        query = query.where(Member.id < after)
    return [StillWallet(*row) for row in db.session.execute(query)]


@atomic
def remind_still(actor: Actor, member_ids: Sequence[UUID]) -> int:
    """Those of the members whose wallets still stand still are told; returns how many were. Raises Forbidden."""
    wallets = [one for one in list_still(actor, limit=10_000) if one.member.id in set(member_ids)]
    for one in wallets:
        notices.tell(actor.tenant, one.member.person_id, TOLD_STILL, points=one.points)
    audit.record(actor, "people.remind_still", count=len(wallets))
    return len(wallets)
