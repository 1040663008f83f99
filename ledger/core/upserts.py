"""INSERT … ON CONFLICT on both engines, compiled once: SQLAlchemy keeps what it made of every other statement."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import CursorResult, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Compiled

from ledger.core.db import connection, is_postgresql


class Upsert:
    """Rows for `table`; `but` says, of the INSERT of either engine, what happens where one of them is there already."""

    def __init__(self, table: Any, but: Callable[[Any], Any]) -> None:
        self._table: Table = table
        self._but = but
        self._compiled: dict[tuple[str, tuple[str, ...]], Compiled] = {}

    def run(self, rows: Sequence[dict[str, Any]]) -> CursorResult[Any]:
        """One row or many, all with the same columns, in one statement each."""
        here, columns = connection(), tuple(rows[0])
        kept = here.dialect.name, columns
        if kept not in self._compiled:
            insert = (postgresql.insert if is_postgresql() else sqlite.insert)(self._table)
            self._compiled[kept] = self._but(insert).compile(dialect=here.dialect, column_keys=list(columns))
        run: Any = here.execute
        found: CursorResult[Any] = run(self._compiled[kept], rows if len(rows) > 1 else rows[0])
        return found
