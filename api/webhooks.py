"""Webhooks: where the community's events are sent, what was sent, and what is sent again."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from api.auth import current_actor
from api.documents import resource
from api.pages import page
from api.schemas.fields import PageQuery
from api.schemas.webhooks import (
    AttemptPageSchema,
    LetterPageSchema,
    LetterQuery,
    NewWebhookSchema,
    RewindSchema,
    SentAgainSchema,
    WebhookListSchema,
    WebhookRequestSchema,
    WebhookSchema,
    WebhookStepSchema,
)
from api.writing import writes
from ledger.people import webhooks
from ledger.people.webhook_models import Webhook
from ledger.people.webhooks import WebhookView

blp = resource("webhooks", "Where the community's events are sent, signed. See docs/events.md.")


@blp.get("/webhooks")
@blp.response(200, WebhookListSchema)
def list_webhooks() -> dict[str, Any]:
    """All of them, newest first, those that ended too."""
    return {"items": webhooks.list_webhooks(current_actor())}


@blp.get("/webhooks/<id:webhook_id>")
@blp.response(200, WebhookSchema)
def get_webhook(webhook_id: UUID) -> WebhookView:
    """One of them, with how much waits."""
    return webhooks.see_webhook(current_actor(), webhook_id)


@blp.post("/webhooks")
@blp.arguments(WebhookRequestSchema)
@blp.response(201, NewWebhookSchema)
@writes(NewWebhookSchema, status=201)
def post_webhook(asked: dict[str, Any]) -> dict[str, Any]:
    """Send events from now on there; the secret is shown this once."""
    made, secret = webhooks.create_webhook(current_actor(), **asked)
    return {"id": made.id, "status": made.state, "secret": secret}


@blp.put("/webhooks/<id:webhook_id>")
@blp.arguments(WebhookRequestSchema)
@blp.response(200, WebhookStepSchema)
@writes(WebhookStepSchema)
def put_webhook(asked: dict[str, Any], webhook_id: UUID) -> Webhook:
    """Another address, purpose or choice of things."""
    return webhooks.change_webhook(current_actor(), webhook_id, **asked)


@blp.post("/webhooks/<id:webhook_id>/pause")
@blp.response(200, WebhookStepSchema)
@writes(WebhookStepSchema)
def post_pause(webhook_id: UUID) -> Webhook:
    """Let events wait."""
    return webhooks.pause_webhook(current_actor(), webhook_id)


@blp.post("/webhooks/<id:webhook_id>/resume")
@blp.response(200, WebhookStepSchema)
@writes(WebhookStepSchema)
def post_resume(webhook_id: UUID) -> Webhook:
    """Go on where it stopped."""
    return webhooks.resume_webhook(current_actor(), webhook_id)


@blp.post("/webhooks/<id:webhook_id>/end")
@blp.response(200, WebhookStepSchema)
@writes(WebhookStepSchema)
def post_end(webhook_id: UUID) -> Webhook:
    """Never send anything there again."""
    return webhooks.end_webhook(current_actor(), webhook_id)


@blp.post("/webhooks/<id:webhook_id>/secret")
@blp.response(200, NewWebhookSchema)
@writes(NewWebhookSchema)
def post_secret(webhook_id: UUID) -> dict[str, Any]:
    """Another secret, shown this once; for a day the former one signs too."""
    made, secret = webhooks.rotate_secret(current_actor(), webhook_id)
    return {"id": made.id, "status": made.state, "secret": secret}


@blp.post("/webhooks/<id:webhook_id>/test")
@blp.response(200, WebhookStepSchema)
@writes(WebhookStepSchema)
def post_test(webhook_id: UUID) -> Webhook:
    """Send it an event of its own, in its turn."""
    return webhooks.send_test(current_actor(), webhook_id)


@blp.post("/webhooks/<id:webhook_id>/rewind")
@blp.arguments(RewindSchema)
@blp.response(200, WebhookStepSchema)
@writes(WebhookStepSchema)
def post_rewind(asked: dict[str, Any], webhook_id: UUID) -> Webhook:
    """Send all events after a position again."""
    return webhooks.rewind(current_actor(), webhook_id, **asked)


@blp.post("/webhooks/<id:webhook_id>/send-again")
@blp.response(200, SentAgainSchema)
@writes(SentAgainSchema)
def post_again(webhook_id: UUID) -> dict[str, Any]:
    """Send all dead letters once more."""
    return {"count": webhooks.send_again(current_actor(), webhook_id)}


@blp.post("/webhooks/<id:webhook_id>/letters/<id:letter_id>/send-again")
@blp.response(200, SentAgainSchema)
@writes(SentAgainSchema)
def post_letter_again(webhook_id: UUID, letter_id: UUID) -> dict[str, Any]:
    """Send one dead letter once more."""
    return {"count": webhooks.send_again(current_actor(), webhook_id, letter_id)}


@blp.get("/webhooks/<id:webhook_id>/attempts")
@blp.arguments(PageQuery, location="query")
@blp.response(200, AttemptPageSchema)
def list_attempts(asked: dict[str, Any], webhook_id: UUID) -> dict[str, Any]:
    """Its calls, newest first, of 90 days."""
    actor, limit = current_actor(), asked["limit"]
    return page(webhooks.list_attempts(actor, webhook_id, after=asked["cursor"], limit=limit + 1), limit)


@blp.get("/webhooks/<id:webhook_id>/letters")
@blp.arguments(LetterQuery, location="query")
@blp.response(200, LetterPageSchema)
def list_letters(asked: dict[str, Any], webhook_id: UUID) -> dict[str, Any]:
    """What it did not take in its turn, newest first."""
    actor, limit = current_actor(), asked["limit"]
    rows = webhooks.list_letters(actor, webhook_id, state=asked["status"], after=asked["cursor"], limit=limit + 1)
    return page(rows, limit)
