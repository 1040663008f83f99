"""My year: hours, visits, flowers and what they became, stars, and a card to share."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, render_template, request, url_for
from flask_babel import gettext as _

from ledger.core import clock
from ledger.core.errors import NotFound
from ledger.recognition import years
from ledger.recognition.stars import HOURS
from ledger.recognition.years import Year
from web import formats, share_cards
from web.acting import asked_for, own_member
from web.charts import Point, line

page = Blueprint("years", __name__)

FIRST = 2020
"""No community is older."""


@page.get("/c/<id:community_id>/my/year")
def show() -> Any:
    """A year of mine, this one unless asked; with `?for=` of whom I help."""
    helped = asked_for()
    query: dict[str, Any] = {"for": helped.hex} if helped else {}
    year = _year()
    last = clock.today().month if year.year == clock.today().year else 12
    points = [
        Point(_("%(month)s月", month=number), minutes, formats.hours(minutes))
        for number, minutes in enumerate(year.months[:last], start=1)
    ]
    return render_template(
        "years/show.html",
        year=year,
        helped=helped,
        picture=line(points, _("每个月的服务时长")),
        next_star=HOURS[year.stars.earned] if year.stars.next_at_minutes is not None else None,
        earlier=year.year - 1 if year.year > FIRST else None,
        later=year.year + 1 if year.year < clock.today().year else None,
        query=query,
        card=url_for(".draw_card", year=year.year, **query),
    )


@page.get("/c/<id:community_id>/my/year.png")
def draw_card() -> Any:
    """The card as a picture; the name is masked unless `?named=1`."""
    year = _year()
    name = year.name if request.args.get("named") == "1" else year.masked_name
    headers = {"Content-Disposition": f'inline; filename="red-flower-{year.year}.png"', "Cache-Control": "no-store"}
    return Response(share_cards.draw(year, name), content_type="image/png", headers=headers)


def _year() -> Year:
    actor, helped = own_member(), asked_for()
    member_id = helped or actor.member_id
    assert member_id is not None, "own_member refuses whoever is none"
    asked = request.args.get("year", "")
    if asked and not (asked.isascii() and asked.isdigit() and FIRST <= int(asked[:5]) <= clock.today().year):
        raise NotFound
    return years.see_year(actor, member_id, int(asked) if asked else clock.today().year)
