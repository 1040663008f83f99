"""The parts that a month's service is told by: by programme, grid, post, evidence grade and day."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import and_, false, not_, or_, select
from sqlalchemy.sql import ColumnElement

from ledger.core import clock
from ledger.core.errors import NotFound
from ledger.core.tenancy import within
from ledger.people.models import Member, PlaceUnit, UnitKind
from ledger.recognition import figures
from ledger.recognition.contents import POOLED
from ledger.recognition.figures import Span
from ledger.service.models import Activity, Checkin, Stamp


class Part(NamedTuple):
    """One row of one of the summary's lists; `keys` are its key, or those of all other rows where `is_rest`."""

    of: str
    keys: tuple[str | None, ...]
    is_rest: bool
    row: dict[str, Any]


def part_of(document: dict[str, Any], of: str, key: str) -> Part:
    """The row of the list `of` (`programmes`, `grids`, `posts`, `evidence`, `days`) under that key.

    A day's key is its date; "" is that of what belongs to none; `pooled` is what stands in no row of its own. Raises
    NotFound.
    """
    if of not in _CONDITIONS:
        raise NotFound
    rows = {_key(row): row for row in document[of]}
    wanted = key or None
    if wanted not in rows:
        raise NotFound
    is_rest = wanted == POOLED
    keys = tuple(one for one in rows if one != POOLED) if is_rest else (wanted,)
    return Part(of, keys, is_rest, rows[wanted])


def _key(row: dict[str, Any]) -> str | None:
    found: str | None = row["day"] if "day" in row else row["key"]
    return found


def is_in(span: Span, part: Part) -> ColumnElement[bool]:
    """SQL: belongs the stamped visit (Stamp, Checkin) to the part?"""
    condition = or_(false(), *(_CONDITIONS[part.of](span, key) for key in part.keys))
    return not_(condition) if part.is_rest else condition


def _of_programme(span: Span, key: str | None) -> ColumnElement[bool]:
    theirs = select(Activity.id).where(within(span.community_id, Activity), Activity.programme_id == _id(key))
    return Checkin.activity_id.in_(theirs)


def _of_grid(span: Span, key: str | None) -> ColumnElement[bool]:
    grid = select(PlaceUnit.id).where(within(span.community_id, PlaceUnit), PlaceUnit.kind == UnitKind.GRID)
    around = grid.where(Checkin.unit_path.startswith(PlaceUnit.path, autoescape=False)).correlate(Checkin)
    return ~around.exists() if key is None else around.where(PlaceUnit.id == _id(key)).exists()


def _of_post(span: Span, key: str | None) -> ColumnElement[bool]:
    held = figures.posts_held(span)
    holders = [member_id for member_id, kind in held.items() if key is None or kind == key]
    theirs = select(Member.id).where(within(span.community_id, Member), figures.PERSON.in_(holders))
    return Checkin.member_id.not_in(theirs) if key is None else Checkin.member_id.in_(theirs)


def _of_evidence(_span: Span, key: str | None) -> ColumnElement[bool]:
    return Checkin.evidence == key


def _of_day(_span: Span, key: str | None) -> ColumnElement[bool]:
    day = date.fromisoformat(str(key))
    return and_(
        Stamp.stamped_at >= clock.start_of_day(day), Stamp.stamped_at < clock.start_of_day(day + timedelta(days=1))
    )


def _id(key: str | None) -> UUID:
    return UUID(str(key))


_CONDITIONS: dict[str, Callable[[Span, str | None], ColumnElement[bool]]] = {
    "programmes": _of_programme,
    "grids": _of_grid,
    "posts": _of_post,
    "evidence": _of_evidence,
    "days": _of_day,
}

PARTS = tuple(_CONDITIONS)
"""The lists of a summary that have parts of the service as rows."""
