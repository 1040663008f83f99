"""Objections: a member says what is wrong in the record of a visit; staff of its part answer in five working days.

An answer moves no points: `changed` says that the stamp was undone, returned or given anew by the verbs for that.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Select, select, update
from sqlalchemy.exc import IntegrityError

from ledger.core import audit, clock, outbox, registry, workdays
from ledger.core.db import atomic, db, savepoint
from ledger.core.errors import AlreadyExists, Forbidden, Reason, WrongState
from ledger.core.exporting import all_facts
from ledger.core.ids import new_id
from ledger.core.orders import Age, arrange, by_age
from ledger.core.permissions import may, reach, require
from ledger.core.second_person import OwnStep
from ledger.core.tenancy import Actor, load, same_community, scoped
from ledger.people.members import Standing, is_masked_for, mask_name, standing
from ledger.people.models import Member
from ledger.people.notices import declare, tell
from ledger.service.desk import refusal_of_nearness
from ledger.service.errors import ObjectionTooLate
from ledger.service.models import Activity, Checkin, CheckinState, Stamp
from ledger.service.objection_models import Grievance, Objection, ObjectionState, Outcome
from ledger.service.queue import visible

OBJECT, ANSWER, SEE = "object", "answer_objections", "see_objections"

OBJECT_WITHIN = timedelta(days=60)
ANSWER_WITHIN_WORKDAYS = 5
LONGEST = 300
MOST_WAITING = 200

ANSWERED = declare(
    "service.objection_answered",
    zh="您提的异议有了答复。请到那次服务里看。",
    en="Your objection has been answered. Look at that service.",
    by_phone=True,
)

_UNSTAMPED = (Grievance.WAITING, Grievance.MINUTES, Grievance.OTHER)

GRIEVANCES: dict[CheckinState, tuple[Grievance, ...]] = {
    CheckinState.OPEN: (),
    CheckinState.PENDING: _UNSTAMPED,
    CheckinState.AWAITING_SECOND: _UNSTAMPED,
    CheckinState.STAMPED: (Grievance.MINUTES, Grievance.POINTS, Grievance.OTHER),
    CheckinState.RETURNED: (Grievance.RETURNED, Grievance.OTHER),
    CheckinState.VOID: (Grievance.VOID, Grievance.OTHER),
}
"""What there is to object to in each state of a visit."""


class ObjectionView(NamedTuple):
    """An objection with its visit, as the actor sees it; words may name somebody, so who reads masked names reads none.

    `refusal` is why the actor may not answer it, or None.
    """

    objection: Objection
    checkin: Checkin
    activity: Activity
    member_name: str
    words: str
    answer: str
    refusal: str | None


# --- the member's own steps -------------------------------------------------------------------------------------


@atomic
def raise_objection(actor: Actor, checkin_id: UUID, reason: Grievance, *, words: str = "") -> Objection:
    """Staff are asked to look at the visit again, and answer by the end of the fifth working day after this one.

    Raises NotFound, Forbidden (not the actor's own visit), ObjectionTooLate, WrongState (the visit gives no ground
    for this reason), AlreadyExists (an objection to it is open).
    """
    checkin = load(actor.tenant, Checkin, checkin_id, lock=True)
    require(actor, OBJECT, member_id=checkin.member_id)
    assert len(words) <= LONGEST, "bounded by whoever read the form"
    if is_too_late(checkin):
        raise ObjectionTooLate
    if reason not in GRIEVANCES[CheckinState(checkin.state)]:
        raise WrongState(state=checkin.state)
    now = clock.now()
    row = Objection(
        community_id=actor.tenant,
        id=new_id(),
        checkin_id=checkin.id,
        member_id=checkin.member_id,
        reason=reason,
        words=words,
        state=ObjectionState.ASKED,
        outcome=None,
        answer="",
        asked_at=now,
        due_at=due_after(now),
        answered_at=None,
        answered_by=None,
    )
    try:
        with savepoint():
            db.session.add(row)
            db.session.flush()
    except IntegrityError as error:
        raise AlreadyExists from error
    audit.record(actor, "service.raise_objection", row.id, reason=reason)
    outbox.announce(actor, "objection.asked", objection_id=row.id.hex)
    return row


def is_too_late(checkin: Checkin) -> bool:
    """Did the visit begin more than sixty days ago?"""
    return clock.now() - checkin.arrived_at > OBJECT_WITHIN


def due_after(moment: datetime) -> datetime:
    """The end of the fifth working day after the day of this moment."""
    return workdays.end_after(moment, ANSWER_WITHIN_WORKDAYS)


@atomic
def withdraw_objection(actor: Actor, objection_id: UUID) -> Objection:
    """Nothing is asked any more. Raises NotFound, Forbidden (anybody else's), WrongState."""
    row = load(actor.tenant, Objection, objection_id, lock=True)
    if row.member_id not in actor.member_ids:
        raise Forbidden
    _require_open(row)
    row.state = ObjectionState.WITHDRAWN
    db.session.flush()
    audit.record(actor, "service.withdraw_objection", row.id)
    outbox.announce(actor, "objection.withdrawn", objection_id=row.id.hex)
    return row


# --- staff ------------------------------------------------------------------------------------------------------


@atomic
def answer_objection(actor: Actor, objection_id: UUID, outcome: Outcome, *, answer: str) -> Objection:
    """It is answered, with what became of the record in the member's words: 1 … 300 characters. No points move here.

    Raises NotFound, Forbidden (another part), WrongState, OwnCheckin, OwnHousehold, OwnStep (the actor recorded,
    stamped, returned or undid what is objected to).
    """
    row = load(actor.tenant, Objection, objection_id, lock=True)
    checkin = load(actor.tenant, Checkin, row.checkin_id)
    require(actor, ANSWER, unit_path=checkin.unit_path)
    _require_open(row)
    whose = standing(actor.tenant, [row.member_id])[row.member_id]
    refusal = _refusal(actor, checkin, whose, _hands(actor.tenant, [row]).get(row.id, set()))
    if refusal is not None:
        raise refusal
    row.state, row.outcome, row.answer = ObjectionState.ANSWERED, outcome, answer
    row.answered_at, row.answered_by = clock.now(), actor.person_id
    db.session.flush()
    person_id = whose.member.person_id
    audit.record(actor, "service.answer_objection", row.id, on_behalf_of=actor.acts_for(person_id), came_to=outcome)
    outbox.announce(actor, "objection.answered", objection_id=row.id.hex, outcome=outcome)
    tell(actor.tenant, person_id, ANSWERED, checkin_id=row.checkin_id.hex)
    return row


def _require_open(row: Objection) -> None:
    if row.state != ObjectionState.ASKED:
        raise WrongState(state=row.state)


def _refusal(actor: Actor, checkin: Checkin, whose: Standing, hands: set[UUID]) -> type[Reason] | None:
    """The rules of answering: in one's part, not one's own or one's household's, not what one had a hand in."""
    if not may(actor, ANSWER, unit_path=checkin.unit_path):
        return Forbidden
    near = refusal_of_nearness(actor, whose)
    if near is not None:
        return near
    had_a_hand = any(map(actor.is_person, (checkin.recorded_by, checkin.closed_by, *hands)))
    return OwnStep if had_a_hand else None


def _hands(community_id: UUID, rows: Sequence[Objection]) -> dict[UUID, set[UUID]]:
    """Who had decided on each visit before it was objected to, by objection. What came of the objection is no bar."""
    query = scoped(community_id, Objection.id, Objection.asked_at, Stamp).where(
        Objection.id.in_([row.id for row in rows]),
        Stamp.checkin_id == Objection.checkin_id,
        Stamp.stamped_at <= Objection.asked_at,
    )
    found: dict[UUID, set[UUID]] = {}
    for objection_id, asked_at, stamp in db.session.execute(query):
        hands = found.setdefault(objection_id, set())
        hands.add(stamp.actor_id)
        if stamp.undone_by is not None and stamp.undone_at is not None and stamp.undone_at <= asked_at:
            hands.add(stamp.undone_by)
    return found


# --- reading ----------------------------------------------------------------------------------------------------


def list_objections(
    actor: Actor,
    *,
    is_mine: bool = False,
    is_overdue: bool = False,
    status: ObjectionState | None = None,
    order: Age | None = None,
    after: UUID | None = None,
    limit: int = 50,
) -> list[ObjectionView]:
    """The objections that the actor may see, or raised (`is_mine`).

    Unless asked otherwise what waits for an answer (`status` asked, or `is_overdue`) comes oldest first, which is the
    order of its days, and all else newest first.
    Raises Forbidden.
    """
    query = _described(actor.tenant).where(visible(actor, SEE))
    if is_mine:
        query = query.where(Objection.member_id.in_(actor.member_ids))
    if status is not None:
        query = query.where(Objection.state == status)
    if is_overdue:
        query = query.where(Objection.state == ObjectionState.ASKED, Objection.due_at <= clock.now())
    place = by_age(order, waiting=is_overdue or status is ObjectionState.ASKED)
    return _views(actor, arrange(query, place, Objection.id, rows=query, after=after).limit(limit))


def see_objection(actor: Actor, objection_id: UUID) -> ObjectionView:
    """One objection, by the same rule as the list. Raises NotFound, Forbidden."""
    row = load(actor.tenant, Objection, objection_id)
    checkin = load(actor.tenant, Checkin, row.checkin_id)
    require(actor, SEE, member_id=row.member_id, unit_path=checkin.unit_path)
    return _views(actor, _described(actor.tenant).where(Objection.id == row.id))[0]


def objections_to(actor: Actor, checkin_id: UUID) -> list[ObjectionView]:
    """The objections to one visit that the actor may see, newest first; none for whoever sees no objections."""
    if not reach(actor, SEE):
        return []
    query = _described(actor.tenant).where(visible(actor, SEE), Objection.checkin_id == checkin_id)
    return _views(actor, query.order_by(Objection.id.desc()).limit(MOST_WAITING))


def grievances_open_to(actor: Actor, checkin: Checkin) -> tuple[Grievance, ...]:
    """What the actor may object to in this visit now; nothing in somebody else's, an old one, or one objected to."""
    if not may(actor, OBJECT, member_id=checkin.member_id) or is_too_late(checkin):
        return ()
    query = scoped(actor.tenant, Objection.id).where(
        Objection.checkin_id == checkin.id, Objection.state == ObjectionState.ASKED
    )
    return GRIEVANCES[CheckinState(checkin.state)] if db.session.scalar(query) is None else ()


def waiting_for(actor: Actor) -> list[ObjectionView]:
    """The objections that wait for the actor's answer, the first due first; at most 200. None for who answers none."""
    if not reach(actor, ANSWER):
        return []
    query = _described(actor.tenant).where(visible(actor, ANSWER), Objection.state == ObjectionState.ASKED)
    return [view for view in _views(actor, query.order_by(Objection.id).limit(MOST_WAITING)) if view.refusal is None]


def is_overdue(objection: Objection) -> bool:
    """Does it still wait after its day?"""
    return objection.state == ObjectionState.ASKED and objection.due_at <= clock.now()


def _described(community_id: UUID) -> Select[Any]:
    return scoped(community_id, Objection, Checkin, Activity).where(
        Checkin.id == Objection.checkin_id, Activity.id == Checkin.activity_id
    )


def _views(actor: Actor, query: Select[Any]) -> list[ObjectionView]:
    rows = db.session.execute(query).all()
    whose = standing(actor.tenant, {row.Objection.member_id for row in rows})
    hands = _hands(actor.tenant, [row.Objection for row in rows])
    masked, found = is_masked_for(actor), []
    for objection, checkin, activity in rows:
        one = whose[objection.member_id]
        hidden = masked and objection.member_id not in actor.member_ids
        words, answer = ("", "") if hidden else (objection.words, objection.answer)
        name = mask_name(one.member.name) if hidden else one.member.name
        refusal = _refusal(actor, checkin, one, hands.get(objection.id, set()))
        code = refusal.code if refusal else None
        found.append(ObjectionView(objection, checkin, activity, name, words, answer, code))
    return found


# --- a person's data --------------------------------------------------------------------------------------------


def _of_person(person_id: UUID) -> ColumnElement[bool]:
    """SQL: what a person objected to, in every community."""
    mine = select(Member.id).where(same_community(Member, Objection), Member.person_id == person_id)
    return Objection.member_id.in_(mine)


def export_objections(person_id: UUID) -> dict[str, Any]:
    """What the person objected to, and what came of it."""
    rows = db.session.scalars(select(Objection).where(_of_person(person_id)).order_by(Objection.id))
    names = ("community_id", "checkin_id", "reason", "words", "state", "outcome", "answer")
    return {"objections": all_facts(rows, *names, "asked_at", "due_at", "answered_at")}


@atomic
def erase_objections(person_id: UUID) -> None:
    """Nothing waits any more, and no words of the person or to them are kept; that there was an objection stays."""
    own = update(Objection).where(_of_person(person_id)).execution_options(synchronize_session=False)
    db.session.execute(own.where(Objection.state == ObjectionState.ASKED).values(state=ObjectionState.WITHDRAWN))
    db.session.execute(own.values(words=""))
    db.session.execute(own.where(Objection.answer != "").values(answer=registry.ERASED))


registry.exporters["objections"] = export_objections
registry.erasers["objections"] = erase_objections
