"""Photos of feedback: sent ahead by whoever holds a post, shown to whoever sees the feedback, forgotten with it."""

from __future__ import annotations

from ledger.core.errors import Forbidden
from ledger.core.sent_photos import SentPhotos
from ledger.core.tenancy import Actor
from ledger.people.grants import posts_of
from ledger.service.feedback_models import FeedbackPhoto

photos = SentPhotos(FeedbackPhoto, "feedback_id", job="forget_unused_photos")


def send_photo(actor: Actor, content: bytes) -> FeedbackPhoto:
    """The photo waits for its sender's feedback. Raises Forbidden (no post), PhotoLimit, FileTooLarge, NotAPhoto."""
    if not posts_of(actor.tenant, sorted(actor.member_ids)):
        raise Forbidden
    return photos.send(actor, content)
