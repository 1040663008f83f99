"""Signing in: phone and one-time code for all, phone and password for staff, and the second factor of who has one."""

from __future__ import annotations

import secrets as chance
from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select, update

from ledger.core import audit, clock, secrets
from ledger.core.db import atomic, db
from ledger.core.ids import NO_SUCH_ID, new_id
from ledger.core.tenancy import Actor
from ledger.people import consents, deliveries, numbers, passwords, phones, second_factor, sessions, tries
from ledger.people.errors import CodeExpired, CodeWrong, MessageNotSent, PasswordWrong
from ledger.people.models import Purpose, SessionKind, SignInCode
from ledger.people.numbers import Proof
from ledger.people.sign_in_models import Way
from ledger.people.tries import Origin

LIVES_MINUTES = 5
MAX_TRIES = 5
ASK_AGAIN_SECONDS = 60


@atomic
def send_code(phone: str, address: str, *, device: str = "") -> None:
    """A code is on its way to the phone, whether or not the number is known; older codes of it are dead.

    Raises TooManyRequests when the phone, the device or the address asked too often within the hour.
    """
    origin = tries.origin_of(phone, address, device)
    tries.refuse_asking(origin)
    digits = f"{chance.randbelow(10**6):06d}"
    now = clock.now()
    row = SignInCode(
        id=new_id(),
        phone_index=origin.phone,
        address_index=origin.address,
        device_index=origin.device,
        code_hash=_code_hash(origin, digits),
        created_at=now,
        expires_at=now + timedelta(minutes=LIVES_MINUTES),
    )
    db.session.add(row)
    db.session.flush()
    deliveries.queue_message(phone, f"【小红花】验证码 {digits}，5 分钟内有效。不要告诉别人。")


def deliver_code(phone: str) -> None:
    """The gateway, if there is one, has taken the message with the number's newest code. Outside any transaction.

    Raises MessageNotSent when it did not: then message and code are dead, and the asking counts.
    """
    if not deliveries.deliver_now(phone):
        _drop_code(phones.index_of(phone))
        raise MessageNotSent(retry_after=ASK_AGAIN_SECONDS)


@atomic
def _drop_code(phone: bytes) -> None:
    live = update(SignInCode).where(SignInCode.phone_index == phone, SignInCode.used_at.is_(None))
    db.session.execute(live.values(used_at=clock.now()))


@atomic
def sign_in(
    phone: str,
    code: str,
    *,
    given: Collection[Purpose] = (),
    label: str = "",
    totp: str | None = None,
    address: str = "",
    device: str = "",
    proof: Proof | None = None,
) -> tuple[str, Actor]:
    """The code is used up and the person has a new session; returns its token (shown once) and the actor.

    A new number becomes a new person. `given` are purposes consented to at this moment, `proof` says whose a number is
    that was not used for long. Raises TooManyRequests, then CodeExpired, CodeWrong (both count the try), then
    SecondProofNeeded, ProofWrong, TotpRequired, TotpWrong (the code lives on).
    """
    origin = tries.origin_of(phone, address, device)
    tries.refuse_guessing(origin, Way.CODE)
    _use_code(origin, code)
    person_id = numbers.person_signing_in(phone, proof)
    consents.give(person_id, given)
    return _open(person_id, origin, by=Way.CODE, totp=totp, label=label)


@atomic
def sign_in_with_password(
    phone: str, password: str, *, label: str = "", totp: str | None = None, address: str = "", device: str = ""
) -> tuple[str, Actor]:
    """The person has a new session; returns its token (shown once) and the actor.

    Raises TooManyRequests, PasswordWrong (which counts the try, and says no more of an unknown number than of a
    known one), then TotpRequired, TotpWrong.
    """
    origin = tries.origin_of(phone, address, device)
    tries.refuse_guessing(origin, Way.PASSWORD)
    person_id = phones.person_with(phone)
    if not passwords.fits(person_id, password) or person_id is None:
        raise PasswordWrong(afterwards=lambda: tries.count_try(origin, Way.PASSWORD))
    return _open(person_id, origin, by=Way.PASSWORD, totp=totp, label=label)


def _open(person_id: UUID, origin: Origin, *, by: Way, totp: str | None, label: str) -> tuple[str, Actor]:
    """The session of a person whose first factor was right."""
    is_strong = second_factor.check(person_id, origin, totp)
    # A code proves the phone, so it also ends a block that somebody's guesses at the password have brought.
    tries.forgive(origin, by, *([Way.PASSWORD] if by is Way.CODE else []))
    token, session = sessions.open_session(person_id, kind=SessionKind.BROWSER, label=label, by=by, is_strong=is_strong)
    actor = Actor(person_id=person_id, session_id=session.id, is_strong=is_strong)
    audit.record(actor, "people.sign_in", session.id, by=by)
    return token, actor


def use_code(phone: str, code: str) -> None:
    """The number is proven by its newest code, which is used up: TooManyRequests, CodeExpired, CodeWrong."""
    origin = tries.origin_of(phone, "", "")
    tries.refuse_guessing(origin, Way.CODE)
    _use_code(origin, code)


def _use_code(origin: Origin, code: str) -> None:
    """The number's code is used up. A number without a live code costs the same work as one with another code."""
    row = _newest_code(origin)
    is_live = row is not None and not row.used_at and row.expires_at > clock.now() and row.tries < MAX_TRIES
    is_right = secrets.same(row.code_hash if row else bytes(32), _code_hash(origin, code))
    if row is None or not is_live:
        raise CodeExpired(afterwards=lambda: _count_try(origin, NO_SUCH_ID))
    if not is_right:
        raise CodeWrong(tries_left=MAX_TRIES - row.tries - 1, afterwards=lambda: _count_try(origin, row.id))
    used = update(SignInCode).where(SignInCode.id == row.id, SignInCode.used_at.is_(None))
    if not db.session.execute(used.values(used_at=clock.now())).rowcount:  # type: ignore[attr-defined]
        raise CodeExpired


def _newest_code(origin: Origin) -> SignInCode | None:
    # A code dated ahead by more than codes live was made before the clock was set back: it is not the newest.
    latest = clock.now() + timedelta(minutes=LIVES_MINUTES)
    codes = select(SignInCode).where(SignInCode.phone_index == origin.phone, SignInCode.created_at <= latest)
    return db.session.scalar(codes.order_by(SignInCode.created_at.desc(), SignInCode.id.desc()).limit(1))


def _code_hash(origin: Origin, code: str) -> bytes:
    return secrets.mac(origin.phone + code.encode(), "sign-in codes")


def _count_try(origin: Origin, code_id: UUID) -> None:
    statement = update(SignInCode).where(SignInCode.id == code_id)
    db.session.execute(statement.values(tries=SignInCode.tries + 1))
    tries.count_try(origin, Way.CODE)
