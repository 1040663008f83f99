"""Who is refused at the feed and at webhooks."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from ledger.core import clock, feed
from ledger.core.db import atomic, db
from ledger.core.ids import new_id
from ledger.people import webhooks
from ledger.people.webhook_models import Letter, LetterState
from tests.stories import Neighbour

_ASKED = {"url": "https://hooks.example.org/in", "purpose": "报表"}

OF_EVENTS: dict[str, tuple[str, dict[str, Any] | None]] = {
    "events.list_events": ("coordinator", None),
    "webhooks.list_webhooks": ("volunteer", None),
    "webhooks.get_webhook": ("owner", None),
    "webhooks.post_webhook": ("treasurer", _ASKED),
    "webhooks.put_webhook": ("supervisor", _ASKED),
    "webhooks.post_pause": ("treasurer", {}),
    "webhooks.post_resume": ("treasurer", {}),
    "webhooks.post_end": ("supervisor", {}),
    "webhooks.post_secret": ("treasurer", {}),
    "webhooks.post_test": ("supervisor", {}),
    "webhooks.post_rewind": ("treasurer", {"after": 0}),
    "webhooks.post_again": ("supervisor", {}),
    "webhooks.post_letter_again": ("treasurer", {}),
    "webhooks.list_attempts": ("stamper", None),
    "webhooks.list_letters": ("clerk", None),
}
"""Endpoint: (a role that the table refuses, body), as in test_guards.py."""


@atomic
def told_outside(admin: Neighbour) -> dict[str, UUID]:
    """A webhook with a dead letter."""
    webhook, _ = webhooks.create_webhook(admin.actor, **_ASKED)
    newest = feed.number_events(admin.community_id)
    letter = Letter(
        community_id=admin.community_id,
        id=new_id(),
        webhook_id=webhook.id,
        event_id=new_id(),
        position=newest,
        kind="fund.created",
        state=LetterState.DEAD,
        at=clock.now(),
    )
    db.session.add(letter)
    return {"webhook_id": webhook.id, "letter_id": letter.id}
