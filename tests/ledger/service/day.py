"""A day of service for tests: a programme, an activity from 9 to 11 in the grid, and the ways to serve at it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from ledger.core import clock
from ledger.people.models import PlaceUnit
from ledger.service import codes
from ledger.service.activities import ActivityPlan, plan_activity
from ledger.service.checkins import Kind, Via, record_checkin
from ledger.service.models import Activity, Basis, Checkin, Decision, Programme
from ledger.service.programmes import RuleTerms, create_programme
from ledger.service.stamps import stamp_checkins
from tests.openings import told_once
from tests.stories import Neighbour, Neighbourhood, open_neighbourhood

NINE = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)
"""Friday, nine in the morning in Yinchuan."""
ELEVEN = NINE + timedelta(hours=2)
SECOND = timedelta(seconds=1)

PLACE_E6 = (38_486_000, 106_278_000)


@dataclass
class Day:
    """A neighbourhood with the programme "patrol" (5 an hour) and its activity, from NINE to ELEVEN."""

    place: Neighbourhood
    programme: Programme
    activity: Activity

    def another_activity(self, *, unit: PlaceUnit | None = None, **plan: Any) -> Activity:
        asked = {"name": "送餐", "place": "食堂", "starts_at": NINE, "ends_at": ELEVEN} | plan
        return plan_activity(
            self.place.admin.actor,
            self.programme.id,
            unit_id=(unit or self.place.grid).id,
            plan=ActivityPlan(**asked),
        )

    def arrive(
        self, person: Neighbour, at: datetime | None = None, *, to: Activity | None = None, **more: Any
    ) -> Checkin:
        """The person checks in with the poster, the clock standing at that moment."""
        return self._by_poster(person, Kind.IN, at, to or self.activity, more)

    def leave(
        self, person: Neighbour, at: datetime | None = None, *, to: Activity | None = None, **more: Any
    ) -> Checkin:
        return self._by_poster(person, Kind.OUT, at, to or self.activity, more)

    def _by_poster(
        self, person: Neighbour, kind: Kind, at: datetime | None, activity: Activity, more: dict[str, Any]
    ) -> Checkin:
        if at is not None:
            clock.move_to(at)
        via = more.pop("via", None) or Via(poster_code=activity.poster_code)
        return record_checkin(person.actor, activity.id, kind=kind, via=via, **more)

    def served(self, person: Neighbour, *, to: Activity | None = None) -> Checkin:
        """The person served the whole activity and waits for the stamp."""
        self.arrive(person, NINE, to=to)
        return self.leave(person, ELEVEN, to=to)

    def served_late(self, person: Neighbour) -> Checkin:
        """The person enters the service four days afterwards."""
        clock.move_to(ELEVEN + timedelta(days=4))
        return self.arrive(person, happened_at=NINE, minutes=120)

    def stamped(self, person: Neighbour, by: Neighbour | None = None) -> UUID:
        """The person served, and the stamper stamped it: the stamp's id."""
        visit = self.served(person)
        return self.stamp([visit.id], by=by)

    def stamp(self, checkin_ids: list[UUID], *, by: Neighbour | None = None) -> UUID:
        batch = stamp_checkins((by or self.place.stamper).actor, checkin_ids, decision=Decision.STAMP)
        stamp_id = batch.results[0].stamp_id
        assert stamp_id is not None, batch.results[0].code
        return stamp_id

    def live_code(self, at: datetime, *, of: Activity | None = None) -> str:
        return codes.live_code_at(of or self.activity, codes.step_of(at))


@told_once
def open_day(**plan: Any) -> Day:
    """The clock stands at eight in the morning; an activity from nine to eleven is planned in the grid."""
    clock.move_to(NINE - timedelta(hours=1))
    place = open_neighbourhood()
    terms = RuleTerms(Basis.PER_HOUR, points=5)
    programme = create_programme(place.admin.actor, "巡逻", terms=terms).programme
    latitude, longitude = PLACE_E6
    asked = {
        "name": "早间巡逻",
        "place": "东门",
        "starts_at": NINE,
        "ends_at": ELEVEN,
        "latitude_e6": latitude,
        "longitude_e6": longitude,
    }
    activity = plan_activity(
        place.admin.actor, programme.id, unit_id=place.grid.id, plan=ActivityPlan(**(asked | plan))
    )
    return Day(place, programme, activity)
