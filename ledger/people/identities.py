"""Accounts at the identity provider that open a person's sessions: connected and disconnected by the person alone."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import delete, select

from ledger.core import audit, clock
from ledger.core.db import atomic, db
from ledger.core.errors import NotFound
from ledger.core.ids import new_id
from ledger.core.tenancy import Actor
from ledger.people import passwords, second_factor, sessions, tries
from ledger.people.errors import IdentityInUse
from ledger.people.models import SessionKind
from ledger.people.sign_in_models import Identity

BY = "provider"
"""How such a session was opened."""


def person_of(subject: bytes) -> UUID | None:
    """Whose sessions this account at the provider opens."""
    return db.session.scalar(select(Identity.person_id).where(Identity.subject_index == subject))


@atomic
def sign_in(
    subject: bytes, *, totp: str | None = None, label: str = "", address: str = "", device: str = ""
) -> tuple[str, Actor]:
    """The person has a new session; returns its token (shown once) and the actor.

    Raises NotFound (connected to nobody), TotpRequired, TooManyRequests, TotpWrong (which counts the try).
    """
    person_id = person_of(subject)
    if person_id is None:
        raise NotFound
    origin = tries.origin_of_index(subject, address, device)
    is_strong = second_factor.check(person_id, origin, totp)
    token, session = sessions.open_session(person_id, kind=SessionKind.BROWSER, label=label, by=BY, is_strong=is_strong)
    actor = Actor(person_id=person_id, session_id=session.id, is_strong=is_strong)
    audit.record(actor, "people.sign_in", session.id, by=BY)
    return token, actor


@atomic
def connect(actor: Actor, subject: bytes, label: str) -> Identity:
    """The account at the provider opens the actor's sessions from now on; connecting it again changes nothing.

    Raises SignInAgain (no sign-in by code within the last minutes), IdentityInUse.
    """
    passwords.show_it_is_you(actor, None)
    found = db.session.scalar(select(Identity).where(Identity.subject_index == subject))
    if found is not None and found.person_id != actor.person_id:
        raise IdentityInUse(label=label)
    if found is not None:
        return found
    now = clock.now()
    row = Identity(id=new_id(), person_id=actor.person_id, subject_index=subject, label=label, linked_at=now)
    db.session.add(row)
    db.session.flush()
    audit.record(actor, "people.connect_identity", row.id)
    return row


@atomic
def disconnect(actor: Actor, identity_id: UUID) -> None:
    """The account opens nothing any more; sessions it opened are ended as all others are. Raises NotFound."""
    mine = delete(Identity).where(Identity.id == identity_id, Identity.person_id == actor.person_id)
    if not db.session.execute(mine).rowcount:  # type: ignore[attr-defined]
        raise NotFound
    audit.record(actor, "people.disconnect_identity", identity_id)


def mine(actor: Actor) -> list[Identity]:
    """What is connected to the actor, newest first."""
    query = select(Identity).where(Identity.person_id == actor.person_id)
    return list(db.session.scalars(query.order_by(Identity.id.desc())))
