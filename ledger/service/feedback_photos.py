"""Photos of feedback: sent ahead, put to a feedback, shown to whoever sees it, and forgotten with it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, select

from ledger.core import clock, registry
from ledger.core.db import atomic, db
from ledger.core.errors import Forbidden, NotFound
from ledger.core.files import erase_file, keep_file, read_file
from ledger.core.photos import MEDIA_TYPE, clean_photo
from ledger.core.tenancy import Actor, scoped, system_actor, within
from ledger.people.grants import posts_of
from ledger.service.errors import PhotoLimit
from ledger.service.feedback_models import Feedback, FeedbackPhoto

MOST_PHOTOS = 3
MOST_AHEAD = 12
"""So many may wait for their feedback at a time."""
KEPT_AHEAD = timedelta(days=1)


@atomic
def send_photo(actor: Actor, content: bytes) -> FeedbackPhoto:
    """The photo is there, made plain, for a feedback that its sender gives within a day.

    Raises Forbidden (no post), PhotoLimit, FileTooLarge, NotAPhoto.
    """
    if not posts_of(actor.tenant, sorted(actor.member_ids)):
        raise Forbidden
    ahead = select(func.count(FeedbackPhoto.id)).where(
        within(actor.tenant, FeedbackPhoto),
        FeedbackPhoto.owner_id == actor.person_id,
        FeedbackPhoto.feedback_id.is_(None),
    )
    if (db.session.scalar(ahead) or 0) >= MOST_AHEAD:
        raise PhotoLimit(most=MOST_AHEAD)
    file = keep_file(actor, clean_photo(content), media_type=MEDIA_TYPE)
    photo = FeedbackPhoto(
        community_id=actor.tenant, id=file.id, owner_id=actor.person_id, feedback_id=None, sent_at=clock.now()
    )
    db.session.add(photo)
    db.session.flush()
    return photo


def put_photos(actor: Actor, row: Feedback, file_ids: Collection[UUID]) -> None:
    """These are the feedback's photos, and no others. Raises PhotoLimit, NotFound (anybody else's, another's)."""
    wanted = set(file_ids)
    if len(wanted) > MOST_PHOTOS:
        raise PhotoLimit(most=MOST_PHOTOS)
    query = scoped(actor.tenant, FeedbackPhoto).where(FeedbackPhoto.id.in_(wanted)).order_by(FeedbackPhoto.id)
    found = list(db.session.scalars(query.with_for_update()))
    mine = [one for one in found if actor.is_person(one.owner_id) and one.feedback_id in (None, row.id)]
    if len(mine) != len(wanted):
        raise NotFound
    kept = scoped(actor.tenant, FeedbackPhoto).where(FeedbackPhoto.feedback_id == row.id)
    _forget(actor, [one for one in db.session.scalars(kept).all() if one.id not in wanted])
    for photo in mine:
        photo.feedback_id = row.id
    db.session.flush()


def photos_of(community_id: UUID, feedback_ids: Collection[UUID]) -> dict[UUID, list[UUID]]:
    """The photos of these feedbacks, in the order of sending."""
    query = scoped(community_id, FeedbackPhoto.feedback_id, FeedbackPhoto.id)
    found: dict[UUID, list[UUID]] = {}
    rows = db.session.execute(query.where(FeedbackPhoto.feedback_id.in_(feedback_ids)).order_by(FeedbackPhoto.id))
    for feedback_id, photo_id in rows:
        found.setdefault(feedback_id, []).append(photo_id)
    return found


def content_of(community_id: UUID, feedback_id: UUID, photo_id: UUID) -> bytes:
    """The JPEG of a feedback's photo; NotFound when it is none of it, or erased."""
    query = scoped(community_id, FeedbackPhoto.id)
    if not db.session.scalar(query.where(FeedbackPhoto.id == photo_id, FeedbackPhoto.feedback_id == feedback_id)):
        raise NotFound
    return read_file(community_id, photo_id)


@registry.job("forget_unused_photos", period=lambda moment: clock.local_day(moment).isoformat())
def forget_unused(community_id: UUID, _day: str) -> None:
    """Photos that no feedback took within a day are gone."""
    query = scoped(community_id, FeedbackPhoto).where(
        FeedbackPhoto.feedback_id.is_(None), FeedbackPhoto.sent_at < clock.now() - KEPT_AHEAD
    )
    _forget(system_actor(community_id), list(db.session.scalars(query.order_by(FeedbackPhoto.id))))


def _forget(actor: Actor, photos: list[FeedbackPhoto]) -> None:
    for photo in photos:
        erase_file(actor, photo.id)
        db.session.delete(photo)
    db.session.flush()
