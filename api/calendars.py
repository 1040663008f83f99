"""The calendar as a file (RFC 5545), for whoever is signed in and for a phone that subscribes with a secret address."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response, g
from marshmallow import fields

from api import icalendars
from api.addresses import public_root
from api.auth import current_actor, public
from api.documents import resource
from api.schemas.fields import Id, Moment, Schema, Text
from api.writing import writes
from ledger.core.tenancy import Actor
from ledger.people.members import load_community
from ledger.service import calendars

blp = resource("calendar", "The calendar of activities, for other programs.")
feeds = resource("calendar-feeds", "Secret addresses with which phones subscribe to the calendar.")

FILE = {"type": "string", "format": "binary"}


class CalendarFileQuery(Schema):
    mine = fields.Boolean(load_default=False, metadata={"description": "Only activities that I have a place at."})


class FeedRequestSchema(Schema):
    name = Text(80, least=1, required=True, metadata={"example": "我的手机"})


class FeedSchema(Schema):
    id = Id(metadata={"description": "Revoke it with DELETE /me/tokens/{id}."})
    url = fields.String(metadata={"description": "Shown this once: subscribe to it in the phone's calendar."})
    expires_at = Moment()


@blp.get("/activities/calendar.ics")
@blp.arguments(CalendarFileQuery, location="query")
@blp.response(200, FILE, content_type=icalendars.MEDIA_TYPE)
def get_calendar(asked: dict[str, Any]) -> Response:
    """What is on, a month back and a year ahead, as iCalendar."""
    return as_file(current_actor(), is_mine=asked["mine"])


@feeds.post("/calendar-feeds")
@feeds.arguments(FeedRequestSchema)
@feeds.response(201, FeedSchema)
@writes(FeedSchema, status=201)
def post_feed(asked: dict[str, Any]) -> dict[str, Any]:
    """Make a secret address of the calendar that a phone can subscribe to; it reads nothing else."""
    actor = current_actor()
    secret, made = calendars.open_feed(actor, asked["name"])
    return {"id": made.id, "url": address_of(actor.tenant, secret), "expires_at": made.expires_at}


@feeds.get("/calendar-feeds/<secret>.ics")
@public
@feeds.arguments(CalendarFileQuery, location="query")
@feeds.response(200, FILE, content_type=icalendars.MEDIA_TYPE)
def get_feed(asked: dict[str, Any], secret: str) -> Response:
    """The calendar of whoever made this address."""
    return as_file(calendars.reader_of(g.community_id, secret), is_mine=asked["mine"])


def as_file(actor: Actor, *, is_mine: bool) -> Response:
    """The reader's calendar; kept by nobody on the way."""
    entries = calendars.entries_around_now(actor, is_mine=is_mine)
    content = icalendars.written(load_community(actor.tenant), entries, root=public_root())
    return Response(content, content_type=icalendars.MEDIA_TYPE, headers={"Cache-Control": "no-store"})


def address_of(community_id: UUID, secret: str) -> str:
    """The whole address that a phone subscribes to."""
    return f"{public_root()}/api/v1/communities/{community_id.hex}/calendar-feeds/{secret}.ics"
