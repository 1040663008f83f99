"""Reversals by hand: who may take which step, who sees what, and what happens at the same moment."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from ledger.book.codes import Code
from ledger.book.errors import NotReversible, OverReversed, OwnReversal
from ledger.book.models import ReversalRequest, ReversalState
from ledger.book.reversal_reading import (
    count_waiting_for,
    list_reversals,
    reversals_of_member,
    see_reversal,
)
from ledger.book.reversal_requests import (
    approve_reversal,
    ask_reversal,
    decline_reversal,
    withdraw_reversal,
)
from ledger.core import clock, workdays
from ledger.core.audit import AuditLine
from ledger.core.db import db
from ledger.core.errors import Forbidden, NotFound, Refused, WrongState
from ledger.core.ids import new_id
from ledger.core.second_person import OwnStep, SecondPersonPresent, count_stand_ins
from ledger.core.tenancy import Role, scoped
from tests.ledger.book.desk import WHY, Desk
from tests.ledger.rewards.street import at_once
from tests.stories import Neighbour, open_neighbourhood, street_officer

S = ReversalState


# Who may.


def test_who_may_take_which_step(desk: Desk, lin: Neighbour) -> None:
    place, award = desk.street.place, desk.award(lin, 10)
    outsiders = (lin, place.coordinator, place.stamper, place.supervisor, desk.street.owner, desk.street.clerk)
    for person in (*outsiders, desk.treasurer, street_officer(place.community)):
        with pytest.raises(Forbidden):
            desk.ask(award, by=person)
    request = desk.ask(award)
    for person in outsiders:
        with pytest.raises(Forbidden):
            desk.approve(request, by=person)
        with pytest.raises(Forbidden):
            decline_reversal(person.actor, request.id, note="不")


def test_the_street_is_the_second_person_only_after_two_working_days(desk: Desk, lin: Neighbour) -> None:
    officer = street_officer(desk.street.place.community)
    request, other = desk.ask(desk.award(lin, 10)), desk.ask(desk.award(lin, 10))
    assert count_waiting_for(officer.actor) == 0
    with pytest.raises(SecondPersonPresent):
        desk.approve(request, by=officer)
    with pytest.raises(SecondPersonPresent):
        decline_reversal(officer.actor, other.id, note="不")
    last_day = workdays.add_workdays(clock.today(), 2)
    clock.move_to(clock.start_of_day(last_day + timedelta(days=1)) - timedelta(seconds=1))
    with pytest.raises(SecondPersonPresent):
        desk.approve(request, by=officer)
    clock.advance(seconds=1)
    assert count_waiting_for(officer.actor) == 2
    desk.approve(request, by=officer)
    decline_reversal(officer.actor, other.id, note="不")
    query = scoped(desk.id, AuditLine).where(AuditLine.actor_id == officer.person_id)
    assert [line.detail["stood_in"] for line in db.session.scalars(query)] == [True, True]
    assert count_stand_ins(desk.id) == {"second_reversal": 2}


def test_the_communitys_own_second_person_is_no_stand_in(desk: Desk, lin: Neighbour) -> None:
    desk.approve(desk.ask(desk.award(lin, 10)))
    assert count_stand_ins(desk.id) == {}


def test_a_stranger_finds_neither_transfer_nor_request(desk: Desk, lin: Neighbour) -> None:
    elsewhere = open_neighbourhood("北塔社区")
    award = desk.award(lin, 10)
    request = desk.ask(award)
    for call in (
        lambda: desk.ask(award, by=elsewhere.admin),
        lambda: desk.approve(request, by=elsewhere.treasurer),
        lambda: decline_reversal(elsewhere.treasurer.actor, request.id, note="不"),
        lambda: withdraw_reversal(elsewhere.admin.actor, request.id),
        lambda: see_reversal(elsewhere.admin.actor, request.id),
    ):
        with pytest.raises(NotFound):
            call()
    assert list_reversals(elsewhere.admin.actor) == []


def test_refusals_come_in_the_order_of_the_house(desk: Desk, lin: Neighbour) -> None:
    desk.award(lin, 20)
    desk.street.buy(lin)
    with pytest.raises(NotFound):
        desk.ask(new_id(), by=lin)
    with pytest.raises(Forbidden):
        desk.ask(desk.newest(Code.REDEEM), by=desk.treasurer)
    with pytest.raises(NotReversible):
        desk.ask(desk.newest(Code.REDEEM), 0)
    request = desk.ask(desk.newest(Code.AWARD))
    withdraw_reversal(desk.admin.actor, request.id)
    with pytest.raises(WrongState):
        desk.approve(request, by=desk.admin)


# Who sees.


def test_a_member_sees_what_was_taken_back_from_them_and_nothing_else(desk: Desk, lin: Neighbour) -> None:
    other = desk.street.volunteer(0, "赵桂英")
    posted, waiting = desk.take(desk.award(lin, 10), 4), desk.ask(desk.award(lin, 10))
    desk.take(desk.award(other, 10))
    assert [request.id for request, _ in list_reversals(lin.actor)] == [posted.id]
    assert [request.id for request, _ in reversals_of_member(lin.actor)] == [posted.id]
    assert see_reversal(lin.actor, posted.id)[0].reason == WHY
    with pytest.raises(Forbidden):
        see_reversal(lin.actor, waiting.id)
    for person in (desk.street.owner, desk.street.clerk):
        with pytest.raises(Forbidden):
            list_reversals(person.actor)
        assert reversals_of_member(person.actor) == []


def test_staff_see_all_requests_by_state_and_in_pages(desk: Desk, lin: Neighbour) -> None:
    award = desk.award(lin, 10)
    first, second, third = (desk.ask(award, 2) for _ in range(3))
    desk.approve(second)
    officer = street_officer(desk.street.place.community)
    for person in (desk.admin, desk.treasurer, desk.street.place.supervisor, officer):
        assert [request.id for request, _ in list_reversals(person.actor)] == [third.id, second.id, first.id]
    actor = desk.admin.actor
    assert [one.id for one, _ in list_reversals(actor, status=S.POSTED)] == [second.id]
    assert [one.id for one, _ in list_reversals(actor, after=third.id, limit=1)] == [second.id]
    assert [one.id for one, _ in list_reversals(actor, transfer_id=new_id())] == []


def test_the_pile_holds_what_one_may_decide(desk: Desk, lin: Neighbour) -> None:
    desk.ask(desk.award(lin, 10))
    counts = [count_waiting_for(who.actor) for who in (desk.admin, desk.treasurer, desk.street.place.supervisor, lin)]
    assert counts == [0, 1, 0, 0]


# At the same moment.


def outcomes(results: list[Any]) -> list[str]:
    return sorted(result if isinstance(result, str) else "done" for result in results)


def test_eight_approvals_at_once_take_back_once(context: Flask, desk: Desk, lin: Neighbour) -> None:
    request = desk.ask(desk.award(lin, 10), 6)
    actor = desk.treasurer.actor
    results = at_once(context, [lambda: approve_reversal(actor, request.id)] * 8)
    assert outcomes(results) == ["done", *["wrong_state"] * 7]
    assert desk.figures(lin) == (4, 0, 4)


def test_eight_requests_at_once_together_ask_for_no_more_than_there_is(
    context: Flask, desk: Desk, lin: Neighbour
) -> None:
    award, actor = desk.award(lin, 10), desk.admin.actor
    results = at_once(context, [lambda: ask_reversal(actor, award, amount=4, reason=WHY)] * 8)
    assert outcomes(results) == ["done", "done", *["over_reversed"] * 6]
    asked = db.session.scalars(select(ReversalRequest.amount).where(ReversalRequest.transfer_id == award)).all()
    assert sum(asked) == 8


def test_approving_and_withdrawing_at_once_ends_in_one_of_both(context: Flask, desk: Desk, lin: Neighbour) -> None:
    request = desk.ask(desk.award(lin, 10))
    first, second = desk.admin.actor, desk.treasurer.actor
    results = at_once(
        context, [lambda: withdraw_reversal(first, request.id), lambda: approve_reversal(second, request.id)] * 4
    )
    assert outcomes(results) == ["done", *["wrong_state"] * 7]
    state = see_reversal(first, request.id)[0].state
    assert desk.figures(lin)[0] == (0 if state == S.POSTED else 10)


def test_refusals_are_final_and_remembered() -> None:
    assert all(issubclass(reason, Refused) for reason in (NotReversible, OverReversed, OwnStep))


def test_nobody_approves_that_their_own_donation_comes_back(desk: Desk) -> None:
    desk.award(desk.treasurer, 20)
    request = desk.ask(desk.donation(desk.treasurer, 20))
    with pytest.raises(OwnReversal):
        desk.approve(request)
    other = desk.street.place.staff(Role.TREASURER)
    assert desk.approve(request, by=other).state == S.POSTED
