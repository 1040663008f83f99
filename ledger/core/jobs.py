"""Periodic work: one unique row for each job, community and period makes `tick` safe to run twice at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

import structlog
from sqlalchemy import Index, and_, delete, func, insert, or_, select, tuple_, update
from sqlalchemy import text as sql_text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from ledger.core import clock, registry, walls
from ledger.core.db import Base, atomic, clock_ahead_seconds, db, one_of, savepoint, text
from ledger.core.permissions import require_any
from ledger.core.registry import Job, jobs
from ledger.core.tenancy import Actor, scoped, within

log = structlog.get_logger()


class JobState(StrEnum):
    DONE = "done"
    FAILED = "failed"


FAILED = "state = 'failed'"
"""In the words of the index, which serves only what says the same."""


class JobRun(Base):
    """What a job did for a community in a period; a failed run is tried again by the next tick."""

    __tablename__ = "job_runs"
    __table_args__ = (
        one_of("state", JobState),
        # Serves: the gauge of failed runs, of all communities.
        Index("ix_job_runs_failed", "community_id", sqlite_where=sql_text(FAILED), postgresql_where=sql_text(FAILED)),
    )
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    job: Mapped[str] = mapped_column(text(60), primary_key=True)
    period: Mapped[str] = mapped_column(text(30), primary_key=True)
    state: Mapped[str] = mapped_column(text(10))
    ended_at: Mapped[datetime]


def tick(community_ids: Iterable[UUID]) -> int:
    """Do everything that is due now for these communities; returns how many jobs were done."""
    moment = clock.now()
    due = [(job, job.period(moment)) for job in jobs.values()]
    done = 0
    for community_id in community_ids:
        with walls.inside(community_id):
            for job, period in _not_done(community_id, due):
                done += _run(job, community_id, period)
    return done


def part_of(community_ids: Iterable[UUID], number: int, count: int) -> list[UUID]:
    """Those of part `number` (from 1) of `count`: each community is in one part, always the same."""
    return [one for one in community_ids if one.int % count == number - 1]


def _not_done(community_id: UUID, due: Sequence[tuple[Job, str]]) -> list[tuple[Job, str]]:
    """Asked once for all jobs: whoever takes one meanwhile is met by the claim."""
    asked = tuple_(JobRun.job, JobRun.period).in_([(job.name, period) for job, period in due])
    query = scoped(community_id, JobRun.job, JobRun.period).where(asked, JobRun.state == JobState.DONE)
    done = set(db.session.execute(query).tuples())
    return [(job, period) for job, period in due if (job.name, period) not in done]


def _run(job: Job, community_id: UUID, period: str) -> int:
    try:
        return (_work_and_claim if job.in_steps else _claim_and_work)(job, community_id, period)
    except Exception:
        # One community's failure must not stop the others; the row says so and the next tick tries again.
        log.exception("job_failed", job=job.name, community_id=community_id.hex, period=period)
        _remember_failure(job, community_id, period)
        return 0


@atomic
def _claim_and_work(job: Job, community_id: UUID, period: str) -> int:
    if not _claim(job.name, community_id, period, JobState.DONE):
        return 0
    job.work(community_id, period)
    return 1


def _work_and_claim(job: Job, community_id: UUID, period: str) -> int:
    """Work whose steps are committed one by one and harm nothing when two do them at once; done when all are."""
    job.work(community_id, period)
    return int(claim(job.name, community_id, period))


@atomic
def claim(name: str, community_id: UUID, period: str) -> bool:
    """The period is this caller's own, from now on; False when another had it before."""
    return _claim(name, community_id, period, JobState.DONE)


@atomic
def _remember_failure(job: Job, community_id: UUID, period: str) -> None:
    _claim(job.name, community_id, period, JobState.FAILED)


def _claim(name: str, community_id: UUID, period: str, state: JobState) -> bool:
    """Take the job's row for this transaction; False when another run has done the work."""
    row = {
        "community_id": community_id,
        "job": name,
        "period": period,
        "state": state,
        "ended_at": clock.now(),
    }
    try:
        with savepoint():
            db.session.execute(insert(JobRun), [row])
        return True
    except IntegrityError:
        again = update(JobRun).where(
            within(community_id, JobRun),
            JobRun.job == name,
            JobRun.period == period,
            JobRun.state == JobState.FAILED,
        )
        return bool(db.session.execute(again.values(state=state, ended_at=clock.now())).rowcount)  # type: ignore[attr-defined]


class Run(NamedTuple):
    """A job as it stands for a community; `ended_at` None: it has not run yet. `is_failed`: its newest run failed."""

    name: str
    ended_at: datetime | None
    is_failed: bool


def runs(actor: Actor) -> list[Run]:
    """Every registered job with its newest run, by name, for whoever may see the checks. Raises Forbidden."""
    require_any(actor, "see_checks")
    newest_first = (JobRun.ended_at.desc(), JobRun.period.desc())
    rank = func.row_number().over(partition_by=JobRun.job, order_by=newest_first).label("rank")
    ranked = scoped(actor.tenant, JobRun.job, JobRun.ended_at, JobRun.state).add_columns(rank).subquery()
    rows = db.session.execute(select(ranked).where(ranked.c.rank == 1))
    ended = {row.job: (row.ended_at, row.state == JobState.FAILED) for row in rows}
    return [Run(name, *ended.get(name, (None, False))) for name in sorted(jobs)]


CLOCKS_APART_SECONDS = 60
"""Further from the database's clock than this, a machine does not do the clock's work."""


@registry.gauge("clock_ahead_seconds", "How far this machine's clock is ahead of the database's (below 0: behind)")
def clock_ahead() -> float:
    return clock_ahead_seconds()


@registry.gauge("failed_jobs", "Runs of jobs that failed and have not been made good yet")
def failed_jobs() -> float:
    return float(db.session.scalar(select(func.count()).select_from(JobRun).where(sql_text(FAILED))) or 0)


@registry.job("forget_runs", period=lambda moment: f"{moment:%Y-%m-%d}")
def forget_runs(community_id: UUID, _day: str) -> None:
    """Every day: that the work of an hour or a minute was done is forgotten after a day, of a longer period after 400.

    Such a period never comes again. The newest run of each job stays, however old.
    """
    day_ago, long_ago = (clock.now() - timedelta(days=days) for days in (1, 400))
    within_a_day = func.length(JobRun.period) >= len("2026-10-12T20")
    is_over = or_(JobRun.ended_at < long_ago, and_(within_a_day, JobRun.ended_at < day_ago))
    newest = scoped(community_id, JobRun.job).add_columns(func.max(JobRun.ended_at)).group_by(JobRun.job)
    is_newest = tuple_(JobRun.job, JobRun.ended_at).in_(newest)
    db.session.execute(delete(JobRun).where(within(community_id, JobRun), is_over, ~is_newest))
