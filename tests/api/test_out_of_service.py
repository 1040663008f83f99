"""A database that is gone or full: a sentence with a next step on both sides, and all is well once it is back."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from psycopg import sql
from sqlalchemy import event, make_url, text

from api.app import create_app
from api.auth import COOKIE, own_cookie
from ledger.book.checking import run_checks
from ledger.core.db import db
from tests import disks, postgres
from tests.conftest import SERVER, ClientOfItsOwn, PostgresqlDatabase, house_on
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
    token = {"Authorization": "Bearer rf_" + "0" * 40} if path.startswith("/api/") else {}
    answer = lost.test_client().get(path, headers={"Accept-Language": "en"} | token)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert (answer.json["code"], answer.content_type) == ("unavailable", "application/problem+json")
    assert "same key" in answer.json["detail"]


def test_a_house_without_its_database_still_tells_how_it_goes(lost: Flask) -> None:
    """Else the alert for a lost database would sleep until it is back."""
    client = lost.test_client()
    assert client.get("/healthz").json == {"status": "ok"}
    client.get("/readyz")
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert "redflower_database_answers 0.0" in answer.text
    assert 'redflower_refusals_total{code="unavailable"}' in answer.text


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
    named = ("REDFLOWER_ENV", "SECRET_KEY", "SQLALCHEMY_DATABASE_URI", "DATABASE_WALLS")
    settings = {name: context.config[name] for name in named if name in context.config}
    house = create_app(settings | {"DATABASE_POOL": 1, "DATABASE_PATIENCE": 1, "DATABASE_PREPARES": False})
    house.test_client_class = ClientOfItsOwn
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
        pytest.skip("PostgreSQL has no limit of its own: it needs a small disk, which the test below makes")
    street = open_street()
    buyer = street.volunteer(points=2_000)
    client = context.test_client()
    with full_disk():
        refused = next(answer for answer in buys(context, street, buyer) if answer.status_code != 201)
        assert (refused.status_code, refused.json["code"]) == (507, "no_room")
        assert client.get(f"{street.place.url}/offers", headers=buyer.headers).status_code == 200
    assert next(buys(context, street, buyer, key="later")).status_code == 201
    assert run_checks() == []


@pytest.fixture
def small_disk(engine_name: str) -> Iterator[Path]:
    """A file system of 64 MB."""
    if engine_name != "postgresql":
        pytest.skip("SQLite is told how many pages there are: the test above")
    with disks.small_disk(64) as made:
        yield made


@pytest.fixture
def on_small_disk(small_disk: Path) -> Iterator[Flask]:
    """The house on PostgreSQL, its tables and indexes on the small disk and the log of its changes on the large one."""
    database = PostgresqlDatabase(os.environ[SERVER])
    name = f"small_{uuid.uuid4().hex[:12]}"
    place, called = sql.Identifier(name), sql.Identifier(make_url(database.url).database or "")
    with postgres.maintenance(os.environ[SERVER]) as server:
        server.execute(sql.SQL("CREATE TABLESPACE {} LOCATION {}").format(place, sql.Literal(str(small_disk))))
        server.execute(sql.SQL("ALTER DATABASE {} SET TABLESPACE {}").format(called, place))
    house = house_on(database)
    yield house
    with house.app_context():
        db.engine.dispose()
    database.drop()
    with postgres.maintenance(os.environ[SERVER]) as server:
        server.execute(sql.SQL("DROP TABLESPACE {}").format(place))


def test_on_a_full_disk_of_postgresql_reading_goes_on_and_writing_is_refused(
    small_disk: Path, on_small_disk: Flask
) -> None:
    with on_small_disk.app_context():
        street = open_street()
        buyer = street.volunteer(points=2_000)
        db.session.remove()
        filler = disks.fill(small_disk, leaving=64 * 1024)
        refused = next(answer for answer in buys(on_small_disk, street, buyer) if answer.status_code != 201)
        assert (refused.status_code, refused.json["code"]) == (507, "no_room")
        client = on_small_disk.test_client()
        assert client.get(f"{street.place.url}/offers", headers=buyer.headers).status_code == 200
        filler.unlink()
        assert next(buys(on_small_disk, street, buyer, key="later")).status_code == 201
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
