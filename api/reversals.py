"""Reversals by hand: asked by one person, approved or declined by a second."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from api.auth import current_actor
from api.documents import resource
from api.pages import page
from api.schemas.reversals import (
    DeclineRequestSchema,
    ReversalPageSchema,
    ReversalQuery,
    ReversalRequestSchema,
    ReversalSchema,
    ReversalStepSchema,
    WithdrawRequestSchema,
    shown,
)
from api.writing import writes
from ledger.book import reversal_reading, reversal_requests
from ledger.book.models import ReversalRequest

blp = resource("reversals", "Taking transfers back by hand, with a second person.")


@blp.post("/transfers/<id:transfer_id>/reverse")
@blp.arguments(ReversalRequestSchema)
@blp.response(201, ReversalStepSchema)
@writes(ReversalStepSchema, status=201, keyed=True)
def post_reversal(asked: dict[str, Any], transfer_id: UUID) -> ReversalRequest:
    """Ask for a reversal, whole or in part; nothing moves until a second person approves."""
    return reversal_requests.ask_reversal(current_actor(), transfer_id, **asked)


@blp.get("/reversals")
@blp.arguments(ReversalQuery, location="query")
@blp.response(200, ReversalPageSchema)
def list_reversals(asked: dict[str, Any]) -> dict[str, Any]:
    """The reversals I may see, newest first unless asked: all, or to a member what was taken back from them."""
    rows = reversal_reading.list_reversals(
        current_actor(),
        status=asked["status"],
        transfer_id=asked["transfer_id"],
        order=asked["sort"],
        after=asked["cursor"],
        limit=asked["limit"] + 1,
    )
    return page([shown(row) for row in rows], asked["limit"])


@blp.get("/reversals/<id:reversal_id>")
@blp.response(200, ReversalSchema)
def get_reversal(reversal_id: UUID) -> dict[str, Any]:
    """One reversal with its reason and where it stands."""
    return shown(reversal_reading.see_reversal(current_actor(), reversal_id))


@blp.post("/reversals/<id:reversal_id>/approve")
@blp.response(200, ReversalStepSchema)
@writes(ReversalStepSchema, keyed=True)
def post_approval(reversal_id: UUID) -> ReversalRequest:
    """The second person approves; the amount is taken back now."""
    return reversal_requests.approve_reversal(current_actor(), reversal_id)


@blp.post("/reversals/<id:reversal_id>/decline")
@blp.arguments(DeclineRequestSchema)
@blp.response(200, ReversalStepSchema)
@writes(ReversalStepSchema)
def post_decline(asked: dict[str, Any], reversal_id: UUID) -> ReversalRequest:
    """The second person says no; nothing moves."""
    return reversal_requests.decline_reversal(current_actor(), reversal_id, note=asked["note"])


@blp.post("/reversals/<id:reversal_id>/withdraw")
@blp.arguments(WithdrawRequestSchema)
@blp.response(200, ReversalStepSchema)
@writes(ReversalStepSchema)
def post_withdrawal(asked: dict[str, Any], reversal_id: UUID) -> ReversalRequest:
    """Who asked takes it back; nothing moves."""
    return reversal_requests.withdraw_reversal(current_actor(), reversal_id, note=asked["note"])
