"""Phone numbers: normalised, encrypted at rest, found by a blind index."""

from __future__ import annotations

import re
from uuid import UUID

from sqlalchemy import select

from ledger.core import clock, secrets
from ledger.core.db import atomic, db
from ledger.core.ids import new_id
from ledger.people.errors import PhoneInUse
from ledger.people.models import Person, Phone

PATTERN = r"^(\+?86)?1[3-9][0-9]{9}\Z"
"""A mobile number of mainland China, with or without country code."""


def normalise(number: str) -> str:
    """The 11 digits of a number that matches PATTERN; ValueError otherwise."""
    digits = re.sub(r"[\s-]", "", number)
    if not re.match(PATTERN, digits):
        raise ValueError("not a mobile number of mainland China")
    return digits[-11:]


def index_of(number: str) -> bytes:
    """The blind index of a number, in whatever form it was typed."""
    return secrets.blind_index(normalise(number), "phones")


def person_with(number: str) -> UUID | None:
    """Whose number this is now."""
    query = select(Phone.person_id).where(Phone.blind_index == index_of(number), Phone.ended_at.is_(None))
    return db.session.scalar(query)


@atomic
def add_person(number: str | None) -> UUID:
    """A new person, with a phone or (elders) without. PhoneInUse when somebody has the number."""
    if number is not None and person_with(number) is not None:
        raise PhoneInUse
    person = Person(id=new_id(), created_at=clock.now())
    db.session.add(person)
    db.session.flush()
    if number is not None:
        add_phone(person.id, number)
    return person.id


def add_phone(person_id: UUID, number: str) -> None:
    """The number is the person's from now on; nobody has it at this moment."""
    digits = normalise(number)
    sealed = secrets.seal(digits.encode(), "phones")
    row = Phone(id=new_id(), person_id=person_id, sealed=sealed, blind_index=index_of(digits), created_at=clock.now())
    db.session.add(row)
    db.session.flush()


def tail_of(person_id: UUID) -> str | None:
    """The last four digits, which is all that anybody else ever sees; None without a phone."""
    query = select(Phone.sealed).where(Phone.person_id == person_id, Phone.ended_at.is_(None))
    sealed = db.session.scalar(query)
    return secrets.unseal(sealed, "phones").decode()[-4:] if sealed else None


def number_of(person_id: UUID) -> str | None:
    """The person's number now, for a message to it; it is shown to nobody. None without a phone."""
    query = select(Phone.sealed).where(Phone.person_id == person_id, Phone.ended_at.is_(None))
    sealed = db.session.scalar(query.order_by(Phone.created_at.desc()).limit(1))
    return secrets.unseal(sealed, "phones").decode() if sealed else None
