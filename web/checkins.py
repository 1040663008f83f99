"""Checking in and out from a poster, and my own services."""

from __future__ import annotations

import secrets
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from api.auth import actor_or_none, current_actor, public
from api.pages import page as page_of
from api.schemas.checkins import CheckinQuery, CheckinRequestSchema
from api.schemas.fields import Month
from ledger.book import reversal_reading
from ledger.book.codes import Code
from ledger.core import clock
from ledger.core.errors import Invalid
from ledger.core.spreadsheets import Cell
from ledger.core.tenancy import Actor
from ledger.people import consents, helping, members
from ledger.people.list_exports import read_whole
from ledger.people.models import Purpose
from ledger.service import checkins, codes, desk, mine, objections, queue
from ledger.service.checkins import Kind
from ledger.service.codes import Scan
from ledger.service.errors import GrantExpired
from ledger.service.mine import Prospect
from ledger.service.models import CheckinState
from ledger.service.objections import ObjectionView
from ledger.service.queue import CheckinView
from web import formats, sign_in
from web.acting import act_for, asked_for, cursor, enter_with_code, own_member
from web.errors import refusal
from web.forms import ask, read, submit
from web.languages import CHINESE, language
from web.proofs import proofs_of
from web.sheets import Sheet, as_files, within_month
from web.sign_in import Step
from web.state_words import CHECKIN, EVIDENCE
from web.words import GRIEVANCES

page = Blueprint("checkins", __name__)

PAGE_SIZE = 50


# --- behind a poster --------------------------------------------------------------------------------------------


@page.get("/q/<site_code>")
@public
def show_site(site_code: str) -> Any:
    """What the poster stands for; records nothing."""
    return _show_scan(site_code, _read(site_code))


@page.post("/q/<site_code>")
@public
def record(site_code: str) -> Any:
    """Checked in or out; a signed-out visitor's phone and code come with the same form."""
    try:
        scan = codes.reopen_scan(request.form.get("grant", ""))
    except GrantExpired as reason:
        return _show_scan(site_code, _read(site_code), refused=refusal(reason), status=409)
    enter_with_code(scan.community.id)
    if actor_or_none() is not None:
        return _record(site_code, scan)
    step = sign_in.advance()
    if not step.token:
        return _show_scan(site_code, scan, step=step, status=step.status)
    enter_with_code(scan.community.id)
    return sign_in.keep_signed_in(_record(site_code, scan, has_just_come=True), step.token)


def _read(site_code: str) -> Scan:
    """A new grant for whoever opened the poster's address. Raises UnknownCode, LiveCodeExpired, ActivityCancelled."""
    return codes.read_scan(site_code.strip().upper(), nonce=secrets.token_urlsafe(12))


def _show_scan(
    site_code: str, scan: Scan, *, step: Step | None = None, refused: dict[str, str] | None = None, status: int = 200
) -> Response:
    """The page behind the poster for whoever looks at it; who is done here sees their service instead."""
    enter_with_code(scan.community.id)
    actor = actor_or_none()
    plate_id = scan.plate.id if scan.plate else None
    prospect = mine.look_ahead(actor, scan.activity, member_id=asked_for(), plate_id=plate_id)
    if prospect.here is not None and prospect.kind is None and not refused and not prospect.refusal:
        address = url_for("web.checkins.show", community_id=scan.community.id, checkin_id=prospect.here.id)
        return _response(redirect(address, 303), 303)
    asked = (step or Step("phone")).for_template() if actor is None else _for_actor(actor)
    shown = {
        "activity": _described(scan, prospect),
        "site_code": site_code,
        "grant": scan.grant,
        **_for_prospect(prospect),
    }
    refused_step = asked.pop("refusal", None)
    told = refused or refused_step or (prospect.refusal and refusal(prospect.refusal))
    return _response(render_template("checkins/scan.html", **shown, **asked, refusal=told), status)


def _for_actor(actor: Actor) -> dict[str, Any]:
    """Somebody who never consented is asked beside the button."""
    known = Purpose.SERVICE in consents.given_by(actor.person_id)
    helped = helping.helped_now(actor) if actor.member_id else []
    return {"purposes": [] if known else sign_in.PURPOSES, "must_consent": True, "helped": helped}


def _for_prospect(prospect: Prospect) -> dict[str, Any]:
    return {
        "kind": prospect.kind or "none",
        "open_checkin": prospect.here,
        "elsewhere": prospect.elsewhere.name if prospect.elsewhere else "",
    }


def _described(scan: Scan, prospect: Prospect) -> dict[str, Any]:
    activity = prospect.day
    names = ("id", "name", "place", "starts_at", "ends_at", "instructions")
    points = mine.planned_points([activity])[activity.id]
    plate = scan.plate.number if scan.plate else None
    return {name: getattr(activity, name) for name in names} | {"expected_points": points, "plate": plate}


def _response(body: Any, status: int) -> Response:
    response = body if isinstance(body, Response) else Response(body, mimetype="text/html")
    response.status_code = status
    return response


def _record(site_code: str, scan: Scan, *, has_just_come: bool = False) -> Response:
    """The check-in or check-out of the signed-in person, who joins with it if they are no member yet."""
    refused = _join(scan)
    if refused is not None:
        return _show_scan(site_code, scan, refused=refused, status=409)
    # Who has signed in just now pressed "check in" without knowing that they are checked in already.
    plate_id = scan.plate.id if scan.plate else None
    if has_just_come and mine.look_ahead(current_actor(), scan.activity, plate_id=plate_id).kind is not Kind.IN:
        return _show_scan(site_code, scan)
    known = {"activity_id": scan.activity.id.hex, "via": {"grant": scan.grant}}
    asked, errors = read(CheckinRequestSchema(), **known, **_on_behalf(), **_note())
    if errors:
        raise Invalid
    outcome = submit(lambda: checkins.record_checkin(current_actor(), **asked), _to_service(asked["kind"]))
    if outcome.refused:
        return _show_scan(site_code, scan, refused=outcome.refused, status=outcome.status)
    return outcome.go()


def _on_behalf() -> dict[str, str]:
    """The member for whom the page acts, as the request names them."""
    member_id = asked_for()
    return {"on_behalf_of": member_id.hex} if member_id else {}


def _note() -> dict[str, Any]:
    """The visit note of the form: the button that was pressed says what it was about."""
    if not request.form.get("category"):
        return {}
    return {"note": {name: request.form.get(name, "") for name in ("category", "need", "follow_up")}}


def _to_service(kind: Kind) -> Any:
    return lambda visit: url_for("web.checkins.show", checkin_id=visit.id, fresh=kind.value)


def _join(scan: Scan) -> dict[str, str] | None:
    """The person is a consenting member afterwards; else the refusal."""
    actor = current_actor()
    if actor.member_id is not None and Purpose.SERVICE in consents.given_by(actor.person_id):
        return None
    given = sign_in.chosen_purposes()
    joined = submit(lambda: members.join_community(actor, scan.community.id, given=given), lambda _: "", keyed=False)
    enter_with_code(scan.community.id)
    return joined.refused


# --- my services ------------------------------------------------------------------------------------------------


@page.get("/c/<id:community_id>/checkins")
def list_mine() -> Any:
    """My services, newest first."""
    actor = own_member()
    views = queue.list_checkins(actor, member_id=actor.member_id, after=cursor(), limit=PAGE_SIZE + 1)
    found = page_of(views, PAGE_SIZE, key="checkin.id")
    return render_template(
        "checkins/list.html",
        months=_by_month(actor, found["items"]),
        next_cursor=found["next_cursor"],
        member=actor.member_id,
    )


def _by_month(actor: Actor, views: list[CheckinView]) -> list[dict[str, Any]]:
    """The services under the month they happened in, with what the whole month has brought."""
    if not views:
        return []
    groups: dict[Any, list[CheckinView]] = {}
    for view in sorted(views, key=lambda view: view.checkin.arrived_at, reverse=True):
        groups.setdefault(clock.local_day(view.checkin.arrived_at).replace(day=1), []).append(view)
    served = mine.served_by_month(actor, clock.start_of_day(min(groups)))
    return [
        {"month": month, "count": len(group), "entries": entries(group)} | served[month]._asdict()
        for month, group in groups.items()
    ]


class CheckinFileQuery(CheckinQuery):
    """The filters of the file."""

    month = Month(load_default=None)


@as_files(page, "/c/<id:community_id>/checkins")
def make_sheet() -> Sheet:
    """The check-ins that I may see, in the order that was asked for."""
    asked = within_month(ask(CheckinFileQuery(exclude=("cursor", "limit"))))
    read_page = partial(queue.list_checkins, current_actor(), order=asked.pop("sort"), **asked)
    parts = read_whole(read_page, key=lambda view: view.checkin.id)
    columns = (
        *(_("志愿者"), _("服务"), _("到达"), _("离开"), _("证据"), _("状态"), _("分钟"), _("红花")),
        *(_("怎么算的"), _("经办"), _("编号")),
    )
    return Sheet(columns, [_row(view) for part in parts for view in part])


def _row(view: CheckinView) -> list[Cell]:
    checkin = view.checkin
    return [
        view.member_name,
        view.activity.name,
        checkin.arrived_at,
        checkin.left_at,
        str(EVIDENCE[checkin.evidence].text),
        str(CHECKIN[checkin.state].text),
        checkin.minutes,
        view.decided.stamp.points if view.decided else 0,
        _explanation(view),
        formats.names(view.acted_by),
        checkin.id.hex,
    ]


@page.get("/c/<id:community_id>/checkins/<id:checkin_id>")
def show(checkin_id: UUID) -> Any:
    """One service: its steps, why it is not stamped yet, what to do."""
    return show_again(checkin_id)


def show_again(checkin_id: UUID, **again: Any) -> str:
    """The page with what was wrong in one of its forms."""
    view = queue.see_checkin(current_actor(), checkin_id)
    if view.checkin.member_id in current_actor().helps:
        act_for(view.checkin.member_id)
    fresh = request.args.get("fresh") if request.args.get("fresh") in list(Kind) else ""
    return render_template(
        "checkins/show.html",
        checkin=_shown(view),
        why=why_not_stamped(view),
        instructions=view.activity.instructions,
        fresh=fresh,
        corrections=_corrections(view),
        proofs=_proofs(view),
        **_objected(view),
        **({"values": {}, "errors": {}, "refusal": None} | again),
    )


def _objected(view: CheckinView) -> dict[str, Any]:
    """What was objected to in this service and what may be now; for staff, the steps that put it right."""
    actor = current_actor()
    may_decide = view.checkin.member_id not in actor.member_ids and desk.may_decide(actor, view.checkin)
    return {
        "objections": [objection_shown(one) for one in objections.objections_to(actor, view.checkin.id)],
        "grievances": [(one, GRIEVANCES[one]) for one in objections.grievances_open_to(actor, view.checkin)],
        "may_undo": may_decide and view.decided is not None,
        "may_stamp": may_decide and view.checkin.state in mine.WAITS_FOR_STAMP,
    }


def objection_shown(view: ObjectionView) -> dict[str, Any]:
    """An objection as its member and staff read it."""
    names = ("id", "checkin_id", "reason", "outcome", "asked_at", "due_at", "answered_at")
    found = {name: getattr(view.objection, name) for name in names}
    return found | {
        "words": view.words,
        "answer": view.answer,
        "status": view.objection.state,
        "is_own": view.objection.member_id in current_actor().member_ids,
        "is_late": objections.is_overdue(view.objection),
    }


def _proofs(view: CheckinView) -> list[dict[str, Any]]:
    """That the flowers and the time of this service are in the books."""
    if view.decided is None:
        return []
    stamp_id = view.decided.stamp.id
    return proofs_of(current_actor(), "stamp", [stamp_id], codes=[Code.AWARD, Code.HOURS])[stamp_id]


def _corrections(view: CheckinView) -> list[dict[str, Any]]:
    """What the community took back of this service's flowers and time afterwards, and why."""
    if view.decided is None:
        return []
    found = reversal_reading.corrections_of(view.checkin.community_id, "stamp", view.decided.stamp.id)
    return [
        {"amount": -request.amount, "unit": transfer.unit, "reason": request.reason, "at": request.decided_at}
        for request, transfer in found
    ]


def entries(views: list[CheckinView]) -> list[dict[str, Any]]:
    """Services as kit.log_list shows them."""
    return [
        {
            "kind": "checkin",
            "href": url_for("web.checkins.show", checkin_id=view.checkin.id),
            "title": view.activity.name,
            "at": view.checkin.arrived_at,
            "status": view.checkin.state,
            "points": view.decided.stamp.points if view.decided else 0,
            "explanation": formats.hours(view.checkin.minutes) if view.checkin.minutes else "",
            "acted_by": view.acted_by,
        }
        for view in views
    ]


def _shown(view: CheckinView) -> dict[str, Any]:
    checkin, activity = view.checkin, view.activity
    return {
        **{name: getattr(checkin, name) for name in ("id", "evidence", "arrived_at", "left_at", "minutes")},
        **{name: getattr(activity, name) for name in ("place", "starts_at", "ends_at")},
        "activity_id": activity.id,
        "title": activity.name,
        "status": checkin.state,
        "points": view.decided.stamp.points if view.decided else 0,
        "expected_points": mine.expected_points([view]).get(checkin.id, 0),
        "stamp_by": _stamp_by(view),
        "explanation": _explanation(view),
        "acted_by": view.acted_by,
        "note": view.note,
        "door": view.door,
        "follow_up": checkin.follow_up,
    }


def _explanation(view: CheckinView) -> str:
    if view.decided is None:
        return ""
    stamp = view.decided.stamp
    return stamp.explanation if language() == CHINESE else stamp.explanation_en


def why_not_stamped(view: CheckinView) -> dict[str, str] | None:
    """The sentence and the next step of a service that has not brought its flowers."""
    note = view.decided.batch.note if view.decided else ""
    if view.checkin.state == CheckinState.VOID:
        return {"sentence": note or _("这次服务已作废"), "next_step": ""}
    if view.waiting_for is None:
        return None
    chinese, english = queue.WAITING[view.waiting_for]
    return {"sentence": chinese if language() == CHINESE else english, "next_step": note or _when(_stamp_by(view))}


def _when(stamp_by: datetime | None) -> str:
    if stamp_by is None:
        return ""
    if stamp_by < clock.now():
        return str(_("盖章比平时晚了，可以问问社区。"))
    return str(_("一般在 %(when)s 前盖章", when=formats.day(stamp_by)))


def _stamp_by(view: CheckinView) -> datetime | None:
    """Until when the stamp is expected, once that is all that is missing."""
    return view.expected_by if view.checkin.state in mine.WAITS_FOR_STAMP else None
