"""INSERT … ON CONFLICT on both engines, compiled once: SQLAlchemy keeps what it made of every other statement."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import CursorResult, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Compiled

from ledger.core.db import connection, is_postgresql
from ledger.core.many import as_arrays, from_arrays


class Upsert:
    """Rows for `table`; `but` says, of the INSERT of either engine, what happens where one of them is there already."""

    def __init__(self, table: Any, but: Callable[[Any], Any]) -> None:
        self._table: Table = table
        self._but = but
        self._compiled: dict[tuple[str, bool, tuple[str, ...]], Compiled] = {}

    def run(self, rows: Sequence[dict[str, Any]]) -> CursorResult[Any]:
        """One row or many, all with the same columns and each with a key of its own, in their order."""
        here, columns = connection(), tuple(rows[0])
        in_arrays = len(rows) > 1 and is_postgresql()
        kept = here.dialect.name, in_arrays, columns
        if kept not in self._compiled:
            insert: Any = (postgresql.insert if is_postgresql() else sqlite.insert)(self._table)
            insert = self._but(from_arrays(insert, columns) if in_arrays else insert)
            self._compiled[kept] = insert.compile(
                dialect=here.dialect, column_keys=None if in_arrays else list(columns)
            )
        run: Any = here.execute
        asked = as_arrays(rows) if in_arrays else rows if len(rows) > 1 else rows[0]
        found: CursorResult[Any] = run(self._compiled[kept], asked)
        return found
