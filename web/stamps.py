"""The stamping queue."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, render_template, request, url_for
from flask_babel import gettext as _
from marshmallow import fields

from api.auth import current_actor
from api.schemas.fields import Id, PageQuery, Sort
from api.schemas.stamps import StampRequestSchema
from ledger.book.codes import Code
from ledger.core.errors import REASONS, Invalid
from ledger.core.spreadsheets import Cell
from ledger.core.tenancy import Actor
from ledger.people import grants, members, units
from ledger.people.list_exports import read_whole
from ledger.people.models import UnitKind
from ledger.service import evidence, queue, stamps, undoing, visit_notes, waiting
from ledger.service.desk import StampedBatch
from ledger.service.models import Decision, Evidence, Stamp
from ledger.service.waiting import QueueFilter, QueueOrder, StampedVisit, Waiting
from web import checkins
from web.forms import ask, read, send
from web.languages import CHINESE, language
from web.last_time import as_last_time
from web.proofs import proofs_of
from web.sheets import Sheet, as_files
from web.state_words import CHECKIN, EVIDENCE
from web.words import POSTS

page = Blueprint("stamps", __name__)

AT_ONCE = 100
"""Visits on one page of the queue: what one press of the stamp decides."""


class QueueQuery(PageQuery):
    """The filters of the queue, as its address carries them."""

    unit_id = Id(load_default=None)
    activity_id = Id(load_default=None)
    evidence = fields.Enum(Evidence, by_value=True, load_default=None)
    sort = Sort(QueueOrder.EVIDENCE)


@page.get("/c/<id:community_id>/stamps")
@as_last_time(QueueQuery)
def list_queue() -> Any:
    """What waits for a stamp, strongest evidence first unless asked otherwise."""
    return _queue(current_actor())


@as_files(page, "/c/<id:community_id>/stamps")
def make_sheet() -> Sheet:
    """The whole queue, in its order and with its filters."""
    actor, asked = current_actor(), ask(QueueQuery())
    read_page = partial(waiting.list_waiting, actor, _wanted(asked), order=asked["sort"])
    parts = read_whole(read_page, key=lambda row: row.checkin.id)
    rows = [_row(one) for part in parts for one in _shown_queue(actor, list(part))]
    columns = (
        *(_("志愿者"), _("岗位"), _("服务"), _("到达"), _("证据"), _("状态"), _("分钟"), _("红花"), _("怎么算的")),
        *(_("有疑问"), _("为什么不能盖章"), _("编号")),
    )
    return Sheet(columns, rows)


def _row(one: dict[str, Any]) -> list[Cell]:
    member, state = one["member"], "awaiting_second" if one["is_second"] else "pending"
    return [
        member["name"],
        str(POSTS[member["post"]]) if member["post"] else "",
        one["activity"],
        one["arrived_at"],
        str(EVIDENCE[one["evidence"]].text),
        str(CHECKIN[state].text),
        one["minutes"],
        None if one["blocked"] else one["points"],
        "" if one["blocked"] else one["explanation"],
        one["flag"],
        one["blocked"],
        one["id"],
    ]


def _wanted(asked: dict[str, Any]) -> QueueFilter:
    return QueueFilter(unit_id=asked["unit_id"], activity_id=asked["activity_id"], evidence=asked["evidence"])


def _queue(actor: Actor, **again: Any) -> str:
    asked = ask(QueueQuery())
    wanted = _wanted(asked)
    rows = waiting.list_waiting(actor, wanted, order=asked["sort"], after=asked["cursor"], limit=AT_ONCE + 1)
    shown = _shown_queue(actor, rows[:AT_ONCE])
    return render_template(
        "stamps/queue.html",
        checkins=shown,
        chosen=[one for one in shown if not one["flag"] and not one["blocked"]],
        units=[(unit.id.hex, unit.name) for unit in _grids(actor)],
        activities=[(activity_id.hex, name) for activity_id, name in waiting.activities_waiting(actor)],
        evidence_choices=[(grade, word.text) for grade, word in EVIDENCE.items()],
        asked=request.args,
        sort=asked["sort"],
        total=waiting.count_waiting(actor, wanted),
        next_cursor=rows[AT_ONCE - 1].checkin.id.hex if len(rows) > AT_ONCE else None,
        **again,
    )


def _grids(actor: Actor) -> list[Any]:
    """What a stamper picks from: grids and micro-grids, not every door."""
    return [unit for unit in units.tree_of(actor.tenant) if unit.kind in (UnitKind.GRID, UnitKind.MICRO_GRID)]


def _shown_queue(actor: Actor, rows: list[Waiting]) -> list[dict[str, Any]]:
    names = members.shown_names(actor, [row.member for row in rows])
    posts = {post.member_id: post.kind for post in grants.posts_of(actor.tenant, [row.member.id for row in rows])}
    return [
        {
            "id": row.checkin.id.hex,
            "member": {"name": names[row.member.id], "post": posts.get(row.member.id)},
            "activity": row.activity.name,
            "arrived_at": row.checkin.arrived_at,
            "evidence": row.checkin.evidence,
            "is_second": row.checkin.state == "awaiting_second",
            "minutes": row.checkin.minutes or 0,
            "points": row.outcome.points,
            "explanation": explained(row.outcome),
            "flag": _flag(row),
            "blocked": sentence_of(row.outcome.code, row.checkin.state),
            "note": visit_notes.note_for(actor, row.checkin),
        }
        for row in rows
    ]


def _flag(row: Waiting) -> str:
    """What to look at before stamping this one; empty when nothing stands out."""
    spoken = 0 if language() == CHINESE else 1
    said = [evidence.SENTENCES[evidence.Review(reason)][spoken] for reason in row.checkin.reasons]
    if not said and row.checkin.evidence == Evidence.LATER:
        said = [str(EVIDENCE["later"].text)]
    return "；".join(said) if spoken == 0 else "; ".join(said)


def sentence_of(code: str | None, state: str = "") -> str:
    """The sentence of a reason code in the reader's language, for a visit in this state; empty for no code."""
    known = CHECKIN.get(state)
    return REASONS[code](state=known.text if known else "").sentence(language()) if code else ""


def explained(outcome: Any) -> str:
    """How the points came about, in the reader's language."""
    return str(outcome.explanation if language() == CHINESE else outcome.explanation_en)


@page.post("/c/<id:community_id>/stamps/preview")
def preview() -> Any:
    """What the chosen ones would get, with the sum; stores nothing."""
    actor = current_actor()
    values, errors = read(StampRequestSchema(only=("checkin_ids", "decision")))
    if "decision" in errors:
        raise Invalid
    if errors:
        return _queue(actor, nothing_chosen=True), 422
    return _preview(actor, values["checkin_ids"], values["decision"])


def _preview(actor: Actor, checkin_ids: list[UUID], decision: Decision, **again: Any) -> str:
    rows, digest = waiting.see_waiting(actor, checkin_ids, decision=decision)
    names = members.shown_names(actor, [row.member for row in rows])
    granted = [row.outcome for row in rows if row.outcome.code is None]
    return render_template(
        "stamps/preview.html",
        decision=str(decision),
        results=[_shown_outcome(row, names[row.member.id]) for row in rows],
        sum={
            "count": len(granted),
            "points": sum(one.points for one in granted),
            "minutes": sum(row.checkin.minutes or 0 for row in rows if row.outcome.code is None),
            "refused": len(rows) - len(granted),
        },
        preview_digest=digest,
        **({"values": {}, "errors": {}} | again),
    )


def _shown_outcome(row: Waiting, name: str) -> dict[str, Any]:
    return {
        "checkin_id": row.checkin.id.hex,
        "member": name,
        "activity": row.activity.name,
        "arrived_at": row.checkin.arrived_at,
        "minutes": row.checkin.minutes or 0,
        "points": row.outcome.points,
        "status": row.outcome.status,
        "explanation": explained(row.outcome),
        "refused": sentence_of(row.outcome.code, row.checkin.state),
    }


@page.post("/c/<id:community_id>/stamps")
def decide() -> Any:
    """Stamped, returned or void as previewed."""
    actor = current_actor()
    asked, errors = read(StampRequestSchema())
    if set(errors) - {"note"} or (not errors and asked["preview"]):
        raise Invalid
    if errors or (asked["decision"] is not Decision.STAMP and not asked["note"]):
        return _preview_again(actor, errors={"note": ["Missing data for required field."]}, values=request.form), 422
    return send(
        None,
        lambda _: _decided(actor, **asked).batch_id,
        to=lambda batch_id: url_for(".show_batch", batch_id=batch_id),
        again=lambda **again: _preview_again(actor, **again),
    )


def _decided(actor: Actor, *, checkin_ids: list[UUID], preview: bool, **asked: Any) -> StampedBatch:
    return stamps.stamp_checkins(actor, checkin_ids, **asked)


def _preview_again(actor: Actor, **again: Any) -> str:
    asked, _errors = read(StampRequestSchema(only=("checkin_ids", "decision")))
    return _preview(actor, asked["checkin_ids"], asked["decision"], **again)


@page.get("/c/<id:community_id>/stamp-batches/<id:batch_id>")
def show_batch(batch_id: UUID) -> Any:
    """What one press decided, row by row, and the way back."""
    return _batch(current_actor(), batch_id)


def _batch(actor: Actor, batch_id: UUID, **again: Any) -> str:
    batch, visits = waiting.see_batch(actor, batch_id)
    undone = [visit.stamp for visit in visits if visit.stamp.undone_at is not None]
    names = members.names_of(actor.tenant, [batch.actor_id])
    live = [visit.stamp for visit in visits if visit.stamp.undone_at is None]
    proofs = proofs_of(actor, "stamp", [visit.stamp.id for visit in visits], codes=[Code.AWARD])
    return render_template(
        "stamps/batch.html",
        batch={
            "id": batch.id,
            "decision": batch.decision,
            "note": batch.note,
            "stamped_at": batch.stamped_at,
            "actor": names.get(batch.actor_id, ""),
            "undone_at": max((one.undone_at for one in undone if one.undone_at), default=None) if not live else None,
            "sum": {"count": len(live), "points": sum(one.points for one in live)},
            "undone": len(undone),
        },
        results=[_shown_visit(actor, visit) | {"proofs": proofs[visit.stamp.id]} for visit in visits],
        **again,
    )


def _shown_visit(actor: Actor, visit: StampedVisit) -> dict[str, Any]:
    stamp: Stamp = visit.stamp
    return {
        "member": members.mask_name(visit.member_name) if members.is_masked_for(actor) else visit.member_name,
        "activity": visit.activity.name,
        "arrived_at": visit.checkin.arrived_at,
        "status": visit.checkin.state,
        "minutes": stamp.minutes,
        "points": stamp.points,
        "explanation": explained(stamp),
        "undone_at": stamp.undone_at,
    }


@page.post("/c/<id:community_id>/stamp-batches/<id:batch_id>/undo")
def undo(batch_id: UUID) -> Any:
    """The whole batch is taken back by counter-entries."""
    actor = current_actor()
    return send(
        None,
        lambda _: _undone(actor, batch_id),
        to=lambda done: url_for(".show_batch", batch_id=done),
        again=lambda **again: _batch(actor, batch_id, **again),
    )


def _undone(actor: Actor, batch_id: UUID) -> UUID:
    """Undone as far as possible; what could not be is said on the following page."""
    left = [one for one in undoing.undo_batch(actor, batch_id).results if one.code]
    if left:
        words = _("%(count)s 条没有撤销：%(reason)s", count=len(left), reason=sentence_of(left[0].code))
        flash(words, "wait")
    return batch_id


@page.post("/c/<id:community_id>/checkins/<id:checkin_id>/undo")
def undo_one(checkin_id: UUID) -> Any:
    """The live stamp of one service is taken back: it waits again."""
    actor = current_actor()
    decided = queue.see_checkin(actor, checkin_id).decided
    return send(
        None,
        lambda _: undoing.undo_stamp(actor, decided.stamp.id if decided else None),
        to=lambda _: url_for("web.checkins.show", checkin_id=checkin_id),
        again=partial(checkins.show_again, checkin_id),
    )
