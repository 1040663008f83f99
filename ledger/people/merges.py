"""Two members of one person become one: asked by one of the staff, approved by another, for 30 days to be taken apart.

The merged member stays as an alias: whoever names it reaches the member that stands for it, and its phone signs in as
that member, in this community. Persons stay apart: another community has no part in this one's decision. See
docs/adr/0015.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import and_, or_
from sqlalchemy.exc import IntegrityError

from ledger.book import merging
from ledger.book.merging import Holding, Merged
from ledger.book.transfers import Source
from ledger.core import audit, clock, outbox, registry
from ledger.core.db import atomic, db, savepoint
from ledger.core.errors import AlreadyExists, Forbidden, WrongState
from ledger.core.evidence import digest_of
from ledger.core.ids import new_id, parse
from ledger.core.permissions import may, require
from ledger.core.second_person import (
    count_if_stood_in,
    require_second,
    stands_in,
    street_may_since,
    waiting_step,
)
from ledger.core.tenancy import Actor, load, scoped
from ledger.people import children, notices, offices
from ledger.people.errors import MergedOnward, MergeFinal, OwnMerge, SameMember
from ledger.people.helping_merged import hand_back_links, hand_over_links
from ledger.people.life_models import LIVE_MERGES, Merge, MergeState
from ledger.people.members import load_member
from ledger.people.models import LeftReason, Member, MemberState
from ledger.people.offices import Offices

SECOND = "second_merge"
UNDO_DAYS = 30

TOLD_MERGED = notices.declare(
    "people.merged",
    zh="您的两个账户合并成了一个：红花 {points} 朵、时长 {minutes} 分钟已并入。有不对，30 天内请联系社区。",
    en="Your two accounts are one now; {points} flowers and {minutes} minutes came along. If it is wrong, tell us.",
)
TOLD_PARTED = notices.declare(
    "people.merge_undone",
    zh="账户合并已撤销，又是两个账户，各自的红花已分开。",
    en="The merge of your accounts was undone; each has its own flowers again.",
)


class Preview(NamedTuple):
    """What a merge would do now: who goes into whom, what moves, and what stands against it (None: nothing)."""

    goes: Member
    stays: Member
    moving: Holding
    there: Holding
    offices: Offices
    refusal: WrongState | OwnMerge | SameMember | AlreadyExists | None


def preview_merge(actor: Actor, from_id: UUID, into_id: UUID) -> Preview:
    """What merging `from_id` into `into_id` would move. Stores nothing. Raises NotFound, Forbidden."""
    goes, stays = load(actor.tenant, Member, from_id), load_member(actor.tenant, into_id)
    require(actor, "merge")
    holding = merging.holding_of
    return Preview(
        goes,
        stays,
        holding(actor.tenant, goes.id),
        holding(actor.tenant, stays.id),
        offices.offices_of(goes),
        _obstacle(actor, goes, stays),
    )


def _obstacle(actor: Actor, goes: Member, stays: Member) -> WrongState | OwnMerge | SameMember | AlreadyExists | None:
    if goes.merged_into is not None or stays.state != MemberState.ACTIVE:
        return WrongState(state="merged" if goes.merged_into else stays.state)
    if goes.left_reason == LeftReason.DECEASED:
        return WrongState(state="deceased")
    if goes.id == stays.id:
        return SameMember()
    if _is_own(actor, goes, stays):
        return OwnMerge()
    live = scoped(actor.tenant, Merge.id).where(Merge.from_id == goes.id, Merge.state.in_(LIVE_MERGES))
    return AlreadyExists() if db.session.scalar(live) is not None else None


def _is_own(actor: Actor, *members: Member) -> bool:
    return any(actor.is_person(member.person_id) or member.id in actor.member_ids for member in members)


@atomic
def ask_merge(actor: Actor, from_id: UUID, into_id: UUID, *, reason: str) -> Merge:
    """The merge of `from_id` into `into_id` waits for a second person; nothing has moved.

    Raises NotFound, Forbidden, WrongState, SameMember, OwnMerge, AlreadyExists.
    """
    found = preview_merge(actor, from_id, into_id)
    if found.refusal is not None:
        raise found.refusal
    merge = Merge(
        community_id=actor.tenant,
        id=new_id(),
        from_id=found.goes.id,
        into_id=found.stays.id,
        state=MergeState.AWAITING_SECOND,
        reason=reason,
        asked_by=actor.person_id,
        asked_at=clock.now(),
        points=0,
        debt=0,
        minutes=0,
        moved={},
        note="",
        undo_reason="",
    )
    try:
        with savepoint():
            db.session.add(merge)
            db.session.flush()
    except IntegrityError as error:
        raise AlreadyExists from error
    _tell(actor, merge, "ask_merge", "merge.asked")
    return merge


def _require_second(actor: Actor, merge: Merge, asked_by: UUID | None, asked_at: datetime | None) -> None:
    assert asked_at is not None, "what waits was asked for"
    require_second(actor, SECOND, asked_by=asked_by, waiting_since=asked_at)
    if _is_own(actor, *(load(actor.tenant, Member, one) for one in (merge.from_id, merge.into_id))):
        raise OwnMerge


@atomic
def approve_merge(actor: Actor, merge_id: UUID) -> Merge:
    """The two are one from now on: points with their dates, debt, minutes, roles, posts, helpers, childhood, and what
    counts to caps.

    By another person than who asked; the street only in the second person's long absence. Raises NotFound, Forbidden,
    WrongState, OwnStep, SecondPersonPresent, OwnMerge, OpenHolds.
    """
    with waiting_step(actor, Merge, merge_id, verb=SECOND, state=MergeState.AWAITING_SECOND) as merge:
        _require_second(actor, merge, merge.asked_by, merge.asked_at)
        goes, stays = _lock_both(merge)
        if goes.merged_into is not None or stays.merged_into is not None or stays.state != MemberState.ACTIVE:
            raise WrongState(state="merged")
        merge.decided_by, merge.decided_at = actor.person_id, clock.now()
        source = Source("merge", merge.id, evidence_of(merge))
        moved = merging.join_accounts(actor, goes.id, stays.id, source=source)
        merge.points, merge.debt, merge.minutes = moved.points, moved.debt, moved.minutes
        merge.moved = _was(goes) | offices.hand_over(actor, goes, stays)
        merge.moved = merge.moved | {"links": hand_over_links(actor, goes, stays)}
        merge.state = MergeState.DONE
        _become_alias(merge, goes, stays)
    _tell(actor, merge, "approve_merge", "merge.done")
    _tell_people(merge, TOLD_MERGED, points=merge.points, minutes=merge.minutes)
    return merge


def evidence_of(merge: Merge) -> bytes:
    """SHA-256 of who agreed to what: it stands in the transfers of the merge."""
    return digest_of(
        merge=merge.id,
        goes=merge.from_id,
        stays=merge.into_id,
        asked_by=merge.asked_by,
        asked_at=merge.asked_at,
        approved_by=merge.decided_by,
        undo_asked_by=merge.undo_asked_by,
        undo_approved_by=merge.undone_by,
    )


def _lock_both(merge: Merge) -> tuple[Member, Member]:
    """Both members locked, in the order of their ids: whoever records something for them comes before or after."""
    query = scoped(merge.community_id, Member).where(Member.id.in_((merge.from_id, merge.into_id)))
    locked = query.order_by(Member.id).with_for_update().execution_options(populate_existing=True)
    found = {member.id: member for member in db.session.scalars(locked)}
    return found[merge.from_id], found[merge.into_id]


def _was(member: Member) -> dict[str, Any]:
    return {
        "was": {
            "state": member.state,
            "left_at": member.left_at.isoformat() if member.left_at else None,
            "left_reason": member.left_reason,
            "household_id": member.household_id.hex if member.household_id else None,
        }
    }


def _become_alias(merge: Merge, goes: Member, stays: Member) -> None:
    goes.state, goes.left_at, goes.left_reason = MemberState.LEFT, merge.decided_at, LeftReason.MERGED
    if stays.household_id is None and goes.household_id is not None:
        stays.household_id = goes.household_id
        merge.moved = merge.moved | {"household": goes.household_id.hex}
    if children.carry_childhood(goes, stays):
        merge.moved = merge.moved | {"childhood": True}
    goes.household_id = None
    for alias in _aliases(goes):
        alias.merged_into = stays.id
    goes.merged_into = stays.id
    db.session.flush()
    for count_both in registry.members_merged:
        count_both(merge.community_id, goes.id, stays.id)


def _aliases(member: Member) -> list[Member]:
    return list(db.session.scalars(scoped(member.community_id, Member).where(Member.merged_into == member.id)))


@atomic
def decline_merge(actor: Actor, merge_id: UUID, *, note: str) -> Merge:
    """The second person said no, and why; nothing moves.

    Raises NotFound, Forbidden, WrongState, OwnStep, SecondPersonPresent, OwnMerge.
    """
    with waiting_step(actor, Merge, merge_id, verb=SECOND, state=MergeState.AWAITING_SECOND) as merge:
        _require_second(actor, merge, merge.asked_by, merge.asked_at)
        merge.state, merge.note = MergeState.DECLINED, note
        merge.decided_by, merge.decided_at = actor.person_id, clock.now()
    _tell(actor, merge, "decline_merge", "merge.declined")
    return merge


@atomic
def withdraw_merge(actor: Actor, merge_id: UUID, *, note: str = "") -> Merge:
    """Who asked took it back; nothing moves. Raises NotFound, Forbidden (asked by somebody else), WrongState."""
    with waiting_step(actor, Merge, merge_id, verb="merge", state=MergeState.AWAITING_SECOND) as merge:
        if not actor.is_person(merge.asked_by):
            raise Forbidden
        merge.state, merge.note = MergeState.WITHDRAWN, note
        merge.decided_by, merge.decided_at = actor.person_id, clock.now()
    _tell(actor, merge, "withdraw_merge", "merge.withdrawn")
    return merge


# --- taking apart -----------------------------------------------------------------------------------------------


def undo_until(merge: Merge) -> datetime:
    """Until when it can be asked to take them apart."""
    assert merge.decided_at is not None, "only what was done is undone"
    return merge.decided_at + timedelta(days=UNDO_DAYS)


@atomic
def ask_undo(actor: Actor, merge_id: UUID, *, reason: str) -> Merge:
    """Taking the two apart waits for a second person. Raises NotFound, Forbidden, WrongState, MergeFinal, OwnMerge."""
    with waiting_step(actor, Merge, merge_id, verb="merge", state=MergeState.DONE) as merge:
        if clock.now() >= undo_until(merge):
            raise MergeFinal(days=UNDO_DAYS)
        if _is_own(actor, *(load(actor.tenant, Member, one) for one in (merge.from_id, merge.into_id))):
            raise OwnMerge
        merge.state, merge.undo_reason = MergeState.AWAITING_UNDO, reason
        merge.undo_asked_by, merge.undo_asked_at = actor.person_id, clock.now()
    _tell(actor, merge, "ask_undo_merge", "merge.undo_asked")
    return merge


@atomic
def approve_undo(actor: Actor, merge_id: UUID) -> Merge:
    """The two are two again: see `merging.split_accounts` for who has what. The alias is a member of its own.

    Raises NotFound, Forbidden, WrongState, OwnStep, SecondPersonPresent, OwnMerge, MergedOnward.
    """
    with waiting_step(actor, Merge, merge_id, verb=SECOND, state=MergeState.AWAITING_UNDO) as merge:
        _require_second(actor, merge, merge.undo_asked_by, merge.undo_asked_at)
        goes, stays = _lock_both(merge)
        if goes.merged_into != stays.id:
            raise MergedOnward
        merge.undone_by, merge.undone_at, merge.state = actor.person_id, clock.now(), MergeState.UNDONE
        assert merge.decided_at is not None, "it was done"
        merging.split_accounts(
            actor,
            goes.id,
            stays.id,
            merge=Merged("merge", merge.id, merge.decided_at),
            source=Source("merge_undo", merge.id, evidence_of(merge)),
        )
        _stop_being_alias(actor, merge, goes, stays)
    _tell(actor, merge, "approve_undo_merge", "merge.undone")
    _tell_people(merge, TOLD_PARTED)
    return merge


def _stop_being_alias(actor: Actor, merge: Merge, goes: Member, stays: Member) -> None:
    was = merge.moved["was"]
    goes.merged_into, goes.state, goes.left_reason = None, was["state"], was["left_reason"]
    goes.left_at = datetime.fromisoformat(was["left_at"]) if was["left_at"] else None
    goes.household_id = parse(was["household_id"]) if was["household_id"] else None
    if "household" in merge.moved and stays.household_id == parse(merge.moved["household"]):
        stays.household_id = None
    if "childhood" in merge.moved:
        stays.child_until = None
    db.session.flush()
    for alias in _merged_before(goes):
        alias.merged_into = goes.id
    offices.hand_back(actor, goes, merge.moved)
    hand_back_links(actor, goes, merge.moved.get("links", []))
    for count_apart in registry.members_parted:
        count_apart(merge.community_id, goes.id, stays.id)


def _merged_before(member: Member) -> list[Member]:
    """Those who had been merged into a member, directly or by way of others."""
    found: dict[UUID, None] = {}
    into = [member.id]
    while into:
        step = scoped(member.community_id, Merge.from_id).where(
            Merge.into_id.in_(into), Merge.state.in_((MergeState.DONE, MergeState.AWAITING_UNDO))
        )
        into = [one for one in db.session.scalars(step) if one not in found]
        found |= dict.fromkeys(into)
    return list(db.session.scalars(scoped(member.community_id, Member).where(Member.id.in_(found)))) if found else []


@atomic
def refuse_undo(actor: Actor, merge_id: UUID, *, note: str) -> Merge:
    """The second person said no (or who asked took it back): the merge stands, and may be asked about again.

    Raises NotFound, Forbidden, WrongState, SecondPersonPresent, OwnMerge.
    """
    merge = load(actor.tenant, Merge, merge_id)
    own = actor.is_person(merge.undo_asked_by)
    with waiting_step(actor, Merge, merge_id, verb="merge" if own else SECOND, state=MergeState.AWAITING_UNDO) as merge:
        if not own:
            _require_second(actor, merge, merge.undo_asked_by, merge.undo_asked_at)
        merge.state, merge.note = MergeState.DONE, note
        merge.undo_asked_by = merge.undo_asked_at = None
    _tell(actor, merge, "refuse_undo_merge", "merge.undo_refused")
    return merge


# --- reading ----------------------------------------------------------------------------------------------------


def list_merges(
    actor: Actor, *, status: MergeState | None = None, before: UUID | None = None, limit: int = 50
) -> list[Merge]:
    """The community's merges, newest first. Raises Forbidden."""
    require(actor, "see_merges")
    query = scoped(actor.tenant, Merge).order_by(Merge.id.desc()).limit(limit)
    if status is not None:
        query = query.where(Merge.state == status)
    if before is not None:
        query = query.where(Merge.id < before)
    return list(db.session.scalars(query))


def see_merge(actor: Actor, merge_id: UUID) -> Merge:
    """One merge: NotFound, Forbidden."""
    merge = load(actor.tenant, Merge, merge_id)
    require(actor, "see_merges")
    return merge


def may_decide(actor: Actor, merge: Merge) -> bool:
    """Would the actor be let through as the second person of this step now?"""
    asked = {
        MergeState.AWAITING_SECOND: (merge.asked_by, merge.asked_at),
        MergeState.AWAITING_UNDO: (merge.undo_asked_by, merge.undo_asked_at),
    }.get(MergeState(merge.state))
    if asked is None or asked[1] is None or not may(actor, SECOND):
        return False
    in_time = not stands_in(actor, SECOND) or clock.now() >= street_may_since(asked[1])
    members = (load(actor.tenant, Member, one) for one in (merge.from_id, merge.into_id))
    return in_time and not actor.is_person(asked[0]) and not _is_own(actor, *members)


@registry.begun_by
def _begun(community_id: UUID, person_id: UUID) -> list[registry.Work]:
    query = scoped(community_id, Merge.id, Merge.asked_at).where(
        or_(
            and_(Merge.state == MergeState.AWAITING_SECOND, Merge.asked_by == person_id),
            and_(Merge.state == MergeState.AWAITING_UNDO, Merge.undo_asked_by == person_id),
        )
    )
    return [registry.Work("merge", *row) for row in db.session.execute(query)]


def _tell(actor: Actor, merge: Merge, action: str, event: str) -> None:
    facts: dict[str, Any] = {"from_id": merge.from_id.hex, "into_id": merge.into_id.hex}
    figures: dict[str, Any] = {"points": merge.points, "debt": merge.debt, "minutes": merge.minutes}
    stood_in = count_if_stood_in(actor, SECOND, merge.id)
    audit.record(actor, f"people.{action}", merge.id, stood_in=stood_in, **facts, **figures)
    outbox.announce(actor, event, merge_id=merge.id.hex, **facts)


def _tell_people(merge: Merge, kind: notices.NoticeKind, **facts: Any) -> None:
    for member_id in (merge.from_id, merge.into_id):
        person_id = load(merge.community_id, Member, member_id).person_id
        notices.tell(merge.community_id, person_id, kind, **facts)
