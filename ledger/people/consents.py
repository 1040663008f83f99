"""Consent by purpose: given and withdrawn in one step each, history kept. What is withdrawn counts at once."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import exists, select, update
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql import ColumnElement

from ledger.core import audit, clock, walls
from ledger.core.db import atomic, db
from ledger.core.ids import new_id
from ledger.core.tenancy import Actor, asked
from ledger.people.errors import ConsentRequired, GuardianDecides, ServiceWithdrawn
from ledger.people.models import Consent, Member, Purpose

_EVER_GIVEN = select(Consent.purpose, Consent.withdrawn_at).where(Consent.person_id == asked("person_id"))
_GIVEN = select(Consent.purpose).where(Consent.person_id == asked("person_id"), Consent.withdrawn_at.is_(None))


class Standing(NamedTuple):
    """How a person stands to one purpose: consenting since `given_at`, or not (None)."""

    purpose: Purpose
    given_at: datetime | None


@atomic
def give(person_id: UUID, purposes: Collection[Purpose], *, by: UUID | None = None) -> None:
    """The person consents to these purposes from now on; those given before stay as they were.

    `by` is the guardian who consents for a child. Raises GuardianDecides (a child alone).
    """
    new = set(purposes) - given_by(person_id)
    if new and by is None and _is_child(person_id):
        raise GuardianDecides
    for purpose in sorted(new):
        db.session.add(Consent(id=new_id(), person_id=person_id, purpose=purpose, given_at=clock.now(), given_by=by))
    db.session.flush()


@walls.above()
def _is_child(person_id: UUID) -> bool:
    """Has anybody said, in any community, that the person is under fourteen today?"""
    today = clock.today()
    return bool(db.session.scalar(select(exists().where(Member.person_id == person_id, Member.child_until > today))))


@atomic
def withdraw(person_id: UUID, purpose: Purpose) -> None:
    """The person's consent to the purpose has ended."""
    live = update(Consent).where(
        Consent.person_id == person_id, Consent.purpose == purpose, Consent.withdrawn_at.is_(None)
    )
    db.session.execute(live.values(withdrawn_at=clock.now()))


@atomic
def change(actor: Actor, purpose: Purpose, *, given: bool) -> None:
    """The signed-in person consents to the purpose from now on, or no longer. Raises GuardianDecides."""
    if given:
        give(actor.person_id, [purpose])
    else:
        withdraw(actor.person_id, purpose)
    audit.record(actor, "people.give_consent" if given else "people.withdraw_consent", purpose=purpose)


def given_by(person_id: UUID) -> set[Purpose]:
    """The purposes the person consents to now."""
    return {Purpose(purpose) for purpose in db.session.scalars(_GIVEN, {"person_id": person_id})}


def given_alone(person_id: UUID) -> set[Purpose]:
    """What the person consents to now without a guardian's word."""
    query = select(Consent.purpose).where(
        Consent.person_id == person_id, Consent.withdrawn_at.is_(None), Consent.given_by.is_(None)
    )
    return {Purpose(purpose) for purpose in db.session.scalars(query)}


def standing(person_id: UUID) -> list[Standing]:
    """Every purpose, with since when the person consents to it."""
    since = {row.purpose: row.given_at for row in history(person_id) if row.withdrawn_at is None}
    return [Standing(purpose, since.get(purpose)) for purpose in Purpose]


def history(person_id: UUID) -> list[Consent]:
    """What the person consented to and withdrew, newest first."""
    query = select(Consent).where(Consent.person_id == person_id).order_by(Consent.given_at.desc(), Consent.id.desc())
    return list(db.session.scalars(query))


def consents_to(person_id: InstrumentedAttribute[UUID], purpose: Purpose) -> ColumnElement[bool]:
    """SQL: does the person of the row consent to the purpose now?"""
    return exists().where(Consent.person_id == person_id, Consent.purpose == purpose, Consent.withdrawn_at.is_(None))


def require_service(person_id: UUID) -> None:
    """ConsentRequired unless the person lets the community record their service."""
    if Purpose.SERVICE not in given_by(person_id):
        raise ConsentRequired


def refuse_withdrawn(person_id: UUID) -> set[Purpose]:
    """What the person consents to now; ServiceWithdrawn when they no longer want their service recorded.

    Who was entered by staff and never asked (an elder without a phone) has withdrawn nothing.
    """
    rows = db.session.execute(_EVER_GIVEN, {"person_id": person_id}).tuples()
    ever, live = set(), set()
    for purpose, withdrawn_at in rows:
        ever.add(Purpose(purpose))
        if withdrawn_at is None:
            live.add(Purpose(purpose))
    if Purpose.SERVICE in ever - live:
        raise ServiceWithdrawn
    return live
