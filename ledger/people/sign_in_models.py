"""What signing in remembers besides codes and sessions: tries that failed, passwords, second factors."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ledger.core.db import Base, one_of, text


class Way(StrEnum):
    """What was tried. `blocked` is no try: it says that a block was written to the audit."""

    CODE = "code"
    PASSWORD = "password"  # noqa: S105 - the name of the way
    SECOND_FACTOR = "second_factor"
    BLOCKED = "blocked"


class SignInTry(Base):
    """A try that failed, by the blind indexes of number, device (if it has a label) and address; limits count these."""

    __tablename__ = "sign_in_tries"
    __table_args__ = (
        one_of("way", Way),
        # Serve: how often a number, a device or an address failed lately.
        Index("ix_sign_in_tries_phone", "phone_index", "at"),
        Index("ix_sign_in_tries_device", "device_index", "at"),
        Index("ix_sign_in_tries_address", "address_index", "at"),
    )
    id: Mapped[UUID] = mapped_column(primary_key=True)
    way: Mapped[str] = mapped_column(text(20))
    phone_index: Mapped[bytes]
    device_index: Mapped[bytes | None]
    address_index: Mapped[bytes]
    at: Mapped[datetime]


class Password(Base):
    """A person's password: argon2id over a keyed digest, so that the table alone lets nobody guess."""

    __tablename__ = "passwords"
    person_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"), primary_key=True)
    hash: Mapped[str] = mapped_column(text(200))
    set_at: Mapped[datetime]


class Authenticator(Base):
    """A person's second factor (TOTP): its secret encrypted, counted once confirmed, each time step used once."""

    __tablename__ = "authenticators"
    person_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"), primary_key=True)
    sealed: Mapped[bytes]
    created_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    last_step: Mapped[int | None]


class RecoveryCode(Base):
    """A code that stands in for a lost authenticator, once; hashed."""

    __tablename__ = "recovery_codes"
    __table_args__ = (Index("ix_recovery_codes_person", "person_id"),)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    code_hash: Mapped[bytes]
    created_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class Identity(Base):
    """An account at an identity provider that opens its person's sessions. Who it is there is only a blind index."""

    __tablename__ = "identities"
    __table_args__ = (UniqueConstraint("subject_index"), Index("ix_identities_person", "person_id"))
    id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    subject_index: Mapped[bytes]
    label: Mapped[str] = mapped_column(text(40))
    linked_at: Mapped[datetime]
