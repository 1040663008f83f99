"""Two members of one person become one: asked by one of the staff, approved by another, undone the same way."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from api.auth import current_actor
from api.documents import resource
from api.pages import page
from api.schemas.merges import (
    MergePageSchema,
    MergePairSchema,
    MergePreviewSchema,
    MergeQuery,
    MergeRefusalSchema,
    MergeRequestSchema,
    MergeSchema,
    MergeStepSchema,
    MergeUndoSchema,
    MergeWithdrawalSchema,
)
from api.writing import writes
from ledger.people import merges
from ledger.people.life_models import Merge
from ledger.people.merges import Preview

blp = resource("merges", "Two accounts of one person become one, with a second person.")


@blp.post("/merges/preview")
@blp.arguments(MergePairSchema)
@blp.response(200, MergePreviewSchema)
def post_preview(asked: dict[str, Any]) -> Preview:
    """What a merge would move now, and what stands against it. Stores nothing."""
    return merges.preview_merge(current_actor(), **asked)


@blp.post("/merges")
@blp.arguments(MergeRequestSchema)
@blp.response(201, MergeStepSchema)
@writes(MergeStepSchema, status=201, keyed=True)
def post_merge(asked: dict[str, Any]) -> Merge:
    """Ask for a merge; nothing moves until a second person approves."""
    return merges.ask_merge(current_actor(), **asked)


@blp.get("/merges")
@blp.arguments(MergeQuery, location="query")
@blp.response(200, MergePageSchema)
def list_merges(asked: dict[str, Any]) -> dict[str, Any]:
    """The merges of the community, newest first."""
    rows = merges.list_merges(current_actor(), status=asked["status"], before=asked["cursor"], limit=asked["limit"] + 1)
    return page(rows, asked["limit"])


@blp.get("/merges/<id:merge_id>")
@blp.response(200, MergeSchema)
def get_merge(merge_id: UUID) -> Merge:
    """One merge with its reason and where it stands."""
    return merges.see_merge(current_actor(), merge_id)


@blp.post("/merges/<id:merge_id>/approve")
@blp.response(200, MergeStepSchema)
@writes(MergeStepSchema, keyed=True)
def post_approval(merge_id: UUID) -> Merge:
    """The second person approves; the two are one from now on."""
    return merges.approve_merge(current_actor(), merge_id)


@blp.post("/merges/<id:merge_id>/decline")
@blp.arguments(MergeRefusalSchema)
@blp.response(200, MergeStepSchema)
@writes(MergeStepSchema)
def post_decline(asked: dict[str, Any], merge_id: UUID) -> Merge:
    """The second person says no; nothing moves."""
    return merges.decline_merge(current_actor(), merge_id, note=asked["note"])


@blp.post("/merges/<id:merge_id>/withdraw")
@blp.arguments(MergeWithdrawalSchema)
@blp.response(200, MergeStepSchema)
@writes(MergeStepSchema)
def post_withdrawal(asked: dict[str, Any], merge_id: UUID) -> Merge:
    """Who asked takes it back; nothing moves."""
    return merges.withdraw_merge(current_actor(), merge_id, note=asked["note"])


@blp.post("/merges/<id:merge_id>/undo")
@blp.arguments(MergeUndoSchema)
@blp.response(200, MergeStepSchema)
@writes(MergeStepSchema)
def post_undo(asked: dict[str, Any], merge_id: UUID) -> Merge:
    """Ask to take the two apart, within 30 days; nothing moves until a second person approves."""
    return merges.ask_undo(current_actor(), merge_id, reason=asked["reason"])


@blp.post("/merges/<id:merge_id>/undo/approve")
@blp.response(200, MergeStepSchema)
@writes(MergeStepSchema, keyed=True)
def post_undo_approval(merge_id: UUID) -> Merge:
    """The second person approves; the two are two again."""
    return merges.approve_undo(current_actor(), merge_id)


@blp.post("/merges/<id:merge_id>/undo/refuse")
@blp.arguments(MergeRefusalSchema)
@blp.response(200, MergeStepSchema)
@writes(MergeStepSchema)
def post_undo_refusal(asked: dict[str, Any], merge_id: UUID) -> Merge:
    """The second person says no, or who asked takes it back: the merge stands."""
    return merges.refuse_undo(current_actor(), merge_id, note=asked["note"])
