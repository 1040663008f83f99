"""Check-ins: recorded one by one or in batches, and the queue of those that wait for a stamp."""

from __future__ import annotations

import json
import time
from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Response, request

from api.auth import current_actor
from api.documents import resource
from api.errors import status_of
from api.list_files import as_files
from api.pages import page
from api.schemas.checkins import (
    BatchRequestSchema,
    BatchResultSchema,
    CheckinPageSchema,
    CheckinQuery,
    CheckinRequestSchema,
    CheckinSchema,
    CheckinViewSchema,
    Malformed,
)
from api.schemas.fields import Schema
from api.writing import as_response, run_item, writes
from ledger.core import clock
from ledger.core.db import atomic, expect_refusals, savepoint
from ledger.core.errors import Invalid, KeyReused, TooManyRequests
from ledger.core.idempotency import Answer
from ledger.people import cards, guesses
from ledger.service import checkins, queue
from ledger.service.errors import ArrivalAwaited
from ledger.service.models import Checkin
from ledger.service.queue import CheckinView

blp = resource("checkins", "Visits: checked in, checked out, waiting for the stamp.")

BATCH_SECONDS = 20
"""A batch that takes longer answers `later` for the rest, before the connection is lost."""

_dumped: Schema = CheckinSchema()


@blp.get("/checkins")
@blp.arguments(CheckinQuery, location="query")
@blp.response(200, CheckinPageSchema)
@as_files(blp, "checkins", CheckinQuery, CheckinPageSchema)
def list_checkins(asked: dict[str, Any]) -> dict[str, Any]:
    """The check-ins I may see, newest first unless asked otherwise: a volunteer's own, a stamper's queue."""
    limit, cursor, order = asked.pop("limit"), asked.pop("cursor"), asked.pop("sort")
    rows = queue.list_checkins(current_actor(), **asked, order=order, after=cursor, limit=limit + 1)
    return page(rows, limit, key="checkin.id")


@blp.post("/checkins")
@blp.arguments(CheckinRequestSchema)
@blp.response(201, CheckinSchema)
@writes(CheckinSchema, status=201, keyed=True, first=lambda asked: _take_turn([asked]))
def post_checkin(asked: dict[str, Any]) -> Checkin:
    """Check in or out."""
    return _record(asked)


def _take_turn(items: list[dict[str, Any]]) -> None:
    """Cards are tried one after the other by one person."""
    if any(one["via"].card_code for one in items):
        guesses.take_turn(current_actor())


def _record(asked: dict[str, Any]) -> Checkin:
    given = {name: value for name, value in asked.items() if name not in ("activity_id", "key")}
    return checkins.record_checkin(current_actor(), asked["activity_id"], **given)


@blp.get("/checkins/<id:checkin_id>")
@blp.response(200, CheckinViewSchema)
def get_checkin(checkin_id: UUID) -> CheckinView:
    """One check-in, with why it is not stamped yet."""
    return queue.see_checkin(current_actor(), checkin_id)


@blp.post("/checkins/batch")
@blp.arguments(BatchRequestSchema)
@blp.response(200, BatchResultSchema)
def post_batch(asked: dict[str, Any]) -> Response:
    """Record up to 200 check-ins made without network; each is answered for itself, once for its own key."""
    results = _record_all(asked["items"], request.get_json()["items"])
    return as_response(Answer(200, json.dumps({"results": results}, ensure_ascii=False)))


@atomic
def _record_all(items: list[dict[str, Any] | Malformed], bodies: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """All items in one transaction, each in a savepoint of its own; keys are shared with POST /checkins."""
    expect_refusals()
    results: dict[int, dict[str, Any]] = {
        place: {"key": item.key, "status": "refused", "code": Invalid.code, "errors": item.errors}
        for place, item in enumerate(items)
        if isinstance(item, Malformed)
    }
    sound = {place: item for place, item in enumerate(items) if not isinstance(item, Malformed)}
    results |= _record_sound(sound, bodies) if sound else {}
    return [results[place] for place in range(len(items))]


def _record_sound(items: dict[int, dict[str, Any]], bodies: list[dict[str, Any]]) -> dict[int, dict[str, Any]]:
    """The items by their places in the batch, each with its answer."""
    actor = current_actor()
    _take_turn(list(items.values()))
    ways = [one["via"] for one in items.values()]
    on_cards = cards.members_with(actor.tenant, [via.card_code for via in ways if via.card_code])
    named = {via.member_id for via in ways} | set(on_cards.values())
    checkins.lock_members(actor.tenant, {member_id for member_id in named if member_id})
    ends = time.monotonic() + BATCH_SECONDS
    results: dict[int, dict[str, Any]] = {}
    for place in _in_order(items, on_cards):
        in_time = time.monotonic() < ends
        later = {"key": items[place]["key"], "status": "later"}
        results[place] = _record_item(items[place], bodies[place]) if in_time else later
    return results


def _in_order(items: dict[int, dict[str, Any]], known_cards: Collection[str]) -> list[int]:
    """The places of the items as they happened, however the phone sent them: an arrival before its leaving.

    Unknown cards come last, for ten of them close the cards for a while, and nobody else should wait for that.
    """
    now = clock.now()

    def order(place: int) -> tuple[bool, datetime, int]:
        item = items[place]
        code = item["via"].card_code
        return code is not None and code not in known_cards, item.get("happened_at") or now, place

    return sorted(items, key=order)


def _record_item(item: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    content = {name: value for name, value in body.items() if name != "key"}
    route = f"POST {request.path.removesuffix('/batch')}"
    try:
        with savepoint():
            answer = run_item(lambda: _record(item), dump=_dump, route=route, key=item["key"], content=content)
    except KeyReused as reason:
        return {"key": item["key"], "status": "refused", "code": reason.code}
    if answer.status == status_of(TooManyRequests()):
        return {"key": item["key"], "status": "later"}
    told = json.loads(answer.body)
    if answer.status >= 400 and told["code"] == ArrivalAwaited.code:
        return {"key": item["key"], "status": "later", "code": told["code"]}
    if answer.status >= 400:
        return {"key": item["key"], "status": "refused", "code": told["code"]}
    return {"key": item["key"], "status": "replayed" if answer.replayed else "recorded", "checkin": told}


def _dump(checkin: Checkin) -> Answer:
    return Answer(201, json.dumps(_dumped.dump(checkin), ensure_ascii=False))
