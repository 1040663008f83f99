"""Activities as iCalendar (RFC 5545). Times are UTC: Asia/Shanghai has had no summer time since 1991."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from icalendar import Calendar, Event

from ledger.core import clock
from ledger.core.tenancy import Actor
from ledger.people.members import load_community
from ledger.people.models import Community
from ledger.service import calendars, days
from ledger.service.calendars import Entry, is_standing
from ledger.service.models import Activity, ActivityState

MEDIA_TYPE = "text/calendar; charset=utf-8"
PRODUCT = "-//Red Flower//Calendar//ZH"


def calendar_of(actor: Actor, *, root: str, is_mine: bool = False) -> bytes:
    """The actor's calendar as a file; `root` is where the addresses in it begin. Raises Forbidden."""
    entries = calendars.entries_around_now(actor, is_mine=is_mine)
    return written(load_community(actor.tenant), entries, root=root)


def written(community: Community, entries: Sequence[Entry], *, root: str) -> bytes:
    """The calendar as a file: lines end in CRLF, none is longer than 75 octets, text is escaped."""
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", community.name)
    standing = {entry.activity.id: entry.activity for entry in entries if is_standing(entry)}
    for entry in entries:
        event = _event(community, entry, root)
        _name(event, community, entry, standing.get(entry.activity.standing_id or entry.activity.id))
        calendar.add_component(event)
    content: bytes = calendar.to_ical()
    return content


def _event(community: Community, entry: Entry, root: str) -> Event:
    activity, event = entry.activity, Event()
    cancelled = activity.state == ActivityState.CANCELLED or _never_opens(entry)
    for name in ("dtstamp", "last-modified"):
        event.add(name, activity.revised_at or activity.created_at)
    event.add("sequence", activity.revision)
    event.add("summary", activity.name)
    event.add("location", activity.place)
    event.add("categories", [entry.programme_name])
    event.add("status", "CANCELLED" if cancelled else "CONFIRMED")
    event.add("description", "\n".join(_told(entry)))
    event.add("url", f"{root}/c/{community.id.hex}/activities/{activity.id.hex}")
    _add_times(event, entry)
    return event


def _name(event: Event, community: Community, entry: Entry, standing: Activity | None) -> None:
    """The same for ever, and no two communities share one: a phone knows an event again by it.

    One day of a standing service stands in for the day of it that begins at the usual hour.
    """
    activity = entry.activity
    event.add("uid", f"{(standing or activity).id.hex}@{community.id.hex}.redflower")
    if standing is not None and activity.day is not None:
        event.add("recurrence-id", days.hours_on(standing, activity.day).starts_at)


def _told(entry: Entry) -> list[str]:
    activity = entry.activity
    own = ["已报名 · Signed up"] if entry.is_own else []
    return [*own, entry.unit_name, *filter(None, (activity.instructions, activity.cancel_reason))]


def _add_times(event: Event, entry: Entry) -> None:
    activity = entry.activity
    if not is_standing(entry):
        event.add("dtstart", activity.starts_at)
        event.add("dtend", activity.ends_at)
        return
    hours = days.hours_on(activity, clock.local_day(activity.starts_at))
    event.add("dtstart", hours.starts_at)
    event.add("dtend", hours.ends_at)
    # UNTIL counts itself; it ends before the first day without the service.
    until = {"until": activity.until - timedelta(seconds=1)} if activity.until else {}
    event.add("rrule", {"freq": "daily"} | until)


def _never_opens(entry: Entry) -> bool:
    """A standing one that was ended before its first day."""
    activity = entry.activity
    return is_standing(entry) and clock.local_day(activity.ends_at) <= clock.local_day(activity.starts_at)
