"""Messages to phones behind one interface: the outbox table now, an HTTP SMS gateway when one is configured."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import urllib.request
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import and_, exists, func, or_, select, update
from sqlalchemy.orm import aliased
from sqlalchemy.sql import ColumnElement

from ledger.core import clock, registry, secrets
from ledger.core.db import atomic, db, moment_now
from ledger.core.ids import new_id
from ledger.people import phones
from ledger.people.models import Delivery

log = structlog.get_logger()

LIVES_MINUTES = 5
PATIENCE_SECONDS = 5
MOST_FAILURES = 3
MOST_AT_ONCE = 100

LEASE = timedelta(seconds=60)
"""So long a message is in one process's hands at most; one that was killed in between leaves it free after that."""

Gateway = Callable[[UUID, str, str], None]
"""Hands (id, number, text) to a carrier, which sends what has one id once; OSError when it does not take it."""

_gateway: Gateway | None = None


def use_gateway(url: str, key: str) -> None:
    """From now on this process hands messages to the gateway at this address; without one they wait in the outbox."""
    global _gateway
    if url and not (key and url.startswith(("http://", "https://"))):
        raise RuntimeError("SMS_GATEWAY_URL is an HTTP address and needs SMS_GATEWAY_KEY")
    _gateway = http_gateway(url, key.encode()) if url else None


def queue_message(number: str, text: str) -> None:
    """The message waits for delivery, encrypted; it is erased on delivery or after five minutes."""
    digits = phones.normalise(number)
    sealed = secrets.seal(json.dumps([digits, text]).encode(), "deliveries")
    now = clock.now()
    row = Delivery(
        id=new_id(),
        phone_index=phones.index_of(digits),
        sealed=sealed,
        created_at=now,
        expires_at=now + timedelta(minutes=LIVES_MINUTES),
    )
    db.session.add(row)
    db.session.flush()


def http_gateway(url: str, key: bytes) -> Gateway:
    """A gateway that takes POST {"id", "phone", "text"} as JSON and answers 2xx within PATIENCE_SECONDS.

    Its headers sign the moment and the body. Tried once more when the connection was refused or lost, and only then.
    """
    opener = urllib.request.build_opener(_NoDetours)

    def send(message_id: UUID, number: str, text: str) -> None:
        body = json.dumps({"id": message_id.hex, "phone": number, "text": text}).encode()
        request = urllib.request.Request(url, data=body, headers=_signed(body, key), method="POST")  # noqa: S310
        for is_last in (False, True):
            try:
                with opener.open(request, timeout=PATIENCE_SECONDS):
                    return
            except OSError as error:
                if is_last or not isinstance(getattr(error, "reason", error), ConnectionError):
                    raise
            except http.client.HTTPException as error:
                raise OSError("the gateway does not speak HTTP") from error

    return send


class _NoDetours(urllib.request.HTTPRedirectHandler):
    """A number goes to the address that was set, and nowhere else."""

    def redirect_request(self, *_: Any) -> None:
        return None


def _signed(body: bytes, key: bytes) -> dict[str, str]:
    moment = str(int(clock.now().timestamp()))
    signature = hmac.new(key, f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    return {"Content-Type": "application/json", "X-Timestamp": moment, "X-Signature": f"sha256={signature}"}


def deliver_now(number: str) -> bool:
    """Is the newest message to the number with the gateway? One that it did not take is erased, never sent later.

    True as well where there is no gateway: then the message waits in the outbox. Outside any transaction, for the
    gateway may take its time.
    """
    if _gateway is None:
        return True
    claimed = _claim_newest(phones.index_of(number))
    return claimed is None or _is_taken(*claimed)


@atomic
def _claim_newest(phone_index: bytes) -> tuple[UUID, str, str] | None:
    """The message is ours to hand over, and no longer kept; None when `tick` has handed it over, or is about to."""
    waiting = select(Delivery).where(Delivery.phone_index == phone_index, Delivery.sealed.is_not(None), *_lives())
    row = db.session.scalar(waiting.order_by(Delivery.created_at.desc(), Delivery.id.desc()).limit(1))
    if row is None:
        return None
    content = _content_of(row)
    ours = update(Delivery).where(Delivery.id == row.id, Delivery.sealed.is_not(None), _is_free(moment_now()))
    handed = ours.values(sealed=None, attempts=Delivery.attempts + 1)
    if not db.session.execute(handed).rowcount:  # type: ignore[attr-defined]
        return None
    return row.id, *content


def _is_free(now: datetime) -> ColumnElement[bool]:
    return or_(Delivery.busy_until.is_(None), Delivery.busy_until <= now)


def _lives() -> tuple[ColumnElement[bool], ...]:
    """Not over yet, and not of a time that lies ahead again because the clock was set back."""
    now = clock.now()
    return Delivery.expires_at > now, Delivery.expires_at <= now + timedelta(minutes=2 * LIVES_MINUTES)


def _is_taken(message_id: UUID, number: str, words: str) -> bool:
    assert _gateway is not None
    try:
        _gateway(message_id, number, words)
    except OSError as error:
        log.warning("delivery_failed", delivery=message_id.hex, error=type(error).__name__)
        return False
    _mark_delivered(message_id)
    return True


def deliver_waiting() -> int:
    """Hand waiting messages to the gateway, erase what is too old; returns how many were taken.

    Two who do this at once share the work: each message is claimed first, and nobody overtakes one to the same number
    that still waits; so each goes round again until there is nothing that they could take. What the gateway does not
    take waits for the next run, with what comes after it to its number; after MOST_FAILURES it is down, and so does
    everything.
    """
    _erase_old()
    taken, not_taken = 0, set[UUID]()
    while _gateway is not None and taken < MOST_AT_ONCE and (now_taken := _deliver_round(not_taken)):
        taken += now_taken
    return taken


def _deliver_round(not_taken: set[UUID]) -> int:
    """How many were taken of what waits; what the gateway does not take is added, and not tried again."""
    query = select(Delivery).where(Delivery.delivered_at.is_(None), Delivery.sealed.is_not(None))
    query = query.where(Delivery.id.not_in(not_taken)).order_by(Delivery.created_at, Delivery.id)
    taken = 0
    for row in db.session.scalars(query.limit(MOST_AT_ONCE)).all():
        lease = _claim(row) if len(not_taken) < MOST_FAILURES else None
        if lease is None:
            continue
        if _is_taken(row.id, *_content_of(row)):
            taken += 1
        else:
            not_taken.add(row.id)
            _release(row.id, lease)
    return taken


@atomic
def _claim(row: Delivery) -> datetime | None:
    """The message is ours until the moment that is returned; None: another has it, or an earlier one still waits.

    One that waits is enough, whether or not somebody has it in hand: who found it taken a moment ago may come to the
    next one when it is free again.
    """
    now = moment_now()
    lease = now + LEASE
    earlier = aliased(Delivery)
    before_it = or_(
        earlier.created_at < row.created_at, and_(earlier.created_at == row.created_at, earlier.id < row.id)
    )
    is_overtaken = exists().where(
        earlier.phone_index == row.phone_index,
        earlier.delivered_at.is_(None),
        earlier.sealed.is_not(None),
        earlier.expires_at > now,
        before_it,
    )
    waits = Delivery.delivered_at.is_(None), Delivery.sealed.is_not(None), _is_free(now), ~is_overtaken
    free = update(Delivery).where(Delivery.id == row.id, *waits).execution_options(synchronize_session=False)
    handed = free.values(busy_until=lease, attempts=Delivery.attempts + 1)
    return lease if db.session.execute(handed).rowcount else None  # type: ignore[attr-defined]


@atomic
def _release(message_id: UUID, lease: datetime) -> None:
    ours = update(Delivery).where(Delivery.id == message_id, Delivery.busy_until == lease)
    db.session.execute(ours.values(busy_until=None))


@atomic
def _erase_old() -> None:
    old = update(Delivery).where(Delivery.expires_at <= clock.now(), Delivery.sealed.is_not(None))
    db.session.execute(old.values(sealed=None))


def _content_of(row: Delivery) -> tuple[str, str]:
    assert row.sealed is not None, "only what still has its words is handed over"
    number, words = json.loads(secrets.unseal(row.sealed, "deliveries"))
    return number, words


@atomic
def _mark_delivered(message_id: UUID) -> None:
    statement = update(Delivery).where(Delivery.id == message_id)
    db.session.execute(statement.values(delivered_at=clock.now(), sealed=None))


@registry.gauge("vain_message_attempts", "Attempts to hand over messages of the last hour that no gateway has taken")
def vain_message_attempts() -> float:
    vain = select(func.sum(Delivery.attempts)).where(
        Delivery.delivered_at.is_(None), Delivery.created_at > clock.now() - timedelta(hours=1)
    )
    return float(db.session.scalar(vain) or 0)


def last_message_to(number: str) -> str | None:
    """The newest message that still waits for this number: how a developer reads a sign-in code."""
    query = select(Delivery.sealed).where(
        Delivery.phone_index == phones.index_of(number), Delivery.sealed.is_not(None), *_lives()
    )
    sealed = db.session.scalar(query.order_by(Delivery.created_at.desc(), Delivery.id.desc()).limit(1))
    return json.loads(secrets.unseal(sealed, "deliveries"))[1] if sealed else None
