"""A month of a community in figures, by set-based queries over stamps and transfers, as known at a moment.

A visit belongs to the month of its stamp: so every visit is in exactly one month, however late it was stamped. What was
undone after `known_at` still counts, what was undone before does not. Points and money are the month's transfers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from sqlalchemy import Date, Select, case, cast, func, or_, select, union_all
from sqlalchemy.orm import aliased

from ledger.book import past
from ledger.book.accounts import AccountKey, fund_of
from ledger.book.codes import Code, Kind, Unit
from ledger.book.models import Account, Transfer
from ledger.core import clock
from ledger.core.db import db, is_postgresql
from ledger.core.ids import first_id_at
from ledger.core.tenancy import same_community, scoped, within
from ledger.people.models import Member, PlaceUnit, Post, PostKind, UnitKind
from ledger.service.models import Activity, Checkin, Decision, Evidence, Programme, Stamp

LEEWAY = timedelta(hours=1)
"""An id is made within this time of the moment that its row names: ids in order of time narrow what is read."""


@dataclass(frozen=True, slots=True)
class Span:
    """The days that are told of, [since, until), and the moment up to which what was written is told."""

    community_id: UUID
    since: datetime
    until: datetime
    known_at: datetime


def month_span(community_id: UUID, month: date, known_at: datetime) -> Span:
    return Span(community_id, *clock.month_bounds(month), known_at)


class Cell(NamedTuple):
    """What was served in one part of the whole. `key` names the part; None is whatever belongs to none."""

    key: str | None
    name: str | None
    people: int
    visits: int
    minutes: int


# --- service ----------------------------------------------------------------------------------------------------


def stamped(span: Span, *columns: Any) -> Select[Any]:
    """The stamps of the span that stood at `known_at`, with their visits."""
    return select(*columns).where(
        within(span.community_id, Stamp, Checkin),
        Checkin.id == Stamp.checkin_id,
        Stamp.counts,
        Stamp.decision == Decision.STAMP,
        Stamp.id >= first_id_at(span.since - LEEWAY),
        Stamp.id < first_id_at(span.until + LEEWAY),
        Stamp.stamped_at >= span.since,
        Stamp.stamped_at < span.until,
        Stamp.stamped_at <= span.known_at,
        or_(Stamp.undone_at.is_(None), Stamp.undone_at > span.known_at),
    )


_VISITS = func.count()
_MINUTES = func.coalesce(func.sum(Stamp.minutes), 0)
PERSON = func.coalesce(Member.merged_into, Member.id)
_PEOPLE = func.count(func.distinct(PERSON))


def with_people(query: Select[Any]) -> Select[Any]:
    return query.where(same_community(Member, Checkin), Member.id == Checkin.member_id)


def served_in_all(span: Span) -> dict[str, int]:
    """People, visits, minutes, and the visits that were entered later by hand."""
    later = func.coalesce(func.sum(case((Checkin.evidence == Evidence.LATER, 1), else_=0)), 0)
    row = db.session.execute(with_people(stamped(span, _PEOPLE, _VISITS, _MINUTES, later))).one()
    return dict(zip(("people", "visits", "minutes", "entered_later"), map(int, row), strict=True))


class Piece(NamedTuple):
    """What one person served at one activity on one day by one grade of evidence."""

    person_id: UUID
    activity_id: UUID
    unit_path: str
    grade: str
    day: str
    visits: int
    minutes: int


def read_service(span: Span) -> list[Piece]:
    """All that was served in the span. It is read once, and every part of a month is added up from it."""
    which = (PERSON, Checkin.activity_id, Checkin.unit_path, Checkin.evidence, _local_day(Stamp.stamped_at))
    query = with_people(stamped(span, *which, _VISITS, _MINUTES)).group_by(*which)
    return [
        Piece(person_id, activity_id, path, grade, str(day), int(visits), int(minutes))
        for person_id, activity_id, path, grade, day, visits, minutes in db.session.execute(query)
    ]


class Sums:
    """People, visits and minutes of a part."""

    __slots__ = ("minutes", "people", "visits")

    def __init__(self) -> None:
        self.people: set[UUID] = set()
        self.visits = self.minutes = 0

    def add(self, piece: Piece) -> None:
        self.people.add(piece.person_id)
        self.visits += piece.visits
        self.minutes += piece.minutes


Key = TypeVar("Key")


def _added_up(service: Iterable[Piece], part_of: Callable[[Piece], Key]) -> dict[Key, Sums]:
    found: defaultdict[Key, Sums] = defaultdict(Sums)
    for piece in service:
        found[part_of(piece)].add(piece)
    return dict(found)


def by_programme(span: Span, service: Iterable[Piece]) -> list[Cell]:
    query = scoped(span.community_id, Activity.id, Programme).where(Programme.id == Activity.programme_id)
    programmes = query.with_only_columns(Activity.id, Programme.id, Programme.name)
    of_activity = {row_id: (key, name) for row_id, key, name in db.session.execute(programmes)}
    return _cells(_added_up(service, lambda piece: of_activity[piece.activity_id]))


def by_grid(span: Span, service: Iterable[Piece]) -> list[Cell]:
    """By the grid that the activity lay in; what lay in none is the whole community's."""
    query = scoped(span.community_id, PlaceUnit.path, PlaceUnit.id, PlaceUnit.name)
    grids = db.session.execute(query.where(PlaceUnit.kind == UnitKind.GRID)).tuples().all()

    @cache
    def grid_of(path: str) -> tuple[UUID | None, str | None]:
        found = (whose for at, *whose in grids if path.startswith(at))
        key, name = next(found, (None, None))
        return key, name

    return _cells(_added_up(service, lambda piece: grid_of(piece.unit_path)))


def by_evidence(service: Iterable[Piece]) -> list[Cell]:
    found = {cell.key: cell for cell in _cells(_added_up(service, lambda piece: (piece.grade, piece.grade)))}
    return [found.get(grade) or Cell(grade, grade, 0, 0, 0) for grade in Evidence]


def by_post(span: Span, service: Iterable[Piece]) -> list[Cell]:
    """By the highest post that the member held in that time (the order of PostKind); None: by members without one."""
    held = posts_held(span)
    sums = _added_up(service, lambda piece: held.get(piece.person_id))
    return [_cell(kind, kind, sums[kind]) for kind in (*PostKind, None) if kind in sums]


def by_day(span: Span, service: Iterable[Piece]) -> dict[date, tuple[int, int]]:
    """Visits and minutes of each day of the span."""
    found = _added_up(service, lambda piece: piece.day)
    first, after = clock.local_day(span.since), clock.local_day(span.until)
    days = [first + timedelta(days=number) for number in range((after - first).days)]
    return {one: _visits_and_minutes(found.get(one.isoformat())) for one in days}


def _visits_and_minutes(sums: Sums | None) -> tuple[int, int]:
    return (sums.visits, sums.minutes) if sums else (0, 0)


def posts_held(span: Span) -> dict[UUID, PostKind]:
    """The highest post of each member who held one in the span."""
    query = scoped(span.community_id, Post.member_id, Post.kind).where(
        Post.since < span.until, or_(Post.until.is_(None), Post.until > span.since)
    )
    order = list(PostKind)
    rows = sorted(db.session.execute(query).tuples(), key=lambda row: order.index(PostKind(row[1])), reverse=True)
    return {member_id: PostKind(kind) for member_id, kind in rows}


def served_most(span: Span, *, limit: int) -> list[tuple[UUID, int]]:
    """The members who served most, with their minutes, most first."""
    query = with_people(stamped(span, PERSON, _MINUTES)).group_by(PERSON).order_by(_MINUTES.desc(), PERSON)
    return [(member_id, int(minutes)) for member_id, minutes in db.session.execute(query.limit(limit))]


class Served(NamedTuple):
    """What one member served in the span; `proven` are the visits that were not entered later by hand."""

    minutes: int
    visits: int
    proven: int


def served_by_member(span: Span, *, programme_id: UUID | None = None) -> dict[UUID, Served]:
    """Every member who served, merged ones as the one that stands for them; of one programme if asked."""
    proven = func.sum(case((Checkin.evidence == Evidence.LATER, 0), else_=1))
    query = with_people(stamped(span, PERSON, _MINUTES, _VISITS, proven)).group_by(PERSON)
    if programme_id is not None:
        query = query.where(
            within(span.community_id, Activity),
            Activity.id == Checkin.activity_id,
            Activity.programme_id == programme_id,
        )
    return {member_id: Served(*map(int, row)) for member_id, *row in db.session.execute(query)}


def _local_day(moment: Any) -> Any:
    """SQL: the business day of a moment."""
    if is_postgresql():
        return cast(func.timezone(str(clock.SHANGHAI), moment), Date)
    return func.date(moment, "+8 hours")


def _cell(key: UUID | str | None, name: str | None, sums: Sums) -> Cell:
    return Cell(key.hex if isinstance(key, UUID) else key, name, len(sums.people), sums.visits, sums.minutes)


def _cells(parts: Mapping[Any, Sums]) -> list[Cell]:
    """Largest first; of equals in the order of their names and ids."""
    found = [_cell(key, name, sums) for (key, name), sums in parts.items()]
    return sorted(found, key=lambda cell: (-cell.minutes, -cell.visits, cell.name or "", cell.key or ""))


# --- the books --------------------------------------------------------------------------------------------------


class Flow(NamedTuple):
    """What kind of movement: its code, its unit, the kinds of the accounts that gave and received.

    `giver` and `receiver` say which shop or fund that was; None for everybody else's accounts.
    """

    code: Code
    unit: Unit
    debit: Kind
    credit: Kind
    giver: UUID | None
    receiver: UUID | None


_TOLD_APART = (Kind.MERCHANT, Kind.PAYABLE, Kind.FUND)


def flows(span: Span) -> dict[Flow, tuple[int, int]]:
    """Every kind of movement that took effect in the span: how many, and how much. The transfers are read once."""
    moved = moved_in(span)
    debit, credit = aliased(Account), aliased(Account)
    giver, receiver = (case((side.kind.in_(_TOLD_APART), side.owner_id)) for side in (debit, credit))
    columns = (moved.c.code, moved.c.unit, debit.kind, credit.kind, giver, receiver)
    query = (
        select(*columns, func.count(), func.sum(moved.c.amount))
        .where(within(span.community_id, debit, credit))
        .where(debit.id == moved.c.debit_account_id, credit.id == moved.c.credit_account_id)
        .group_by(*columns)
    )
    return {
        Flow(Code(code), Unit(unit), Kind(gave), Kind(received), *whose): (int(count), int(amount))
        for code, unit, gave, received, *whose, count, amount in db.session.execute(query)
    }


_READ = (
    Transfer.code, Transfer.unit, Transfer.debit_account_id, Transfer.credit_account_id, Transfer.amount,
)  # fmt: skip


def moved_in(span: Span, *more: Any) -> Any:
    """SQL: the transfers that took effect in the span and were recorded by `known_at`, with `more` of their columns.

    Mostly both in the same days, which their ids narrow; those that were recorded later are backdated, and a small
    index holds these.
    """
    wanted = scoped(span.community_id, *_READ, *more).where(
        Transfer.effective_at >= span.since,
        Transfer.effective_at < span.until,
        Transfer.recorded_at <= span.known_at,
        Transfer.id >= first_id_at(span.since - LEEWAY),
    )
    after = first_id_at(span.until + LEEWAY)
    in_time = wanted.where(Transfer.id < after)
    backdated = wanted.where(Transfer.id >= after, Transfer.effective_at < Transfer.recorded_at)
    return union_all(in_time, backdated).subquery()


def outstanding_points(span: Span) -> int:
    """Points in members' wallets less what they owe, at the end of the span: what all other accounts do not have."""
    return -sum(points_elsewhere(span).values())


def points_elsewhere(span: Span) -> dict[AccountKey, int]:
    """The points of every account that is no member's, at the end of the span; what was issued is negative."""
    kinds = (Kind.ISSUANCE, Kind.MERCHANT, Kind.POT, Kind.VOUCHER, Kind.EXPIRED)
    query = scoped(span.community_id, Account).where(Account.kind.in_(kinds), Account.unit == Unit.POINTS)
    keys = [AccountKey(Kind(row.kind), Unit(row.unit), row.owner_id) for row in db.session.scalars(query)]
    return {key: one.balance for key, one in _at_the_end(span, keys).items()}


def funds_left(span: Span, fund_ids: Iterable[UUID]) -> dict[UUID, int]:
    """What each fund has at the end of the span (fen), reserved or not."""
    figures = _at_the_end(span, [fund_of(one) for one in fund_ids])
    return {key.owner_id: one.balance for key, one in figures.items()}


def _at_the_end(span: Span, keys: list[AccountKey]) -> dict[AccountKey, past.Figures]:
    if not keys:
        return {}
    return past.figures_at(span.community_id, keys, past.just_before(span.until), known_at=span.known_at)
