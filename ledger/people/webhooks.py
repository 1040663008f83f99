"""Webhooks: programs of the community are told of its events, signed as Standard Webhooks say. See docs/events.md.

Who sets one up hands events to the outside; so it is the administrators', seen by treasurer and supervisor, and written
down. Delivery is ledger.people.webhook_delivery.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Collection
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import func, select, update

from ledger.core import audit, clock, feed, outbox, outgoing, secrets
from ledger.core.db import atomic, db
from ledger.core.errors import Refused, WrongState
from ledger.core.ids import new_id
from ledger.core.permissions import require
from ledger.core.tenancy import Actor, load, scoped, within
from ledger.people.webhook_models import Attempt, Letter, LetterState, PausedFor, Webhook, WebhookState

MANAGE, SEE = "manage_webhooks", "see_webhooks"

PURPOSE = "webhooks"
MOST = 20
LONGEST_PURPOSE = 80
OVERLAP = timedelta(hours=24)
"""So long both secrets sign, after a new one was made."""


class AddressRefused(Refused):
    """The address is not one that the house calls: not https, or of an inner network."""

    code = "webhook_address"
    zh = ("这个网址不能接收事件。", "请填 https 开头的公网网址，不带用户名和密码。")
    en = ("Events cannot be sent to this address.", "Give a public https address without user name or password.")


class TooManyWebhooks(Refused):
    """The community has as many as it may have."""

    code = "too_many_webhooks"
    zh = ("接收地址已有 {most} 个。", "请先停用一个不再用的。")
    en = ("There are {most} webhooks already.", "End one that is no longer used.")


class WebhookView(NamedTuple):
    """A webhook with how many events wait for it and how many letters are dead."""

    webhook: Webhook
    waiting: int
    dead: int


def _new_secret() -> str:
    return "whsec_" + base64.b64encode(os.urandom(32)).decode()


def secrets_of(webhook: Webhook) -> list[bytes]:
    """The keys that sign now: the present one and, for a day, the one before."""
    sealed = [webhook.secret_sealed]
    if webhook.former_sealed is not None and webhook.former_until is not None and clock.now() < webhook.former_until:
        sealed.append(webhook.former_sealed)
    return [base64.b64decode(secrets.unseal(one, PURPOSE).removeprefix(b"whsec_")) for one in sealed]


# --- verbs ------------------------------------------------------------------------------------------------------


@atomic
def create_webhook(actor: Actor, *, url: str, purpose: str, things: Collection[str] = ()) -> tuple[Webhook, str]:
    """Events from now on are sent to the address, of these things or (none named) of all; and the secret, this once.

    Raises Forbidden, AddressRefused, TooManyWebhooks.
    """
    require(actor, MANAGE)
    _refuse_address(url)
    live = (
        select(func.count())
        .select_from(Webhook)
        .where(within(actor.tenant, Webhook), Webhook.state != WebhookState.ENDED)
    )
    newest = feed.number_events(actor.tenant)  # Its row is the lock: two who create at once follow one another.
    if (db.session.scalar(live) or 0) >= MOST:
        raise TooManyWebhooks(most=MOST)
    secret = _new_secret()
    webhook = Webhook(
        community_id=actor.tenant,
        id=new_id(),
        url=url,
        purpose=purpose,
        things=sorted(things),
        state=WebhookState.ACTIVE,
        secret_sealed=secrets.seal(secret.encode(), PURPOSE),
        position=newest,
        failures=0,
        created_at=clock.now(),
        created_by=actor.person_id,
    )
    db.session.add(webhook)
    _note(actor, "create", webhook)
    return webhook, secret


@atomic
def change_webhook(actor: Actor, webhook_id: UUID, *, url: str, purpose: str, things: Collection[str] = ()) -> Webhook:
    """From the next event on it is sent there. Raises NotFound, Forbidden, AddressRefused, WrongState (ended)."""
    webhook = _changing(actor, webhook_id)
    _refuse_address(url)
    webhook.url, webhook.purpose, webhook.things = url, purpose, sorted(things)
    _note(actor, "change", webhook)
    return webhook


@atomic
def pause_webhook(actor: Actor, webhook_id: UUID) -> Webhook:
    """Nothing is sent until it is resumed; events wait. Raises NotFound, Forbidden, WrongState."""
    webhook = _changing(actor, webhook_id, WebhookState.ACTIVE)
    webhook.state, webhook.paused_for = WebhookState.PAUSED, PausedFor.BY_HAND
    _note(actor, "pause", webhook)
    return webhook


@atomic
def resume_webhook(actor: Actor, webhook_id: UUID) -> Webhook:
    """It is tried at once, from where it stopped. Raises NotFound, Forbidden, WrongState."""
    webhook = _changing(actor, webhook_id, WebhookState.PAUSED)
    webhook.state, webhook.paused_for = WebhookState.ACTIVE, None
    _start_afresh(webhook)
    _note(actor, "resume", webhook)
    return webhook


@atomic
def end_webhook(actor: Actor, webhook_id: UUID) -> Webhook:
    """Nothing is ever sent there again; what was sent stays listed. Raises NotFound, Forbidden, WrongState."""
    webhook = _changing(actor, webhook_id)
    webhook.state, webhook.paused_for = WebhookState.ENDED, None
    _note(actor, "end", webhook)
    return webhook


@atomic
def rotate_secret(actor: Actor, webhook_id: UUID) -> tuple[Webhook, str]:
    """Another secret, shown this once; for a day the former signs too. Raises NotFound, Forbidden, WrongState."""
    webhook, secret = _changing(actor, webhook_id), _new_secret()
    webhook.former_sealed, webhook.former_until = webhook.secret_sealed, clock.now() + OVERLAP
    webhook.secret_sealed = secrets.seal(secret.encode(), PURPOSE)
    _note(actor, "rotate", webhook)
    return webhook, secret


@atomic
def send_test(actor: Actor, webhook_id: UUID) -> Webhook:
    """An event of its own goes to it, in its turn. Raises NotFound, Forbidden, WrongState."""
    webhook = _changing(actor, webhook_id, WebhookState.ACTIVE)
    audit.record(actor, "people.webhook_test", webhook.id)
    outbox.announce(actor, "webhook.tested", webhook_id=webhook.id.hex)
    return webhook


@atomic
def rewind(actor: Actor, webhook_id: UUID, after: int) -> Webhook:
    """All events after this position are sent again, in order and under their ids.

    Raises NotFound, Forbidden, WrongState (ended), FeedForgotten; a position ahead of it changes nothing.
    """
    webhook = _changing(actor, webhook_id)
    feed.read_events(actor.tenant, after=after, limit=1)
    webhook.position = min(after, webhook.position)
    _start_afresh(webhook)
    _note(actor, "rewind", webhook)
    return webhook


@atomic
def send_again(actor: Actor, webhook_id: UUID, letter_id: UUID | None = None) -> int:
    """Dead letters are sent once more, one or (None) all; how many. Raises NotFound, Forbidden, WrongState (ended)."""
    webhook = _changing(actor, webhook_id)
    if letter_id is not None:
        load(actor.tenant, Letter, letter_id)
    dead = update(Letter).where(
        within(actor.tenant, Letter), Letter.webhook_id == webhook.id, Letter.state == LetterState.DEAD
    )
    if letter_id is not None:
        dead = dead.where(Letter.id == letter_id)
    count = int(db.session.execute(dead.values(state=LetterState.AGAIN)).rowcount)  # type: ignore[attr-defined]
    _note(actor, "send_again", webhook)
    return count


def _changing(actor: Actor, webhook_id: UUID, *states: WebhookState) -> Webhook:
    require(actor, MANAGE)
    webhook = load(actor.tenant, Webhook, webhook_id, lock=True)
    if webhook.state not in (states or (WebhookState.ACTIVE, WebhookState.PAUSED)):
        raise WrongState(state=webhook.state)
    return webhook


def _refuse_address(url: str) -> None:
    if not outgoing.is_callable(url):
        raise AddressRefused


def _start_afresh(webhook: Webhook) -> None:
    """Whoever is at it lets go: its call is settled no more."""
    webhook.failures, webhook.failing_since, webhook.next_try_at, webhook.busy_until = 0, None, None, None


def _note(actor: Actor, act: str, webhook: Webhook) -> None:
    db.session.flush()
    audit.record(actor, f"people.webhook_{act}", webhook.id, state=webhook.state)


# --- reading ----------------------------------------------------------------------------------------------------


def list_webhooks(actor: Actor) -> list[WebhookView]:
    """Every webhook of the community, newest first, the ended ones too. Raises Forbidden."""
    require(actor, SEE)
    rows = db.session.scalars(scoped(actor.tenant, Webhook).order_by(Webhook.id.desc())).all()
    newest = db.session.scalar(scoped(actor.tenant, feed.Feed.newest)) or 0
    dead = select(Letter.webhook_id, func.count()).where(within(actor.tenant, Letter), Letter.state == LetterState.DEAD)
    counts = dict(db.session.execute(dead.group_by(Letter.webhook_id)).tuples().all())
    return [WebhookView(row, max(0, newest - row.position), counts.get(row.id, 0)) for row in rows]


def see_webhook(actor: Actor, webhook_id: UUID) -> WebhookView:
    """One of them. Raises NotFound, Forbidden."""
    require(actor, SEE)
    load(actor.tenant, Webhook, webhook_id)
    return next(one for one in list_webhooks(actor) if one.webhook.id == webhook_id)


def list_attempts(actor: Actor, webhook_id: UUID, *, after: UUID | None = None, limit: int = 50) -> list[Attempt]:
    """Its calls, newest first. Raises NotFound, Forbidden."""
    require(actor, SEE)
    load(actor.tenant, Webhook, webhook_id)
    query = scoped(actor.tenant, Attempt).where(Attempt.webhook_id == webhook_id)
    if after is not None:
        query = query.where(Attempt.id < after)
    return list(db.session.scalars(query.order_by(Attempt.id.desc()).limit(limit)))


def list_letters(
    actor: Actor, webhook_id: UUID, *, state: LetterState | None = None, after: UUID | None = None, limit: int = 50
) -> list[Letter]:
    """What it did not take in its turn, newest first. Raises NotFound, Forbidden."""
    require(actor, SEE)
    load(actor.tenant, Webhook, webhook_id)
    query = scoped(actor.tenant, Letter).where(Letter.webhook_id == webhook_id)
    if state is not None:
        query = query.where(Letter.state == state)
    if after is not None:
        query = query.where(Letter.id < after)
    return list(db.session.scalars(query.order_by(Letter.id.desc()).limit(limit)))
