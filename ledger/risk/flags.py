"""Flags: opened by the detectors, decided by the treasurer, released by the clock after fourteen days (docs/adr/0030).

A flag moves no points and no money. It says of redemptions that no statement has yet that they wait; the refund of a
confirmed fraud is the verb for refunds, as ever.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, insert, select

from ledger.core import audit, clock, outbox, registry
from ledger.core.db import atomic, db
from ledger.core.errors import WrongState
from ledger.core.ids import new_id
from ledger.core.permissions import require
from ledger.core.tenancy import Actor, load, scoped, system_actor, within
from ledger.people.models import Member, PlaceUnit, UnitKind
from ledger.rewards.models import Redemption
from ledger.risk.detectors import WINDOW, Found, Span, detect
from ledger.risk.errors import OwnFlag
from ledger.risk.models import Flag, FlaggedRedemption, FlagState

SEE, DECIDE = "see_flags", "decide_flags"

HELD_FOR = timedelta(days=14)
LONGEST = 300


class Decision(StrEnum):
    """What the treasurer finds: nothing wrong, or what the flag suspects."""

    DISMISS = "dismiss"
    CONFIRM = "confirm"


_STATES = {Decision.DISMISS: FlagState.DISMISSED, Decision.CONFIRM: FlagState.CONFIRMED}


# --- finding ----------------------------------------------------------------------------------------------------


@atomic
def find_now(actor: Actor) -> list[Flag]:
    """The detectors look at once, not only every day; returns the new flags. By whoever sees flags: Forbidden."""
    require(actor, SEE)
    opened = find_flags(actor.tenant)
    audit.record(actor, "risk.find_flags", flags=len(opened))
    return opened


@atomic
def find_flags(community_id: UUID) -> list[Flag]:
    """What the last four weeks show is flagged, once for each subject and week; returns the new flags.

    An open flag grows by what came since. Redemptions that a flag of the same kind was about are not flagged again:
    what the treasurer has decided stays decided.
    """
    _one_at_a_time(community_id)
    now = clock.now()
    opened = [_open(community_id, found, now) for found in detect(community_id, Span(now - WINDOW, now))]
    return [flag for flag in opened if flag is not None]


def _one_at_a_time(community_id: UUID) -> None:
    """Two looks of a community follow one another, and so do a look and a close: the root unit's row is the lock."""
    root = scoped(community_id, PlaceUnit.id).where(PlaceUnit.kind == UnitKind.COMMUNITY)
    db.session.execute(root.with_for_update(key_share=True))


def _open(community_id: UUID, found: Found, now: datetime) -> Flag | None:
    """The new flag; None where it was known before, or where everything that it is about was."""
    fresh = found.redemption_ids - _flagged_before(community_id, found)
    if found.redemption_ids and not fresh:
        return None
    of_subject = scoped(community_id, Flag).where(Flag.kind == found.kind, Flag.subject == found.subject)
    known = db.session.scalars(of_subject.with_for_update()).one_or_none()
    if known is not None:
        if known.state == FlagState.OPEN:
            known.facts = found.facts
            _attach(known, fresh)
        return None
    flag = Flag(
        community_id=community_id,
        id=new_id(),
        kind=found.kind,
        subject=found.subject,
        member_id=found.member_id,
        merchant_id=found.merchant_id,
        facts=found.facts,
        state=FlagState.OPEN,
        opened_at=now,
        due_at=now + HELD_FOR,
        decided_at=None,
        decided_by=None,
        note="",
    )
    db.session.add(flag)
    db.session.flush()
    _attach(flag, fresh)
    clerk = system_actor(community_id)
    audit.record(clerk, "risk.open_flag", flag.id, kind=flag.kind, redemptions=len(fresh))
    outbox.announce(clerk, "flag.opened", flag_id=flag.id.hex, about=flag.kind)
    return flag


def _flagged_before(community_id: UUID, found: Found) -> set[UUID]:
    query = scoped(community_id, FlaggedRedemption.redemption_id).where(
        within(community_id, Flag),
        Flag.id == FlaggedRedemption.flag_id,
        Flag.kind == found.kind,
        FlaggedRedemption.redemption_id.in_(found.redemption_ids),
    )
    return set(db.session.scalars(query))


def _attach(flag: Flag, redemption_ids: Iterable[UUID]) -> None:
    """The flag is about these too. However many flags follow one another, a redemption waits fourteen days at most."""
    ids = sorted(redemption_ids)
    first = (
        scoped(flag.community_id, FlaggedRedemption.redemption_id)
        .add_columns(func.min(FlaggedRedemption.held_until))
        .where(FlaggedRedemption.redemption_id.in_(ids))
        .group_by(FlaggedRedemption.redemption_id)
    )
    until = dict(db.session.execute(first).tuples().all())
    rows = [
        {
            "community_id": flag.community_id,
            "flag_id": flag.id,
            "redemption_id": one,
            "held_until": until.get(one, flag.due_at),
        }
        for one in ids
    ]
    if rows:
        db.session.execute(insert(FlaggedRedemption), rows)


# --- deciding ---------------------------------------------------------------------------------------------------


@atomic
def decide_flag(actor: Actor, flag_id: UUID, decision: Decision, *, note: str) -> Flag:
    """Decided, with the reason in 1 … 300 characters; what waited for it stands in the next statement.

    Confirming takes nothing back by itself. Raises NotFound, Forbidden, WrongState (decided, or its days are over),
    OwnFlag (about the actor's own redemption or shop).
    """
    flag = load(actor.tenant, Flag, flag_id, lock=True)
    require(actor, DECIDE)
    if state_at(flag, clock.now()) != FlagState.OPEN:
        raise WrongState(state=state_at(flag, clock.now()))
    if is_own(actor, flag):
        raise OwnFlag
    flag.state, flag.note = _STATES[decision], note
    flag.decided_at, flag.decided_by = clock.now(), actor.person_id
    db.session.flush()
    audit.record(actor, "risk.decide_flag", flag.id, kind=flag.kind, decision=decision)
    outbox.announce(actor, "flag.decided", flag_id=flag.id.hex, state=flag.state)
    return flag


def state_at(flag: Flag, moment: datetime) -> FlagState:
    """The state as it counts: an open flag whose days are over is released, whether the clock has said so or not."""
    is_over = flag.state == FlagState.OPEN and flag.due_at <= moment
    return FlagState.RELEASED if is_over else FlagState(flag.state)


def is_own(actor: Actor, flag: Flag) -> bool:
    """Is the flag about the actor's own redemption, one that the actor made or confirmed, or the actor's own shop?"""
    if any(counter.merchant_id == flag.merchant_id for counter in actor.counters):
        return True
    query = (
        scoped(actor.tenant, Redemption.reserved_by, Redemption.confirmed_by)
        .add_columns(Redemption.member_id, Member.merged_into)
        .where(within(actor.tenant, FlaggedRedemption, Member), Member.id == Redemption.member_id)
        .where(FlaggedRedemption.flag_id == flag.id, FlaggedRedemption.redemption_id == Redemption.id)
    )
    return any(
        actor.is_person(reserved_by)
        or actor.is_person(confirmed_by)
        or not actor.member_ids.isdisjoint({member_id, merged_into})
        for reserved_by, confirmed_by, member_id, merged_into in db.session.execute(query)
    )


# --- what the rooms below ask through the registry --------------------------------------------------------------


def held_redemptions(community_id: UUID) -> Select[Any]:
    """SQL: the ids of redemptions that wait now."""
    return select(FlaggedRedemption.redemption_id).where(
        within(community_id, FlaggedRedemption, Flag),
        Flag.id == FlaggedRedemption.flag_id,
        Flag.state == FlagState.OPEN,
        FlaggedRedemption.held_until > clock.now(),
    )


registry.held_back.append(held_redemptions)
registry.before_close.append(find_flags)


@registry.job("find_flags", period=lambda moment: f"{clock.local_day(moment):%Y-%m-%d}")
def find_today(community_id: UUID, _day: str) -> None:
    """Every day: the detectors look."""
    find_flags(community_id)


@registry.job("release_flags", period=lambda moment: f"{clock.local_day(moment):%Y-%m-%d}")
def release_flags(community_id: UUID, _day: str) -> None:
    """Every day: what nobody has decided in its fourteen days is released."""
    now = clock.now()
    overdue = scoped(community_id, Flag).where(Flag.state == FlagState.OPEN, Flag.due_at <= now).order_by(Flag.id)
    for flag in db.session.scalars(overdue.with_for_update()).all():
        flag.state, flag.decided_at = FlagState.RELEASED, now
        audit.record(system_actor(community_id), "risk.release_flag", flag.id, kind=flag.kind)
    db.session.flush()
