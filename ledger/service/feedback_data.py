"""The clock's reminder in the evening, and what of feedback is a person's own data."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, delete, func, select, update

from ledger.core import clock, registry
from ledger.core.db import atomic, db
from ledger.core.exporting import facts_of
from ledger.core.tenancy import same_community
from ledger.people.models import Member
from ledger.people.notices import declare, remind
from ledger.service import feedback_reading
from ledger.service.feedback_models import Feedback, FeedbackPhoto, FeedbackState

EVENING = timedelta(hours=20)

NOT_YET = declare(
    "service.feedback_missing",
    zh="今天的反馈还没有交。没有情况也请点一下“今天没有情况”。",
    en='Today\'s feedback is not given yet. If there is nothing, tap "Nothing today".',
    on_paper=False,
)


def _evening(moment: datetime) -> str:
    """The day whose eight o'clock in the evening was the last."""
    return clock.local_day(moment - EVENING).isoformat()


@registry.job("remind_of_feedback", period=_evening)
def remind_in_the_evening(community_id: UUID, day: str) -> None:
    """From eight in the evening whoever has not given today's feedback has a notice; the morning after is too late."""
    if day == clock.today().isoformat():
        remind(community_id, feedback_reading.missing_persons(community_id), NOT_YET)


@registry.gauge("oldest_unanswered_feedback_seconds", "Age of the oldest feedback that still waits for its answer")
def oldest_unanswered_feedback_seconds() -> float:
    waiting = select(func.min(Feedback.given_at)).where(Feedback.state == FeedbackState.GIVEN)
    return clock.age_of(db.session.scalar(waiting.where(Feedback.due_at.is_not(None))))


# --- a person's data --------------------------------------------------------------------------------------------


def _of_person(person_id: UUID) -> ColumnElement[bool]:
    """SQL: what a person gave, in every community."""
    mine = select(Member.id).where(same_community(Member, Feedback), Member.person_id == person_id)
    return Feedback.member_id.in_(mine)


def export_feedback(person_id: UUID) -> dict[str, Any]:
    """What the person said of their parts, what was answered, and how many photos go with it."""
    photos = (
        select(func.count(FeedbackPhoto.id))
        .where(same_community(FeedbackPhoto, Feedback), FeedbackPhoto.feedback_id == Feedback.id)
        .scalar_subquery()
    )
    names = ("community_id", "unit_id", "day", "state", "category", "words", "is_nothing", "answer", "given_at")
    rows = db.session.execute(select(Feedback, photos).where(_of_person(person_id)).order_by(Feedback.id)).tuples()
    return {"feedback": [facts_of(row, *names, "answered_at") | {"photos": number} for row, number in rows]}


@atomic
def erase_feedback(person_id: UUID) -> None:
    """No words of the person or to them are kept, and no photo; that and when feedback was given stays.

    The content of the photos is erased with all files of the person.
    """
    own = update(Feedback).where(_of_person(person_id)).execution_options(synchronize_session=False)
    db.session.execute(own.values(words="", due_at=None))
    db.session.execute(own.where(Feedback.answer != "").values(answer=registry.ERASED))
    db.session.execute(delete(FeedbackPhoto).where(FeedbackPhoto.owner_id == person_id))


registry.exporters["feedback"] = export_feedback
registry.erasers["feedback"] = erase_feedback
