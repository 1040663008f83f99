"""The bytes of a transfer that are sealed: every column, in a fixed order, so that nobody can change one unseen.

Format `redflower.transfer/v1` (docs/seals.md): its name and then each field of FIELDS, each as a length of four bytes,
big endian, and so many bytes. None has the length 0xFFFFFFFF and no bytes, so it is never an empty value. An id is its
16 bytes, a number 8 bytes signed big endian, a moment the number of microseconds since 1970 UTC, a day and a word
UTF-8 text. A new column means a new version; leaves of older versions stay as they are.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import Uuid
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import NullType

from ledger.book.models import Transfer

VERSION = "redflower.transfer/v1"

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_IN_UTC = EPOCH.replace(tzinfo=None)

_NONE = b"\xff\xff\xff\xff"
_ID = b"\x00\x00\x00\x10"
_NUMBER = struct.Struct(">Iq").pack

Piece = Callable[[Any], bytes]


def microseconds(moment: datetime) -> int:
    """Whole microseconds since 1970 UTC; ValueError for a moment without offset."""
    if moment.tzinfo is None:
        raise ValueError("a moment needs an offset")
    return _whole(moment - EPOCH)


def _whole(since: timedelta) -> int:
    """As microseconds; a division by one takes twice as long."""
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def _of_id(value: UUID | bytes | str | None) -> bytes:
    if value is None:
        return _NONE
    if isinstance(value, str):
        return _ID + bytes.fromhex(value)
    return _ID + (value if isinstance(value, bytes) else value.bytes)


_of_known_id = lru_cache(maxsize=4096)(_of_id)
"""For ids that many transfers name: the community's, its accounts', its people's."""


@lru_cache(maxsize=4096)
def _of_number(value: int | None) -> bytes:
    return _NONE if value is None else _NUMBER(8, value)


@lru_cache(maxsize=4096)
def _of_moment(value: datetime | str | None) -> bytes:
    if value is None:
        return _NONE
    if isinstance(value, str):
        return _NUMBER(8, _whole(datetime.fromisoformat(value) - _EPOCH_IN_UTC))
    return _NUMBER(8, microseconds(value))


def _of_bytes(value: bytes | None) -> bytes:
    return _NONE if value is None else len(value).to_bytes(4, "big") + value


@lru_cache(maxsize=4096)
def _of_text(value: str | None) -> bytes:
    return _of_bytes(None if value is None else value.encode())


@lru_cache(maxsize=4096)
def _of_day(value: date | str | None) -> bytes:
    return _of_text(value.isoformat() if isinstance(value, date) else value)


FIELDS: dict[str, Piece] = {
    "community_id": _of_known_id,
    "id": _of_id,
    "code": _of_text,
    "unit": _of_text,
    "debit_account_id": _of_known_id,
    "credit_account_id": _of_known_id,
    "amount": _of_number,
    "effective_at": _of_moment,
    "recorded_at": _of_moment,
    "source_type": _of_text,
    "source_id": _of_id,
    "part": _of_number,
    "source_digest": _of_bytes,
    "reverses_id": _of_id,
    "actor_id": _of_known_id,
    "on_behalf_of": _of_known_id,
    "expires_on": _of_day,
    "request_digest": _of_bytes,
}
"""The fields of version 1 in their order, each with what makes its bytes."""

_HEAD = _of_text(VERSION)
_PIECES = tuple(FIELDS.values())


class Raw(FunctionElement[Any]):
    """A column as the driver gives it, without an object: ids are bytes on PostgreSQL, hexadecimal on SQLite."""

    inherit_cache = True
    type = NullType()


@compiles(Raw)
def _plainly(element: Raw, compiler: SQLCompiler, **options: Any) -> str:
    return compiler.process(element.clauses, **options)


@compiles(Raw, "postgresql")
def _on_postgresql(element: Raw, compiler: SQLCompiler, **options: Any) -> str:
    column = compiler.process(element.clauses, **options)
    [only] = element.clauses
    return f"uuid_send({column})" if isinstance(only.type, Uuid) else column


COLUMNS: tuple[Any, ...] = tuple(Raw(Transfer.__table__.c[name]).label(name) for name in FIELDS)
"""The columns to select, in the order that `encode_columns` takes, for a million rows.

SQLite has ids as hexadecimal digits and moments as UTC text; the pieces take every form, to the same bytes.
"""


def encode_columns(columns: Sequence[Sequence[Any]]) -> Iterator[bytes]:
    """The canonical bytes of many transfers, given as the values of each of COLUMNS, in that order; ValueError for
    another number of columns, or when one is longer. Column by column takes a fifth less time than row by row.
    """
    pieces = (map(piece, column) for piece, column in zip(_PIECES, columns, strict=True))
    return map(_HEAD.__add__, map(b"".join, zip(*pieces, strict=True)))


def encode(fields: Mapping[str, Any]) -> bytes:
    """The canonical bytes of a transfer given by the names of its columns; KeyError if one is missing."""
    [content] = encode_columns([[fields[name]] for name in FIELDS])
    return content


def fields_of(transfer: Transfer) -> dict[str, Any]:
    """All fields of a transfer, in the order in which they are sealed."""
    return {name: getattr(transfer, name) for name in FIELDS}
