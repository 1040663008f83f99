"""Stamps: previewed, given, taken back."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from api.auth import current_actor
from api.documents import resource
from api.schemas.stamps import StampedBatchSchema, StampRequestSchema, UndoneSchema
from api.writing import writes
from ledger.service import stamps, undoing
from ledger.service.desk import StampedBatch

blp = resource("stamps", "The community's stamp on what was served.")


@blp.post("/stamps")
@blp.arguments(StampRequestSchema)
@blp.response(200, StampedBatchSchema)
def post_stamps(asked: dict[str, Any]) -> Any:
    """Stamp, return or void up to 200 check-ins, or preview that."""
    if asked["preview"]:
        return stamps.preview_stamps(current_actor(), asked["checkin_ids"], decision=asked["decision"])
    return _stamp(asked)


@writes(StampedBatchSchema, keyed=True)
def _stamp(asked: dict[str, Any]) -> StampedBatch:
    return stamps.stamp_checkins(
        current_actor(),
        asked["checkin_ids"],
        decision=asked["decision"],
        note=asked["note"],
        preview_digest=asked["preview_digest"],
    )


@blp.post("/stamps/<id:stamp_id>/undo")
@blp.response(200, UndoneSchema)
@writes(UndoneSchema, keyed=True)
def post_undo(stamp_id: UUID) -> dict[str, Any]:
    """Take one stamp back by counter-entries; what was spent becomes the member's debt."""
    return {"results": [undoing.undo_stamp(current_actor(), stamp_id)]}


@blp.post("/stamp-batches/<id:batch_id>/undo")
@blp.response(200, UndoneSchema)
@writes(UndoneSchema, keyed=True)
def post_batch_undo(batch_id: UUID) -> StampedBatch:
    """Take every stamp of one press back."""
    return undoing.undo_batch(current_actor(), batch_id)
