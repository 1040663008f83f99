"""The field types that every schema is made of."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from marshmallow import RAISE, ValidationError, fields, validate
from marshmallow import Schema as PlainSchema

from ledger.core import ids
from ledger.core.money import MAX_AMOUNT

EARLIEST, LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


class Schema(PlainSchema):
    """Refuses what it does not know."""

    class Meta:
        unknown = RAISE


class Id(fields.Field[UUID]):
    """An opaque id: 32 hexadecimal digits outside, a UUID inside. One that cannot exist becomes one that does not."""

    def _serialize(self, value: UUID | None, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return value.hex if value is not None else None

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> UUID:
        if not isinstance(value, str) or len(value) > 64:
            raise ValidationError("Not an id.")
        return ids.parse(value) or ids.NO_SUCH_ID


class Text(fields.String):
    """Text for people: bounded, no control characters (line breaks only if `lines`), trimmed."""

    def __init__(self, limit: int, *, least: int = 0, lines: bool = False, **kwargs: Any) -> None:
        kwargs.setdefault("metadata", {})
        super().__init__(validate=validate.Length(min=least, max=limit), **kwargs)
        self.lines = lines

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        cleaned = str(super()._deserialize(value, attr, data, **kwargs)).strip()
        allowed = "\n\r\t" if self.lines else ""
        if any(unicodedata.category(char) in ("Cc", "Cs") and char not in allowed for char in cleaned):
            raise ValidationError("Contains characters that cannot be shown.")
        return cleaned


class Code(Text):
    """A code as people type it: spaces dropped, upper case."""

    def __init__(self, limit: int = 64, **kwargs: Any) -> None:
        super().__init__(limit, least=1, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        return super()._deserialize(value, attr, data, **kwargs).replace(" ", "").upper()


class Pin(fields.String):
    """The PIN of a paper card: four to six digits."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("metadata", {}).setdefault("example", "4827")
        super().__init__(validate=validate.Regexp(r"^[0-9]{4,6}\Z"), **kwargs)


class WholeNumber(fields.Integer):
    """An integer within bounds; true, 1.5 and "1" are none."""

    def __init__(self, least: int, most: int, **kwargs: Any) -> None:
        super().__init__(strict=True, validate=validate.Range(min=least, max=most), **kwargs)

    def _validated(self, value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise ValidationError("Not a whole number.")
        return super()._validated(value)  # type: ignore[no-any-return,unused-ignore]


class Points(WholeNumber):
    """A positive number of points."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(1, 1_000_000_000, **kwargs)


class Fen(WholeNumber):
    """An amount of money in fen (1/100 yuan), 0 or more."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(kwargs.pop("least", 0), MAX_AMOUNT, **kwargs)


class Moment(fields.AwareDateTime):
    """A moment with offset (RFC 3339)."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(format="iso", **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime:
        moment: datetime = super()._deserialize(value, attr, data, **kwargs)
        try:
            moment = moment.astimezone(UTC)
        except OverflowError as error:
            raise ValidationError("Not a moment of our time.") from error
        if not EARLIEST <= moment < LATEST:
            raise ValidationError("Not a moment of our time.")
        return moment


class Day(fields.Date):
    """A local day (2026-11-20) of the years that the service knows."""

    def __init__(self, **more: Any) -> None:
        super().__init__(validate=validate.Range(min=EARLIEST.date(), max=LATEST.date()), **more)


class Month(fields.Date):
    """A month (2026-11) of the years that the service knows; loaded as its first day."""

    def __init__(self, **more: Any) -> None:
        known = validate.Range(min=EARLIEST.date(), max=LATEST.date())
        more["metadata"] = {"format": "year-month", "pattern": "^[0-9]{4}-[0-9]{2}$"} | more.get("metadata", {})
        super().__init__(format="%Y-%m", validate=known, **more)


class Sort(fields.Enum[StrEnum]):
    """One of the orders of a list; `first` is the one that it has unless asked. Given all of them, None is loaded,
    and the list has the order that its filters bring along."""

    def __init__(self, first: StrEnum | type[StrEnum]) -> None:
        orders, unasked = (first, None) if isinstance(first, type) else (type(first), first)
        told = {"description": "The order of the rows; a cursor goes on in the order that it was given in."}
        # None by a call: else the document tells of a null default, and of null among the orders.
        default = unasked or (lambda: None)
        super().__init__(orders, by_value=True, allow_none=False, load_default=default, metadata=told)


class PageQuery(Schema):
    """Paging of every list: newest first, `cursor` from the answer before."""

    limit = fields.Integer(load_default=50, validate=validate.Range(min=1, max=200))
    cursor = Id(load_default=None)


def page_of(item: type[PlainSchema]) -> PlainSchema:
    """The schema of one page of items."""
    name = item.__name__.removesuffix("Schema") + "PageSchema"
    members: dict[str, fields.Field[Any]] = {
        "items": fields.List(fields.Nested(item)),
        "next_cursor": fields.String(allow_none=True),
    }
    return PlainSchema.from_dict(members, name=name)()
