"""Complaints about goods: the member says what is wrong, the shop or the community answers in seven working days.

Neither an answer nor a closing moves points: a refund is made by its own verb, before it is closed as refunded.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from ledger.core import audit, clock, outbox, registry, workdays
from ledger.core.db import atomic, db, savepoint
from ledger.core.errors import AlreadyExists, Forbidden, WrongState
from ledger.core.ids import new_id
from ledger.core.permissions import require
from ledger.core.second_person import require_another
from ledger.core.tenancy import Actor, Role, load, scoped
from ledger.people.grants import people_with
from ledger.people.members import load_member
from ledger.people.notices import declare, remind, tell
from ledger.rewards.complaint_models import Complaint, ComplaintState, Remedy
from ledger.rewards.complaint_photos import put_photos
from ledger.rewards.errors import NotRefunded
from ledger.rewards.merchants import is_behind_counter, owners_of
from ledger.rewards.models import Redemption, RedemptionState

COMPLAIN, ANSWER, CLOSE = "complain", "answer_complaints", "close_complaints"

ANSWER_WITHIN_WORKDAYS = 7
LONGEST, LONGEST_NOTE = 500, 300

RECEIVED = (RedemptionState.CONFIRMED, RedemptionState.REFUNDED_PART, RedemptionState.REFUNDED)
WAITING = (ComplaintState.OPEN, ComplaintState.ANSWERED)

RAISED = declare(
    "rewards.complaint_raised",
    zh="有会员对兑换到的东西有意见，请在 {day} 前答复。",
    en="A member complains of what they received. Answer by {day}.",
)
HELPED = declare(
    "rewards.complaint_helped",
    zh="有人替您对一次兑换提了意见，{day} 前会有答复。",
    en="Somebody complained for you about what you received. An answer comes by {day}.",
)
ANSWERED = declare(
    "rewards.complaint_answered",
    zh="您对兑换的意见有了答复，请点开看。",
    en="Your complaint about what you received has been answered.",
    by_phone=True,
)
CLOSED = declare(
    "rewards.complaint_closed",
    zh="您对兑换的意见，社区已经处理完了，请点开看结果。",
    en="The community has settled your complaint about what you received.",
)
OVERDUE = declare(
    "rewards.complaint_overdue",
    zh="有会员对兑换的意见过了期限还没有答复，请今天处理。",
    en="A complaint about goods has passed its day without an answer. See to it today.",
    on_paper=False,
)


@atomic
def complain(actor: Actor, redemption_id: UUID, *, words: str, file_ids: Collection[UUID] = ()) -> Complaint:
    """The shop and the community are asked, and answer by the end of the seventh working day after this one.

    By the member or their named relative; the member is then told. Raises NotFound (redemption, photo), Forbidden,
    WrongState (nothing was received), AlreadyExists (a complaint of it is not over), PhotoLimit.
    """
    assert 0 < len(words) <= LONGEST, "bounded by whoever read the form"
    redemption = load(actor.tenant, Redemption, redemption_id, lock=True)
    require(actor, COMPLAIN, member_id=redemption.member_id)
    if redemption.state not in RECEIVED:
        raise WrongState(state=redemption.state)
    row = _added(_new(actor, redemption, words))
    owner_id = _owner_of(row)
    put_photos(actor, row, file_ids, owner_id=owner_id)
    audit.record(actor, "rewards.complain", row.id, on_behalf_of=actor.acts_for(owner_id), letters=len(words))
    outbox.announce(actor, "complaint.raised", complaint_id=row.id.hex)
    day = clock.local_day(row.due_at - timedelta(seconds=1)).isoformat()
    for person_id in sorted(_who_answers(actor.tenant, {row.merchant_id})):
        tell(actor.tenant, person_id, RAISED, complaint_id=row.id.hex, day=day)
    if row.member_id not in actor.member_ids:
        tell(actor.tenant, owner_id, HELPED, complaint_id=row.id.hex, by=actor.person_id.hex, day=day)
    return row


def _new(actor: Actor, redemption: Redemption, words: str) -> Complaint:
    now = clock.now()
    return Complaint(
        community_id=actor.tenant,
        id=new_id(),
        redemption_id=redemption.id,
        member_id=redemption.member_id,
        merchant_id=redemption.merchant_id,
        words=words,
        state=ComplaintState.OPEN,
        raised_at=now,
        due_at=workdays.end_after(now, ANSWER_WITHIN_WORKDAYS),
        actor_id=actor.person_id,
        answer="",
        note="",
    )


def _added(row: Complaint) -> Complaint:
    try:
        with savepoint():
            db.session.add(row)
            db.session.flush()
    except IntegrityError as error:
        raise AlreadyExists from error
    return row


def _owner_of(row: Complaint) -> UUID:
    return load_member(row.community_id, row.member_id).person_id


@atomic
def answer_complaint(actor: Actor, complaint_id: UUID, *, answer: str) -> Complaint:
    """It is answered, by the shop's owner or the community, and the member is told; the community still closes it.

    Raises NotFound, Forbidden (another shop's), OwnStep (one's own), WrongState.
    """
    assert 0 < len(answer) <= LONGEST, "bounded by whoever read the form"
    row = load(actor.tenant, Complaint, complaint_id, lock=True)
    require(actor, ANSWER, merchant_id=row.merchant_id)
    owner_id = _owner_of(row)
    require_another(actor, owner_id)
    if row.state != ComplaintState.OPEN:
        raise WrongState(state=row.state)
    row.state, row.answer = ComplaintState.ANSWERED, answer
    row.answered_at, row.answered_by = clock.now(), actor.person_id
    db.session.flush()
    audit.record(actor, "rewards.answer_complaint", row.id, on_behalf_of=owner_id, letters=len(answer))
    outbox.announce(actor, "complaint.answered", complaint_id=row.id.hex)
    tell(actor.tenant, owner_id, ANSWERED, complaint_id=row.id.hex)
    return row


@atomic
def close_complaint(actor: Actor, complaint_id: UUID, *, outcome: Remedy, note: str = "") -> Complaint:
    """The community says what it came to; answered before or not. The member is told.

    Raises NotFound, Forbidden (also behind the shop's own counter), OwnStep (one's own), WrongState, NotRefunded
    (closed as refunded while nothing was).
    """
    assert len(note) <= LONGEST_NOTE, "bounded by whoever read the form"
    row = load(actor.tenant, Complaint, complaint_id, lock=True)
    require(actor, CLOSE)
    if is_behind_counter(actor, row.merchant_id):
        raise Forbidden
    owner_id = _owner_of(row)
    require_another(actor, owner_id)
    if row.state not in WAITING:
        raise WrongState(state=row.state)
    if outcome is Remedy.REFUNDED and not load(actor.tenant, Redemption, row.redemption_id).refunded_points:
        raise NotRefunded
    row.state, row.outcome, row.note = ComplaintState.CLOSED, outcome, note
    row.closed_at, row.closed_by = clock.now(), actor.person_id
    db.session.flush()
    audit.record(actor, "rewards.close_complaint", row.id, on_behalf_of=owner_id, came_to=outcome)
    outbox.announce(actor, "complaint.closed", complaint_id=row.id.hex, outcome=outcome)
    tell(actor.tenant, owner_id, CLOSED, complaint_id=row.id.hex)
    return row


# --- reminders --------------------------------------------------------------------------------------------------


def _who_answers(community_id: UUID, merchant_ids: set[UUID]) -> set[UUID]:
    """The owners of these shops and the community's admins."""
    return {*owners_of(community_id, merchant_ids), *people_with(community_id, [Role.ADMIN])}


@registry.job("remind_of_complaints", period=lambda moment: clock.local_day(moment).isoformat())
def remind_of_overdue(community_id: UUID, _day: str) -> None:
    """Once a day whoever answers is reminded of what has passed its day without an answer."""
    late = scoped(community_id, Complaint.merchant_id).where(
        Complaint.state == ComplaintState.OPEN, Complaint.due_at <= clock.now()
    )
    shops = set(db.session.scalars(late))
    remind(community_id, sorted(_who_answers(community_id, shops)) if shops else [], OVERDUE)
