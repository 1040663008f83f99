"""Flags for the community's money people, what waits for a shop, and a dry run of the detectors on history."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import exists, func, or_, select
from sqlalchemy.sql import ColumnElement

from ledger.core import clock
from ledger.core.db import db
from ledger.core.errors import Forbidden
from ledger.core.orders import Age, arrange, by_age
from ledger.core.permissions import may, reach, reaches_all, require
from ledger.core.tenancy import Actor, load, scoped, within
from ledger.people.models import Member
from ledger.rewards.models import Merchant, Redemption
from ledger.risk import explaining
from ledger.risk.detectors import Found, Span, detect
from ledger.risk.errors import OwnFlag
from ledger.risk.flags import DECIDE, SEE, is_own, state_at
from ledger.risk.models import Flag, FlaggedRedemption, FlagKind, FlagState
from ledger.settlement.models import LineType, SettlementLine

LONGEST_DRY_RUN = timedelta(days=92)
MOST_FOUND = 200
MOST_WAITING = 200


@dataclass(frozen=True, slots=True)
class Extent:
    """What a flag is about: how many redemptions, and how many of them wait with how much money."""

    redemptions: int = 0
    waiting: int = 0
    waiting_fen: int = 0


class FlagView(NamedTuple):
    """A flag with its names. `state` is the one that counts now; `refusal` is why the actor may not decide, or None."""

    flag: Flag
    state: FlagState
    member_name: str | None
    merchant_name: str
    extent: Extent
    refusal: str | None

    @property
    def explanation(self) -> dict[str, str]:
        """Why it was flagged, in zh and en."""
        return explaining.in_both(self.flag.kind, self.flag.facts)


def list_flags(
    actor: Actor,
    *,
    status: FlagState | None = None,
    kind: FlagKind | None = None,
    order: Age | None = None,
    after: UUID | None = None,
    limit: int = 50,
) -> list[FlagView]:
    """Flags: unless asked otherwise newest first, open ones the first due first. Raises Forbidden."""
    require(actor, SEE)
    query = scoped(actor.tenant, Flag)
    if status is not None:
        query = query.where(_counts_as(status))
    if kind is not None:
        query = query.where(Flag.kind == kind)
    query = arrange(query, by_age(order, waiting=status is FlagState.OPEN), Flag.id, rows=query, after=after)
    return _views(actor, list(db.session.scalars(query.limit(limit))))


def _counts_as(status: FlagState) -> ColumnElement[bool]:
    """SQL for `state_at`."""
    is_over = (Flag.state == FlagState.OPEN) & (Flag.due_at <= clock.now())
    if status is FlagState.OPEN:
        return (Flag.state == FlagState.OPEN) & (Flag.due_at > clock.now())
    return or_(Flag.state == status, is_over) if status is FlagState.RELEASED else Flag.state == status


def see_flag(actor: Actor, flag_id: UUID) -> FlagView:
    """One flag: NotFound, Forbidden."""
    flag = load(actor.tenant, Flag, flag_id)
    require(actor, SEE)
    return _views(actor, [flag])[0]


class FlaggedView(NamedTuple):
    """A redemption that a flag is about, whose it is, and whether it waits."""

    redemption: Redemption
    member: str
    waits: bool


def redemptions_of(actor: Actor, flag_id: UUID) -> list[FlaggedView]:
    """What the flag is about, newest first, at most 200: NotFound, Forbidden."""
    flag = load(actor.tenant, Flag, flag_id)
    require(actor, SEE)
    query = (
        scoped(actor.tenant, Redemption, Member, FlaggedRedemption, Flag)
        .with_only_columns(Redemption, Member.name, _waits(actor.tenant))
        .where(Member.id == Redemption.member_id, FlaggedRedemption.redemption_id == Redemption.id)
        .where(Flag.id == FlaggedRedemption.flag_id, Flag.id == flag.id)
    )
    rows = db.session.execute(query.order_by(Redemption.id.desc()).limit(MOST_WAITING))
    return [FlaggedView(redemption, name, bool(waits)) for redemption, name, waits in rows]


def count_waiting_for(actor: Actor) -> int:
    """How many flags wait for the treasurer's decision; 0 for who decides none."""
    if not may(actor, DECIDE):
        return 0
    query = select(func.count(Flag.id)).where(within(actor.tenant, Flag), _counts_as(FlagState.OPEN))
    return db.session.scalar(query) or 0


def _views(actor: Actor, flags: list[Flag]) -> list[FlagView]:
    members = _member_names(actor.tenant, [flag.member_id for flag in flags])
    merchants = _merchant_names([flag.merchant_id for flag in flags])
    extents = _extents(actor.tenant, [flag.id for flag in flags])
    now = clock.now()
    return [
        FlagView(
            flag,
            state_at(flag, now),
            members.get(flag.member_id) if flag.member_id else None,
            merchants.get(flag.merchant_id, ""),
            extents.get(flag.id, Extent()),
            _refusal(actor, flag, now),
        )
        for flag in flags
    ]


def _refusal(actor: Actor, flag: Flag, now: datetime) -> str | None:
    if state_at(flag, now) != FlagState.OPEN or not may(actor, DECIDE):
        return Forbidden.code
    return OwnFlag.code if is_own(actor, flag) else None


def _member_names(community_id: UUID, ids: Collection[UUID | None]) -> dict[UUID, str]:
    query = scoped(community_id, Member.id, Member.name).where(Member.id.in_([one for one in ids if one]))
    return dict(db.session.execute(query).tuples().all())


def _merchant_names(ids: Collection[UUID]) -> dict[UUID, str]:
    query = select(Merchant.id, Merchant.name).where(Merchant.id.in_(ids))
    return dict(db.session.execute(query).tuples().all())


def _is_settled(community_id: UUID) -> ColumnElement[bool]:
    """SQL: the redemption stands in a live statement."""
    return exists().where(
        within(community_id, SettlementLine),
        SettlementLine.redemption_id == Redemption.id,
        SettlementLine.type == LineType.REDEMPTION,
        SettlementLine.live,
    )


def _extents(community_id: UUID, flag_ids: Collection[UUID]) -> dict[UUID, Extent]:
    query = (
        scoped(community_id, FlaggedRedemption, Redemption, Flag)
        .with_only_columns(
            FlaggedRedemption.flag_id, Redemption.gross_fen - Redemption.refunded_fen, _waits(community_id)
        )
        .where(Redemption.id == FlaggedRedemption.redemption_id, Flag.id == FlaggedRedemption.flag_id)
        .where(FlaggedRedemption.flag_id.in_(flag_ids))
    )
    found: dict[UUID, Extent] = {}
    for flag_id, fen, waits in db.session.execute(query):
        one = found.get(flag_id, Extent())
        found[flag_id] = Extent(one.redemptions + 1, one.waiting + bool(waits), one.waiting_fen + (fen if waits else 0))
    return found


def _waits(community_id: UUID) -> ColumnElement[bool]:
    """SQL, over a flagged redemption with its flag: it is kept out of the next statement."""
    is_held = (Flag.state == FlagState.OPEN) & (FlaggedRedemption.held_until > clock.now())
    return is_held & ~_is_settled(community_id)


# --- what a shop reads ------------------------------------------------------------------------------------------


class WaitingLine(NamedTuple):
    """A redemption that no statement takes yet, why, and until when at the latest."""

    redemption: Redemption
    merchant_name: str
    kind: FlagKind
    until: datetime

    @property
    def reason(self) -> dict[str, str]:
        """Why, in zh and en, in the words for a shop."""
        return explaining.to_shop_in_both(self.kind)


def list_waiting(actor: Actor, *, merchant_id: UUID | None = None, before: datetime | None = None) -> list[WaitingLine]:
    """What waits, of the shops whose statements the actor may see: oldest first, each once, at most 200.

    `before` leaves out what was confirmed from then on. Raises Forbidden.
    """
    query = (
        scoped(actor.tenant, Redemption, FlaggedRedemption, Flag)
        .add_columns(Merchant.name)
        .where(FlaggedRedemption.redemption_id == Redemption.id, Flag.id == FlaggedRedemption.flag_id)
        .where(Merchant.id == Redemption.merchant_id, _waits(actor.tenant), _of_own_shop(actor))
    )
    if merchant_id is not None:
        query = query.where(Redemption.merchant_id == merchant_id)
    if before is not None:
        query = query.where(Redemption.confirmed_at < before)
    lines: dict[UUID, WaitingLine] = {}
    for redemption, held, flag, name in db.session.execute(query.order_by(Redemption.id, Flag.id).limit(MOST_WAITING)):
        lines.setdefault(redemption.id, WaitingLine(redemption, name, FlagKind(flag.kind), held.held_until))
    return list(lines.values())


def _of_own_shop(actor: Actor) -> ColumnElement[bool]:
    scopes = reach(actor, "see_settlements")
    if not scopes:
        raise Forbidden
    if reaches_all(scopes):
        return Redemption.id.is_not(None)
    return Redemption.merchant_id.in_([one.merchant_id for one in actor.counters if one.role in scopes])


# --- the dry run ------------------------------------------------------------------------------------------------


class WouldFlag(NamedTuple):
    """What would be flagged, with its names."""

    found: Found
    member_name: str | None
    merchant_name: str

    @property
    def explanation(self) -> dict[str, str]:
        """Why it would be flagged, in zh and en."""
        return explaining.in_both(self.found.kind, self.found.facts)

    @property
    def redemptions(self) -> int:
        """How many it would be about."""
        return len(self.found.redemption_ids)


class DryRun(NamedTuple):
    """What the detectors find in a past time, the most concerned first; `total` is of all, `flags` the first 200."""

    first_day: date
    last_day: date
    redemptions: int
    total: int
    flags: list[WouldFlag]


def dry_run(actor: Actor, first_day: date, last_day: date) -> DryRun:
    """What the detectors would have said of these days, both included. Stores nothing. Raises Forbidden."""
    require(actor, SEE)
    assert first_day <= last_day <= first_day + LONGEST_DRY_RUN, "bounded by whoever read the form"
    end = clock.start_of_day(last_day + timedelta(days=1)) - timedelta(microseconds=1)
    span = Span(clock.start_of_day(first_day), end)
    confirmed = select(func.count(Redemption.id)).where(
        within(actor.tenant, Redemption), Redemption.confirmed_at.between(span.since, span.until)
    )
    found = sorted(detect(actor.tenant, span), key=lambda one: -len(one.redemption_ids))
    shown = found[:MOST_FOUND]
    members = _member_names(actor.tenant, [one.member_id for one in shown])
    merchants = _merchant_names([one.merchant_id for one in shown])
    flags = [
        WouldFlag(one, members.get(one.member_id) if one.member_id else None, merchants.get(one.merchant_id, ""))
        for one in shown
    ]
    return DryRun(first_day, last_day, db.session.scalar(confirmed) or 0, len(found), flags)
