"""Vouchers: bought with points, used later at the shop, blocked, returned. See docs/adr/0026."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from uuid import UUID

from ledger.book.accounts import fund_of, open_accounts, vouchers_of, wallet_of
from ledger.book.codes import Code
from ledger.book.errors import InsufficientFunds
from ledger.book.holds import expire_overdue, place_hold
from ledger.book.transfers import Draft, Source, post_transfers
from ledger.core import audit, clock, numbers, outbox, registry
from ledger.core.db import atomic, db
from ledger.core.errors import Forbidden, NotFound, Refused, WrongState
from ledger.core.evidence import digest_of
from ledger.core.ids import new_id
from ledger.core.permissions import reach, reaches_all_by_name, require
from ledger.core.tenancy import Actor, load
from ledger.people import numbers as people_numbers
from ledger.rewards import redemptions, reservations
from ledger.rewards.errors import (
    MemberCapReached,
    NotSoldAsVoucher,
    OutOfStock,
    OwnRedemption,
    VoucherBlocked,
    VoucherInUse,
    VoucherOver,
)
from ledger.rewards.merchants import is_behind_counter
from ledger.rewards.models import Offer, OfferKind, OfferVersion, Redemption
from ledger.rewards.terms import Terms, Wish, obstacles_to_buying, obstacles_to_using, read_terms
from ledger.rewards.voucher_ends import NEVER, SOURCE, end_overdue_uses, end_use_of, give_back, is_being_used
from ledger.rewards.voucher_models import Voucher, VoucherState, distance_told
from ledger.rewards.ways import Arrival, Way, arrive

DAYS = 90
"""So long a voucher can be used when its offer says nothing."""

NOT_SOLD = (OfferKind.SHOP_POINTS,)
"""A promise of the shop's own points is no card to keep."""

FREED_BY_EXPIRY = (OutOfStock, MemberCapReached, InsufficientFunds)
"""What overdue reservations may be the cause of: nobody waits for the sweeper."""


@atomic
def buy(actor: Actor, offer_id: UUID, *, quantity: int = 1) -> Voucher:
    """The actor's own points are paid for a voucher of so many pieces, and the fund keeps the money for it.

    Price, rate, agreement and rules are those of now, whatever becomes of the offer. Raises in order: NotFound,
    Forbidden, NumberIsNew, OwnRedemption (behind the shop's counter), NotSoldAsVoucher, AgreementSuspended,
    AgreementNotActive, OfferNotActive, OutOfStock, MemberCapReached, InsufficientPoints, InsufficientFunds.
    """
    now = clock.now()
    terms = _read(actor, offer_id, now)
    require(actor, "redeem", member_id=actor.member_id)
    people_numbers.refuse_new_number(terms.number_new_until)
    if is_behind_counter(actor, terms.merchant_id):
        raise OwnRedemption
    if not is_sold(terms):
        raise NotSoldAsVoucher
    terms = _granted(actor, terms, Wish(at=now, quantity=quantity))
    voucher = _describe(actor, terms, quantity, now)
    _pay(actor, voucher, terms)
    audit.record(actor, "rewards.buy_voucher", voucher.id, offer_id=offer_id.hex, points=voucher.points)
    outbox.announce(actor, "voucher.bought", voucher_id=voucher.id.hex, member_id=voucher.member_id.hex)
    return voucher


def is_sold(terms: Terms) -> bool:
    """Can the offer be bought now and used later?"""
    return terms.kind not in NOT_SOLD and terms.voucher_days != 0


def _read(actor: Actor, offer_id: UUID, at: datetime) -> Terms:
    found = read_terms(actor.tenant, Offer.id == offer_id, member_id=actor.member_id, at=at, asked_by=actor)
    if not found:
        raise NotFound
    return found[0]


def _granted(actor: Actor, terms: Terms, wish: Wish) -> Terms:
    """The terms, if nothing stands against the purchase; overdue reservations are ended first where they might."""
    refusal = _first(obstacles_to_buying(terms, wish))
    if isinstance(refusal, FREED_BY_EXPIRY) and expire_overdue(actor.tenant):
        terms = _read(actor, terms.offer_id, wish.at)
        refusal = _first(obstacles_to_buying(terms, wish))
    if refusal is not None:
        raise refusal
    return terms


def _first(obstacles: Iterator[Refused]) -> Refused | None:
    return next(obstacles, None)


def valid_until(terms: Terms, day: date) -> date:
    """The last day of a voucher bought on this one: never after the agreement's end."""
    days = DAYS if terms.voucher_days is None else terms.voucher_days
    return min(day + timedelta(days=days), terms.agreement_ends_on)


def _describe(actor: Actor, terms: Terms, quantity: int, now: datetime) -> Voucher:
    voucher_id = new_id()
    assert actor.member_id is not None, "only a member redeems"
    today = clock.local_day(now)
    last_day = valid_until(terms, today)
    return Voucher(
        community_id=actor.tenant,
        id=voucher_id,
        number=numbers.public_number(terms.short_code, voucher_id),
        member_id=actor.member_id,
        merchant_id=terms.merchant_id,
        offer_id=terms.offer_id,
        offer_version=terms.version,
        agreement_id=terms.agreement_id,
        agreement_version=terms.agreement_version,
        fund_id=terms.fund_id,
        quantity=quantity,
        points=terms.points * quantity,
        gross_fen=terms.gross_fen(quantity),
        valid_until=last_day,
        state=VoucherState.ISSUED,
        bought_at=now,
        end_told=distance_told(last_day, today),
    )


def _pay(actor: Actor, voucher: Voucher, terms: Terms) -> None:
    """In the lock order of the house: wallet, stock, caps, fund."""
    account = vouchers_of(voucher.merchant_id)
    open_accounts(actor.tenant, [account])  # An agreement older than vouchers has opened none.
    evidence = digest_of(
        voucher=voucher.id,
        offer=voucher.offer_id,
        offer_version=voucher.offer_version,
        agreement=voucher.agreement_id,
        agreement_version=voucher.agreement_version,
        rate_fen=terms.rate_fen,
        rate_points=terms.rate_points,
        quantity=voucher.quantity,
        points=voucher.points,
        gross_fen=voucher.gross_fen,
        valid_until=voucher.valid_until,
    )
    draft = Draft(
        code=Code.BUY,
        debit=wallet_of(voucher.member_id),
        credit=account,
        amount=voucher.points,
        source=Source(SOURCE, voucher.id, evidence),
    )
    [voucher.transfer_id] = post_transfers(actor, [draft])
    reservations.take(actor.tenant, terms, voucher.member_id, quantity=voucher.quantity, at=voucher.bought_at)
    if voucher.gross_fen:
        fund = fund_of(voucher.fund_id)
        place_hold(actor, fund, voucher.gross_fen, source_type=SOURCE, source_id=voucher.id, expires_at=NEVER)
    db.session.add(voucher)
    db.session.flush()


# --- used ---------------------------------------------------------------------------------------------------------


@atomic
def use(
    actor: Actor, voucher_id: UUID, *, way: Way, branch_id: UUID | None = None, bill_fen: int | None = None
) -> Redemption:
    """The voucher is shown at the counter: a redemption that waits for the member, or, by a card's PIN, is confirmed.

    It pays with what was paid for the voucher; from its confirmation on it is a redemption like any other (receipt,
    refund, undo, statement). The rules are those of the day of purchase. Raises in order: NotFound (voucher, branch,
    visit, or one of somebody else), Forbidden, what the code earns, VoucherBlocked, VoucherOver, VoucherInUse,
    AgreementSuspended, AgreementNotActive, BillTooSmall, BranchExcluded, WrongWeekday, WrongHour.
    """
    now = clock.now()
    voucher = load(actor.tenant, Voucher, voucher_id, lock=True)
    with arrive(actor, way, voucher.offer_id, at=now, branch_id=branch_id) as arrival:
        _require_usable(voucher, arrival, now)
        wish = Wish(
            at=now,
            branch_id=arrival.branch_id,
            quantity=voucher.quantity,
            bill_fen=bill_fen,
            is_elsewhere=arrival.is_elsewhere,
        )
        bought = as_bought(arrival.terms, version_of(voucher))
        refusal = _first(obstacles_to_using(bought, wish))
        if refusal is not None:
            raise refusal
        return redemptions.begin_use(actor, voucher, replace(arrival, terms=bought), wish)


def _require_usable(voucher: Voucher, arrival: Arrival, now: datetime) -> None:
    owners = registry.owners_now(voucher.community_id, [voucher.member_id])
    if owners.get(voucher.member_id, voucher.member_id) != arrival.member_id:
        raise NotFound
    state = state_at(voucher, clock.local_day(now))
    if state is VoucherState.BLOCKED:
        raise VoucherBlocked
    if state is not VoucherState.ISSUED:
        raise VoucherOver(state=state)
    end_overdue_uses(voucher.community_id, Redemption.voucher_id == voucher.id)
    if is_being_used(voucher.community_id, voucher.id):
        raise VoucherInUse


def state_at(voucher: Voucher, day: date) -> VoucherState:
    """The state as it counts: a voucher whose last day has passed is expired, whether the clock was there or not."""
    is_over = voucher.valid_until < day and voucher.ended_at is None
    return VoucherState.EXPIRED if is_over else VoucherState(voucher.state)


def version_of(voucher: Voucher) -> OfferVersion:
    """The terms of the offer under which it was bought."""
    key = voucher.community_id, voucher.offer_id, voucher.offer_version
    return db.session.get_one(OfferVersion, key)


def as_bought(terms: Terms, version: OfferVersion) -> Terms:
    """The terms of now, with the rules of then about days, hours, branches, bill and what is taken off it."""
    return replace(
        terms,
        weekdays=version.weekdays,
        from_time=version.from_time,
        until_time=version.until_time,
        branch_ids=version.branch_ids,
        minimum_bill_fen=version.minimum_bill_fen,
        discount_fen=version.discount_fen,
        discount_percent=version.discount_percent,
        shop_bears_percent=version.shop_bears_percent,
    )


# --- blocked and returned -----------------------------------------------------------------------------------------


@atomic
def block(actor: Actor, voucher_id: UUID) -> Voucher:
    """Nobody can use it until the block is lifted (a phone was lost). By its owner, or by an admin.

    Raises NotFound, Forbidden, WrongState.
    """
    voucher = load(actor.tenant, Voucher, voucher_id, lock=True)
    require(actor, "block_voucher", member_id=voucher.member_id)
    _require_state(voucher, VoucherState.ISSUED)
    voucher.state, voucher.blocked_by = VoucherState.BLOCKED, actor.person_id
    end_use_of(voucher)
    return _turned(actor, voucher, "block_voucher", "voucher.blocked")


@atomic
def unblock(actor: Actor, voucher_id: UUID) -> Voucher:
    """It can be used again. What staff blocked, staff unblock. Raises NotFound, Forbidden, WrongState."""
    voucher = load(actor.tenant, Voucher, voucher_id, lock=True)
    require(actor, "block_voucher", member_id=voucher.member_id)
    is_staff = reaches_all_by_name(reach(actor, "block_voucher"))
    if voucher.blocked_by is not None and not is_staff and not actor.is_person(voucher.blocked_by):
        raise Forbidden
    _require_state(voucher, VoucherState.BLOCKED)
    voucher.state, voucher.blocked_by = VoucherState.ISSUED, None
    return _turned(actor, voucher, "unblock_voucher", "voucher.unblocked")


def _require_state(voucher: Voucher, wanted: VoucherState) -> None:
    state = state_at(voucher, clock.today())
    if state is not wanted:
        raise WrongState(state=state)


def _turned(actor: Actor, voucher: Voucher, action: str, event: str) -> Voucher:
    db.session.flush()
    audit.record(actor, f"rewards.{action}", voucher.id)
    outbox.announce(actor, event, voucher_id=voucher.id.hex)
    return voucher


@atomic
def return_voucher(actor: Actor, voucher_id: UUID) -> Voucher:
    """The owner has the points again, each with the date it had, and the pieces are free for others.

    Raises NotFound, Forbidden, VoucherBlocked, VoucherOver.
    """
    voucher = load(actor.tenant, Voucher, voucher_id, lock=True)
    require(actor, "redeem", member_id=voucher.member_id)
    state = state_at(voucher, clock.today())
    if state is VoucherState.BLOCKED:
        raise VoucherBlocked
    if state is not VoucherState.ISSUED:
        raise VoucherOver(state=state)
    give_back(actor, [voucher], VoucherState.RETURNED)
    return voucher
