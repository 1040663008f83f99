"""A database that is gone or full: a sentence with a next step on both sides, and all is well once it is back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, text

from api.app import create_app
from api.auth import COOKIE, own_cookie
from ledger.book.checking import run_checks
from ledger.core.db import db
from tests.ledger.rewards.street import Street, open_street
from tests.serving import free_port


@pytest.fixture(scope="module")
def lost() -> Flask:
    """The house at an address where no PostgreSQL listens."""
    url = f"postgresql+psycopg://nobody@127.0.0.1:{free_port()}/nothing"
    settings = {"REDFLOWER_ENV": "testing", "SECRET_KEY": "only for tests " * 3, "SQLALCHEMY_DATABASE_URI": url}
    return create_app(settings)


@pytest.mark.parametrize("path", ["/readyz", "/api/v1/me"])
def test_a_lost_database_is_told_with_when_to_ask_again(lost: Flask, path: str) -> None:
    answer = lost.test_client().get(path, headers={"Authorization": "Bearer rf_" + "0" * 40, "Accept-Language": "en"})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert (answer.json["code"], answer.content_type) == ("unavailable", "application/problem+json")
    assert "same key" in answer.json["detail"]


def test_a_page_tells_it_too(lost: Flask) -> None:
    browser = lost.test_client()
    with lost.test_request_context():
        browser.set_cookie(own_cookie(COOKIE), "0" * 43)
    answer = browser.get("/me/devices", headers={"Accept-Language": "zh"})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "重试不会重复记录" in answer.text


@pytest.fixture
def impatient(context: Flask, engine_name: str) -> Iterator[Flask]:
    """The house on the same database, with one connection and one second of patience, without prepared statements."""
    if engine_name != "postgresql":
        pytest.skip("SQLite is in the process: nothing answers slowly but its lock, which has a limit of its own")
    url = context.config["SQLALCHEMY_DATABASE_URI"]
    settings = {"REDFLOWER_ENV": "testing", "SECRET_KEY": context.config["SECRET_KEY"], "SQLALCHEMY_DATABASE_URI": url}
    house = create_app(settings | {"DATABASE_POOL": 1, "DATABASE_PATIENCE": 1, "DATABASE_PREPARES": False})
    yield house
    with house.app_context():
        db.engine.dispose()


def test_a_database_that_answers_slowly_or_has_no_connection_left_holds_nobody(
    context: Flask, impatient: Flask
) -> None:
    street = open_street()
    buyer = street.volunteer(points=100)
    wanted = {"offer_id": street.loaf.id.hex, "quantity": 1, "via": {"merchant_code": street.poster.code}}

    def buy() -> Any:
        headers = buyer.headers | {"Idempotency-Key": "slow"}
        return impatient.test_client().post(f"{street.place.url}/redemptions", json=wanted, headers=headers)

    db.session.remove()
    with db.engine.connect() as other, other.begin():
        other.execute(text("LOCK TABLE balances IN ACCESS EXCLUSIVE MODE"))  # Somebody's heavy statement.
        slow = buy()
    with impatient.app_context(), db.engine.connect():  # The only connection is taken.
        none_left = buy()
    for answer in (slow, none_left):
        assert (answer.status_code, answer.json["code"], answer.headers["Retry-After"]) == (503, "unavailable", "5")
    assert buy().status_code == 201
    assert run_checks() == []


@contextmanager
def full_disk() -> Iterator[None]:
    """SQLite may not grow by one page."""

    def stop_growing(connection: Any, _record: Any) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count={pages}")

    db.session.remove()
    event.listen(db.engine, "connect", stop_growing)
    db.engine.dispose()
    try:
        yield
    finally:
        event.remove(db.engine, "connect", stop_growing)
        db.engine.dispose()


def test_on_a_full_disk_reading_goes_on_and_writing_is_refused(context: Flask) -> None:
    if db.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL has no limit of its own: it needs a small file system, which no test has yet")
    street = open_street()
    buyer = street.volunteer(points=2_000)
    client = context.test_client()
    with full_disk():
        refused = next(answer for answer in buys(context, street, buyer) if answer.status_code != 201)
        assert (refused.status_code, refused.json["code"]) == (507, "no_room")
        assert client.get(f"{street.place.url}/offers", headers=buyer.headers).status_code == 200
    assert next(buys(context, street, buyer, key="later")).status_code == 201
    assert run_checks() == []


def buys(house: Flask, street: Street, buyer: Any, key: str = "full") -> Iterator[Any]:
    """One reservation after another, by the shop's poster."""
    poster = street.poster.code
    for number in range(90):
        yield house.test_client().post(
            f"{street.place.url}/redemptions",
            json={"offer_id": street.loaf.id.hex, "quantity": 1, "via": {"merchant_code": poster}},
            headers=buyer.headers | {"Idempotency-Key": f"{key}-{number}"},
        )
