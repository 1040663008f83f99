"""The street office: its communities side by side."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from flask import Blueprint, render_template
from flask_babel import gettext
from flask_babel import lazy_gettext as _

from api.auth import current_actor
from api.schemas.board import StreetQuery
from ledger.core import clock
from ledger.core.spreadsheets import Cell
from ledger.recognition import contents, streets
from ledger.recognition.streets import TREND_MONTHS, Beside
from web import formats
from web.charts import Point, line
from web.forms import ask
from web.sheets import Sheet, as_files
from web.state_words import SUMMARY

page = Blueprint("street", __name__)

COLUMNS = (
    ("people", _("服务的人"), formats.number), ("visits", _("人次"), formats.number),
    ("minutes", _("服务时长"), formats.hours), ("awarded", _("发出的红花"), formats.number),
    ("redeemed", _("兑换的红花"), formats.number), ("brought_fen", _("兑换给商户带来"), formats.yuan),
    ("settled_fen", _("付给商户的结算款"), formats.yuan),
)  # fmt: skip


@page.get("/c/<id:community_id>/street")
def show() -> Any:
    """A month of each community of the street, and the trend of the months that were signed off."""
    month = _month()
    found = streets.side_by_side(current_actor(), month)
    return render_template(
        "street/show.html",
        month=month,
        columns=[(name, words, said) for name, words, said in COLUMNS],
        communities=[{"one": beside, "status": beside.status, "picture": _trend(month, beside)} for beside in found],
        asked={"month": f"{month:%Y-%m}"},
    )


def _month() -> date:
    asked = ask(StreetQuery())["month"]
    return (asked or clock.today()).replace(day=1)


def _trend(month: date, beside: Beside) -> Any:
    months = [month]
    while len(months) < TREND_MONTHS:
        months.append(contents.month_before(months[-1]))
    points = [
        Point(f"{one:%m}", minutes, formats.hours(minutes) if minutes is not None else gettext("没有签发"))
        for one, minutes in zip(reversed(months), beside.trend, strict=True)
    ]
    return line(points, gettext("每个月的服务时长"))


@as_files(page, "/c/<id:community_id>/street")
def _sheet() -> Sheet:
    month = _month()
    rows: list[list[Cell]] = [
        [
            beside.name,
            f"{month:%Y-%m}",
            str(SUMMARY[beside.status].text),
            *(_cell(name, beside.totals[name]) for name, _words, _said in COLUMNS),
        ]
        for beside in streets.side_by_side(current_actor(), month)
    ]
    headings = [gettext("社区"), gettext("月份"), gettext("状态"), *(str(words) for _, words, _said in COLUMNS)]
    return Sheet(headings, rows)


def _cell(name: str, value: int) -> Cell:
    return Decimal(value) / 100 if name.endswith("_fen") else value
