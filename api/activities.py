"""Activities: planned, cancelled, found; their poster and the code on the screen."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response

from api import qr
from api.auth import current_actor
from api.documents import resource
from api.pages import page
from api.schemas.activities import (
    ActivityCancelSchema,
    ActivityChangeSchema,
    ActivityEndSchema,
    ActivityPageSchema,
    ActivityQuery,
    ActivityRequestSchema,
    ActivitySchema,
    LiveCodeSchema,
)
from api.writing import writes
from ledger.service import activities, changing, codes, planning, standing
from ledger.service.activities import ActivityView

blp = resource("activities", "Programmes at a place and time.")

PICTURE = {"type": "string", "format": "binary"}


@blp.get("/activities")
@blp.arguments(ActivityQuery, location="query")
@blp.response(200, ActivityPageSchema)
def list_activities(asked: dict[str, Any]) -> dict[str, Any]:
    """Activities by time and unit, newest first unless asked by their start."""
    limit, cursor, order = asked.pop("limit"), asked.pop("cursor"), asked.pop("sort")
    rows = activities.list_activities(current_actor(), **asked, order=order, after=cursor, limit=limit + 1)
    return page(rows, limit, key="activity.id")


@blp.post("/activities")
@blp.arguments(ActivityRequestSchema)
@blp.response(201, ActivitySchema)
@writes(ActivitySchema, status=201)
def post_activity(asked: dict[str, Any]) -> ActivityView:
    """Plan an activity, a series (the answer is its first), or a standing one; posters can be printed at once."""
    actor = current_actor()
    return activities.see_activity(actor, planning.plan_as_asked(actor, **asked).id)


@blp.get("/activities/<id:activity_id>")
@blp.response(200, ActivitySchema)
def get_activity(activity_id: UUID) -> ActivityView:
    """One activity."""
    return activities.see_activity(current_actor(), activity_id)


@blp.post("/activities/<id:activity_id>/cancel")
@blp.arguments(ActivityCancelSchema)
@blp.response(200, ActivitySchema)
@writes(ActivitySchema)
def post_cancel(asked: dict[str, Any], activity_id: UUID) -> ActivityView:
    """Cancel an activity nobody served at; with `later` the later dates of its series, with `day` a standing one's."""
    actor = current_actor()
    return activities.see_activity(actor, planning.cancel_as_asked(actor, activity_id, **asked).id)


@blp.post("/activities/<id:activity_id>/change")
@blp.arguments(ActivityChangeSchema)
@blp.response(200, ActivitySchema)
@writes(ActivitySchema)
def post_change(asked: dict[str, Any], activity_id: UUID) -> ActivityView:
    """Other hours, place or places of one activity, one date of a series, or one day of a standing one."""
    actor = current_actor()
    return activities.see_activity(actor, changing.change_activity(actor, activity_id, **asked).id)


@blp.post("/activities/<id:activity_id>/end")
@blp.arguments(ActivityEndSchema)
@blp.response(200, ActivitySchema)
@writes(ActivitySchema)
def post_end(asked: dict[str, Any], activity_id: UUID) -> ActivityView:
    """End a standing activity: today is its last day."""
    actor = current_actor()
    standing.end_standing(actor, activity_id, reason=asked["reason"])
    return activities.see_activity(actor, activity_id)


@blp.get("/activities/<id:activity_id>/poster.svg")
@blp.response(200, PICTURE, content_type="image/svg+xml")
def get_poster_svg(activity_id: UUID) -> Response:
    """The QR of the activity's poster, as SVG."""
    return qr.svg(qr.site_url(activities.poster_code_of(current_actor(), activity_id)))


@blp.get("/activities/<id:activity_id>/poster.png")
@blp.response(200, PICTURE, content_type="image/png")
def get_poster_png(activity_id: UUID) -> Response:
    """The QR of the activity's poster, as PNG."""
    return qr.png(qr.site_url(activities.poster_code_of(current_actor(), activity_id)))


@blp.get("/activities/<id:activity_id>/live-code")
@blp.response(200, LiveCodeSchema)
def get_live_code(activity_id: UUID) -> dict[str, Any]:
    """The code for the screen at the place, now."""
    shown = codes.live_code_now(current_actor(), activity_id)
    return {"code": shown.code, "url": qr.site_url(shown.code), "expires_at": shown.expires_at}
