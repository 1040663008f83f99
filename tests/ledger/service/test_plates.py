"""Plates at doors: made for a part at once, each door once a day, its visit ended with a note."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ledger.core import clock
from ledger.core.db import db
from ledger.core.errors import Forbidden, NotFound, WrongState
from ledger.core.tenancy import Role, load
from ledger.people.errors import UnitInUse
from ledger.people.units import end_unit
from ledger.service import plates, queue
from ledger.service.checkins import Kind, Via, record_checkin
from ledger.service.codes import read_scan
from ledger.service.errors import (
    DuplicateCheckin,
    ForeignPlate,
    NoOpenVisit,
    NoteRequired,
    NotStanding,
    OtherCommunity,
    PlateMisplaced,
    PlateRetired,
    UnknownCode,
)
from ledger.service.evidence import Review
from ledger.service.models import Checkin, CheckinState, Evidence
from ledger.service.visit_notes import note_of
from tests.ledger.service.day import NINE, Day
from tests.ledger.service.doors import ALL_WELL, LAMP, Doors, open_doors, stand
from tests.stories import open_neighbourhood, street_officer

MINUTES = timedelta(minutes=1)


@pytest.fixture
def doors(day: Day) -> Doors:
    return open_doors(day)


def fresh(visit: Checkin) -> Checkin:
    db.session.expire_all()
    return load(visit.community_id, Checkin, visit.id)


def test_every_entrance_of_the_part_has_a_plate_once(day: Day, doors: Doors):
    assert [(one.number, one.address) for one in doors.plates] == [(1, "1 号楼 1 单元"), (2, "2 号楼 1 单元")]
    assert plates.add_plates_below(day.place.admin.actor, doors.standing.id) == []
    plates.retire_plate(day.place.admin.actor, doors.plates[0].id)
    again = plates.add_plates_below(day.place.coordinator.actor, doors.standing.id)
    assert [(one.number, one.address) for one in again] == [(3, "1 号楼 1 单元")]


def test_a_single_plate_hangs_at_a_door_of_the_part(day: Day, doors: Doors):
    admin, door = day.place.admin.actor, doors.plates[0].unit_id
    made = plates.add_plate(admin, doors.standing.id, door, address="1 号楼 1 单元 301")
    assert (made.number, made.address) == (3, "1 号楼 1 单元 301")
    with pytest.raises(PlateMisplaced):
        plates.add_plate(admin, doors.standing.id, doors.part.id, address="微网格")
    with pytest.raises(NotStanding):
        plates.add_plate(admin, day.activity.id, door, address="门")
    with pytest.raises(Forbidden):
        plates.add_plate(doors.leader.actor, doors.standing.id, door, address="门")
    beside = day.place.staff(Role.COORDINATOR, unit=day.place.grid_beside())
    with pytest.raises(Forbidden):
        plates.retire_plate(beside.actor, made.id)
    with pytest.raises(NotFound):
        plates.retire_plate(open_neighbourhood("北塔社区").admin.actor, made.id)
    with pytest.raises(UnitInUse):
        end_unit(admin, door)


def test_from_door_to_door_each_is_a_visit_of_its_own(doors: Doors):
    first = doors.come(0, NINE)
    assert (first.evidence, first.reasons) == (Evidence.POSTER, [Review.WITHOUT_NOTE])
    assert doors.go(0, NINE + 10 * MINUTES, LAMP).reasons == []
    second = doors.come(1, NINE + 12 * MINUTES)
    doors.go(1, NINE + 20 * MINUTES)
    assert [fresh(one).minutes for one in (first, second)] == [10, 8]
    assert fresh(first).activity_id == fresh(second).activity_id
    assert note_of(fresh(first)) == LAMP


def test_f11_the_same_door_twice_a_day_is_one_visit(doors: Doors):
    doors.come(0, NINE)
    with pytest.raises(DuplicateCheckin):
        doors.come(0, NINE + MINUTES)
    doors.go(0, NINE + 5 * MINUTES)
    grant = read_scan(doors.plates[0].code, nonce="12345678").grant
    ways = (Via(plate_code=doors.plates[0].code), Via(grant=grant))
    for via in ways:
        with pytest.raises(DuplicateCheckin):
            record_checkin(doors.leader.actor, doors.standing.id, kind=Kind.IN, via=via)
    # Another member, and the same one tomorrow, visit it again.
    doors.come(0, NINE + 6 * MINUTES, by=doors.day.place.volunteer("王强"))
    assert doors.come(0, NINE + timedelta(days=1)).state == CheckinState.OPEN


def test_entering_the_next_door_closes_the_one_before_and_lists_it(doors: Doors):
    first = doors.come(0, NINE)
    doors.come(1, NINE + 10 * MINUTES)
    closed = fresh(first)
    assert (closed.state, closed.minutes) == (CheckinState.PENDING, 10)
    assert closed.reasons == [Review.WITHOUT_NOTE, Review.CLOSED_BY_NEXT]
    # The open door is left first; the note of the one before may still come, and may only make it shorter.
    doors.go(1, NINE + 15 * MINUTES)
    late = doors.go(0, NINE + 16 * MINUTES, LAMP)
    assert (late.id, late.minutes, late.reasons) == (first.id, 10, [])


def test_a_visit_at_a_door_ends_with_a_note(doors: Doors):
    visit = doors.come(0, NINE)
    with pytest.raises(NoteRequired):
        doors.go(0, NINE + MINUTES, None)
    with pytest.raises(NoOpenVisit):
        doors.go(1, NINE + MINUTES)
    doors.go(0, NINE + MINUTES)
    assert note_of(fresh(visit)) == ALL_WELL
    with pytest.raises(NoteRequired):
        doors.come(1, NINE + timedelta(days=4), happened_at=NINE + timedelta(hours=2), minutes=10)
    noted_before = doors.come(1, NINE + timedelta(days=4, hours=1), note=LAMP)
    assert doors.go(1, NINE + timedelta(days=4, hours=2), None).id == noted_before.id


def test_a_plate_that_is_retired_foreign_or_unknown_is_refused_by_name(day: Day, doors: Doors):
    clock.move_to(NINE)
    other = stand(day)

    def arrive(code: str) -> None:
        record_checkin(doors.leader.actor, other.id, kind=Kind.IN, via=Via(plate_code=code))

    with pytest.raises(ForeignPlate):
        arrive(doors.plates[0].code)
    plates.retire_plate(day.place.admin.actor, doors.plates[0].id)
    for refused in (arrive, lambda code: read_scan(code, nonce="12345678")):
        with pytest.raises(PlateRetired):
            refused(doors.plates[0].code)
    last = "3" if doors.plates[1].code.endswith("2") else "2"
    with pytest.raises(UnknownCode):
        arrive(doors.plates[1].code[:-1] + last)
    with pytest.raises(OtherCommunity):
        arrive(open_neighbourhood("北塔社区").community.short_code + "-ABCDEFGHJKLM")
    with pytest.raises(WrongState):
        plates.retire_plate(day.place.admin.actor, doors.plates[0].id)


def test_the_address_is_seen_by_the_part_and_by_who_visits(day: Day, doors: Doors):
    visit = doors.come(0, NINE)
    doors.go(0, NINE + MINUTES)

    def door(actor) -> plates.Door | None:
        return queue.see_checkin(actor, visit.id).door

    known, numbered = plates.Door(1, "1 号楼 1 单元"), plates.Door(1, None)
    place = day.place
    assert [door(one) for one in (doors.leader.actor, place.coordinator.actor, place.stamper.actor)] == [known] * 3
    assert door(place.supervisor.actor) == numbered
    street = street_officer(place.community)
    assert door(street.actor) == numbered
    for nobody in (doors.leader.actor, street.actor, place.supervisor.actor):
        with pytest.raises(Forbidden):
            plates.list_plates(nobody)
    beside = place.staff(Role.COORDINATOR, unit=place.grid_beside())
    assert plates.list_plates(beside.actor) == []
    with pytest.raises(Forbidden):
        plates.see_plate(beside.actor, doors.plates[0].id)
    assert [one.plate.number for one in plates.list_plates(place.coordinator.actor)] == [1, 2]
