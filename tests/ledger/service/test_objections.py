"""Objections: raised by the member, answered by somebody without a hand in the visit, in five working days."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID

import pytest
from flask import Flask

from ledger.book.balances import member_balance
from ledger.core import clock
from ledger.core.db import db
from ledger.core.errors import AlreadyExists, Forbidden, NotFound, WrongState
from ledger.core.registry import erasers, exporters
from ledger.core.second_person import OwnStep
from ledger.core.tenancy import Actor, Role
from ledger.people import households, inbox
from ledger.service import objections, queue
from ledger.service.checkins import Kind, Via, record_checkin
from ledger.service.errors import ObjectionTooLate, OwnCheckin, OwnHousehold
from ledger.service.models import Checkin, Decision
from ledger.service.objection_models import Grievance, Objection, ObjectionState, Outcome
from ledger.service.stamps import stamp_checkins
from ledger.service.undoing import undo_stamp
from tests.ledger.book.town import at_once
from tests.ledger.service.day import ELEVEN, NINE, Day
from tests.stories import Neighbour, open_neighbourhood, street_officer

KEPT, CHANGED = Outcome.KEPT, Outcome.CHANGED


@pytest.fixture
def lin(day: Day) -> Neighbour:
    return day.place.volunteer()


@pytest.fixture
def visit(day: Day, lin: Neighbour) -> Checkin:
    """Served, and stamped by the stamper of the community."""
    served = day.served(lin)
    day.stamp([served.id])
    return served


@pytest.fixture
def objection(lin: Neighbour, visit: Checkin) -> Objection:
    return objections.raise_objection(lin.actor, visit.id, Grievance.MINUTES, words="我待到十一点半")


def colleague(day: Day, role: Role = Role.STAMPER) -> Neighbour:
    """Somebody who had no hand in anything yet."""
    return day.place.staff(role)


# --- raising and withdrawing ------------------------------------------------------------------------------------


def test_an_objection_stands_open_with_its_day_and_only_once(lin: Neighbour, visit: Checkin) -> None:
    row = objections.raise_objection(lin.actor, visit.id, Grievance.POINTS)
    assert (row.state, row.outcome, row.answer) == ("asked", None, "")
    assert objections.grievances_open_to(lin.actor, visit) == ()
    with pytest.raises(AlreadyExists):
        objections.raise_objection(lin.actor, visit.id, Grievance.MINUTES)


@pytest.mark.parametrize(
    ("asked", "due"),
    [
        (datetime(2026, 11, 20, 4, tzinfo=UTC), datetime(2026, 11, 27, 16, tzinfo=UTC)),  # Friday → next Friday's end
        (datetime(2026, 11, 21, 4, tzinfo=UTC), datetime(2026, 11, 27, 16, tzinfo=UTC)),  # Saturday
        (datetime(2026, 11, 23, 4, tzinfo=UTC), datetime(2026, 11, 30, 16, tzinfo=UTC)),  # Monday
        (datetime(2026, 9, 30, 4, tzinfo=UTC), datetime(2026, 10, 13, 16, tzinfo=UTC)),  # Before the national holiday
    ],
)
def test_the_day_of_the_answer_counts_working_days_alone(asked: datetime, due: datetime) -> None:
    assert objections.due_after(asked) == due


def test_overdue_begins_when_the_fifth_working_day_is_over(day: Day, objection: Objection) -> None:
    admin = colleague(day, Role.ADMIN).actor
    clock.move_to(objection.due_at - timedelta(seconds=1))
    assert objections.list_objections(admin, is_overdue=True) == []
    clock.move_to(objection.due_at)
    [view] = objections.list_objections(admin, is_overdue=True)
    assert objections.is_overdue(view.objection)


def test_only_the_state_of_the_visit_gives_grounds(day: Day, lin: Neighbour) -> None:
    day.arrive(lin, NINE)
    [here] = [view.checkin for view in queue.list_checkins(lin.actor)]
    assert objections.grievances_open_to(lin.actor, here) == ()
    with pytest.raises(WrongState):
        objections.raise_objection(lin.actor, here.id, Grievance.OTHER)
    visit = day.leave(lin, ELEVEN)
    assert Grievance.WAITING in objections.grievances_open_to(lin.actor, visit)
    with pytest.raises(WrongState):
        objections.raise_objection(lin.actor, visit.id, Grievance.VOID)
    stamp_checkins(day.place.stamper.actor, [visit.id], decision=Decision.VOID, note="重复")
    assert objections.raise_objection(lin.actor, visit.id, Grievance.VOID).state == "asked"


def test_sixty_days_after_the_visit_it_is_too_late(lin: Neighbour, visit: Checkin) -> None:
    clock.move_to(visit.arrived_at + timedelta(days=60))
    assert objections.grievances_open_to(lin.actor, visit)
    clock.advance(seconds=1)
    assert objections.grievances_open_to(lin.actor, visit) == ()
    with pytest.raises(ObjectionTooLate):
        objections.raise_objection(lin.actor, visit.id, Grievance.MINUTES)


def test_nobody_objects_to_anothers_visit(day: Day, visit: Checkin) -> None:
    for other in (day.place.volunteer(), day.place.admin, day.place.stamper):
        with pytest.raises(Forbidden):
            objections.raise_objection(other.actor, visit.id, Grievance.MINUTES)
    with pytest.raises(NotFound):
        objections.raise_objection(open_neighbourhood("北华社区").admin.actor, visit.id, Grievance.MINUTES)


def test_the_member_takes_it_back_and_may_object_again(day: Day, lin: Neighbour, objection: Objection) -> None:
    for other in (day.place.volunteer(), day.place.admin):
        with pytest.raises(Forbidden):
            objections.withdraw_objection(other.actor, objection.id)
    objections.withdraw_objection(lin.actor, objection.id)
    with pytest.raises(WrongState):
        objections.withdraw_objection(lin.actor, objection.id)
    with pytest.raises(WrongState):
        objections.answer_objection(colleague(day).actor, objection.id, KEPT, answer="核对过")
    assert objections.waiting_for(colleague(day).actor) == []
    assert objections.raise_objection(lin.actor, objection.checkin_id, Grievance.OTHER).state == "asked"


# --- answering --------------------------------------------------------------------------------------------------


def test_it_is_answered_and_the_member_alone_is_told(day: Day, lin: Neighbour, objection: Objection) -> None:
    answering = colleague(day)
    [waiting] = objections.waiting_for(answering.actor)
    assert (waiting.objection.id, waiting.member_name) == (objection.id, lin.name)
    row = objections.answer_objection(answering.actor, objection.id, KEPT, answer="签退是十一点")
    assert (row.state, row.outcome, row.answered_by) == ("answered", "kept", answering.person_id)
    [told] = inbox.list_notices(lin.actor)
    assert (told.notice.kind, told.notice.facts) == (
        "service.objection_answered",
        {"checkin_id": objection.checkin_id.hex},
    )
    for other in (answering, day.place.stamper, day.place.admin):
        assert "service.objection_answered" not in {seen.notice.kind for seen in inbox.list_notices(other.actor)}
    with pytest.raises(WrongState):
        objections.answer_objection(answering.actor, objection.id, CHANGED, answer="再看一次")


def test_an_answer_moves_no_points_the_stamp_does(day: Day, lin: Neighbour, objection: Objection) -> None:
    answering, before = colleague(day), _points(lin)
    clock.advance(hours=1)
    stamp_id = _live_stamp(lin)
    undo_stamp(answering.actor, stamp_id)
    day.stamp([objection.checkin_id], by=answering)
    after = _points(lin)
    objections.answer_objection(answering.actor, objection.id, CHANGED, answer="已重新盖章")
    assert before == after == _points(lin) == 10


def test_who_stamped_returned_or_undid_it_before_does_not_answer(day: Day, lin: Neighbour, visit: Checkin) -> None:
    undoing = colleague(day)
    undo_stamp(undoing.actor, _live_stamp(lin))
    returning = colleague(day)
    stamp_checkins(returning.actor, [visit.id], decision=Decision.RETURN, note="请说明")
    row = objections.raise_objection(lin.actor, visit.id, Grievance.RETURNED)
    for hand in (day.place.stamper, undoing, returning):
        assert objections.waiting_for(hand.actor) == []
        with pytest.raises(OwnStep):
            objections.answer_objection(hand.actor, row.id, KEPT, answer="没错")
    assert objections.answer_objection(colleague(day).actor, row.id, KEPT, answer="没错").state == "answered"


def test_who_recorded_it_does_not_answer(day: Day, lin: Neighbour) -> None:
    coordinator = day.place.coordinator
    clock.move_to(NINE)
    record_checkin(coordinator.actor, day.activity.id, kind=Kind.IN, via=Via(member_id=lin.member_id))
    clock.move_to(ELEVEN)
    visit = record_checkin(coordinator.actor, day.activity.id, kind=Kind.OUT, via=Via(member_id=lin.member_id))
    row = objections.raise_objection(lin.actor, visit.id, Grievance.MINUTES)
    with pytest.raises(OwnStep):
        objections.answer_objection(coordinator.actor, row.id, KEPT, answer="没错")
    assert objections.answer_objection(day.place.stamper.actor, row.id, KEPT, answer="没错").outcome == "kept"


def test_nobody_answers_their_own_or_their_households(day: Day) -> None:
    stamper, wife = day.place.stamper, day.place.volunteer("妻子")
    households.form_household(day.place.admin.actor, "一家", member_ids=[_id(stamper), _id(wife)])
    for person, refused in ((stamper, OwnCheckin), (wife, OwnHousehold)):
        row = objections.raise_objection(person.actor, day.served(person).id, Grievance.WAITING)
        assert objections.waiting_for(stamper.actor) == []
        with pytest.raises(refused):
            objections.answer_objection(stamper.actor, row.id, KEPT, answer="没错")
        assert objections.see_objection(stamper.actor, row.id).refusal == refused.code


def test_staff_of_a_sibling_part_neither_see_nor_answer(day: Day, objection: Objection) -> None:
    beside = day.place.grid_beside()
    for role in (Role.COORDINATOR, Role.STAMPER):
        near, far = (day.place.staff(role, unit=unit).actor for unit in (day.place.grid, beside))
        assert [view.objection.id for view in objections.list_objections(near)] == [objection.id]
        assert len(objections.waiting_for(near)) == 1
        assert objections.list_objections(far) == objections.waiting_for(far) == []
        with pytest.raises(Forbidden):
            objections.see_objection(far, objection.id)
        with pytest.raises(Forbidden):
            objections.answer_objection(far, objection.id, KEPT, answer="没错")


def test_who_sees_without_answering(day: Day, lin: Neighbour, objection: Objection) -> None:
    street = street_officer(day.place.community).actor
    [seen] = objections.list_objections(street)
    assert (seen.member_name, seen.words, seen.refusal) == ("林*芳", "", "forbidden")
    [own] = objections.list_objections(lin.actor, is_mine=True)
    assert (own.member_name, own.words, own.refusal) == ("林秀芳", objection.words, "forbidden")
    assert own.words
    for other in (street, lin.actor, day.place.treasurer.actor):
        with pytest.raises(Forbidden):
            objections.answer_objection(other, objection.id, KEPT, answer="没错")
        assert objections.waiting_for(other) == []
    for stranger in (day.place.treasurer.actor, day.place.volunteer().actor, day.place.supervisor.actor):
        assert objections.list_objections(stranger) == objections.objections_to(stranger, objection.checkin_id) == []
        with pytest.raises(Forbidden):
            objections.see_objection(stranger, objection.id)


def test_of_two_who_answer_at_once_one_does(app: Flask, day: Day, lin: Neighbour, objection: Objection) -> None:
    staff = [colleague(day).actor, colleague(day, Role.ADMIN).actor]

    def answer(actor: Actor) -> str:
        try:
            objections.answer_objection(actor, objection.id, KEPT, answer="核对过")
        except WrongState as refused:
            return refused.code
        return "done"

    outcomes = at_once(app, [partial(answer, one) for one in staff])
    assert sorted(outcomes) == ["done", "wrong_state"]
    db.session.remove()
    assert len(inbox.list_notices(lin.actor)) == 1


def test_of_two_objections_at_once_one_stands(app: Flask, day: Day, lin: Neighbour, visit: Checkin) -> None:
    me = lin.actor

    def raise_one() -> str:
        try:
            objections.raise_objection(me, visit.id, Grievance.POINTS)
        except AlreadyExists as refused:
            return refused.code
        return "done"

    assert sorted(at_once(app, [raise_one, raise_one])) == ["already_exists", "done"]


# --- the lists and a person's data ------------------------------------------------------------------------------


def test_what_waits_comes_oldest_first_and_everything_newest_first(day: Day) -> None:
    first, second, third = (_objected(day, name) for name in ("甲一", "乙二", "丙三"))
    admin = colleague(day, Role.ADMIN).actor
    assert _ids(objections.list_objections(admin)) == [third, second, first]
    assert _ids(objections.list_objections(admin, status=ObjectionState.ASKED, limit=2)) == [first, second]
    assert _ids(objections.list_objections(admin, status=ObjectionState.ASKED, after=second)) == [third]
    objections.answer_objection(admin, second, KEPT, answer="没错")
    assert _ids(objections.list_objections(admin, status=ObjectionState.ANSWERED)) == [second]
    assert _ids(objections.list_objections(admin, after=second)) == [first]


def test_the_file_has_the_words_and_erasing_takes_them(day: Day, lin: Neighbour, objection: Objection) -> None:
    objections.answer_objection(colleague(day).actor, objection.id, KEPT, answer="林家的门口有照片")
    objections.raise_objection(lin.actor, objection.checkin_id, Grievance.OTHER, words="还是不对")
    told = exporters["objections"](lin.person_id)["objections"]
    assert [(one["words"], one["answer"]) for one in told] == [("我待到十一点半", "林家的门口有照片"), ("还是不对", "")]
    erasers["objections"](lin.person_id)
    kept = exporters["objections"](lin.person_id)["objections"]
    assert [(one["state"], one["words"], one["answer"]) for one in kept] == [
        ("answered", "", "-"),
        ("withdrawn", "", ""),
    ]


def _objected(day: Day, name: str) -> UUID:
    person = day.place.volunteer(name)
    visit = day.served(person)
    clock.advance(minutes=len(objections.list_objections(day.place.admin.actor)))
    return objections.raise_objection(person.actor, visit.id, Grievance.WAITING).id


def _ids(views: list[objections.ObjectionView]) -> list[UUID]:
    return [view.objection.id for view in views]


def _live_stamp(person: Neighbour) -> UUID:
    [view] = queue.list_checkins(person.actor)
    assert view.decided is not None
    return view.decided.stamp.id


def _points(person: Neighbour) -> int:
    return member_balance(person.community_id, _id(person)).available


def _id(one: Neighbour) -> UUID:
    assert one.member_id is not None
    return one.member_id
