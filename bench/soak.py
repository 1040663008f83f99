"""`python -m bench.soak [--seconds 600]`: a mixed day without pause. No error, the same memory, clean books after it.

The house as `make run` serves it, on a PostgreSQL that syncs every commit; the load comes from a process of its own
(bench/mixing.py), and `tick` runs every half minute as in production. Ends with 1 if anything was not as promised.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from operator import itemgetter
from pathlib import Path
from statistics import quantiles
from typing import Any, NamedTuple

from sqlalchemy import func, select

from bench import houses
from bench.neighbourhood import Place, settle_place
from ledger.book.checking import run_checks
from ledger.core.db import db
from ledger.core.tenancy import within
from ledger.rewards.models import Redemption, RedemptionState
from ledger.service.models import Checkin

VOLUNTEERS, SHOPS, ACTIVITIES, PHONES = 240, 12, 24, 8
MIXED = ("look", "redeem", "look", "visit")
TICK_SECONDS = 30
SAMPLE_SECONDS = 2
GROWTH = 1.10
"""Memory at the end against the first minute's: more is a leak (R12 wants 1.03)."""


def main() -> int:
    asked = _arguments()
    with ExitStack() as stack:
        url = stack.enter_context(houses.postgresql())
        app = houses.house_on(url)
        stack.enter_context(app.app_context())
        place = settle_place(volunteers=VOLUNTEERS, shops=SHOPS)
        # One more than anybody visits, whose poster still says something at the end.
        activities = max(ACTIVITIES, math.ceil(visits_in(MIXED, asked.seconds, asked.errands) / VOLUNTEERS) + 1)
        plan = plan_of([place], MIXED, seconds=asked.seconds, errands=asked.errands, activities=activities)
        before = written([place])
        port, master = stack.enter_context(houses.serving("wsgi:app", url))
        with watched(master) as memory, ticking(url) as ticks:
            found = run_apart(plan | {"port": port})
        new = written([place]) - before
        findings = run_checks()
    return _report(found, memory, ticks, new, len(findings))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description="A mixed load for ten minutes.")
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--errands", type=float, default=8.0, help="a second; each is two requests")
    return parser.parse_args()


def plan_of(
    places: Sequence[Place], kinds: Sequence[str], *, seconds: int, errands: float, activities: int
) -> dict[str, Any]:
    """What the load's process is told: the places with so many activities each, and the people in turn by place."""
    people = [(turn, number, one) for number, place in enumerate(places) for turn, one in enumerate(place.volunteers)]
    visits = visits_in(kinds, seconds, errands)
    assert visits <= len(people) * (activities - 1), "more visits than people have activities but one"
    return {
        "seconds": seconds,
        "errands": list(kinds),
        "errands_a_second": errands,
        "phones": PHONES,
        "places": [_told(place, activities) for place in places],
        # Neighbours in the list are of different communities.
        "people": [{"token": one.token, "place": number} for _, number, one in sorted(people, key=itemgetter(0, 1))],
    }


def visits_in(kinds: Sequence[str], seconds: int, errands: float) -> float:
    """How many of the errands are visits; a person visits an activity once."""
    return seconds * errands * kinds.count("visit") / len(kinds)


def _told(place: Place, activities: int) -> dict[str, Any]:
    return {
        "community": place.id.hex,
        "url": place.url,
        "shops": [{"offer": one.offer_id.hex, "poster": one.poster.code} for one in place.shops],
        "activities": [{"id": one.id.hex, "poster": one.poster_code} for one in place.plan_activities(activities)],
    }


def run_apart(plan: dict[str, Any]) -> dict[str, Any]:
    """The load by a process of its own; what it found."""
    ended = subprocess.run(
        [sys.executable, "-m", "bench.mixing"],
        input=json.dumps(plan),
        capture_output=True,
        text=True,
        cwd=houses.ROOT,
        check=True,
    )
    found: dict[str, Any] = json.loads(ended.stdout)
    return found


class Written(NamedTuple):
    """Confirmed redemptions, and visits: each has one row from arrival to leaving."""

    confirmed: int
    visits: int

    def __sub__(self, before: Written) -> Written:
        return Written(self.confirmed - before.confirmed, self.visits - before.visits)


def written(places: Sequence[Place]) -> Written:
    """What stands in the database of these places now."""
    confirmed = visits = 0
    for place in places:
        is_confirmed = within(place.id, Redemption) & (Redemption.state == RedemptionState.CONFIRMED)
        confirmed += db.session.scalar(select(func.count()).select_from(Redemption).where(is_confirmed)) or 0
        visits += db.session.scalar(select(func.count()).select_from(Checkin).where(within(place.id, Checkin))) or 0
    db.session.remove()
    return Written(confirmed, visits)


@dataclass
class Memory:
    """What gunicorn's processes held together (proportional set size, MB), sample by sample."""

    samples: list[float] = field(default_factory=list)

    @property
    def first(self) -> float:
        """At the end of the first minute, or of the first half where there is less than two."""
        return self.samples[min(60 // SAMPLE_SECONDS, len(self.samples) // 2)]

    @property
    def last(self) -> float:
        return self.samples[-1]


@contextmanager
def watched(master: int) -> Iterator[Memory]:
    """Memory of the master and its workers is looked at until the block ends."""
    memory = Memory()
    with _every(SAMPLE_SECONDS, lambda: memory.samples.append(_megabytes(master))):
        yield memory


def _megabytes(master: int) -> float:
    children = Path(f"/proc/{master}/task/{master}/children").read_text().split()
    return sum(_proportional(process) for process in (str(master), *children)) / 1024


def _proportional(process: str) -> int:
    lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


@dataclass
class Ticks:
    """How long each run of `flask tick` took, and what those said that did not end well."""

    took: list[float] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


@contextmanager
def ticking(url: str, *, at_once: bool = False) -> Iterator[Ticks]:
    """The clock's work is done every half minute by a process of its own, until the block ends."""
    ticks = Ticks()
    environment = os.environ | {
        "DATABASE_URL": url, "SECRET_KEY": houses.SECRET_KEY, "REDFLOWER_ENV": "development",
    }  # fmt: skip

    def tick() -> None:
        command = [sys.executable, "-m", "flask", "--app", "wsgi", "tick"]
        started = time.perf_counter()
        ended = subprocess.run(command, env=environment, cwd=houses.ROOT, capture_output=True, text=True, check=False)
        ticks.took.append(time.perf_counter() - started)
        if ended.returncode or "job_failed" in ended.stdout + ended.stderr:
            ticks.faults.append(f"tick: {(ended.stdout + ended.stderr)[-500:]}")

    with _every(TICK_SECONDS, tick, at_once=at_once):
        yield ticks


@contextmanager
def _every(seconds: float, do: Any, *, at_once: bool = False) -> Iterator[None]:
    ended = threading.Event()

    def run() -> None:
        if at_once:
            do()
        while not ended.wait(seconds):
            do()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def tell_times(found: dict[str, Any]) -> None:
    """Numbers and latencies of each kind of request."""
    print("| request | number | p50 ms | p95 | p99 | longest |\n|---|---|---|---|---|---|")
    for name, took in sorted(found["took"].items()):
        cuts = [1000 * cut for cut in quantiles(took, n=100, method="inclusive")] if len(took) > 1 else [0.0] * 99
        print(f"| {name} | {len(took)} | {cuts[49]:.0f} | {cuts[94]:.0f} | {cuts[98]:.0f} | {1000 * max(took):.0f} |")
    print(f"{found['asked_anew']} pages were asked anew, because the server hung up in the same moment")


def tell_promises(promised: dict[str, bool]) -> int:
    """What was kept and what was not; the exit code."""
    for promise, is_kept in promised.items():
        print(f"{'kept  ' if is_kept else 'BROKEN'} {promise}")
    return 0 if all(promised.values()) else 1


def requests_of(found: dict[str, Any]) -> int:
    return sum(map(len, found["took"].values()))


def _report(found: dict[str, Any], memory: Memory, ticks: Ticks, new: Written, findings: int) -> int:
    print(f"{requests_of(found)} requests in {found['seconds']:.0f} s, {len(ticks.took)} ticks beside them")
    tell_times(found)
    growth = memory.last / memory.first
    print(f"memory {memory.first:.0f} MB after the first part, {memory.last:.0f} MB at the end: {growth:.2f}")
    errors = [*found["errors"], *ticks.faults]
    for error in errors[:10]:
        print(error)
    return tell_promises(
        {
            "no error": not errors,
            "every acknowledged redemption is there once": new.confirmed == found["confirmed"],
            "every acknowledged visit is there once": 2 * new.visits == found["recorded"],
            f"memory grew less than {GROWTH}": growth <= GROWTH,
            "the books check": not findings,
        }
    )


if __name__ == "__main__":
    sys.exit(main())
