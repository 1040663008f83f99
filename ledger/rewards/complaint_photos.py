"""Photos of what a member complains of: sent ahead, put to it once, shown to whoever sees it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, select

from ledger.core import clock, registry
from ledger.core.db import atomic, db
from ledger.core.errors import NotFound
from ledger.core.files import File, erase_file, keep_file, read_file
from ledger.core.permissions import require_any
from ledger.core.photos import MEDIA_TYPE, clean_photo
from ledger.core.tenancy import Actor, scoped, system_actor, within
from ledger.rewards.complaint_models import Complaint, ComplaintPhoto
from ledger.service.errors import PhotoLimit

MOST_PHOTOS = 3
MOST_AHEAD = 12
KEPT_AHEAD = timedelta(days=1)


@atomic
def send_photo(actor: Actor, content: bytes) -> ComplaintPhoto:
    """The photo is there, made plain, for a complaint that its sender raises within a day.

    Raises Forbidden, PhotoLimit, FileTooLarge, NotAPhoto.
    """
    require_any(actor, "complain")
    ahead = select(func.count(ComplaintPhoto.id)).where(
        within(actor.tenant, ComplaintPhoto),
        ComplaintPhoto.owner_id == actor.person_id,
        ComplaintPhoto.complaint_id.is_(None),
    )
    if (db.session.scalar(ahead) or 0) >= MOST_AHEAD:
        raise PhotoLimit(most=MOST_AHEAD)
    file = keep_file(actor, clean_photo(content), media_type=MEDIA_TYPE)
    photo = ComplaintPhoto(
        community_id=actor.tenant, id=file.id, owner_id=actor.person_id, complaint_id=None, sent_at=clock.now()
    )
    db.session.add(photo)
    db.session.flush()
    return photo


def put_photos(actor: Actor, complaint: Complaint, file_ids: Collection[UUID], *, owner_id: UUID) -> None:
    """These go with the complaint, and are its member's from now on, whoever took them.

    Raises PhotoLimit, NotFound (anybody else's, another complaint's).
    """
    wanted = set(file_ids)
    if len(wanted) > MOST_PHOTOS:
        raise PhotoLimit(most=MOST_PHOTOS)
    query = scoped(actor.tenant, ComplaintPhoto, File).where(
        File.id == ComplaintPhoto.id, ComplaintPhoto.id.in_(wanted), ComplaintPhoto.complaint_id.is_(None)
    )
    rows = db.session.execute(query.with_for_update(of=ComplaintPhoto)).tuples()
    mine = [(photo, file) for photo, file in rows if actor.is_person(photo.owner_id)]
    if len(mine) != len(wanted):
        raise NotFound
    for photo, file in mine:
        photo.complaint_id, photo.owner_id, file.owner_id = complaint.id, owner_id, owner_id
    db.session.flush()


def photos_of(community_id: UUID, complaint_ids: Collection[UUID]) -> dict[UUID, list[UUID]]:
    """The photos of these complaints, in the order of sending."""
    query = scoped(community_id, ComplaintPhoto.complaint_id, ComplaintPhoto.id)
    found: dict[UUID, list[UUID]] = {}
    rows = db.session.execute(query.where(ComplaintPhoto.complaint_id.in_(complaint_ids)).order_by(ComplaintPhoto.id))
    for complaint_id, photo_id in rows:
        found.setdefault(complaint_id, []).append(photo_id)
    return found


def content_of(community_id: UUID, complaint_id: UUID, photo_id: UUID) -> bytes:
    """The JPEG of a complaint's photo; NotFound when it is none of it, or erased."""
    query = scoped(community_id, ComplaintPhoto.id)
    if not db.session.scalar(query.where(ComplaintPhoto.id == photo_id, ComplaintPhoto.complaint_id == complaint_id)):
        raise NotFound
    return read_file(community_id, photo_id)


@registry.job("forget_unused_complaint_photos", period=lambda moment: clock.local_day(moment).isoformat())
def forget_unused(community_id: UUID, _day: str) -> None:
    """Photos that no complaint took within a day are gone."""
    query = scoped(community_id, ComplaintPhoto).where(
        ComplaintPhoto.complaint_id.is_(None), ComplaintPhoto.sent_at < clock.now() - KEPT_AHEAD
    )
    for photo in db.session.scalars(query.order_by(ComplaintPhoto.id)).all():
        erase_file(system_actor(community_id), photo.id)
        db.session.delete(photo)
    db.session.flush()
