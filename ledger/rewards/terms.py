"""All that the rules of a redemption need, read in one statement; and the rules, in the order of the contract."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, bindparam, false, func, literal, null, select
from sqlalchemy.sql import ColumnElement

from ledger.book.accounts import wallet_of
from ledger.book.codes import Kind
from ledger.book.errors import InsufficientFunds, InsufficientPoints
from ledger.book.models import Account, Balance, Hold, HoldState
from ledger.core import clock, money
from ledger.core.db import db
from ledger.core.errors import Refused
from ledger.core.orders import NEWEST, Order, arrange
from ledger.core.tenancy import Actor, asked, within
from ledger.people.models import Community
from ledger.people.numbers import new_until
from ledger.people.redemption_days import calendar_of
from ledger.rewards import discounts, home_caps
from ledger.rewards.errors import (
    AgreementNotActive,
    AgreementSuspended,
    BillTooSmall,
    BranchExcluded,
    HouseholdCapReached,
    MemberCapReached,
    OfferNotActive,
    OneCardABill,
    OutOfStock,
    PersonCapReached,
    PoolTooLarge,
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
    Path,
)
from ledger.rewards.path_caps import NO_CAP, PathCap, against_path, caps_in, points_today


@dataclass(frozen=True, slots=True)
class RedeemingToday:
    """Is the community's redemption day held today, and in which hours?"""

    is_held: bool
    opens: time = time(0)
    closes: time = time(0)


@dataclass(frozen=True, slots=True)
class Terms:
    """An offer as it is now for one member: its version and agreement in force, and what is left of everything.

    `available` is the member's points, `left_fen` the fund's money, `taken_*` the pieces that were taken already (by
    the household this week, by the person ever); `branch_*` is the branch that was asked for, whosever it is;
    `kept_to` is said where the shop keeps to the community's redemption day; `path` is how the member comes, if they
    come, and `by_path_today` the points of today by it, read where the agreement has a cap for them.
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
    discount_fen: int | None
    discount_percent: int | None
    shop_bears_percent: int
    per_member_per_day: int | None
    per_member_per_week: int | None
    per_household_per_week: int | None
    per_person: int | None
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
    path_caps: dict[str, Any] | None
    short_code: str
    left_fen: int
    available: int | None
    taken_today: int
    taken_this_week: int
    taken_by_household: int
    taken_by_person: int
    branch_id: UUID | None
    branch_merchant_id: UUID | None
    number_new_until: datetime | None
    kept_to: RedeemingToday | None = None
    path: Path | None = None
    by_path_today: int = 0

    @property
    def path_cap(self) -> PathCap:
        """How many points the path carries on which the offer is asked for; an offer that is looked at has none."""
        return NO_CAP if self.path is None else caps_in(self.path_caps).get(self.path, NO_CAP)

    def gross_fen(self, quantity: int, bill_fen: int | None = None) -> int:
        """What the shop is owed for so many pieces: the price of each, or their points at the agreement's rate.

        For a card what it takes off the bill less the shop's own part; the most that it can for a bill not known yet.
        """
        relief = discounts.relief(self, bill_fen)
        if relief is not None:
            return relief.owed_fen
        if self.price_fen is not None:
            return self.price_fen * quantity
        return money.fen_for_points(self.points * quantity, self.rate_fen, self.rate_points)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What somebody wants of an offer, when and where; branch None: anywhere, bill None: not known yet.

    `is_elsewhere`: another branch than this was asked for; `pooled`: points that others of the household pay.
    """

    at: datetime
    branch_id: UUID | None = None
    quantity: int = 1
    bill_fen: int | None = None
    bill_matters: bool = True
    pooled: int = 0
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
    path: Path | None = None,
    order: Order = NEWEST,
    after: UUID | None = None,
    limit: int = 200,
) -> list[Terms]:
    """The terms of all offers that meet the conditions, with the branch at `place`, in one statement.

    `asked_by` is whose number must not be new (None: nobody's is asked).
    """
    number: ColumnElement[Any] = null() if asked_by is None else new_until(asked_by)
    query = _query(member_id is not None).add_columns(number.label("number_new_until")).where(*conditions)
    query = query.outerjoin(Branch, false() if place is None else place)
    query = arrange(query, order, Offer.id, rows=_in_force(), after=after)
    rows = db.session.execute(query.limit(limit), _given(community_id, member_id, at))
    found = _kept_to_day(community_id, [Terms(**row._mapping, path=path) for row in rows], at)
    return found if path is None or member_id is None else _counted_by_path(community_id, found, member_id, at)


def _counted_by_path(community_id: UUID, found: list[Terms], member_id: UUID, at: datetime) -> list[Terms]:
    """Where an agreement says how many points a day the path carries, today's are counted: asked only then."""
    capped = {(terms.agreement_id, terms.path) for terms in found if terms.path_cap.per_day is not None}
    counted = {
        agreement_id: points_today(community_id, agreement_id, member_id, path, at)
        for agreement_id, path in capped
        if path is not None
    }
    return [replace(terms, by_path_today=counted.get(terms.agreement_id, 0)) for terms in found]


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


def _given(community_id: UUID, member_id: UUID | None, at: datetime) -> dict[str, Any]:
    """What the statement is asked with."""
    if member_id is None:
        return {"tenant": community_id}
    wallet, (today, this_week) = wallet_of(member_id).id_in(community_id), periods(at)
    given = {"tenant": community_id, "member": member_id, "wallet": wallet, "at": at}
    return given | {"today": today, "this_week": this_week, "week": home_caps.week_began(at)}


@cache
def _query(of_a_member: bool) -> Select[Any]:
    """Built once, for it is asked before every redemption: of nobody, or of a member."""
    tenant = asked("tenant")
    available: ColumnElement[Any] = null()
    taken: Sequence[ColumnElement[Any]] = [literal(0)] * 4
    if of_a_member:
        member: Any = asked("member")
        at: Any = bindparam("at")
        available = _available(tenant, asked("wallet"), at)
        by_home = home_caps.taken_by_home(tenant, member, at=at, week=bindparam("week"))
        taken = (_taken(tenant, member, "today"), _taken(tenant, member, "this_week"), *by_home)
    today, this_week, by_household, by_person = taken
    return (
        select(
            Offer.id.label("offer_id"),
            *(Offer.merchant_id, Merchant.name.label("merchant_name"), Offer.kind, Offer.state, Offer.version),
            *(Offer.stock, OfferVersion.name, OfferVersion.description, OfferVersion.points, OfferVersion.price_fen),
            *(OfferVersion.starts_on, OfferVersion.ends_on, OfferVersion.weekdays, OfferVersion.from_time),
            *(OfferVersion.until_time, OfferVersion.branch_ids, OfferVersion.minimum_bill_fen),
            *(OfferVersion.discount_fen, OfferVersion.discount_percent, OfferVersion.shop_bears_percent),
            *(OfferVersion.per_member_per_day, OfferVersion.per_member_per_week, OfferVersion.voucher_days),
            *(OfferVersion.per_household_per_week, OfferVersion.per_person, OfferVersion.picture_ids),
            Offer.agreement_id,
            *(Agreement.state.label("agreement_state"), Agreement.version.label("agreement_version")),
            *(AgreementVersion.fund_id, AgreementVersion.rate_fen, AgreementVersion.rate_points),
            AgreementVersion.starts_on.label("agreement_starts_on"),
            AgreementVersion.ends_on.label("agreement_ends_on"),
            *(AgreementVersion.other_days, AgreementVersion.path_caps),
            Community.short_code,
            _left_of_fund(tenant).label("left_fen"),
            available.label("available"),
            *(today.label("taken_today"), this_week.label("taken_this_week")),
            *(by_household.label("taken_by_household"), by_person.label("taken_by_person")),
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


@cache
def _in_force() -> Select[Any]:
    """Every offer with its version in force, built once as well."""
    in_force = and_(OfferVersion.offer_id == Offer.id, OfferVersion.version == Offer.version)
    return select(Offer).join(OfferVersion, in_force).where(within(asked("tenant"), Offer, OfferVersion))


def _left_of_fund(community_id: Any) -> ColumnElement[Any]:
    left = func.coalesce(func.sum(Balance.balance - Balance.held), 0)
    fund = and_(Account.kind == Kind.FUND, Account.owner_id == AgreementVersion.fund_id)
    query = select(left).where(within(community_id, Balance, Account), Balance.account_id == Account.id, fund)
    return query.correlate(AgreementVersion).scalar_subquery()


def _available(community_id: Any, wallet: Any, at: Any) -> ColumnElement[Any]:
    """Posted less held, where a hold whose time is over counts as gone: `place_hold` ends it when it is in the way."""
    overdue = select(func.coalesce(func.sum(Hold.amount), 0)).where(
        within(community_id, Hold),
        Hold.account_id == wallet,
        Hold.state == HoldState.PLACED,
        Hold.expires_at <= at,
    )
    query = select(Balance.balance - Balance.held + overdue.scalar_subquery())
    return query.where(within(community_id, Balance), Balance.account_id == wallet).scalar_subquery()


def _taken(community_id: Any, member_id: Any, period: str) -> ColumnElement[Any]:
    query = select(CapCounter.taken).where(
        within(community_id, CapCounter),
        CapCounter.offer_id == Offer.id,
        CapCounter.holder_id == member_id,
        CapCounter.period == bindparam(period),
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
    if terms.discount_fen is not None and wish.quantity > 1:
        yield OneCardABill()


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
    needed = terms.points * wish.quantity - wish.pooled
    if needed < 1:
        yield PoolTooLarge(most=needed + wish.pooled - 1)
    if terms.available is not None and terms.available < needed:
        yield InsufficientPoints(needed=needed, available=terms.available)
    if terms.left_fen < terms.gross_fen(wish.quantity, wish.bill_fen):
        yield InsufficientFunds()


def _against_caps(terms: Terms, quantity: int) -> Iterator[Refused]:
    for cap, taken, refusal in (
        (terms.per_member_per_day, terms.taken_today, day_cap_reached),
        (terms.per_member_per_week, terms.taken_this_week, week_cap_reached),
    ):
        if cap is not None and taken + quantity > cap:
            yield refusal(cap)
            break
    yield from against_path(terms.path_cap, terms.points * quantity, today=terms.by_path_today)
    yield from against_home(terms, quantity)


def against_home(terms: Terms, quantity: int) -> Iterator[Refused]:
    """What the household has had this week, and then the person in all."""
    if terms.per_household_per_week is not None and terms.taken_by_household + quantity > terms.per_household_per_week:
        yield HouseholdCapReached(cap=terms.per_household_per_week)
    if terms.per_person is not None and terms.taken_by_person + quantity > terms.per_person:
        yield PersonCapReached(cap=terms.per_person)


def day_cap_reached(cap: int) -> MemberCapReached:
    return MemberCapReached(cap=cap, period="day", period_zh="天")


def week_cap_reached(cap: int) -> MemberCapReached:
    return MemberCapReached(cap=cap, period="week", period_zh="周")
