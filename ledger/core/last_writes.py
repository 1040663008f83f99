"""What a transaction writes last and never reads again: its audit lines, its events, the answer of its key.

They wait until everything else is written and then go together: on PostgreSQL in one statement where each is one row,
else in one for each table. A round trip costs more than the row.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Insert, Table, Update, bindparam, insert

from ledger.core import walls
from ledger.core.db import connection, in_atomic, is_postgresql, write_before_commit
from ledger.core.many import as_arrays, insert_arrays

LastWrite = Insert | Update
"""Every value of it is a parameter, and no other LastWrite has a parameter of that name."""

Waiting = tuple[LastWrite, UUID, dict[str, Any]]
"""A statement, the community inside which it is written, and the values of its one row."""


def insert_last(table: Any, **computed: Any) -> Insert:
    """A row for the table whose parameters `values_for` names; what is computed is no parameter."""
    of: Table = table
    asked = {column.name: bindparam(_name(of, column.name), type_=column.type) for column in of.columns}
    statement = insert(of).values(asked | computed)
    _MANY[statement] = of, computed
    return statement


_MANY: dict[LastWrite, tuple[Table, dict[str, Any]]] = {}
"""What `insert_last` was asked for, by what it returned: so that its many rows can be one statement, too."""


def values_for(table: Any, row: dict[str, Any]) -> dict[str, Any]:
    """The row as the parameters of `insert_last`; columns that it does not name are NULL."""
    of: Table = table
    return {_name(of, column.name): row.get(column.name) for column in of.columns}


def _name(table: Table, column: str) -> str:
    return f"{table.name}_{column}"


def write_last(statement: LastWrite, community_id: UUID, values: dict[str, Any]) -> None:
    """The row is written before the present transaction commits; a savepoint that is gone back to takes it along."""
    if in_atomic():
        write_before_commit(_write, (statement, community_id, values))
    else:
        _write([(statement, community_id, values)])


def _write(waiting: Sequence[Waiting]) -> None:
    by_statement: dict[tuple[UUID, LastWrite], list[dict[str, Any]]] = {}
    for statement, community_id, values in waiting:
        by_statement.setdefault((community_id, statement), []).append(values)
    if is_postgresql() and len({community_id for community_id, _ in by_statement}) == 1 < len(by_statement) == len(
        waiting
    ):
        _write_together(waiting)
        return
    for (community_id, statement), rows in by_statement.items():
        with walls.inside(community_id):
            if len(rows) > 1 and is_postgresql() and statement in _MANY:
                _write_many(statement, rows)
            else:
                connection().execute(statement, rows if len(rows) > 1 else rows[0])


def _write_many(statement: LastWrite, rows: Sequence[dict[str, Any]]) -> None:
    table, computed = _MANY[statement]
    named = {column.name: _name(table, column.name) for column in table.columns if column.name not in computed}
    connection().execute(insert_arrays(table, tuple(named), **computed), as_arrays(rows, named))


def _write_together(waiting: Sequence[Waiting]) -> None:
    values = {name: value for _, _, row in waiting for name, value in row.items()}
    with walls.inside(waiting[0][1]):
        connection().execute(_together(tuple(statement for statement, _, _ in waiting)), values)


@cache
def _together(statements: tuple[LastWrite, ...]) -> LastWrite:
    """One statement that does what these do; each writes a table of its own, so their order does not matter."""
    *others, last = statements
    return last.add_cte(*(one.cte(f"write_{number}") for number, one in enumerate(others)))
