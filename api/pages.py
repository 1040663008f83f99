"""Pages of lists: one row more than asked for says whether there is a next page."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from typing import Any


def page(rows: Sequence[Any], limit: int, *, key: str = "id") -> dict[str, Any]:
    """The first `limit` of rows that were read with `limit + 1`, and the cursor of the next page.

    `key` is where a row keeps its id ("activity.id" inside another object).
    """
    items = list(rows[:limit])
    more = len(rows) > limit
    last = items[-1] if more else None
    cursor = (last[key] if isinstance(last, dict) else attrgetter(key)(last)) if last is not None else None
    return {"items": items, "next_cursor": cursor.hex if cursor else None}
