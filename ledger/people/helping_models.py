"""The table of who acts for whom (代办)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, false
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from ledger.core.db import Base, one_of, text

_OPEN = "state IN ('asked', 'live')"


class Relation(StrEnum):
    """What the helper is to the member."""

    CHILD = "child"
    SPOUSE = "spouse"
    PARENT = "parent"
    GRANDCHILD = "grandchild"
    SIBLING = "sibling"
    RELATIVE = "relative"


class HelpState(StrEnum):
    ASKED = "asked"
    LIVE = "live"
    DECLINED = "declined"
    ENDED = "ended"


class HelperLink(Base):
    """One member names another who may act for them. Live once both agreed; ended, never deleted: who could act when.

    `consented_at` is the yes of the member who is helped (by their own hand, or `is_in_presence` of staff, with a
    note), `accepted_at` the helper's. `asked_by` and `ended_by` are persons. `is_guardian`: the helper answers for a
    child under fourteen and consents in its place.
    """

    __tablename__ = "helper_links"
    __table_args__ = (
        ForeignKeyConstraint(["community_id", "member_id"], ["members.community_id", "members.id"]),
        ForeignKeyConstraint(["community_id", "helper_id"], ["members.community_id", "members.id"]),
        CheckConstraint("member_id <> helper_id", name="two_members"),
        one_of("state", HelpState),
        one_of("relation", Relation),
        CheckConstraint(
            "state NOT IN ('live', 'ended') OR (consented_at IS NOT NULL AND accepted_at IS NOT NULL)",
            name="both_agreed",
        ),
        CheckConstraint(
            "(state IN ('asked', 'live')) = (ended_at IS NULL) AND (ended_at IS NULL) = (ended_by IS NULL)",
            name="ended_with_its_step",
        ),
        Index("uq_helper_links_open", "community_id", "member_id", "helper_id", unique=True,
              sqlite_where=sql(_OPEN), postgresql_where=sql(_OPEN)),
        # Serves: whom a member helps, asked at every request.
        Index("ix_helper_links_helper", "community_id", "helper_id"),
    )  # fmt: skip
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    member_id: Mapped[UUID]
    helper_id: Mapped[UUID]
    relation: Mapped[str] = mapped_column(text(20))
    state: Mapped[str] = mapped_column(text(10))
    note: Mapped[str] = mapped_column(text(300))
    asked_at: Mapped[datetime]
    asked_by: Mapped[UUID]
    consented_at: Mapped[datetime | None]
    is_in_presence: Mapped[bool]
    is_guardian: Mapped[bool] = mapped_column(default=False, server_default=false())
    accepted_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[UUID | None]
