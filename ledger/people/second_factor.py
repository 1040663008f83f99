"""The second factor (TOTP, RFC 6238): enrolled and confirmed by its person, each step used once, with recovery codes.

Whoever has one is asked for it at every sign-in. Where it is required (`require_it`), a treasurer's and an operator's
rights count only in a session that showed it (docs/adr).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import pyotp
from sqlalchemy import delete, func, insert, or_, select, update

from ledger.core import audit, clock, secrets
from ledger.core.db import atomic, db
from ledger.core.errors import AlreadyExists, NotFound
from ledger.core.ids import NOBODY, new_id
from ledger.core.tenancy import Actor, Role
from ledger.people import phones, tries
from ledger.people.errors import TotpRequired, TotpWrong
from ledger.people.models import Session
from ledger.people.sign_in_models import Authenticator, RecoveryCode, Way
from ledger.people.tries import Origin

ISSUER = "小红花"
STEP_SECONDS = 30
STEPS_AROUND = (0, -1, 1)
"""A clock may be half a minute off."""

RECOVERY_CODES = 10
RECOVERY_LENGTH = 10

NEEDS_IT = frozenset({Role.TREASURER, Role.OPERATOR})

_is_required = False


def require_it(required: bool) -> None:
    """From now on this process leaves the roles of NEEDS_IT out of sessions without a second factor, or does not."""
    global _is_required
    _is_required = required


def is_required() -> bool:
    return _is_required


def is_enough(actor: Actor, role: Role) -> bool:
    """Does the role count in this actor's session?"""
    return not _is_required or role not in NEEDS_IT or actor.is_strong or actor.person_id == NOBODY


def digits_of(secret: str, moment: datetime) -> str:
    """What an authenticator with this secret shows at the moment."""
    return pyotp.TOTP(secret).at(moment)


class Enrolment(NamedTuple):
    """What an authenticator is told once: the secret, and the address that its QR code carries."""

    secret: str
    url: str


class Standing(NamedTuple):
    """How a person's second factor stands."""

    is_confirmed: bool
    recovery_codes_left: int


@atomic
def enrol(actor: Actor, *, secret: str | None = None) -> Enrolment:
    """The actor has a new, unconfirmed authenticator; shown once. Raises AlreadyExists when one is confirmed.

    `secret` is chance unless given (by the demo, which says it aloud).
    """
    if _confirmed(actor.person_id) is not None:
        raise AlreadyExists
    secret = secret or pyotp.random_base32()
    db.session.execute(delete(Authenticator).where(Authenticator.person_id == actor.person_id))
    row = Authenticator(
        person_id=actor.person_id, sealed=secrets.seal(secret.encode(), "authenticators"), created_at=clock.now()
    )
    db.session.add(row)
    db.session.flush()
    audit.record(actor, "people.enrol_second_factor")
    name = f"尾号 {phones.tail_of(actor.person_id) or actor.person_id.hex[:4]}"
    return Enrolment(secret, pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=ISSUER))


@atomic
def confirm(actor: Actor, totp: str) -> list[str]:
    """The authenticator counts from now on and this session is strong; returns the recovery codes, shown once.

    Raises NotFound (nothing to confirm), TooManyRequests, TotpWrong.
    """
    row = db.session.get(Authenticator, actor.person_id)
    if row is None or row.confirmed_at is not None:
        raise NotFound
    _spend(row, totp)
    row.confirmed_at = clock.now()
    db.session.flush()
    strengthen(actor)
    audit.record(actor, "people.confirm_second_factor")
    return _new_recovery_codes(actor.person_id)


@atomic
def remove(actor: Actor, totp: str) -> None:
    """The actor has no second factor any more. Raises NotFound, TooManyRequests, TotpWrong."""
    _check_own(actor, totp)
    _drop(actor.person_id)
    weaken = update(Session).where(Session.person_id == actor.person_id)
    db.session.execute(weaken.values(second_factor_at=None))
    audit.record(actor, "people.remove_second_factor")


@atomic
def reset(person_id: UUID) -> None:
    """The person's second factor is gone: the operator's way out when phone and recovery codes are lost.

    Their sessions are dead, so that nobody keeps one who should not have it. Raises NotFound.
    """
    if _confirmed(person_id) is None:
        raise NotFound
    _drop(person_id)
    dead = update(Session).where(Session.person_id == person_id, Session.revoked_at.is_(None))
    db.session.execute(dead.values(revoked_at=clock.now()))
    audit.record(None, "people.reset_second_factor", on_behalf_of=person_id)


@atomic
def renew_recovery_codes(actor: Actor, totp: str) -> list[str]:
    """New recovery codes, shown once; the old ones are dead. Raises NotFound, TooManyRequests, TotpWrong."""
    _check_own(actor, totp)
    audit.record(actor, "people.renew_recovery_codes")
    return _new_recovery_codes(actor.person_id)


def standing(person_id: UUID) -> Standing:
    left = select(func.count()).where(RecoveryCode.person_id == person_id, RecoveryCode.used_at.is_(None))
    return Standing(_confirmed(person_id) is not None, db.session.scalar(left) or 0)


def check(person_id: UUID, origin: Origin, totp: str | None) -> bool:
    """Was the second factor shown? False for a person who has none.

    Raises TotpRequired, TooManyRequests, TotpWrong (which counts the try).
    """
    row = _confirmed(person_id)
    if row is None:
        return False
    if not totp:
        raise TotpRequired
    _spend(row, totp, origin)
    return True


def strengthen(actor: Actor) -> None:
    """The actor's session has shown a second factor."""
    mine = update(Session).where(Session.id == actor.session_id, Session.person_id == actor.person_id)
    db.session.execute(mine.values(second_factor_at=clock.now()))


def _check_own(actor: Actor, totp: str) -> None:
    row = _confirmed(actor.person_id)
    if row is None:
        raise NotFound
    _spend(row, totp)


def _confirmed(person_id: UUID) -> Authenticator | None:
    query = select(Authenticator).where(Authenticator.person_id == person_id, Authenticator.confirmed_at.is_not(None))
    return db.session.scalar(query)


def _spend(row: Authenticator, totp: str, origin: Origin | None = None) -> None:
    """The code is right and used up. Tries are counted by person, from wherever they come."""
    person = secrets.blind_index(row.person_id.hex, "persons")
    counted = Origin(person, origin.address if origin else person, origin.device if origin else None)
    tries.refuse_guessing(counted, Way.SECOND_FACTOR)
    typed = totp.replace(" ", "").replace("-", "").upper()
    if not (_use_step(row, typed) or _use_recovery_code(row.person_id, typed)):
        raise TotpWrong(afterwards=lambda: tries.count_try(counted, Way.SECOND_FACTOR))
    tries.forgive(counted, Way.SECOND_FACTOR)


def _use_step(row: Authenticator, typed: str) -> bool:
    """The digits of a step around now, which no earlier or equal step may have been used for."""
    step = _step_of(pyotp.TOTP(secrets.unseal(row.sealed, "authenticators").decode()), typed)
    if step is None:
        return False
    newer = or_(Authenticator.last_step.is_(None), Authenticator.last_step < step)
    use = update(Authenticator).where(Authenticator.person_id == row.person_id, newer).values(last_step=step)
    return bool(db.session.execute(use).rowcount)  # type: ignore[attr-defined]


def _step_of(totp: pyotp.TOTP, typed: str) -> int | None:
    now = int(clock.now().timestamp()) // STEP_SECONDS
    for around in STEPS_AROUND:
        if secrets.same(totp.generate_otp(now + around).encode(), typed.encode()):
            return now + around
    return None


def _use_recovery_code(person_id: UUID, typed: str) -> bool:
    use = update(RecoveryCode).where(
        RecoveryCode.person_id == person_id,
        RecoveryCode.code_hash == _recovery_hash(person_id, typed),
        RecoveryCode.used_at.is_(None),
    )
    return bool(db.session.execute(use.values(used_at=clock.now())).rowcount)  # type: ignore[attr-defined]


def _new_recovery_codes(person_id: UUID) -> list[str]:
    db.session.execute(delete(RecoveryCode).where(RecoveryCode.person_id == person_id))
    codes = [secrets.random_code(RECOVERY_LENGTH) for _ in range(RECOVERY_CODES)]
    rows: list[dict[str, Any]] = [
        {
            "id": new_id(),
            "person_id": person_id,
            "code_hash": _recovery_hash(person_id, code),
            "created_at": clock.now(),
            "used_at": None,
        }
        for code in codes
    ]
    db.session.execute(insert(RecoveryCode), rows)
    return [f"{code[:5]}-{code[5:]}" for code in codes]


def _recovery_hash(person_id: UUID, code: str) -> bytes:
    return secrets.mac(person_id.bytes + code.encode(), "recovery codes")


def _drop(person_id: UUID) -> None:
    db.session.execute(delete(Authenticator).where(Authenticator.person_id == person_id))
    db.session.execute(delete(RecoveryCode).where(RecoveryCode.person_id == person_id))
