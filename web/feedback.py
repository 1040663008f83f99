"""Daily feedback: today's form and my calendar for holders of a post; the list, answers and the missing for staff."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from babel.dates import get_day_names
from flask import Blueprint, Response, render_template, request, url_for

from api.auth import current_actor
from api.pages import page as page_of
from api.schemas.feedback import AnswerSchema, CalendarQuery, ExcuseSchema, FeedbackQuery, FeedbackRequestSchema
from ledger.core import clock
from ledger.core.permissions import may, reach
from ledger.core.photos import MEDIA_TYPE
from ledger.core.sent_photos import MOST_PHOTOS
from ledger.core.tenancy import Actor, Role
from ledger.service import feedback, feedback_photos, feedback_reading
from ledger.service.feedback import Given
from ledger.service.feedback_models import Feedback, FeedbackState
from ledger.service.feedback_reading import CalendarDay, FeedbackView, Wanted
from web import members
from web.acting import own_member
from web.forms import ask, send
from web.languages import language

page = Blueprint("feedback", __name__)

PAGE_SIZE, LATEST = 50, 10
EMPTY: dict[str, Any] = {"values": {}, "errors": {}, "refusal": None}


# --- mine -------------------------------------------------------------------------------------------------------


@page.get("/c/<id:community_id>/feedback")
def show_mine() -> Any:
    """Today's form of each of my parts, my month, and what was answered."""
    return _mine()


def _mine(**again: Any) -> str:
    actor = own_member()
    today = clock.today()
    month = ask(CalendarQuery())["month"] or today
    given = feedback_reading.today_of(actor)
    return render_template(
        "feedback/mine.html",
        parts=[
            {"id": one.id.hex, "name": one.name, "today": given.get(one.id)}
            for one in feedback_reading.holds_posts(actor)
        ],
        days=[today, today - timedelta(days=1)],
        month=month,
        calendar=_by_part(feedback_reading.calendar_of(actor, actor.member_id, month)),
        weekdays=get_day_names("narrow", locale=language()),
        days_of_month=_days_of(month),
        latest=[shown(one) for one in feedback_reading.list_feedback(actor, is_mine=True, limit=LATEST)],
        **(EMPTY | again),
    )


def _by_part(days: list[CalendarDay]) -> dict[str, dict[date, CalendarDay]]:
    """How each day of each part stands."""
    parts: dict[str, dict[date, CalendarDay]] = {}
    for one in days:
        parts.setdefault(one.unit.name, {})[one.day] = one
    return parts


def _days_of(month: date) -> list[date]:
    first = month.replace(day=1)
    return [first.replace(day=number) for number in range(1, monthrange(first.year, first.month)[1] + 1)]


def shown(view: FeedbackView) -> dict[str, Any]:
    """A feedback as pages show it."""
    names = ("id", "day", "category", "is_nothing", "given_at", "due_at", "answered_at")
    row = view.feedback
    waits = row.state == FeedbackState.GIVEN and row.due_at is not None
    return {name: getattr(row, name) for name in names} | {
        "status": row.state,
        "name": view.name,
        "words": view.words,
        "answer": view.answer,
        "unit": view.unit.name,
        "photo_ids": view.photo_ids,
        "is_late": waits and row.due_at is not None and row.due_at < clock.now(),
        "may_answer": waits and _may_answer(view),
    }


def _may_answer(view: FeedbackView) -> bool:
    actor = current_actor()
    is_others = not actor.is_person(view.member.person_id)
    return is_others and may(actor, "answer_feedback", unit_path=view.unit.path)


@page.post("/c/<id:community_id>/feedback")
def give() -> Any:
    """Given; photos that come along take the place of those of before."""
    actor = own_member()
    sent = [one.read() for one in request.files.getlist("photos")[: MOST_PHOTOS + 1] if one.filename]
    return send(
        FeedbackRequestSchema(),
        lambda values: _give(actor, values, sent),
        to=lambda _: url_for(".show_mine"),
        again=_mine,
    )


def _give(actor: Actor, values: dict[str, Any], sent: list[bytes]) -> Feedback:
    file_ids = [feedback_photos.send_photo(actor, content).id for content in sent] if sent else None
    given = Given(values["category"], values["words"])
    return feedback.give_feedback(actor, values["unit_id"], values["day"], given, file_ids=file_ids)


# --- one --------------------------------------------------------------------------------------------------------


@page.get("/c/<id:community_id>/feedback/<id:feedback_id>")
def show(feedback_id: UUID) -> Any:
    """What was given, with its photos and its answer."""
    return _one(feedback_id)


def _one(feedback_id: UUID, **again: Any) -> str:
    actor, view = current_actor(), feedback_reading.see_feedback(current_actor(), feedback_id)
    is_mine = view.feedback.member_id in actor.member_ids
    return render_template(
        "feedback/show.html",
        frame="volunteer.html" if is_mine else "desk.html",
        one=shown(view),
        is_mine=is_mine,
        who=f"{view.member.id.hex}.{view.unit.id.hex}",
        may_excuse=not is_mine and may(actor, "excuse_feedback", unit_path=view.unit.path),
        **(EMPTY | again),
    )


@page.get("/c/<id:community_id>/feedback/<id:feedback_id>/photos/<id:photo_id>.jpg")
def show_photo(feedback_id: UUID, photo_id: UUID) -> Any:
    """A photo, for whoever sees its feedback; kept by no browser."""
    content = feedback_reading.read_photo(current_actor(), feedback_id, photo_id)
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    return Response(content, content_type=MEDIA_TYPE, headers=headers)


@page.post("/c/<id:community_id>/feedback/<id:feedback_id>/answer")
def answer(feedback_id: UUID) -> Any:
    """Answered; the list goes on."""
    return send(
        AnswerSchema(),
        lambda values: feedback.answer_feedback(current_actor(), feedback_id, **values),
        to=lambda _: url_for(".list_all"),
        again=lambda **again: _one(feedback_id, **again),
    )


# --- for staff --------------------------------------------------------------------------------------------------


@page.get("/c/<id:community_id>/feedback/all")
def list_all() -> Any:
    """What was given in my parts: at first what waits for its answer, the most urgent on top; and who is missing."""
    return _list_all()


def _list_all(**again: Any) -> str:
    actor, asked = current_actor(), ask(FeedbackQuery())
    missing = feedback_reading.missing_by_part(actor)
    status = asked["status"] if "status" in request.args else Wanted.WAITING
    wanted = {"status": status, "unit_id": asked["unit_id"], "day": asked["day"], "order": asked["sort"]}
    rows = feedback_reading.list_feedback(actor, **wanted, after=asked["cursor"], limit=PAGE_SIZE + 1)
    found = page_of(rows, PAGE_SIZE, key="feedback.id")
    return render_template(
        "feedback/list.html",
        feedback=[shown(view) for view in found["items"]],
        missing=missing,
        may_excuse=bool(reach(actor, "excuse_feedback").keys() - {Role.VOLUNTEER}),
        today=clock.today(),
        places=members.places_of(actor, *members.HOMES),
        asked={
            "status": status or "", "unit_id": asked["unit_id"].hex if asked["unit_id"] else "",
            "date": asked["day"] or "",
        },
        next_cursor=found["next_cursor"],
        **(EMPTY | again),
    )  # fmt: skip


@page.post("/c/<id:community_id>/feedback/excuses")
def excuse() -> Any:
    """Excused; the button names whom, and for which part."""
    member_id, _dot, unit_id = request.form.get("who", "").partition(".")
    return send(
        ExcuseSchema(),
        lambda values: feedback.excuse_day(current_actor(), **values),
        to=lambda _: url_for(".list_all"),
        again=_list_all,
        known={"member_id": member_id, "unit_id": unit_id},
    )
