"""Taking a file set by set: rows in pieces that a statement can carry, and the people behind phone numbers."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import insert, select

from ledger.core import clock, secrets
from ledger.core.db import db
from ledger.core.ids import new_id
from ledger.people import phones
from ledger.people.models import Person, Phone

T = TypeVar("T")

AT_ONCE = 500
"""Rows in one statement; both engines bound what a statement may carry."""


def pieces(rows: Sequence[T]) -> Iterator[Sequence[T]]:
    """The rows, so many at once."""
    for start in range(0, len(rows), AT_ONCE):
        yield rows[start : start + AT_ONCE]


def insert_all(model: type[Any], rows: Sequence[dict[str, Any]]) -> None:
    """The rows are in the model's table."""
    for piece in pieces(rows):
        db.session.execute(insert(model), piece)


def index_of(phone: str) -> bytes | None:
    """The blind index of what was typed; None when it is no mobile number."""
    try:
        return phones.index_of(phone)
    except ValueError:
        return None


def people_with(indexes: Collection[bytes]) -> dict[bytes, UUID]:
    """Whose numbers these are now, by blind index; nobody's are left out."""
    found: dict[bytes, UUID] = {}
    for piece in pieces(list(indexes)):
        query = select(Phone.blind_index, Phone.person_id).where(Phone.ended_at.is_(None), Phone.blind_index.in_(piece))
        found |= dict(db.session.execute(query).tuples().all())
    return found


def add_people(count: int) -> list[UUID]:
    """So many new persons exist, without a phone."""
    ids = [new_id() for _ in range(count)]
    insert_all(Person, [{"id": person_id, "created_at": clock.now()} for person_id in ids])
    return ids


def people_for(numbers: Mapping[bytes, str]) -> dict[bytes, UUID]:
    """Whoever signs in with these numbers, now or later, by blind index: who is known by a number stays that person."""
    known = people_with(numbers)
    new = [index for index in numbers if index not in known]
    added = dict(zip(new, add_people(len(new)), strict=True))
    rows = [
        {
            "id": new_id(),
            "person_id": person_id,
            "sealed": secrets.seal(phones.normalise(numbers[index]).encode(), "phones"),
            "blind_index": index,
            "created_at": clock.now(),
        }
        for index, person_id in added.items()
    ]
    insert_all(Phone, rows)
    return known | added
