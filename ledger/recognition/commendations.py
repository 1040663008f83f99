"""每年一表彰, up to the announcement: criteria, nominations, reviews by two people at least, the list in public.

One commendation is for one kind of subject (people, teams, shops) of one year. What follows is in
ledger.recognition.announcing (objections) and ledger.recognition.freezing (frozen, published).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from ledger.core import audit, clock, outbox, workdays
from ledger.core.db import atomic, db, savepoint
from ledger.core.errors import AlreadyExists, NotFound, WrongState
from ledger.core.ids import new_id
from ledger.core.permissions import require, require_any
from ledger.core.second_person import require_another
from ledger.core.tenancy import Actor, load, scoped
from ledger.people.members import load_member
from ledger.people.models import Member, PlaceUnit
from ledger.people.team_models import Team, TeamMember
from ledger.recognition.candidates import Terms, candidates_of, kept, read_terms, require_fitting
from ledger.recognition.commendation_models import (
    Commendation,
    CommendationState,
    Nomination,
    NominationState,
    Review,
    SubjectKind,
)
from ledger.recognition.errors import CriteriaNotMet, NobodyChosen, OwnHonour, ReviewIncomplete, YearInFuture
from ledger.rewards.merchants import load_merchant

DRAFT, NOMINATE, REVIEW = "draft_commendation", "nominate", "review_commendation"
ANNOUNCE, PUBLISH, SEE = "announce_commendation", "publish_commendation", "see_commendations"

MOST = 500
"""So many are honoured by one commendation at most: what one print file holds."""

REVIEWERS = 2
"""So many people at least review each name."""

LEAST_DAYS, MOST_DAYS = 5, 30
"""Working days of an announcement."""

LONGEST_TITLE, LONGEST_REASON, MOST_BONUS = 60, 300, 1000


@atomic
def draft_commendation(
    actor: Actor, *, year: int, kind: SubjectKind, title: str, terms: Terms, most: int = MOST, bonus_points: int = 0
) -> Commendation:
    """A commendation of the year is being prepared; only staff see it. `bonus_points` are for people alone.

    Raises Forbidden, YearInFuture, NotFound (what the criteria name), CriterionNotForKind.
    """
    assert 1 <= most <= MOST, "bounded by whoever read the form"
    assert 0 <= bonus_points <= MOST_BONUS, "bounded by whoever read the form"
    require(actor, DRAFT)
    if year > clock.today().year:
        raise YearInFuture
    require_fitting(actor.tenant, kind, terms)
    row = Commendation(
        community_id=actor.tenant,
        id=new_id(),
        year=year,
        kind=kind,
        title=title,
        state=CommendationState.DRAFT,
        terms=kept(terms),
        most=most,
        bonus_points=bonus_points if kind is SubjectKind.VOLUNTEER else 0,
        drafted_at=clock.now(),
        drafted_by=actor.person_id,
    )
    db.session.add(row)
    db.session.flush()
    told(actor, row, "draft")
    return row


@atomic
def set_criteria(
    actor: Actor, commendation_id: UUID, terms: Terms, *, most: int = MOST, bonus_points: int = 0
) -> Commendation:
    """The draft has other criteria. Once it is open for names they stay.

    Raises NotFound, Forbidden, WrongState, CriterionNotForKind.
    """
    row = step(actor, commendation_id, DRAFT, CommendationState.DRAFT)
    kind = SubjectKind(row.kind)
    require_fitting(actor.tenant, kind, terms)
    row.terms, row.most = kept(terms), most
    row.bonus_points = bonus_points if kind is SubjectKind.VOLUNTEER else 0
    told(actor, row, "change")
    return row


def count_candidates(actor: Actor, commendation_id: UUID, terms: Terms) -> int:
    """How many would meet these criteria now; nothing is stored.

    Raises NotFound, Forbidden, CriterionNotForKind.
    """
    row = load(actor.tenant, Commendation, commendation_id)
    require(actor, DRAFT)
    kind = SubjectKind(row.kind)
    require_fitting(actor.tenant, kind, terms)
    return len(candidates_of(actor.tenant, kind, row.year, terms))


@atomic
def open_commendation(actor: Actor, commendation_id: UUID) -> Commendation:
    """Names may be put forward; the criteria stay as they are. Raises NotFound, Forbidden, WrongState."""
    row = step(actor, commendation_id, DRAFT, CommendationState.DRAFT)
    row.state = CommendationState.NOMINATING
    told(actor, row, "open")
    return row


@atomic
def drop_commendation(actor: Actor, commendation_id: UUID) -> Commendation:
    """It is held no more, and nobody is honoured by it. What is frozen cannot be dropped.

    Raises NotFound, Forbidden, WrongState.
    """
    before_frozen = (CommendationState.DRAFT, CommendationState.NOMINATING, CommendationState.ANNOUNCED)
    row = step(actor, commendation_id, DRAFT, *before_frozen)
    row.state = CommendationState.DROPPED
    told(actor, row, "drop")
    return row


# --- names ------------------------------------------------------------------------------------------------------


@atomic
def nominate(actor: Actor, commendation_id: UUID, subject_id: UUID, *, reason: str) -> Nomination:
    """The member, team or shop is named with a reason; the same name comes once.

    Raises NotFound, WrongState, Forbidden (another part), OwnHonour, CriteriaNotMet, AlreadyExists.
    """
    row = load(actor.tenant, Commendation, commendation_id, lock=True)
    require_any(actor, NOMINATE)
    require_state(row, CommendationState.NOMINATING)
    kind = SubjectKind(row.kind)
    subject_id = _subject(actor, kind, subject_id)
    nomination = Nomination(
        community_id=actor.tenant,
        id=new_id(),
        commendation_id=row.id,
        member_id=subject_id if kind is SubjectKind.VOLUNTEER else None,
        team_id=subject_id if kind is SubjectKind.TEAM else None,
        merchant_id=subject_id if kind is SubjectKind.SHOP else None,
        reason=reason,
        state=NominationState.NOMINATED,
        minutes=0,
        visits=0,
        nominated_at=clock.now(),
        nominated_by=actor.person_id,
    )
    refuse_own(actor, [nomination])
    figures = {one.subject_id: one for one in candidates_of(actor.tenant, kind, row.year, read_terms(row.terms))}
    if subject_id not in figures:
        raise CriteriaNotMet
    nomination.minutes, nomination.visits = figures[subject_id].minutes, figures[subject_id].visits
    try:
        with savepoint():
            db.session.add(nomination)
            db.session.flush()
    except IntegrityError as error:
        raise AlreadyExists from error
    audit.record(actor, "recognition.nominate", nomination.id, commendation_id=row.id.hex)
    outbox.announce(actor, "commendation.nominated", nomination_id=nomination.id.hex)
    return nomination


def _subject(actor: Actor, kind: SubjectKind, subject_id: UUID) -> UUID:
    """The subject that this id stands for, in the actor's part. A shop lies in no part."""
    if kind is SubjectKind.SHOP:
        return load_merchant(actor.tenant, subject_id).id
    subject: Member | Team
    if kind is SubjectKind.VOLUNTEER:
        subject = load_member(actor.tenant, subject_id)
    else:
        subject = load(actor.tenant, Team, subject_id)
    require(actor, NOMINATE, unit_path=load(actor.tenant, PlaceUnit, subject.unit_id).path)
    return subject.id


def refuse_own(actor: Actor, nominations: Sequence[Nomination]) -> None:
    """OwnHonour where one of them honours the actor, their household, their team or their shop."""
    if {one.merchant_id for one in nominations} & {counter.merchant_id for counter in actor.counters}:
        raise OwnHonour
    teams = [one.team_id for one in nominations if one.team_id is not None]
    inside = scoped(actor.tenant, TeamMember.member_id).where(TeamMember.team_id.in_(teams), TeamMember.until.is_(None))
    ids = {one.member_id for one in nominations if one.member_id is not None}
    ids |= set(db.session.scalars(inside)) if teams else set()
    if ids & (actor.member_ids | actor.helps):
        raise OwnHonour
    if actor.household_id is not None and ids:
        family = scoped(actor.tenant, Member.id).where(Member.household_id == actor.household_id, Member.id.in_(ids))
        if db.session.scalar(family.limit(1)) is not None:
            raise OwnHonour


@atomic
def review(actor: Actor, commendation_id: UUID, nomination_id: UUID, *, is_for: bool, note: str) -> Review:
    """The actor is for the name or against it, with a note; who reviews again changes their own word.

    Raises NotFound, Forbidden, WrongState, OwnStep (named by the actor), OwnHonour.
    """
    step(actor, commendation_id, REVIEW, CommendationState.NOMINATING)
    nomination = nomination_of(actor.tenant, commendation_id, nomination_id)
    require_another(actor, nomination.nominated_by)
    refuse_own(actor, [nomination])
    mine = scoped(actor.tenant, Review).where(
        Review.nomination_id == nomination.id, Review.reviewer_id.in_(actor.formerly | {actor.person_id})
    )
    found: Review | None = db.session.scalars(mine).one_or_none()
    if found is None:
        found = Review(community_id=actor.tenant, id=new_id(), nomination_id=nomination.id, reviewer_id=actor.person_id)
        db.session.add(found)
    found.is_for, found.note, found.at = is_for, note, clock.now()
    db.session.flush()
    audit.record(actor, "recognition.review", nomination.id, is_for=is_for)
    outbox.announce(actor, "commendation.reviewed", nomination_id=nomination.id.hex)
    return found


# --- the announcement -------------------------------------------------------------------------------------------


@atomic
def announce(actor: Actor, commendation_id: UUID, *, days: int = LEAST_DAYS) -> Commendation:
    """The list is public for so many working days after this one. On it are those whom more reviewers were for.

    Whoever meets the criteria no longer is passed over; of too many those stay whom most were for, then who served
    most. Raises NotFound, Forbidden, WrongState, ReviewIncomplete, NobodyChosen.
    """
    assert LEAST_DAYS <= days <= MOST_DAYS, "bounded by whoever read the form"
    row = step(actor, commendation_id, ANNOUNCE, CommendationState.NOMINATING)
    nominations = nominations_of(actor.tenant, row.id)
    chosen = _choose(actor, row, nominations)
    for one in nominations:
        one.state = NominationState.ANNOUNCED if one.id in chosen else NominationState.PASSED_OVER
    now = clock.now()
    row.state, row.announced_at, row.announced_by = CommendationState.ANNOUNCED, now, actor.person_id
    row.ends_at = workdays.end_after(now, days)
    told(actor, row, "announce", chosen=len(chosen))
    return row


def _choose(actor: Actor, row: Commendation, nominations: Sequence[Nomination]) -> set[UUID]:
    votes: dict[UUID, list[bool]] = {one.id: [] for one in nominations}
    for nomination_id, is_for in db.session.execute(
        scoped(actor.tenant, Review.nomination_id, Review.is_for).where(Review.nomination_id.in_(votes))
    ):
        votes[nomination_id].append(is_for)
    unread = sum(len(words) < REVIEWERS for words in votes.values())
    if unread:
        raise ReviewIncomplete(left=unread)
    kind = SubjectKind(row.kind)
    figures = {one.subject_id: one for one in candidates_of(actor.tenant, kind, row.year, read_terms(row.terms))}
    passed = []
    for one in nominations:
        lead = 2 * sum(votes[one.id]) - len(votes[one.id])
        if lead > 0 and one.subject_id in figures:
            one.minutes, one.visits = figures[one.subject_id].minutes, figures[one.subject_id].visits
            passed.append((-lead, -one.minutes, -one.visits, one.id))
    if not passed:
        raise NobodyChosen
    return {one[-1] for one in sorted(passed)[: row.most]}


# --- shared by the steps ----------------------------------------------------------------------------------------


def step(actor: Actor, commendation_id: UUID, verb: str, *states: CommendationState) -> Commendation:
    """The commendation, locked, for a step that this state allows. Raises NotFound, Forbidden, WrongState."""
    row = load(actor.tenant, Commendation, commendation_id, lock=True)
    require(actor, verb)
    require_state(row, *states)
    return row


def require_state(row: Commendation, *states: CommendationState) -> None:
    """WrongState in any other state."""
    if row.state not in states:
        raise WrongState(state=row.state)


def nomination_of(community_id: UUID, commendation_id: UUID, nomination_id: UUID) -> Nomination:
    """A name of this commendation, locked. Raises NotFound."""
    found = load(community_id, Nomination, nomination_id, lock=True)
    if found.commendation_id != commendation_id:
        raise NotFound
    return found


def nominations_of(community_id: UUID, commendation_id: UUID, *states: NominationState) -> Sequence[Nomination]:
    """The names of a commendation in these states (all if none is named), in the order in which they came."""
    query = scoped(community_id, Nomination).where(Nomination.commendation_id == commendation_id)
    if states:
        query = query.where(Nomination.state.in_(states))
    return db.session.scalars(query.order_by(Nomination.id)).all()


def told(actor: Actor, row: Commendation, act: str, **facts: Any) -> None:
    """The step is flushed, in the audit and in the outbox."""
    db.session.flush()
    audit.record(actor, f"recognition.{act}_commendation", row.id, year=row.year, **facts)
    outbox.announce(actor, f"commendation.{row.state}", commendation_id=row.id.hex)
