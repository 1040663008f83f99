"""`python -m bench.county [--seconds 600]`: a county on one box, its scans, its shops, its settlement night.

All who live there are read from files by the house's own import, with their points; last week's redemptions are made by
the verbs. Then a process of its own sends each kind of day in turn for a third of the time, and the books are checked.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import func, select, text

from bench import houses, soak
from bench.importing import HEADINGS, take
from bench.neighbourhood import Place, Shop, Volunteer, open_shops, volunteer_of
from bench.soak import Memory, Ticks, Written, requests_of
from ledger.book.checking import run_checks
from ledger.core import clock
from ledger.core.db import atomic, db
from ledger.core.tenancy import scoped, within
from ledger.people import units
from ledger.people.models import Member, UnitKind
from ledger.rewards import redemptions
from ledger.service.models import Basis
from ledger.service.programmes import RuleTerms, create_programme
from ledger.settlement.models import Settlement
from tests.stories import Neighbourhood, next_phone, open_neighbourhood

SHOPS, ACTIVITIES, PHONES = 3, 13, 24
"""Of each community: shops, activities that are on, and people who hold a phone during the load."""

POINTS, MINUTES, A_HOME = 1_000, 60, 3
DAYS_OF_SHOPPING, MINUTES_A_DAY = 4, 11 * 60


@dataclass(frozen=True, slots=True)
class Size:
    """How large a county is, and how much of it is settled here."""

    communities: int = 44
    compounds: int = 219
    buildings: int = 1_634
    leaders: int = 5_326
    people: int = 73_000

    def part(self, communities: int) -> Size:
        """A county of fewer communities, each as large as those of the whole."""
        return Size(*(round(of * communities / self.communities) for of in self.figures))

    def shares(self) -> Iterator[Size]:
        """Community by community; what does not divide goes to the first ones."""
        for number in range(self.communities):
            yield Size(*(of // self.communities + (number < of % self.communities) for of in self.figures))

    @property
    def figures(self) -> tuple[int, ...]:
        return self.communities, self.compounds, self.buildings, self.leaders, self.people


class Asked(NamedTuple):
    """What the busiest day asks of a box, derived from docs/scale.md: requests a second, and lines a second at night.

    A person serves 20 times a year. The busiest day has ten times the visits of a mean one, and half of them fall into
    one hour. A visit is two requests (in, out), so is a redemption (reserve, confirm), and the busiest hour of the
    shops has as many. A week has the 52nd part of the year's redemptions, and the night closes it in one hour.
    """

    requests: float
    lines: float

    @classmethod
    def by(cls, people: int) -> Asked:
        visits = people * 20
        return cls(requests=visits / 365 * 10 / 2 * 2 / 3600, lines=visits / 52 / 3600)


class Phase(NamedTuple):
    """A kind of day: its errands in turn; during `night` the clock's work is done beside them."""

    name: str
    errands: tuple[str, ...]
    is_night: bool = False


DAYS = (
    Phase("scan peak", ("visit", "visit", "look")),
    Phase("redemption day", ("redeem", "redeem", "look")),
    Phase("settlement night", ("look",), is_night=True),
)


def main() -> int:
    asked = _arguments()
    started = time.monotonic()

    def tell(words: str) -> None:
        print(f"[{time.monotonic() - started:4.0f} s] {words}", file=sys.stderr, flush=True)

    with ExitStack() as stack:
        url = stack.enter_context(houses.postgresql())
        app = houses.house_on(url)
        stack.enter_context(app.app_context())
        size = Size().part(asked.communities)
        places = settle_county(size, bought=asked.bought, tell=tell)
        return load(url, places, size, seconds=asked.seconds, errands=asked.errands, tell=tell)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.county", description="A county's busiest days on one box.")
    parser.add_argument("--seconds", type=int, default=600, help="of load, a third for each kind of day")
    parser.add_argument("--errands", type=float, default=12.0, help="a second; each is two requests")
    parser.add_argument("--communities", type=int, default=Size().communities, help="fewer: a part of the county")
    parser.add_argument("--bought", type=int, default=120, help="redemptions of last week in each community")
    return parser.parse_args()


def settle_county(size: Size, *, bought: int, tell: Callable[[str], None]) -> list[Place]:
    """Every community with all who live in it, its shops and a week of redemptions that waits to be closed."""
    last_week, _ = clock.week_bounds(clock.week_of(clock.now() - timedelta(days=7)))
    places = []
    for number, share in enumerate(size.shares(), start=1):
        with clock.set_to(last_week):
            place = _settle_community(number, share)
        _sign_in(place)
        _buy(place, last_week, bought)
        db.session.remove()
        places.append(place)
        tell(f"community {number} of {size.communities}: {share.people:,} people")
    with db.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("VACUUM ANALYZE"))
    return places


def _settle_community(number: int, share: Size) -> Place:
    neighbourhood = open_neighbourhood(f"第{number}社区")
    buildings = _build(neighbourhood, share)
    rows = [(f"居民{n}", next_phone(), buildings[n % len(buildings)], n) for n in range(share.people)]
    folk = [f"{name},{phone},{at},{n // A_HOME},{'楼栋长' if n < share.leaders else ''}" for name, phone, at, n in rows]
    take(neighbourhood, "members", "\n".join([HEADINGS["members"], *folk]).encode())
    opened = [f"{name},{phone},{POINTS},{MINUTES}" for name, phone, _, _ in rows]
    take(neighbourhood, "openings", "\n".join([HEADINGS["openings"], *opened]).encode())
    terms = RuleTerms(Basis.PER_VISIT, points=10)
    programme = create_programme(neighbourhood.admin.actor, "巡逻", terms=terms).programme
    return Place(neighbourhood, programme, [], open_shops(neighbourhood, SHOPS))


@atomic
def _build(neighbourhood: Neighbourhood, share: Size) -> list[str]:
    """The compounds, and in turn the building groups below them: how a file names these."""
    admin, root = neighbourhood.admin.actor, neighbourhood.root
    compounds = [
        units.add_unit(admin, f"小区{n}", kind=UnitKind.COMPOUND, parent_id=root.id) for n in range(share.compounds)
    ]
    named = []
    for n in range(share.buildings):
        above = compounds[n % len(compounds)]
        units.add_unit(admin, f"楼组{n}", kind=UnitKind.BUILDING, parent_id=above.id)
        named.append(f"{above.name}/楼组{n}")
    return named


@atomic
def _sign_in(place: Place) -> None:
    """So many of them have a phone at hand."""
    query = scoped(place.id, Member.person_id).where(Member.name.like("居民%")).order_by(Member.id).limit(PHONES)
    place.volunteers.extend(volunteer_of(place.id, person_id) for person_id in db.session.scalars(query).all())


def _buy(place: Place, monday: datetime, count: int) -> None:
    """So many loaves on that week's first four days, never many in a minute, by people and at shops in turn."""
    for n in range(count):
        who, shop = place.volunteers[n % PHONES], place.shops[n % SHOPS]
        day, minute = divmod(n * DAYS_OF_SHOPPING * MINUTES_A_DAY // count, MINUTES_A_DAY)
        with clock.set_to(monday + timedelta(days=day, hours=9, minutes=minute, seconds=n % 60)):
            _buy_one(who, shop)


@atomic
def _buy_one(who: Volunteer, shop: Shop) -> None:
    reserved = redemptions.reserve(who.actor, shop.offer_id, way=shop.poster)
    redemptions.confirm(who.actor, reserved.id)


@dataclass
class Told:
    """What a kind of day was found to be like."""

    phase: Phase
    found: dict[str, Any]
    new: Written
    ticks: Ticks

    @property
    def carried(self) -> float:
        """Requests a second that were answered."""
        return requests_of(self.found) / float(self.found["seconds"])

    @property
    def errors(self) -> list[str]:
        return [*self.found["errors"], *self.ticks.faults]

    @property
    def has_all(self) -> bool:
        return self.new == (self.found["confirmed"], self.found["recorded"] / 2)


def load(
    url: str, places: Sequence[Place], size: Size, *, seconds: int, errands: float, tell: Callable[[str], None]
) -> int:
    """The three days one after the other on one house; 1 if anything was not as promised."""
    told: list[Told] = []
    with houses.serving("wsgi:app", url) as (port, master), soak.watched(master) as memory:
        for phase in DAYS:
            tell(phase.name)
            plan = soak.plan_of(
                places, phase.errands, seconds=seconds // len(DAYS), errands=errands, activities=ACTIVITIES
            )
            before = soak.written(places)
            with ExitStack() as beside:
                ticks = beside.enter_context(soak.ticking(url, at_once=True)) if phase.is_night else Ticks()
                found = soak.run_apart(plan | {"port": port})
            told.append(Told(phase, found, soak.written(places) - before, ticks))
    tell("checking the books")
    started = time.perf_counter()
    findings = run_checks()
    print(f"books check: {time.perf_counter() - started:.0f} s, {len(findings)} findings")
    return _report(told, memory, size, lines=_closed_lines(places), findings=len(findings))


def _closed_lines(places: Sequence[Place]) -> int:
    closed = [select(func.sum(Settlement.line_count)).where(within(place.id, Settlement)) for place in places]
    lines = sum(int(db.session.scalar(query) or 0) for query in closed)
    db.session.remove()
    return lines


def _report(told: Sequence[Told], memory: Memory, size: Size, *, lines: int, findings: int) -> int:
    asked = Asked.by(size.people)
    print(f"{size}\nasks {asked.requests:.1f} requests a second in its busiest hour, {asked.lines:.1f} lines at night")
    for one in told:
        print(f"\n{one.phase.name}: {requests_of(one.found)} requests in {one.found['seconds']:.0f} s")
        soak.tell_times(one.found)
        for error in one.errors[:5]:
            print(error)
        if one.phase.is_night:
            first, *others = one.ticks.took
            print(f"first tick: {first:.0f} s, {lines} lines closed; the others: {[round(took) for took in others]} s")
            print(f"one box carried the night of {lines / first / asked.lines:.1f} such counties")
        else:
            print(f"one box carried {one.carried:.1f} a second, {one.carried / asked.requests:.1f} such counties")
    print(
        f"\nmemory: {memory.samples[0]:.0f} MB at the start, {memory.first:.0f} after a minute, {memory.last:.0f} now"
    )
    return soak.tell_promises(
        {
            "no error": not any(one.errors for one in told),
            "every acknowledged write is there once": all(one.has_all for one in told),
            "the week is closed": lines > 0,
            "the books check": not findings,
        }
    )


if __name__ == "__main__":
    sys.exit(main())
