"""Photos that prove a dispute: sent ahead, put to it once, shown to whoever sees it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, select

from ledger.core import clock, registry
from ledger.core.db import atomic, db
from ledger.core.errors import NotFound
from ledger.core.files import erase_file, keep_file, read_file
from ledger.core.permissions import require_any
from ledger.core.photos import MEDIA_TYPE, clean_photo
from ledger.core.tenancy import Actor, scoped, system_actor, within
from ledger.service.errors import PhotoLimit
from ledger.settlement.dispute_models import Dispute, DisputePhoto

MOST_PHOTOS = 3
MOST_AHEAD = 12
KEPT_AHEAD = timedelta(days=1)


@atomic
def send_photo(actor: Actor, content: bytes) -> DisputePhoto:
    """The photo is there, made plain, for a dispute that its sender raises within a day.

    Raises Forbidden (no shop of one's own), PhotoLimit, FileTooLarge, NotAPhoto.
    """
    require_any(actor, "dispute_settlement")
    ahead = select(func.count(DisputePhoto.id)).where(
        within(actor.tenant, DisputePhoto),
        DisputePhoto.owner_id == actor.person_id,
        DisputePhoto.dispute_id.is_(None),
    )
    if (db.session.scalar(ahead) or 0) >= MOST_AHEAD:
        raise PhotoLimit(most=MOST_AHEAD)
    file = keep_file(actor, clean_photo(content), media_type=MEDIA_TYPE)
    photo = DisputePhoto(
        community_id=actor.tenant, id=file.id, owner_id=actor.person_id, dispute_id=None, sent_at=clock.now()
    )
    db.session.add(photo)
    db.session.flush()
    return photo


def put_photos(actor: Actor, dispute: Dispute, file_ids: Collection[UUID]) -> None:
    """These prove the dispute. Raises PhotoLimit, NotFound (anybody else's, another dispute's)."""
    wanted = set(file_ids)
    if len(wanted) > MOST_PHOTOS:
        raise PhotoLimit(most=MOST_PHOTOS)
    query = scoped(actor.tenant, DisputePhoto).where(DisputePhoto.id.in_(wanted), DisputePhoto.dispute_id.is_(None))
    mine = [one for one in db.session.scalars(query.with_for_update()) if actor.is_person(one.owner_id)]
    if len(mine) != len(wanted):
        raise NotFound
    for photo in mine:
        photo.dispute_id = dispute.id
    db.session.flush()


def photos_of(community_id: UUID, dispute_ids: Collection[UUID]) -> dict[UUID, list[UUID]]:
    """The photos of these disputes, in the order of sending."""
    query = scoped(community_id, DisputePhoto.dispute_id, DisputePhoto.id)
    found: dict[UUID, list[UUID]] = {}
    rows = db.session.execute(query.where(DisputePhoto.dispute_id.in_(dispute_ids)).order_by(DisputePhoto.id))
    for dispute_id, photo_id in rows:
        found.setdefault(dispute_id, []).append(photo_id)
    return found


def content_of(community_id: UUID, dispute_id: UUID, photo_id: UUID) -> bytes:
    """The JPEG of a dispute's photo; NotFound when it is none of it, or erased."""
    query = scoped(community_id, DisputePhoto.id)
    if not db.session.scalar(query.where(DisputePhoto.id == photo_id, DisputePhoto.dispute_id == dispute_id)):
        raise NotFound
    return read_file(community_id, photo_id)


@registry.job("forget_unused_evidence", period=lambda moment: clock.local_day(moment).isoformat())
def forget_unused(community_id: UUID, _day: str) -> None:
    """Photos that no dispute took within a day are gone."""
    query = scoped(community_id, DisputePhoto).where(
        DisputePhoto.dispute_id.is_(None), DisputePhoto.sent_at < clock.now() - KEPT_AHEAD
    )
    for photo in db.session.scalars(query.order_by(DisputePhoto.id)).all():
        erase_file(system_actor(community_id), photo.id)
        db.session.delete(photo)
    db.session.flush()
