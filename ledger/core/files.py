"""Files of a community: encrypted, inside the database (so inside every backup), known by their hash, erasable."""

from __future__ import annotations

import hashlib
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from ledger.core import clock, secrets
from ledger.core.db import Base, db, text
from ledger.core.errors import NotFound, Refused
from ledger.core.ids import new_id
from ledger.core.tenancy import Actor, load

MAX_BYTES = 5 * 1024 * 1024


class FileTooLarge(Refused):
    """A file is at most 5 MB."""

    code = "file_too_large"
    zh = ("文件太大。", "请选一个不超过 5 MB 的文件。")
    en = ("The file is too large.", "Choose a file of at most 5 MB.")


class File(Base):
    """A file's content and what is known of it. After erasure the hash stays, the content is gone."""

    __tablename__ = "files"
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    media_type: Mapped[str] = mapped_column(text(80))
    sha256: Mapped[bytes]
    size: Mapped[int]
    content: Mapped[bytes | None]
    owner_id: Mapped[UUID]
    actor_id: Mapped[UUID]
    created_at: Mapped[datetime]
    erased_at: Mapped[datetime | None]


def keep_file(actor: Actor, content: bytes, *, media_type: str, owner_id: UUID | None = None) -> File:
    """The file is stored, encrypted. `owner_id` is the person it is about; the actor if None."""
    if len(content) > MAX_BYTES:
        raise FileTooLarge
    file = File(
        community_id=actor.tenant,
        id=new_id(),
        media_type=media_type,
        sha256=hashlib.sha256(content).digest(),
        size=len(content),
        content=secrets.seal(content, "files"),
        owner_id=owner_id or actor.person_id,
        actor_id=actor.person_id,
        created_at=clock.now(),
    )
    db.session.add(file)
    db.session.flush()
    return file


def read_file(community_id: UUID, file_id: UUID) -> bytes:
    """The content, checked against its hash; NotFound when erased."""
    file = load(community_id, File, file_id)
    if file.content is None:
        raise NotFound
    return secrets.unseal(file.content, "files")


def erase_file(actor: Actor, file_id: UUID) -> None:
    """The content is gone; id, hash and size stay so that what refers to the file still proves."""
    file = load(actor.tenant, File, file_id, lock=True)
    file.content, file.erased_at = None, clock.now()
    db.session.flush()
