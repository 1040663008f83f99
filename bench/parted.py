"""`python -m bench.parted`: what DATABASE_PARTITIONS costs a check-in and a confirmation, in a house of one community.

Two databases of one kind, one with its growing tables in sixteen parts, each with a house of its own; the same calls at
both. What parts are for (vacuum and indexes of very many rows) is not in it: this is their price.
"""

from __future__ import annotations

import argparse
import sys
from contextlib import ExitStack

from flask import Flask

from bench import houses, report
from bench.checking_in import CheckInOverHttp
from bench.confirming import ConfirmOverHttp
from bench.houses import Pace
from bench.neighbourhood import settle_place
from bench.rounds import measure, run_settled
from ledger.core.db import db

PARTS, SHOPS = 16, 12

OneHouse = ConfirmOverHttp | CheckInOverHttp


class InParts:
    """Our calls in the house with parts, and the same calls in the one without."""

    number, limit, target = "R30", "the same in one part", 0.95

    def __init__(self, apps: tuple[Flask, Flask], pairs: tuple[OneHouse, OneHouse]) -> None:
        self.apps, self._pairs = apps, pairs
        self.path = f"{pairs[0].path}, tables in {PARTS} parts"

    def is_built(self, app: Flask) -> bool:
        return self._pairs[0].is_built(app)

    def prepare(self) -> None:
        for app, pair in zip(self.apps, self._pairs, strict=True):
            with app.app_context():
                pair.prepare()

    def run_ours(self) -> Pace:
        return self._run(0)

    def run_limit(self) -> Pace:
        return self._run(1)

    def _run(self, which: int) -> Pace:
        """Settled here, because the rounds know only the house with parts."""
        app = self.apps[which]
        with app.app_context():
            return run_settled(app, self._pairs[which].run_ours)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.parted", description="What tables in parts cost.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--size", type=int, default=400, help="calls of a run; a multiple of 8")
    asked = parser.parse_args()
    with ExitStack() as stack:
        parted, pairs = open_houses(stack, size=asked.size)
        found = measure(parted, pairs, rounds=asked.rounds, tell=_tell)
    print(report.as_table(found))
    return 1 if any(one.voided for one in found) else 0


def open_houses(stack: ExitStack, *, size: int) -> tuple[Flask, list[InParts]]:
    """Both houses are served until the stack ends; returns the one with parts, and what is sent to both."""
    settled = [_settle(stack, parts, size) for parts in (PARTS, 0)]
    (parted, confirm, check_in), (whole, confirm_there, check_in_there) = settled
    apps = parted, whole
    return parted, [InParts(apps, (confirm, confirm_there)), InParts(apps, (check_in, check_in_there))]


def _tell(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def _settle(stack: ExitStack, parts: int, size: int) -> tuple[Flask, ConfirmOverHttp, CheckInOverHttp]:
    url = stack.enter_context(houses.postgresql())
    app = houses.house_on(url, DATABASE_PARTITIONS=parts)
    with app.app_context():
        place = settle_place(volunteers=size * 3, shops=SHOPS)
        db.session.remove()
    stack.callback(houses.leave, app)
    port = stack.enter_context(houses.served("wsgi:app", url))
    return app, ConfirmOverHttp(place, port, url, size=size), CheckInOverHttp(place, port, url, size=size)


if __name__ == "__main__":
    sys.exit(main())
