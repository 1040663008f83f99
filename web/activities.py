"""Activities, their posters, and the code on the screen at the place."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, request, url_for
from flask_babel import gettext as _
from marshmallow import fields, validate

from api.addresses import public_root
from api.auth import current_actor
from api.schemas.activities import ActivityCancelSchema, ActivityChangeSchema, ActivityEndSchema, ActivityRequestSchema
from api.schemas.fields import Id, PageQuery, Sort
from ledger.core import clock
from ledger.core.errors import Refused
from ledger.core.permissions import may, reach, reaches_all_by_name, require, require_any
from ledger.core.tenancy import Actor
from ledger.people import members, units
from ledger.people.models import PlaceUnit, UnitKind
from ledger.service import activities, changing, codes, days, planning, programmes, series, sign_ups, standing
from ledger.service.activities import ActivityOrder, ActivityView
from ledger.service.evidence import grace_ends
from ledger.service.models import Activity, ActivityKind, ActivityState, SignUp
from ledger.service.series import Every
from web.errors import refusal
from web.formats import time_of_day
from web.forms import ask, read, send
from web.last_time import as_last_time
from web.qr import qr_svg
from web.words import UNIT_KINDS, WEEKDAYS

page = Blueprint("activities", __name__)

MOST = 200
"""Programmes and units that a form offers."""

MOST_POSTERS = 50
"""Sheets of one print."""


class ActivityListQuery(PageQuery):
    """The filters of the list, as its address carries them."""

    when = fields.String(load_default=None, validate=validate.OneOf(("coming", "past")))
    unit_id = Id(load_default=None)
    sort = Sort(ActivityOrder.NEWEST)


@page.get("/c/<id:community_id>/activities")
@as_last_time(ActivityListQuery)
def list_all() -> Any:
    """Coming and past activities."""
    actor, asked, now = current_actor(), ask(ActivityListQuery()), clock.now()
    require_any(actor, "manage_activities")
    rows = activities.list_activities(
        actor,
        since=now if asked["when"] == "coming" else None,
        until=now if asked["when"] == "past" else None,
        unit_id=asked["unit_id"],
        order=asked["sort"],
        after=asked["cursor"],
        limit=asked["limit"] + 1,
    )
    return _listed(actor, rows, asked)


def _listed(actor: Actor, rows: list[ActivityView], asked: dict[str, Any]) -> str:
    limit = asked["limit"]
    shown = rows[:limit]
    visits = activities.count_visits(actor.tenant, [row.activity.id for row in shown])
    return render_template(
        "activities/list.html",
        activities=[_shown(row) | {"checkins": visits.get(row.activity.id, 0)} for row in shown],
        units=_places(actor, UnitKind.COMPOUND, UnitKind.GRID),
        whens=[("coming", _("还没结束的")), ("past", _("已经开始的"))],
        asked=request.args,
        sort=asked["sort"],
        next_cursor=shown[-1].activity.id.hex if len(rows) > limit else None,
    )


def _shown(view: ActivityView) -> dict[str, Any]:
    return {
        "id": view.activity.id.hex,
        "name": view.activity.name,
        "programme": view.programme.name,
        "unit": view.unit.name,
        "place": view.activity.place,
        "instructions": view.activity.instructions,
        "capacity": view.activity.capacity,
        "starts_at": view.activity.starts_at,
        "ends_at": view.activity.ends_at,
        "state": view.activity.state,
        "cancelled_at": view.activity.cancelled_at,
        "cancel_reason": view.activity.cancel_reason,
        "is_mine": view.is_mine_to_manage,
        "kind": view.activity.kind,
        "hours": _hours(view),
        "series_id": view.activity.series_id,
        "until": view.activity.until,
    }


def _hours(view: ActivityView) -> str:
    """The hours of a standing activity; empty for one that is once."""
    activity = view.activity
    if activity.opens_minute is None or activity.closes_minute is None:
        return ""
    return f"{time_of_day(activity.opens_minute)}–{time_of_day(activity.closes_minute)}"


def _places(actor: Actor, *kinds: UnitKind) -> list[tuple[str, str]]:
    """Units of these kinds (of all place kinds when none is named) that a form or filter offers."""
    wanted = kinds or (UnitKind.COMMUNITY, UnitKind.COMPOUND, UnitKind.GRID, UnitKind.MICRO_GRID)
    return [(unit.id.hex, _named(unit)) for unit in units.tree_of(actor.tenant) if unit.kind in wanted][:MOST]


def _named(unit: PlaceUnit) -> str:
    return f"{UNIT_KINDS[unit.kind]} {unit.name}"


@page.get("/c/<id:community_id>/activities/new")
def show_new() -> Any:
    """The form of a new activity."""
    actor = current_actor()
    require_any(actor, "manage_activities")
    return _new(actor)


def _new(actor: Actor, **again: Any) -> str:
    running = [one for one in programmes.list_programmes(actor, limit=MOST) if one.programme.ended_at is None]
    held = [grant.unit_path for grant in actor.grants if grant.role in reach(actor, "manage_activities")]
    everywhere = reaches_all_by_name(reach(actor, "manage_activities"))
    kinds = (UnitKind.COMMUNITY, UnitKind.COMPOUND, UnitKind.GRID, UnitKind.MICRO_GRID)
    mine = [
        unit
        for unit in units.tree_of(actor.tenant)
        if unit.kind in kinds and (everywhere or unit.path.startswith(tuple(held)))
    ]
    return render_template(
        "activities/new.html",
        programmes=[(one.programme.id.hex, one.programme.name) for one in running],
        units=[(unit.id.hex, _named(unit)) for unit in mine],
        weekdays=[(str(number), word) for number, word in enumerate(WEEKDAYS, start=1)],
        weekdays_chosen=request.form.getlist("weekdays"),
        **({"values": {}, "errors": {}, "refusal": None, "dates": []} | again),
    )


@page.post("/c/<id:community_id>/activities")
def create() -> Any:
    """A new activity with its poster, or the form again with its errors."""
    actor = current_actor()
    require_any(actor, "manage_activities")
    schema, known = ActivityRequestSchema(exclude=("position",)), _repeats_asked()
    shown = _dates_to_show(read(schema, **known)[0])
    if shown is not None:
        return _new(actor, values=request.form, **shown), 200 if "dates" in shown else 409
    return send(
        schema,
        lambda values: planning.plan_as_asked(actor, **values).id,
        to=lambda activity_id: url_for(".show_poster", activity_id=activity_id),
        again=lambda **again: _new(actor, **again),
        known=known,
    )


def _repeats_asked() -> dict[str, Any]:
    """What the form says of more dates, as the schema reads it; nothing for an activity that is once or every day."""
    typed = request.form
    if typed.get("every", "once") == "once" or typed.get("kind") == ActivityKind.STANDING:
        return {}
    asked: dict[str, Any] = {"every": typed["every"], "until": typed.get("until", "")}
    if typed["every"] == Every.WEEK:
        asked["weekdays"] = [int(one) for one in typed.getlist("weekdays") if one in "1234567"]
    return {"repeats": asked}


def _dates_to_show(values: dict[str, Any]) -> dict[str, Any] | None:
    """The dates of a series that nobody has looked at yet; None when there is nothing to look at."""
    if not values or values["repeats"] is None:
        return None
    try:
        dates = [plan.starts_at for plan in series.plans_of(values["plan"], values["repeats"])]
    except Refused as reason:
        return {"refusal": refusal(reason)}
    seen = ",".join(f"{clock.local_day(one)}" for one in dates)
    return None if request.form.get("seen") == seen else {"dates": dates, "seen": seen}


@page.get("/c/<id:community_id>/activities/<id:activity_id>")
def show(activity_id: UUID) -> Any:
    """One activity: its poster, the code for a screen, its visits, and the way to cancel it."""
    return _one(activity_id)


def _one(activity_id: UUID, **again: Any) -> str:
    actor = current_actor()
    require_any(actor, "see_programmes")
    view = activities.see_activity(actor, activity_id)
    visits = activities.count_visits(actor.tenant, [activity_id]).get(activity_id, 0)
    return render_template(
        "activities/show.html",
        activity=_shown(view),
        visits=visits,
        may_cancel=view.is_mine_to_manage
        and view.activity.state == ActivityState.PLANNED
        and view.activity.kind is not ActivityKind.STANDING,
        may_end=view.is_mine_to_manage and view.activity.kind is ActivityKind.STANDING and view.activity.until is None,
        may_see_plates=view.activity.kind is ActivityKind.STANDING
        and may(actor, "see_plates", unit_path=view.unit.path),
        may_change=view.is_mine_to_manage and _is_ahead(view.activity),
        unusual=days.changed_days(view.activity) if view.activity.kind is ActivityKind.STANDING else [],
        dates=_dates_of(actor, view),
        sign_up=_sign_up(actor, view),
        crowd=_crowd(actor, view),
        **({"values": {}, "errors": {}, "refusal": None, "wrong": ""} | again),
    )


def _is_ahead(activity: Activity) -> bool:
    return activity.state == ActivityState.PLANNED and activity.ends_at > clock.now()


def _dates_of(actor: Actor, view: ActivityView) -> list[dict[str, Any]]:
    """The dates of the series, in order of time."""
    if view.activity.series_id is None:
        return []
    found = activities.list_activities(actor, series_id=view.activity.series_id, limit=series.MOST_DATES)
    return sorted(map(_shown, found), key=lambda one: one["starts_at"])


def _sign_up(actor: Actor, view: ActivityView) -> dict[str, Any]:
    """Places, the line, and what the visitor can do about their own."""
    activity, found = view.activity, sign_ups.standing_of(actor, view.activity)
    is_open = activity.state == ActivityState.PLANNED and activity.ends_at > clock.now()
    is_open = is_open and activity.kind is ActivityKind.SINGLE
    return {
        "placed": found.placed,
        "waiting": found.waiting,
        "left": None if activity.capacity is None else max(0, activity.capacity - found.placed),
        "own": found.own,
        "place_in_line": found.own_place_in_line,
        "may": is_open and actor.member_id is not None,
    }


def _crowd(actor: Actor, view: ActivityView) -> list[dict[str, Any]]:
    """Who comes and who waits, for whoever manages the activity."""
    if not view.is_mine_to_manage:
        return []
    rows = [one for one in sign_ups.list_sign_ups(actor, view.activity.id, limit=MOST) if one.state in sign_ups.LIVE]
    known = members.describe_members(actor.tenant, [one.member_id for one in rows])
    names = members.shown_names(actor, list(known.values()))
    return [{"name": names[one.member_id], "state": one.state, "asked_at": one.asked_at} for one in rows]


@page.post("/c/<id:community_id>/activities/<id:activity_id>/sign-up")
def sign_up(activity_id: UUID) -> Any:
    """A place, or the end of the line."""
    actor = current_actor()
    return send(
        None,
        lambda _values: sign_ups.sign_up(actor, activity_id).activity_id,
        to=lambda done: url_for(".show", activity_id=done),
        again=lambda **again: _one(activity_id, **again),
    )


@page.post("/c/<id:community_id>/activities/<id:activity_id>/sign-ups/<id:sign_up_id>/confirm")
def confirm_sign_up(activity_id: UUID, sign_up_id: UUID) -> Any:
    """The place that is kept is taken."""
    return _step(activity_id, sign_up_id, sign_ups.confirm)


@page.post("/c/<id:community_id>/activities/<id:activity_id>/sign-ups/<id:sign_up_id>/cancel")
def cancel_sign_up(activity_id: UUID, sign_up_id: UUID) -> Any:
    """The place, or the place in the line, is given back."""
    return _step(activity_id, sign_up_id, sign_ups.cancel)


def _step(activity_id: UUID, sign_up_id: UUID, step: Callable[[Actor, UUID], SignUp]) -> Any:
    actor = current_actor()
    return send(
        None,
        lambda _values: step(actor, sign_up_id).activity_id,
        to=lambda done: url_for(".show", activity_id=done),
        again=lambda **again: _one(activity_id, **again),
    )


@page.post("/c/<id:community_id>/activities/<id:activity_id>/cancel")
def cancel(activity_id: UUID) -> Any:
    """It does not take place, and those who were to come are told why; of a standing one a day."""
    actor = current_actor()
    return send(
        ActivityCancelSchema(),
        lambda values: planning.cancel_as_asked(actor, activity_id, **values).id,
        to=lambda done: url_for(".show", activity_id=done),
        again=lambda **again: _one(activity_id, wrong="day" if "day" in request.form else "", **again),
    )


@page.post("/c/<id:community_id>/activities/<id:activity_id>/change")
def change(activity_id: UUID) -> Any:
    """This one, or a day of a standing one, is different."""
    actor = current_actor()
    return send(
        ActivityChangeSchema(),
        lambda values: changing.change_activity(actor, activity_id, **values).id,
        to=lambda done: url_for(".show", activity_id=done),
        again=lambda **again: _one(activity_id, wrong="change", **again),
    )


@page.post("/c/<id:community_id>/activities/<id:activity_id>/end")
def end(activity_id: UUID) -> Any:
    """The standing service stops from tomorrow on."""
    actor = current_actor()
    return send(
        ActivityEndSchema(),
        lambda values: standing.end_standing(actor, activity_id, **values).id,
        to=lambda done: url_for(".show", activity_id=done),
        again=lambda **again: _one(activity_id, **again),
    )


@page.get("/c/<id:community_id>/activities/<id:activity_id>/poster")
def show_poster(activity_id: UUID) -> Any:
    """An A4 page to print."""
    actor = current_actor()
    view = activities.see_activity(actor, activity_id)
    return render_template("activities/poster.html", sheets=[_sheet(actor, view)])


@page.get("/c/<id:community_id>/activities/posters")
def show_posters() -> Any:
    """The posters of the ticked activities, a page each; none ticked, of all that are not over and that I manage."""
    actor, ticked = current_actor(), request.args.getlist("activity_id")[:MOST_POSTERS]
    require_any(actor, "manage_activities")
    if ticked:
        views = [activities.see_activity(actor, Id().deserialize(one)) for one in ticked]
    else:
        order = ActivityOrder.EARLIEST
        coming = activities.list_activities(actor, since=clock.now(), order=order, limit=MOST_POSTERS)
        views = [one for one in coming if one.is_mine_to_manage and one.activity.state == ActivityState.PLANNED]
    return render_template("activities/poster.html", sheets=[_sheet(actor, view) for view in views])


def _sheet(actor: Actor, view: ActivityView) -> dict[str, Any]:
    """The poster of an activity, for whoever manages it. Raises Forbidden."""
    address = f"{public_root()}/q/{activities.poster_code_of(actor, view.activity.id)}"
    qr = qr_svg(address, _("签到二维码：%(name)s", name=view.activity.name))
    return {"activity": _shown(view), "qr": qr, "address": address}


@page.get("/c/<id:community_id>/activities/<id:activity_id>/live")
def show_live_code(activity_id: UUID) -> Any:
    """The changing code for a screen at the place; the page renews itself, and says when it is over."""
    actor = current_actor()
    view = activities.see_activity(actor, activity_id)
    require(actor, "manage_activities", unit_path=view.unit.path)
    ended = _why_no_code(view.activity)
    if ended:
        return render_template("activities/live.html", activity=_shown(view), ended=ended)
    live = codes.live_code_now(actor, activity_id)
    qr = qr_svg(f"{public_root()}/q/{live.code}", _("签到二维码：%(name)s", name=view.activity.name))
    wait = max(1, math.ceil((live.expires_at - clock.now()).total_seconds()))
    return render_template("activities/live.html", activity=_shown(view), ended="", qr=qr, live=live, wait=wait)


def _why_no_code(activity: Activity) -> str:
    """ "cancelled", or "over" once nobody checks out here any more; empty while the screen shows a code."""
    if activity.state == ActivityState.CANCELLED:
        return "cancelled"
    return "over" if clock.now() > grace_ends(activity) else ""
