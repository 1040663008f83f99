"""每年一表彰: the list, one commendation with its steps, the public announcement where anybody may object."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _

from api.auth import current_actor, for_strangers, public, visitor_of
from api.pages import page as page_of
from api.schemas.commendations import (
    AnnounceSchema,
    CommendationQuery,
    CommendationRequestSchema,
    CriteriaSchema,
    NominateSchema,
    PublicAnswerSchema,
    PublicObjectionRequestSchema,
    ReviewRequestSchema,
)
from ledger.core import clock
from ledger.core.errors import Reason
from ledger.core.permissions import may, reach
from ledger.core.tenancy import Actor
from ledger.people import teams, units
from ledger.people.models import UnitKind
from ledger.recognition import announcing, commendation_reading, commendations, freezing
from ledger.recognition.candidates import FOR_KIND, names_in, read_terms
from ledger.recognition.commendation_models import Commendation, CommendationState, SubjectKind
from ledger.recognition.commendation_reading import CommendationView
from ledger.service import programmes
from web import formats
from web.acting import enter_with_code
from web.errors import refusal as refusal_of
from web.forms import ask, read, send, submit
from web.words import COMMENDED, POSTS

page = Blueprint("commendations", __name__)

PAGE_SIZE = 50
EMPTY: dict[str, Any] = {"values": {}, "errors": {}, "refusal": None, "wrong": None, "count": None}

NARROWED_TO = (UnitKind.COMPOUND, UnitKind.GRID, UnitKind.MICRO_GRID)

CRITERIA = {
    "hours": _("服务时长至少（小时）"),
    "visits": _("次数至少"),
    "stars": _("星级至少"),
    "proven_percent": _("现场签到的比例至少（百分比）"),
    "unit_id": _("哪个小区或网格"),
    "programme_id": _("只算哪个项目"),
    "post": _("当过什么岗位"),
    "team_id": _("哪支服务队"),
    "nothing_open": _("没有未答复的异议或意见"),
}


@page.get("/c/<id:community_id>/commendations")
@public
@for_strangers
def list_all() -> Any:
    """Newest first: all of them for staff, those announced and published for everybody."""
    enter_with_code(g.community_id)
    return _list_all()


def _list_all(**again: Any) -> str:
    actor = visitor_of(g.community_id)
    after = ask(CommendationQuery())["cursor"]
    rows = commendation_reading.list_commendations(g.community_id, actor, after=after, limit=PAGE_SIZE + 1)
    found = page_of(rows, PAGE_SIZE)
    return render_template(
        "commendations/list.html",
        community_id=g.community_id,
        rows=found["items"],
        kinds=list(COMMENDED.items()),
        this_year=clock.today().year,
        may_draft=actor is not None and may(actor, commendations.DRAFT),
        next_cursor=found["next_cursor"],
        **(EMPTY | again),
    )


@page.post("/c/<id:community_id>/commendations")
def draft() -> Any:
    """Drafted; its criteria follow."""
    actor = current_actor()
    return send(
        CommendationRequestSchema(),
        lambda values: commendations.draft_commendation(actor, **values).id,
        to=_to,
        again=_list_all,
    )


def _to(commendation_id: UUID) -> str:
    return url_for("web.commendations.show", commendation_id=commendation_id)


@page.get("/c/<id:community_id>/commendations/<id:commendation_id>")
@public
@for_strangers
def show(commendation_id: UUID) -> Any:
    """One with its names, objections and the next step of whoever looks at it."""
    enter_with_code(g.community_id)
    return show_again(commendation_id)


def show_again(commendation_id: UUID, **again: Any) -> str:
    """The page with what is wrong in one of its forms."""
    actor = visitor_of(g.community_id)
    view = commendation_reading.see_commendation(g.community_id, actor, commendation_id)
    row = view.commendation
    return render_template(
        "commendations/show.html",
        community_id=g.community_id,
        view=view,
        one=row,
        may=_steps(actor, view),
        criteria=_criteria(row),
        fields=_fields(actor, row) if actor is not None and row.state == CommendationState.DRAFT else {},
        nominees=_nominees(actor, row),
        about={named.nomination.id.hex: named.name for named in view.names},
        least_days=commendations.LEAST_DAYS,
        last_day=clock.local_day(row.ends_at - timedelta(microseconds=1)) if row.ends_at else None,
        **(EMPTY | again),
    )


def _steps(actor: Actor | None, view: CommendationView) -> set[str]:
    """What this visitor may do with it now; the rules of persons are the verbs' own."""
    row, state = view.commendation, CommendationState(view.commendation.state)
    found = {"object"} if view.is_announced_now else set()
    if actor is None:
        return found
    verbs = {
        CommendationState.DRAFT: {commendations.DRAFT: {"criteria", "open", "drop"}},
        CommendationState.NOMINATING: {
            commendations.ANNOUNCE: {"announce", "drop"}, commendations.REVIEW: {"review"},
        },
        CommendationState.ANNOUNCED: {
            commendations.ANNOUNCE: {"answer", "drop"} | (set() if view.is_announced_now else {"freeze"}),
        },
        CommendationState.FROZEN: {commendations.PUBLISH: {"publish"}},
        CommendationState.PUBLISHED: {"issue_certificate": {"print"}},
    }  # fmt: skip
    for verb, steps in verbs.get(state, {}).items():
        found |= steps if may(actor, verb) else set()
    if state is CommendationState.FROZEN and (actor.is_person(row.drafted_by) or actor.is_person(row.frozen_by)):
        found -= {"publish"}
    return found


def _nominees(actor: Actor | None, row: Commendation) -> list[tuple[str, str]]:
    if actor is None or row.state != CommendationState.NOMINATING or not reach(actor, commendations.NOMINATE):
        return []
    return [
        (one.subject_id.hex, f"{one.name} · {_figures(row, one.minutes, one.visits)}")
        for one in commendation_reading.nominees(actor, row.id)[:200]
    ]


def _figures(row: Commendation, minutes: int, visits: int) -> str:
    if row.kind == SubjectKind.SHOP:
        return str(ngettext("兑换 %(count)s 次", "兑换 %(count)s 次", visits, count=formats.number(visits)))
    return formats.served(minutes, visits)


page.add_app_template_global(_figures, "commended_figures")


def _criteria(row: Commendation) -> list[tuple[Any, Any]]:
    """What is asked for, in words."""
    said: list[tuple[Any, Any]] = []
    names = names_in(row.community_id, read_terms(row.terms))
    for name, value in row.terms.items():
        if name == "post":
            value = POSTS[value]
        elif name.endswith("_id"):
            value = names[name]
        said.append((CRITERIA[name], gettext("是") if value is True else value))
    return said


def _choices(actor: Actor) -> dict[str, list[tuple[str, Any]]]:
    """What a criterion may name."""
    parts = [one for one in units.tree_of(actor.tenant) if one.kind in NARROWED_TO]
    return {
        "unit_id": [(one.id.hex, one.name) for one in parts],
        "programme_id": [(one.programme.id.hex, one.programme.name) for one in programmes.list_programmes(actor)],
        "team_id": [(view.team.id.hex, view.team.name) for view in teams.list_teams(actor, limit=200)],
        "post": list(POSTS.items()),
    }


def _fields(actor: Actor, row: Commendation) -> dict[str, Any]:
    """The fields of the criteria that this kind has: the numbers with their most, the choices."""
    fitting = FOR_KIND[SubjectKind(row.kind)]
    most = {"hours": 5000, "visits": 10_000, "stars": 5, "proven_percent": 100}
    choices = _choices(actor) if may(actor, commendations.DRAFT) else {}
    return {
        "numbers": [(name, CRITERIA[name], top) for name, top in most.items() if name in fitting],
        "choices": [(name, CRITERIA[name], options) for name, options in choices.items() if name in fitting],
        "kept": row.terms | {"most": row.most, "bonus_points": row.bonus_points},
    }


# --- steps ------------------------------------------------------------------------------------------------------


def _take(commendation_id: UUID, schema: Any, verb: Callable[[Actor, dict[str, Any]], Any], wrong: Any = None) -> Any:
    actor = current_actor()
    return send(
        schema,
        lambda values: verb(actor, values),
        to=lambda _done: _to(commendation_id),
        again=lambda **again: show_again(commendation_id, **again, wrong=wrong),
    )


@page.post("/c/<id:community_id>/commendations/<id:commendation_id>/criteria")
def set_criteria(commendation_id: UUID) -> Any:
    """Kept; with the button that only counts, the page again with how many would meet them."""
    actor = current_actor()
    if request.form.get("preview"):
        values, errors = read(CriteriaSchema())
        if errors:
            return show_again(commendation_id, values=request.form, errors=errors, wrong="criteria"), 422
        try:
            count = commendations.count_candidates(actor, commendation_id, values["terms"])
        except Reason as reason:
            return show_again(commendation_id, values=request.form, refusal=refusal_of(reason), wrong="criteria"), 409
        return show_again(commendation_id, values=request.form, count=count, wrong="criteria")
    return _take(
        commendation_id,
        CriteriaSchema(exclude=("preview",)),
        lambda who, values: commendations.set_criteria(who, commendation_id, values.pop("terms"), **values),
        wrong="criteria",
    )


@page.post("/c/<id:community_id>/commendations/<id:commendation_id>/open")
def open_one(commendation_id: UUID) -> Any:
    """Names may be put forward."""
    return _take(commendation_id, None, lambda who, _: commendations.open_commendation(who, commendation_id))


@page.post("/c/<id:community_id>/commendations/<id:commendation_id>/drop")
def drop(commendation_id: UUID) -> Any:
    """Not held."""
    return _take(commendation_id, None, lambda who, _: commendations.drop_commendation(who, commendation_id))


@page.post("/c/<id:community_id>/commendations/<id:commendation_id>/nominate")
def nominate(commendation_id: UUID) -> Any:
    """Named."""
    return _take(
        commendation_id,
        NominateSchema(),
        lambda who, values: commendations.nominate(who, commendation_id, values["subject_id"], reason=values["reason"]),
        wrong="nominate",
    )


@page.post("/c/<id:community_id>/commendations/<id:commendation_id>/review")
def review(commendation_id: UUID) -> Any:
    """For or against, with a note."""
    return _take(
        commendation_id,
        ReviewRequestSchema(),
        lambda who, values: commendations.review(who, commendation_id, values.pop("nomination_id"), **values),
        wrong=request.form.get("nomination_id"),
    )


@page.post("/c/<id:community_id>/commendations/<id:commendation_id>/announce")
def announce(commendation_id: UUID) -> Any:
    """In public from now on."""
    return _take(
        commendation_id,
        AnnounceSchema(),
        lambda who, values: commendations.announce(who, commendation_id, **values),
        wrong="announce",
    )


@page.post("/c/<id:community_id>/commendations/<id:commendation_id>/objections")
@public
@for_strangers
def object_to(commendation_id: UUID) -> Any:
    """Raised by anybody; nothing of who it was is shown."""
    enter_with_code(g.community_id)
    values, errors = read(PublicObjectionRequestSchema())
    if errors:
        return show_again(commendation_id, values=request.form, errors=errors, wrong="object"), 422
    visitor, address = visitor_of(g.community_id), request.remote_addr or ""
    outcome = submit(
        lambda: announcing.object_publicly(g.community_id, visitor, commendation_id, address=address, **values),
        lambda _row: _to(commendation_id),
        keyed=False,
    )
    if outcome.refused is not None:
        return show_again(commendation_id, values=request.form, refusal=outcome.refused, wrong="object"), outcome.status
    return redirect(f"{outcome.url}?heard=1", 303)


@page.post("/c/<id:community_id>/commendations/<id:commendation_id>/objections/<id:objection_id>/answer")
def answer(commendation_id: UUID, objection_id: UUID) -> Any:
    """Answered in public."""
    return _take(
        commendation_id,
        PublicAnswerSchema(),
        lambda who, values: announcing.answer_objection(who, commendation_id, objection_id, **values),
        wrong=objection_id,
    )


@page.post("/c/<id:community_id>/commendations/<id:commendation_id>/freeze")
def freeze(commendation_id: UUID) -> Any:
    """Final."""
    return _take(commendation_id, None, lambda who, _: freezing.freeze(who, commendation_id))


@page.post("/c/<id:community_id>/commendations/<id:commendation_id>/publish")
def publish(commendation_id: UUID) -> Any:
    """Everybody reads it; honours, certificates and points follow at once."""
    return _take(commendation_id, None, lambda who, _: freezing.publish(who, commendation_id))
