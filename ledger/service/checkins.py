"""Check-ins: one visit each, evidenced by a code at the place or by staff, open until the check-out.

A plausible person is never refused: the visit is graded and the stamper sees why (`evidence`). Refused is only what
cannot be: unknown codes, cancelled or far activities, two places at once, the same visit twice.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Select, Table, bindparam, insert, or_
from sqlalchemy.exc import IntegrityError

from ledger.core import audit, clock, outbox
from ledger.core.db import atomic, connection, db
from ledger.core.errors import Forbidden, NotFound
from ledger.core.ids import new_id
from ledger.core.permissions import require
from ledger.core.tenancy import Actor, asked, load, scoped
from ledger.people import cards, children, consents, guesses, members
from ledger.people.models import Member, MemberState, PlaceUnit, Purpose
from ledger.people.notices import declare, tell
from ledger.service import days, evidence
from ledger.service.errors import (
    ActivityCancelled,
    ActivityTooFar,
    ArrivalAwaited,
    DuplicateCheckin,
    MemberGone,
    NoOpenVisit,
    NoteRequired,
    Overlap,
)
from ledger.service.evidence import Location, Review, Sighting
from ledger.service.models import Activity, ActivityKind, ActivityState, Checkin, CheckinState, Evidence
from ledger.service.visit_notes import VisitNote, as_columns
from ledger.service.ways_in import Via, prove

__all__ = ["DEAD", "Kind", "Via", "lock_members", "record_checkin"]

_INSERT = insert(cast(Table, Checkin.__table__))

DEAD = (CheckinState.RETURNED, CheckinState.VOID)
LOOSE = frozenset({Review.CLOSED_BY_RULE, Review.CLOSED_BY_NEXT})
"""A visit closed for its member: the real check-out, should it still arrive, may only make it shorter."""

HELPED_IN = declare("checkin.helped_in", zh="有人替您签到了。", en="Somebody checked in for you.", by_phone=True)
HELPED_OUT = declare("checkin.helped_out", zh="有人替您签退了。", en="Somebody checked out for you.", by_phone=True)

LONGEST_VISIT = timedelta(hours=48)
"""An activity lasts at most 24 hours, and nobody checks in or out more than 12 hours away from it."""


class Kind(StrEnum):
    IN = "in"
    OUT = "out"


@dataclass(frozen=True, slots=True)
class _Site:
    """Where the visit is: the activity, its place in the tree, and the door if it is one of several."""

    activity: Activity
    unit_path: str
    plate_id: UUID | None = None


@atomic
def record_checkin(
    actor: Actor,
    activity_id: UUID,
    *,
    kind: Kind,
    via: Via,
    happened_at: datetime | None = None,
    minutes: int | None = None,
    location: Location | None = None,
    note: VisitNote | None = None,
    on_behalf_of: UUID | None = None,
) -> Checkin:
    """The member has arrived (`in`: a new visit) or left (`out`: the open visit is pending, its minutes exact).

    `happened_at` None is now, or the moment of the scan; `minutes` (0 … 1440) makes a complete visit by hand, graded
    `later`. `on_behalf_of` is the member for whom a helper acts. Entering one place closes the visit at another.
    A visit of a standing activity belongs to that day; each plate is a place of its own, whose visit ends with a note.

    Raises NotFound, Forbidden, TooManyRequests, what the card earns, MemberGone; the code's OtherCommunity,
    UnknownCode, LiveCodeExpired, GrantExpired, GrantUsed, PlateRetired, ForeignPlate; for `in` GuardianRequired,
    ServiceWithdrawn; ActivityOver (a standing one), ActivityCancelled, ActivityTooFar; then for `in` DuplicateCheckin,
    NoteRequired (with minutes), Overlap, for `out` ArrivalAwaited (with `happened_at`, no visit here yet), NoOpenVisit,
    NoteRequired.
    """
    site = _site(actor.tenant, activity_id)
    member = _member(actor, via, on_behalf_of, site=site)
    proof = prove(actor, site.activity, via, happened_at)
    given = _consents(member, kind)
    seen = Sighting(
        basis=proof.basis,
        happened_at=happened_at or proof.witnessed_at or clock.now(),
        received_at=clock.now(),
        witnessed_at=proof.witnessed_at,
        distance=evidence.distance_bucket(site.activity, location if Purpose.LOCATION in given else None),
        by_hand=minutes is not None,
        recorded_own=via.is_by_staff and member.person_id == actor.person_id,
        by_helper=not via.is_by_staff and member.person_id != actor.person_id,
        is_sent_later=happened_at is not None,
    )
    site = replace(_on_its_day(site, member, kind, seen.happened_at), plate_id=proof.plate_id)
    if site.activity.state == ActivityState.CANCELLED:
        raise ActivityCancelled
    if evidence.is_far_in_time(site.activity, seen):
        raise ActivityTooFar
    visits = _visits(member, site.activity, seen.happened_at)
    if kind is Kind.OUT:
        visit = _leave(actor, site, member, visits=visits, seen=seen, minutes=minutes, note=note)
    else:
        visit = _arrive(actor, site, member, visits=visits, seen=seen, minutes=minutes, note=note)
    if seen.by_helper:
        told = HELPED_OUT if kind is Kind.OUT else HELPED_IN
        tell(actor.tenant, member.person_id, told, by=actor.person_id.hex, checkin_id=visit.id.hex)
    return visit


def _consents(member: Member, kind: Kind) -> set[Purpose]:
    """What the member consents to. A visit that has begun may end, whatever was withdrawn meanwhile."""
    if kind is Kind.IN:
        children.require_guardian(member)
    ask = consents.refuse_withdrawn if kind is Kind.IN else consents.given_by
    return ask(member.person_id)


def _site(community_id: UUID, activity_id: UUID) -> _Site:
    """The activity, guarded against being cancelled before we are done."""
    row = db.session.execute(_one_site(), {"community_id": community_id, "activity_id": activity_id}).one_or_none()
    if row is None:
        raise NotFound
    return _Site(*row)


@cache
def _one_site() -> Select[Any]:
    query = scoped(asked("community_id"), Activity, PlaceUnit.path).where(
        Activity.id == asked("activity_id"), PlaceUnit.id == Activity.unit_id
    )
    # KEY SHARE is what the visit's foreign key takes anyway; cancelling, and moving the unit, take the full lock.
    locked = query.with_for_update(read=True, key_share=True, of=(Activity, PlaceUnit))
    return locked.execution_options(populate_existing=True)


def _on_its_day(site: _Site, member: Member, kind: Kind, moment: datetime) -> _Site:
    """Of a standing activity the day that is meant: one leaves the day one came on, whatever day it is since."""
    if site.activity.kind is not ActivityKind.STANDING:
        return site
    left = None
    if kind is Kind.OUT:
        left = days.day_being_left(site.activity, members.family_of(member.community_id, member.id), moment)
    return replace(site, activity=left or days.hold_day(site.activity, moment))


def _member(actor: Actor, via: Via, on_behalf_of: UUID | None, *, site: _Site) -> Member:
    """Whose visit it is, locked so that two check-ins of one person come one after the other."""
    if via.is_by_staff:
        require(actor, "record_checkin", unit_path=site.unit_path)
    target = _on_card(actor, via) or via.member_id or on_behalf_of or actor.member_id
    if target is None:
        raise Forbidden
    member, unit_path = _locked(actor.tenant, target)
    if member.merged_into is not None:
        member, unit_path = _locked(actor.tenant, member.merged_into)
    if via.is_by_staff:
        pass
    elif member.id != actor.member_id:
        require(actor, "act_for_member", member_id=member.id, unit_path=unit_path)
    else:
        require(actor, "check_in_self", member_id=member.id)
    if member.state != MemberState.ACTIVE:
        raise MemberGone
    return member


def _on_card(actor: Actor, via: Via) -> UUID | None:
    """The holder of the paper card that was scanned or typed."""
    if via.card_code is None:
        return None
    guesses.refuse_guessing(actor)
    return cards.holder_of(actor, via.card_code).id


def _locked(community_id: UUID, member_id: UUID) -> tuple[Member, str]:
    row = db.session.execute(_one_member(), {"community_id": community_id, "member_id": member_id}).one_or_none()
    if row is None:
        raise NotFound
    member, unit_path = row
    return member, unit_path


@cache
def _one_member() -> Select[Any]:
    query = scoped(asked("community_id"), Member, PlaceUnit.path).where(
        Member.id == asked("member_id"), PlaceUnit.id == Member.unit_id
    )
    return query.with_for_update(key_share=True, of=Member).execution_options(populate_existing=True)


def _visits(member: Member, activity: Activity, moment: datetime) -> list[Checkin]:
    """The member's visits that this one could meet: here, open ones, and those around the moment.

    They are locked: whoever stamps, cancels or closes one at this moment comes before us or after us.
    """
    of = {"community_id": member.community_id, "member_id": member.id, "activity_id": activity.id}
    return list(db.session.scalars(_visits_around(), of | {"since": moment - LONGEST_VISIT}))


@cache
def _visits_around() -> Select[Any]:
    query = scoped(asked("community_id"), Checkin).where(
        Checkin.member_id.in_(members.family_of(asked("community_id"), asked("member_id"))),
        or_(
            Checkin.activity_id == asked("activity_id"),
            Checkin.state == CheckinState.OPEN,
            Checkin.arrived_at >= bindparam("since"),
        ),
    )
    return query.order_by(Checkin.id).with_for_update().execution_options(populate_existing=True)


def _arrive(
    actor: Actor,
    site: _Site,
    member: Member,
    *,
    visits: Sequence[Checkin],
    seen: Sighting,
    minutes: int | None,
    note: VisitNote | None,
) -> Checkin:
    activity, arrived_at = site.activity, seen.happened_at
    here = [visit for visit in visits if visit.activity_id == activity.id]
    if any(visit.state not in DEAD and visit.plate_id == site.plate_id for visit in here):
        raise DuplicateCheckin
    is_unnoted = site.plate_id is not None and note is None
    if is_unnoted and minutes is not None:
        raise NoteRequired
    left_at = None if minutes is None else evidence.credit_starts(activity, arrived_at) + timedelta(minutes=minutes)
    elsewhere = [visit for visit in visits if visit.state not in DEAD]
    _refuse_overlap(elsewhere, arrived_at, left_at)
    _close_earlier(actor, elsewhere, arrived_at)
    graded, reasons = evidence.grade(seen)
    reasons += evidence.arrival_reasons(activity, arrived_at)
    reasons += [Review.WITHOUT_NOTE] if is_unnoted else []
    if left_at is None:
        left_at, why = _known_leaving(activity, elsewhere, arrived_at)
        reasons += why
    elif minutes is not None and minutes > evidence.scheduled_minutes(activity):
        reasons.append(Review.OVER_SCHEDULE)
    if left_at is not None and minutes is None:
        minutes = evidence.credited_minutes(activity, arrived_at, left_at)
    row = {
        "community_id": actor.tenant,
        "id": new_id(),
        "activity_id": activity.id,
        "member_id": member.id,
        "visit": 1 + max((visit.visit for visit in here), default=0),
        "unit_path": site.unit_path,
        "state": CheckinState.OPEN if left_at is None else CheckinState.PENDING,
        "evidence": graded,
        "reasons": reasons,
        "arrived_at": arrived_at,
        "left_at": left_at,
        "received_at": seen.received_at,
        "minutes": minutes,
        "distance_bucket": seen.distance,
        "recorded_by": actor.person_id,
        "closed_by": None,
        "on_behalf_of": actor.acts_for(member.person_id),
        "plate_id": site.plate_id,
        **as_columns(actor, note),
    }
    return _insert(actor, row)


def _insert(actor: Actor, row: dict[str, Any]) -> Checkin:
    try:
        connection().execute(_INSERT, [row])
    except IntegrityError as error:
        # The member's lock makes this impossible here; the engine says it again for every other way in.
        raise DuplicateCheckin from error
    audit.record(actor, "service.check_in", row["id"], on_behalf_of=row["on_behalf_of"], evidence=row["evidence"])
    outbox.announce(actor, "checkin.recorded", checkin_id=row["id"].hex, member_id=row["member_id"].hex)
    return Checkin(**row)


def _is_loose(visit: Checkin) -> bool:
    return visit.state == CheckinState.OPEN or (
        visit.state == CheckinState.PENDING and not LOOSE.isdisjoint(visit.reasons)
    )


def _refuse_overlap(elsewhere: Sequence[Checkin], arrived_at: datetime, left_at: datetime | None) -> None:
    """Nobody is at two places: an arrival inside a closed visit, or a given span that meets another, is refused."""
    for visit in elsewhere:
        if visit.left_at is not None and not _is_loose(visit) and visit.arrived_at <= arrived_at < visit.left_at:
            raise Overlap
        if left_at is not None and arrived_at < visit.arrived_at < left_at:
            raise Overlap


def _close_earlier(actor: Actor, elsewhere: Sequence[Checkin], moment: datetime) -> None:
    """Entering here closes the visit there, as far as its end is not known for certain."""
    for visit in elsewhere:
        reaches = visit.left_at is None or visit.left_at > moment
        if _is_loose(visit) and visit.arrived_at <= moment and reaches:
            activity = load(actor.tenant, Activity, visit.activity_id)
            _close(actor, visit, activity, left_at=moment, added=[Review.CLOSED_BY_NEXT])


def _known_leaving(
    activity: Activity, elsewhere: Sequence[Checkin], arrived_at: datetime
) -> tuple[datetime | None, list[Review]]:
    """When a visit sent later must have ended, because its member has been elsewhere since; None if it is open."""
    later = [visit.arrived_at for visit in elsewhere if visit.arrived_at > arrived_at]
    if not later:
        return None, []
    if min(later) < activity.ends_at:
        return min(later), [Review.CLOSED_BY_NEXT]
    return max(activity.ends_at, arrived_at), [Review.CLOSED_BY_RULE]


def _leave(
    actor: Actor,
    site: _Site,
    member: Member,
    *,
    visits: Sequence[Checkin],
    seen: Sighting,
    minutes: int | None,
    note: VisitNote | None,
) -> Checkin:
    activity, visit = site.activity, _being_left(site, visits)
    if visit is None:
        raise ArrivalAwaited if _may_still_come(activity, visits, seen) else NoOpenVisit
    if visit.plate_id is not None and note is None and visit.note is None:
        raise NoteRequired
    left_at = seen.happened_at
    if minutes is not None:
        left_at = evidence.credit_starts(activity, visit.arrived_at) + timedelta(minutes=minutes)
    graded, added = evidence.grade(seen)
    added += evidence.leaving_reasons(activity, left_at)
    if left_at < visit.arrived_at:
        left_at, graded = visit.arrived_at, Evidence.LATER
        added.append(Review.CLOCK_OFF)
    if minutes is not None and minutes > evidence.scheduled_minutes(activity):
        added.append(Review.OVER_SCHEDULE)
    if visit.left_at is not None:
        left_at, minutes = min(left_at, visit.left_at), None
    _close(
        actor,
        visit,
        activity,
        left_at=left_at,
        added=added,
        by_hand=minutes,
        later=graded is Evidence.LATER,
        note=note,
        on_behalf_of=actor.acts_for(member.person_id),
    )
    return visit


def _may_still_come(activity: Activity, visits: Sequence[Checkin], seen: Sighting) -> bool:
    """Two phones send in any order: what one recorded of the leaving waits for the arrival on the other."""
    has_come = any(visit.activity_id == activity.id and visit.state not in DEAD for visit in visits)
    return seen.is_sent_later and not has_come and seen.received_at - seen.happened_at <= evidence.LATE_AFTER


def _being_left(site: _Site, visits: Sequence[Checkin]) -> Checkin | None:
    """The visit that ends: the open one, else the last closed for its member; with a plate, one at its door."""
    here = [visit for visit in visits if visit.activity_id == site.activity.id and _is_loose(visit)]
    if site.plate_id is not None:
        here = [visit for visit in here if visit.plate_id == site.plate_id]
    return max(here, key=lambda visit: (visit.state == CheckinState.OPEN, visit.arrived_at), default=None)


def _close(
    actor: Actor,
    visit: Checkin,
    activity: Activity,
    *,
    left_at: datetime,
    added: Sequence[Review],
    by_hand: int | None = None,
    later: bool = False,
    note: VisitNote | None = None,
    on_behalf_of: UUID | None = None,
) -> None:
    """The visit is pending, with exact minutes; what was assumed about its end before is replaced."""
    replaced = LOOSE if note is None else LOOSE | {Review.WITHOUT_NOTE}
    known = [reason for reason in visit.reasons if reason not in replaced]
    visit.state = CheckinState.PENDING
    visit.left_at = left_at
    visit.minutes = evidence.credited_minutes(activity, visit.arrived_at, left_at) if by_hand is None else by_hand
    visit.reasons = list(dict.fromkeys([*known, *added]))
    visit.evidence = Evidence.LATER if later else visit.evidence
    for name, value in as_columns(actor, note).items():
        setattr(visit, name, value)
    visit.closed_by = actor.person_id
    db.session.flush()
    audit.record(actor, "service.check_out", visit.id, on_behalf_of=on_behalf_of, minutes=visit.minutes)
    outbox.announce(actor, "checkin.closed", checkin_id=visit.id.hex, member_id=visit.member_id.hex)


def lock_members(community_id: UUID, member_ids: Collection[UUID]) -> None:
    """Take the members' locks in one order, before a batch takes them one by one."""
    query = scoped(community_id, Member.id).where(Member.id.in_(set(member_ids))).order_by(Member.id)
    db.session.execute(query.with_for_update(key_share=True))
