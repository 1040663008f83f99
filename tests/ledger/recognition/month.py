"""November in a neighbourhood with a service and a shop: what a summary tells of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID

from ledger.core import clock
from ledger.people.consents import give
from ledger.people.models import Purpose
from ledger.service.activities import ActivityPlan, plan_activity
from ledger.service.models import Basis, Decision
from ledger.service.programmes import RuleTerms, create_programme
from ledger.service.stamps import stamp_checkins
from tests.ledger.rewards.street import Street, open_street
from tests.ledger.service.day import ELEVEN, NINE, Day
from tests.openings import told_once
from tests.stories import Neighbour

NOVEMBER = date(2026, 11, 1)
DECEMBER = datetime(2026, 11, 30, 16, 0, tzinfo=UTC)
"""The first moment of December in Yinchuan."""


@dataclass
class Month:
    """The street and its day of service, of one neighbourhood."""

    street: Street
    day: Day

    @property
    def id(self) -> UUID:
        return self.street.id

    @property
    def admin(self) -> Neighbour:
        return self.street.place.admin

    @property
    def supervisor(self) -> Neighbour:
        return self.street.place.supervisor

    def serve(self, *people: Neighbour) -> list[UUID]:
        """Each served two hours and was stamped for 10 points; the stamps' ids."""
        visits = [self.day.served(person) for person in people]
        asked = [visit.id for visit in visits]
        batch = stamp_checkins(self.street.place.stamper.actor, asked, decision=Decision.STAMP)
        found = [one.stamp_id for one in batch.results]
        assert None not in found, [one.code for one in batch.results]
        return [one for one in found if one is not None]

    def volunteers(self, *names: str, published: bool = False) -> list[Neighbour]:
        found = [self.street.place.volunteer(name) for name in names]
        if published:
            for one in found:
                give(one.person_id, [Purpose.PUBLICATION])
        return found

    def in_december(self, **later: float) -> None:
        """The clock stands a moment after November."""
        clock.move_to(DECEMBER)
        clock.advance(seconds=1, **later)


@told_once
def open_month() -> Month:
    """Eight in the morning of 20 November; an activity from nine to eleven earns 5 points an hour."""
    street = open_street(at=NINE.replace(hour=0))
    admin = street.place.admin.actor
    programme = create_programme(admin, "巡逻", terms=RuleTerms(Basis.PER_HOUR, points=5)).programme
    plan = ActivityPlan(name="早间巡逻", place="东门", starts_at=NINE, ends_at=ELEVEN)
    activity = plan_activity(admin, programme.id, unit_id=street.place.grid.id, plan=plan)
    return Month(street, Day(street.place, programme, activity))
