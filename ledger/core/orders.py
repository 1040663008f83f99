"""Lists in one of a few orders. A page goes on behind the row that ended the page before, whatever came since."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Select, Uuid, literal, tuple_


class Age(StrEnum):
    """The orders of a list that is looked at by age alone. Ids carry the time at which they were made."""

    NEWEST = "newest"
    OLDEST = "oldest"


class Order(NamedTuple):
    """Rows by a column that is never null, those alike by their id; without a column by id. `falls`: greatest first."""

    column: Any = None
    falls: bool = False


NEWEST, OLDEST = Order(falls=True), Order()
BY_AGE = {Age.NEWEST: NEWEST, Age.OLDEST: OLDEST}


def by_age(asked: Age | None, *, waiting: bool = False) -> Order:
    """The order that was asked for; unasked, what waits comes oldest first and all else newest first."""
    return BY_AGE[asked or (Age.OLDEST if waiting else Age.NEWEST)]


def arrange(query: Select[Any], order: Order, key: Any, *, rows: Select[Any], after: UUID | None) -> Select[Any]:
    """The query in this order, from behind the row whose `key` is `after` (None: from its start).

    `rows` reads the list without its filters: the row that ended a page may no longer answer to them, and what
    follows it is still found. A row of nobody's place is followed by nothing.
    """
    by = (key,) if order.column is None else (order.column, key)
    query = query.order_by(*((one.desc() if order.falls else one.asc()) for one in by))
    if after is None:
        return query
    last: tuple[Any, ...] = (literal(after, Uuid()),)
    if order.column is not None:
        stood = rows.with_only_columns(order.column, maintain_column_froms=True).where(key == after)
        last = (stood.correlate(None).scalar_subquery(), *last)
    place, end = (tuple_(*by), tuple_(*last)) if order.column is not None else (key, last[0])
    return query.where(place < end if order.falls else place > end)
