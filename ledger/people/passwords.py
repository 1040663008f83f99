"""Passwords of staff and shop owners: argon2id, never the phone, guessed at no faster than tries.py allows."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete, select, update

from ledger.core import audit, clock, secrets, walls
from ledger.core.db import atomic, db
from ledger.core.errors import Forbidden, NotFound
from ledger.core.tenancy import Actor, Role, same_community
from ledger.people import tries
from ledger.people.errors import PasswordTooEasy, PasswordWrong, SignInAgain
from ledger.people.models import (
    CounterStaff,
    Member,
    OversightGrant,
    Phone,
    RoleGrant,
    Session,
    SessionKind,
)
from ledger.people.sign_in_models import Password, Way
from ledger.people.tries import Origin

SHORTEST, LONGEST = 10, 200
LEAST_DIFFERENT = 5
FRESH = timedelta(minutes=15)

ROWS_OF_KEYS = ("01234567890123456789", "98765432109876543210", "qwertyuiopasdfghjklzxcvbnm", "1qaz2wsx3edc4rfv5tgb")
FIRST_GUESSES = ("password", "woaini1314", "5201314", "admin123", "xiaohonghua", "honghua", "iloveyou", "qwer1234")

_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
"""OWASP's figures for argon2id: about 20 ms, and 19 MB for each of the server's threads at worst."""

_of_nobody = _hasher.hash("nobody's password")
"""Checked against where there is no password, so that an unknown number takes as long as a known one."""


@walls.above()
def may_have_one(person_id: UUID) -> bool:
    """Is the person staff of a community, an owner of a shop, or above communities?"""
    staff = select(RoleGrant.id).where(
        same_community(RoleGrant, Member),
        Member.id == RoleGrant.member_id,
        Member.person_id == person_id,
        RoleGrant.until.is_(None),
    )
    owner = select(CounterStaff.id).where(
        CounterStaff.person_id == person_id, CounterStaff.role == Role.OWNER, CounterStaff.until.is_(None)
    )
    above = select(OversightGrant.id).where(OversightGrant.person_id == person_id, OversightGrant.until.is_(None))
    return any(db.session.scalar(query.limit(1)) is not None for query in (staff, owner, above))


def has_one(person_id: UUID) -> bool:
    return db.session.scalar(select(Password.person_id).where(Password.person_id == person_id)) is not None


@atomic
def set_password(actor: Actor, new: str, *, current: str | None = None) -> None:
    """The actor signs in with `new` from now on, and every other browser of theirs is signed out.

    Raises Forbidden (volunteers have none), then TooManyRequests, PasswordWrong (`current`), SignInAgain,
    PasswordTooEasy.
    """
    if not may_have_one(actor.person_id):
        raise Forbidden
    show_it_is_you(actor, current)
    if is_easy(new, _numbers_of(actor.person_id)):
        raise PasswordTooEasy
    db.session.execute(delete(Password).where(Password.person_id == actor.person_id))
    row = Password(person_id=actor.person_id, hash=_hasher.hash(_keyed(new)), set_at=clock.now())
    db.session.add(row)
    others = update(Session).where(
        Session.person_id == actor.person_id,
        Session.kind == SessionKind.BROWSER,
        Session.id != actor.session_id,
        Session.revoked_at.is_(None),
    )
    db.session.execute(others.values(revoked_at=clock.now()))
    db.session.flush()
    audit.record(actor, "people.set_password")


@atomic
def remove_password(actor: Actor, *, current: str | None = None) -> None:
    """The actor signs in by code only. Raises NotFound, TooManyRequests, PasswordWrong, SignInAgain."""
    if not has_one(actor.person_id):
        raise NotFound
    show_it_is_you(actor, current)
    db.session.execute(delete(Password).where(Password.person_id == actor.person_id))
    audit.record(actor, "people.remove_password")


def fits(person_id: UUID | None, password: str) -> bool:
    """Is it the person's password? The same work whether there is such a person, and whether they have one."""
    kept = db.session.scalar(select(Password.hash).where(Password.person_id == person_id))
    try:
        return _hasher.verify(kept or _of_nobody, _keyed(password)) and kept is not None
    except (VerificationError, InvalidHashError):
        return False


def is_easy(password: str, numbers: list[str]) -> bool:
    """Would somebody who knows the person try it first? `numbers` are the person's phones."""
    plain = password.lower().replace(" ", "")
    if len(set(plain)) < LEAST_DIFFERENT or any(number in plain for number in numbers):
        return True
    if any(plain in row for row in ROWS_OF_KEYS):
        return True
    return any(plain.removeprefix(guess).strip("0123456789!.@#") == "" for guess in FIRST_GUESSES)


def _keyed(password: str) -> str:
    return secrets.mac(password.encode(), "passwords").hex()


def _numbers_of(person_id: UUID) -> list[str]:
    sealed = db.session.scalars(select(Phone.sealed).where(Phone.person_id == person_id, Phone.ended_at.is_(None)))
    return [secrets.unseal(one, "phones").decode() for one in sealed]


def show_it_is_you(actor: Actor, current: str | None) -> None:
    """Who holds an open session is not yet its person: the present password, or a fresh sign-in by code, says so."""
    if current is not None:
        person = secrets.blind_index(actor.person_id.hex, "persons")
        origin = Origin(person, person, None)
        tries.refuse_guessing(origin, Way.PASSWORD)
        if not fits(actor.person_id, current):
            raise PasswordWrong(afterwards=lambda: tries.count_try(origin, Way.PASSWORD))
        return
    session = db.session.get(Session, actor.session_id)
    if session is None or session.scopes is not None or not _is_fresh(session):
        raise SignInAgain


def _is_fresh(session: Session) -> bool:
    """Opened lately by a code; or by the command line, which opens what it likes."""
    if session.kind == SessionKind.API:
        return True
    return session.by == Way.CODE and session.created_at > clock.now() - FRESH
