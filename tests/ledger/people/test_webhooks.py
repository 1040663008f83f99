"""Webhooks: all arrives in order exactly once by id, whatever the receiver does; nothing inside is ever called."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from ledger.core import clock, feed, outbox, outgoing
from ledger.core.db import atomic
from ledger.core.errors import Forbidden, WrongState
from ledger.core.outgoing import Answered
from ledger.people import webhook_delivery, webhooks
from ledger.people.inbox import list_notices
from ledger.people.webhook_models import LetterState, Webhook
from ledger.people.webhooks import AddressRefused, TooManyWebhooks
from tests.ledger.core.test_feed import settle
from tests.receiving import Receiver, receiving
from tests.stories import Neighbourhood, open_neighbourhood

NOON = clock.now().replace(hour=4, minute=0, second=0, microsecond=0)


@pytest.fixture
def place(context: Flask) -> Iterator[Neighbourhood]:
    place = open_neighbourhood()
    try:
        clock.move_to(NOON)
        yield place
    finally:
        clock.move_to(None)


@atomic
def announce(place: Neighbourhood, *numbers: int, kind: str = "points.expired") -> None:
    for number in numbers:
        outbox.announce(place.system, kind, number=number)


def hook(place: Neighbourhood, receiver: Receiver, **asked: Any) -> Webhook:
    settle(place)
    made, secret = webhooks.create_webhook(place.admin.actor, url=receiver.url, purpose="报表", **asked)
    receiver.secrets.append(secret)
    return made


def deliver(place: Neighbourhood, post: Any = outgoing.post) -> int:
    settle(place)
    return webhook_delivery.deliver_waiting([place.id], post)


def numbers_of(receiver: Receiver) -> list[int]:
    return [one["data"]["number"] for one in receiver.taken.values() if "number" in one["data"]]


def see(place: Neighbourhood, webhook: Webhook) -> Webhook:
    return webhooks.see_webhook(place.admin.actor, webhook.id).webhook


def test_a_receiver_that_fails_three_times_of_four_gets_everything_in_order_once(place: Neighbourhood) -> None:
    answers: list[int | str] = [500, "hang up", 302, 204]
    with receiving(Receiver(lambda number: answers[number % 4])) as receiver:
        webhook = hook(place, receiver)
        announce(place, *range(5))
        taken, rounds = 0, 0
        while taken < 5:
            taken += deliver(place)
            clock.advance(minutes=6)  # Longer than the first three waits.
            rounds += 1
            assert rounds < 40
        assert numbers_of(receiver) == [0, 1, 2, 3, 4]
        assert len(receiver.calls) == 4 * 5
        assert [answer for _, answer in receiver.calls] == answers * 5
        assert [one for one, _ in receiver.calls[::4]] == list(receiver.taken), "the next one waits for the one before"
        assert deliver(place) == 0
    attempts = webhooks.list_attempts(place.admin.actor, webhook.id)
    assert [(one.status, one.fault, one.is_taken) for one in attempts[::-1][:4]] == [
        (500, "", False),
        (None, "unreachable", False),
        (302, "", False),
        (204, "", True),
    ]
    assert (see(place, webhook).failures, see(place, webhook).failing_since) == (0, None)
    [sent, *_] = receiver.taken.values()
    page = feed.list_events(place.admin.actor, things=["points"])
    assert sent == {
        "type": "points.expired",
        "timestamp": page.events[0].at.isoformat().replace("+00:00", "Z"),
        "data": {"community_id": place.id.hex, "position": page.events[0].position, "number": 0},
    }
    assert next(iter(receiver.taken)) == page.events[0].id.hex


def test_what_is_never_taken_becomes_a_dead_letter_holds_up_nobody_and_is_sent_again(place: Neighbourhood) -> None:
    refused = {0}
    with receiving(Receiver()) as receiver:

        def post(url: str, body: bytes, headers: dict[str, str]) -> Answered:
            answered = outgoing.post(url, body, headers)
            return Answered(500, "", 1) if any(f'"number":{one}}}'.encode() in body for one in refused) else answered

        webhook = hook(place, receiver, things=["points"])
        announce(place, 0, 1)
        announce(place, 7, kind="fund.created")
        for wait in (timedelta(0), *webhook_delivery.WAITS):
            clock.advance(seconds=wait.total_seconds() - 1)
            assert wait == timedelta(0) or deliver(place, post) == 0, "not before its time"
            clock.advance(seconds=1)
            taken = deliver(place, post)
        assert taken == 1, "number 1, once number 0 was given up"
        admin = place.admin.actor
        assert webhooks.list_webhooks(admin)[0][1:] == (0, 1)
        [letter] = webhooks.list_letters(admin, webhook.id, state=LetterState.DEAD)
        receiver.taken.clear()
        assert webhooks.send_again(admin, webhook.id, letter.id) == 1
        assert deliver(place, post) == 0
        refused.clear()
        assert webhooks.send_again(admin, webhook.id) == 1
        assert deliver(place, post) == 1
        [letter] = webhooks.list_letters(admin, webhook.id)
        assert letter.state == LetterState.DELIVERED
        receiver.taken.clear()
        webhooks.rewind(admin, webhook.id, letter.position - 1)
        assert (deliver(place, post), numbers_of(receiver)) == (2, [0, 1])


def test_after_days_of_failure_or_by_410_it_is_paused_and_the_admins_are_told(
    place: Neighbourhood,
) -> None:
    webhook = hook(place, Receiver())
    announce(place, *range(9))
    began = clock.now()
    while see(place, webhook).state == "active":
        deliver(place, lambda *_: Answered(None, "timeout", 10_000))
        clock.advance(hours=6)
        assert clock.now() < began + timedelta(days=14)
    assert (see(place, webhook).paused_for, clock.now() - began > timedelta(days=5)) == ("failing", True)
    assert webhook_delivery.FAILING.name in [one.notice.kind for one in list_notices(place.admin.actor)]
    assert deliver(place, lambda *_: Answered(204, "", 1)) == 0, "what is paused is not called"
    webhooks.resume_webhook(place.admin.actor, webhook.id)
    assert deliver(place, lambda *_: Answered(410, "", 1)) == 0
    assert (see(place, webhook).state, see(place, webhook).paused_for) == ("paused", "gone")


def test_two_secrets_sign_for_a_day_and_then_the_new_one_alone(place: Neighbourhood) -> None:
    with receiving(Receiver()) as receiver:
        webhook = hook(place, receiver)
        _, secret = webhooks.rotate_secret(place.admin.actor, webhook.id)
        announce(place, 1)
        assert deliver(place) == 1
        receiver.secrets[:] = [secret]
        webhooks.send_test(place.admin.actor, webhook.id)
        assert deliver(place) == 1
        assert [one["type"] for one in receiver.taken.values()] == ["points.expired", "webhook.tested"]
        clock.advance(hours=25)
        assert len(webhooks.secrets_of(see(place, webhook))) == 1


def test_two_who_deliver_at_once_send_each_event_once_and_one_that_was_killed_is_taken_over(
    context: Flask, place: Neighbourhood
) -> None:
    with receiving(Receiver()) as receiver:
        webhook = hook(place, receiver)
        announce(place, *range(8))
        settle(place)
        barrier = threading.Barrier(3)

        def run() -> None:
            with context.app_context():
                barrier.wait()
                webhook_delivery.deliver_waiting([place.id], outgoing.post)

        workers = [threading.Thread(target=run) for _ in range(3)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        assert len(receiver.calls) == 8
        announce(place, 8)

        def die(*call: Any) -> Answered:
            outgoing.post(*call)
            raise KeyboardInterrupt  # As kill -9 would: the call was made, and nothing of it is written down.

        with pytest.raises(KeyboardInterrupt):
            deliver(place, die)
        assert deliver(place) == 0, "until the lease ends somebody may be at it"
        clock.advance(minutes=3)
        assert deliver(place) == 1
        assert ([one for one, _ in receiver.calls].count(receiver.calls[-1][0]), numbers_of(receiver)) == (
            2,
            [*range(9)],
        )
        assert see(place, webhook).busy_until is None


def test_who_comes_to_a_webhook_that_another_has_just_tried_waits_as_that_one_does(place: Neighbourhood) -> None:
    """Both had listed it before it failed."""
    for _ in range(2):
        hook(place, Receiver())
    announce(place, 1)
    refused: list[str] = []

    def refuse(_url: str, _body: bytes, headers: dict[str, str]) -> Answered:
        refused.append(headers["webhook-id"])
        return Answered(500, "", 1)

    def take_after_another(*_call: Any) -> Answered:
        assert not refused, "the second was called although it is to be left alone for a while"
        assert deliver(place, refuse) == 0
        return Answered(204, "", 1)

    assert (deliver(place, take_after_another), len(refused)) == (1, 1)
    clock.advance(seconds=5)
    assert deliver(place, lambda *_: Answered(204, "", 1)) == 1


def test_only_admins_set_one_up_and_the_books_see_who_did(place: Neighbourhood) -> None:
    admin = place.admin.actor
    webhook, _ = webhooks.create_webhook(admin, url="https://hooks.example.org/in", purpose="报表", things=["fund"])
    for person in (place.coordinator, place.volunteer(), place.supervisor):
        with pytest.raises(Forbidden):
            webhooks.pause_webhook(person.actor, webhook.id)
    assert [one.webhook.id for one in webhooks.list_webhooks(place.supervisor.actor)] == [webhook.id]
    webhooks.pause_webhook(admin, webhook.id)
    for refused in (webhooks.pause_webhook, webhooks.send_test):
        with pytest.raises(WrongState):
            refused(admin, webhook.id)
    webhooks.end_webhook(admin, webhook.id)
    with pytest.raises(WrongState):
        webhooks.resume_webhook(admin, webhook.id)
    for _ in range(webhooks.MOST):
        webhooks.create_webhook(admin, url="https://hooks.example.org/in", purpose="报表")
    with pytest.raises(TooManyWebhooks):
        webhooks.create_webhook(admin, url="https://hooks.example.org/in", purpose="报表")


ODD = (
    "http://hooks.example.org/in", "https://127.0.0.1/in", "https://10.1.2.3/", "https://169.254.169.254/latest",
    "https://[::1]/", "https://[::ffff:10.0.0.1]/", "https://[fd00::1]/", "https://0.0.0.0/", "https://224.0.0.1/",
    "https://localhost/in", "https://user:word@hooks.example.org/", "ftp://hooks.example.org/", "https://", "hooks",
    "https://hooks.example.org:99999/", "https://hooks.example.org/ in", "https://bücher.example/", "https://[2002:a00:1::]/",
)  # fmt: skip


@pytest.fixture
def strictly() -> Iterator[None]:
    outgoing.configure(is_lenient=False)
    yield
    outgoing.configure(is_lenient=True)


@pytest.mark.usefixtures("strictly")
def test_no_address_inside_is_taken_or_called(place: Neighbourhood, monkeypatch: pytest.MonkeyPatch) -> None:
    for url in ODD:
        with pytest.raises(AddressRefused):
            webhooks.create_webhook(place.admin.actor, url=url, purpose="报表")
    webhook, _ = webhooks.create_webhook(place.admin.actor, url="https://hooks.example.org/in", purpose="报表")
    announce(place, 1)
    for address in ("127.0.0.1", "10.0.0.7", "169.254.169.254", "::1", "::ffff:192.168.0.1"):
        # What a name leads to is the name server's word, which is not ours.
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443))]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, found=found, **__: found)
        assert deliver(place) == 0
        assert webhooks.list_attempts(place.admin.actor, webhook.id)[0].fault == "inside"
        clock.advance(days=1, minutes=1)
