"""Sending events to webhooks: in order, at least once, under ids by which the other side knows one that it has.

No call is made inside a transaction. One process at a time is at a webhook; one that was killed in between leaves it
free after LEASE, and the event is sent again under its id.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import and_, func, or_, select, update
from sqlalchemy.sql import ColumnElement

from ledger.core import clock, feed, registry, walls
from ledger.core.db import atomic, db, moment_now
from ledger.core.ids import new_id
from ledger.core.outbox import OutboxEvent
from ledger.core.outgoing import Answered
from ledger.core.tenancy import Role, load, same_community, scoped, within
from ledger.people import grants, notices
from ledger.people.webhook_models import Attempt, Letter, LetterState, PausedFor, Webhook, WebhookState
from ledger.people.webhooks import secrets_of

Post = Callable[[str, bytes, dict[str, str]], Answered]
"""Sends a body to an address and says how it ended; ledger.core.outgoing.post."""

WAITS = tuple(timedelta(seconds=one) for one in (5, 60, 300, 1800, 7200, 21_600, 43_200, 86_400))
"""Before the second attempt, the third …; after the last of them an event is given up."""

PAUSED_AFTER = timedelta(days=5)
"""A webhook that took nothing for so long is paused when another event is given up."""

LEASE = timedelta(seconds=120)
AT_ONCE = 50
SECONDS = 30.0
"""For one webhook in one run; the next run goes on."""

FAILING = notices.declare(
    "people.webhook_failing",
    zh="一个事件接收地址连续几天收不到，已经暂停。请到“事件接收”查看。",
    en="A webhook took nothing for days and was paused. See “Webhooks”.",
)


class _Turn(NamedTuple):
    """What a process may do until the lease ends: these events go to that address, signed with these keys."""

    url: str
    keys: list[bytes]
    events: list[OutboxEvent]
    passed: int
    letters: list[tuple[UUID, OutboxEvent]]


def deliver_waiting(community_ids: Iterable[UUID], post: Post) -> int:
    """Send what waits for the webhooks of these communities; returns how many events were taken."""
    taken = 0
    for community_id in community_ids:
        with walls.inside(community_id):
            taken += sum(_deliver(community_id, webhook_id, post) for webhook_id in _due(community_id))
    return taken


@atomic
def _due(community_id: UUID) -> list[UUID]:
    query = scoped(community_id, Webhook.id).where(*_is_due(moment_now()))
    found = list(db.session.scalars(query.order_by(Webhook.id)))
    if found:
        feed.number_events(community_id)
    return found


def _is_due(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return Webhook.state == WebhookState.ACTIVE, or_(Webhook.next_try_at.is_(None), Webhook.next_try_at <= now)


def _deliver(community_id: UUID, webhook_id: UUID, post: Post) -> int:
    lease = _claim(community_id, webhook_id)
    if lease is None:
        return 0
    turn, taken, ends = _take_turn(community_id, webhook_id), 0, time.monotonic() + SECONDS
    for event in turn.events:
        answered = post(*signed(turn.url, turn.keys, event))
        goes_on = _settle(community_id, webhook_id, lease, event, answered)
        taken += is_taken(answered)
        if not goes_on or time.monotonic() > ends:
            break
    else:
        _pass_by(community_id, webhook_id, lease, turn.passed)
        for letter_id, event in turn.letters:
            answered = post(*signed(turn.url, turn.keys, event))
            taken += _settle_letter(community_id, webhook_id, letter_id, event, answered)
            if time.monotonic() > ends:
                break
    _release(community_id, webhook_id, lease)
    return taken


@atomic
def _claim(community_id: UUID, webhook_id: UUID) -> datetime | None:
    """The webhook is this process's until the moment that is returned; None: another one is at it, or has just been."""
    now = moment_now()
    lease = now + LEASE
    free = update(Webhook).where(
        within(community_id, Webhook),
        Webhook.id == webhook_id,
        *_is_due(now),
        or_(Webhook.busy_until.is_(None), Webhook.busy_until <= now),
    )
    return lease if db.session.execute(free.values(busy_until=lease)).rowcount else None  # type: ignore[attr-defined]


@atomic
def _take_turn(community_id: UUID, webhook_id: UUID) -> _Turn:
    webhook = load(community_id, Webhook, webhook_id)
    try:
        page = feed.read_events(community_id, after=webhook.position, limit=AT_ONCE)
    except feed.FeedForgotten as forgotten:  # It rested for longer than events are kept: from the oldest on.
        page = feed.read_events(community_id, after=forgotten.facts["oldest"], limit=AT_ONCE)
    again = scoped(community_id, Letter, OutboxEvent).where(
        Letter.webhook_id == webhook_id,
        Letter.state == LetterState.AGAIN,
        same_community(OutboxEvent, Letter),
        OutboxEvent.id == Letter.event_id,
    )
    letters = db.session.execute(again.order_by(Letter.position).limit(AT_ONCE)).tuples().all()
    wanted = [one for one in page.events if _wants(webhook, one)]
    found = [(letter.id, event) for letter, event in letters]
    return _Turn(webhook.url, secrets_of(webhook), wanted, page.next_after, found)


def _wants(webhook: Webhook, event: OutboxEvent) -> bool:
    """Of its things, and its own test whatever they are."""
    is_own = event.payload.get("webhook_id") == webhook.id.hex
    return is_own or not webhook.things or event.kind.partition(".")[0] in webhook.things


def signed(url: str, keys: list[bytes], event: OutboxEvent) -> tuple[str, bytes, dict[str, str]]:
    """The call for an event: address, body, headers as Standard Webhooks name them."""
    said = {"community_id": event.community_id.hex, "position": event.position} | event.payload
    document = {"type": event.kind, "timestamp": event.at.isoformat().replace("+00:00", "Z"), "data": said}
    body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    sent_at = str(int(clock.now().timestamp()))
    message = f"{event.id.hex}.{sent_at}.".encode() + body
    made = (base64.b64encode(hmac.new(key, message, hashlib.sha256).digest()).decode() for key in keys)
    return url, body, {
        "Content-Type": "application/json",
        "User-Agent": "red-flower-webhooks",
        "webhook-id": event.id.hex,
        "webhook-timestamp": sent_at,
        "webhook-signature": " ".join(f"v1,{one}" for one in made),
    }  # fmt: skip


def is_taken(answered: Answered) -> bool:
    return answered.status is not None and 200 <= answered.status < 300


@atomic
def _settle(community_id: UUID, webhook_id: UUID, lease: datetime, event: OutboxEvent, answered: Answered) -> bool:
    """Write down how the call ended, and what follows; True when the next event's turn has come."""
    webhook = _held(community_id, webhook_id, lease)
    if webhook is None:
        return False
    _record(webhook, event, answered)
    now = clock.now()
    if is_taken(answered):
        webhook.position, webhook.failures = event.position or 0, 0
        webhook.failing_since = webhook.next_try_at = None
        return True
    webhook.failing_since = webhook.failing_since or now
    if answered.status == 410:
        _pause(webhook, PausedFor.GONE)
        return False
    webhook.failures += 1
    if webhook.failures <= len(WAITS):
        webhook.next_try_at = now + WAITS[webhook.failures - 1]
        return False
    _give_up(webhook, event)
    if now - webhook.failing_since >= PAUSED_AFTER:
        _pause(webhook, PausedFor.FAILING)
        return False
    return True


def _held(community_id: UUID, webhook_id: UUID, lease: datetime) -> Webhook | None:
    """The webhook, locked, if it is still this process's and was not paused or ended meanwhile."""
    webhook = load(community_id, Webhook, webhook_id, lock=True)
    return webhook if webhook.busy_until == lease and webhook.state == WebhookState.ACTIVE else None


def _record(webhook: Webhook, event: OutboxEvent, answered: Answered) -> None:
    row = Attempt(
        community_id=webhook.community_id,
        id=new_id(),
        webhook_id=webhook.id,
        event_id=event.id,
        position=event.position,
        kind=event.kind,
        at=clock.now(),
        is_taken=is_taken(answered),
        status=answered.status,
        fault=answered.fault,
        took_ms=answered.took_ms,
    )
    db.session.add(row)


def _give_up(webhook: Webhook, event: OutboxEvent) -> None:
    """The event is a dead letter, and the next one's turn has come."""
    webhook.position, webhook.failures, webhook.next_try_at = event.position or 0, 0, None
    same = scoped(webhook.community_id, Letter).where(
        Letter.webhook_id == webhook.id, Letter.position == event.position
    )
    letter = db.session.scalar(same)
    if letter is not None:  # It was given up before, and all was sent anew.
        letter.state, letter.at = LetterState.DEAD, clock.now()
        return
    row = Letter(
        community_id=webhook.community_id,
        id=new_id(),
        webhook_id=webhook.id,
        event_id=event.id,
        position=event.position,
        kind=event.kind,
        state=LetterState.DEAD,
        at=clock.now(),
    )
    db.session.add(row)


def _pause(webhook: Webhook, reason: PausedFor) -> None:
    webhook.state, webhook.paused_for = WebhookState.PAUSED, reason
    db.session.flush()
    for person_id in grants.people_with(webhook.community_id, [Role.ADMIN]):
        notices.tell(webhook.community_id, person_id, FAILING)


@atomic
def _pass_by(community_id: UUID, webhook_id: UUID, lease: datetime, position: int) -> None:
    """Events that nobody asked for count as settled."""
    webhook = _held(community_id, webhook_id, lease)
    if webhook is not None:
        webhook.position = max(webhook.position, position)


@atomic
def _settle_letter(
    community_id: UUID, webhook_id: UUID, letter_id: UUID, event: OutboxEvent, answered: Answered
) -> bool:
    """One call for a letter that somebody sent again: delivered after all, or dead as before."""
    _record(load(community_id, Webhook, webhook_id), event, answered)
    letter = load(community_id, Letter, letter_id, lock=True)
    letter.state, letter.at = LetterState.DELIVERED if is_taken(answered) else LetterState.DEAD, clock.now()
    return is_taken(answered)


@atomic
def _release(community_id: UUID, webhook_id: UUID, lease: datetime) -> None:
    mine = update(Webhook).where(within(community_id, Webhook), Webhook.id == webhook_id, Webhook.busy_until == lease)
    db.session.execute(mine.values(busy_until=None))


# --- watching ---------------------------------------------------------------------------------------------------


@registry.gauge("dead_letters", "Events that webhooks did not take and nobody has sent again")
def dead_letters() -> float:
    return float(
        db.session.scalar(select(func.count()).select_from(Letter).where(Letter.state == LetterState.DEAD)) or 0
    )


@registry.gauge("oldest_undelivered_event_seconds", "Age of the oldest event that waits for an active webhook")
def oldest_undelivered_event_seconds() -> float:
    waits = and_(same_community(OutboxEvent, Webhook), OutboxEvent.position > Webhook.position)
    query = select(func.min(OutboxEvent.at)).join(Webhook, waits).where(Webhook.state == WebhookState.ACTIVE)
    return clock.age_of(db.session.scalar(query))
