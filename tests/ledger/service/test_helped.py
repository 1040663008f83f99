"""Checking in for somebody else: owner and actor on the record, the member told, and nobody stamps what they helped."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from ledger.core import clock
from ledger.core.audit import AuditLine
from ledger.core.db import db
from ledger.core.errors import Forbidden, NotFound
from ledger.core.tenancy import Role
from ledger.people import helping, inbox
from ledger.people.helping_models import HelperLink, Relation
from ledger.service import queue
from ledger.service.checkins import Via
from ledger.service.errors import OwnHousehold, RecordedByYou
from ledger.service.models import CheckinState, Decision
from ledger.service.stamps import stamp_checkins
from tests.ledger.service.day import ELEVEN, NINE, Day, open_day
from tests.stories import Neighbour, Neighbourhood, open_neighbourhood


@pytest.fixture
def day(context: Flask) -> Iterator[Day]:
    try:
        yield open_day()
    finally:
        clock.move_to(None)


@pytest.fixture
def lin(day: Day) -> Neighbour:
    return day.place.volunteer("林秀芳")


def helper_of(place: Neighbourhood, member: Neighbour, helper: Neighbour) -> HelperLink:
    """The helper acts for the member from now on."""
    link = place.helper_link(member, helper, Relation.CHILD)
    return helping.agree(helper.actor, link.id)


@pytest.fixture
def daughter(day: Day, lin: Neighbour) -> Neighbour:
    helper = day.place.volunteer("林小燕")
    helper_of(day.place, lin, helper)
    return helper


def told(person: Neighbour) -> list[tuple[str, str]]:
    """What the person reads, newest first: the kind and who acted."""
    return [(seen.notice.kind, seen.by_name) for seen in inbox.list_notices(person.actor)][:2]


def code_of(day: Day, visit_id: UUID, stamper: Neighbour) -> str | None:
    return stamp_checkins(stamper.actor, [visit_id], decision=Decision.STAMP).results[0].code


def test_owner_and_helper_are_both_on_the_visit_and_the_member_is_told(day, lin, daughter):
    visit = day.arrive(daughter, NINE, on_behalf_of=lin.member_id)
    assert (visit.member_id, visit.recorded_by, visit.on_behalf_of) == (
        lin.member_id,
        daughter.person_id,
        lin.person_id,
    )
    left = day.leave(daughter, ELEVEN, on_behalf_of=lin.member_id)
    assert (left.id, left.closed_by, left.state) == (visit.id, daughter.person_id, CheckinState.PENDING)
    assert told(lin) == [("checkin.helped_out", "林小燕"), ("checkin.helped_in", "林小燕")]


def test_both_lines_of_the_audit_name_the_owner(day, lin, daughter):
    day.arrive(daughter, NINE, on_behalf_of=lin.member_id)
    day.leave(daughter, ELEVEN, on_behalf_of=lin.member_id)
    lines = select(AuditLine.action, AuditLine.on_behalf_of).where(
        AuditLine.actor_id == daughter.person_id, AuditLine.action.startswith("service.")
    )
    assert dict(db.session.execute(lines).tuples().all()) == {
        "service.check_in": lin.person_id,
        "service.check_out": lin.person_id,
    }


def test_the_list_says_who_acted_to_the_member_the_helper_and_staff(day, lin, daughter):
    visit = day.arrive(daughter, NINE, on_behalf_of=lin.member_id)
    for reader in (lin, daughter, day.place.stamper):
        assert queue.see_checkin(reader.actor, visit.id).acted_by == ["林小燕"]
        assert [one.acted_by for one in queue.list_checkins(reader.actor)] == [["林小燕"]]


def test_ones_own_visit_names_nobody_else_and_a_scan_names_the_coordinator(day, lin):
    own = day.served(lin)
    assert queue.see_checkin(lin.actor, own.id).acted_by == []
    scanned = day.arrive(day.place.coordinator, NINE, via=Via(member_id=day.place.volunteer("王强").member_id))
    assert queue.see_checkin(day.place.coordinator.actor, scanned.id).acted_by == ["coordinator同志"]


def test_a_scan_by_the_coordinator_is_no_helping_and_tells_nothing(day, lin):
    day.arrive(day.place.coordinator, NINE, via=Via(member_id=lin.member_id))
    assert told(lin) == []


def test_staff_act_for_members_of_their_part_only(day, lin):
    assert day.arrive(day.place.coordinator, NINE, on_behalf_of=lin.member_id).on_behalf_of == lin.person_id
    assert told(lin)[0] == ("checkin.helped_in", "coordinator同志")
    beside = day.place.staff(Role.COORDINATOR, unit=day.place.grid_beside())
    with pytest.raises(Forbidden):
        day.arrive(beside, NINE, on_behalf_of=day.place.volunteer("王强").member_id)


def test_an_ended_link_is_refused_at_once_and_a_stranger_is_not_found(day, lin, daughter):
    [view] = helping.helpers_of(lin.actor, lin.member_id)
    helping.end_help(lin.actor, view.link.id)
    with pytest.raises(Forbidden):
        day.arrive(daughter, NINE, on_behalf_of=lin.member_id)
    with pytest.raises(NotFound):
        day.arrive(daughter, NINE, on_behalf_of=open_neighbourhood("北塔社区").admin.member_id)


def test_a_helper_sees_the_services_of_whom_they_help_while_they_help(day, lin, daughter):
    visit = day.served(lin)
    assert [one.checkin.id for one in queue.list_checkins(daughter.actor)] == [visit.id]
    assert queue.see_checkin(daughter.actor, visit.id).member_name == "林秀芳"
    [view] = helping.helpers_of(lin.actor, lin.member_id)
    helping.end_help(daughter.actor, view.link.id)
    assert queue.list_checkins(daughter.actor) == []
    with pytest.raises(Forbidden):
        queue.see_checkin(daughter.actor, visit.id)


@pytest.mark.parametrize("step", ["in", "out"])
def test_nobody_stamps_what_they_recorded_as_a_relative_not_even_after_the_link_has_ended(day, lin, step):
    stamper = day.place.stamper
    link = helper_of(day.place, lin, stamper)
    day.arrive(stamper if step == "in" else lin, NINE, **({"on_behalf_of": lin.member_id} if step == "in" else {}))
    who = stamper if step == "out" else lin
    visit = day.leave(who, ELEVEN, **({"on_behalf_of": lin.member_id} if step == "out" else {}))
    helping.end_help(lin.actor, link.id)
    assert code_of(day, visit.id, stamper) == RecordedByYou.code
    assert code_of(day, visit.id, day.place.admin) is None


def test_nobody_stamps_for_a_relative_whom_they_help(day, lin):
    stamper = day.place.stamper
    helper_of(day.place, lin, stamper)
    visit = day.served(lin)
    assert code_of(day, visit.id, stamper) == OwnHousehold.code


def test_what_a_helper_enters_late_takes_two_stampers_like_the_members_own(day, lin, daughter):
    clock.move_to(ELEVEN + timedelta(days=4))
    visit = day.arrive(daughter, happened_at=NINE, minutes=120, on_behalf_of=lin.member_id)
    first = stamp_checkins(day.place.stamper.actor, [visit.id], decision=Decision.STAMP)
    assert first.results[0].status == CheckinState.AWAITING_SECOND
    second = stamp_checkins(day.place.admin.actor, [visit.id], decision=Decision.STAMP)
    assert second.results[0].status == CheckinState.STAMPED
