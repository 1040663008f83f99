"""The tables of the people's room. Identity (first half) is keyed by person; the rest by community."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from ledger.core.db import Base, one_of, text
from ledger.core.tenancy import Role


class UnitKind(StrEnum):
    """The place tree from the community down, then the party line."""

    COMMUNITY = "community"  # 社区
    COMPOUND = "compound"  # 小区
    GRID = "grid"  # 网格
    MICRO_GRID = "micro_grid"  # 微网格
    BUILDING = "building"  # 楼栋
    ENTRANCE = "entrance"  # 单元
    GENERAL_BRANCH = "general_branch"  # 党总支
    BRANCH = "branch"  # 党支部
    PARTY_GROUP = "party_group"  # 楼栋党小组


class PostKind(StrEnum):
    GRID_WORKER = "grid_worker"  # 专职网格员
    MICRO_GRID_LEADER = "micro_grid_leader"  # 微网格长
    UNIT_STEWARD = "unit_steward"  # 单元管家
    BUILDING_LEADER = "building_leader"  # 楼栋长
    BRANCH_SECRETARY = "branch_secretary"  # 支部书记


class Purpose(StrEnum):
    """What a person consents to, each for itself."""

    SERVICE = "service"
    PUBLICATION = "publication"
    LOCATION = "location"
    SHARING_WITH_SHOPS = "sharing_with_shops"


class SessionKind(StrEnum):
    BROWSER = "browser"
    API = "api"
    DEVICE = "device"


class MemberState(StrEnum):
    ACTIVE = "active"
    LEFT = "left"


class LeftReason(StrEnum):
    """Why a member is no longer one."""

    MOVED = "moved"
    LEFT = "left"
    DECEASED = "deceased"
    MERGED = "merged"
    ERASED = "erased"


class Oversight(StrEnum):
    STREET = "street"
    OPERATOR = "operator"


STAFF_ROLES = (Role.COORDINATOR, Role.STAMPER, Role.ADMIN, Role.TREASURER, Role.SUPERVISOR)


# --- identity: a person signs in once, whatever the community -------------------------------------------------


class Street(Base):
    """街道: oversees communities, holds no wallet."""

    __tablename__ = "streets"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(text(80))
    created_at: Mapped[datetime]


class Community(Base):
    """社区: the tenant. `short_code` (2-6 letters) starts every public number; `is_demo` never reaches real books.

    `telephone` is the office's, for everybody to call (None: none is given).
    """

    __tablename__ = "communities"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    street_id: Mapped[UUID | None] = mapped_column(ForeignKey("streets.id"))
    name: Mapped[str] = mapped_column(text(80))
    short_code: Mapped[str] = mapped_column(text(6), unique=True)
    is_demo: Mapped[bool]
    created_at: Mapped[datetime]
    telephone: Mapped[str | None] = mapped_column(text(16))


class Person(Base):
    """Who signs in. Elders may have no phone; names live with the member, per community."""

    __tablename__ = "persons"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    created_at: Mapped[datetime]
    erased_at: Mapped[datetime | None]


class Phone(Base):
    """A person's number: encrypted, found by a blind index, unique while it is in use.

    `last_used_at` is the last sign-in with it (None: none since it was given). `reported_at` says that somebody told us
    the number has another owner now; `wrong_proofs` counts who could not say whose it was. Until `held_until` nothing
    is redeemed by whoever signs in with it. See docs/adr/0016.
    """

    __tablename__ = "phones"
    __table_args__ = (
        Index("uq_phones_in_use", "blind_index", unique=True, sqlite_where=sql("ended_at IS NULL"),
              postgresql_where=sql("ended_at IS NULL")),
        Index("ix_phones_person", "person_id"),
    )  # fmt: skip
    id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    sealed: Mapped[bytes]
    blind_index: Mapped[bytes]
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    reported_at: Mapped[datetime | None]
    wrong_proofs: Mapped[int | None]
    held_until: Mapped[datetime | None]


class SignInCode(Base):
    """A one-time code sent to a number: hashed, five minutes, five tries, used once; limits are counted here."""

    __tablename__ = "sign_in_codes"
    __table_args__ = (
        # Serve: the newest code of a number, and how many a number, an address or a device asked for lately.
        Index("ix_sign_in_codes_phone", "phone_index", "created_at"),
        Index("ix_sign_in_codes_address", "address_index", "created_at"),
        Index("ix_sign_in_codes_device", "device_index", "created_at"),
    )
    id: Mapped[UUID] = mapped_column(primary_key=True)
    phone_index: Mapped[bytes]
    address_index: Mapped[bytes]
    code_hash: Mapped[bytes]
    tries: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    device_index: Mapped[bytes | None]


class Delivery(Base):
    """A message on its way to a phone. Number and text are encrypted, and erased on delivery or when they expire.

    Until `busy_until` it is in the hands of one process, which is handing it to the gateway; `attempts` counts how
    often one has taken it in hand.
    """

    __tablename__ = "deliveries"
    __table_args__ = (Index("ix_deliveries_waiting", "delivered_at", "created_at"),)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    phone_index: Mapped[bytes]
    sealed: Mapped[bytes | None]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    delivered_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    busy_until: Mapped[datetime | None]


class Session(Base):
    """A browser's sign-in or an API token: hashed, expiring, revocable at once, listed as a device.

    `scopes` (names, separated by spaces) narrow a token that its person made; None carries all that the person may.
    `second_factor_at` is when a second factor was shown in it; `by` how it was opened (code, password; None: neither).
    """

    __tablename__ = "sessions"
    __table_args__ = (one_of("kind", SessionKind), Index("ix_sessions_person", "person_id", "revoked_at"))
    id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    kind: Mapped[str] = mapped_column(text(10))
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    label: Mapped[str] = mapped_column(text(120))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    last_seen_on: Mapped[date | None]
    scopes: Mapped[str | None] = mapped_column(text(120))
    second_factor_at: Mapped[datetime | None]
    by: Mapped[str | None] = mapped_column(text(20))


class Consent(Base):
    """A person's yes to one purpose; withdrawing it ends the row, asking again writes a new one.

    `given_by` is the guardian who consented for a child; None: the person themself.
    """

    __tablename__ = "consents"
    __table_args__ = (one_of("purpose", Purpose), Index("ix_consents_person", "person_id", "purpose"))
    id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    purpose: Mapped[str] = mapped_column(text(20))
    given_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]
    given_by: Mapped[UUID | None]


class OversightGrant(Base):
    """A role above communities: an officer of a street, or an operator of the platform."""

    __tablename__ = "oversight_grants"
    __table_args__ = (one_of("role", Oversight), Index("ix_oversight_grants_person", "person_id"))
    id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    role: Mapped[str] = mapped_column(text(10))
    street_id: Mapped[UUID | None] = mapped_column(ForeignKey("streets.id"))
    since: Mapped[datetime]
    until: Mapped[datetime | None]


# --- the community: every key starts with the tenant ----------------------------------------------------------


class PlaceUnit(Base):
    """A node of the place tree or of the party line. `path` ("1.4.2.") makes "inside this part" a prefix.

    One that has ended keeps its place, so that history can name it; nothing new is hung on it.
    """

    __tablename__ = "units"
    __table_args__ = (
        ForeignKeyConstraint(["community_id"], ["communities.id"]),
        ForeignKeyConstraint(["community_id", "parent_id"], ["units.community_id", "units.id"]),
        ForeignKeyConstraint(["community_id", "party_parent_id"], ["units.community_id", "units.id"]),
        UniqueConstraint("community_id", "path"),
        one_of("kind", UnitKind),
    )
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(text(20))
    name: Mapped[str] = mapped_column(text(80))
    parent_id: Mapped[UUID | None]
    party_parent_id: Mapped[UUID | None]
    path: Mapped[str] = mapped_column(text(80))
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class Household(Base):
    """People of one home: nobody stamps their own family. `sort_key` orders names by pinyin and number."""

    __tablename__ = "households"
    __table_args__ = (ForeignKeyConstraint(["community_id"], ["communities.id"]),)
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(text(80))
    sort_key: Mapped[str] = mapped_column(text(200), server_default=sql("''"))
    created_at: Mapped[datetime]


class Member(Base):
    """A person in one community: name, place, wallet, hours. `sort_key` orders Chinese names by pinyin.

    Who left keeps wallet and history, and comes back as the same member. `merged_into` names the member that stands for
    one that was merged (never itself merged): every room that takes a member's id reaches that one. Before the day
    `child_until` (the fourteenth birthday: all that is known of an age) a guardian consents for the member.
    """

    __tablename__ = "members"
    __table_args__ = (
        ForeignKeyConstraint(["community_id"], ["communities.id"]),
        ForeignKeyConstraint(["community_id", "unit_id"], ["units.community_id", "units.id"]),
        ForeignKeyConstraint(["community_id", "household_id"], ["households.community_id", "households.id"]),
        UniqueConstraint("community_id", "person_id"),
        one_of("state", MemberState),
        # Serve: a person's communities at sign-in; the list of members by name.
        Index("ix_members_person", "person_id"),
        Index("ix_members_sort", "community_id", "sort_key", "id"),
        # Serves: who was merged into a member.
        Index(
            "ix_members_merged",
            "community_id",
            "merged_into",
            sqlite_where=sql("merged_into IS NOT NULL"),
            postgresql_where=sql("merged_into IS NOT NULL"),
        ),
        # Serves: who is of a household.
        Index(
            "ix_members_household",
            "community_id",
            "household_id",
            sqlite_where=sql("household_id IS NOT NULL"),
            postgresql_where=sql("household_id IS NOT NULL"),
        ),
    )
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID]
    name: Mapped[str] = mapped_column(text(80))
    sort_key: Mapped[str] = mapped_column(text(200))
    unit_id: Mapped[UUID]
    household_id: Mapped[UUID | None]
    state: Mapped[str] = mapped_column(text(10))
    joined_at: Mapped[datetime]
    actor_id: Mapped[UUID]
    left_at: Mapped[datetime | None]
    left_reason: Mapped[str | None] = mapped_column(text(10))
    merged_into: Mapped[UUID | None]
    child_until: Mapped[date | None]


class Post(Base):
    """A member's post on a unit; several posts a person, each with its time."""

    __tablename__ = "posts"
    __table_args__ = (
        ForeignKeyConstraint(["community_id", "member_id"], ["members.community_id", "members.id"]),
        ForeignKeyConstraint(["community_id", "unit_id"], ["units.community_id", "units.id"]),
        one_of("kind", PostKind),
        Index("ix_posts_member", "community_id", "member_id"),
    )
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    member_id: Mapped[UUID]
    unit_id: Mapped[UUID]
    kind: Mapped[str] = mapped_column(text(20))
    since: Mapped[datetime]
    until: Mapped[datetime | None]
    actor_id: Mapped[UUID]


class RoleGrant(Base):
    """A staff role of a member over a part of the tree; ended, never deleted: who held what when."""

    __tablename__ = "role_grants"
    __table_args__ = (
        ForeignKeyConstraint(["community_id", "member_id"], ["members.community_id", "members.id"]),
        ForeignKeyConstraint(["community_id", "unit_id"], ["units.community_id", "units.id"]),
        Index("ix_role_grants_member", "community_id", "member_id"),
    )
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    member_id: Mapped[UUID]
    unit_id: Mapped[UUID]
    role: Mapped[str] = mapped_column(text(20))
    since: Mapped[datetime]
    until: Mapped[datetime | None]
    actor_id: Mapped[UUID]


class CounterStaff(Base):
    """Who stands behind a merchant's counter in this community: its owner, or a clerk (of all branches when None)."""

    __tablename__ = "counter_staff"
    __table_args__ = (
        ForeignKeyConstraint(["community_id"], ["communities.id"]),
        CheckConstraint("role IN ('owner', 'clerk')", name="role_known"),
        Index("ix_counter_staff_person", "person_id"),
        Index("ix_counter_staff_merchant", "community_id", "merchant_id"),
    )
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID]
    merchant_id: Mapped[UUID]
    branch_id: Mapped[UUID | None]
    name: Mapped[str] = mapped_column(text(80))
    role: Mapped[str] = mapped_column(text(10))
    since: Mapped[datetime]
    until: Mapped[datetime | None]
    actor_id: Mapped[UUID]


class Notice(Base):
    """Something a person is told; `facts` fill the sentence of its kind. Unread until `read_at`.

    `due_at` stands while a message waits to be sent to the person's phone; `sent_at` is when it was. Whoever has no
    phone is handed the notice on paper.
    """

    __tablename__ = "notices"
    __table_args__ = (
        ForeignKeyConstraint(["community_id"], ["communities.id"]),
        # Serves: a person's inbox over all communities, newest first.
        Index("ix_notices_person", "person_id", "id"),
        # Serves: the job that sends what is due.
        Index("ix_notices_due", "community_id", "due_at",
              sqlite_where=sql("due_at IS NOT NULL"), postgresql_where=sql("due_at IS NOT NULL")),
    )  # fmt: skip
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID]
    kind: Mapped[str] = mapped_column(text(60))
    facts: Mapped[dict[str, Any]]
    at: Mapped[datetime]
    read_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    handed_over_at: Mapped[datetime | None]
    handed_over_by: Mapped[UUID | None]
