"""The audit: who did what, for whom, from where, and how it ended; one's own, or all for whoever may see it."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, request
from flask_babel import gettext as _
from marshmallow import fields, validate

from api.auth import current_actor
from api.schemas.fields import PageQuery, Sort, Text
from ledger.core import audit, clock
from ledger.core.audit import LineFilter
from ledger.core.ids import NOBODY
from ledger.core.orders import Age
from ledger.core.tenancy import Actor
from ledger.people import audited, members
from ledger.people.audited import Told
from ledger.people.list_exports import read_whole
from web.acts import ACTS, came_to, said
from web.forms import ask
from web.last_time import as_last_time
from web.sheets import Sheet, as_files

page = Blueprint("audit", __name__)


class AuditPageQuery(PageQuery):
    """The filters of the page, as its address carries them."""

    who = Text(40, load_default="")
    action = fields.String(load_default=None, validate=validate.OneOf(sorted(ACTS)))
    refused = fields.Boolean(load_default=None)
    on = fields.Date(load_default=None)
    sort = Sort(Age.NEWEST)


@page.get("/c/<id:community_id>/audit")
@as_last_time(AuditPageQuery)
def list_all() -> Any:
    """The lines I may see, newest first."""
    actor, asked = current_actor(), ask(AuditPageQuery())
    rows = _read(actor, asked, after=asked["cursor"], limit=asked["limit"] + 1)
    shown = rows[: asked["limit"]]
    return render_template(
        "audit/list.html",
        lines=_shown(actor, shown),
        acts=sorted(((name, str(words)) for name, words in ACTS.items()), key=lambda one: one[1]),
        sees_all=audited.sees_all(actor),
        asked=request.args,
        sort=asked["sort"],
        next_cursor=shown[-1].line.id.hex if len(rows) > len(shown) else None,
    )


def _read(actor: Actor, asked: dict[str, Any], *, after: UUID | None, limit: int) -> list[Told]:
    return audited.list_told(actor, wanted=_wanted(actor, asked), order=asked["sort"], after=after, limit=limit)


@as_files(page, "/c/<id:community_id>/audit")
def make_sheet() -> Sheet:
    """The lines that the page shows, with its filters."""
    actor, asked = current_actor(), ask(AuditPageQuery())
    parts = read_whole(partial(_read, actor, asked), key=lambda one: one.line.id)
    names = ("at", "who", "for_whom", "what", "ended", "origin", "device")
    rows = [[one[name] for name in names] for part in parts for one in _shown(actor, list(part))]
    columns = (_("时间"), _("谁"), _("替谁"), _("做了什么"), _("结果"), _("从哪里"), _("设备"))
    return Sheet(columns, rows)


def _wanted(actor: Actor, asked: dict[str, Any]) -> LineFilter:
    who = None
    if asked["who"] and audited.sees_all(actor) and not members.is_masked_for(actor):
        who = {member.person_id for member in members.find_members(actor, asked["who"])}
    since = clock.start_of_day(asked["on"]) if asked["on"] else None
    until = since + timedelta(days=1) if since else None
    return LineFilter(actor_ids=who, action=asked["action"], refused=asked["refused"], since=since, until=until)


def _shown(actor: Actor, told: list[Told]) -> list[dict[str, Any]]:
    lines = [one.line for one in told]
    people = {line.actor_id for line in lines} | {line.on_behalf_of for line in lines if line.on_behalf_of}
    names = members.names_of(actor.tenant, people)
    if members.is_masked_for(actor):
        names = {person_id: members.mask_name(name) for person_id, name in names.items()}
    return [
        {
            "at": line.at,
            "who": _called(names, line.actor_id),
            "for_whom": _called(names, line.on_behalf_of) if line.on_behalf_of else "",
            "what": said(line.action),
            "ended": came_to(line.outcome),
            "is_refusal": line.outcome != audit.DONE,
            "origin": line.origin or "",
            "device": device,
        }
        for line, device in told
    ]


def _called(names: dict[UUID, str], person_id: UUID) -> str:
    unknown = _("系统或没有登录的人") if person_id == NOBODY else _("不在本社区的人")
    return names.get(person_id) or str(unknown)
