"""Personal words that sealed evidence speaks of: evidence holds SHA-256(salt ‖ value), so the value can be forgotten.

A name or a free text in the evidence itself would have to stay for ever, or its erasure would break the seals. The
digest alone says nothing: who does not have the salt cannot even try values.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from cryptography.exceptions import InvalidTag
from sqlalchemy import CheckConstraint, Index, UniqueConstraint, select, update
from sqlalchemy.orm import Mapped, mapped_column

from ledger.core import clock, ids, registry, secrets
from ledger.core.db import Base, atomic, db, text
from ledger.core.registry import Finding
from ledger.core.tenancy import scoped

PURPOSE = "commitment"
SALT_BYTES = 32


class Commitment(Base):
    """What a thing's `field` said when it was sealed. The digest stays for ever; salt and value until erased.

    `owner_id` is the person whose data it is; None where it names nobody that the house knows (a donor in words).
    `value` is encrypted with the process key.
    """

    __tablename__ = "commitments"
    __table_args__ = (
        UniqueConstraint("community_id", "thing_id", "field"),
        CheckConstraint(
            "(salt IS NULL) = (erased_at IS NOT NULL) AND (value IS NULL) = (erased_at IS NOT NULL)",
            name="erased_whole",
        ),
        # Serves: the erasure of a person, over all communities.
        Index("ix_commitments_owner", "owner_id"),
    )
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    owner_id: Mapped[UUID | None]
    thing_id: Mapped[UUID]
    field: Mapped[str] = mapped_column(text(30))
    digest: Mapped[bytes]
    salt: Mapped[bytes | None]
    value: Mapped[bytes | None]
    made_at: Mapped[datetime]
    erased_at: Mapped[datetime | None]


def keep_words(community_id: UUID, value: str, *, thing_id: UUID, field: str, owner_id: UUID | None = None) -> str:
    """The value is kept, erasable, for the thing's `field`; returns the digest (64 hex digits) for the evidence."""
    salt = ids.random_bytes(SALT_BYTES)
    digest = _digest(salt, value)
    commitment = Commitment(
        community_id=community_id,
        id=ids.new_id(),
        owner_id=owner_id,
        thing_id=thing_id,
        field=field,
        digest=digest,
        salt=salt,
        value=secrets.seal(value.encode(), PURPOSE),
        made_at=clock.now(),
    )
    db.session.add(commitment)
    db.session.flush()
    return digest.hex()


def words_of(community_id: UUID, thing_id: UUID, field: str) -> str | None:
    """What was kept; None when it was erased or never kept."""
    query = scoped(community_id, Commitment.value).where(Commitment.thing_id == thing_id, Commitment.field == field)
    value = db.session.scalar(query)
    return None if value is None else secrets.unseal(value, PURPOSE).decode()


def is_word_of(community_id: UUID, thing_id: UUID, field: str, *, digest: str) -> bool:
    """Does what is kept for the thing's `field` still give this digest? Of erased words nothing is asked."""
    query = scoped(community_id, Commitment).where(Commitment.thing_id == thing_id, Commitment.field == field)
    kept = db.session.scalars(query).one_or_none()
    return kept is not None and kept.digest.hex() == digest and (kept.erased_at is not None or _is_kept(kept))


@atomic
def erase_person(person_id: UUID) -> None:
    """Nothing of the person's words can be read or guessed any more, in no community; every digest stays."""
    _erase(Commitment.owner_id == person_id)


@atomic
def erase_words(community_id: UUID, thing_id: UUID) -> None:
    """The same for what was kept of one thing: words that belong to nobody the house knows."""
    wanted = scoped(community_id, Commitment.id).where(Commitment.thing_id == thing_id)
    _erase(Commitment.id.in_(wanted))


def _erase(condition: object) -> None:
    erased = {"salt": None, "value": None, "erased_at": clock.now()}
    db.session.execute(update(Commitment).where(condition, Commitment.erased_at.is_(None)).values(erased))  # type: ignore[arg-type]


registry.erasers["commitments"] = erase_person


@registry.check("commitments_match")
def commitments_match(part: registry.Part) -> Iterator[Finding]:
    """Every commitment that was not erased is the digest of its salt and value; of erased ones nothing is asked."""
    query = select(Commitment).where(Commitment.erased_at.is_(None)).execution_options(yield_per=1000)
    if part.since is not None:
        query = query.where(Commitment.made_at >= part.since)
    for commitment in db.session.scalars(query):
        if not _is_kept(commitment):
            detail = f"commitment {commitment.id} is not the digest of what it keeps"
            yield Finding("commitments_match", commitment.community_id, detail)


def _is_kept(commitment: Commitment) -> bool:
    if commitment.salt is None or commitment.value is None:
        return False
    try:
        value = secrets.unseal(commitment.value, PURPOSE).decode()
    except InvalidTag:
        return False
    return _digest(commitment.salt, value) == commitment.digest


def _digest(salt: bytes, value: str) -> bytes:
    return hashlib.sha256(salt + value.encode()).digest()
