"""Rows of tables as plain facts, for the file of a person's data."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any
from uuid import UUID


def facts_of(row: Any, *names: str) -> dict[str, Any]:
    """These attributes of the row, as JSON knows them."""
    return {name: plain(getattr(row, name)) for name in names}


def all_facts(rows: Iterable[Any], *names: str) -> list[dict[str, Any]]:
    """The same for each of the rows."""
    return [facts_of(row, *names) for row in rows]


def plain(value: Any) -> Any:
    """Ids as 32 hex digits, moments and days in ISO form, the rest as it is."""
    if isinstance(value, UUID):
        return value.hex
    return value.isoformat() if isinstance(value, datetime | date) else value
