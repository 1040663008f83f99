"""A member's own services: where a scan leads, what waits for the stamp, and the flowers of the card."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Select, bindparam, func, select, union_all

from ledger.core import clock
from ledger.core.db import db
from ledger.core.errors import Refused
from ledger.core.permissions import require
from ledger.core.tenancy import Actor, asked, load, scoped, within
from ledger.people import cards
from ledger.people.members import aliases_of, standing
from ledger.service import caps, days, evidence, queue
from ledger.service.checkins import DEAD, Kind
from ledger.service.earning import Service, award_for, terms_of
from ledger.service.errors import ActivityCancelled, ActivityTooFar
from ledger.service.evidence import Sighting
from ledger.service.models import (
    Activity,
    ActivityKind,
    ActivityState,
    Checkin,
    CheckinState,
    Decision,
    Evidence,
    Plate,
    ProgrammeRule,
    Stamp,
)
from ledger.service.programmes import rule_at, rules_of
from ledger.service.queue import CheckinView

CARDS_AT_ONCE = 6
MOST_CARDS = 100_000
CARD_PLACES = 10
"""A card has so many places for flowers; then a new one begins."""

WAITS_FOR_STAMP = (CheckinState.PENDING, CheckinState.AWAITING_SECOND)
MOST_WAITING = 200


# --- where a scan leads -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Prospect:
    """What a scan leads to for somebody: arriving, leaving, or neither (`kind` None) because of `refusal` or `here`.

    `day` is the activity, or of a standing one the day that the scan is about; `here` the live visit at this activity;
    `elsewhere` the activity whose visit an arrival here would close.
    """

    kind: Kind | None
    day: Activity
    here: Checkin | None = None
    elsewhere: Activity | None = None
    refusal: Refused | None = None


def look_ahead(
    actor: Actor | None, activity: Activity, *, member_id: UUID | None = None, plate_id: UUID | None = None
) -> Prospect:
    """What the actor can record at the activity (at this plate of it) now, for themself or for a member.

    Who is no member here is arriving.
    """
    now = clock.now()
    today = _day_meant(actor, activity, member_id)
    seen = Sighting(basis=Evidence.POSTER, happened_at=now, received_at=now)
    refusal: Refused | None = ActivityTooFar() if evidence.is_far_in_time(today, seen) else None
    if today.state == ActivityState.CANCELLED:
        refusal = ActivityCancelled()
    here, elsewhere = (None, None)
    if actor is not None and actor.member_id is not None:
        here, elsewhere = _live_visits(actor, today, member_id, plate_id)
    if here is not None and here.state == CheckinState.OPEN:
        return Prospect(None if refusal else Kind.OUT, today, here, refusal=refusal)
    if here is not None or refusal is not None:
        return Prospect(None, today, here, refusal=refusal)
    return Prospect(Kind.IN, today, elsewhere=elsewhere)


def _day_meant(actor: Actor | None, activity: Activity, member_id: UUID | None) -> Activity:
    """The activity, or of a standing one the day that the scan is about."""
    if activity.kind is not ActivityKind.STANDING or actor is None or actor.member_id is None:
        return days.shown_at(activity, clock.now())
    return days.meant_by(activity, actor.member_ids if member_id is None else {member_id}, clock.now())


def _live_visits(
    actor: Actor, activity: Activity, member_id: UUID | None, plate_id: UUID | None
) -> tuple[Checkin | None, Activity | None]:
    """The member's live visit here (at this door), and the other activity or door where they are still checked in."""
    whose = actor.member_ids if member_id is None else {member_id}
    of = {"community_id": actor.tenant, "whose": list(whose), "activity_id": activity.id, "plate_id": plate_id}
    rows = db.session.execute(_here_or_open(plate_id is None), of).tuples().all()
    found = next((visit for visit, at in rows if at.id == activity.id and visit.plate_id == plate_id), None)
    return found, next((at for visit, at in rows if visit is not found), None)


@cache
def _here_or_open(without_plate: bool) -> Select[Any]:
    """The members' live visits here, and open ones anywhere; built once for activities and once for plates."""
    mine = scoped(asked("community_id"), Checkin.id).where(Checkin.member_id.in_(bindparam("whose", expanding=True)))
    door = Checkin.plate_id.is_(None) if without_plate else Checkin.plate_id == asked("plate_id")
    here = mine.where(Checkin.activity_id == asked("activity_id"), door, Checkin.state.not_in(DEAD))
    # Two look-ups by their own indexes: as one condition they would read all that a member ever did.
    wanted = union_all(here, mine.where(Checkin.state == CheckinState.OPEN))
    live = scoped(asked("community_id"), Checkin, Activity).where(
        Activity.id == Checkin.activity_id, Checkin.id.in_(wanted)
    )
    return live.order_by(Checkin.id)


def site_code_of(view: CheckinView) -> str:
    """The code that the visit was checked in with and is left by: its plate's, or its activity's."""
    visit = view.checkin
    return load(visit.community_id, Plate, visit.plate_id).code if visit.plate_id else view.activity.poster_code


def open_visit(actor: Actor) -> CheckinView | None:
    """Where the actor serves just now."""
    found = queue.list_checkins(actor, status=CheckinState.OPEN, member_id=actor.member_id, limit=1)
    return found[0] if found else None


# --- what it will earn ------------------------------------------------------------------------------------------


def planned_points(activities: Sequence[Activity]) -> dict[UUID, int]:
    """What the whole of each activity earns by the rule of its start, by activity id."""
    if not activities:
        return {}
    rules = rules_of(activities[0].community_id, {one.programme_id for one in activities})
    return {one.id: _planned(one, rules[one.programme_id]) for one in activities}


def _planned(activity: Activity, versions: Sequence[ProgrammeRule]) -> int:
    terms = terms_of(rule_at(versions, activity.starts_at))
    return award_for(terms, evidence.scheduled_minutes(activity)).points


def expected_points(views: Sequence[CheckinView]) -> dict[UUID, int]:
    """What each visit that is not decided yet will probably earn; an open one as if it lasted until the end.

    Caps count what is stamped, and these in their order; a budget that is used up is not foreseen.
    """
    waiting = [view for view in views if view.checkin.state in (CheckinState.OPEN, *WAITS_FOR_STAMP)]
    if not waiting:
        return {}
    community_id = waiting[0].checkin.community_id
    rules = rules_of(community_id, {view.activity.programme_id for view in waiting})
    owners = standing(community_id, {view.checkin.member_id for view in waiting})
    services = [
        _service_of(view, rules[view.activity.programme_id], owners[view.checkin.member_id].member.id)
        for view in waiting
    ]
    earned = caps.earn_services(community_id, services, lock=False)
    return {view.checkin.id: one.award.points for view, one in zip(waiting, earned, strict=True)}


def _service_of(view: CheckinView, versions: Sequence[ProgrammeRule], owner_id: UUID) -> Service:
    checkin, activity = view.checkin, view.activity
    begins_at = evidence.credit_starts(activity, checkin.arrived_at)
    whole = evidence.credited_minutes(activity, checkin.arrived_at, activity.ends_at)
    return Service(
        owner_id=owner_id,
        programme_id=activity.programme_id,
        terms=replace(terms_of(rule_at(versions, begins_at)), budget_points=None),
        begins_at=begins_at,
        minutes=whole if checkin.minutes is None else checkin.minutes,
        grade=Evidence(checkin.evidence),
    )


def pending_points(actor: Actor) -> int:
    """What the actor's finished services will probably earn when they are stamped."""
    waiting = [
        view
        for state in WAITS_FOR_STAMP
        for view in queue.list_checkins(actor, status=state, member_id=actor.member_id, limit=MOST_WAITING)
    ]
    return sum(expected_points(waiting).values())


# --- the card ---------------------------------------------------------------------------------------------------


class Flower(NamedTuple):
    """One stamped service on the card."""

    at: datetime
    points: int


class Blossom(NamedTuple):
    """A flower with what it was given for and the stamp that proves it."""

    at: datetime
    points: int
    activity: str
    stamp_id: UUID


class FilledCard(NamedTuple):
    """One card of ten places: its number from 1, and its flowers, oldest first."""

    number: int
    flowers: list[Blossom]


class FlowerBook(NamedTuple):
    """Some of a member's cards, newest first; `before` asks for the older ones, if any are left."""

    flowers: int
    cards: list[FilledCard]
    before: int | None


class Served(NamedTuple):
    """What was stamped of one month: services, minutes and points."""

    visits: int
    minutes: int
    points: int


def newest_card(actor: Actor) -> list[Flower]:
    """The flowers of the actor's newest card, oldest first; a full card stays until the next flower."""
    require(actor, "see_own", member_id=actor.member_id)
    stamped = _stamped(actor.tenant, actor.member_ids).subquery()
    count = db.session.scalar(select(func.count()).select_from(stamped)) or 0
    on_card = (count - 1) % CARD_PLACES + 1 if count else 0
    newest = select(stamped).order_by(stamped.c.arrived_at.desc(), stamped.c.id.desc()).limit(on_card)
    return [Flower(row.arrived_at, row.points) for row in reversed(db.session.execute(newest).all())]


def flower_book(actor: Actor, member_id: UUID, *, before: int | None = None, limit: int = CARDS_AT_ONCE) -> FlowerBook:
    """The member's cards with their flowers, newest first; those numbered below `before`. Raises NotFound, Forbidden.

    A service that is undone leaves its card, and the flowers after it move up: a card shows what counts now.
    """
    member = cards.require_card_seen(actor, member_id)
    whose = {member.id, *aliases_of(actor.tenant, member.id)}
    stamped = _stamped(actor.tenant, whose)
    count = int(db.session.scalar(select(func.count()).select_from(stamped.subquery())) or 0)
    last = min(-(-count // CARD_PLACES), (before or MOST_CARDS) - 1)
    first = max(1, last - limit + 1)
    query = stamped.add_columns(Activity.name, Stamp.id.label("stamp_id")).where(
        within(actor.tenant, Activity), Activity.id == Checkin.activity_id
    )
    query = query.order_by(Checkin.arrived_at, Checkin.id).offset((first - 1) * CARD_PLACES)
    rows = db.session.execute(query.limit(max(0, last - first + 1) * CARD_PLACES)).all()
    flowers = [Blossom(row.arrived_at, row.points, row.name, row.stamp_id) for row in rows]
    filled = [
        FilledCard(first + place, flowers[place * CARD_PLACES :][:CARD_PLACES]) for place in range(last - first + 1)
    ]
    return FlowerBook(count, filled[::-1], first if first > 1 else None)


def served_by_month(actor: Actor, since: datetime) -> dict[date, Served]:
    """What was stamped of the actor's services since a moment, by the first day of their month."""
    require(actor, "see_own", member_id=actor.member_id)
    found: dict[date, Served] = defaultdict(lambda: Served(0, 0, 0))
    for row in db.session.execute(_stamped(actor.tenant, actor.member_ids).where(Checkin.arrived_at >= since)):
        month = clock.local_day(row.arrived_at).replace(day=1)
        before = found[month]
        found[month] = Served(before.visits + 1, before.minutes + row.minutes, before.points + row.points)
    return found


def _stamped(community_id: UUID, member_ids: Collection[UUID]) -> Select[Any]:
    return scoped(community_id, Checkin.id, Checkin.arrived_at, Stamp.points, Stamp.minutes).where(
        Checkin.member_id.in_(member_ids),
        Checkin.state == CheckinState.STAMPED,
        Stamp.checkin_id == Checkin.id,
        Stamp.decision == Decision.STAMP,
        Stamp.undone_at.is_(None),
        Stamp.counts,
    )
