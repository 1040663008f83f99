"""The days of a standing activity: to which one a moment belongs, and the row that answers for it.

A visit belongs to one day and is judged by the hours of that day. The row of a day is written with its first visit, or
when that day is changed or called off; until then a page is shown the same hours without one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Select, or_
from sqlalchemy.dialects import postgresql, sqlite

from ledger.core import clock
from ledger.core.db import db, is_postgresql
from ledger.core.ids import new_id
from ledger.core.tenancy import load, scoped
from ledger.service import codes, evidence
from ledger.service.errors import ActivityOver, ActivityTooFar
from ledger.service.models import Activity, ActivityKind, ActivityState, Checkin, CheckinState

ONE_DAY = timedelta(days=1)
MINUTES_A_DAY = 24 * 60


class Hours(NamedTuple):
    """When a standing activity is open on one day. An end not after the beginning lies on the next day."""

    starts_at: datetime
    ends_at: datetime


def hours_on(standing: Activity, day: date) -> Hours:
    """The opening and the closing of the service that begins on this local day."""
    assert standing.opens_minute is not None
    assert standing.closes_minute is not None
    midnight = clock.start_of_day(day)
    length = (standing.closes_minute - standing.opens_minute - 1) % MINUTES_A_DAY + 1
    starts_at = midnight + timedelta(minutes=standing.opens_minute)
    return Hours(starts_at, starts_at + timedelta(minutes=length))


def day_of(standing: Activity, moment: datetime, written: Mapping[date, Activity] = MappingProxyType({})) -> date:
    """The day whose door is open at the moment: today's, yesterday's into the night, tomorrow's before midnight.

    Where none is, the local day, from whose hours the moment may be far. `written` are the days around that have a
    row, whose hours may have been changed.
    """
    opens = timedelta(minutes=standing.opens_before_minutes)
    grace = timedelta(minutes=standing.closes_after_minutes)
    for day in _around(moment):
        hours = written.get(day) or hours_on(standing, day)
        if hours.starts_at - opens <= moment <= hours.ends_at + grace:
            return day
    return clock.local_day(moment)


def _around(moment: datetime) -> tuple[date, date, date]:
    today = clock.local_day(moment)
    return today, today - ONE_DAY, today + ONE_DAY


def posted_for(activity: Activity) -> Activity:
    """Whose codes hang at the place: a day is checked into with those of its standing activity."""
    return load(activity.community_id, Activity, activity.standing_id) if activity.standing_id else activity


def shown_at(activity: Activity, moment: datetime) -> Activity:
    """What a page shows of the activity at the moment: of a standing one, that day (with its row, if it has one)."""
    if activity.kind is not ActivityKind.STANDING:
        return activity
    written = _find(activity, _around(moment), lock=False)
    day = day_of(activity, moment, written)
    return written.get(day) or _unwritten(activity, day)


def _unwritten(standing: Activity, day: date) -> Activity:
    """A day that nobody has visited yet, under the id of its standing activity."""
    return Activity(**_row_of(standing, day) | {"id": standing.id})


def meant_by(standing: Activity, member_ids: Collection[UUID], moment: datetime) -> Activity:
    """The day that one of these members means when they scan: the one to leave, until the next one's door opens."""
    is_left = Activity.id.in_(_open_visits(standing.community_id, member_ids))
    rows = (
        scoped(standing.community_id, Activity)
        .add_columns(is_left)
        .where(Activity.standing_id == standing.id, or_(Activity.day.in_(_around(moment)), is_left))
    )
    found = db.session.execute(rows).tuples().all()
    written = {row.day: row for row, _ in found}
    day = day_of(standing, moment, written)
    present, left = written.get(day) or _unwritten(standing, day), next((row for row, is_it in found if is_it), None)
    opens_at = present.starts_at - timedelta(minutes=standing.opens_before_minutes)
    return left if left is not None and not _is_far_after(left, moment) and moment < opens_at else present


def hold_day(standing: Activity, moment: datetime) -> Activity:
    """The row of the day that the moment belongs to, written if need be, and guarded against being cancelled.

    Raises ActivityTooFar (before the first day), ActivityOver (after the last).
    """
    written = _find(standing, _around(moment), lock=True)
    day = day_of(standing, moment, written)
    if day < clock.local_day(standing.starts_at):
        raise ActivityTooFar
    if day >= clock.local_day(standing.ends_at):
        raise ActivityOver
    return written.get(day) or row_of_day(standing, day)


def row_of_day(standing: Activity, day: date) -> Activity:
    """The row of this day, written if need be, and guarded against being cancelled."""
    insert = postgresql.insert if is_postgresql() else sqlite.insert
    row = _row_of(standing, day) | {"poster_code": codes.new_poster_code(codes.prefix_of(standing.poster_code))}
    # Two may be the first of a day: one of them writes it, and both find it.
    of_day = [Activity.community_id, Activity.standing_id, Activity.day]
    db.session.execute(insert(Activity).values(row).on_conflict_do_nothing(index_elements=of_day))
    return _find(standing, [day], lock=True)[day]  # It was written, or another had written it.


def _find(standing: Activity, wanted: Collection[date], *, lock: bool) -> dict[date, Activity]:
    """The rows of these days, as far as they have one."""
    query = scoped(standing.community_id, Activity).where(Activity.standing_id == standing.id, Activity.day.in_(wanted))
    if lock:
        query = query.order_by(Activity.id).with_for_update(read=True, key_share=True)
        query = query.execution_options(populate_existing=True)
    return {row.day: row for row in db.session.scalars(query)}


def _row_of(standing: Activity, day: date) -> dict[str, object]:
    """What a day takes over from its standing activity as it is now."""
    names = (
        "community_id", "programme_id", "unit_id", "name", "place", "instructions", "opens_before_minutes",
        "closes_after_minutes", "latitude_e6", "longitude_e6", "actor_id",
    )  # fmt: skip
    hours = hours_on(standing, day)
    return {name: getattr(standing, name) for name in names} | {
        "id": new_id(),
        "starts_at": hours.starts_at,
        "ends_at": hours.ends_at,
        "state": ActivityState.PLANNED,
        "created_at": clock.now(),
        "standing_id": standing.id,
        "day": day,
    }


def day_being_left(standing: Activity, member_ids: Collection[UUID] | Select[Any], moment: datetime) -> Activity | None:
    """The day on which one of these members is still checked in, if the moment is not far from it."""
    query = scoped(standing.community_id, Activity).where(
        Activity.standing_id == standing.id, Activity.id.in_(_open_visits(standing.community_id, member_ids))
    )
    found: Activity | None = db.session.scalars(query).first()
    return None if found is None or _is_far_after(found, moment) else found


def _open_visits(community_id: UUID, member_ids: Collection[UUID] | Select[Any]) -> Select[Any]:
    """The activities where these members are checked in."""
    return scoped(community_id, Checkin.activity_id).where(
        Checkin.member_id.in_(member_ids), Checkin.state == CheckinState.OPEN
    )


def _is_far_after(day: Activity, moment: datetime) -> bool:
    return moment > day.ends_at + evidence.FAR_IN_TIME


def changed_days(standing: Activity) -> list[Activity]:
    """The days from today on that are called off, or that are not as they usually are, in order."""
    query = scoped(standing.community_id, Activity).where(
        Activity.standing_id == standing.id, Activity.day >= clock.today()
    )
    rows = db.session.scalars(query.order_by(Activity.day)).all()
    return [row for row in rows if row.day is not None and _is_unusual(standing, row, row.day)]


def _is_unusual(standing: Activity, row: Activity, day: date) -> bool:
    usual = (*hours_on(standing, day), standing.place, ActivityState.PLANNED)
    return (row.starts_at, row.ends_at, row.place, row.state) != usual
