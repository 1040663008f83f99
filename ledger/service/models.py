"""The tables of the service room."""

from __future__ import annotations

from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from ledger.core import clock
from ledger.core.db import Base, one_of, text


class Basis(StrEnum):
    PER_VISIT = "per_visit"
    PER_HOUR = "per_hour"


class ActivityState(StrEnum):
    PLANNED = "planned"
    CANCELLED = "cancelled"


class Evidence(StrEnum):
    """How well a check-in is evidenced, strongest first."""

    COORDINATOR_SCAN = "coordinator_scan"
    LIVE_CODE = "live_code"
    POSTER_LOCATED = "poster_located"
    POSTER = "poster"
    LATER = "later"


class EvidencePolicy(StrEnum):
    """What a grade of evidence is worth under a rule: all, all with two stampers, or only the hours."""

    FULL = "full"
    SECOND = "second"
    NONE = "none"


class CheckinState(StrEnum):
    OPEN = "open"
    PENDING = "pending"
    AWAITING_SECOND = "awaiting_second"
    STAMPED = "stamped"
    RETURNED = "returned"
    VOID = "void"


class Decision(StrEnum):
    STAMP = "stamp"
    RETURN = "return"
    VOID = "void"


class SignUpState(StrEnum):
    PLACED = "placed"
    WAITING = "waiting"
    OFFERED = "offered"
    CANCELLED = "cancelled"
    LAPSED = "lapsed"


class ActivityKind(StrEnum):
    """Once; a service of every day; or one day of such a service."""

    SINGLE = "single"
    STANDING = "standing"
    DAY = "day"


class PlateState(StrEnum):
    ACTIVE = "active"
    RETIRED = "retired"


class NoteCategory(StrEnum):
    """What a visit at a door was about: closed list."""

    ALL_WELL = "all_well"
    ELDERS = "elders"
    HEALTH = "health"
    SAFETY = "safety"
    REPAIRS = "repairs"
    ENVIRONMENT = "environment"
    NEIGHBOURS = "neighbours"
    OTHER = "other"


class FollowUp(StrEnum):
    """What a visit note asks for: still to do, or done."""

    OPEN = "open"
    DONE = "done"


NO_END = datetime(2199, 12, 31, tzinfo=UTC)
"""When a standing activity ends that nobody has ended."""


class Programme(Base):
    """A kind of service that a community asks for (巡逻, 送餐, …)."""

    __tablename__ = "programmes"
    __table_args__ = (
        ForeignKeyConstraint(["community_id"], ["communities.id"]),
        UniqueConstraint("community_id", "name"),
    )
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(text(80))
    rule_version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    actor_id: Mapped[UUID]


class ProgrammeRule(Base):
    """One version of a programme's earning rule; never changed. What the columns mean: `earning.RuleTerms`.

    `multipliers` are pairs of post and percent; `evidence` the policy by grade, where it is not full.
    """

    __tablename__ = "programme_rules"
    __table_args__ = (
        ForeignKeyConstraint(["community_id", "programme_id"], ["programmes.community_id", "programmes.id"]),
        one_of("basis", Basis),
        CheckConstraint("points > 0", name="points_positive"),
        CheckConstraint("rounding_minutes IN (0, 5, 10, 15)", name="rounding_known"),
    )
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    programme_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    basis: Mapped[str] = mapped_column(text(10))
    points: Mapped[int]
    rounding_minutes: Mapped[int]
    max_points: Mapped[int | None]
    max_points_day: Mapped[int | None]
    max_points_week: Mapped[int | None]
    max_points_month: Mapped[int | None]
    max_points_member: Mapped[int | None]
    budget_points: Mapped[int | None]
    multipliers: Mapped[list[Any]]
    evidence: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    actor_id: Mapped[UUID]


class Activity(Base):
    """A programme at a place and time. `poster_code` (starts with the community's short code) is what its QR names.

    Dates planned in one go share `series_id`, the id of the first. A standing activity is open every day from
    `opens_minute` to `closes_minute` of the local day (a closing not after the opening is on the next day), from
    `starts_at` until `ends_at` (the start of the first day without it); each `day` that it is visited on is a row of
    its own, with `standing_id` and the hours of that day, so that every rule of a visit answers for that day.
    """

    __tablename__ = "activities"
    __table_args__ = (
        ForeignKeyConstraint(["community_id", "programme_id"], ["programmes.community_id", "programmes.id"]),
        ForeignKeyConstraint(["community_id", "unit_id"], ["units.community_id", "units.id"]),
        UniqueConstraint("community_id", "poster_code"),
        CheckConstraint("ends_at > starts_at", name="ends_after_start"),
        one_of("state", ActivityState),
        # Serves: what is on, by time.
        Index("ix_activities_time", "community_id", "starts_at", "id"),
        # Serve: the dates of a series; a standing activity has each day once.
        Index("ix_activities_series", "community_id", "series_id"),
        Index("uq_activities_day", "community_id", "standing_id", "day", unique=True),
    )
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    programme_id: Mapped[UUID]
    unit_id: Mapped[UUID]
    name: Mapped[str] = mapped_column(text(80))
    place: Mapped[str] = mapped_column(text(120))
    instructions: Mapped[str] = mapped_column(text(500))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    opens_before_minutes: Mapped[int]
    closes_after_minutes: Mapped[int]
    capacity: Mapped[int | None]
    latitude_e6: Mapped[int | None]
    longitude_e6: Mapped[int | None]
    poster_code: Mapped[str] = mapped_column(text(20))
    state: Mapped[str] = mapped_column(text(10))
    created_at: Mapped[datetime]
    actor_id: Mapped[UUID]
    cancelled_at: Mapped[datetime | None]
    cancel_reason: Mapped[str | None] = mapped_column(text(200))
    series_id: Mapped[UUID | None]
    standing_id: Mapped[UUID | None]
    day: Mapped[date | None]
    opens_minute: Mapped[int | None]
    closes_minute: Mapped[int | None]
    revision: Mapped[int] = mapped_column(default=0, server_default=sql("0"))
    revised_at: Mapped[datetime | None]

    def revise(self) -> None:
        """It is not what was told before: a phone's calendar takes over what has a higher number."""
        self.revision, self.revised_at = self.revision + 1, clock.now()

    @property
    def kind(self) -> ActivityKind:
        if self.opens_minute is not None:
            return ActivityKind.STANDING
        return ActivityKind.SINGLE if self.standing_id is None else ActivityKind.DAY

    @property
    def until(self) -> datetime | None:
        """When it ends; None for a standing activity that nobody has ended."""
        return None if self.ends_at == NO_END else self.ends_at


class Plate(Base):
    """A QR plate at a door, opening one standing activity. `number` is what may be said of it in public.

    The `address` is seen by those who hold a right over that part, and by whoever visits there.
    """

    __tablename__ = "plates"
    __table_args__ = (
        ForeignKeyConstraint(["community_id", "standing_id"], ["activities.community_id", "activities.id"]),
        ForeignKeyConstraint(["community_id", "unit_id"], ["units.community_id", "units.id"]),
        UniqueConstraint("community_id", "code"),
        UniqueConstraint("community_id", "number"),
        one_of("state", PlateState),
        CheckConstraint("(state = 'retired') = (retired_at IS NOT NULL)", name="retired_with_its_time"),
        # Serves: the plates of a standing activity, and of a unit.
        Index("ix_plates_standing", "community_id", "standing_id", "number"),
        Index("ix_plates_unit", "community_id", "unit_id"),
    )
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    standing_id: Mapped[UUID]
    unit_id: Mapped[UUID]
    number: Mapped[int]
    address: Mapped[str] = mapped_column(text(80))
    code: Mapped[str] = mapped_column(text(20))
    state: Mapped[str] = mapped_column(text(10))
    created_at: Mapped[datetime]
    actor_id: Mapped[UUID]
    retired_at: Mapped[datetime | None]


class SignUp(Base):
    """A member's place at an activity, or in the line for one, in the order of ids; one live row for each member.

    `offered_until`: so long a place that became free is kept for them.
    """

    __tablename__ = "sign_ups"
    __table_args__ = (
        ForeignKeyConstraint(["community_id", "activity_id"], ["activities.community_id", "activities.id"]),
        ForeignKeyConstraint(["community_id", "member_id"], ["members.community_id", "members.id"]),
        one_of("state", SignUpState),
        CheckConstraint("(state = 'offered') = (offered_until IS NOT NULL)", name="offered_until_its_time"),
        Index("uq_sign_ups_live", "community_id", "activity_id", "member_id", unique=True,
              sqlite_where=sql("state IN ('placed', 'waiting', 'offered')"),
              postgresql_where=sql("state IN ('placed', 'waiting', 'offered')")),
        # Serve: an activity's places and line; a member's own; places to offer on.
        Index("ix_sign_ups_activity", "community_id", "activity_id", "state", "id"),
        Index("ix_sign_ups_member", "community_id", "member_id", "id"),
        Index("ix_sign_ups_offered", "community_id", "offered_until"),
    )  # fmt: skip
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    activity_id: Mapped[UUID]
    member_id: Mapped[UUID]
    state: Mapped[str] = mapped_column(text(10))
    asked_at: Mapped[datetime]
    placed_at: Mapped[datetime | None]
    offered_until: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    actor_id: Mapped[UUID]


class GrantUse(Base):
    """A scan's grant (its SHA-256) is bound to the person who first checked in or out with it."""

    __tablename__ = "grant_uses"
    __table_args__ = (ForeignKeyConstraint(["community_id"], ["communities.id"]),)
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    digest: Mapped[bytes] = mapped_column(primary_key=True)
    person_id: Mapped[UUID]
    used_at: Mapped[datetime]


class Checkin(Base):
    """One visit. `minutes` is exact; `evidence` says how we know; `reasons` what the stamper should look at.

    `recorded_by` and `closed_by` are the persons whose hands recorded arrival and leaving (the member's own, or
    staff), who may never stamp it; `on_behalf_of` is the member's person where another one recorded.
    A member has at most one open visit, and one live visit number per activity. `plate_id` is the door of a visit at
    one; `note` its visit note, `noted_by` the person who wrote it, `follow_up` whether something of it is to be done.
    """

    __tablename__ = "checkins"
    __table_args__ = (
        ForeignKeyConstraint(["community_id", "activity_id"], ["activities.community_id", "activities.id"]),
        ForeignKeyConstraint(["community_id", "member_id"], ["members.community_id", "members.id"]),
        UniqueConstraint("community_id", "activity_id", "member_id", "visit"),
        one_of("state", CheckinState),
        one_of("evidence", Evidence),
        Index("uq_checkins_open", "community_id", "member_id", unique=True,
              sqlite_where=sql("state = 'open'"), postgresql_where=sql("state = 'open'")),
        # Serve: the stamping queue; a member's own visits, newest first; overlaps of a member.
        Index("ix_checkins_queue", "community_id", "state", "id"),
        Index("ix_checkins_member", "community_id", "member_id", "arrived_at"),
        # Serves: what visit notes ask for.
        Index("ix_checkins_follow_up", "community_id", "follow_up", "id",
              sqlite_where=sql("follow_up IS NOT NULL"), postgresql_where=sql("follow_up IS NOT NULL")),
    )  # fmt: skip
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    activity_id: Mapped[UUID]
    member_id: Mapped[UUID]
    visit: Mapped[int]
    unit_path: Mapped[str] = mapped_column(text(80))
    state: Mapped[str] = mapped_column(text(20))
    evidence: Mapped[str] = mapped_column(text(20))
    reasons: Mapped[list[Any]]
    arrived_at: Mapped[datetime]
    left_at: Mapped[datetime | None]
    received_at: Mapped[datetime]
    minutes: Mapped[int | None]
    distance_bucket: Mapped[str | None] = mapped_column(text(10))
    note: Mapped[dict[str, Any] | None]
    recorded_by: Mapped[UUID]
    closed_by: Mapped[UUID | None]
    on_behalf_of: Mapped[UUID | None]
    plate_id: Mapped[UUID | None]
    noted_by: Mapped[UUID | None]
    follow_up: Mapped[str | None] = mapped_column(text(10))
    followed_up_at: Mapped[datetime | None]
    followed_up_by: Mapped[UUID | None]


class StampBatch(Base):
    """What one press of the stamp decided; undone as a whole or one by one."""

    __tablename__ = "stamp_batches"
    __table_args__ = (ForeignKeyConstraint(["community_id"], ["communities.id"]),)
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    decision: Mapped[str] = mapped_column(text(10))
    note: Mapped[str] = mapped_column(text(300))
    stamped_at: Mapped[datetime]
    actor_id: Mapped[UUID]


class Stamp(Base):
    """The community's word on one check-in. A live stamp is the source of its award; an undone one stays for ever.

    `credited_on` is the day (Asia/Shanghai) on which the credit began: caps and budgets count the award there.
    """

    __tablename__ = "stamps"
    __table_args__ = (
        ForeignKeyConstraint(["community_id", "batch_id"], ["stamp_batches.community_id", "stamp_batches.id"]),
        ForeignKeyConstraint(["community_id", "checkin_id"], ["checkins.community_id", "checkins.id"]),
        ForeignKeyConstraint(["community_id", "programme_id"], ["programmes.community_id", "programmes.id"]),
        one_of("decision", Decision),
        Index("uq_stamps_live", "community_id", "checkin_id", unique=True,
              sqlite_where=sql("undone_at IS NULL AND counts"),
              postgresql_where=sql("undone_at IS NULL AND counts")),
        Index("ix_stamps_checkin", "community_id", "checkin_id", "id"),
        # Serves: taking a batch back.
        Index("ix_stamps_batch", "community_id", "batch_id"),
        # Serves: what programmes have given in a month.
        Index("ix_stamps_credited", "community_id", "credited_on", "programme_id"),
    )  # fmt: skip
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    batch_id: Mapped[UUID]
    checkin_id: Mapped[UUID]
    decision: Mapped[str] = mapped_column(text(10))
    counts: Mapped[bool]
    """False for the first of two stamps that a late entry needs: it awards nothing."""
    points: Mapped[int]
    minutes: Mapped[int]
    programme_id: Mapped[UUID]
    rule_version: Mapped[int]
    credited_on: Mapped[date]
    explanation: Mapped[str] = mapped_column(text(300))
    explanation_en: Mapped[str] = mapped_column(text(300))
    stamped_at: Mapped[datetime]
    actor_id: Mapped[UUID]
    undone_at: Mapped[datetime | None]
    undone_by: Mapped[UUID | None]


class IssuanceBudget(Base):
    """How many points the community means to give in a month, as decided at a time; None: it has no budget.

    The newest version counts. It refuses nothing: it alarms.
    """

    __tablename__ = "issuance_budgets"
    __table_args__ = (
        ForeignKeyConstraint(["community_id"], ["communities.id"]),
        CheckConstraint("points > 0", name="points_positive"),
    )
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    points: Mapped[int | None]
    since: Mapped[datetime]
    actor_id: Mapped[UUID]


class IssuanceAlarm(Base):
    """That a month (its first day) reached a level (percent) of the budget was told, once."""

    __tablename__ = "issuance_alarms"
    __table_args__ = (ForeignKeyConstraint(["community_id"], ["communities.id"]),)
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    month: Mapped[date] = mapped_column(primary_key=True)
    level: Mapped[int] = mapped_column(primary_key=True)
    points: Mapped[int]
    budget_points: Mapped[int]
    told_at: Mapped[datetime]
