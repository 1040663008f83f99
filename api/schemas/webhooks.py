"""Webhooks, over HTTP: the secret goes out once, when it is made."""

from __future__ import annotations

from marshmallow import fields, validate

from api.schemas.events import HIGHEST
from api.schemas.fields import Id, Moment, PageQuery, Schema, Text, page_of
from ledger.core.outbox import THINGS
from ledger.people.webhook_models import LONGEST_URL, LetterState, PausedFor, WebhookState
from ledger.people.webhooks import LONGEST_PURPOSE

STATES = [one.value for one in WebhookState]


class WebhookRequestSchema(Schema):
    url = Text(LONGEST_URL, least=1, required=True, metadata={"example": "https://hooks.example.org/red-flower"})
    purpose = Text(LONGEST_PURPOSE, least=1, required=True, metadata={"example": "街道数据台账"})
    things = fields.List(
        fields.String(validate=validate.OneOf(sorted(THINGS))),
        load_default=list,
        validate=validate.Length(max=len(THINGS)),
        metadata={"description": "Only events about these; none: about all."},
    )


class WebhookStepSchema(Schema):
    """What a step answers."""

    id = Id()
    status = fields.String(attribute="state", metadata={"enum": STATES})


class NewWebhookSchema(Schema):
    id = Id()
    status = fields.String(metadata={"enum": STATES})
    secret = fields.String(metadata={"description": "Signs each call; shown this once."})


class WebhookSchema(Schema):
    id = Id(attribute="webhook.id")
    url = fields.String(attribute="webhook.url")
    purpose = fields.String(attribute="webhook.purpose")
    things = fields.List(fields.String(), attribute="webhook.things")
    status = fields.String(attribute="webhook.state", metadata={"enum": STATES})
    paused_for = fields.String(
        attribute="webhook.paused_for", allow_none=True, metadata={"enum": [one.value for one in PausedFor]}
    )
    position = fields.Integer(attribute="webhook.position", metadata={"description": "Up to which all is settled."})
    waiting = fields.Integer(metadata={"description": "Events after it, of all things."})
    dead = fields.Integer(metadata={"description": "Letters that it did not take."})
    failures = fields.Integer(attribute="webhook.failures", metadata={"description": "Of the event whose turn it is."})
    next_try_at = Moment(attribute="webhook.next_try_at", allow_none=True)
    created_at = Moment(attribute="webhook.created_at")


class WebhookListSchema(Schema):
    items = fields.List(fields.Nested(WebhookSchema))


class RewindSchema(Schema):
    after = fields.Integer(required=True, validate=validate.Range(min=0, max=HIGHEST))


class SentAgainSchema(Schema):
    count = fields.Integer(metadata={"description": "Letters that go out again."})


class AttemptSchema(Schema):
    id = Id()
    event_id = Id()
    position = fields.Integer()
    kind = fields.String()
    at = Moment()
    taken = fields.Boolean(attribute="is_taken")
    http_status = fields.Integer(attribute="status", allow_none=True)
    fault = fields.String(metadata={"enum": ["", "inside", "timeout", "tls", "unreachable"]})
    took_ms = fields.Integer()


class LetterQuery(PageQuery):
    status = fields.Enum(LetterState, by_value=True, load_default=None)


class LetterSchema(Schema):
    id = Id()
    event_id = Id()
    position = fields.Integer()
    kind = fields.String()
    status = fields.String(attribute="state", metadata={"enum": [one.value for one in LetterState]})
    at = Moment()


AttemptPageSchema = page_of(AttemptSchema)
LetterPageSchema = page_of(LetterSchema)
