"""The calendar as a file (RFC 5545), for whoever is signed in and for a phone that subscribes with a secret address."""

from __future__ import annotations

from typing import Any

from flask import Response, g
from marshmallow import EXCLUDE

from api.addresses import feed_address, public_root
from api.auth import current_actor, public
from api.documents import resource
from api.schemas.calendars import CalendarFileQuery, FeedRequestSchema, FeedSchema
from api.writing import writes
from ledger.core.tenancy import Actor
from ledger.service import calendars, icalendars

blp = resource("calendar", "The calendar of activities, for other programs.")
feeds = resource("calendar-feeds", "Secret addresses with which phones subscribe to the calendar.")

FILE = {"type": "string", "format": "binary"}


@blp.get("/activities/calendar.ics")
@blp.arguments(CalendarFileQuery, location="query")
@blp.response(200, FILE, content_type=icalendars.MEDIA_TYPE)
def get_calendar(asked: dict[str, Any]) -> Response:
    """What is on, a month back and a year ahead, as iCalendar."""
    return _as_file(current_actor(), is_mine=asked["mine"])


@feeds.post("/calendar-feeds")
@feeds.arguments(FeedRequestSchema)
@feeds.response(201, FeedSchema)
@writes(FeedSchema, status=201)
def post_feed(asked: dict[str, Any]) -> dict[str, Any]:
    """Make a secret address of the calendar that a phone can subscribe to; it reads nothing else."""
    actor = current_actor()
    secret, made = calendars.open_feed(actor, asked["name"])
    return {"id": made.id, "url": feed_address(actor.tenant, secret), "expires_at": made.expires_at}


@feeds.get("/calendar-feeds/<secret>.ics")
@public
@feeds.arguments(CalendarFileQuery(unknown=EXCLUDE), location="query")  # Phones add questions of their own.
@feeds.response(200, FILE, content_type=icalendars.MEDIA_TYPE)
def get_feed(asked: dict[str, Any], secret: str) -> Response:
    """The calendar of whoever made this address."""
    return _as_file(calendars.reader_of(g.community_id, secret), is_mine=asked["mine"])


def _as_file(actor: Actor, *, is_mine: bool) -> Response:
    """The reader's calendar; kept by nobody on the way."""
    content = icalendars.calendar_of(actor, root=public_root(), is_mine=is_mine)
    return Response(content, content_type=icalendars.MEDIA_TYPE, headers={"Cache-Control": "no-store"})
