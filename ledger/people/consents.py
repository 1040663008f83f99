"""Consent by purpose: given and withdrawn in one step each, history kept."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select, update

from ledger.core import clock
from ledger.core.db import atomic, db
from ledger.core.ids import new_id
from ledger.people.errors import ConsentRequired
from ledger.people.models import Consent, Purpose


@atomic
def give(person_id: UUID, purposes: Collection[Purpose]) -> None:
    """The person consents to these purposes from now on; those given before stay as they were."""
    for purpose in set(purposes) - given_by(person_id):
        db.session.add(Consent(id=new_id(), person_id=person_id, purpose=purpose, given_at=clock.now()))
    db.session.flush()


@atomic
def withdraw(person_id: UUID, purpose: Purpose) -> None:
    """The person's consent to the purpose has ended."""
    live = update(Consent).where(
        Consent.person_id == person_id, Consent.purpose == purpose, Consent.withdrawn_at.is_(None)
    )
    db.session.execute(live.values(withdrawn_at=clock.now()))


def given_by(person_id: UUID) -> set[Purpose]:
    """The purposes the person consents to now."""
    query = select(Consent.purpose).where(Consent.person_id == person_id, Consent.withdrawn_at.is_(None))
    return {Purpose(purpose) for purpose in db.session.scalars(query)}


def require_service(person_id: UUID) -> None:
    """ConsentRequired unless the person lets the community record their service."""
    if Purpose.SERVICE not in given_by(person_id):
        raise ConsentRequired
