"""What was given: lists for holders and staff, a holder's calendar of a month, and who is missing today."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Select, exists, func, literal, or_, select
from sqlalchemy.sql import ColumnElement

from ledger.core import clock
from ledger.core.db import begins, db
from ledger.core.errors import Forbidden, NotFound
from ledger.core.orders import BY_AGE, NEWEST, Age, Order, arrange
from ledger.core.permissions import may, reach, require
from ledger.core.tenancy import Actor, Role, load, scoped, within
from ledger.people.members import is_masked_for, load_member, shown_names, visible_part
from ledger.people.models import Member, PlaceUnit, Post, UnitKind
from ledger.service.feedback_models import Feedback, FeedbackState
from ledger.service.feedback_photos import photos as feedback_photos

MOST_MISSING = 1000

BY_DUE = Order(Feedback.due_at)


class Wanted(StrEnum):
    """Which feedback is listed; `waiting` is what an answer is due for, the most urgent first."""

    WAITING = "waiting"
    GIVEN = "given"
    ANSWERED = "answered"
    EXCUSED = "excused"


class DayStatus(StrEnum):
    """How a day of a holder stands in the calendar."""

    GIVEN = "given"
    ANSWERED = "answered"
    EXCUSED = "excused"
    NOT_YET = "not_yet"


class FeedbackView(NamedTuple):
    """A feedback with whose it is (the name as the reader may see it), of which part, and its photos.

    Who reads masked names reads neither words nor answer and sees no photo: they may show somebody.
    """

    feedback: Feedback
    member: Member
    unit: PlaceUnit
    name: str
    words: str
    answer: str
    photo_ids: list[UUID]


class CalendarDay(NamedTuple):
    """A day of one part of a holder; `feedback_id` None where there is nothing yet."""

    unit: PlaceUnit
    day: date
    status: DayStatus
    feedback_id: UUID | None


class Missing(NamedTuple):
    """A holder who has given nothing today, with the name as the reader may see it."""

    member: Member
    unit: PlaceUnit
    name: str


# --- lists ------------------------------------------------------------------------------------------------------


def list_feedback(
    actor: Actor,
    *,
    is_mine: bool = False,
    status: Wanted | None = None,
    unit_id: UUID | None = None,
    day: date | None = None,
    order: Age | None = None,
    after: UUID | None = None,
    limit: int = 50,
) -> list[FeedbackView]:
    """What the actor gave and, unless `is_mine`, what was given in their parts.

    Unless asked otherwise what waits for an answer comes by its due, and all else newest first. `unit_id` is a part
    with all below it; `after` the last row of the page before. Raises NotFound, Forbidden.
    """
    query = _joined(actor).where(visible_part(actor, "see_feedback"))
    if is_mine:
        query = query.where(Feedback.member_id.in_(actor.member_ids))
    if status is not None:
        query = query.where(Feedback.state == (FeedbackState.GIVEN if status is Wanted.WAITING else status))
    if status is Wanted.WAITING:
        query = query.where(Feedback.due_at.is_not(None))
    if unit_id is not None:
        query = query.where(begins(PlaceUnit.path, load(actor.tenant, PlaceUnit, unit_id).path))
    if day is not None:
        query = query.where(Feedback.day == day)
    place = BY_AGE[order] if order else BY_DUE if status is Wanted.WAITING else NEWEST
    rows = scoped(actor.tenant, Feedback)
    return _shown(actor, arrange(query, place, Feedback.id, rows=rows, after=after).limit(limit))


def feedback_by_id(actor: Actor, ids: Collection[UUID]) -> list[FeedbackView]:
    """Those of these that the actor may see, newest first. Raises Forbidden."""
    query = _joined(actor).where(visible_part(actor, "see_feedback"), Feedback.id.in_(ids))
    return _shown(actor, query.order_by(Feedback.id.desc()))


def _joined(actor: Actor) -> Select[Any]:
    return scoped(actor.tenant, Feedback, Member, PlaceUnit).where(
        Member.id == Feedback.member_id, PlaceUnit.id == Feedback.unit_id
    )


def _shown(actor: Actor, query: Select[Any]) -> list[FeedbackView]:
    rows = db.session.execute(query).tuples().all()
    names = shown_names(actor, [member for _, member, _ in rows])
    masked = is_masked_for(actor)
    open_rows = {row.id for row, _, _ in rows if not masked or row.member_id in actor.member_ids}
    photos = feedback_photos.of(actor.tenant, open_rows)
    found = []
    for row, one, unit in rows:
        words, answer = (row.words, row.answer) if row.id in open_rows else ("", "")
        found.append(FeedbackView(row, one, unit, names[one.id], words, answer, photos.get(row.id, [])))
    return found


def see_feedback(actor: Actor, feedback_id: UUID) -> FeedbackView:
    """One, for its holder and for staff of its part. Raises NotFound, Forbidden."""
    row = load(actor.tenant, Feedback, feedback_id)
    unit = load(actor.tenant, PlaceUnit, row.unit_id)
    require(actor, "see_feedback", member_id=row.member_id, unit_path=unit.path)
    return _shown(actor, _joined(actor).where(Feedback.id == row.id))[0]


def read_photo(actor: Actor, feedback_id: UUID, photo_id: UUID) -> bytes:
    """The JPEG, for whoever sees the feedback. Raises NotFound, Forbidden."""
    if photo_id not in see_feedback(actor, feedback_id).photo_ids:
        raise NotFound
    return feedback_photos.content(actor.tenant, feedback_id, photo_id)


def count_waiting(actor: Actor) -> int:
    """How many wait for the actor's answer; 0 for whoever answers none."""
    if not reach(actor, "answer_feedback"):
        return 0
    waits = Feedback.state == FeedbackState.GIVEN, Feedback.due_at.is_not(None)
    others = Feedback.member_id.not_in(actor.member_ids)
    query = _joined(actor).where(*waits, others, visible_part(actor, "answer_feedback"))
    return int(db.session.scalar(query.with_only_columns(func.count(Feedback.id))) or 0)


# --- the calendar -----------------------------------------------------------------------------------------------


def calendar_of(actor: Actor, member_id: UUID | None, month: date) -> list[CalendarDay]:
    """Each day of the month in each part that the member held then, up to today; excused ones also ahead.

    `member_id` None is oneself. Raises NotFound, Forbidden.
    """
    member_id = actor.member_id if member_id is None else load_member(actor.tenant, member_id).id
    if member_id is None:
        raise Forbidden
    held = _held_in(actor, member_id, month)
    seen = [row for row in held if may(actor, "see_feedback", member_id=member_id, unit_path=row[1].path)]
    if not seen and member_id not in actor.member_ids:
        raise Forbidden
    rows = scoped(actor.tenant, Feedback).where(Feedback.member_id == member_id, *_days_of(month))
    known = {(row.unit_id, row.day): row for row in db.session.scalars(rows)}
    units = {unit.id: unit for _, unit in seen}
    return [
        CalendarDay(unit, day, *_status(known.get((unit.id, day))))
        for unit in units.values()
        for day in sorted(_awaited(unit, seen, month) | {day for unit_id, day in known if unit_id == unit.id})
    ]


def _held_in(actor: Actor, member_id: UUID, month: date) -> list[tuple[Post, PlaceUnit]]:
    start, end = clock.month_bounds(month)
    query = scoped(actor.tenant, Post, PlaceUnit).where(
        PlaceUnit.id == Post.unit_id,
        Post.member_id == member_id,
        Post.since < end,
        or_(Post.until.is_(None), Post.until > start),
    )
    return list(db.session.execute(query.order_by(Post.id)).tuples())


def _days_of(month: date) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    first, after = (clock.local_day(bound) for bound in clock.month_bounds(month))
    return Feedback.day >= first, Feedback.day < after


def _awaited(unit: PlaceUnit, held: list[tuple[Post, PlaceUnit]], month: date) -> set[date]:
    """The days of the month up to today on which the unit was held."""
    first, after = (clock.local_day(bound) for bound in clock.month_bounds(month))
    last = min(after - timedelta(days=1), clock.today())
    days: set[date] = set()
    for post, of_unit in held:
        if of_unit.id == unit.id:
            since = max(first, clock.local_day(post.since))
            until = min(last, clock.local_day(post.until)) if post.until else last
            days |= {since + timedelta(days=number) for number in range((until - since).days + 1)}
    return days


def _status(row: Feedback | None) -> tuple[DayStatus, UUID | None]:
    return (DayStatus.NOT_YET, None) if row is None else (DayStatus(row.state), row.id)


# --- today's missing --------------------------------------------------------------------------------------------


def holds_posts(actor: Actor) -> list[PlaceUnit]:
    """The parts of which the actor gives feedback, in the order of taking the posts."""
    query = scoped(actor.tenant, PlaceUnit, Post.id).where(
        PlaceUnit.id == Post.unit_id, Post.member_id.in_(actor.member_ids), Post.until.is_(None)
    )
    return list({unit.id: unit for unit, _ in db.session.execute(query.order_by(Post.id))}.values())


def today_of(actor: Actor) -> dict[UUID, Feedback]:
    """What the actor has given for today, by part."""
    query = scoped(actor.tenant, Feedback).where(
        Feedback.member_id.in_(actor.member_ids), Feedback.day == clock.today()
    )
    return {row.unit_id: row for row in db.session.scalars(query)}


def missing_by_part(actor: Actor) -> list[tuple[str, list[Missing]]]:
    """Who of the actor's parts has given nothing today and is not excused, by grid. Raises Forbidden."""
    if not reach(actor, "see_feedback").keys() - {Role.VOLUNTEER}:
        raise Forbidden
    query = _missing(actor.tenant).where(visible_part(actor, "see_feedback"), Member.id.not_in(actor.member_ids))
    rows = db.session.execute(query.order_by(PlaceUnit.path, Post.id).limit(MOST_MISSING)).tuples().all()
    grids = db.session.scalars(scoped(actor.tenant, PlaceUnit).where(PlaceUnit.kind == UnitKind.GRID)).all()
    names = shown_names(actor, [member for member, _ in rows])
    parts: dict[str, dict[tuple[UUID, UUID], Missing]] = {}
    for member, unit in rows:
        part = next((grid.name for grid in grids if unit.path.startswith(grid.path)), unit.name)
        parts.setdefault(part, {})[member.id, unit.id] = Missing(member, unit, names[member.id])
    return [(part, list(found.values())) for part, found in parts.items()]


def count_missing(actor: Actor) -> int:
    """How many are missing today in the parts where the actor excuses; 0 for whoever excuses nobody."""
    if not reach(actor, "excuse_feedback"):
        return 0
    query = _missing(actor.tenant).where(visible_part(actor, "excuse_feedback"), Member.id.not_in(actor.member_ids))
    pairs = query.with_only_columns(Member.id, PlaceUnit.id.label("unit_id")).distinct().subquery()
    return int(db.session.scalar(select(func.count()).select_from(pairs)) or 0)


def missing_persons(community_id: UUID) -> list[UUID]:
    """Everybody who has not given feedback of each of their parts today."""
    query = _missing(community_id).with_only_columns(Member.person_id).distinct()
    return list(db.session.scalars(query.order_by(Member.person_id)))


def _missing(community_id: UUID) -> Select[Any]:
    given = exists(
        select(literal(1)).where(
            within(community_id, Feedback),
            Feedback.member_id == Post.member_id,
            Feedback.unit_id == Post.unit_id,
            Feedback.day == clock.today(),
        )
    )
    return scoped(community_id, Member, PlaceUnit).where(
        within(community_id, Post),
        Post.member_id == Member.id,
        Post.unit_id == PlaceUnit.id,
        Post.until.is_(None),
        ~given,
    )
