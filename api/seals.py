"""The seals of the books: public, so that anyone may keep a checkpoint and hold the house to it."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from flask import Response, g

from api.auth import for_strangers, public
from api.documents import resource
from api.schemas.seals import (
    CheckpointPageSchema,
    ContinuationQuery,
    SealQuery,
    SealSchema,
    shown_checkpoint,
    shown_seal,
)
from ledger.book import checkpoints
from ledger.core.errors import NotFound
from ledger.people import members

blp = resource("seals", "Daily checkpoints of the books. Public: no sign-in, and they name nobody.")

TEXT = {"description": "The published text of the checkpoint.", "content_type": "text/plain; charset=utf-8"}


@blp.get("/seals")
@public
@for_strangers
@blp.arguments(SealQuery, location="query")
@blp.response(200, CheckpointPageSchema)
def list_seals(asked: dict[str, Any]) -> dict[str, Any]:
    """The checkpoints, newest first."""
    found = checkpoints.list_checkpoints(_community(), before=asked["cursor"], limit=asked["limit"] + 1)
    items = [shown_checkpoint(one) for one in found[: asked["limit"]]]
    return {"items": items, "next_cursor": items[-1]["day"] if len(found) > len(items) else None}


@blp.get("/seals/<day>")
@public
@for_strangers
@blp.arguments(ContinuationQuery, location="query")
@blp.response(200, SealSchema)
def get_seal(asked: dict[str, Any], day: str) -> dict[str, Any]:
    """One checkpoint; with `?from=` the consistency proof between the two days."""
    community_id, wanted = _community(), _day(day)
    found = checkpoints.load_checkpoint(community_id, wanted)
    since = asked["since"]
    pair = checkpoints.continuation(community_id, since, wanted) if since is not None else None
    return shown_seal(found, pair)


@blp.get("/seals/<day>.txt")
@public
@for_strangers
@blp.response(200, **TEXT)
def get_text(day: str) -> Response:
    """The text to keep: its SHA-256 is what the next day names as the one before."""
    found = checkpoints.load_checkpoint(_community(), _day(day))
    headers = {"Content-Disposition": f'attachment; filename="checkpoint-{found.day.isoformat()}.txt"'}
    return Response(checkpoints.text_of(found), content_type="text/plain; charset=utf-8", headers=headers)


def _community() -> UUID:
    """The community of the address, whoever asks; NotFound when there is none."""
    return members.load_community(g.community_id).id


def _day(text: str) -> date:
    """The day that an address names; one that cannot be is not found, as an id that cannot be."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise NotFound from error
