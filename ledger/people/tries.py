"""Limits on signing in, counted in SQL by number, device and address: who guesses is stopped before a guess is right.

Numbers that are known and numbers that are not are counted alike, so a block tells nobody whose number is known here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from sqlalchemy import delete, func, insert, select
from sqlalchemy.sql import ColumnElement

from ledger.core import audit, clock, secrets
from ledger.core.db import db
from ledger.core.errors import TooManyRequests
from ledger.core.ids import new_id
from ledger.people import phones
from ledger.people.models import SignInCode
from ledger.people.sign_in_models import SignInTry, Way

WINDOW = timedelta(hours=1)

TRIES_OF_PHONE = 10
"""So many wrong codes, passwords or second factors of one number within the hour, each way for itself."""
TRIES_OF_DEVICE = 20
TRIES_OF_ADDRESS = 200
"""One address may be a whole community behind one router."""

CODES_TO_PHONE = 6
CODES_TO_DEVICE = 20
CODES_TO_ADDRESS = 300

_tries: Any = SignInTry.__table__


@dataclass(frozen=True, slots=True)
class Origin:
    """Where somebody signs in from, as blind indexes. `device` is None for programs that name none."""

    phone: bytes
    address: bytes
    device: bytes | None

    @property
    def audit_facts(self) -> dict[str, Any]:
        """What the audit says of it: enough to see that two lines are of the same number, and no number."""
        return {"phone": secrets.as_code(self.phone, 10), "address": secrets.as_code(self.address, 10)}


def origin_of(phone: str, address: str, device: str = "") -> Origin:
    """The origin of a number as typed, the address of the request, and the device's own label if it has one."""
    return origin_of_index(phones.index_of(phone), address, device)


def origin_of_index(index: bytes, address: str, device: str = "") -> Origin:
    """The origin of whoever comes without a number: counted by another blind index in its place."""
    return Origin(
        phone=index,
        address=secrets.blind_index(address, "addresses"),
        device=secrets.blind_index(device, "devices") if device else None,
    )


@dataclass(frozen=True, slots=True)
class _Limit:
    """At most `most` rows that meet `condition` within the window."""

    name: str
    condition: ColumnElement[bool]
    most: int


def refuse_asking(origin: Origin) -> None:
    """TooManyRequests when the number, the device or the address was sent too many codes within the hour."""
    limits = [
        _Limit("codes_to_phone", SignInCode.phone_index == origin.phone, CODES_TO_PHONE),
        _Limit("codes_to_device", SignInCode.device_index == origin.device, CODES_TO_DEVICE),
        _Limit("codes_to_address", SignInCode.address_index == origin.address, CODES_TO_ADDRESS),
    ]
    _refuse(origin, SignInCode.created_at, limits)


def refuse_guessing(origin: Origin, way: Way) -> None:
    """TooManyRequests when the number failed too often this way, or the device or the address in any way."""
    failed = SignInTry.way != Way.BLOCKED
    limits = [
        _Limit(f"{way}_of_phone", (SignInTry.phone_index == origin.phone) & (SignInTry.way == way), TRIES_OF_PHONE),
        _Limit("tries_of_device", (SignInTry.device_index == origin.device) & failed, TRIES_OF_DEVICE),
        _Limit("tries_of_address", (SignInTry.address_index == origin.address) & failed, TRIES_OF_ADDRESS),
    ]
    _refuse(origin, SignInTry.at, limits)


def _refuse(origin: Origin, moment: Any, limits: Sequence[_Limit]) -> None:
    since = clock.now() - WINDOW
    for limit in limits:
        if "device" in limit.name and origin.device is None:
            continue
        # What is dated far ahead was counted by a clock that has been set back: it must not block until then.
        within_the_hour = (moment > since) & (moment <= clock.now() + WINDOW)
        rows = select(func.count(), func.min(moment)).where(limit.condition, within_the_hour)
        count, oldest = db.session.execute(rows).one()
        if count >= limit.most:
            waits = max(1, ceil((oldest + WINDOW - clock.now()).total_seconds()))
            raise TooManyRequests(retry_after=waits, afterwards=_say_once(origin, limit.name, oldest))


def _say_once(origin: Origin, limit: str, since: datetime) -> Any:
    """The audit has one line of a block, however often it is run against."""

    def say() -> None:
        said = select(SignInTry.id).where(
            SignInTry.phone_index == origin.phone, SignInTry.way == Way.BLOCKED, SignInTry.at >= since
        )
        if db.session.scalar(said.limit(1)) is None:
            _add(origin, Way.BLOCKED)
            audit.record(
                None, "people.sign_in_blocked", outcome=TooManyRequests.code, limit=limit, **origin.audit_facts
            )

    return say


def count_try(origin: Origin, way: Way) -> None:
    """One failure more for the number, the device and the address."""
    _add(origin, way)


def _add(origin: Origin, way: Way) -> None:
    row = {
        "id": new_id(),
        "way": way,
        "phone_index": origin.phone,
        "device_index": origin.device,
        "address_index": origin.address,
        "at": clock.now(),
    }
    db.session.execute(insert(_tries), [row])


def forgive(origin: Origin, *ways: Way) -> None:
    """The number's failures these ways are forgotten: its person has just shown who they are."""
    db.session.execute(delete(_tries).where(SignInTry.phone_index == origin.phone, SignInTry.way.in_(ways)))
