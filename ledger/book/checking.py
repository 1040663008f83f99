"""Running the named checks: all of them or some, over everything or over what is new, and remembering how it went."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import structlog
from sqlalchemy import delete, func, insert, select, text

from ledger.book.models import CheckMark, CheckRun, CheckScope
from ledger.book.newest import marked_sizes, new_since
from ledger.book.tree import size_of
from ledger.core import clock, jobs, walls
from ledger.core.db import atomic, db, is_postgresql, snapshot, stepping_back
from ledger.core.ids import NOBODY
from ledger.core.permissions import require_any
from ledger.core.registry import Check, Finding, Part, checks
from ledger.core.tenancy import Actor, within
from ledger.core.upserts import Upsert

log = structlog.get_logger()


READ = ("accounts", "balances", "cohorts", "draws", "holds", "leaves", "rollups", "transfers", "tree_nodes", "unsealed")
"""The tables that the checks of the books read from end to end."""


@dataclass(frozen=True, slots=True)
class Result:
    """What one named check found, and how long its reading took (shared by the names of one function)."""

    name: str
    findings: list[Finding]
    milliseconds: int


Tell = Callable[[str], None]

MARGIN = timedelta(minutes=10)
"""A row may be stamped so long before its transaction is committed and can be seen."""


def run_checks(names: Iterable[str] | None = None, *, new: bool = False) -> list[Finding]:
    """All registered checks, or those named, over every community; the findings in the checks' order.

    `new` looks only at what came after the last clean run. Nothing is remembered of the run.
    """
    with snapshot():
        return [finding for result in _run(names, new=new) for finding in result.findings]


def check_books(*, new: bool = False, tell: Tell | None = None) -> list[Result]:
    """All checks have been run at one moment, and the run is remembered; returns a result for each name.

    A run moves the mark of every community without a finding up to what was sealed when it began. `tell` is called
    with the name of each check before its turn.
    """
    began_at = clock.now() - MARGIN
    _let_planner_know()
    with snapshot():
        sizes = {community_id: size_of(community_id) for community_id in marked_sizes()}
        results = _run(None, new=new, tell=tell)
    _remember(results, CheckScope.NEW if new else CheckScope.FULL, sizes, began_at)
    return results


@atomic
def _let_planner_know() -> None:
    """The rows of the books are counted: before they are (after a restore), PostgreSQL's plans are blind and slow."""
    for table in uncounted(ours=True):
        db.session.execute(text(f"ANALYZE {table}"))


def uncounted(*, ours: bool) -> list[str]:
    """The tables of the books whose rows PostgreSQL has never counted. Of those that are not `ours` it is the owner's
    to have them counted: PostgreSQL 16 lets nobody else.
    """
    if not is_postgresql():
        return []
    unknown = text(
        "SELECT relname FROM pg_class WHERE relname = ANY(:tables) AND relkind IN ('r', 'p') AND reltuples < 0"
        " AND relnamespace = to_regnamespace(current_schema()) AND pg_has_role(relowner, 'USAGE') = :ours"
        " ORDER BY relname"
    )
    return list(db.session.scalars(unknown, {"tables": list(READ), "ours": ours}))


def _run(names: Iterable[str] | None, *, new: bool, tell: Tell | None = None) -> list[Result]:
    part = new_since(_marked_at()) if new else Part()
    wanted = list(names or checks)
    found: dict[Check, tuple[list[Finding], int]] = {}
    with stepping_back() as step_back:
        for name in wanted:
            if tell:
                tell(name)
            if checks[name] not in found:
                began = time.monotonic()
                found[checks[name]] = _findings(name, part, step_back), int((time.monotonic() - began) * 1000)
    return [
        Result(name, [one for one in found[checks[name]][0] if one.check == name], found[checks[name]][1])
        for name in wanted
    ]


def _findings(name: str, part: Part, step_back: Callable[[], None]) -> list[Finding]:
    """What the check finds. One that breaks off (a value that cannot even be read) is a finding, and stops no other."""
    found: list[Finding] = []
    try:
        found += checks[name](part)
    except Exception as error:
        step_back()
        log.exception("check_broke_off", check=name)
        found.append(Finding(name, NOBODY, f"the check broke off: {type(error).__name__}: {error}"[:500]))
    return found


def _marked_at() -> datetime | None:
    """When the oldest mark was made; None without any, when a community was never checked, or when the clock was set
    back since.

    What was written after a clock had been set back is dated before the mark, and would never be looked at.
    """
    oldest, newest, count = db.session.execute(
        select(func.min(CheckMark.checked_at), func.max(CheckMark.checked_at), func.count())
    ).one()
    return oldest if count and count >= len(marked_sizes()) and newest <= clock.now() else None


@atomic
def _remember(results: list[Result], scope: CheckScope, sizes: dict[UUID, int], began_at: datetime) -> None:
    ended_at = clock.now()
    db.session.execute(delete(CheckRun).where(CheckRun.scope == scope))
    rows = []
    for result in results:
        counts = Counter(finding.community_id for finding in result.findings)
        counts[NOBODY] = len(result.findings)
        rows += [
            {
                "community_id": community_id,
                "name": result.name,
                "scope": scope,
                "findings": count,
                "milliseconds": result.milliseconds,
                "ended_at": ended_at,
            }
            for community_id, count in counts.items()
        ]
    db.session.execute(insert(CheckRun), rows)
    faulty = {finding.community_id for result in results for finding in result.findings}
    if NOBODY not in faulty:  # What is nobody's own (a lost trigger) may have touched everybody.
        _mark({community_id: size for community_id, size in sizes.items() if community_id not in faulty}, began_at)


def _mark(sizes: dict[UUID, int], checked_at: datetime) -> None:
    if not sizes:
        return
    in_order = sorted(sizes.items(), key=lambda item: item[0].int)
    _MOVED.run(
        [{"community_id": community_id, "size": size, "checked_at": checked_at} for community_id, size in in_order]
    )


_MOVED = Upsert(
    CheckMark.__table__,
    lambda insert: insert.on_conflict_do_update(
        index_elements=["community_id"],
        set_={"size": insert.excluded.size, "checked_at": insert.excluded.checked_at},
    ),
)


# --- what the clock does, and what people see ---------------------------------------------------------------------


def check_when_due() -> list[Finding] | None:
    """The checks have been run if their time has come: what is new every hour, everything once a day.

    Returns what was found, None when nothing was due. A run is claimed before it reads: of two clocks at once one runs
    it, and one that takes longer than the clock's minute is not begun again.
    """
    is_day, is_hour = _claim_due()
    if not (is_day or is_hour):
        return None
    if not_counted := uncounted(ours=False):
        log.warning("rows_not_counted", tables=not_counted)
    results = check_books(new=not is_day)
    findings = [finding for result in results for finding in result.findings]
    for finding in findings:
        log.error(
            "books_do_not_check", check=finding.check, community_id=finding.community_id.hex, found=finding.detail
        )
    return findings


@atomic
def _claim_due() -> tuple[bool, bool]:
    """Is the day ours, and the hour? Claimed together: another clock must not find the hour between the two."""
    now = clock.now()
    day, hour = clock.local_day(now).isoformat(), f"{now:%Y-%m-%dT%H}"
    is_day, is_hour = jobs.claim("check_books", NOBODY, day), jobs.claim("check_new_books", NOBODY, hour)
    if is_day:
        jobs.forget_runs(NOBODY, day)  # `tick` walks through communities: these are nobody's.
    return is_day, is_hour


class Run(NamedTuple):
    """The newest run of a named check, and how many of its findings concern the community that asks."""

    name: str
    scope: str
    findings: int
    ended_at: datetime


@walls.above()
def runs(actor: Actor) -> list[Run]:
    """How the checks ended last, for whoever may see them, in the order of their names. Raises Forbidden.

    What is nobody's own (a lost trigger) concerns every community; what is another's, none but that.
    """
    require_any(actor, "see_checks")
    elsewhere: Counter[tuple[str, str]] = Counter()
    newest: list[CheckRun] = []
    for row in db.session.scalars(select(CheckRun).order_by(CheckRun.name, CheckRun.scope)):
        if row.community_id not in (NOBODY, actor.tenant):
            elsewhere[row.name, row.scope] += row.findings
        elif row.community_id != actor.tenant:
            newest.append(row)
    return [Run(row.name, row.scope, row.findings - elsewhere[row.name, row.scope], row.ended_at) for row in newest]


@walls.above()
def totals() -> list[CheckRun]:
    """The newest run of each check over all communities, for the gauges."""
    return list(db.session.scalars(select(CheckRun).where(within(NOBODY, CheckRun))))
