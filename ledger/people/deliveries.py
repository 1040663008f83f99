"""Messages to phones behind one interface: the outbox table now, an HTTP SMS gateway when one is configured."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable
from datetime import timedelta

import structlog
from sqlalchemy import select, update

from ledger.core import clock, secrets
from ledger.core.db import atomic, db
from ledger.core.ids import new_id
from ledger.people import phones
from ledger.people.models import Delivery

log = structlog.get_logger()

LIVES_MINUTES = 5
Gateway = Callable[[str, str], None]
"""Hands (number, text) to a carrier; raises when the carrier does not take it."""


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


def http_gateway(url: str) -> Gateway:
    """A gateway that takes POST {"phone", "text"} as JSON and answers 2xx."""

    def send(number: str, text: str) -> None:
        body = json.dumps({"phone": number, "text": text}).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(url, data=body, headers=headers, method="POST")  # noqa: S310
        with urllib.request.urlopen(request, timeout=5):  # noqa: S310
            pass

    return send


def deliver_waiting(send: Gateway | None) -> int:
    """Hand waiting messages to the gateway, erase what is too old; returns how many were taken."""
    _erase_old()
    if send is None:
        return 0
    query = select(Delivery).where(Delivery.delivered_at.is_(None), Delivery.sealed.is_not(None))
    return sum(_deliver(row, send) for row in db.session.scalars(query.order_by(Delivery.created_at).limit(100)).all())


@atomic
def _erase_old() -> None:
    old = update(Delivery).where(Delivery.expires_at <= clock.now(), Delivery.sealed.is_not(None))
    db.session.execute(old.values(sealed=None))


def _deliver(row: Delivery, send: Gateway) -> int:
    if row.sealed is None:
        return 0
    number, words = json.loads(secrets.unseal(row.sealed, "deliveries"))
    try:
        send(number, words)
    except OSError:
        log.warning("delivery_failed", delivery=row.id.hex)
        return 0
    _mark_delivered(row)
    return 1


@atomic
def _mark_delivered(row: Delivery) -> None:
    statement = update(Delivery).where(Delivery.id == row.id)
    db.session.execute(statement.values(delivered_at=clock.now(), sealed=None))


def last_message_to(number: str) -> str | None:
    """The newest message that still waits for this number: how a developer reads a sign-in code."""
    query = select(Delivery.sealed).where(
        Delivery.phone_index == phones.index_of(number), Delivery.sealed.is_not(None), Delivery.expires_at > clock.now()
    )
    sealed = db.session.scalar(query.order_by(Delivery.created_at.desc(), Delivery.id.desc()).limit(1))
    return json.loads(secrets.unseal(sealed, "deliveries"))[1] if sealed else None
