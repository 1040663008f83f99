"""The tables of the recognition room."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ledger.core.db import Base, one_of, text


class SummaryState(StrEnum):
    """A draft has no row: it is computed whenever it is read."""

    DRAFT = "draft"
    SIGNED = "signed"
    PUBLISHED = "published"


class Summary(Base):
    """A month's summary as it was signed off: its canonical bytes and their SHA-256, never changed afterwards.

    `known_at` is the moment up to which the books are told. Published by another person than who signed it.
    """

    __tablename__ = "summaries"
    __table_args__ = (
        ForeignKeyConstraint(["community_id"], ["communities.id"]),
        UniqueConstraint("community_id", "month"),
        one_of("state", SummaryState),
        CheckConstraint("state <> 'draft'", name="signed"),
        CheckConstraint(
            "(state = 'published') = (published_at IS NOT NULL) AND (published_at IS NULL) = (published_by IS NULL)",
            name="published_with_its_step",
        ),
        CheckConstraint("published_by IS NULL OR published_by <> signed_by", name="two_people"),
    )
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    month: Mapped[date]
    state: Mapped[str] = mapped_column(text(10))
    document: Mapped[bytes]
    digest: Mapped[bytes]
    known_at: Mapped[datetime]
    signed_at: Mapped[datetime]
    signed_by: Mapped[UUID]
    published_at: Mapped[datetime | None]
    published_by: Mapped[UUID | None]


class CertificateState(StrEnum):
    ASKED = "asked"
    ISSUED = "issued"
    REVOKED = "revoked"
    DECLINED = "declined"


class Certificate(Base):
    """志愿服务记录证明: what a member served between two days. From `issued` on its bytes and their SHA-256 are frozen.

    The bytes hold no name: they name the commitments to it and to the purpose (ledger.core.commitments), which an
    erasure empties without touching the proof.
    """

    __tablename__ = "certificates"
    __table_args__ = (
        ForeignKeyConstraint(["community_id", "member_id"], ["members.community_id", "members.id"]),
        UniqueConstraint("community_id", "number"),
        one_of("state", CertificateState),
        CheckConstraint("ends_on >= starts_on", name="ends_after_start"),
        CheckConstraint(
            "(state IN ('issued', 'revoked')) = (number IS NOT NULL) AND (number IS NULL) = (document IS NULL)"
            " AND (number IS NULL) = (digest IS NULL) AND (number IS NULL) = (issued_at IS NULL)"
            " AND (number IS NULL) = (issued_by IS NULL)",
            name="issued_with_its_number",
        ),
        CheckConstraint(
            "(state IN ('revoked', 'declined')) = (ended_at IS NOT NULL) AND (ended_at IS NULL) = (ended_by IS NULL)",
            name="ended_with_its_step",
        ),
        # Serve: a member's own; what waits.
        Index("ix_certificates_member", "community_id", "member_id", "id"),
        Index("ix_certificates_state", "community_id", "state", "id"),
    )
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    member_id: Mapped[UUID]
    state: Mapped[str] = mapped_column(text(10))
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    purpose: Mapped[str] = mapped_column(text(80))
    asked_at: Mapped[datetime]
    asked_by: Mapped[UUID]
    number: Mapped[str | None] = mapped_column(text(24))
    document: Mapped[bytes | None]
    digest: Mapped[bytes | None]
    issued_at: Mapped[datetime | None]
    issued_by: Mapped[UUID | None]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[UUID | None]
    reason: Mapped[str] = mapped_column(text(300))


class VerifyTry(Base):
    """A well-formed number that is no certificate's, asked for from an address (a blind index), for counting."""

    __tablename__ = "verify_tries"
    __table_args__ = (Index("ix_verify_tries_address", "address_index", "at"),)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    address_index: Mapped[bytes]
    at: Mapped[datetime]
