"""Many rows of one table in one statement: PostgreSQL's driver would send each of them by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import Insert, String, Text, bindparam, func, insert, select
from sqlalchemy.dialects.postgresql import ARRAY

from ledger.core.db import connection, is_postgresql

InsertKind = TypeVar("InsertKind", bound=Insert)


def insert_many(table: Any, rows: Sequence[dict[str, Any]]) -> None:
    """The rows, all with the same columns, are in the table; none is no statement."""
    if len(rows) > 1 and is_postgresql():
        connection().execute(insert_arrays(table, tuple(rows[0])), as_arrays(rows))
    elif rows:
        connection().execute(insert(table), rows)


@cache
def insert_arrays(table: Any, columns: tuple[str, ...], **computed: Any) -> Insert:
    """PostgreSQL's INSERT whose parameters, named as the columns, are arrays; what is computed is so for each row."""
    return from_arrays(insert(table), columns, **computed)


def from_arrays(statement: InsertKind, columns: tuple[str, ...], **computed: Any) -> InsertKind:
    """The INSERT, in the order of the arrays."""
    of: Any = statement.table
    # A cast to a text of limited length would cut off what is too long, where the column itself refuses it.
    kinds = (Text() if isinstance(of.c[name].type, String) else of.c[name].type for name in columns)
    arrays = [bindparam(name, type_=ARRAY(kind)) for name, kind in zip(columns, kinds, strict=True)]
    rows = func.unnest(*arrays).table_valued(*columns).render_derived(name="rows").c
    given = [rows[name] for name in columns]
    return statement.from_select([*columns, *computed], select(*given, *computed.values()))


def as_arrays(rows: Sequence[dict[str, Any]], named: Mapping[str, str] | None = None) -> dict[str, list[Any]]:
    """The rows as parameters that are arrays, named as their columns; or otherwise, each name with its column."""
    of = named if named is not None else {name: name for name in rows[0]}
    return {name: [_plain(row[column]) for row in rows] for name, column in of.items()}


def _plain(value: Any) -> Any:
    """The driver would not know what kind of array a list of our own kinds of text is."""
    return str(value) if isinstance(value, StrEnum) else value
