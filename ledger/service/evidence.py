"""How well a visit is evidenced, what the stamper should look at, and which minutes count. No database here."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from ledger.service.models import Activity, Evidence

LATE_AFTER = timedelta(hours=72)
CLOCK_TOLERANCE = timedelta(minutes=15)
FAR_IN_TIME = timedelta(hours=12)

BUCKETS = ((100, "100m"), (300, "300m"), (1000, "1km"))
"""Upper bounds in metres: a distance is kept only as its bucket, never a position."""
FAR, NEAR = "far", frozenset({"100m", "300m"})

EARTH_METRES = 6_371_000


class Review(StrEnum):
    """Closed list of what a stamper should look at before stamping."""

    BEFORE_OPENING = "before_opening"
    AFTER_END = "after_end"
    LEFT_AFTER_GRACE = "left_after_grace"
    ENTERED_LATE = "entered_late"
    SENT_LATER = "sent_later"
    CLOCK_OFF = "clock_off"
    BY_HAND = "by_hand"
    OVER_SCHEDULE = "over_schedule"
    RECORDED_OWN = "recorded_own"
    BY_HELPER = "by_helper"
    FAR_AWAY = "far_away"
    CLOSED_BY_RULE = "closed_by_rule"
    CLOSED_BY_NEXT = "closed_by_next"
    ACTIVITY_CANCELLED = "activity_cancelled"
    WITHOUT_NOTE = "without_note"


SENTENCES: dict[Review, tuple[str, str]] = {
    Review.BEFORE_OPENING: ("开门前签到", "Checked in before the door opened"),
    Review.AFTER_END: ("结束后签到", "Checked in after the end"),
    Review.LEFT_AFTER_GRACE: ("超过签退时限", "Checked out after the time for it"),
    Review.ENTERED_LATE: ("72 小时后才补录", "Entered more than 72 hours later"),
    Review.SENT_LATER: ("离线记录，稍后上传", "Recorded without network, sent later"),
    Review.CLOCK_OFF: ("设备时间不准", "The device's clock was off"),
    Review.BY_HAND: ("手工登记时长", "Minutes entered by hand"),
    Review.OVER_SCHEDULE: ("时长超过活动安排", "More minutes than were planned"),
    Review.RECORDED_OWN: ("工作人员登记自己", "Staff recorded their own service"),
    Review.BY_HELPER: ("由他人代签", "Recorded by a helper"),
    Review.FAR_AWAY: ("签到位置离现场较远", "Checked in far from the place"),
    Review.CLOSED_BY_RULE: ("忘记签退，按结束时间计", "No check-out: counted until the end"),
    Review.CLOSED_BY_NEXT: ("在下一处签到时自动签退", "Closed by checking in at the next place"),
    Review.ACTIVITY_CANCELLED: ("活动取消", "The activity was cancelled"),
    Review.WITHOUT_NOTE: ("没有走访手记", "No visit note"),
}


@dataclass(frozen=True, slots=True)
class Location:
    """Where the phone says it is, in degrees. Used once for the distance, never stored."""

    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """One arrival or leaving as it reached us.

    `basis` is what the code or the staff proves; `witnessed_at` when the code proves that it was read, None where it
    proves no time; `distance` a bucket.
    """

    basis: Evidence
    happened_at: datetime
    received_at: datetime
    witnessed_at: datetime | None = None
    distance: str | None = None
    by_hand: bool = False
    recorded_own: bool = False
    by_helper: bool = False
    is_sent_later: bool = False


def grade(seen: Sighting) -> tuple[Evidence, list[Review]]:
    """The evidence grade of the sighting, and what to look at. A plausible person is graded, never refused."""
    late, reasons = _why_later(seen), []
    delay = seen.received_at - seen.happened_at
    if not late and seen.witnessed_at is None and delay > CLOCK_TOLERANCE:
        reasons.append(Review.SENT_LATER)
    if seen.by_helper:
        reasons.append(Review.BY_HELPER)
    if seen.distance == FAR:
        reasons.append(Review.FAR_AWAY)
    if late:
        return Evidence.LATER, late + reasons
    if seen.basis is Evidence.POSTER and seen.distance in NEAR:
        return Evidence.POSTER_LOCATED, reasons
    return seen.basis, reasons


def _why_later(seen: Sighting) -> list[Review]:
    reasons = []
    if seen.by_hand:
        reasons.append(Review.BY_HAND)
    if seen.recorded_own:
        reasons.append(Review.RECORDED_OWN)
    if seen.received_at - seen.happened_at > LATE_AFTER:
        reasons.append(Review.ENTERED_LATE)
    ahead = seen.happened_at - seen.received_at > CLOCK_TOLERANCE
    apart = seen.witnessed_at is not None and abs(seen.happened_at - seen.witnessed_at) > CLOCK_TOLERANCE
    if ahead or apart:
        reasons.append(Review.CLOCK_OFF)
    return reasons


def distance_bucket(activity: Activity, location: Location | None) -> str | None:
    """How far from the place, as a bucket; None where either position is unknown."""
    if location is None or activity.latitude_e6 is None or activity.longitude_e6 is None:
        return None
    metres = _metres(location, Location(activity.latitude_e6 / 1e6, activity.longitude_e6 / 1e6))
    return next((name for bound, name in BUCKETS if metres <= bound), FAR)


def _metres(here: Location, there: Location) -> float:
    """The great-circle distance."""
    north, other_north = math.radians(here.latitude), math.radians(there.latitude)
    east = math.radians(there.longitude - here.longitude)
    chord = math.sin((other_north - north) / 2) ** 2 + math.cos(north) * math.cos(other_north) * math.sin(east / 2) ** 2
    return 2 * EARTH_METRES * math.asin(min(1.0, math.sqrt(chord)))


def is_far_in_time(activity: Activity, seen: Sighting) -> bool:
    """Is the activity more than 12 hours away from what happened, or still more than that ahead of us?"""
    earliest, latest = activity.starts_at - FAR_IN_TIME, activity.ends_at + FAR_IN_TIME
    return not earliest <= seen.happened_at <= latest or seen.received_at < earliest


def arrival_reasons(activity: Activity, arrived_at: datetime) -> list[Review]:
    """The door opens some minutes before the start (at that second it is open) and closes at the end."""
    if arrived_at < activity.starts_at - timedelta(minutes=activity.opens_before_minutes):
        return [Review.BEFORE_OPENING]
    return [Review.AFTER_END] if arrived_at >= activity.ends_at else []


def leaving_reasons(activity: Activity, left_at: datetime) -> list[Review]:
    """Check-out is possible until the grace is over, that second included."""
    return [Review.LEFT_AFTER_GRACE] if left_at > grace_ends(activity) else []


def grace_ends(activity: Activity) -> datetime:
    return activity.ends_at + timedelta(minutes=activity.closes_after_minutes)


def credit_starts(activity: Activity, arrived_at: datetime) -> datetime:
    """Who is early is credited from the start, who is late from the arrival."""
    return max(arrived_at, activity.starts_at)


def credited_minutes(activity: Activity, arrived_at: datetime, left_at: datetime) -> int:
    """Whole minutes from the credited start to leaving or the end, whichever is first."""
    span = min(left_at, activity.ends_at) - credit_starts(activity, arrived_at)
    return max(0, int(span.total_seconds()) // 60)


def scheduled_minutes(activity: Activity) -> int:
    return int((activity.ends_at - activity.starts_at).total_seconds()) // 60
