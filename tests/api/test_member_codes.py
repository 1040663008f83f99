"""The one-time code over HTTP."""

from __future__ import annotations

from ledger.core import clock
from ledger.core.db import db
from ledger.core.idempotency import OnceKey
from tests.api.shopping import Shopping


def test_a_code_comes_with_its_address_and_its_minute(shopping: Shopping):
    lin = shopping.street.volunteer()
    made = shopping.post(lin, "/member-codes")
    assert made.status_code == 201
    assert made.json["url"] == f"http://localhost/till#{made.json['code']}"
    assert made.json["expires_at"] == "2026-11-20T04:01:00+00:00"
    assert shopping.get(lin, f"/member-codes/{made.json['id']}").json["status"] == "live"
    clock.advance(minutes=1)
    assert shopping.get(lin, f"/member-codes/{made.json['id']}").json["status"] == "expired"


def test_a_secret_is_never_remembered_under_a_key(shopping: Shopping):
    lin = shopping.street.volunteer()
    first, again = (shopping.post(lin, "/member-codes", key="same").json["code"] for _ in range(2))
    assert first != again
    assert db.session.query(OnceKey).count() == 0
