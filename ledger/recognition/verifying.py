"""`GET /verify/{number}`: whether a printed certificate is one of ours, for anybody, and no more than stands on it.

Numbers cannot be guessed in practice (60 bits); whoever tries is stopped all the same, counted in SQL by address. A
number whose check character is wrong is a slip of the pen: it is answered without a look and counts as no try.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import delete, func, insert, select

from ledger.core import audit, clock, secrets, walls
from ledger.core.db import atomic, db
from ledger.core.errors import NotFound, TooManyRequests
from ledger.core.ids import new_id
from ledger.core.numbers import is_public_number
from ledger.people.communities import with_short_code
from ledger.people.models import Community
from ledger.recognition import honours
from ledger.recognition.certificates import find_issued, printed
from ledger.recognition.commendation_models import Honour
from ledger.recognition.models import Certificate, CertificateState, VerifyTry

MOST = 10
WINDOW = timedelta(minutes=10)
"""So many unknown numbers from an address in so long, then none is looked at for it."""


class Verdict(StrEnum):
    VALID = "valid"
    REVOKED = "revoked"
    CHANGED = "changed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Verified:
    """What is known of a number: `certificate` is what was printed on a valid one, `revoked_on` the end of another."""

    number: str
    status: Verdict
    certificate: dict[str, Any] | None = None
    revoked_on: date | None = None


def verify(number: str, *, address: str) -> Verified:
    """What is known of a number that somebody reads off a certificate. Raises TooManyRequests (guessing)."""
    number = number.strip().upper()
    if not is_public_number(number):
        return Verified(number[:24], Verdict.UNKNOWN)
    index = secrets.blind_index(address, "addresses")
    _refuse_guessing(index)
    community = with_short_code(number.partition("-")[0])
    if community is not None:
        with walls.inside(community.id):
            row = _find(community, number)
            if row is not None:
                return _judge(row, number)
    _count_try(index)
    return Verified(number, Verdict.UNKNOWN)


def _find(community: Community, number: str) -> Certificate | Honour | None:
    try:
        return find_issued(community.id, number)
    except NotFound:
        return honours.find_honour(community.id, number)


def _judge(row: Certificate | Honour, number: str) -> Verified:
    if isinstance(row, Honour):
        return _judge_honour(row, number)
    document = printed(row)
    if document is None:
        return Verified(number, Verdict.CHANGED)
    if row.state == CertificateState.REVOKED:
        assert row.ended_at is not None, "revoked with its step"
        return Verified(number, Verdict.REVOKED, revoked_on=clock.local_day(row.ended_at))
    return Verified(number, Verdict.VALID, document | {"digest": (row.digest or b"").hex()})


def _judge_honour(row: Honour, number: str) -> Verified:
    document = honours.verified(row)
    if document is None:
        return Verified(number, Verdict.CHANGED)
    if row.revoked_at is not None:
        return Verified(number, Verdict.REVOKED, revoked_on=clock.local_day(row.revoked_at))
    return Verified(number, Verdict.VALID, document | {"digest": row.digest.hex()})


def _refuse_guessing(index: bytes) -> None:
    count, first = _lately(index)
    if count >= MOST:
        raise TooManyRequests(retry_after=max(1, int((first + WINDOW - clock.now()).total_seconds()) + 1))


@atomic
def _count_try(index: bytes) -> None:
    """One try more; those that count no longer are forgotten, and the one that uses them up has its audit line."""
    db.session.execute(delete(VerifyTry).where(VerifyTry.at <= clock.now() - WINDOW))
    db.session.execute(insert(VerifyTry), [{"id": new_id(), "address_index": index, "at": clock.now()}])
    if _lately(index)[0] == MOST:
        audit.record(None, "recognition.stop_guessing", outcome=TooManyRequests.code, tries=MOST)


def _lately(index: bytes) -> tuple[int, Any]:
    tries = select(func.count(), func.min(VerifyTry.at)).where(
        VerifyTry.address_index == index, VerifyTry.at > clock.now() - WINDOW
    )
    count, first = db.session.execute(tries).one()
    return count, first
