"""Statements that a wall would narrow in silence: those of a request or a job that name no community, or another one.

With REDFLOWER_TEST_WALLS every test ends with none of them. What asks across communities does so under `walls.above`.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, event

from ledger.core import walls
from ledger.core.db import Base

FOUND: list[str] = []
"""What was asked in the present test, with the community that was named."""


def listen_to(engine: Engine) -> None:
    event.listen(engine, "before_cursor_execute", _note, insert=True)


def _note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_more: Any) -> None:
    named = walls._named.get()
    if named == walls.ABOVE or not _asks_for_tenants(statement):
        return
    rows = parameters if isinstance(parameters, list) else [parameters]
    others = {
        str(value)
        for row in rows
        if isinstance(row, dict)
        for name, value in row.items()
        if "community_id" in name and value is not None and _as_id(value) != named
    }
    if not named or others or not _names_community(statement):
        FOUND.append(f"[{named}] {statement[:300]} {others or ''}")


def _as_id(value: Any) -> str:
    return str(value if isinstance(value, UUID) else UUID(str(value)))


@cache
def _tenants(before: str) -> re.Pattern[str]:
    """Where a table of communities is named after one of these words."""
    tables = "|".join(table.name for table in Base.metadata.tables.values() if "community_id" in table.c)
    return re.compile(rf"(?:{before})\s+(?:{tables})\b")


@cache
def _asks_for_tenants(statement: str) -> bool:
    return _tenants(r"\bFROM|\bJOIN|\bUPDATE|\bINTO|,").search(statement) is not None


@cache
def _names_community(statement: str) -> bool:
    """By a condition; what only adds rows, in one INSERT or several, is refused by a wall and never narrowed."""
    only_adds = statement.startswith("INSERT") or not _tenants(r"\bFROM|\bJOIN|\bUPDATE").search(statement)
    return only_adds or re.search(r"community_id (?:=|IN) [%(?]", statement) is not None
