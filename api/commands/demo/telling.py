"""Who is told of events outside: an address that takes them, one that rests, one that is no more; a letter nobody took.

Told after the story, for events have their order only once the transaction that wrote them has ended. Nothing leaves
the machine.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from api.commands.demo.story import settle
from api.commands.demo.town import CAST, enter, person_with
from ledger.core import clock, feed
from ledger.core.outgoing import Answered
from ledger.people import webhook_delivery, webhooks

DAYS = 4


def tell_outside(community_id: UUID, until: datetime) -> None:
    """From four days before the end: the third event of the reports' address is never taken, all others are."""
    with clock.set_to(until - timedelta(days=DAYS)):
        admin = enter(community_id, person_with(CAST["admin"][1]))
        settle(feed.number_events, feed.waiting, community_id)
        reports, _ = webhooks.create_webhook(admin, url="https://reports.redflower.example/in", purpose="街道数据台账")
        school, _ = webhooks.create_webhook(
            admin,
            url="https://school.redflower.example/hooks",
            purpose="学校第二课堂",
            things=["checkin", "certificate"],
        )
        former, _ = webhooks.create_webhook(admin, url="https://old.redflower.example/", purpose="旧的大屏")
        webhooks.pause_webhook(admin, school.id)
        webhooks.end_webhook(admin, former.id)
        for taken in (True, True, False, True):
            webhooks.send_test(admin, reports.id)
            _deliver(community_id, _takes if taken else _is_silent, again=not taken)


def _deliver(community_id: UUID, post: webhook_delivery.Post, *, again: bool) -> None:
    waits = (timedelta(0), *webhook_delivery.WAITS) if again else (timedelta(minutes=1),)
    for wait in waits:
        clock.advance(seconds=wait.total_seconds())
        settle(feed.number_events, feed.waiting, community_id)
        webhook_delivery.deliver_waiting([community_id], post)


def _takes(_url: str, _body: bytes, _headers: dict[str, str]) -> Answered:
    return Answered(204, "", 38)


def _is_silent(_url: str, _body: bytes, _headers: dict[str, str]) -> Answered:
    return Answered(None, "timeout", 10_000)
