"""Webhooks: where events are sent, what was sent, what was not taken, and sending it again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, request, url_for

from api.auth import current_actor
from api.pages import page as page_of
from api.schemas.fields import PageQuery
from api.schemas.webhooks import RewindSchema, WebhookRequestSchema
from ledger.core.permissions import may
from ledger.people import webhooks
from ledger.people.webhook_models import LetterState
from web.forms import ask, mint, read, send
from web.thing_words import THINGS

page = Blueprint("webhooks", __name__)

PAGE_SIZE = 50
EMPTY: dict[str, Any] = {"values": {}, "errors": {}, "refusal": None, "secret": ""}


@page.get("/c/<id:community_id>/webhooks")
def list_all() -> Any:
    """Every address that events are sent to, and the form for another one."""
    return _list()


def _list(**more: Any) -> Any:
    actor = current_actor()
    return render_template(
        "webhooks/list.html",
        webhooks=webhooks.list_webhooks(actor),
        may_manage=may(actor, webhooks.MANAGE),
        things=sorted(THINGS.items()),
        **EMPTY | more,
    )


@page.post("/c/<id:community_id>/webhooks")
def create() -> Any:
    """Events go there from now on; the secret, this once."""
    actor = current_actor()
    given, errors = read(WebhookRequestSchema())
    if errors:
        return _list(values=request.form, errors=errors), 422
    made, outcome = mint(lambda: webhooks.create_webhook(actor, **given))
    if made is None:
        return _list(values=request.form, refusal=outcome.refused), outcome.status
    return _show(made[0].id, secret=made[1])


@page.get("/c/<id:community_id>/webhooks/<id:webhook_id>")
def show(webhook_id: UUID) -> Any:
    """One of them: how it stands, its calls, its letters, its steps."""
    return _show(webhook_id)


def _show(webhook_id: UUID, **more: Any) -> Any:
    actor = current_actor()
    view = webhooks.see_webhook(actor, webhook_id)
    cursor = ask(PageQuery())["cursor"] if request.method == "GET" else None
    attempts = webhooks.list_attempts(actor, webhook_id, after=cursor, limit=PAGE_SIZE + 1)
    found = page_of(attempts, PAGE_SIZE)
    return render_template(
        "webhooks/show.html",
        one=view.webhook,
        waiting=view.waiting,
        dead=view.dead,
        letters=webhooks.list_letters(actor, webhook_id, limit=PAGE_SIZE),
        attempts=found["items"],
        next_cursor=found["next_cursor"],
        may_manage=may(actor, webhooks.MANAGE),
        is_dead=LetterState.DEAD,
        things=sorted(THINGS.items()),
        one_values={"url": view.webhook.url, "purpose": view.webhook.purpose},
        **EMPTY | more,
    )


def _step(webhook_id: UUID, verb: Callable[..., Any], schema: Any = None) -> Any:
    actor = current_actor()
    return send(
        schema,
        lambda said: verb(actor, webhook_id, **said),
        to=lambda _done: url_for(".show", webhook_id=webhook_id),
        again=lambda **again: _show(webhook_id, **again),
    )


@page.post("/c/<id:community_id>/webhooks/<id:webhook_id>")
def change(webhook_id: UUID) -> Any:
    """Another address, purpose or choice of things."""
    return _step(webhook_id, webhooks.change_webhook, WebhookRequestSchema())


@page.post("/c/<id:community_id>/webhooks/<id:webhook_id>/pause")
def pause(webhook_id: UUID) -> Any:
    """Events wait."""
    return _step(webhook_id, webhooks.pause_webhook)


@page.post("/c/<id:community_id>/webhooks/<id:webhook_id>/resume")
def resume(webhook_id: UUID) -> Any:
    """It goes on where it stopped."""
    return _step(webhook_id, webhooks.resume_webhook)


@page.post("/c/<id:community_id>/webhooks/<id:webhook_id>/end")
def end(webhook_id: UUID) -> Any:
    """Nothing is sent there again."""
    return _step(webhook_id, webhooks.end_webhook)


@page.post("/c/<id:community_id>/webhooks/<id:webhook_id>/test")
def test(webhook_id: UUID) -> Any:
    """An event of its own goes out."""
    return _step(webhook_id, webhooks.send_test)


@page.post("/c/<id:community_id>/webhooks/<id:webhook_id>/rewind")
def rewind(webhook_id: UUID) -> Any:
    """All events after the typed position go out again."""
    return _step(webhook_id, webhooks.rewind, RewindSchema())


@page.post("/c/<id:community_id>/webhooks/<id:webhook_id>/send-again")
def send_again(webhook_id: UUID) -> Any:
    """All dead letters go out once more."""
    return _step(webhook_id, webhooks.send_again)


@page.post("/c/<id:community_id>/webhooks/<id:webhook_id>/letters/<id:letter_id>/send-again")
def send_letter_again(webhook_id: UUID, letter_id: UUID) -> Any:
    """One dead letter goes out once more."""
    return _step(webhook_id, lambda actor, which: webhooks.send_again(actor, which, letter_id))


@page.post("/c/<id:community_id>/webhooks/<id:webhook_id>/secret")
def rotate(webhook_id: UUID) -> Any:
    """Another secret, this once; for a day the former one signs too."""
    made, outcome = mint(lambda: webhooks.rotate_secret(current_actor(), webhook_id))
    if made is None:
        return _show(webhook_id, refusal=outcome.refused), outcome.status
    return _show(webhook_id, secret=made[1])
