"""Signing in by phone and one-time code: hashed, five minutes, five tries, limits counted in SQL."""

from __future__ import annotations

import secrets as chance
from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, select, update

from ledger.core import audit, clock, secrets
from ledger.core.db import atomic, db
from ledger.core.errors import TooManyRequests
from ledger.core.ids import new_id
from ledger.core.tenancy import Actor
from ledger.people import consents, deliveries, phones, sessions
from ledger.people.errors import CodeExpired, CodeWrong
from ledger.people.models import Purpose, SessionKind, SignInCode

LIVES_MINUTES = 5
MAX_TRIES = 5
PER_PHONE_AN_HOUR = 6
PER_ADDRESS_AN_HOUR = 300
"""One address may be a whole community behind one router."""


@atomic
def send_code(phone: str, address: str) -> None:
    """A code is on its way to the phone, whether or not the number is known; older codes of it are dead.

    Raises TooManyRequests when the phone or the address asked too often within the hour.
    """
    index, origin = phones.index_of(phone), secrets.blind_index(address, "addresses")
    _limit(SignInCode.phone_index == index, PER_PHONE_AN_HOUR)
    _limit(SignInCode.address_index == origin, PER_ADDRESS_AN_HOUR)
    digits = f"{chance.randbelow(10**6):06d}"
    now = clock.now()
    row = SignInCode(
        id=new_id(),
        phone_index=index,
        address_index=origin,
        code_hash=secrets.mac(index + digits.encode(), "sign-in codes"),
        created_at=now,
        expires_at=now + timedelta(minutes=LIVES_MINUTES),
    )
    db.session.add(row)
    db.session.flush()
    deliveries.queue_message(phone, f"【小红花】验证码 {digits}，5 分钟内有效。不要告诉别人。")


def _limit(condition: object, most: int) -> None:
    since = clock.now() - timedelta(hours=1)
    query = select(func.count(), func.min(SignInCode.created_at)).where(condition, SignInCode.created_at > since)  # type: ignore[arg-type]
    count, oldest = db.session.execute(query).one()
    if count >= most:
        waits = oldest + timedelta(hours=1) - clock.now()
        raise TooManyRequests(retry_after=max(1, int(waits.total_seconds())))


@atomic
def sign_in(phone: str, code: str, *, given: Collection[Purpose] = (), label: str = "") -> tuple[str, Actor]:
    """The code is used up and the person has a new session; returns its token (shown once) and the actor.

    A new number becomes a new person. `given` are purposes consented to at this moment. Raises CodeExpired,
    CodeWrong (which counts the try).
    """
    index = phones.index_of(phone)
    row = _live_code(index)
    if row is None:
        raise CodeExpired
    if not secrets.same(row.code_hash, secrets.mac(index + code.encode(), "sign-in codes")):
        raise CodeWrong(tries_left=MAX_TRIES - row.tries - 1, afterwards=lambda: _count_try(row.id))
    used = update(SignInCode).where(SignInCode.id == row.id, SignInCode.used_at.is_(None))
    if not db.session.execute(used.values(used_at=clock.now())).rowcount:  # type: ignore[attr-defined]
        raise CodeExpired
    person_id = phones.person_with(phone) or phones.add_person(phone)
    consents.give(person_id, given)
    token, session = sessions.open_session(person_id, kind=SessionKind.BROWSER, label=label)
    actor = Actor(person_id=person_id, session_id=session.id)
    audit.record(actor, "people.sign_in", session.id)
    return token, actor


def _live_code(index: bytes) -> SignInCode | None:
    """The newest code of the number, if it can still be used."""
    newest = select(SignInCode).where(SignInCode.phone_index == index)
    row = db.session.scalar(newest.order_by(SignInCode.created_at.desc(), SignInCode.id.desc()).limit(1))
    if row is None or row.used_at or row.expires_at <= clock.now() or row.tries >= MAX_TRIES:
        return None
    return row


def _count_try(code_id: UUID) -> None:
    statement = update(SignInCode).where(SignInCode.id == code_id)
    db.session.execute(statement.values(tries=SignInCode.tries + 1))
