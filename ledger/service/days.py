"""The days of a standing activity: to which one a moment belongs, and the row that answers for it.

A visit belongs to one day and is judged by the hours of that day. The row of a day is written with its first visit;
until then a page is shown the same hours without one.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, timedelta
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


def day_of(standing: Activity, moment: datetime) -> date:
    """The day whose door is open at the moment: today's, yesterday's into the night, tomorrow's before midnight.

    Where none is, the local day, from whose hours the moment may be far.
    """
    today = clock.local_day(moment)
    opens = timedelta(minutes=standing.opens_before_minutes)
    grace = timedelta(minutes=standing.closes_after_minutes)
    for day in (today, today - ONE_DAY, today + ONE_DAY):
        hours = hours_on(standing, day)
        if hours.starts_at - opens <= moment <= hours.ends_at + grace:
            return day
    return today


def posted_for(activity: Activity) -> Activity:
    """Whose codes hang at the place: a day is checked into with those of its standing activity."""
    return load(activity.community_id, Activity, activity.standing_id) if activity.standing_id else activity


def shown_at(activity: Activity, moment: datetime) -> Activity:
    """What a page shows of the activity at the moment: of a standing one, that day (with its row, if it has one)."""
    if activity.kind is not ActivityKind.STANDING:
        return activity
    day = day_of(activity, moment)
    return _find(activity, day, lock=False) or _unwritten(activity, day)


def _unwritten(standing: Activity, day: date) -> Activity:
    """A day that nobody has visited yet, under the id of its standing activity."""
    return Activity(**_row_of(standing, day) | {"id": standing.id})


def meant_by(standing: Activity, member_ids: Collection[UUID], moment: datetime) -> Activity:
    """The day that one of these members means when they scan: the one to leave, until the next one's door opens."""
    day = day_of(standing, moment)
    is_left = Activity.id.in_(_open_visits(standing.community_id, member_ids))
    rows = scoped(standing.community_id, Activity).where(
        Activity.standing_id == standing.id, or_(Activity.day == day, is_left)
    )
    found: dict[bool, Activity] = {row.day == day: row for row in db.session.scalars(rows)}
    present, left = found.get(True) or _unwritten(standing, day), found.get(False)
    opens_at = present.starts_at - timedelta(minutes=standing.opens_before_minutes)
    return left if left is not None and not _is_far_after(left, moment) and moment < opens_at else present


def hold_day(standing: Activity, moment: datetime) -> Activity:
    """The row of the day that the moment belongs to, written if need be, and guarded against being cancelled.

    Raises ActivityTooFar (before the first day), ActivityOver (after the last).
    """
    day = day_of(standing, moment)
    if day < clock.local_day(standing.starts_at):
        raise ActivityTooFar
    if day >= clock.local_day(standing.ends_at):
        raise ActivityOver
    return _find(standing, day, lock=True) or _write(standing, day)


def _write(standing: Activity, day: date) -> Activity:
    insert = postgresql.insert if is_postgresql() else sqlite.insert
    row = _row_of(standing, day) | {"poster_code": codes.new_poster_code(codes.prefix_of(standing.poster_code))}
    # Two may be the first of a day: one of them writes it, and both find it.
    of_day = [Activity.community_id, Activity.standing_id, Activity.day]
    db.session.execute(insert(Activity).values(row).on_conflict_do_nothing(index_elements=of_day))
    found = _find(standing, day, lock=True)
    assert found is not None, "it was written, or another had written it"
    return found


def _find(standing: Activity, day: date, *, lock: bool) -> Activity | None:
    query = scoped(standing.community_id, Activity).where(Activity.standing_id == standing.id, Activity.day == day)
    if lock:
        query = query.with_for_update(read=True, key_share=True).execution_options(populate_existing=True)
    found: Activity | None = db.session.scalars(query).one_or_none()
    return found


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
