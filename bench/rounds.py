"""Rounds: both sides of each row in turn, the ratio within the round, and the books checked after every run."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from flask import Flask
from sqlalchemy import text

from bench.houses import Pace, RoundIsVoid
from ledger import rooms  # noqa: F401  All checks are registered.
from ledger.book.checking import run_checks
from ledger.core.db import db


class Pair(Protocol):
    """Our path and its limit. `prepare` makes what one round uses up; each run says how fast it was, or is void."""

    number: str
    path: str
    limit: str
    target: float

    def is_built(self, app: Flask) -> bool: ...
    def prepare(self) -> None: ...
    def run_ours(self) -> Pace: ...
    def run_limit(self) -> Pace: ...


@dataclass(frozen=True, slots=True)
class Row:
    """What the report says of one row: who is compared, and the ratio that is to be reached."""

    number: str
    path: str
    limit: str
    target: float


@dataclass
class Found:
    """The ratios of a row, one for each round that counts, and why others do not."""

    row: Row
    ratios: list[float] = field(default_factory=list)
    longest: list[float] = field(default_factory=list)
    voided: list[str] = field(default_factory=list)
    instead: str = ""
    """What to say of a row without ratios."""

    @property
    def median(self) -> float | None:
        return statistics.median(self.ratios) if self.ratios else None


def has_address(app: Flask, ending: str) -> bool:
    """Does the house answer at an address that ends so?"""
    return any(rule.rule.endswith(ending) for rule in app.url_map.iter_rules())


def row_of(pair: Pair) -> Row:
    return Row(pair.number, pair.path, pair.limit, pair.target)


def measure(app: Flask, pairs: Sequence[Pair], *, rounds: int, tell: Callable[[str], None]) -> list[Found]:
    """Every pair once in each round; which side is first changes from round to round."""
    found = [Found(row_of(pair)) for pair in pairs]
    for number in range(rounds):
        for pair, findings in zip(pairs, found, strict=True):
            tell(f"round {number + 1} of {rounds}: {pair.number}")
            try:
                ours, limit = _run_both(app, pair, ours_first=number % 2 == 0)
            except RoundIsVoid as reason:
                findings.voided.append(str(reason))
                tell(f"  void: {reason}")
                continue
            findings.ratios.append(ours.per_second / limit.per_second)
            findings.longest.append(ours.longest)
            tell(f"  ours {ours.per_second:,.0f}/s, limit {limit.per_second:,.0f}/s")
    return found


def _run_both(app: Flask, pair: Pair, *, ours_first: bool) -> tuple[Pace, Pace]:
    pair.prepare()
    runs = [pair.run_ours, pair.run_limit]
    paces = [run_settled(app, run) for run in (runs if ours_first else runs[::-1])]
    ours, limit = paces if ours_first else paces[::-1]
    return ours, limit


def run_settled(app: Flask, run: Callable[[], Pace]) -> Pace:
    """One run in a house whose rows are counted and written out before it, and whose books check after it."""
    _settle(app)
    pace = run()
    with app.app_context():
        _require_clean_books(run_checks())
    return pace


def _settle(app: Flask) -> None:
    """What the run before left to do is done, so that no side pays for the other."""
    with app.app_context(), db.engine.connect() as connection:
        if db.engine.dialect.name == "postgresql":
            quiet = connection.execution_options(isolation_level="AUTOCOMMIT")
            quiet.execute(text("VACUUM ANALYZE"))
            quiet.execute(text("CHECKPOINT"))


def _require_clean_books(findings: Iterable[object]) -> None:
    first = next(iter(findings), None)
    if first is not None:
        raise RoundIsVoid(f"the books do not check: {first}")
