"""Daily feedback: who holds a post says each day how their part is, staff answer within a day or excuse the day."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from ledger.core import audit, clock, outbox
from ledger.core.db import atomic, db, savepoint
from ledger.core.errors import AlreadyExists, Forbidden, WrongState
from ledger.core.ids import new_id
from ledger.core.permissions import require
from ledger.core.second_person import require_another
from ledger.core.tenancy import Actor, load, scoped
from ledger.people.members import load_member
from ledger.people.models import Member, PlaceUnit, Post
from ledger.people.notices import declare, tell
from ledger.service.errors import ExcuseDay, FeedbackDay, HoldsNoPost
from ledger.service.feedback_models import Category, Feedback, FeedbackState
from ledger.service.feedback_photos import photos

LONGEST, LONGEST_ANSWER = 1000, 500
ANSWERED_WITHIN = timedelta(hours=24)
EXCUSED_WITHIN = timedelta(days=31)

ANSWERED = declare(
    "service.feedback_answered",
    zh="您 {day} 的反馈有答复了，请点开看。",
    en="Your feedback of {day} has been answered.",
)


class Given(NamedTuple):
    """What a holder says of a day: something of a category in words, or with neither that there is nothing."""

    category: Category | None = None
    words: str = ""

    @property
    def is_nothing(self) -> bool:
        return self.category is None


NOTHING = Given()


# --- the holder's own step --------------------------------------------------------------------------------------


@atomic
def give_feedback(
    actor: Actor, unit_id: UUID, day: date, given: Given, *, file_ids: Collection[UUID] | None = None
) -> Feedback:
    """The day's feedback of the actor's part is this; until it is answered, giving it again replaces it.

    `file_ids` are its photos (None: as they were). An answer is due 24 hours after the first giving, unless there is
    nothing. Raises NotFound (unit, photo), Forbidden (no post here, or an ended one), FeedbackDay, WrongState
    (answered), PhotoLimit, AlreadyExists (another device was quicker).
    """
    assert len(given.words) <= LONGEST, "bounded by whoever read the form"
    load(actor.tenant, PlaceUnit, unit_id)
    require(actor, "give_feedback", member_id=actor.member_id)
    assert actor.member_id is not None, "only a member's own right reaches here"
    if not _holds(actor.tenant, actor.member_id, unit_id, lock=True):
        raise Forbidden
    if not timedelta(0) <= clock.today() - day <= timedelta(days=1):
        raise FeedbackDay
    before = _row_of(actor.tenant, actor.member_id, unit_id, day)
    row = before or _added(_new(actor, actor.member_id, unit_id, day))
    if row.state == FeedbackState.ANSWERED:
        raise WrongState(state=row.state)
    _write(row, given, actor)
    if file_ids is not None or given.is_nothing:
        photos.put(actor, row.id, file_ids or ())
    audit.record(
        actor, "service.give_feedback", row.id, day=day.isoformat(), category=row.category,
        letters=len(row.words), again=before is not None,
    )  # fmt: skip
    outbox.announce(actor, "feedback.given", feedback_id=row.id.hex, nothing=row.is_nothing)
    return row


def _write(row: Feedback, given: Given, actor: Actor) -> None:
    now = clock.now()
    row.state, row.actor_id, row.given_at = FeedbackState.GIVEN, actor.person_id, now
    row.category, row.words, row.is_nothing = given.category, given.words, given.is_nothing
    row.due_at = None if given.is_nothing else row.due_at or now + ANSWERED_WITHIN
    db.session.flush()


# --- staff ------------------------------------------------------------------------------------------------------


@atomic
def answer_feedback(actor: Actor, feedback_id: UUID, *, answer: str) -> Feedback:
    """It is answered, and its holder is told. Raises NotFound, Forbidden, OwnStep (one's own), WrongState."""
    assert 0 < len(answer) <= LONGEST_ANSWER, "bounded by whoever read the form"
    row = load(actor.tenant, Feedback, feedback_id, lock=True)
    require(actor, "answer_feedback", unit_path=load(actor.tenant, PlaceUnit, row.unit_id).path)
    member = load_member(actor.tenant, row.member_id)
    require_another(actor, member.person_id)
    if row.state != FeedbackState.GIVEN:
        raise WrongState(state=row.state)
    row.state, row.answer = FeedbackState.ANSWERED, answer
    row.answered_at, row.answered_by = clock.now(), actor.person_id
    db.session.flush()
    audit.record(actor, "service.answer_feedback", row.id, on_behalf_of=member.person_id, letters=len(answer))
    outbox.announce(actor, "feedback.answered", feedback_id=row.id.hex)
    tell(actor.tenant, member.person_id, ANSWERED, feedback_id=row.id.hex, day=row.day.isoformat())
    return row


@atomic
def excuse_day(actor: Actor, *, member_id: UUID, unit_id: UUID, day: date) -> Feedback:
    """Nothing is awaited of the holder for this day (leave, illness); who gives feedback all the same has given it.

    Raises NotFound (member, unit), Forbidden, OwnStep (one's own), HoldsNoPost, ExcuseDay, WrongState (given),
    AlreadyExists.
    """
    unit = load(actor.tenant, PlaceUnit, unit_id)
    member: Member = load_member(actor.tenant, member_id)
    require(actor, "excuse_feedback", unit_path=unit.path)
    require_another(actor, member.person_id)
    if not _holds(actor.tenant, member.id, unit_id):
        raise HoldsNoPost
    if abs(day - clock.today()) > EXCUSED_WITHIN:
        raise ExcuseDay
    before = _row_of(actor.tenant, member.id, unit_id, day)
    if before is not None and before.state != FeedbackState.EXCUSED:
        raise WrongState(state=before.state)
    if before is not None:
        raise AlreadyExists
    row = _added(_new(actor, member.id, unit_id, day))
    audit.record(actor, "service.excuse_day", row.id, on_behalf_of=member.person_id, day=day.isoformat())
    outbox.announce(actor, "feedback.excused", feedback_id=row.id.hex)
    return row


# --- pieces -----------------------------------------------------------------------------------------------------


def _holds(community_id: UUID, member_id: UUID, unit_id: UUID, *, lock: bool = False) -> bool:
    """Does the member hold a post on the unit now? Locked against its end until commit if asked."""
    query = scoped(community_id, Post).where(Post.member_id == member_id, Post.unit_id == unit_id, Post.until.is_(None))
    found = db.session.scalars(query.with_for_update() if lock else query).all()
    return bool(found)


def _row_of(community_id: UUID, member_id: UUID, unit_id: UUID, day: date) -> Feedback | None:
    query = scoped(community_id, Feedback).where(
        Feedback.member_id == member_id, Feedback.unit_id == unit_id, Feedback.day == day
    )
    found: Feedback | None = db.session.scalars(query.with_for_update()).one_or_none()
    return found


def _new(actor: Actor, member_id: UUID, unit_id: UUID, day: date) -> Feedback:
    """A day about which nothing is known yet: excused, until it is written."""
    return Feedback(
        community_id=actor.tenant,
        id=new_id(),
        member_id=member_id,
        unit_id=unit_id,
        day=day,
        state=FeedbackState.EXCUSED,
        category=None,
        words="",
        is_nothing=False,
        actor_id=actor.person_id,
        given_at=clock.now(),
        answer="",
    )


def _added(row: Feedback) -> Feedback:
    try:
        with savepoint():
            db.session.add(row)
            db.session.flush()
    except IntegrityError as error:
        raise AlreadyExists from error
    return row
