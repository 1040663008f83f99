"""R5, R6, R11, R13 to R15: what a long history costs.

The same calls on a million transfers and on ten thousand, and how fast all of it is checked. The verbs are called in
this process, so nothing hides behind HTTP; the clock of the database's disk is left out (its commits do not wait), so
nothing hides behind that either.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import Flask
from sqlalchemy import func, select, text

from bench import houses
from bench.history import DAYS, settle_history
from bench.houses import Pace, RoundIsVoid
from bench.rounds import Found, Row
from ledger.book import seals, statements
from ledger.book.accounts import wallet_of
from ledger.book.balances import member_balance
from ledger.book.checking import check_books, run_checks
from ledger.book.models import Account, Transfer
from ledger.book.newest import marked_sizes
from ledger.core import clock
from ledger.core.db import atomic, db
from ledger.core.tenancy import load
from tests.ledger.book.town import Town

MEMBERS = 1_000
SMALL = 10_000
SLICES = 6
THREADS = 8
AWARDS_BETWEEN_CHECKS = 20
RATE = 50_000
"""Transfers a second that a full check reads on one core, at least."""


@dataclass(frozen=True, slots=True)
class House:
    """A house with one community and its history."""

    app: Flask
    town: Town

    @contextmanager
    def entered(self) -> Iterator[None]:
        with self.app.app_context():
            yield
            db.session.remove()


Run = Callable[[House, int], Pace]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two runs whose paces are compared. What is not there yet (`built` is False) is said in the report."""

    row: Row
    ours: Run
    limit: Run
    limit_on_small: bool = True
    built: bool = True


def median_pace(size: int, call: Callable[[], Any]) -> Pace:
    """The median of so many calls, as calls a second; a fifth of them is not counted, to warm up."""
    took = []
    for number in range(size + size // 5 + 1):
        started = time.perf_counter()
        call()
        if number > size // 5:
            took.append(time.perf_counter() - started)
    return Pace(1 / statistics.median(took), max(took))


def write(house: House, size: int) -> Pace:
    """One award, committed."""
    return median_pace(size, lambda: house.town.award(random.choice(house.town.member_ids), 1))


def write_at_once(house: House, size: int) -> Pace:
    """So many visits by eight threads, each as it is stamped and spent: an award, its minutes, something bought."""
    _write_visits(house, size // 5)  # to warm up
    started = time.perf_counter()
    _write_visits(house, size)
    return Pace(size / (time.perf_counter() - started))


def _write_visits(house: House, count: int) -> None:
    town = house.town

    def work(visits: int) -> None:
        with house.app.app_context():
            for member_id in random.choices(town.member_ids, k=visits):
                town.post(town.award_of(member_id, 1), town.hours_of(member_id, 1), town.spending_of(member_id, 1))

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(work, [-(-count // THREADS)] * THREADS))


def read_past_balance(house: House, size: int) -> Pace:
    """A member's figures at some moment of the three years."""

    def read() -> None:
        at = clock.now() - timedelta(days=random.uniform(1, DAYS))
        atomic(member_balance)(house.town.id, random.choice(house.town.member_ids), at=at)

    return median_pace(size, read)


def read_statement_page(house: House, size: int) -> Pace:
    """The first page of a wallet's statement until some moment of the last three years."""
    town, make = house.town, statements.make_statement

    @atomic
    def read() -> None:
        until = clock.now() - timedelta(days=random.uniform(1, DAYS))
        account = load(town.id, Account, wallet_of(random.choice(town.member_ids)).id_in(town.id))
        make(town.id, account, until=until, limit=2)

    return median_pace(size, read)


def check_all(house: House, _size: int) -> Pace:
    """Every check, from the raw rows; a finding voids the round."""
    transfers = count_transfers()
    started = time.perf_counter()
    findings = run_checks()
    took = time.perf_counter() - started
    if findings:
        raise RoundIsVoid(f"the books do not check: {findings[0]}")
    return Pace(transfers / took)


def check_new(house: House, size: int) -> Pace:
    """What came since the last run that found nothing, with twenty awards in it; a finding voids the round."""
    if not all(marked_sizes().values()):
        check_books()
    took = []
    for _ in range(max(3, size // 20)):
        for member_id in random.choices(house.town.member_ids, k=AWARDS_BETWEEN_CHECKS):
            house.town.award(member_id, 1)
        seals.seal(house.town.id)  # As every minute: what waits for its seal stays new.
        started = time.perf_counter()
        results = check_books(new=True)
        took.append(time.perf_counter() - started)
        for finding in (finding for result in results for finding in result.findings):
            raise RoundIsVoid(f"the books do not check: {finding}")
    return Pace(1 / statistics.median(took), max(took))


def read_all(house: House, _size: int) -> Pace:
    """The rows of the transfers one after the other, and nothing done with them."""
    transfers, connection = count_transfers(), db.session.connection()
    started = time.perf_counter()
    if connection.dialect.name == "postgresql":
        with connection.connection.cursor().copy("COPY transfers TO STDOUT (FORMAT binary)") as copy:
            for _ in copy:
                pass
    else:
        for _ in connection.connection.cursor().execute("SELECT * FROM transfers"):
            pass
    return Pace(transfers / (time.perf_counter() - started))


def at_the_rate(_house: House, _size: int) -> Pace:
    return Pace(RATE)


def count_transfers() -> int:
    return int(db.session.scalar(select(func.count()).select_from(Transfer)) or 0)


def throughput(*, transfers: int) -> Pair:
    """R5."""
    row = Row("R5", f"visits written a second, {THREADS} threads, at {transfers:,} transfers", f"at {SMALL:,}", 0.90)
    return Pair(row, write_at_once, write_at_once)


def pairs(engine: str, *, transfers: int) -> list[Pair]:
    """The rows of one engine."""
    many, few = f"at {transfers:,} transfers, {engine}", f"at {SMALL:,}"
    has_statements = hasattr(statements, "make_statement")
    by_the_row = "COPY" if engine == "PostgreSQL" else "SELECT"
    return [
        Pair(Row("R6", f"past balance {many}", few, 0.83), read_past_balance, read_past_balance),
        Pair(
            Row("R6", f"statement page {many}", few, 0.83),
            read_statement_page,
            read_statement_page,
            built=has_statements,
        ),
        Pair(
            Row("R11", f"books check, full, {engine}", f"sequential read of the same rows by {by_the_row}", 0.10),
            check_all,
            read_all,
            limit_on_small=False,
        ),
        Pair(Row("R13", f"one write (p50) {many}", few, 0.87), write, write),
        Pair(
            Row("R14", f"books check, full, {engine}, one core", f"{RATE:,} transfers a second", 1.0),
            check_all,
            at_the_rate,
            limit_on_small=False,
        ),
        Pair(Row("R15", f"books check --new, 20 awards {many}", few, 0.85), check_new, check_new),
    ]


@contextmanager
def house_with(url: str, *, transfers: int) -> Iterator[House]:
    """A house on a new database with so long a history, its statistics fresh, and one core for each query."""
    app = houses.house_on(url)
    with app.app_context():
        house = House(app, settle_history(transfers=transfers, members=MEMBERS))
        db.session.remove()
        with db.engine.connect() as connection:
            quiet = connection.execution_options(isolation_level="AUTOCOMMIT")
            if db.engine.dialect.name == "postgresql":
                quiet.execute(text("ALTER DATABASE bench SET max_parallel_workers_per_gather = 0"))
                quiet.execute(text("VACUUM ANALYZE"))
                quiet.execute(text("CHECKPOINT"))
            else:
                quiet.execute(text("ANALYZE"))
        db.engine.dispose()
    yield house
    houses.leave(app)


def compare(
    many: House, few: House, wanted: Sequence[Pair], *, rounds: int, size: int, tell: Callable[[str], None]
) -> list[Found]:
    """Every pair once in each round, which side is first in turn; at the end both books must check."""
    found = [Found(pair.row, instead="" if pair.built else "not built yet") for pair in wanted]
    for number in range(rounds):
        for pair, findings in zip(wanted, found, strict=True):
            if not pair.built:
                continue
            tell(f"round {number + 1} of {rounds}: {pair.row.number} {pair.row.path}")
            sides = [(many, pair.ours), (few if pair.limit_on_small else many, pair.limit)]
            try:
                ours, limit = _run_both(sides, size=size, ours_first=number % 2 == 0)
            except RoundIsVoid as reason:
                findings.voided.append(str(reason))
                continue
            findings.ratios.append(ours.per_second / limit.per_second)
            tell(f"  ours {ours.per_second:,.0f}/s, limit {limit.per_second:,.0f}/s")
    _void_unless_clean((many, few), found)
    return found


def _run_both(sides: Sequence[tuple[House, Run]], *, size: int, ours_first: bool) -> list[Pace]:
    """Ours, then the limit. Calls on two houses are made in slices that take turns, so that both meet the same load."""
    slices = SLICES if sides[0][0] is not sides[1][0] else 1
    paces: list[list[Pace]] = [[], []]
    for number in range(slices):
        for side in (0, 1) if ours_first == (number % 2 == 0) else (1, 0):
            house, run = sides[side]
            with house.entered():
                paces[side].append(run(house, max(1, size // slices)))
    return [Pace(statistics.median(one.per_second for one in some), max(one.longest for one in some)) for some in paces]


def _void_unless_clean(both: Sequence[House], found: Sequence[Found]) -> None:
    for house in both:
        with house.entered():
            for first in run_checks()[:1]:
                for findings in found:
                    findings.ratios.clear()
                    findings.voided.append(f"the books do not check: {first}")
