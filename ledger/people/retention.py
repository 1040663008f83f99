"""How long the house keeps what it no longer needs: one table, and the job that forgets by it every day.

docs/data.md shows the same table to people; a test compares them.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import delete, func, or_, select

from ledger.core import clock, registry
from ledger.core.db import db
from ledger.core.idempotency import forget_answers
from ledger.core.outbox import OutboxEvent
from ledger.core.tenancy import within
from ledger.people.exports import KEPT_DAYS, erase_overdue
from ledger.people.models import Delivery, Session, SignInCode
from ledger.people.sign_in_models import SignInTry
from ledger.people.webhook_models import Attempt, Letter

Forget = Callable[[UUID, datetime], None]
"""Forgets the community's rows (or those above communities) that were over at the moment."""


class Kept(NamedTuple):
    """What is kept for how many days after it is over, and why. `forget` does it."""

    what: str
    purpose: str
    fields: str
    days: int
    ground: str
    forget: Forget


def _forget_codes(_community_id: UUID, before: datetime) -> None:
    _run(delete(SignInCode).where(SignInCode.expires_at < before))


def _forget_tries(_community_id: UUID, before: datetime) -> None:
    _run(delete(SignInTry).where(SignInTry.at < before))


def _forget_deliveries(_community_id: UUID, before: datetime) -> None:
    _run(delete(Delivery).where(Delivery.expires_at < before))


def _forget_sessions(_community_id: UUID, before: datetime) -> None:
    ended = func.coalesce(Session.revoked_at, Session.expires_at)
    _run(delete(Session).where(or_(Session.expires_at < before, Session.revoked_at < before), ended < before))


def _forget_events(community_id: UUID, before: datetime) -> None:
    """Those before the first that is kept, in the order of the feed: so the feed has no gap after its first event."""
    of_community = within(community_id, OutboxEvent)
    first = db.session.scalar(select(func.min(OutboxEvent.position)).where(of_community, OutboxEvent.at >= before))
    old = delete(OutboxEvent).where(of_community, OutboxEvent.at < before)
    _run(old.where(OutboxEvent.position < first if first is not None else OutboxEvent.position.is_not(None)))


def _forget_attempts(community_id: UUID, before: datetime) -> None:
    for model in (Attempt, Letter):
        _run(delete(model).where(within(community_id, model), model.at < before))


def _forget_exports(_community_id: UUID, _before: datetime) -> None:
    erase_overdue()


def _run(statement: Any) -> None:
    db.session.execute(statement, execution_options={"synchronize_session": False})


RETENTION: tuple[Kept, ...] = (
    Kept("sign_in_codes", "signing in", "number and address as keyed digests, code as a hash", 7,
         "PIPL 13(1)2, 19", _forget_codes),
    Kept("sign_in_tries", "stopping guesses", "number, device and address as keyed digests", 7,
         "PIPL 13(1)3, 51", _forget_tries),
    Kept("deliveries", "sending messages", "number as a keyed digest; the text is gone once it was sent", 7,
         "PIPL 13(1)2, 19", _forget_deliveries),
    Kept("sessions", "showing where one is signed in", "device and times", 180,
         "Cybersecurity Law 21 (logs: six months)", _forget_sessions),
    Kept("outbox_events", "telling other systems", "ids and figures", 90,
         "PIPL 13(1)2, 19", _forget_events),
    Kept("webhook_attempts", "showing what was sent where, and what was not taken",
         "ids, kinds, how a call ended", 90, "PIPL 13(1)2, 19", _forget_attempts),
    Kept("once_keys", "answering a repeated request alike",
         "the answer: ids, never names; the used key stays for ever", 90,
         "PIPL 13(1)2, 19", forget_answers),
    Kept("data_exports", "handing a person their data", "everything of the person, encrypted", KEPT_DAYS,
         "PIPL 45", _forget_exports),
)  # fmt: skip
"""Days count from when a row is over: expired, ended, delivered, made (files of one's data)."""


@registry.job("forget_what_is_over", period=lambda moment: clock.local_day(moment).isoformat())
def forget_what_is_over(community_id: UUID, _day: str) -> None:
    """Every day: whatever has been over for longer than the table says is gone."""
    now = clock.now()
    for kept in RETENTION:
        kept.forget(community_id, now - timedelta(days=kept.days))
