"""Visit notes: read by who wrote them and by staff of that part; open until what they ask for is done."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from ledger.core import audit, registry
from ledger.core.db import db
from ledger.core.errors import Forbidden, NotFound, WrongState
from ledger.core.tenancy import Role, load
from ledger.service import queue, visit_notes
from ledger.service.models import Checkin, FollowUp
from tests.ledger.service.day import NINE, Day
from tests.ledger.service.doors import ALL_WELL, LAMP, Doors, open_doors
from tests.stories import open_neighbourhood, street_officer

MINUTES = timedelta(minutes=1)


@pytest.fixture
def doors(day: Day) -> Doors:
    return open_doors(day)


def visit(doors: Doors, door: int = 0, note: visit_notes.VisitNote = LAMP) -> Checkin:
    doors.come(door, NINE + 20 * door * MINUTES)
    return doors.go(door, NINE + (20 * door + 10) * MINUTES, note)


def test_a_note_is_sealed_and_read_by_the_writer_and_the_part(day: Day, doors: Doors):
    noted, place = visit(doors), day.place
    kept = json.dumps(load(place.id, Checkin, noted.id).note, ensure_ascii=False)
    assert "灯" not in kept
    readers = (doors.leader, place.coordinator, place.stamper, place.admin)
    assert [queue.see_checkin(one.actor, noted.id).note for one in readers] == [LAMP] * 4
    others = (place.supervisor, street_officer(place.community))
    assert [queue.see_checkin(one.actor, noted.id).note for one in others] == [None, None]


def test_open_follow_ups_are_listed_for_the_part_and_done_once(day: Day, doors: Doors):
    asks, all_well = visit(doors), visit(doors, 1, ALL_WELL)
    place = day.place
    open_ones = visit_notes.list_notes(place.coordinator.actor, follow_up=FollowUp.OPEN)
    assert [(one.checkin.id, one.note, one.plate.number) for one in open_ones] == [(asks.id, LAMP, 1)]
    everything = visit_notes.list_notes(place.stamper.actor)
    assert len(audit.list_lines(place.admin.actor, wanted=audit.LineFilter(action="service.read_notes"))) == 2
    assert [one.checkin.id for one in everything] == [all_well.id, asks.id]
    beside = place.staff(Role.COORDINATOR, unit=place.grid_beside())
    assert visit_notes.list_notes(beside.actor) == []
    for nobody in (doors.leader, place.supervisor):
        with pytest.raises(Forbidden):
            visit_notes.list_notes(nobody.actor)
    with pytest.raises(Forbidden):
        visit_notes.close_follow_up(beside.actor, asks.id)
    with pytest.raises(NotFound):
        visit_notes.close_follow_up(open_neighbourhood("北塔社区").admin.actor, asks.id)
    done = visit_notes.close_follow_up(place.coordinator.actor, asks.id)
    assert (done.follow_up, done.followed_up_by) == (FollowUp.DONE, place.coordinator.actor.person_id)
    for closed in (asks, all_well):
        with pytest.raises(WrongState):
            visit_notes.close_follow_up(place.coordinator.actor, closed.id)


def test_a_note_goes_with_the_writers_data_and_is_erased_with_it(day: Day, doors: Doors):
    noted, writer = visit(doors), doors.leader.actor.person_id
    told = registry.exporters["visit notes"](writer)["visit_notes"]
    assert [(one["category"], one["need"], one["follow_up"]) for one in told] == [
        ("elders", "楼道灯不亮", "周三带电工来")
    ]
    assert registry.exporters["visit notes"](day.place.coordinator.actor.person_id)["visit_notes"] == []
    registry.erasers["visit notes"](writer)
    db.session.expire_all()
    left = load(day.place.id, Checkin, noted.id)
    assert (left.note, left.noted_by, left.follow_up) == (None, None, None)
    assert visit_notes.list_notes(day.place.admin.actor) == []
