"""The feed and webhooks over HTTP, and what docs/events.md promises of both."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from ledger.core import feed, outbox, outgoing
from ledger.core.db import atomic
from ledger.core.outbox import THINGS
from ledger.people import webhook_delivery
from tests.ledger.core.test_feed import settle
from tests.receiving import Receiver, receiving
from tests.stories import Neighbourhood, open_neighbourhood
from web.thing_words import THINGS as WORDS

HOUSE = Path(__file__).resolve().parents[2]
DOCUMENT = (HOUSE / "docs/events.md").read_text(encoding="utf-8")


@pytest.fixture
def place(context: Flask) -> Neighbourhood:
    return open_neighbourhood()


@atomic
def announce(place: Neighbourhood, *numbers: int) -> None:
    for number in numbers:
        outbox.announce(place.system, "points.expired", number=number)


def test_a_program_follows_the_feed(place: Neighbourhood, client: FlaskClient) -> None:
    url, headers = f"{place.url}/events", place.supervisor.headers
    settle(place)
    begun = client.get(f"{url}?limit=500", headers=headers).json
    announce(place, 1, 2, 3)
    settle(place)
    page = client.get(f"{url}?after={begun['next_after']}&limit=2", headers=headers).json
    assert [(one["kind"], one["payload"]) for one in page["items"]] == [
        ("points.expired", {"number": 1}),
        ("points.expired", {"number": 2}),
    ]
    assert (page["more"], page["next_after"]) == (True, page["items"][-1]["position"])
    last = client.get(f"{url}?after={page['next_after']}&things=points,fund", headers=headers).json
    assert ([one["payload"]["number"] for one in last["items"]], last["more"]) == ([3], False)
    wrong = client.get(f"{url}?things=weather&after=-1&limit=501", headers=headers)
    assert (wrong.status_code, sorted(wrong.json["errors"])) == (422, ["after", "limit", "things"])


def test_a_webhook_is_set_up_tried_changed_paused_wound_back_and_ended(
    place: Neighbourhood, client: FlaskClient
) -> None:
    url, headers = f"{place.url}/webhooks", place.admin.headers
    assert (
        client.post(url, json={"url": "ftp://x", "purpose": "报表"}, headers=headers).json["code"] == "webhook_address"
    )
    wrong = client.post(
        url, json={"url": "https://hooks.example.org", "purpose": "报表", "things": ["sun"]}, headers=headers
    )
    assert (wrong.status_code, list(wrong.json["errors"])) == (422, ["things"])
    with receiving(Receiver()) as receiver:
        settle(place)
        made = client.post(url, json={"url": receiver.url, "purpose": "报表"}, headers=headers)
        assert (made.status_code, made.json["status"], made.json["secret"][:6]) == (201, "active", "whsec_")
        receiver.secrets.append(made.json["secret"])
        one = f"{url}/{made.json['id']}"
        assert client.post(f"{one}/test", headers=headers).status_code == 200
        settle(place)
        webhook_delivery.deliver_waiting([place.id], outgoing.post)
        assert [event["type"] for event in receiver.taken.values()] == ["webhook.tested"]
        [call] = client.get(f"{one}/attempts", headers=headers).json["items"]
        assert (call["kind"], call["taken"], call["http_status"], call["fault"]) == ("webhook.tested", True, 204, "")
        changed = {"url": receiver.url, "purpose": "台账", "things": ["redemption", "fund"]}
        assert client.put(one, json=changed, headers=headers).status_code == 200
        seen = client.get(one, headers=place.treasurer.headers).json
        assert "secret" not in seen
        assert (seen["purpose"], seen["things"], seen["waiting"], seen["dead"]) == (
            "台账",
            ["fund", "redemption"],
            0,
            0,
        )
        rewound = client.post(f"{one}/rewind", json={"after": seen["position"] - 1}, headers=headers)
        assert rewound.status_code == 200
        webhook_delivery.deliver_waiting([place.id], outgoing.post)
        assert len(receiver.calls) == 2, "its own test is sent whatever it asks for"
        other = client.post(f"{one}/secret", headers=headers).json["secret"]
        assert other != made.json["secret"]
    for step, status in (("pause", "paused"), ("resume", "active"), ("end", "ended")):
        assert client.post(f"{one}/{step}", headers=headers).json["status"] == status
    assert client.post(f"{one}/resume", headers=headers).json["code"] == "wrong_state"
    assert client.post(f"{one}/send-again", headers=headers).json["code"] == "wrong_state"
    assert [row["status"] for row in client.get(url, headers=headers).json["items"]] == ["ended"]
    assert client.get(f"{one}/letters?status=dead", headers=headers).json == {"items": [], "next_cursor": None}


# --- docs/events.md ---------------------------------------------------------------------------------------------


def announced() -> Iterator[str]:
    """What the code announces under a name that is written out."""
    for path in sorted((HOUSE / "ledger").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                is_event = node.func.attr in ("announce", "announce_all") and len(node.args) > 1
                if is_event and isinstance(node.args[1], ast.Constant):
                    yield str(node.args[1].value)


def documented() -> list[str]:
    return re.findall(r"`([a-z_]+\.[a-z_]+)`", DOCUMENT.partition("## What happens")[2])


def test_the_document_lists_every_event_and_every_thing_has_its_words() -> None:
    listed = documented()
    assert len(listed) == len(set(listed))
    assert sorted(set(announced()) - set(listed)) == []
    assert {kind.partition(".")[0] for kind in listed} == THINGS
    assert set(WORDS) == THINGS


def test_the_receiver_of_the_document_takes_our_signature_and_no_other(place: Neighbourhood) -> None:
    [source] = re.findall(r"```python\n(.+?)```", DOCUMENT, re.DOTALL)
    assert len(source.strip().splitlines()) <= 10
    names: dict[str, Any] = {}
    exec(source, names)
    announce(place, 1)
    settle(place)
    event = feed.list_events(place.admin.actor, things=["points"]).events[0]
    key = b"k" * 32
    _, body, headers = webhook_delivery.signed("https://x", [b"other", key], event)
    secret = "whsec_a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s="
    assert names["is_ours"](secret, headers, body)
    assert not names["is_ours"](secret, headers, body + b" ")
    assert not names["is_ours"](secret, headers | {"webhook-id": "0"}, body)
    assert not names["is_ours"]("whsec_AAAA", headers, body)
    old = headers | {"webhook-timestamp": str(int(headers["webhook-timestamp"]) - 600)}
    assert not names["is_ours"](secret, old, body)
