"""Log lines: where something broke and which route was asked, and nothing of anybody."""

from __future__ import annotations

import json

import pytest
from flask import Flask
from flask.testing import FlaskClient

from ledger.people import sign_in
from tests.logs import LOGGED, PERSONAL
from tests.stories import next_phone, open_neighbourhood


@pytest.mark.parametrize(
    "words", ["13912345678", "+8613912345678", '"code": "204816"', "x" * 43, "7KQ2-M4XW", "(139 1234) 13912345678."]
)
def test_the_witness_sees_what_is_personal(words: str) -> None:
    assert PERSONAL.search(json.dumps({"event": words}) if '"' not in words else words)


@pytest.mark.parametrize("words", ["2026-11-26T01:02:03.123456Z", "0" * 32, "GET /me", "5f3a" * 8, "12.5"])
def test_the_witness_lets_pass_what_is_not(words: str) -> None:
    assert not PERSONAL.search(json.dumps({"event": words}))


def test_a_request_is_told_by_its_rule_and_not_by_its_address(client: FlaskClient, context: Flask) -> None:
    place = open_neighbourhood()
    client.get(f"{place.url}/members?search=13912345678", headers=place.admin.headers)
    line = json.loads(LOGGED[-1])
    assert (line["method"], line["status"]) == ("GET", 200)
    assert line["rule"] == "/api/v1/communities/<id:community_id>/members"


def test_a_fault_says_where_and_not_with_which_words(
    client: FlaskClient, context: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone = next_phone()

    def breaks(*_: object, **__: object) -> None:
        try:
            raise KeyError(phone)
        except KeyError as lost:
            raise LookupError(phone) from lost

    monkeypatch.setattr(sign_in, "send_code", breaks)
    monkeypatch.setitem(context.config, "PROPAGATE_FAULTS", False)
    answer = client.post("/api/v1/sign-in/codes", json={"phone": phone})
    assert answer.status_code == 500
    [line] = [json.loads(one) for one in LOGGED if '"fault"' in one]
    assert "builtins.KeyError" in line["exception"]
    assert "builtins.LookupError" in line["exception"]
    assert "in breaks" in line["exception"]
    assert phone not in line["exception"]
