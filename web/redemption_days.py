"""The weekly redemption day: what everybody reads of it, and where an admin decides on it."""

from __future__ import annotations

from functools import partial
from typing import Any

from flask import Blueprint, render_template, url_for

from api.auth import current_actor
from api.schemas.redemption_days import RedemptionDayChangeRequestSchema, RedemptionDayRequestSchema
from ledger.core import clock
from ledger.core.permissions import require
from ledger.core.tenancy import Actor
from ledger.people import redemption_days
from ledger.people.redemption_days import WeeklyDay
from ledger.rewards import week_figures
from ledger.service import redemption_eve
from web.acting import own_balance
from web.forms import send
from web.words import VENUES, WEEKDAYS

page = Blueprint("redemption_days", __name__)

WEEKS = 8
EMPTY: dict[str, Any] = {"values": {}, "errors": {}, "refusal": None, "wrong": None}


@page.get("/c/<id:community_id>/redemption-day")
def show() -> Any:
    """The next day, where and when, what I can spend, and what the last weeks brought."""
    actor = current_actor()
    ahead = redemption_days.see_calendar(actor).ahead
    is_member = actor.member_id is not None
    return render_template(
        "redemption_days/show.html",
        ahead=ahead,
        balance=own_balance() if is_member else None,
        fresh=redemption_eve.fresh_of(actor, ahead[0]) if is_member and ahead else 0,
        weeks=week_figures.see_weeks(actor, week_figures.last_weeks(WEEKS)),
    )


@page.get("/c/<id:community_id>/redemption-days")
def show_rules() -> Any:
    """What is decided, and the forms to decide anew."""
    return _rules(current_actor())


def _rules(actor: Actor, **again: Any) -> str:
    require(actor, redemption_days.MANAGE)
    decided = redemption_days.see_calendar(actor)
    today = clock.today()
    return render_template(
        "redemption_days/rules.html",
        versions=decided.versions,
        counting=next((one.id for one in decided.versions if one.starts_on <= today), None),
        changes=decided.changes,
        ahead=decided.ahead,
        weekdays=list(enumerate(WEEKDAYS, start=1)),
        venues=VENUES.items(),
        today=today,
        **(EMPTY | again),
    )


@page.post("/c/<id:community_id>/redemption-days")
def decide() -> Any:
    """Decided from a day on."""
    actor = current_actor()
    return send(
        RedemptionDayRequestSchema(),
        lambda values: redemption_days.set_weekly_day(actor, WeeklyDay(**values)).id,
        to=lambda _: url_for(".show_rules"),
        again=partial(_rules, actor, wrong="weekly"),
    )


@page.post("/c/<id:community_id>/redemption-days/changes")
def change() -> Any:
    """One day is moved or called off."""
    actor = current_actor()
    return send(
        RedemptionDayChangeRequestSchema(),
        lambda values: redemption_days.change_day(actor, **values).id,
        to=lambda _: url_for(".show_rules"),
        again=partial(_rules, actor, wrong="change"),
    )
