"""Codes on their way to phones: the house and a real gateway over HTTP, in good days and bad ones."""

from __future__ import annotations

import hashlib
import hmac
import http.server
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from ledger.core import clock
from ledger.core.db import atomic, db
from ledger.people import deliveries
from ledger.people.models import Delivery
from tests.ledger.book.town import at_once
from tests.logs import LOGGED
from tests.serving import free_port
from tests.stories import next_phone
from tests.web.browser import Browser

KEY = "the gateway's key"
ROOT = Path(__file__).parents[2]


class Gateway(http.server.ThreadingHTTPServer):
    """Notes what it is sent and answers what `answers` says: a status, seconds to wait before 204, or no answer."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Desk)
        self.url = f"http://127.0.0.1:{self.server_port}/send"
        self.taken: list[dict[str, Any]] = []
        self.signed: list[bool] = []
        self.answers: list[int | float | None] = []


class _Desk(http.server.BaseHTTPRequestHandler):
    server: Gateway

    def do_POST(self) -> None:
        answer = self.server.answers.pop(0) if self.server.answers else 204
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if answer is None:
            self.close_connection = True
            return
        if isinstance(answer, float):
            time.sleep(answer)
            answer = 204
        signed = f"{self.headers['X-Timestamp']}.".encode() + body
        expected = "sha256=" + hmac.new(KEY.encode(), signed, hashlib.sha256).hexdigest()
        self.server.signed.append(self.headers["X-Signature"] == expected)
        self.server.taken.append(json.loads(body))
        self.send_response(answer)
        if answer == 302:
            self.send_header("Location", self.server.url)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def gateway(context: object, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gateway]:
    server = Gateway()
    monkeypatch.setattr(deliveries, "PATIENCE_SECONDS", 0.4)
    threading.Thread(target=server.serve_forever, args=[0.02], daemon=True).start()
    deliveries.use_gateway(server.url, KEY)
    yield server
    deliveries.use_gateway("", "")
    server.shutdown()
    server.server_close()


def ask(client: FlaskClient, phone: str) -> TestResponse:
    return client.post("/api/v1/sign-in/codes", json={"phone": phone}, headers={"Accept-Language": "en"})


def code_in(message: dict[str, Any]) -> str:
    return str(message["text"]).split("验证码 ")[1][:6]


def test_a_code_goes_to_the_gateway_at_once_signed_and_is_erased(gateway: Gateway, client: FlaskClient) -> None:
    phone = next_phone()
    gateway.answers = [0.1]  # Slow, but in time.
    assert ask(client, phone).status_code == 202
    assert ([one["phone"] for one in gateway.taken], gateway.signed) == ([phone], [True])
    row = db.session.query(Delivery).one()
    assert (row.sealed, row.delivered_at is not None, row.id.hex) == (None, True, gateway.taken[0]["id"])
    assert deliveries.deliver_waiting() == 0, "tick does not send it again"
    given = {"phone": phone, "code": code_in(gateway.taken[0])}
    assert client.post("/api/v1/sign-in", json=given).status_code == 200


def test_a_lost_connection_is_tried_once_more_with_the_same_id(gateway: Gateway, client: FlaskClient) -> None:
    gateway.answers = [None, 204]
    assert ask(client, next_phone()).status_code == 202
    assert len(gateway.taken) == 1
    gateway.answers = [None, None, 204]
    assert (ask(client, next_phone()).status_code, len(gateway.taken)) == (503, 1)


@pytest.mark.parametrize("trouble", [500, 302, 1.0, "down"])
def test_a_gateway_in_trouble_is_a_clear_refusal_and_nothing_half_done(
    gateway: Gateway, client: FlaskClient, trouble: Any
) -> None:
    """Nothing of the phone or the code is in the log, on the page neither; what the gateway may have sent is dead."""
    phone = next_phone()
    gateway.answers = [trouble, trouble]
    if trouble == "down":
        deliveries.use_gateway(f"http://127.0.0.1:{free_port()}/", KEY)
    refused = ask(client, phone)
    told = (refused.status_code, refused.json["code"], refused.headers["Retry-After"], refused.json["retry_after"])
    assert told == (503, "message_not_sent", "60", 60)
    assert "Ask for a new code in 60 seconds" in refused.json["detail"]
    browser = Browser(client)
    browser.get("/sign-in")
    page = browser.post("/sign-in/code", phone=phone)
    assert (page.status_code, "短信现在发不出去" in page.text, 'name="code"' in page.text) == (503, True, False)
    assert deliveries.last_message_to(phone) is None
    assert [line for line in LOGGED if phone in line or "验证码" in line] == []
    assert len([line for line in LOGGED if "delivery_failed" in line]) == 2
    for taken in gateway.taken:
        answer = client.post("/api/v1/sign-in", json={"phone": phone, "code": code_in(taken)})
        assert answer.json["code"] == "code_expired"


def test_attempts_are_counted_and_those_that_were_vain_are_told_for_an_hour(
    gateway: Gateway, client: FlaskClient
) -> None:
    with clock.set_to(clock.now()):
        atomic(deliveries.queue_message)(next_phone(), "【小红花】有人替您签到了。")
        gateway.answers = [500, 500, 500]
        assert [deliveries.deliver_waiting() for _ in range(2)] == [0, 0]
        assert ask(client, next_phone()).status_code == 503
        assert (attempts(), deliveries.vain_message_attempts()) == ([1, 2], 3)
        assert deliveries.deliver_waiting() == 1
        assert (attempts(), deliveries.vain_message_attempts()) == ([1, 3], 1)
        clock.advance(minutes=61)
        assert deliveries.vain_message_attempts() == 0


def attempts() -> list[int]:
    db.session.remove()
    return sorted(db.session.scalars(select(Delivery.attempts)))


def test_tick_gives_up_on_a_gateway_that_is_down_and_goes_on_when_it_is_back(gateway: Gateway) -> None:
    for _ in range(5):
        atomic(deliveries.queue_message)(next_phone(), "【小红花】有人替您签到了。")
    gateway.answers = [500, 500, 500]
    assert (deliveries.deliver_waiting(), len(gateway.taken)) == (0, 3)
    assert deliveries.deliver_waiting() == 5
    assert {one["id"] for one in gateway.taken[:3]} < {one["id"] for one in gateway.taken[3:]}


def test_two_who_deliver_at_once_send_each_message_once_and_in_order(gateway: Gateway, context: Flask) -> None:
    phones = [next_phone() for _ in range(4)]
    for turn in range(3):
        for phone in phones:
            atomic(deliveries.queue_message)(phone, f"【小红花】第 {turn} 条。")
    gateway.answers = [0.02 * number for number in (3, 0, 2, 1) for _ in range(3)]
    assert sum(at_once(context, [deliveries.deliver_waiting] * 4)) == 12 == len(gateway.taken)
    assert len({one["id"] for one in gateway.taken}) == 12
    for phone in phones:
        assert [one["text"][7] for one in gateway.taken if one["phone"] == phone] == ["0", "1", "2"]
    assert db.session.query(Delivery).filter(Delivery.sealed.is_not(None)).count() == 0


def test_who_found_a_message_in_anothers_hands_does_not_go_on_to_the_next_one(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first is in hand, so the second is left; then the first is delivered, and the third must wait for it."""
    phone = next_phone()
    for words in ("第一条", "第二条", "第三条"):
        atomic(deliveries.queue_message)(phone, words)
    first, second, third = db.session.scalars(select(Delivery).order_by(Delivery.created_at, Delivery.id)).all()
    lease = deliveries._claim(first)
    assert (lease is not None, deliveries._claim(second)) == (True, None)
    deliveries._mark_delivered(first.id)
    assert deliveries._claim(third) is None
    assert deliveries._claim(second) is not None
    assert deliveries._claim(third) is None, "the second is in hand"


def test_what_the_gateway_does_not_take_is_waited_for_by_what_comes_after_it(gateway: Gateway) -> None:
    phone, other = next_phone(), next_phone()
    for to, words in ((phone, "第一条"), (phone, "第二条"), (other, "别人的")):
        atomic(deliveries.queue_message)(to, words)
    gateway.answers = [500]
    assert (deliveries.deliver_waiting(), [one["phone"] for one in gateway.taken]) == (1, [phone, other])
    gateway.taken.clear()
    assert (deliveries.deliver_waiting(), [one["text"] for one in gateway.taken]) == (2, ["第一条", "第二条"])


def test_a_tick_that_was_killed_leaves_its_message_to_another_and_nobody_overtakes_it(
    gateway: Gateway, context: Flask
) -> None:
    phone = next_phone()
    for words in ("第一条", "第二条"):
        atomic(deliveries.queue_message)(phone, words)
    with socket.create_server(("127.0.0.1", 0)) as silent, ticking(context, silent.getsockname()[1]) as worker:
        deadline = time.monotonic() + 60
        while not (busy := in_hand()):
            assert time.monotonic() < deadline, "it hands no message over"
            time.sleep(0.02)
        worker.kill()
        worker.wait()
    assert (deliveries.deliver_waiting(), gateway.taken) == (0, []), "until the lease ends somebody may be at it"
    with clock.set_to(busy[0] - timedelta(microseconds=1)):
        assert deliveries.deliver_waiting() == 0
    with clock.set_to(busy[0]):
        assert (deliveries.deliver_waiting(), [one["text"] for one in gateway.taken]) == (2, ["第一条", "第二条"])


def in_hand() -> list[datetime]:
    db.session.remove()
    return [one for one in db.session.scalars(select(Delivery.busy_until)) if one is not None]


def ticking(house: Flask, port: int) -> subprocess.Popen[bytes]:
    """`flask tick` on the same database, with a gateway that takes the connection and says nothing."""
    settings = {
        "DATABASE_URL": house.config["SQLALCHEMY_DATABASE_URI"],
        "DATABASE_WALLS": "yes" if house.config.get("DATABASE_WALLS") else "",
        "SECRET_KEY": house.config["SECRET_KEY"],
        "SMS_GATEWAY_URL": f"http://127.0.0.1:{port}/",
        "SMS_GATEWAY_KEY": KEY,
    }
    return subprocess.Popen(
        [sys.executable, "-m", "flask", "--app", "wsgi", "tick"], env=os.environ | settings, cwd=ROOT
    )


def test_a_code_that_tick_has_in_hand_is_not_sent_beside_it(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    phone, answered = next_phone(), []
    atomic(deliveries.queue_message)(phone, "【小红花】验证码 123456")
    send = deliveries._gateway
    assert send is not None

    def send_beside(*message: Any) -> None:
        answered.append(deliveries.deliver_now(phone))
        send(*message)

    with monkeypatch.context() as patched:  # Until here only: at the end the fixture takes the gateway away first.
        patched.setattr(deliveries, "_gateway", send_beside)
        assert (deliveries.deliver_waiting(), answered, len(gateway.taken)) == (1, [True], 1)


def test_of_the_parts_of_a_tick_the_first_alone_sends_messages(gateway: Gateway, context: Flask) -> None:
    atomic(deliveries.queue_message)(next_phone(), "【小红花】有人替您签到了。")
    for part, sent in (("2/2", 0), ("1/2", 1)):
        said = context.test_cli_runner().invoke(args=["tick", "--part", part]).output
        assert (f"{sent} messages" in said, len(gateway.taken)) == (True, sent)


@pytest.mark.parametrize(("url", "key"), [("http://gateway/", ""), ("file:///etc/passwd", KEY)])
def test_a_gateway_without_a_key_or_not_over_http_stops_the_house(url: str, key: str) -> None:
    with pytest.raises(RuntimeError, match="SMS_GATEWAY"):
        deliveries.use_gateway(url, key)
