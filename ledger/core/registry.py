"""What must reach every room (checks, jobs, ended holds) is registered here by the rooms, so nobody calls upward."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a check found wrong."""

    check: str
    community_id: UUID
    detail: str


@dataclass(frozen=True, slots=True)
class Part:
    """What a run of checks looks at: everything, or what came after the last run that found nothing.

    `since` is when that run was made, for rows that only know when they were written; None: everything is new.
    `sealed_at_most` is how many leaves lie at or above the marks, where the engine's planner needs to know it.
    """

    is_new: bool = False
    since: datetime | None = None
    sealed_at_most: int | None = None


Check = Callable[[Part], Iterable[Finding]]
JobWork = Callable[[UUID, str], None]
UnitsMoved = Callable[[UUID, str, str], None]
UnitUses = Callable[[UUID, UUID], int]
HoldsEnded = Callable[[UUID, list[UUID]], None]
Eraser = Callable[[UUID], None]
Exporter = Callable[[UUID], dict[str, Any]]
HeldBack = Callable[[UUID], Select[Any]]
BeforeClose = Callable[[UUID], object]


@dataclass(frozen=True, slots=True)
class Work:
    """Something that a person has begun and that waits: what kind of thing, which, and since when."""

    kind: str
    thing_id: UUID
    since: datetime


OpenWork = Callable[[UUID, UUID], list[Work]]
OwnersNow = Callable[[UUID, Iterable[UUID], bool], dict[UUID, UUID]]
MembersMerged = Callable[[UUID, UUID, UUID], None]
MemberLeft = Callable[[UUID, UUID], None]


@dataclass(frozen=True, slots=True)
class Job:
    """Periodic work: `period` names the period that is due at a moment ("2026-W41"), `work` does it once.

    The whole work is one transaction, unless it is done `in_steps` that commit one by one.
    """

    name: str
    period: Callable[[datetime], str]
    work: JobWork
    in_steps: bool = False


@dataclass(frozen=True, slots=True)
class Gauge:
    """One figure over all communities that is watched from outside: what it says, in English, and how it is read."""

    words: str
    read: Callable[[], float]


checks: dict[str, Check] = {}
gauges: dict[str, Gauge] = {}
jobs: dict[str, Job] = {}
holds_ended: dict[str, HoldsEnded] = {}
units_moved: dict[str, UnitsMoved] = {}
unit_uses: dict[str, UnitUses] = {}
erasers: dict[str, Eraser] = {}
ERASED = "-"
"""What an eraser leaves of an answer that may not be empty."""
exporters: dict[str, Exporter] = {}
owners: list[OwnersNow] = []
members_merged: list[MembersMerged] = []
members_parted: list[MembersMerged] = []
members_left: list[MemberLeft] = []
open_work: list[OpenWork] = []
held_back: list[HeldBack] = []
"""SQL of a community: ids of redemptions that a close leaves for a later week. Whoever holds sees that it ends."""
before_close: list[BeforeClose] = []
"""What looks at a community once more before a week of it is closed."""


def check(*names: str) -> Callable[[Check], Check]:
    """Register a check of the books: silent on success, one Finding for each fault, never repairing.

    Several names share a function where one reading of the rows answers them together.
    """

    def register(function: Check) -> Check:
        checks.update(dict.fromkeys(names, function))
        return function

    return register


def job(name: str, period: Callable[[datetime], str], *, in_steps: bool = False) -> Callable[[JobWork], JobWork]:
    """Register work that `tick` does once for every community and period."""

    def register(function: JobWork) -> JobWork:
        jobs[name] = Job(name, period, function, in_steps)
        return function

    return register


def gauge(name: str, words: str) -> Callable[[Callable[[], float]], Callable[[], float]]:
    """Register a figure of /metrics over all communities: an age in seconds, a count or fen."""

    def register(function: Callable[[], float]) -> Callable[[], float]:
        gauges[name] = Gauge(words, function)
        return function

    return register


def when_holds_expire(source_type: str) -> Callable[[HoldsEnded], HoldsEnded]:
    """Register what a room gives back (stock, caps, state) when holds of its source expire, in the same call."""

    def register(function: HoldsEnded) -> HoldsEnded:
        holds_ended[source_type] = function
        return function

    return register


def owners_now(community_id: UUID, owner_ids: Iterable[UUID], *, lock: bool = False) -> dict[UUID, UUID]:
    """Whose accounts stand for those of merged members now, locked against a merge if asked; others are left out."""
    ids = set(owner_ids)
    return {was: now for find in owners for was, now in find(community_id, ids, lock).items()}


def when_members_merge(*, undone: bool = False) -> Callable[[MembersMerged], MembersMerged]:
    """Register what a room counts by member (community, from, into), moved when two become one, or two again."""

    def register(function: MembersMerged) -> MembersMerged:
        (members_parted if undone else members_merged).append(function)
        return function

    return register


def when_member_leaves(function: MemberLeft) -> MemberLeft:
    """Register what a room ends when a member (community, member) leaves: codes, reservations, sign-ups."""
    members_left.append(function)
    return function


def when_units_move(thing: str) -> Callable[[UnitsMoved], UnitsMoved]:
    """Register what a room changes where it keeps paths: called with the community, the old and the new path."""

    def register(function: UnitsMoved) -> UnitsMoved:
        units_moved[thing] = function
        return function

    return register


def hangs_on_units(thing: str) -> Callable[[UnitUses], UnitUses]:
    """Register how many live things of a room hang on a unit, which cannot end as long as there are some."""

    def register(function: UnitUses) -> UnitUses:
        unit_uses[thing] = function
        return function

    return register


def begun_by(function: OpenWork) -> OpenWork:
    """Register what a person (community, person) has begun in a room and nobody has decided yet."""
    open_work.append(function)
    return function
