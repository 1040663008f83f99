"""A volunteer's home."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, redirect, render_template, url_for
from flask_babel import gettext

from api.auth import current_actor
from ledger.book import expiry, reversal_reading
from ledger.book.cohorts import Expiring
from ledger.core import clock
from ledger.core.errors import Forbidden
from ledger.core.tenancy import Actor
from ledger.people import inbox, redemption_days
from ledger.rewards import receipts
from ledger.rewards.models import RedemptionState
from ledger.service import activities, feedback_reading, mine, queue
from ledger.service.activities import ActivityView
from ledger.service.models import ActivityKind, ActivityState, CheckinState
from ledger.service.queue import CheckinView
from web import checkins, navigation, office, redemptions, reversals
from web.acting import describe, own_balance, own_member
from web.formats import calendar_day, flowers

page = Blueprint("home", __name__)

LATEST = 6
AHEAD = timedelta(days=7)
LATELY = timedelta(days=7)
MOST_AHEAD = 4


@page.get("/c/<id:community_id>/")
def show() -> Any:
    """Balance, hours, what is expected, what happened. Whoever is no member is led to their desk."""
    if current_actor().member_id is None:
        return redirect(_desk())
    actor = own_member()
    return render_template("home.html", **_wallet(actor), **_what_waits(actor), **_what_happened(actor))


def _desk() -> str:
    rooms = navigation.entries(describe(current_actor())["desk"])
    if not rooms:
        raise Forbidden
    return url_for(rooms[0].endpoint)


def _wallet(actor: Actor) -> dict[str, Any]:
    balance = own_balance()
    return {
        "balance": balance,
        "pending_points": mine.pending_points(actor),
        "flowers": mine.newest_card(actor),
        "notices": [*_expiring_soon(balance.expiring), *_corrected_lately(actor)],
        "expiring": balance.expiring,
    }


def _expiring_soon(expiring: Sequence[Expiring]) -> list[dict[str, Any]]:
    """What is lost if nothing is done: points whose last day is near."""
    soon = clock.today() + timedelta(days=expiry.NOTICE_DAYS)
    return [
        {
            "kind": "wait",
            "sentence": gettext("%(points)s快到期了", points=flowers(one.points)),
            "next_step": gettext("能用到 %(day)s，兑换时先用它们。", day=calendar_day(one.expires_on)),
        }
        for one in expiring
        if one.expires_on <= soon
    ]


def _corrected_lately(actor: Actor) -> list[dict[str, str]]:
    """What the community took back in these days, and why."""
    since = clock.now() - LATELY
    rows = [row for row in reversal_reading.reversals_of_member(actor, limit=LATEST) if _decided(row) > since]
    return [{"kind": "info", "sentence": reversals.in_one_line(row), "next_step": row[0].reason} for row in rows]


def _decided(row: reversal_reading.Seen) -> datetime:
    assert row[0].decided_at is not None, "a member sees only what was posted"
    return row[0].decided_at


def _what_waits(actor: Actor) -> dict[str, Any]:
    """What the member should do now: confirm, check out, look at a service that is stuck, come to an activity."""
    reserved = receipts.list_redemptions(actor, status=RedemptionState.RESERVED, mine=True, limit=1)
    here = mine.open_visit(actor)
    return {
        "waiting_redemption": redemptions.shown(reserved[0]) if reserved else None,
        "open_checkin": here
        and {
            "site_code": mine.site_code_of(here),
            "title": here.activity.name,
            "arrived_at": here.checkin.arrived_at,
        },
        "stuck": _stuck(actor),
        "activities": _soon(actor),
        "desk_waits": sum(pile.count for pile in office.waiting_for(actor)) if actor.grants else 0,
        "unread": inbox.count_unread(actor, community_id=actor.tenant),
        "feedback": _feedback(actor),
        "redemption_day": redemption_days.next_day(redemption_days.calendar_of(actor.tenant), at=clock.now()),
    }


def _feedback(actor: Actor) -> dict[str, Any] | None:
    """Of how many parts the member gives feedback, and of which none is given today; None for who holds no post."""
    parts = feedback_reading.holds_posts(actor)
    given = feedback_reading.today_of(actor) if parts else {}
    missing = [one for one in parts if one.id not in given]
    return {"parts": len(parts), "missing": missing, "today": clock.today()} if parts else None


def _stuck(actor: Actor) -> dict[str, Any] | None:
    """The newest service that was sent back, or that waits for its stamp longer than it should."""
    returned = queue.list_checkins(actor, status=CheckinState.RETURNED, member_id=actor.member_id, limit=1)
    recent = [view for view in returned if clock.now() - view.checkin.received_at < timedelta(days=30)]
    waiting = queue.list_checkins(actor, status=CheckinState.PENDING, member_id=actor.member_id, limit=20)
    stuck = recent or [view for view in waiting if view.expected_by and view.expected_by < clock.now()]
    return _told(stuck[0]) if stuck else None


def _told(view: CheckinView) -> dict[str, Any]:
    why = checkins.why_not_stamped(view) or {"sentence": "", "next_step": ""}
    return {
        "title": view.activity.name,
        "reason": why["sentence"],
        "next_step": why["next_step"],
        "href": url_for("web.checkins.show", checkin_id=view.checkin.id),
    }


def _soon(actor: Actor) -> list[dict[str, Any]]:
    now = clock.now()
    found = activities.list_activities(actor, since=now, until=now + AHEAD, limit=200)
    once = [view for view in found if view.activity.kind is ActivityKind.SINGLE]
    planned = [view for view in once if view.activity.state == ActivityState.PLANNED]
    soon = sorted(planned, key=_start)[:MOST_AHEAD]
    points = mine.planned_points([view.activity for view in soon])
    names = ("id", "name", "place", "starts_at", "ends_at")
    return [
        {name: getattr(view.activity, name) for name in names}
        | {"points": points[view.activity.id], "scans": activities.is_recorded_now(actor, view)}
        for view in soon
    ]


def _start(view: ActivityView) -> datetime:
    return view.activity.starts_at


def _what_happened(actor: Actor) -> dict[str, Any]:
    """The latest services, redemptions and corrections together, newest first."""
    served = checkins.entries(queue.list_checkins(actor, member_id=actor.member_id, limit=LATEST))
    bought = redemptions.entries(receipts.list_redemptions(actor, mine=True, limit=LATEST))
    corrected = reversals.entries(reversal_reading.reversals_of_member(actor, limit=LATEST))
    return {"log": sorted([*served, *bought, *corrected], key=lambda entry: entry["at"], reverse=True)[:LATEST]}
