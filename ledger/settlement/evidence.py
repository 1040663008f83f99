"""Photos that prove a dispute: sent ahead by the shop, shown to whoever sees the dispute."""

from __future__ import annotations

from ledger.core.permissions import require_any
from ledger.core.sent_photos import SentPhotos
from ledger.core.tenancy import Actor
from ledger.settlement.dispute_models import DisputePhoto

photos = SentPhotos(DisputePhoto, "dispute_id", job="forget_unused_evidence")


def send_photo(actor: Actor, content: bytes) -> DisputePhoto:
    """The photo waits for a dispute of its sender's.

    Raises Forbidden (no shop of one's own), PhotoLimit, FileTooLarge, NotAPhoto.
    """
    require_any(actor, "dispute_settlement")
    return photos.send(actor, content)
