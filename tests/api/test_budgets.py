"""How many statements each hot route may ask of the database, sign-in included, BEGIN and COMMIT not."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from ledger.core import clock
from ledger.core.db import is_postgresql
from tests.api.shopping import Shopping
from tests.counting import counted_statements
from tests.ledger.service.day import ELEVEN, Day

Budget = tuple[int, int]
"""Statements on SQLite, which has no way there and back, and on PostgreSQL."""


def asked(call: Callable[[], TestResponse]) -> int:
    """Statements of an answer that is no refusal; the first of the kind builds what is built once."""
    with counted_statements() as seen:
        answer = call()
    assert answer.status_code in (200, 201), answer.text
    return len(seen)


def keep(budget: Budget, count: int) -> None:
    assert count <= budget[is_postgresql()], f"{count} statements; update the budget only with a reason"
    assert count == budget[is_postgresql()], f"only {count} statements: lower the budget"


def check_in(client: FlaskClient, day: Day, kind: str) -> Callable[[], TestResponse]:
    who = day.place.volunteer()
    sent = {"activity_id": day.activity.id.hex, "kind": kind, "via": {"poster_code": day.activity.poster_code}}
    headers = who.headers | {"Idempotency-Key": kind}
    return lambda: client.post(f"{day.place.url}/checkins", json=sent, headers=headers)


def test_a_check_in(client: FlaskClient, day: Day) -> None:
    keep((10, 8), asked(check_in(client, day, "in")))


def test_a_batch_of_stamps(client: FlaskClient, day: Day) -> None:
    visits = [day.served(day.place.volunteer()) for _ in range(3)]
    clock.move_to(ELEVEN)
    sent = {"checkin_ids": [visit.id.hex for visit in visits], "decision": "stamp"}
    headers = day.place.stamper.headers | {"Idempotency-Key": "stamps"}
    keep((16, 13), asked(lambda: client.post(f"{day.place.url}/stamps", json=sent, headers=headers)))


def test_a_reservation_from_the_poster(shopping: Shopping) -> None:
    """Of five: the first may find their slot of the fund empty, until one of them has evened out all."""
    code, people = {"merchant_code": shopping.street.poster.code}, [shopping.street.volunteer() for _ in range(5)]
    keep((11, 9), min(asked(partial(shopping.redeem, who, code)) for who in people))


def test_a_confirmation(shopping: Shopping) -> None:
    lin = shopping.street.volunteer()
    made = shopping.redeem(lin, {"merchant_code": shopping.street.poster.code}).json["id"]
    keep((12, 6), asked(lambda: shopping.post(lin, f"/redemptions/{made}/confirm")))


def test_a_look_at_the_till(shopping: Shopping) -> None:
    lin, clerk = shopping.street.volunteer(), shopping.street.clerk
    code = shopping.post(lin, "/member-codes").json["code"]
    keep((13, 12), asked(lambda: shopping.post(clerk, "/till", {"member_code": code})))


def test_a_balance(shopping: Shopping) -> None:
    lin = shopping.street.volunteer()
    keep((4, 4), asked(lambda: shopping.get(lin, f"/members/{lin.member_id.hex}/balance")))


def test_an_address_is_found_step_by_step_however_many_routes_there_are(app: Flask) -> None:
    """Not by trying a pattern for each route: that cost a check-in a quarter of a millisecond."""
    app.url_map.update()
    states = [app.url_map._matcher._root]
    while states:
        state = states.pop()
        assert len(state.dynamic) < 10, [part.content for part, _ in state.dynamic]
        states += [*state.static.values(), *(after for _, after in state.dynamic)]
