"""A service of every day in a micro-grid with two buildings, plates at their entrances, and its leader."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ledger.core import clock
from ledger.people.models import PlaceUnit, UnitKind
from ledger.people.units import add_unit
from ledger.service.activities import ActivityPlan
from ledger.service.checkins import Kind, Via, record_checkin
from ledger.service.models import NO_END, Activity, Checkin, NoteCategory, Plate
from ledger.service.plates import add_plates_below
from ledger.service.standing import Daily, open_standing
from ledger.service.visit_notes import VisitNote
from tests.ledger.service.day import NINE, Day
from tests.stories import Neighbour

LAMP = VisitNote(NoteCategory.ELDERS, "楼道灯不亮", "周三带电工来")
ALL_WELL = VisitNote(NoteCategory.ALL_WELL)

EIGHT, SIX = 8 * 60, 18 * 60


@dataclass
class Doors:
    """The micro-grid, its daily service from eight to six, its plates in order, and who goes from door to door."""

    day: Day
    part: PlaceUnit
    standing: Activity
    plates: list[Plate]
    leader: Neighbour

    def scan(self, kind: Kind, door: int, at: datetime, **more: Any) -> Checkin:
        """The leader (or `by`) scans the plate of a door; the clock stands at that moment."""
        clock.move_to(at)
        person: Neighbour = more.pop("by", self.leader)
        via = Via(plate_code=self.plates[door].code)
        return record_checkin(person.actor, self.standing.id, kind=kind, via=via, **more)

    def come(self, door: int, at: datetime, **more: Any) -> Checkin:
        return self.scan(Kind.IN, door, at, **more)

    def go(self, door: int, at: datetime, note: VisitNote | None = ALL_WELL, **more: Any) -> Checkin:
        return self.scan(Kind.OUT, door, at, note=note, **more)


def stand(day: Day, *, opens: int = EIGHT, closes: int = SIX, unit: PlaceUnit | None = None) -> Activity:
    """A service of every day from today on."""
    plan = ActivityPlan(name="每日走访", place="微网格内", starts_at=NINE, ends_at=NO_END)
    return open_standing(
        day.place.admin.actor,
        day.programme.id,
        unit_id=(unit or day.place.grid).id,
        plan=plan,
        daily=Daily(opens_minute=opens, closes_minute=closes),
    )


def open_doors(day: Day) -> Doors:
    admin = day.place.admin.actor
    part = add_unit(admin, "微网格 01", kind=UnitKind.MICRO_GRID, parent_id=day.place.grid.id)
    for building in ("1 号楼", "2 号楼"):
        found = add_unit(admin, building, kind=UnitKind.BUILDING, parent_id=part.id)
        add_unit(admin, "1 单元", kind=UnitKind.ENTRANCE, parent_id=found.id)
    standing = stand(day, unit=part)
    return Doors(day, part, standing, add_plates_below(admin, standing.id), day.place.volunteer("沙桂兰"))
