"""Two accounts of one person: the desk of the second person, and taking apart. Deaths stand beside them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, request, url_for

from api.auth import current_actor
from api.schemas.leaving import DeathRefusalSchema
from api.schemas.merges import MergeQuery, MergeRefusalSchema, MergeUndoSchema, MergeWithdrawalSchema
from ledger.book import merging
from ledger.core import clock
from ledger.core.permissions import may
from ledger.core.tenancy import Actor
from ledger.people import deaths, members, merges
from ledger.people.life_models import Death, DeathState, Merge, MergeState
from web.forms import ask, send
from web.holders import people
from web.state_words import MERGE

page = Blueprint("merges", __name__)

NOTHING: dict[str, Any] = {"values": {}, "errors": {}, "refusal": None}


@page.get("/c/<id:community_id>/merges")
def list_all() -> Any:
    """Merges of the community, newest first, and the deaths that wait for somebody."""
    actor = current_actor()
    asked = ask(MergeQuery())
    rows = merges.list_merges(actor, status=asked["status"], before=asked["cursor"], limit=asked["limit"] + 1)
    shown = rows[: asked["limit"]]
    open_deaths = [
        one
        for state in (DeathState.AWAITING_SECOND, DeathState.RECORDED)
        for one in deaths.list_deaths(actor, status=state)
    ]
    return render_template(
        "merges/list.html",
        merges=_in_words(actor, shown),
        deaths=_deaths_in_words(actor, open_deaths),
        states=[(state, word.text) for state, word in MERGE.items()],
        asked=request.args,
        next_cursor=shown[-1].id.hex if len(rows) > len(shown) else None,
    )


def _in_words(actor: Actor, rows: list[Merge]) -> list[dict[str, Any]]:
    ids = {one for row in rows for one in (row.from_id, row.into_id)}
    names = members.shown_names(actor, members.describe_members(actor.tenant, ids).values())
    staff = people(actor, [one for row in rows for one in (row.asked_by, row.decided_by, row.undo_asked_by)])
    return [
        {column.key: getattr(row, column.key) for column in Merge.__table__.columns}
        | {
            "goes": names[row.from_id],
            "stays": names[row.into_id],
            "asked_by": staff.get(row.asked_by, ""),
            "decided_by": staff.get(row.decided_by, ""),
            "undo_asked_by": staff.get(row.undo_asked_by, ""),
        }
        for row in rows
    ]


@page.get("/c/<id:community_id>/merges/<id:merge_id>")
def show(merge_id: UUID) -> Any:
    """One merge with its next step."""
    actor = current_actor()
    return _show(actor, merges.see_merge(actor, merge_id))


def _show(actor: Actor, row: Merge, **again: Any) -> str:
    is_done = row.state == MergeState.DONE
    return render_template(
        "merges/show.html",
        merge=_in_words(actor, [row])[0],
        moving=merging.holding_of(actor.tenant, row.from_id),
        may_decide=merges.may_decide(actor, row),
        is_mine=actor.is_person(row.asked_by),
        may_take_back=row.state == MergeState.AWAITING_UNDO and actor.is_person(row.undo_asked_by),
        may_undo=is_done and may(actor, "merge") and clock.now() < merges.undo_until(row),
        undo_until=merges.undo_until(row) if is_done else None,
        **(NOTHING | again),
    )


def _take(merge_id: UUID, verb: Callable[[Actor, dict[str, Any]], Merge], schema: Any = None) -> Any:
    actor = current_actor()
    return send(
        schema,
        lambda values: verb(actor, values),
        to=lambda done: url_for(".show", merge_id=done.id),
        again=lambda **again: _show(actor, merges.see_merge(actor, merge_id), **again),
    )


@page.post("/c/<id:community_id>/merges/<id:merge_id>/approve")
def approve(merge_id: UUID) -> Any:
    """One from now on."""
    return _take(merge_id, lambda actor, _: merges.approve_merge(actor, merge_id))


@page.post("/c/<id:community_id>/merges/<id:merge_id>/decline")
def decline(merge_id: UUID) -> Any:
    """The second person says no, and why."""
    return _take(merge_id, lambda actor, why: merges.decline_merge(actor, merge_id, **why), MergeRefusalSchema())


@page.post("/c/<id:community_id>/merges/<id:merge_id>/withdraw")
def withdraw(merge_id: UUID) -> Any:
    """Who asked takes it back."""
    return _take(merge_id, lambda actor, why: merges.withdraw_merge(actor, merge_id, **why), MergeWithdrawalSchema())


@page.post("/c/<id:community_id>/merges/<id:merge_id>/undo")
def undo(merge_id: UUID) -> Any:
    """To be two again: asked."""
    return _take(merge_id, lambda actor, why: merges.ask_undo(actor, merge_id, **why), MergeUndoSchema())


@page.post("/c/<id:community_id>/merges/<id:merge_id>/undo/approve")
def approve_undo(merge_id: UUID) -> Any:
    """Two again."""
    return _take(merge_id, lambda actor, _: merges.approve_undo(actor, merge_id))


@page.post("/c/<id:community_id>/merges/<id:merge_id>/undo/refuse")
def refuse_undo(merge_id: UUID) -> Any:
    """The merge stands."""
    return _take(merge_id, lambda actor, why: merges.refuse_undo(actor, merge_id, **why), MergeRefusalSchema())


# --- deaths -----------------------------------------------------------------------------------------------------


def _deaths_in_words(actor: Actor, rows: list[Death]) -> list[dict[str, Any]]:
    ids = {one for row in rows for one in (row.member_id, row.heir_id) if one is not None}
    names = members.shown_names(actor, members.describe_members(actor.tenant, ids).values())
    return [
        {column.key: getattr(row, column.key) for column in Death.__table__.columns}
        | {
            "name": names[row.member_id],
            "heir": names.get(row.heir_id, "") if row.heir_id else "",
            "may_confirm": deaths.may_confirm(actor, row),
            "is_mine": actor.is_person(row.asked_by),
        }
        for row in rows
    ]


def _take_death(verb: Callable[[Actor, dict[str, Any]], Death], schema: Any = None) -> Any:
    actor = current_actor()

    def again(**_: Any) -> Any:
        return list_all()

    return send(schema, lambda values: verb(actor, values), to=lambda _: url_for(".list_all"), again=again)


@page.post("/c/<id:community_id>/deaths/<id:death_id>/confirm")
def confirm_death(death_id: UUID) -> Any:
    """Confirmed by the second person."""
    return _take_death(lambda actor, _: deaths.confirm_death(actor, death_id))


@page.post("/c/<id:community_id>/deaths/<id:death_id>/refuse")
def refuse_death(death_id: UUID) -> Any:
    """Not so, or taken back."""
    return _take_death(lambda actor, why: deaths.refuse_death(actor, death_id, **why), DeathRefusalSchema())


@page.post("/c/<id:community_id>/deaths/<id:death_id>/hand-over")
def hand_over(death_id: UUID) -> Any:
    """The relative has the flowers."""
    return _take_death(lambda actor, _: deaths.hand_to_heir(actor, death_id))
