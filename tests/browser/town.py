"""The street of the rewards' tests with a service on it: what a day from the poster to the bakery needs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from ledger.service.activities import ActivityPlan, plan_activity
from ledger.service.models import Activity, Basis
from ledger.service.programmes import RuleTerms, create_programme
from tests.ledger.rewards.street import NOON, Street, open_street


@dataclass
class Town:
    """A bakery with a loaf for 20 flowers, and a patrol from noon to two that earns 20 an hour."""

    street: Street
    patrol: Activity

    @property
    def poster(self) -> str:
        """The address on the patrol's poster."""
        return f"/q/{self.patrol.poster_code}"

    @property
    def shop_poster(self) -> str:
        """The address on the bakery's counter."""
        return f"/s/{self.street.poster.code}"


def open_town() -> Town:
    """Friday noon; everything is agreed, approved and planned."""
    street = open_street()
    place = street.place
    programme = create_programme(place.admin.actor, "巡逻", terms=RuleTerms(Basis.PER_HOUR, points=20)).programme
    plan = ActivityPlan(
        name="东门巡逻",
        place="东门",
        starts_at=NOON,
        ends_at=NOON + timedelta(hours=2),
        instructions="两人一组，沿围墙走一圈，看看楼道有没有杂物。",
    )
    return Town(street, plan_activity(place.admin.actor, programme.id, unit_id=place.grid.id, plan=plan))
