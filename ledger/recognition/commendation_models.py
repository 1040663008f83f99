"""The tables of the year's commendation (每年一表彰): what is decided, who is named, how, what remains."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ledger.core.db import Base, one_of, text


class SubjectKind(StrEnum):
    """Who is commended."""

    VOLUNTEER = "volunteer"
    TEAM = "team"
    SHOP = "shop"


class CommendationState(StrEnum):
    """Criteria are written, people named and judged, the list announced (公示), frozen, published. Or it is dropped."""

    DRAFT = "draft"
    NOMINATING = "nominating"
    ANNOUNCED = "announced"
    FROZEN = "frozen"
    PUBLISHED = "published"
    DROPPED = "dropped"


class Commendation(Base):
    """One commendation of a year for one kind of subject. From `frozen` on its bytes and their SHA-256 stay.

    `terms` are the criteria (ledger.recognition.candidates). Published by another person than who drafted and who
    froze it. The bytes hold no name and no word: they name commitments (ledger.core.commitments).
    """

    __tablename__ = "commendations"
    __table_args__ = (
        ForeignKeyConstraint(["community_id"], ["communities.id"]),
        one_of("kind", SubjectKind),
        one_of("state", CommendationState),
        CheckConstraint("bonus_points >= 0 AND (bonus_points = 0 OR kind = 'volunteer')", name="bonus_for_people"),
        CheckConstraint(
            "(state IN ('frozen', 'published')) = (frozen_at IS NOT NULL) AND (frozen_at IS NULL) = (frozen_by IS NULL)"
            " AND (frozen_at IS NULL) = (document IS NULL) AND (frozen_at IS NULL) = (digest IS NULL)",
            name="frozen_with_its_bytes",
        ),
        CheckConstraint(
            "(state = 'published') = (published_at IS NOT NULL) AND (published_at IS NULL) = (published_by IS NULL)",
            name="published_with_its_step",
        ),
        CheckConstraint(
            "published_by IS NULL OR (published_by <> drafted_by AND published_by <> frozen_by)", name="two_people"
        ),
        CheckConstraint("(announced_at IS NULL) = (ends_at IS NULL)", name="announced_until"),
    )
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    year: Mapped[int]
    kind: Mapped[str] = mapped_column(text(10))
    title: Mapped[str] = mapped_column(text(60))
    state: Mapped[str] = mapped_column(text(10))
    terms: Mapped[dict[str, Any]]
    most: Mapped[int]
    bonus_points: Mapped[int]
    drafted_at: Mapped[datetime]
    drafted_by: Mapped[UUID]
    announced_at: Mapped[datetime | None]
    announced_by: Mapped[UUID | None]
    ends_at: Mapped[datetime | None]
    document: Mapped[bytes | None]
    digest: Mapped[bytes | None]
    frozen_at: Mapped[datetime | None]
    frozen_by: Mapped[UUID | None]
    published_at: Mapped[datetime | None]
    published_by: Mapped[UUID | None]


class NominationState(StrEnum):
    """Named; then announced or passed over; of the announced some are struck by an objection that was upheld."""

    NOMINATED = "nominated"
    ANNOUNCED = "announced"
    PASSED_OVER = "passed_over"
    STRUCK = "struck"


class Nomination(Base):
    """Somebody named for a commendation: one member, team or shop. The figures are those of the announcement.

    `merchant_id` has no foreign key: shops stand above communities, the verb sees to it.
    """

    __tablename__ = "nominations"
    __table_args__ = (
        ForeignKeyConstraint(["community_id", "commendation_id"], ["commendations.community_id", "commendations.id"]),
        ForeignKeyConstraint(["community_id", "member_id"], ["members.community_id", "members.id"]),
        ForeignKeyConstraint(["community_id", "team_id"], ["teams.community_id", "teams.id"]),
        one_of("state", NominationState),
        CheckConstraint(
            "(CASE WHEN member_id IS NULL THEN 0 ELSE 1 END) + (CASE WHEN team_id IS NULL THEN 0 ELSE 1 END)"
            " + (CASE WHEN merchant_id IS NULL THEN 0 ELSE 1 END) = 1",
            name="one_subject",
        ),
        UniqueConstraint("community_id", "commendation_id", "member_id"),
        UniqueConstraint("community_id", "commendation_id", "team_id"),
        UniqueConstraint("community_id", "commendation_id", "merchant_id"),
        # Serves: a person's own, for their data.
        Index("ix_nominations_member", "community_id", "member_id"),
    )
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    commendation_id: Mapped[UUID]
    member_id: Mapped[UUID | None]
    team_id: Mapped[UUID | None]
    merchant_id: Mapped[UUID | None]
    reason: Mapped[str] = mapped_column(text(300))
    state: Mapped[str] = mapped_column(text(12))
    minutes: Mapped[int]
    visits: Mapped[int]
    nominated_at: Mapped[datetime]
    nominated_by: Mapped[UUID]

    @property
    def subject_id(self) -> UUID:
        """The member, team or shop."""
        found = self.member_id or self.team_id or self.merchant_id
        assert found is not None, "the table holds one subject"
        return found


class Review(Base):
    """What one reviewer thinks of a nomination: for or against, with a note. Changed until the announcement."""

    __tablename__ = "reviews"
    __table_args__ = (
        ForeignKeyConstraint(["community_id", "nomination_id"], ["nominations.community_id", "nominations.id"]),
        UniqueConstraint("community_id", "nomination_id", "reviewer_id"),
    )
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    nomination_id: Mapped[UUID]
    reviewer_id: Mapped[UUID]
    is_for: Mapped[bool]
    note: Mapped[str] = mapped_column(text(300))
    at: Mapped[datetime]


class PublicObjection(Base):
    """What somebody has against an announcement, or one name of it. Answered before the list is frozen.

    `person_id` is who was signed in (None: nobody), `address_index` a blind index for counting, forgotten at the
    freeze. `is_upheld` strikes the name.
    """

    __tablename__ = "public_objections"
    __table_args__ = (
        ForeignKeyConstraint(["community_id", "commendation_id"], ["commendations.community_id", "commendations.id"]),
        ForeignKeyConstraint(["community_id", "nomination_id"], ["nominations.community_id", "nominations.id"]),
        CheckConstraint(
            "(answered_at IS NULL) = (answered_by IS NULL) AND (answered_at IS NULL) = (is_upheld IS NULL)",
            name="answered_with_its_step",
        ),
        Index("ix_public_objections_commendation", "community_id", "commendation_id", "id"),
        # Serves: a person's own, for their data.
        Index("ix_public_objections_person", "person_id"),
    )
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    commendation_id: Mapped[UUID]
    nomination_id: Mapped[UUID | None]
    person_id: Mapped[UUID | None]
    address_index: Mapped[bytes | None]
    words: Mapped[str] = mapped_column(text(500))
    asked_at: Mapped[datetime]
    is_upheld: Mapped[bool | None]
    answer: Mapped[str] = mapped_column(text(300))
    answered_at: Mapped[datetime | None]
    answered_by: Mapped[UUID | None]


class Honour(Base):
    """What a published commendation gave one subject: a certificate under a number, and perhaps points.

    Its bytes and their SHA-256 are frozen; the name is a commitment. Revoked, it counts no more; points stay.
    """

    __tablename__ = "honours"
    __table_args__ = (
        ForeignKeyConstraint(["community_id", "nomination_id"], ["nominations.community_id", "nominations.id"]),
        UniqueConstraint("community_id", "nomination_id"),
        UniqueConstraint("community_id", "number"),
        CheckConstraint("(revoked_at IS NULL) = (revoked_by IS NULL)", name="revoked_with_its_step"),
    )
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    nomination_id: Mapped[UUID]
    number: Mapped[str] = mapped_column(text(24))
    document: Mapped[bytes]
    digest: Mapped[bytes]
    issued_at: Mapped[datetime]
    issued_by: Mapped[UUID]
    revoked_at: Mapped[datetime | None]
    revoked_by: Mapped[UUID | None]
    reason: Mapped[str] = mapped_column(text(300))


class PriorityList(StrEnum):
    """The two lists of outstanding young leaders that the branch secretary keeps."""

    COMMUNITY_RESERVE = "community_reserve"  # 社区工作者储备力量
    PARTY_APPLICANTS = "party_applicants"  # 入党培养对象


class PoliticalStatus(StrEnum):
    MASSES = "masses"  # 群众
    LEAGUE_MEMBER = "league_member"  # 共青团员
    APPLICANT = "applicant"  # 入党申请人
    PARTY_MEMBER = "party_member"  # 中共党员


class PriorityEntry(Base):
    """A member's time on one of the two lists. Birth year and political status only with the member's own yes.

    Published nowhere and read by the branch secretary alone; taken off, the words and both facts are forgotten.
    """

    __tablename__ = "priority_entries"
    __table_args__ = (
        ForeignKeyConstraint(["community_id", "member_id"], ["members.community_id", "members.id"]),
        one_of("list_kind", PriorityList),
        CheckConstraint(
            "political_status IS NULL OR political_status IN ('masses', 'league_member', 'applicant', 'party_member')",
            name="political_status_known",
        ),
        CheckConstraint(
            "agreed_at IS NOT NULL OR (birth_year IS NULL AND political_status IS NULL)", name="facts_agreed_to"
        ),
        CheckConstraint(
            "ended_at IS NULL OR (birth_year IS NULL AND political_status IS NULL AND note = '')", name="ended_forgets"
        ),
        Index("ix_priority_entries_member", "community_id", "member_id"),
    )
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    list_kind: Mapped[str] = mapped_column(text(20))
    member_id: Mapped[UUID]
    note: Mapped[str] = mapped_column(text(300))
    birth_year: Mapped[int | None]
    political_status: Mapped[str | None] = mapped_column(text(20))
    agreed_at: Mapped[datetime | None]
    added_at: Mapped[datetime]
    added_by: Mapped[UUID]
    ended_at: Mapped[datetime | None]
