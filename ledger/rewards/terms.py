"""All that the rules of a redemption need, read in one statement; and the rules, in the order of the contract."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, false, func, literal, null, select
from sqlalchemy.sql import ColumnElement

from ledger.book.accounts import wallet_of
from ledger.book.codes import Kind
from ledger.book.errors import InsufficientFunds, InsufficientPoints
from ledger.book.models import Account, Balance, Hold, HoldState
from ledger.core import clock, money
from ledger.core.db import db
from ledger.core.errors import Refused
from ledger.core.tenancy import Actor, within
from ledger.people.models import Community
from ledger.people.numbers import new_until
from ledger.people.redemption_days import calendar_of
from ledger.rewards.errors import (
    AgreementNotActive,
    AgreementSuspended,
    BillTooSmall,
    BranchExcluded,
    MemberCapReached,
    OfferNotActive,
    OutOfStock,
    WrongHour,
    WrongWeekday,
)
from ledger.rewards.models import (
    Agreement,
    AgreementState,
    AgreementVersion,
    Branch,
    CapCounter,
    Merchant,
    Offer,
    OfferState,
    OfferVersion,
)


@dataclass(frozen=True, slots=True)
class RedeemingToday:
    """Is the community's redemption day held today, and in which hours?"""

    is_held: bool
    opens: time = time(0)
    closes: time = time(0)


@dataclass(frozen=True, slots=True)
class Terms:
    """An offer as it is now for one member: its version and agreement in force, and what is left of everything.

    `available` is the member's points, `left_fen` the fund's money, `taken_*` the pieces the member took already;
    `branch_*` is the branch that was asked for, whosever it is; `kept_to` is said where the shop keeps to the
    community's redemption day.
    """

    offer_id: UUID
    merchant_id: UUID
    merchant_name: str
    kind: str
    state: str
    version: int
    stock: int | None
    name: str
    description: str
    points: int
    price_fen: int | None
    starts_on: date | None
    ends_on: date | None
    weekdays: int
    from_time: time | None
    until_time: time | None
    branch_ids: list[str] | None
    minimum_bill_fen: int | None
    per_member_per_day: int | None
    per_member_per_week: int | None
    voucher_days: int | None
    picture_ids: list[str] | None
    agreement_id: UUID
    agreement_state: str
    agreement_version: int
    fund_id: UUID
    rate_fen: int
    rate_points: int
    agreement_starts_on: date
    agreement_ends_on: date
    other_days: bool
    short_code: str
    left_fen: int
    available: int | None
    taken_today: int
    taken_this_week: int
    branch_id: UUID | None
    branch_merchant_id: UUID | None
    number_new_until: datetime | None
    kept_to: RedeemingToday | None = None

    def gross_fen(self, quantity: int) -> int:
        """What the shop is owed for so many pieces: the price of each, or their points at the agreement's rate."""
        if self.price_fen is not None:
            return self.price_fen * quantity
        return money.fen_for_points(self.points * quantity, self.rate_fen, self.rate_points)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What somebody wants of an offer, when and where; branch None: anywhere, bill None: not known yet.

    `is_elsewhere`: another branch than this was asked for.
    """

    at: datetime
    branch_id: UUID | None = None
    quantity: int = 1
    bill_fen: int | None = None
    bill_matters: bool = True
    is_elsewhere: bool = False


def day_period(moment: datetime) -> str:
    return clock.local_day(moment).isoformat()


def periods(moment: datetime) -> tuple[str, str]:
    """The names of the day and of the week in which a moment's pieces are counted."""
    return day_period(moment), clock.week_of(moment)


def read_terms(
    community_id: UUID,
    *conditions: ColumnElement[bool],
    member_id: UUID | None,
    at: datetime,
    place: ColumnElement[bool] | None = None,
    asked_by: Actor | None = None,
    limit: int = 200,
) -> list[Terms]:
    """The terms of all offers that meet the conditions, newest first, with the branch at `place`, in one statement.

    `asked_by` is whose number must not be new (None: nobody's is asked).
    """
    number: ColumnElement[Any] = null() if asked_by is None else new_until(asked_by)
    query = _query(community_id, member_id, at).add_columns(number.label("number_new_until")).where(*conditions)
    query = query.outerjoin(Branch, false() if place is None else place)
    rows = db.session.execute(query.order_by(Offer.id.desc()).limit(limit))
    return _kept_to_day(community_id, [Terms(**row._mapping) for row in rows], at)


def _kept_to_day(community_id: UUID, found: list[Terms], at: datetime) -> list[Terms]:
    """Where an agreement holds on no other days, today's redemption day is read: one question more, asked only then."""
    if all(terms.other_days for terms in found):
        return found
    calendar, today = calendar_of(community_id), clock.local_day(at)
    if not calendar.is_kept_on(today):
        return found
    held = calendar.on(today)
    kept = RedeemingToday(True, held.opens, held.closes) if held else RedeemingToday(False)
    return [terms if terms.other_days else replace(terms, kept_to=kept) for terms in found]


def _query(tenant: UUID, member_id: UUID | None, at: datetime) -> Select[Any]:
    today, this_week = periods(at)
    return (
        select(
            Offer.id.label("offer_id"),
            *(Offer.merchant_id, Merchant.name.label("merchant_name"), Offer.kind, Offer.state, Offer.version),
            *(Offer.stock, OfferVersion.name, OfferVersion.description, OfferVersion.points, OfferVersion.price_fen),
            *(OfferVersion.starts_on, OfferVersion.ends_on, OfferVersion.weekdays, OfferVersion.from_time),
            *(OfferVersion.until_time, OfferVersion.branch_ids, OfferVersion.minimum_bill_fen),
            *(OfferVersion.per_member_per_day, OfferVersion.per_member_per_week, OfferVersion.voucher_days),
            OfferVersion.picture_ids,
            Offer.agreement_id,
            *(Agreement.state.label("agreement_state"), Agreement.version.label("agreement_version")),
            *(AgreementVersion.fund_id, AgreementVersion.rate_fen, AgreementVersion.rate_points),
            AgreementVersion.starts_on.label("agreement_starts_on"),
            AgreementVersion.ends_on.label("agreement_ends_on"),
            AgreementVersion.other_days,
            Community.short_code,
            _left_of_fund(tenant).label("left_fen"),
            _available(tenant, member_id, at).label("available"),
            _taken(tenant, member_id, today).label("taken_today"),
            _taken(tenant, member_id, this_week).label("taken_this_week"),
            Branch.id.label("branch_id"),
            Branch.merchant_id.label("branch_merchant_id"),
        )
        .select_from(Offer)
        .join(OfferVersion, and_(OfferVersion.offer_id == Offer.id, OfferVersion.version == Offer.version))
        .join(Agreement, Agreement.id == Offer.agreement_id)
        .join(
            AgreementVersion,
            and_(AgreementVersion.agreement_id == Agreement.id, AgreementVersion.version == Agreement.version),
        )
        .join(Merchant, Merchant.id == Offer.merchant_id)
        .join(Community, Community.id == tenant)
        .where(within(tenant, Offer, OfferVersion, Agreement, AgreementVersion))
    )


def _left_of_fund(community_id: UUID) -> ColumnElement[Any]:
    left = func.coalesce(func.sum(Balance.balance - Balance.held), 0)
    fund = and_(Account.kind == Kind.FUND, Account.owner_id == AgreementVersion.fund_id)
    query = select(left).where(within(community_id, Balance, Account), Balance.account_id == Account.id, fund)
    return query.correlate(AgreementVersion).scalar_subquery()


def _available(community_id: UUID, member_id: UUID | None, at: datetime) -> ColumnElement[Any]:
    """Posted less held, where a hold whose time is over counts as gone: `place_hold` ends it when it is in the way."""
    if member_id is None:
        return null()
    wallet = wallet_of(member_id).id_in(community_id)
    overdue = select(func.coalesce(func.sum(Hold.amount), 0)).where(
        within(community_id, Hold),
        Hold.account_id == wallet,
        Hold.state == HoldState.PLACED,
        Hold.expires_at <= at,
    )
    query = select(Balance.balance - Balance.held + overdue.scalar_subquery())
    return query.where(within(community_id, Balance), Balance.account_id == wallet).scalar_subquery()


def _taken(community_id: UUID, member_id: UUID | None, period: str) -> ColumnElement[Any]:
    if member_id is None:
        return literal(0)
    query = select(CapCounter.taken).where(
        within(community_id, CapCounter),
        CapCounter.offer_id == Offer.id,
        CapCounter.holder_id == member_id,
        CapCounter.period == period,
    )
    return func.coalesce(query.correlate(Offer).scalar_subquery(), 0)


# --- the rules --------------------------------------------------------------------------------------------------


def obstacles(terms: Terms, wish: Wish) -> Iterator[Refused]:
    """Everything that stands against the wish, in the contract's precedence; nothing when it can be granted."""
    yield from _against_agreement(terms, wish)
    yield from _against_offer(terms, wish)
    yield from _against_place_and_time(terms, wish)
    yield from _against_limits(terms, wish)


def obstacles_to_buying(terms: Terms, wish: Wish) -> Iterator[Refused]:
    """What stands against a voucher: day, hour, branch and bill are asked when it is used."""
    yield from _against_agreement(terms, wish)
    yield from _against_offer(terms, replace(wish, bill_matters=False))
    yield from _against_limits(terms, wish)


def obstacles_to_using(terms: Terms, wish: Wish) -> Iterator[Refused]:
    """What stands against a voucher at the counter. What was bought stays bought, whatever became of the offer."""
    yield from _against_agreement(terms, wish)
    yield from _against_bill(terms, wish)
    yield from _against_place_and_time(terms, wish)


def _against_agreement(terms: Terms, wish: Wish) -> Iterator[Refused]:
    today = clock.local_day(wish.at)
    if terms.agreement_state == AgreementState.SUSPENDED:
        yield AgreementSuspended()
    elif terms.agreement_state != AgreementState.ACTIVE or not (
        terms.agreement_starts_on <= today <= terms.agreement_ends_on
    ):
        yield AgreementNotActive()


def _against_offer(terms: Terms, wish: Wish) -> Iterator[Refused]:
    today = clock.local_day(wish.at)
    begun = terms.starts_on is None or terms.starts_on <= today
    over = terms.ends_on is not None and terms.ends_on < today
    if terms.state != OfferState.ACTIVE or not begun or over:
        yield OfferNotActive()
    yield from _against_bill(terms, wish)


def _against_bill(terms: Terms, wish: Wish) -> Iterator[Refused]:
    minimum = terms.minimum_bill_fen
    if minimum is not None and wish.bill_matters and (wish.bill_fen is None or wish.bill_fen < minimum):
        yield BillTooSmall(minimum=money.yuan(minimum))


def _against_place_and_time(terms: Terms, wish: Wish) -> Iterator[Refused]:
    if wish.is_elsewhere or _is_elsewhere(terms, wish.branch_id):
        yield BranchExcluded()
    local = wish.at.astimezone(clock.SHANGHAI)
    day = terms.kept_to
    if not terms.weekdays & (1 << local.weekday()) or (day is not None and not day.is_held):
        yield WrongWeekday()
    if not is_open_at(terms.from_time, terms.until_time, local.time()):
        yield _wrong_hour(terms.from_time, terms.until_time)
    elif day is not None and day.is_held and not is_open_at(day.opens, day.closes, local.time()):
        yield _wrong_hour(day.opens, day.closes)


def _wrong_hour(opens: time | None, closes: time | None) -> WrongHour:
    return WrongHour(from_time=f"{opens or time(0):%H:%M}", until_time=f"{closes or time(0):%H:%M}")


def _is_elsewhere(terms: Terms, branch_id: UUID | None) -> bool:
    """Is the branch another shop's, or one that the offer leaves out?"""
    if branch_id is None:
        return False
    foreign = branch_id == terms.branch_id and terms.branch_merchant_id != terms.merchant_id
    return foreign or (terms.branch_ids is not None and branch_id.hex not in terms.branch_ids)


def is_open_at(from_time: time | None, until_time: time | None, moment: time) -> bool:
    """Opening time inclusive, closing time exclusive; a window may run over midnight; None is the day's edge."""
    opens = from_time or time(0)
    if until_time is None or until_time == time(0):
        return moment >= opens
    if opens <= until_time:
        return opens <= moment < until_time
    return moment >= opens or moment < until_time


def _against_limits(terms: Terms, wish: Wish) -> Iterator[Refused]:
    if terms.stock is not None and terms.stock < wish.quantity:
        yield OutOfStock(left=terms.stock)
    yield from _against_caps(terms, wish.quantity)
    needed = terms.points * wish.quantity
    if terms.available is not None and terms.available < needed:
        yield InsufficientPoints(needed=needed, available=terms.available)
    if terms.left_fen < terms.gross_fen(wish.quantity):
        yield InsufficientFunds()


def _against_caps(terms: Terms, quantity: int) -> Iterator[Refused]:
    for cap, taken, refusal in (
        (terms.per_member_per_day, terms.taken_today, day_cap_reached),
        (terms.per_member_per_week, terms.taken_this_week, week_cap_reached),
    ):
        if cap is not None and taken + quantity > cap:
            yield refusal(cap)
            return


def day_cap_reached(cap: int) -> MemberCapReached:
    return MemberCapReached(cap=cap, period="day", period_zh="天")


def week_cap_reached(cap: int) -> MemberCapReached:
    return MemberCapReached(cap=cap, period="week", period_zh="周")
