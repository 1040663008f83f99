"""The stamping queue."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint

page = Blueprint("stamps", __name__)


@page.get("/c/<id:community_id>/stamps")
def list_queue() -> Any:
    """What waits for a stamp, strongest evidence first."""
    raise NotImplementedError  # stamps/queue.html


@page.post("/c/<id:community_id>/stamps/preview")
def preview() -> Any:
    """What the chosen ones would get, with the sum; stores nothing."""
    raise NotImplementedError  # stamps/preview.html


@page.post("/c/<id:community_id>/stamps")
def decide() -> Any:
    """Stamped, returned or void as previewed."""
    raise NotImplementedError


@page.get("/c/<id:community_id>/stamp-batches/<id:batch_id>")
def show_batch(batch_id: UUID) -> Any:
    """What one press decided, row by row, and the way back."""
    raise NotImplementedError  # stamps/batch.html


@page.post("/c/<id:community_id>/stamp-batches/<id:batch_id>/undo")
def undo(batch_id: UUID) -> Any:
    """The whole batch is taken back by counter-entries."""
    raise NotImplementedError
