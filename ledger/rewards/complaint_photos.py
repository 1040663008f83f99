"""Photos of what a member complains of: sent ahead, put to the complaint, shown to whoever sees it."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from ledger.core.db import db
from ledger.core.files import File
from ledger.core.permissions import require_any
from ledger.core.sent_photos import SentPhotos
from ledger.core.tenancy import Actor, load
from ledger.rewards.complaint_models import Complaint, ComplaintPhoto

photos = SentPhotos(ComplaintPhoto, "complaint_id", job="forget_unused_complaint_photos")


def send_photo(actor: Actor, content: bytes) -> ComplaintPhoto:
    """The photo waits for a complaint of its sender's. Raises Forbidden, PhotoLimit, FileTooLarge, NotAPhoto."""
    require_any(actor, "complain")
    return photos.send(actor, content)


def put_photos(actor: Actor, complaint: Complaint, file_ids: Collection[UUID], *, owner_id: UUID) -> None:
    """These go with the complaint, and are its member's from now on, whoever took them.

    Raises PhotoLimit, NotFound (anybody else's, another complaint's).
    """
    for photo in photos.put(actor, complaint.id, file_ids):
        photo.owner_id = load(actor.tenant, File, photo.id).owner_id = owner_id
    db.session.flush()
