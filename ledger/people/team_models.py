"""The tables of service teams (志愿服务队)."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from ledger.core.db import Base, text


class Team(Base):
    """A service team of a part of the community, with its leader, who is one of its members. Ended, never deleted.

    `sort_key`: by pinyin.
    """

    __tablename__ = "teams"
    __table_args__ = (
        ForeignKeyConstraint(["community_id", "unit_id"], ["units.community_id", "units.id"]),
        ForeignKeyConstraint(["community_id", "leader_id"], ["members.community_id", "members.id"]),
    )
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(text(80))
    sort_key: Mapped[str] = mapped_column(text(200), server_default=sql("''"))
    unit_id: Mapped[UUID]
    leader_id: Mapped[UUID]
    since: Mapped[datetime]
    until: Mapped[datetime | None]
    actor_id: Mapped[UUID]


class TeamMember(Base):
    """A member's time in a team; one at a time, several in all."""

    __tablename__ = "team_members"
    __table_args__ = (
        ForeignKeyConstraint(["community_id", "team_id"], ["teams.community_id", "teams.id"]),
        ForeignKeyConstraint(["community_id", "member_id"], ["members.community_id", "members.id"]),
        Index("uq_team_members_now", "community_id", "team_id", "member_id", unique=True,
              sqlite_where=sql("until IS NULL"), postgresql_where=sql("until IS NULL")),
        # Serves: the teams of a member.
        Index("ix_team_members_member", "community_id", "member_id"),
    )  # fmt: skip
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    team_id: Mapped[UUID]
    member_id: Mapped[UUID]
    since: Mapped[datetime]
    until: Mapped[datetime | None]
    actor_id: Mapped[UUID]
