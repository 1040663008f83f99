"""The tables of the rewards room. A merchant is global; its agreement, offers and redemptions are the community's."""

from __future__ import annotations

from datetime import date, datetime, time
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from ledger.core.db import Base, one_of, text


class AgreementState(StrEnum):
    DRAFT = "draft"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    ENDED = "ended"


class OfferKind(StrEnum):
    GOODS = "goods"
    SERVICE = "service"
    DISCOUNT_CARD = "discount_card"
    WAIVER_CARD = "waiver_card"
    SHOP_POINTS = "shop_points"


class OfferState(StrEnum):
    DRAFT = "draft"
    ACTIVE = "active"
    ENDED = "ended"


class MemberCodeState(StrEnum):
    LIVE = "live"
    USED = "used"
    REPLACED = "replaced"


class Via(StrEnum):
    """How a redemption was begun; each path has its own rules of who confirms."""

    MEMBER_CODE = "member_code"
    MERCHANT_CODE = "merchant_code"
    CARD = "card"


class Path(StrEnum):
    """The paths of which an agreement may say how many points they carry: a way of `Via`, somebody else's hands, or a
    slip written offline, which is entered by the number of a card."""

    MEMBER_CODE = "member_code"
    MERCHANT_CODE = "merchant_code"
    CARD = "card"
    HELPER = "helper"
    SLIP = "slip"


class RedemptionState(StrEnum):
    RESERVED = "reserved"
    CONFIRMED = "confirmed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    REFUNDED_PART = "refunded_part"
    REFUNDED = "refunded"


LOW_FEN, VERY_LOW_FEN = 100_000, 20_000
"""A new fund is low with less than 1,000 yuan left, very low with less than 200."""


class Merchant(Base):
    """A shop of all communities, first joined `created_in`; agreements are each one's own. `sort_key`: by pinyin."""

    __tablename__ = "merchants"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    created_in: Mapped[UUID]
    name: Mapped[str] = mapped_column(text(80))
    sort_key: Mapped[str] = mapped_column(text(200), server_default=sql("''"))
    trade: Mapped[str] = mapped_column(text(40))
    created_at: Mapped[datetime]
    actor_id: Mapped[UUID]


class Branch(Base):
    """One counter of a merchant. `code` is what its poster names, after the community's short code."""

    __tablename__ = "branches"
    __table_args__ = (Index("ix_branches_merchant", "merchant_id"),)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    merchant_id: Mapped[UUID] = mapped_column(ForeignKey("merchants.id"))
    name: Mapped[str] = mapped_column(text(80))
    address: Mapped[str] = mapped_column(text(120))
    code: Mapped[str] = mapped_column(text(12), unique=True)
    created_at: Mapped[datetime]


class Fund(Base):
    """Who pays the shops (微基金, 红色合伙人, the shop's own gift). Its money is in the books.

    With less than `low_fen` left it is low, with less than `very_low_fen` very low; `told_level` is which of both
    (1, 2; 0: neither) the staff have heard of.
    """

    __tablename__ = "funds"
    __table_args__ = (
        ForeignKeyConstraint(["community_id"], ["communities.id"]),
        UniqueConstraint("community_id", "name"),
        CheckConstraint("very_low_fen >= 0 AND low_fen >= very_low_fen", name="levels_in_order"),
    )
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(text(80))
    low_fen: Mapped[int] = mapped_column(default=LOW_FEN, server_default=sql(str(LOW_FEN)))
    very_low_fen: Mapped[int] = mapped_column(default=VERY_LOW_FEN, server_default=sql(str(VERY_LOW_FEN)))
    told_level: Mapped[int] = mapped_column(default=0, server_default=sql("0"))
    created_at: Mapped[datetime]
    actor_id: Mapped[UUID]


class FundGrant(Base):
    """Money that came into a fund; the source of its transfer. `is_named`: the donor wishes to be named in public."""

    __tablename__ = "fund_grants"
    __table_args__ = (
        ForeignKeyConstraint(["community_id", "fund_id"], ["funds.community_id", "funds.id"]),
        CheckConstraint("amount_fen > 0", name="amount_positive"),
    )
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    fund_id: Mapped[UUID]
    amount_fen: Mapped[int]
    donor: Mapped[str] = mapped_column(text(80))
    is_named: Mapped[bool] = mapped_column(default=False, server_default=sql("false"))
    granted_at: Mapped[datetime]
    actor_id: Mapped[UUID]


class Agreement(Base):
    """A merchant's contract with the community. `version` is the one in force; two people sign before it is active.

    `renewal_told` is how near to its end (30, 7, 1 days) both sides were told of last; None: not yet.
    """

    __tablename__ = "agreements"
    __table_args__ = (
        ForeignKeyConstraint(["community_id"], ["communities.id"]),
        one_of("state", AgreementState),
        Index("uq_agreements_live", "community_id", "merchant_id", unique=True,
              sqlite_where=sql("state <> 'ended'"), postgresql_where=sql("state <> 'ended'")),
    )  # fmt: skip
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    merchant_id: Mapped[UUID]
    number: Mapped[str] = mapped_column(text(30))
    state: Mapped[str] = mapped_column(text(10))
    version: Mapped[int]
    draft_version: Mapped[int | None]
    renewal_told: Mapped[int | None]
    created_at: Mapped[datetime]
    actor_id: Mapped[UUID]


class AgreementVersion(Base):
    """What was agreed, for good: rate (`rate_fen` for every `rate_points`), fund, dates, days.

    Less than `minimum_fen` is carried over to the next week; `needs_invoice`: no statement is approved without the
    number of the shop's invoice (发票). Without `other_days` it redeems on the community's redemption day alone. What
    nobody decides of a disputed line in time is the shop's, or without `undecided_for_shop` the community's. Two people
    sign for the community; `owner_signed_by` is the shop's own side. `signed_at` is the last signature's.
    """

    __tablename__ = "agreement_versions"
    __table_args__ = (
        ForeignKeyConstraint(["community_id", "agreement_id"], ["agreements.community_id", "agreements.id"]),
        ForeignKeyConstraint(["community_id", "fund_id"], ["funds.community_id", "funds.id"]),
        CheckConstraint("rate_fen >= 0 AND rate_points > 0", name="rate_known"),
        CheckConstraint("ends_on >= starts_on", name="ends_after_start"),
        CheckConstraint("signed_by IS NULL OR signed_by <> second_signed_by", name="two_people"),
    )
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    agreement_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    fund_id: Mapped[UUID]
    rate_fen: Mapped[int]
    rate_points: Mapped[int]
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    auto_confirm_days: Mapped[int]
    minimum_fen: Mapped[int] = mapped_column(default=0, server_default=sql("0"))
    needs_invoice: Mapped[bool] = mapped_column(default=False, server_default=sql("false"))
    other_days: Mapped[bool] = mapped_column(default=True, server_default=sql("true"))
    undecided_for_shop: Mapped[bool] = mapped_column(default=True, server_default=sql("true"))
    path_caps: Mapped[dict[str, Any] | None]
    """Points by `Path`, as `path_caps` keeps them."""
    slip_points: Mapped[int] = mapped_column(default=0, server_default=sql("0"))
    slip_days: Mapped[int] = mapped_column(default=3, server_default=sql("3"))
    signatory: Mapped[str] = mapped_column(text(80))
    created_at: Mapped[datetime]
    actor_id: Mapped[UUID]
    signed_by: Mapped[UUID | None]
    first_signed_at: Mapped[datetime | None]
    second_signed_by: Mapped[UUID | None]
    signed_at: Mapped[datetime | None]
    owner_signed_by: Mapped[UUID | None]
    owner_signed_at: Mapped[datetime | None]


class Offer(Base):
    """What a shop gives for points. `version` is the one in force; what is reserved keeps its own.

    `draft_version` is a change that waits for the approval of somebody else than its drafter.
    """

    __tablename__ = "offers"
    __table_args__ = (
        ForeignKeyConstraint(["community_id", "agreement_id"], ["agreements.community_id", "agreements.id"]),
        one_of("state", OfferState),
        one_of("kind", OfferKind),
        Index("ix_offers_merchant", "community_id", "merchant_id", "state"),
    )
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    agreement_id: Mapped[UUID]
    merchant_id: Mapped[UUID]
    kind: Mapped[str] = mapped_column(text(20))
    state: Mapped[str] = mapped_column(text(10))
    version: Mapped[int]
    draft_version: Mapped[int | None]
    stock: Mapped[int | None]
    """Pieces left; None is without limit. Changed only by the redemption verbs and by restocking."""
    created_at: Mapped[datetime]
    actor_id: Mapped[UUID]


class OfferVersion(Base):
    """The terms of an offer, for good. `price_fen` per piece, or None: points at the agreement's rate.

    `weekdays` is a mask (Monday = 1 … Sunday = 64); `from_time`/`until_time` are hours of the day in Asia/Shanghai;
    `branch_ids` None is every branch; limits are pieces per member and day, per member and ISO week, per
    household and ISO week, and per person in all. A card takes `discount_fen` off the bill; with `discount_percent`
    that part of the bill, at most so much. Of it the shop bears `shop_bears_percent` itself.
    """

    __tablename__ = "offer_versions"
    __table_args__ = (
        ForeignKeyConstraint(["community_id", "offer_id"], ["offers.community_id", "offers.id"]),
        CheckConstraint("points > 0", name="points_positive"),
        CheckConstraint("price_fen IS NULL OR price_fen >= 0", name="price_not_negative"),
        CheckConstraint("weekdays BETWEEN 1 AND 127", name="weekdays_known"),
        CheckConstraint("approved_by IS NULL OR approved_by <> actor_id", name="two_people"),
    )
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    offer_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(text(80))
    description: Mapped[str] = mapped_column(text(300))
    points: Mapped[int]
    price_fen: Mapped[int | None]
    starts_on: Mapped[date | None]
    ends_on: Mapped[date | None]
    weekdays: Mapped[int]
    from_time: Mapped[time | None]
    until_time: Mapped[time | None]
    branch_ids: Mapped[list[Any] | None]
    minimum_bill_fen: Mapped[int | None]
    discount_fen: Mapped[int | None]
    discount_percent: Mapped[int | None]
    shop_bears_percent: Mapped[int] = mapped_column(default=0, server_default=sql("0"))
    per_member_per_day: Mapped[int | None]
    per_member_per_week: Mapped[int | None]
    per_household_per_week: Mapped[int | None]
    per_person: Mapped[int | None]
    voucher_days: Mapped[int | None]
    """So long a voucher of it can be used; 0: it is not sold as a voucher. None: the house's 90 days."""
    picture_ids: Mapped[list[Any] | None]
    """At most three `OfferPicture`, in the order in which they are shown."""
    created_at: Mapped[datetime]
    actor_id: Mapped[UUID]
    approved_by: Mapped[UUID | None]


class CapCounter(Base):
    """How many pieces of an offer a member has taken in a period ("2026-11-20", "2026-W47"); moved conditionally."""

    __tablename__ = "cap_counters"
    __table_args__ = (
        ForeignKeyConstraint(["community_id", "offer_id"], ["offers.community_id", "offers.id"]),
        CheckConstraint("taken >= 0", name="taken_not_negative"),
    )
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    offer_id: Mapped[UUID] = mapped_column(primary_key=True)
    holder_id: Mapped[UUID] = mapped_column(primary_key=True)
    period: Mapped[str] = mapped_column(text(12), primary_key=True)
    taken: Mapped[int]


class MemberCode(Base):
    """A member's one-time code: stored hashed, at most 60 s, dead with its session or with a newer code."""

    __tablename__ = "member_codes"
    __table_args__ = (
        ForeignKeyConstraint(["community_id", "member_id"], ["members.community_id", "members.id"]),
        UniqueConstraint("community_id", "code_hash"),
        one_of("state", MemberCodeState),
        Index("ix_member_codes_member", "community_id", "member_id", "state"),
    )
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    member_id: Mapped[UUID]
    session_id: Mapped[UUID]
    code_hash: Mapped[bytes]
    state: Mapped[str] = mapped_column(text(10))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    till_id: Mapped[UUID | None]
    redemption_id: Mapped[UUID | None]


class TillVisit(Base):
    """A member at a counter for ten minutes, opened by their code, or by the paper card that is named."""

    __tablename__ = "till_visits"
    __table_args__ = (ForeignKeyConstraint(["community_id", "member_id"], ["members.community_id", "members.id"]),)
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    member_id: Mapped[UUID]
    merchant_id: Mapped[UUID]
    branch_id: Mapped[UUID]
    via: Mapped[str] = mapped_column(text(20))
    card_id: Mapped[UUID | None]
    opened_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    actor_id: Mapped[UUID]


class TillTry(Base):
    """An unknown code that was tried at a till; counted to slow guessing down."""

    __tablename__ = "till_tries"
    __table_args__ = (Index("ix_till_tries_actor", "community_id", "actor_id", "at"),)
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    actor_id: Mapped[UUID]
    at: Mapped[datetime]


LIVE_USE = "voucher_id IS NOT NULL AND state IN ('reserved', 'confirmed', 'refunded_part', 'refunded')"


class Redemption(Base):
    """Points for something at a shop. Each stores the offer and agreement version it was made under.

    `discount_fen` is what a card took off the bill; of it the fund owes the shop `gross_fen`.
    `points` and `gross_fen` are the whole redemption's, `pooled_points` those that others of the household pay
    (`pool_models.Contribution`); `refunded_points` and `refunded_fen` what went back so far.
    With `voucher_id` it is the use of a voucher: it reserves nothing of its own, and pays with what was paid for that.
    """

    __tablename__ = "redemptions"
    __table_args__ = (
        ForeignKeyConstraint(["community_id", "member_id"], ["members.community_id", "members.id"]),
        ForeignKeyConstraint(
            ["community_id", "offer_id", "offer_version"],
            ["offer_versions.community_id", "offer_versions.offer_id", "offer_versions.version"],
        ),
        ForeignKeyConstraint(
            ["community_id", "agreement_id", "agreement_version"],
            [
                "agreement_versions.community_id",
                "agreement_versions.agreement_id",
                "agreement_versions.version",
            ],
        ),
        ForeignKeyConstraint(["community_id", "voucher_id"], ["vouchers.community_id", "vouchers.id"]),
        UniqueConstraint("community_id", "receipt_number"),
        one_of("state", RedemptionState),
        one_of("via", Via),
        CheckConstraint("refunded_points >= 0 AND refunded_points <= points", name="refund_within_points"),
        CheckConstraint("refunded_fen >= 0 AND refunded_fen <= gross_fen", name="refund_within_gross"),
        # Serve: a member's own list; a branch's day; a merchant's week at the close; the sweeper.
        Index("ix_redemptions_member", "community_id", "member_id", "id"),
        Index("ix_redemptions_merchant", "community_id", "merchant_id", "confirmed_at"),
        Index("ix_redemptions_branch", "community_id", "branch_id", "id"),
        # Serves: the list with the most points first.
        Index("ix_redemptions_points", "community_id", "points", "id"),
        # A voucher is used once, and shown at one till at a time.
        Index("uq_redemptions_voucher", "community_id", "voucher_id", unique=True,
              sqlite_where=sql(LIVE_USE), postgresql_where=sql(LIVE_USE)),
    )  # fmt: skip
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    member_id: Mapped[UUID]
    merchant_id: Mapped[UUID]
    branch_id: Mapped[UUID]
    offer_id: Mapped[UUID]
    offer_version: Mapped[int]
    agreement_id: Mapped[UUID]
    agreement_version: Mapped[int]
    fund_id: Mapped[UUID]
    voucher_id: Mapped[UUID | None]
    quantity: Mapped[int]
    points: Mapped[int]
    pooled_points: Mapped[int] = mapped_column(default=0, server_default=sql("0"))
    gross_fen: Mapped[int]
    bill_fen: Mapped[int | None]
    discount_fen: Mapped[int | None]
    refunded_points: Mapped[int] = mapped_column(default=0)
    refunded_fen: Mapped[int] = mapped_column(default=0)
    via: Mapped[str] = mapped_column(text(20))
    state: Mapped[str] = mapped_column(text(15))
    receipt_number: Mapped[str] = mapped_column(text(24))
    reserved_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    reserved_by: Mapped[UUID]
    confirmed_by: Mapped[UUID | None]
    on_behalf_of: Mapped[UUID | None]


class Refund(Base):
    """Points and money of a redemption that went back; the source of its transfers. The parts add up to the whole."""

    __tablename__ = "refunds"
    __table_args__ = (
        ForeignKeyConstraint(["community_id", "redemption_id"], ["redemptions.community_id", "redemptions.id"]),
        CheckConstraint("points > 0", name="points_positive"),
        # Serves: refunds that no statement has yet.
        Index("ix_refunds_redemption", "community_id", "redemption_id"),
        Index("ix_refunds_merchant", "community_id", "merchant_id", "refunded_at"),
    )
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    redemption_id: Mapped[UUID]
    merchant_id: Mapped[UUID]
    points: Mapped[int]
    fen: Mapped[int]
    discount_fen: Mapped[int | None]
    """Of what a card took off the bill, the part that this refund takes back; None where none did."""
    reason: Mapped[str] = mapped_column(text(300))
    refunded_at: Mapped[datetime]
    actor_id: Mapped[UUID]
