"""Redemptions: reserved, then confirmed by the member, or cancelled, or expired. See contract.md, "Who confirms".

The use of a voucher is one of them that sets nothing aside.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, update

from ledger.book.accounts import fund_of, payable_to, takings_of, vouchers_of, wallet_of
from ledger.book.codes import LIMITED, Code
from ledger.book.errors import HoldEnded, InsufficientFunds
from ledger.book.holds import expire_overdue, place_hold, void_holds
from ledger.book.transfers import Draft, Source, post_transfers
from ledger.core import audit, clock, numbers, outbox
from ledger.core.db import atomic, connection, db
from ledger.core.errors import Refused, WrongState
from ledger.core.ids import new_id
from ledger.core.permissions import require
from ledger.core.tenancy import Actor, asked, load, within
from ledger.rewards import discounts, helped, member_codes, pooling, reservations, voucher_ends
from ledger.rewards.errors import (
    AgreementNotActive,
    AgreementSuspended,
    ContributionWaits,
    MemberCapReached,
    OutOfStock,
)
from ledger.rewards.models import (
    AgreementState,
    Redemption,
    RedemptionState,
)
from ledger.rewards.pool_models import Contribution
from ledger.rewards.pooling import Share
from ledger.rewards.reservations import SOURCE
from ledger.rewards.reserved import Reserved, read_reserved
from ledger.rewards.terms import Terms, Wish, obstacles
from ledger.rewards.voucher_models import Voucher
from ledger.rewards.ways import Arrival, Way, arrive, reread

HOLDS_MINUTES = 15

POINTS_PART, FEN_PART = 0, 1
"""The two transfers of a redemption or refund: points wallet ⇄ merchant, and money fund ⇄ payable."""

_redemptions: Any = Redemption.__table__


@atomic
def reserve(
    actor: Actor,
    offer_id: UUID,
    *,
    way: Way,
    quantity: int = 1,
    branch_id: UUID | None = None,
    bill_fen: int | None = None,
    on_behalf_of: UUID | None = None,
    contributions: Sequence[Share] = (),
) -> Redemption:
    """Points, pieces, caps and money are set aside for 15 minutes under the terms of now; nothing has moved yet.

    Only the PIN of a paper card confirms on the spot: then they have moved.

    `quantity` is 1 … 99 pieces; `branch_id` None is the way's own branch; `bill_fen` matters where the offer asks
    for a minimum; `contributions` are parts that others of the household pay, of whom each agrees before it can be
    confirmed. Raises in order: NotFound, Forbidden, what the code earns, AgreementSuspended, AgreementNotActive,
    OfferNotActive, BillTooSmall, BranchExcluded, WrongWeekday, WrongHour, OutOfStock, MemberCapReached, PathCapReached,
    PathCapToday, HouseholdCapReached, PersonCapReached, PoolTooLarge, InsufficientPoints, ContributionShort,
    InsufficientFunds.
    """
    now = clock.now()
    with arrive(actor, way, offer_id, at=now, branch_id=branch_id, on_behalf_of=on_behalf_of) as arrival:
        parts = pooling.plan(actor, arrival, contributions, now)
        wish = Wish(
            at=now,
            branch_id=arrival.branch_id,
            quantity=quantity,
            bill_fen=bill_fen,
            is_elsewhere=arrival.is_elsewhere,
            pooled=sum(part.points for part in parts),
        )
        terms = _granted(actor, arrival, wish)
        redemption = _describe(actor, arrival, terms, wish)
        _set_aside(actor, redemption, terms, parts)
        _write_reserved(redemption, arrival)
        pooling.write(actor, redemption, parts)
    return _tell_reserved(actor, redemption, arrival)


def _write_reserved(redemption: Redemption, arrival: Arrival) -> None:
    db.session.add(redemption)
    db.session.flush()
    if arrival.code_id or arrival.till_id:
        member_codes.name_redemption(
            redemption.community_id, redemption.id, code_id=arrival.code_id, till_id=arrival.till_id
        )


def _tell_reserved(actor: Actor, redemption: Redemption, arrival: Arrival) -> Redemption:
    """Audited and announced; and confirmed where the PIN of a card has said yes already."""
    audit.record(
        actor,
        "rewards.reserve",
        redemption.id,
        on_behalf_of=redemption.on_behalf_of,
        offer_id=redemption.offer_id.hex,
        points=redemption.points,
    )
    outbox.announce(actor, "redemption.reserved", redemption_id=redemption.id.hex, member_id=redemption.member_id.hex)
    helped.tell_owner(actor, redemption, helped.RESERVED, redemption.on_behalf_of)
    if arrival.confirmed_by is None:
        return redemption
    holder_id = arrival.confirmed_by
    return _complete(actor, read_reserved(actor, redemption.id), confirmed_by=holder_id, owner_id=holder_id)


def begin_use(actor: Actor, voucher: Voucher, arrival: Arrival, wish: Wish) -> Redemption:
    """A redemption that pays with the voucher waits for its member; a PIN confirms it. See `vouchers.use`.

    Nothing is set aside: the voucher keeps its points and money until it ends, a card's the most that it can take off.
    """
    redemption = _describe(actor, arrival, arrival.terms, wish)
    redemption.voucher_id = voucher.id
    for name in ("offer_version", "agreement_id", "agreement_version", "fund_id", "points"):
        setattr(redemption, name, getattr(voucher, name))
    if redemption.discount_fen is None:
        redemption.gross_fen = voucher.gross_fen
    _write_reserved(redemption, arrival)
    return _tell_reserved(actor, redemption, arrival)


def begin_by_slip(actor: Actor, arrival: Arrival, wish: Wish, *, until: datetime) -> Redemption:
    """What a shop gave offline is set aside `until` the member, or the community, says that it was so."""
    redemption = _describe(actor, arrival, arrival.terms, wish)
    redemption.expires_at = until
    _set_aside(actor, redemption, arrival.terms, ())
    _write_reserved(redemption, arrival)
    return _tell_reserved(actor, redemption, arrival)


def confirm_checked(actor: Actor, redemption_id: UUID, *, owner_id: UUID) -> Redemption:
    """Confirmed for the member by who has checked it, and may: see `slips.accept_slip`."""
    reserved = read_reserved(actor, redemption_id)
    _require_confirmable(reserved)
    return _complete(actor, reserved, confirmed_by=actor.person_id, owner_id=owner_id)


FREED_BY_EXPIRY = (OutOfStock, MemberCapReached, InsufficientFunds)
"""What overdue reservations may be the cause of: nobody waits for the sweeper. Points are seen to by `place_hold`."""


def _granted(actor: Actor, arrival: Arrival, wish: Wish) -> Terms:
    """The terms, if nothing stands against the wish; overdue reservations are ended first where they might."""
    refusal = _first_obstacle(arrival.terms, wish)
    if refusal is None:
        return arrival.terms
    if not isinstance(refusal, FREED_BY_EXPIRY):
        raise refusal
    own = isinstance(refusal, MemberCapReached)
    if not expire_overdue(actor.tenant, *([wallet_of(arrival.member_id)] if own else [])):
        raise refusal
    terms = reread(actor, arrival, at=wish.at)
    refusal = _first_obstacle(terms, wish)
    if refusal is not None:
        raise refusal
    return terms


def _first_obstacle(terms: Terms, wish: Wish) -> Refused | None:
    return next(obstacles(terms, wish), None)


def _describe(actor: Actor, arrival: Arrival, terms: Terms, wish: Wish) -> Redemption:
    redemption_id = new_id()
    off = discounts.relief(terms, wish.bill_fen)
    return Redemption(
        community_id=actor.tenant,
        id=redemption_id,
        member_id=arrival.member_id,
        merchant_id=terms.merchant_id,
        branch_id=arrival.branch_id,
        offer_id=terms.offer_id,
        offer_version=terms.version,
        agreement_id=terms.agreement_id,
        agreement_version=terms.agreement_version,
        fund_id=terms.fund_id,
        quantity=wish.quantity,
        points=terms.points * wish.quantity,
        pooled_points=wish.pooled,
        gross_fen=terms.gross_fen(wish.quantity, wish.bill_fen),
        bill_fen=wish.bill_fen,
        discount_fen=off.discount_fen if off else None,
        refunded_points=0,
        refunded_fen=0,
        via=arrival.via,
        state=RedemptionState.RESERVED,
        receipt_number=numbers.public_number(terms.short_code, redemption_id),
        reserved_at=wish.at,
        expires_at=wish.at + timedelta(minutes=HOLDS_MINUTES),
        reserved_by=actor.person_id,
        on_behalf_of=arrival.on_behalf_of,
    )


def _set_aside(actor: Actor, redemption: Redemption, terms: Terms, parts: Sequence[Contribution]) -> None:
    """In the lock order of the house: wallets, stock, caps, fund."""
    pooling.hold_points(actor, redemption, parts)
    reservations.take(
        actor.tenant, terms, redemption.member_id, quantity=redemption.quantity, at=redemption.reserved_at
    )
    if redemption.gross_fen:
        fund, until = fund_of(redemption.fund_id), redemption.expires_at
        place_hold(actor, fund, redemption.gross_fen, source_type=SOURCE, source_id=redemption.id, expires_at=until)


# --- confirm ----------------------------------------------------------------------------------------------------


@atomic
def confirm(actor: Actor, redemption_id: UUID) -> Redemption:
    """The points are the shop's takings and the money is owed to it. The member confirms or their named relative.

    Never a clerk, not even one who is that relative; never staff. Raises NotFound, Forbidden, OwnRedemption, WrongState
    (confirmed, cancelled …), HoldEnded (its time is over), AgreementSuspended, AgreementNotActive, ContributionWaits.
    """
    reserved = read_reserved(actor, redemption_id)
    redemption = reserved.redemption
    require(actor, "confirm_redemption", member_id=redemption.member_id)
    owner_id = helped.owner_if_confirmed(actor, redemption)
    _require_confirmable(reserved)
    return _complete(actor, reserved, confirmed_by=actor.person_id, owner_id=owner_id)


def _complete(actor: Actor, reserved: Reserved, *, confirmed_by: UUID, owner_id: UUID | None) -> Redemption:
    """Points and money have moved, on the word of the member: at their phone, or by the PIN of their card."""
    redemption = reserved.redemption
    if redemption.voucher_id is not None:
        voucher_ends.mark_used(actor.tenant, redemption.voucher_id)
        if not redemption.gross_fen:  # The shop bears all of it: what the fund kept for the most it could be is free.
            void_holds(actor.tenant, voucher_ends.SOURCE, [redemption.voucher_id])
    post_transfers(actor, _drafts(actor, reserved, owner_id))
    pooling.tell_paid(actor, redemption, reserved.parts)
    _mark_confirmed(actor, redemption, confirmed_by)
    audit.record(
        actor,
        "rewards.confirm",
        redemption.id,
        on_behalf_of=owner_id,
        points=redemption.points,
        gross_fen=redemption.gross_fen,
    )
    outbox.announce(
        actor, "redemption.confirmed", redemption_id=redemption.id.hex, merchant_id=redemption.merchant_id.hex
    )
    if confirmed_by == actor.person_id:
        helped.tell_owner(actor, redemption, helped.CONFIRMED, owner_id)
    return redemption


def _require_confirmable(reserved: Reserved) -> None:
    state = state_at(reserved.redemption, clock.now())
    if state == RedemptionState.EXPIRED:
        raise HoldEnded
    if state != RedemptionState.RESERVED:
        raise WrongState(state=state)
    if reserved.agreement_state == AgreementState.SUSPENDED:
        raise AgreementSuspended
    if reserved.agreement_state != AgreementState.ACTIVE:
        raise AgreementNotActive
    waiting = sum(not part.is_agreed for part in reserved.parts)
    if waiting:
        raise ContributionWaits(waiting=waiting)


def state_at(redemption: Redemption, moment: datetime) -> RedemptionState:
    """The state as it counts: a reservation whose time is over is expired, swept or not."""
    if redemption.state == RedemptionState.RESERVED and redemption.expires_at <= moment:
        return RedemptionState.EXPIRED
    return RedemptionState(redemption.state)


def _drafts(actor: Actor, reserved: Reserved, owner_id: UUID | None) -> list[Draft]:
    of = reserved.redemption
    source = Source(SOURCE, of.id, reserved.digest())
    payer = wallet_of(of.member_id) if of.voucher_id is None else vouchers_of(of.merchant_id)
    takings = takings_of(of.merchant_id)
    legs = [(POINTS_PART, payer, takings, of.points - of.pooled_points)]
    if of.gross_fen:
        legs.append((FEN_PART, fund_of(of.fund_id), payable_to(of.merchant_id), of.gross_fen))
    legs += [(part.contribution.part, wallet_of(part.member_id), takings, part.points) for part in reserved.parts]
    if any(debit.kind in LIMITED and debit.id_in(actor.tenant) not in reserved.holds for _, debit, _, _ in legs):
        raise HoldEnded
    owners = {part.contribution.part: actor.acts_for(part.person_id) for part in reserved.parts}
    return [
        Draft(
            code=Code.REDEEM,
            debit=debit,
            credit=credit,
            amount=amount,
            source=source,
            part=part,
            hold=reserved.holds.get(debit.id_in(actor.tenant)),
            on_behalf_of=owners.get(part, owner_id),
        )
        for part, debit, credit, amount in legs
    ]


def _mark_confirmed(actor: Actor, redemption: Redemption, confirmed_by: UUID) -> None:
    """The holds were posted under the wallet's lock, so no rival has ended the reservation."""
    now = clock.now()
    values = {
        "of_community": actor.tenant,
        "of_id": redemption.id,
        "at": now,
        "by": confirmed_by,
        "owner": redemption.on_behalf_of,
    }
    if connection().execute(_CONFIRM, values).rowcount != 1:
        raise HoldEnded
    redemption.state, redemption.confirmed_at = RedemptionState.CONFIRMED, now
    redemption.confirmed_by = confirmed_by


_CONFIRM = (
    update(_redemptions)
    .where(
        within(asked("of_community"), Redemption),
        _redemptions.c.id == asked("of_id"),
        _redemptions.c.state == RedemptionState.RESERVED,
    )
    .values(
        state=RedemptionState.CONFIRMED,
        confirmed_at=bindparam("at"),
        confirmed_by=bindparam("by"),
        on_behalf_of=bindparam("owner"),
    )
)


# --- cancel -----------------------------------------------------------------------------------------------------


@atomic
def cancel(actor: Actor, redemption_id: UUID) -> Redemption:
    """The reservation is over and everything available again.

    By the member, their named relative, whoever was to pay a part, the staff who reserved it for them, or at the
    counter of its branch. Raises NotFound, Forbidden, WrongState.
    """
    redemption = load(actor.tenant, Redemption, redemption_id)
    owner_id = helped.owner_if_cancelled(actor, redemption)
    state = state_at(redemption, clock.now())
    if state != RedemptionState.RESERVED:
        raise WrongState(state=state)
    if redemption.voucher_id is None:
        ended = void_holds(actor.tenant, SOURCE, [redemption.id])
    else:
        ended = voucher_ends.end_uses(actor.tenant, RedemptionState.CANCELLED, _redemptions.c.id == redemption.id)
    db.session.refresh(redemption)
    if not ended:
        raise WrongState(state=redemption.state)
    audit.record(actor, "rewards.cancel", redemption.id, on_behalf_of=owner_id)
    outbox.announce(actor, "redemption.cancelled", redemption_id=redemption.id.hex)
    helped.tell_owner(actor, redemption, helped.CANCELLED, owner_id)
    return redemption
