"""Photos sent ahead, put to a thing within a day (a feedback, a complaint, a dispute), and forgotten with it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Mapped, mapped_column

from ledger.core import clock, registry
from ledger.core.db import atomic, db
from ledger.core.errors import NotFound, Refused
from ledger.core.files import erase_file, keep_file, read_file
from ledger.core.photos import MEDIA_TYPE, clean_photo
from ledger.core.tenancy import Actor, scoped, system_actor, within

MOST_PHOTOS = 3
MOST_AHEAD = 12
"""So many may wait for their thing at a time."""
KEPT_AHEAD = timedelta(days=1)


class SentPhoto:
    """What every table of sent photos has, beside the column of its thing; the id is the file's."""

    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    owner_id: Mapped[UUID]
    sent_at: Mapped[datetime]


Photo = TypeVar("Photo", bound=SentPhoto)


class PhotoLimit(Refused):
    """At most three photos go with a thing, and twelve of a sender wait for theirs."""

    code = "photo_limit"
    zh = ("最多放 {most} 张照片。", "请少选几张。")
    en = ("At most {most} photos.", "Choose fewer.")


class SentPhotos(Generic[Photo]):
    """The photos of one kind of thing. `thing` is the column of `model` that says whose a photo is, None while ahead.

    `job` is the daily work that forgets those which nothing took within a day.
    """

    def __init__(self, model: type[Photo], thing: str, *, job: str) -> None:
        self._model: Any = model
        self._thing_name, self._thing = thing, getattr(model, thing)
        registry.job(job, period=lambda moment: clock.local_day(moment).isoformat())(self.forget_unused)

    @atomic
    def send(self, actor: Actor, content: bytes) -> Photo:
        """The photo is there, made plain, waiting for its thing. Raises PhotoLimit, FileTooLarge, NotAPhoto."""
        ahead = select(func.count(self._model.id)).where(
            within(actor.tenant, self._model), self._model.owner_id == actor.person_id, self._thing.is_(None)
        )
        if (db.session.scalar(ahead) or 0) >= MOST_AHEAD:
            raise PhotoLimit(most=MOST_AHEAD)
        file = keep_file(actor, clean_photo(content), media_type=MEDIA_TYPE)
        photo: Photo = self._model(community_id=actor.tenant, id=file.id, owner_id=actor.person_id, sent_at=clock.now())
        db.session.add(photo)
        db.session.flush()
        return photo

    def put(self, actor: Actor, thing_id: UUID, file_ids: Collection[UUID]) -> list[Photo]:
        """These are the thing's photos, and no others. Raises PhotoLimit, NotFound (anybody else's, another's)."""
        wanted = set(file_ids)
        if len(wanted) > MOST_PHOTOS:
            raise PhotoLimit(most=MOST_PHOTOS)
        query = scoped(actor.tenant, self._model).where(self._model.id.in_(wanted)).order_by(self._model.id)
        found = list(db.session.scalars(query.with_for_update()))
        mine = [one for one in found if actor.is_person(one.owner_id) and self._of(one) in (None, thing_id)]
        if len(mine) != len(wanted):
            raise NotFound
        kept = scoped(actor.tenant, self._model).where(self._thing == thing_id)
        self._forget(actor, [one for one in db.session.scalars(kept).all() if one.id not in wanted])
        for photo in mine:
            setattr(photo, self._thing_name, thing_id)
        db.session.flush()
        return mine

    def of(self, community_id: UUID, thing_ids: Collection[UUID]) -> dict[UUID, list[UUID]]:
        """The photos of these things, in the order of sending."""
        query = scoped(community_id, self._thing, self._model.id).where(self._thing.in_(thing_ids))
        found: dict[UUID, list[UUID]] = {}
        for thing_id, photo_id in db.session.execute(query.order_by(self._model.id)):
            found.setdefault(thing_id, []).append(photo_id)
        return found

    def content(self, community_id: UUID, thing_id: UUID, photo_id: UUID) -> bytes:
        """The JPEG of a thing's photo; NotFound when it is none of it, or erased."""
        query = scoped(community_id, self._model.id).where(self._model.id == photo_id, self._thing == thing_id)
        if not db.session.scalar(query):
            raise NotFound
        return read_file(community_id, photo_id)

    def forget_unused(self, community_id: UUID, _day: str) -> None:
        """Photos that nothing took within a day are gone."""
        query = scoped(community_id, self._model).where(
            self._thing.is_(None), self._model.sent_at < clock.now() - KEPT_AHEAD
        )
        self._forget(system_actor(community_id), list(db.session.scalars(query.order_by(self._model.id))))

    def _of(self, photo: Any) -> UUID | None:
        found: UUID | None = getattr(photo, self._thing_name)
        return found

    def _forget(self, actor: Actor, photos: list[Any]) -> None:
        for photo in photos:
            erase_file(actor, photo.id)
            db.session.delete(photo)
        db.session.flush()
