"""How a voucher ends: used at the shop, or its points are the member's again and the money free.

Whoever ends a voucher holds its row first: of two at once, one sees that it is over. Then in the lock order of the
house: wallet, stock, caps, fund.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select, update

from ledger.book.accounts import vouchers_of, wallet_of
from ledger.book.codes import Code
from ledger.book.holds import void_holds
from ledger.book.transfers import Draft, Source, post_transfers
from ledger.core import audit, clock, numbers, outbox, registry
from ledger.core.db import atomic, connection, db
from ledger.core.evidence import digest_of
from ledger.core.tenancy import Actor, scoped, system_actor, within
from ledger.people.members import Standing, family_of, standing
from ledger.people.notices import NoticeKind, declare, tell
from ledger.rewards import reservations
from ledger.rewards.errors import VoucherOver
from ledger.rewards.models import Agreement, Redemption, RedemptionState
from ledger.rewards.reservations import Taken
from ledger.rewards.voucher_models import OPEN, Voucher, VoucherState

SOURCE = "voucher"
"""The source type of a voucher's holds and transfers."""

NEVER = datetime(9999, 1, 1, tzinfo=UTC)
"""The hold on the fund's money has no time of its own: it ends with its voucher."""

AT_ONCE = 200

EXPIRED = declare(
    "voucher.expired",
    zh="您买的券（末四位 {number}）已到期，{points} 朵红花退回来了。",
    en="Your voucher ending in {number} has expired; its {points} points are yours again.",
)
SHOP_ENDED = declare(
    "voucher.agreement_ended",
    zh="一家店的协议结束了，您的券（末四位 {number}）不能再用，{points} 朵红花退回来了。",
    en="A shop's agreement has ended: your voucher ending in {number} is void, its {points} points are yours again.",
)

_redemptions: Any = Redemption.__table__


def mark_used(community_id: UUID, voucher_id: UUID) -> None:
    """The voucher is used, unless somebody was quicker. Raises VoucherOver."""
    used = (
        update(Voucher)
        .where(within(community_id, Voucher), Voucher.id == voucher_id, Voucher.state == VoucherState.ISSUED)
        .values(state=VoucherState.USED, ended_at=clock.now())
        .execution_options(synchronize_session="fetch")
    )
    if not db.session.execute(used).rowcount:  # type: ignore[attr-defined]
        state = db.session.scalar(scoped(community_id, Voucher.state).where(Voucher.id == voucher_id))
        raise VoucherOver(state=state)


def end_uses(community_id: UUID, state: RedemptionState, *conditions: Any) -> list[UUID]:
    """Uses that nobody confirmed have ended so; nothing was set aside for them. Returns which."""
    columns = _redemptions.c
    ended = (
        update(_redemptions)
        .where(within(community_id, Redemption), columns.voucher_id.is_not(None))
        .where(columns.state == RedemptionState.RESERVED, *conditions)
        .values(state=state, ended_at=clock.now())
        .returning(columns.id)
    )
    return list(connection().execute(ended).scalars())


def is_being_used(community_id: UUID, voucher_id: UUID) -> bool:
    """Does a counter wait for the member's word about this voucher?"""
    query = scoped(community_id, Redemption.id).where(
        Redemption.voucher_id == voucher_id, Redemption.state == RedemptionState.RESERVED
    )
    return db.session.scalar(query) is not None


def end_use_of(voucher: Voucher) -> None:
    """What a counter has begun with the voucher is cancelled."""
    end_uses(voucher.community_id, RedemptionState.CANCELLED, _redemptions.c.voucher_id == voucher.id)


def end_overdue_uses(community_id: UUID, *conditions: Any) -> None:
    """Uses whose fifteen minutes are over are expired, swept or not."""
    end_uses(community_id, RedemptionState.EXPIRED, _redemptions.c.expires_at <= clock.now(), *conditions)


def give_back(
    actor: Actor, vouchers: Sequence[Voucher], state: VoucherState, *, kind: NoticeKind | None = None
) -> None:
    """The points of these open vouchers are in their owners' wallets, with their own dates; the money is free.

    The caller holds the vouchers' rows. `kind` is what the owners are told (None: they did it themselves, or are gone).
    """
    if not vouchers:
        return
    ids = [voucher.id for voucher in vouchers]
    owners = standing(actor.tenant, {voucher.member_id for voucher in vouchers}, lock=True)
    post_transfers(actor, [_returning(voucher, owners[voucher.member_id], state) for voucher in vouchers])
    reservations.give_back(actor.tenant, [taken_by(voucher) for voucher in vouchers])
    end_uses(actor.tenant, RedemptionState.CANCELLED, _redemptions.c.voucher_id.in_(ids))
    void_holds(actor.tenant, SOURCE, ids)
    for voucher in vouchers:
        voucher.state, voucher.ended_at, voucher.blocked_by = state, clock.now(), None
        audit.record(actor, f"rewards.voucher_{state}", voucher.id, points=voucher.points)
        outbox.announce(actor, f"voucher.{state}", voucher_id=voucher.id.hex)
        if kind is not None:
            facts = {"number": numbers.last_four(voucher.number), "points": voucher.points}
            tell(actor.tenant, owners[voucher.member_id].member.person_id, kind, **facts)
    db.session.flush()


def _returning(voucher: Voucher, owner: Standing, state: VoucherState) -> Draft:
    return Draft(
        code=Code.REFUND,
        debit=vouchers_of(voucher.merchant_id),
        credit=wallet_of(owner.member.id),
        amount=voucher.points,
        source=Source(SOURCE, voucher.id, digest_of(voucher=voucher.id, ended=state.value, points=voucher.points)),
        reverses_id=voucher.transfer_id,
    )


def taken_by(voucher: Voucher) -> Taken:
    """What was taken from the offer, counted on the day of the purchase."""
    return Taken(voucher.offer_id, voucher.offer_version, voucher.member_id, voucher.quantity, voucher.bought_at)


# --- by themselves ------------------------------------------------------------------------------------------------


@registry.job("expire_vouchers", period=lambda moment: clock.local_day(moment).isoformat(), in_steps=True)
def expire_vouchers(community_id: UUID, _day: str) -> None:
    """Every day: the points of vouchers whose last day has passed are the members' again."""
    while expire_some(community_id):
        pass


@atomic
def expire_some(community_id: UUID, *, limit: int = AT_ONCE) -> int:
    """Up to `limit` of them; returns how many were. A blocked voucher expires as any other."""
    over = Voucher.state.in_(OPEN), Voucher.valid_until < clock.today()
    found = _locked(community_id, *over, limit=limit)
    give_back(system_actor(community_id), found, VoucherState.EXPIRED, kind=EXPIRED)
    return len(found)


@registry.job("expire_voucher_uses", period=lambda moment: f"{moment:%Y-%m-%dT%H:%M}")
def expire_uses(community_id: UUID, _period: str) -> None:
    """Every minute: the voucher that nobody confirmed in time can be shown again."""
    end_overdue_uses(community_id)


def return_all_of(actor: Actor, agreement: Agreement) -> None:
    """An ended agreement honours nothing any more: what its members bought goes back to them."""
    found = _locked(actor.tenant, Voucher.agreement_id == agreement.id, Voucher.state.in_(OPEN))
    give_back(actor, found, VoucherState.RETURNED, kind=SHOP_ENDED)


@registry.when_member_leaves
def return_of_member(community_id: UUID, member_id: UUID) -> None:
    """Whoever leaves has the points of open vouchers in the wallet again, whatever becomes of that."""
    of_member = or_(Voucher.member_id == member_id, Voucher.member_id.in_(family_of(community_id, member_id)))
    found = _locked(community_id, of_member, Voucher.state.in_(OPEN))
    give_back(system_actor(community_id), found, VoucherState.RETURNED)


def _locked(community_id: UUID, *conditions: Any, limit: int | None = None) -> list[Voucher]:
    query = select(Voucher).where(within(community_id, Voucher), *conditions).order_by(Voucher.id).limit(limit)
    return list(db.session.scalars(query.with_for_update().execution_options(populate_existing=True)))
