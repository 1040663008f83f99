"""My inbox, and the page that staff print for members without a phone."""

from __future__ import annotations

from itertools import groupby
from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, url_for

from api.auth import current_actor
from api.pages import page as page_of
from api.schemas.notices import HandOverSchema, NoticeQuery
from ledger.core import ids
from ledger.people import inbox, members, notice_delivery
from ledger.people.inbox import SeenNotice
from ledger.people.models import Notice
from ledger.people.notice_delivery import PaperNotice
from ledger.people.notices import sentence_of
from web.forms import ask, read_button, submit
from web.languages import language

page = Blueprint("notices", __name__)

PAGE_SIZE = 50

LEADS_TO = {
    "checkin_id": "web.checkins.show",
    "redemption_id": "web.redemptions.show",
    "feedback_id": "web.feedback.show",
    "fund_id": "web.funds.show",
    "merchant_id": "web.merchants.show",
}
"""Where a notice leads: the page of the thing that its facts name."""

HELPERS = "link_id"
"""The fact of a notice that leads to the page of all helpers."""


@page.get("/c/<id:community_id>/notices")
def list_mine() -> Any:
    """What I was told in this community, newest first unless asked."""
    actor, asked = current_actor(), ask(NoticeQuery(exclude=("unread",)))
    rows = inbox.list_notices(
        actor, community_id=actor.tenant, order=asked["sort"], after=asked["cursor"], limit=PAGE_SIZE + 1
    )
    found = page_of(rows, PAGE_SIZE, key="notice.id")
    return render_template(
        "notices/list.html",
        notices=[_shown(seen) for seen in found["items"]],
        unread=inbox.count_unread(actor, community_id=actor.tenant),
        next_cursor=found["next_cursor"],
    )


def _shown(seen: SeenNotice) -> dict[str, Any]:
    notice = seen.notice
    return {
        "id": notice.id,
        "sentence": sentence_of(notice, language()),
        "by": seen.by_name,
        "at": notice.at,
        "is_read": notice.read_at is not None,
        "href": _way(notice),
    }


def _way(notice: Notice) -> str:
    for name, endpoint in LEADS_TO.items():
        thing_id = ids.parse(str(notice.facts.get(name, "")))
        if thing_id is not None:
            values: dict[str, Any] = {name: thing_id}
            return url_for(endpoint, **values)
    return url_for("web.helping.show_mine") if HELPERS in notice.facts else ""


@page.post("/c/<id:community_id>/notices/<id:notice_id>/read")
def read(notice_id: UUID) -> Any:
    """Read."""
    actor = current_actor()
    return submit(lambda: inbox.read_notice(actor, notice_id), lambda _: url_for(".list_mine"), keyed=False).go()


@page.post("/c/<id:community_id>/notices/read")
def read_all() -> Any:
    """All of this community's are read."""
    actor = current_actor()
    done = submit(
        lambda: inbox.read_all(actor, community_id=actor.tenant), lambda _: url_for(".list_mine"), keyed=False
    )
    return done.go()


# --- for the desk -----------------------------------------------------------------------------------------------


@page.get("/c/<id:community_id>/notices/paper")
def list_paper() -> Any:
    """What members without a phone have not been told yet: one slip each, to print and to hand over."""
    actor = current_actor()
    rows = notice_delivery.list_paper_notices(actor, limit=notice_delivery.MOST_AT_ONCE)
    names = members.shown_names(actor, [row.member for row in rows])
    by_member = sorted(rows, key=lambda row: (row.member.sort_key, row.member.id, row.notice.id))
    slips = [_slip(list(group), names) for _, group in groupby(by_member, key=lambda row: row.member.id)]
    return render_template("notices/paper.html", slips=slips)


def _slip(rows: list[PaperNotice], names: dict[UUID, str]) -> dict[str, Any]:
    first = rows[0]
    return {
        "name": names[first.member.id],
        "unit": first.unit.name,
        "notices": [_shown(SeenNotice(row.notice, row.by_name)) for row in rows],
    }


@page.post("/c/<id:community_id>/notices/paper")
def hand_over() -> Any:
    """Handed over."""
    actor, asked = current_actor(), read_button(HandOverSchema())
    done = submit(
        lambda: notice_delivery.hand_over(actor, asked["notice_ids"]), lambda _: url_for(".list_paper"), keyed=False
    )
    return done.go()
