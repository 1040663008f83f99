"""Flags: what the detectors found, what the treasurer decides, what waits for a shop, and a dry run."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from api.auth import current_actor
from api.documents import resource
from api.pages import page
from api.schemas.flags import (
    FlagDecisionSchema,
    FlagDryRunRequestSchema,
    FlagDryRunSchema,
    FlagPageSchema,
    FlagQuery,
    FlagSchema,
    FlagsFoundSchema,
    FlagStepSchema,
    WaitingSchema,
)
from api.writing import writes
from ledger.risk import flags, reading
from ledger.risk.models import Flag
from ledger.risk.reading import DryRun, FlagView

blp = resource("flags", "What looks odd about redemptions; it waits for a decision, fourteen days at most.")


@blp.get("/flags")
@blp.arguments(FlagQuery, location="query")
@blp.response(200, FlagPageSchema)
def list_flags(asked: dict[str, Any]) -> dict[str, Any]:
    """Flags, newest first; open ones the first due first, unless asked."""
    limit, cursor, order = asked.pop("limit"), asked.pop("cursor"), asked.pop("sort")
    rows = reading.list_flags(current_actor(), **asked, order=order, after=cursor, limit=limit + 1)
    return page(rows, limit, key="flag.id")


@blp.post("/flags/find")
@blp.response(200, FlagsFoundSchema)
@writes(FlagsFoundSchema)
def post_find() -> dict[str, Any]:
    """Let the detectors look now; looking again finds only what is new."""
    return {"found": [flag.id for flag in flags.find_now(current_actor())]}


@blp.get("/flags/waiting")
@blp.response(200, WaitingSchema)
def list_waiting() -> dict[str, Any]:
    """What the next statements of the shops I may see leave out, why, and until when."""
    return {"items": reading.list_waiting(current_actor())}


@blp.get("/flags/<id:flag_id>")
@blp.response(200, FlagSchema)
def get_flag(flag_id: UUID) -> FlagView:
    """One flag with its figures."""
    return reading.see_flag(current_actor(), flag_id)


@blp.post("/flags/<id:flag_id>/decide")
@blp.arguments(FlagDecisionSchema)
@blp.response(200, FlagStepSchema)
@writes(FlagStepSchema, keyed=True)
def post_decision(asked: dict[str, Any], flag_id: UUID) -> Flag:
    """Dismiss or confirm it; what waited goes into the next statement."""
    return flags.decide_flag(current_actor(), flag_id, **asked)


@blp.post("/flags/dry-run")
@blp.arguments(FlagDryRunRequestSchema)
@blp.response(200, FlagDryRunSchema)
def post_dry_run(asked: dict[str, Any]) -> DryRun:
    """What the detectors would have said of these days. Stores nothing and needs no key."""
    return reading.dry_run(current_actor(), **asked)
