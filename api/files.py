"""Photos that are sent ahead of what they go with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from api.auth import current_actor
from api.documents import resource
from api.schemas.files import PhotoFileSchema, PhotoFormSchema, PhotoSchema
from api.writing import writes
from ledger.rewards import complaint_photos, offer_pictures
from ledger.service import feedback_photos
from ledger.settlement import evidence

blp = resource("files", "Photos that are sent ahead, for a feedback, a complaint, a dispute or an offer within a day.")

SENDERS: dict[str, Callable[..., Any]] = {
    "feedback": feedback_photos.send_photo,
    "complaint": complaint_photos.send_photo,
    "dispute": evidence.send_photo,
    "offer": offer_pictures.send_picture,
}
"""Who takes a photo, by what it goes with."""


@blp.post("/files")
@blp.arguments(PhotoFormSchema, location="form")
@blp.arguments(PhotoFileSchema, location="files")
@blp.response(201, PhotoSchema)
@writes(PhotoSchema, status=201)
def post_file(asked: dict[str, Any], sent: dict[str, Any]) -> Any:
    """Send a photo ahead; it is made plain and small, and nothing of where it was taken is kept."""
    stream = sent["file"].stream
    stream.seek(0)
    return SENDERS[asked["purpose"]](current_actor(), stream.read())
