"""Lists that leave the house as files: read whole, within a bound, and written down."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, TypeVar
from uuid import UUID

from ledger.core import audit
from ledger.core.db import atomic
from ledger.core.tenancy import Actor
from ledger.people.errors import ListTooLong

MOST_ROWS = 10_000
"""Rows of one file. Who needs more narrows the filters and takes several."""

AT_ONCE = 500
"""Rows that are read at a time."""

Row = TypeVar("Row", covariant=True)


class ReadPage(Protocol[Row]):
    """A list: so many rows that follow the one with the id `after` (None: from the start)."""

    def __call__(self, *, after: UUID | None, limit: int) -> Sequence[Row]: ...


def read_whole(read: ReadPage[Row], *, key: Callable[[Row], UUID]) -> Iterator[Sequence[Row]]:
    """All rows of a list, some at a time; `key` is the id by which the list goes on. Raises ListTooLong."""
    count, after = 0, None
    while True:
        rows = read(after=after, limit=AT_ONCE)
        count += len(rows)
        if count > MOST_ROWS:
            raise ListTooLong(most=MOST_ROWS)
        yield rows
        if len(rows) < AT_ONCE:
            return
        after = key(rows[-1])


@atomic
def record_export(actor: Actor, kind: str, *, count: int, file_format: str) -> None:
    """The audit knows that the actor took a list along: which one, how many rows, in which format; no names."""
    audit.record(actor, "people.export_list", kind=kind, count=count, format=file_format)
