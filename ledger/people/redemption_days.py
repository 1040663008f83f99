"""The redemption calendar (每周一兑换): on which day of each week a community redeems, when and where.

A community without a version has no such day, and nothing is different for it. See docs/adr/0031.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from ledger.core import audit, clock, outbox
from ledger.core.db import atomic, db
from ledger.core.ids import id_after
from ledger.core.permissions import require, require_any
from ledger.core.tenancy import Actor, scoped
from ledger.people.errors import NoRedemptionDay, RedemptionDayOver
from ledger.people.redemption_day_models import RedemptionDay, RedemptionDayChange, Venue

MANAGE, SEE = "manage_redemption_days", "see_redemption_days"

LONGEST_PLACE, LONGEST_REASON = 80, 100
MOVED_BY_AT_MOST = timedelta(days=6)
"""A day that is moved stays before the next one."""
AHEAD = timedelta(weeks=8)
MOST_VERSIONS, MOST_CHANGES = 50, 100
HISTORY = timedelta(weeks=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class WeeklyDay:
    """What is decided about the day: `weekday` 1 (Monday) … 7, or None for no such day; `opens` < `closes`."""

    starts_on: date
    weekday: int | None
    opens: time
    closes: time
    venue: Venue
    place: str


class Held(NamedTuple):
    """One day on which the community redeems; `instead_of` is the weekly day that was moved here, with its reason."""

    day: date
    opens: time
    closes: time
    venue: Venue
    place: str
    instead_of: date | None = None
    reason: str = ""

    @property
    def opens_at(self) -> datetime:
        return _moment(self.day, self.opens)

    @property
    def closes_at(self) -> datetime:
        return _moment(self.day, self.closes)


def _moment(day: date, hour: time) -> datetime:
    return clock.start_of_day(day) + timedelta(hours=hour.hour, minutes=hour.minute)


@dataclass(frozen=True, slots=True)
class Calendar:
    """A community's versions, the one that starts last first, and its changes by day."""

    versions: tuple[RedemptionDay, ...]
    changes: dict[date, RedemptionDayChange]

    def days(self, first: date, last: date) -> list[Held]:
        """The days held from `first` to `last`, in order."""
        found = []
        for number in range((last - first + 2 * MOVED_BY_AT_MOST).days + 1):
            held = self._held_for(first - MOVED_BY_AT_MOST + timedelta(days=number))
            if held is not None and first <= held.day <= last:
                found.append(held)
        return sorted(found, key=lambda held: held.day)

    def on(self, day: date) -> Held | None:
        """What is held on this day."""
        found = self.days(day, day)
        return found[0] if found else None

    def is_kept_on(self, day: date) -> bool:
        """Does the community have a weekly day at this time?"""
        version = self.version_on(day)
        return version is not None and version.weekday is not None

    def version_on(self, day: date) -> RedemptionDay | None:
        """The version that counts on this day."""
        return next((one for one in self.versions if one.starts_on <= day), None)

    def is_weekly_day(self, day: date) -> bool:
        """Is it the weekly day, whatever a change made of it?"""
        version = self.version_on(day)
        return version is not None and version.weekday == day.isoweekday()

    def _held_for(self, day: date) -> Held | None:
        """What became of a weekly day; None for any other day, and for one that was called off."""
        version = self.version_on(day)
        if version is None or version.weekday != day.isoweekday():
            return None
        plain = Held(day, version.opens, version.closes, Venue(version.venue), version.place)
        change = self.changes.get(day)
        if change is None or change.moved_to == day:
            return plain
        return plain._replace(day=change.moved_to, instead_of=day, reason=change.reason) if change.moved_to else None


def calendar_of(community_id: UUID) -> Calendar:
    """The calendar as it is decided now, of a year back and all ahead; two statements, or one where there is none."""
    versions = scoped(community_id, RedemptionDay).order_by(RedemptionDay.starts_on.desc(), RedemptionDay.id.desc())
    rows = tuple(db.session.scalars(versions.limit(MOST_VERSIONS)))
    if not rows:
        return Calendar((), {})
    changes = scoped(community_id, RedemptionDayChange).where(RedemptionDayChange.day >= clock.today() - HISTORY)
    newest_last = db.session.scalars(changes.order_by(RedemptionDayChange.id))
    return Calendar(rows, {one.day: one for one in newest_last})


def next_day(calendar: Calendar, *, at: datetime) -> Held | None:
    """The first day that is not over at this moment, within eight weeks."""
    today = clock.local_day(at)
    return next((one for one in calendar.days(today, today + AHEAD) if one.closes_at > at), None)


def last_day(calendar: Calendar, *, before: date) -> Held | None:
    """The last day held before this one, within eight weeks."""
    found = calendar.days(before - AHEAD, before - timedelta(days=1))
    return found[-1] if found else None


# --- deciding ---------------------------------------------------------------------------------------------------


@atomic
def set_weekly_day(actor: Actor, weekly: WeeklyDay) -> RedemptionDay:
    """From `starts_on` the community redeems so; what was before stays as it was.

    Raises Forbidden, RedemptionDayOver (it starts before today).
    """
    require(actor, MANAGE)
    assert weekly.opens < weekly.closes, "bounded by whoever read the form"
    if weekly.starts_on < clock.today():
        raise RedemptionDayOver
    versions = calendar_of(actor.tenant).versions
    same_start = next((one.id for one in versions if one.starts_on == weekly.starts_on), None)
    row = RedemptionDay(
        community_id=actor.tenant,
        id=id_after(same_start),
        starts_on=weekly.starts_on,
        weekday=weekly.weekday,
        opens=weekly.opens,
        closes=weekly.closes,
        venue=weekly.venue,
        place=weekly.place,
        **_by(actor),
    )
    db.session.add(row)
    db.session.flush()
    audit.record(actor, "people.set_redemption_day", row.id, weekday=row.weekday, starts_on=row.starts_on.isoformat())
    outbox.announce(actor, "redemption_day.set", redemption_day_id=row.id.hex)
    return row


@atomic
def change_day(actor: Actor, day: date, *, moved_to: date | None, reason: str) -> RedemptionDayChange:
    """The weekly day `day` is held on `moved_to` (at most six days away; the day itself takes a change back) or not.

    Raises Forbidden, RedemptionDayOver (either day has passed), NoRedemptionDay (it is not the weekly day).
    """
    require(actor, MANAGE)
    assert reason, "bounded by whoever read the form"
    if min(day, moved_to or day) < clock.today():
        raise RedemptionDayOver
    calendar = calendar_of(actor.tenant)
    if not calendar.is_weekly_day(day) or abs((moved_to or day) - day) > MOVED_BY_AT_MOST:
        raise NoRedemptionDay
    before = calendar.changes.get(day)
    row = RedemptionDayChange(
        community_id=actor.tenant,
        id=id_after(before.id if before else None),
        day=day,
        moved_to=moved_to,
        reason=reason,
        **_by(actor),
    )
    db.session.add(row)
    db.session.flush()
    audit.record(actor, "people.change_redemption_day", row.id, day=day.isoformat(), is_held=moved_to is not None)
    outbox.announce(actor, "redemption_day.changed", change_id=row.id.hex)
    return row


def _by(actor: Actor) -> dict[str, Any]:
    return {"created_at": clock.now(), "actor_id": actor.person_id}


# --- reading ----------------------------------------------------------------------------------------------------


class Decided(NamedTuple):
    """What an actor sees of the calendar: versions and changes, the newest first, and the days that are ahead."""

    versions: list[RedemptionDay]
    changes: list[RedemptionDayChange]
    ahead: list[Held]


def see_calendar(actor: Actor) -> Decided:
    """The calendar, for everybody of the community. Raises Forbidden."""
    require_any(actor, SEE)
    calendar, now = calendar_of(actor.tenant), clock.now()
    changes = sorted(calendar.changes.values(), key=lambda one: one.day, reverse=True)[:MOST_CHANGES]
    today = clock.local_day(now)
    ahead = [one for one in calendar.days(today, today + AHEAD) if one.closes_at > now]
    return Decided(list(calendar.versions), changes, ahead)
