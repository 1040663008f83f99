"""The seals of the books: public, so that anyone may keep a checkpoint and hold the house to it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import wraps
from typing import Any, ParamSpec, TypeVar

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

P = ParamSpec("P")
R = TypeVar("R")


def of_known_community(view: Callable[P, R]) -> Callable[P, R]:
    """A community that does not exist answers 404 before the question is read, as behind a sign-in."""

    @wraps(view)
    def known(*args: P.args, **kwargs: P.kwargs) -> R:
        members.load_community(g.community_id)
        return view(*args, **kwargs)

    return known


@blp.get("/seals")
@public
@for_strangers
@of_known_community
@blp.arguments(SealQuery, location="query")
@blp.response(200, CheckpointPageSchema)
def list_seals(asked: dict[str, Any]) -> dict[str, Any]:
    """The checkpoints, or those of a month, newest first."""
    span = {"month": asked["month"], "before": asked["cursor"]}
    found = checkpoints.list_checkpoints(g.community_id, **span, limit=asked["limit"] + 1)
    items = [shown_checkpoint(one) for one in found[: asked["limit"]]]
    return {"items": items, "next_cursor": items[-1]["day"] if len(found) > len(items) else None}


@blp.get("/seals/<day>")
@public
@for_strangers
@of_known_community
@blp.arguments(ContinuationQuery, location="query")
@blp.response(200, SealSchema)
def get_seal(asked: dict[str, Any], day: str) -> tuple[dict[str, Any], int, dict[str, str]]:
    """One checkpoint; with `?from=` the consistency proof between the two days, as a file to keep."""
    community_id, wanted = g.community_id, _day(day)
    found = checkpoints.load_checkpoint(community_id, wanted)
    since = asked["since"]
    pair = checkpoints.continuation(community_id, since, wanted) if since is not None else None
    name = f"consistency-{pair.older.day.isoformat()}-{pair.newer.day.isoformat()}.json" if pair is not None else ""
    return shown_seal(found, pair), 200, {"Content-Disposition": f'attachment; filename="{name}"'} if name else {}


@blp.get("/seals/<day>.txt")
@public
@for_strangers
@of_known_community
@blp.response(200, **TEXT)
def get_text(day: str) -> Response:
    """The text to keep: its SHA-256 is what the next day names as the one before."""
    found = checkpoints.load_checkpoint(g.community_id, _day(day))
    headers = {"Content-Disposition": f'attachment; filename="checkpoint-{found.day.isoformat()}.txt"'}
    return Response(checkpoints.text_of(found), content_type="text/plain; charset=utf-8", headers=headers)


def _day(text: str) -> date:
    """The day that an address names; one that cannot be is not found, as an id that cannot be."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise NotFound from error
