"""`python -m bench [--long]`: the measured ratios of this machine. See docs/performance.md."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from flask import Flask
from sqlalchemy import make_url

from bench import growing, houses, peers, report
from bench.checking_in import CheckInOverHttp
from bench.closing import CloseOfAWeek
from bench.confirming import ConfirmOverHttp, OneHotShop
from bench.exporting import FileOfMyData
from bench.importing import HEADINGS, ImportOfRows
from bench.neighbourhood import settle_place
from bench.on_sqlite import ConfirmOnSqlite
from bench.pages import CheckInPage, CheckInPageAfterYears
from bench.rounds import Found, Pair, measure, row_of
from bench.stamping import StampOverHttp
from bench.summing import SummaryOfAMonth
from bench.walled import CheckInBehindWalls, served_twice
from ledger.core.db import db

Tell = Callable[[str], None]

SHOPS = 12
NOT_BUILT = "not built yet"


def main() -> int:
    asked = _arguments()
    started = time.monotonic()

    def tell(words: str) -> None:
        if asked.verbose:
            print(f"[{time.monotonic() - started:4.0f} s] {words}", file=sys.stderr, flush=True)

    found = [*_on_postgresql(asked, tell), *_on_sqlite(asked, tell), *_on_long_histories(asked, tell)]
    found += _bulk(asked, tell)
    rows = report.LONG_ROWS if asked.long else report.ROWS
    shown = report.complete(found, [row for row in rows if _is_asked(asked, row.number)])
    print(report.as_table(shown))
    print(report.as_document(shown, rounds=asked.rounds))
    return 1 if any(one.voided for one in shown) else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Ratios between our paths and their limits.")
    parser.add_argument("--long", action="store_true", help="all rows, five rounds, larger runs")
    parser.add_argument("--rounds", type=int, help="paired rounds (3, with --long 5)")
    parser.add_argument("--size", type=int, help="calls of ours in a run (400, with --long 3000); a multiple of 8")
    parser.add_argument("--transfers", type=int, default=1_000_000, help="of the long history of R6, R11, R13 to R15")
    parser.add_argument("--grown", type=int, default=5_000_000, help="transfers of the long history of R5")
    parser.add_argument("--pgledger", type=Path, help="a checkout of pgledger, or its SQL file, for R10")
    parser.add_argument("--only", type=lambda rows: rows.split(","), help="rows to measure: R1,R2")
    parser.add_argument("--verbose", action="store_true", help="tell what happens, with this machine's own figures")
    asked = parser.parse_args()
    asked.rounds = asked.rounds or (5 if asked.long else 3)
    asked.size = asked.size or (3000 if asked.long else 400)
    return asked


def _is_asked(asked: argparse.Namespace, number: str) -> bool:
    return not asked.only or number in asked.only


def _on_postgresql(asked: argparse.Namespace, tell: Tell) -> list[Found]:
    """The rows over HTTP, on a database that syncs every commit."""
    if not any(_is_asked(asked, number) for number in ("R1", "R2", "R3", "R4", "R7", "R9", "R10", "R21")):
        return []
    with ExitStack() as stack:
        url = stack.enter_context(houses.postgresql())
        app = houses.house_on(url)
        stack.enter_context(app.app_context())
        tell("settling the place")
        place = settle_place(volunteers=asked.size * 3, shops=SHOPS)
        port = stack.enter_context(houses.served("wsgi:app", url))
        bare_port = stack.enter_context(houses.served("bench.bare:app"))
        size = asked.size
        pairs: list[Pair] = [
            ConfirmOverHttp(place, port, url, size=size),
            CheckInOverHttp(place, port, url, size=size),
            StampOverHttp(place, port, url, size=size),
            OneHotShop(place, port, size=size, clients=8),
            OneHotShop(place, port, size=size, clients=16),
            CheckInPage(place, port, bare_port, size=size),
        ]
        if asked.long and _is_asked(asked, CheckInBehindWalls.number):
            tell("building walls")
            pairs.append(CheckInBehindWalls(place, *stack.enter_context(served_twice(url)), size=size))
        if any(_is_asked(asked, row.number) for row in (peers.HORDAK, peers.PGLEDGER)):
            tell("settling the peers")
            pairs += peers.present(place, port, url, asked.pgledger, size=size)
        absent = [one for one in peers.absent(asked.pgledger) if _is_asked(asked, one.row.number)]
        return [*_measure(app, asked, pairs, tell), *absent]


def _on_sqlite(asked: argparse.Namespace, tell: Tell) -> list[Found]:
    if not _is_asked(asked, "R8"):
        return []
    with ExitStack() as stack:
        url = stack.enter_context(houses.sqlite())
        app = houses.house_on(url)
        stack.enter_context(app.app_context())
        tell("settling the place on SQLite")
        place = settle_place(volunteers=200, shops=SHOPS)
        file = make_url(url).database
        assert file is not None
        return _measure(app, asked, [ConfirmOnSqlite(app, place, file, size=asked.size)], tell)


def _on_long_histories(asked: argparse.Namespace, tell: Tell) -> list[Found]:
    """The rows that compare a long history with a short one, on each engine."""
    found: list[Found] = []
    throughput = [growing.throughput(transfers=asked.grown)]
    for engine, database, transfers, pairs in (
        ("PostgreSQL", houses.postgresql, asked.grown, throughput),
        ("PostgreSQL", houses.postgresql, asked.transfers, growing.pairs("PostgreSQL", transfers=asked.transfers)),
        ("SQLite", houses.sqlite, asked.transfers, growing.pairs("SQLite", transfers=asked.transfers)),
    ):
        wanted = [pair for pair in pairs if _is_asked(asked, pair.row.number)]
        if not (asked.long and wanted):
            continue
        with ExitStack() as stack:
            tell(f"writing {transfers:,} transfers on {engine}")
            many, few = (
                stack.enter_context(growing.house_with(stack.enter_context(database()), transfers=length))
                for length in (transfers, growing.SMALL)
            )
            found += growing.compare(many, few, wanted, rounds=asked.rounds, size=asked.size, tell=tell)
    return found


def _bulk(asked: argparse.Namespace, tell: Tell) -> list[Found]:
    """Files of 5,000 rows, a week of 10,000 lines, a month of 100,000 visits and years of as many, on each engine."""
    found: list[Found] = []
    kinds = (ImportOfRows, CloseOfAWeek, SummaryOfAMonth, CheckInPageAfterYears, FileOfMyData)
    if not (asked.long and any(_is_asked(asked, one.number) for one in kinds)):
        return found
    for engine, database in (("PostgreSQL", houses.postgresql), ("SQLite", houses.sqlite)):
        with ExitStack() as stack:
            app = houses.house_on(stack.enter_context(database()))
            stack.enter_context(app.app_context())
            pairs: list[Pair] = [ImportOfRows(kind, engine) for kind in HEADINGS]
            pairs += [CloseOfAWeek(engine), SummaryOfAMonth(engine), FileOfMyData(engine)]
            pairs += [CheckInPageAfterYears(engine, stack, size=asked.size)]
            found += _measure(app, asked, pairs, tell)
            db.session.remove()
            db.engine.dispose()
    return found


def _measure(app: Flask, asked: argparse.Namespace, pairs: Sequence[Pair], tell: Tell) -> list[Found]:
    wanted = [pair for pair in pairs if _is_asked(asked, pair.number)]
    built = [pair for pair in wanted if pair.is_built(app)]
    missing = [Found(row_of(pair), instead=NOT_BUILT) for pair in wanted if pair not in built]
    return [*measure(app, built, rounds=asked.rounds, tell=tell), *missing]


if __name__ == "__main__":
    sys.exit(main())
