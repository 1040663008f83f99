"""The month's calendar of activities, as a file, and as an address that a phone subscribes to."""

from __future__ import annotations

import calendar
from datetime import date, timedelta
from typing import Any

from flask import Blueprint, Response, render_template, request
from marshmallow import fields

from api.addresses import feed_address, public_root
from api.auth import current_actor
from api.schemas.calendars import FeedRequestSchema
from api.schemas.fields import Id, Month, Schema
from ledger.core import clock
from ledger.core.tenancy import Actor
from ledger.people import units
from ledger.people.models import UnitKind
from ledger.service import calendars, icalendars, programmes
from ledger.service.calendars import Entry
from web.forms import ask, mint, read

page = Blueprint("calendar", __name__)

MOST = 200


class CalendarQuery(Schema):
    """The filters of the page, as its address carries them."""

    month = Month(load_default=None)
    unit_id = Id(load_default=None)
    programme_id = Id(load_default=None)
    mine = fields.Boolean(load_default=False)


@page.get("/c/<id:community_id>/calendar")
def show() -> Any:
    """What is on in the month, day by day; the standing services above."""
    return _month()


def _month(**again: Any) -> str:
    actor, asked = current_actor(), ask(CalendarQuery())
    month = (asked["month"] or clock.today()).replace(day=1)
    since, until = clock.month_bounds(month)
    entries = calendars.entries_between(
        actor, since, until, unit_id=asked["unit_id"], programme_id=asked["programme_id"]
    )
    return render_template(
        "calendar/show.html",
        month=month,
        today=clock.today(),
        before=(month - timedelta(days=1)).strftime("%Y-%m"),
        after=(month + timedelta(days=32)).strftime("%Y-%m"),
        days=_by_day(month, [entry for entry in entries if not calendars.is_standing(entry)]),
        standing=[entry.activity for entry in entries if calendars.is_standing(entry)],
        units=[(unit.id.hex, unit.name) for unit in units.tree_of(actor.tenant) if unit.kind in _FILTERS],
        programmes=[
            (one.programme.id.hex, one.programme.name) for one in programmes.list_programmes(actor, limit=MOST)
        ],
        asked=request.args,
        **({"values": {}, "errors": {}, "refusal": None, "address": ""} | again),
    )


_FILTERS = (UnitKind.COMPOUND, UnitKind.GRID, UnitKind.MICRO_GRID)


def _by_day(month: date, entries: list[Entry]) -> list[tuple[date, list[Entry]]]:
    """Every day of the month with what is on; what lasts over midnight stands on its first day."""
    last = month.replace(day=calendar.monthrange(month.year, month.month)[1])
    found: dict[date, list[Entry]] = {month.replace(day=number): [] for number in range(1, last.day + 1)}
    for entry in entries:
        found[min(max(clock.local_day(entry.activity.starts_at), month), last)].append(entry)
    return list(found.items())


@page.get("/c/<id:community_id>/calendar.ics")
def download() -> Any:
    """The same as a file for another calendar."""
    content = icalendars.calendar_of(current_actor(), root=public_root(), is_mine=ask(CalendarQuery())["mine"])
    return Response(content, content_type=icalendars.MEDIA_TYPE, headers={"Cache-Control": "no-store"})


@page.post("/c/<id:community_id>/calendar/feed")
def open_feed() -> Any:
    """A secret address for the phone's calendar, shown this once."""
    actor = current_actor()
    values, errors = read(FeedRequestSchema())
    if errors:
        return _month(values=request.form, errors=errors), 422
    made, outcome = mint(lambda: _address(actor, values["name"]))
    return _month(address=made or "", refusal=outcome.refused), outcome.status


def _address(actor: Actor, name: str) -> str:
    secret, _ = calendars.open_feed(actor, name)
    return feed_address(actor.tenant, secret)
