"""What every answer of the API carries, how large a request may be, how often one may ask."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient

from api import limits
from api.app import create_app, take_settings
from api.shields import HEADERS, LARGEST_BODY, LARGEST_FILE
from tests.conftest import ClientOfItsOwn, Database
from tests.identity_provider import open_provider
from tests.stories import Neighbourhood, next_phone, open_neighbourhood


@pytest.fixture
def place(context: Flask) -> Neighbourhood:
    return open_neighbourhood()


@contextmanager
def house(database: Database, **settings: Any) -> Iterator[FlaskClient]:
    """The same house under other settings, which the process forgets afterwards."""
    from ledger.core.db import db

    ours = {"TESTING": True, "REDFLOWER_ENV": "testing", "SECRET_KEY": "only for tests " * 3}
    app = create_app(ours | {"SQLALCHEMY_DATABASE_URI": database.url} | settings)
    app.test_client_class = ClientOfItsOwn
    try:
        yield app.test_client()
    finally:
        take_settings(ours)
        with app.app_context():
            db.engine.dispose()


def test_every_answer_carries_the_shields(client: FlaskClient, place: Neighbourhood) -> None:
    admin = place.admin.headers
    for address, headers in (
        ("/api/v1/openapi.json", {}), ("/healthz", {}), ("/api/v1/me", admin), ("/api/v1/me", {}), ("/nowhere", {}),
        (f"{place.url}/members", admin), ("/static/live.js", {}), ("/api/v1/docs", {}), ("/", {}), ("/sign-in", {}),
    ):  # fmt: skip
        with client.get(address, headers=headers) as answer:
            carried = answer.headers
        missing = {name for name in HEADERS if name not in carried}
        assert missing == set(), address
        assert "frame-ancestors 'none'" in carried["Content-Security-Policy"], address
        assert "unsafe" not in carried["Content-Security-Policy"], address


def test_what_is_personal_is_kept_by_no_cache(client: FlaskClient, place: Neighbourhood) -> None:
    admin = place.admin.headers
    assert client.get("/api/v1/me", headers=admin).headers["Cache-Control"] == "no-store"
    assert client.get(f"{place.url}/members", headers=admin).headers["Cache-Control"] == "no-store"
    assert client.get(f"{place.url}/members").headers["Cache-Control"] == "no-store"
    assert client.post("/api/v1/sign-in/codes", json={"phone": next_phone()}).headers["Cache-Control"] == "no-store"


def test_what_is_public_may_be_kept(client: FlaskClient, place: Neighbourhood) -> None:
    assert "Cache-Control" not in client.get("/api/v1/openapi.json").headers
    with client.get("/static/live.js") as script:
        assert "max-age" in script.headers["Cache-Control"]


def test_only_production_asks_for_tls_for_a_year(client: FlaskClient, context: Flask, database: Database) -> None:
    assert "Strict-Transport-Security" not in client.get("/sign-in").headers
    with house(database, REDFLOWER_ENV="production") as real:
        for address in ("/sign-in", "/api/v1/me", "/static/live.js"):
            with real.get(address) as answer:
                assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"


def test_in_production_a_cookie_is_bound_to_this_very_host(context: Flask, database: Database) -> None:
    with house(database, REDFLOWER_ENV="production") as real:
        page = real.get("/sign-in")
        assert page.status_code == 200
        [cookie] = page.headers.getlist("Set-Cookie")
        assert cookie.startswith("__Host-session=")
        assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= {part.strip() for part in cookie.split(";")}
        assert "domain=" not in cookie.lower()


@pytest.mark.parametrize(
    ("size", "kind", "status"),
    [
        (LARGEST_BODY + 1, "application/json", 413),
        (LARGEST_BODY + 1, "application/x-www-form-urlencoded", 413),
        (LARGEST_FILE + 1, "multipart/form-data; boundary=x", 413),
        (LARGEST_BODY - 100, "application/json", 400),
    ],
)
def test_a_body_that_is_too_large_is_refused_before_it_is_read(
    client: FlaskClient, context: Flask, size: int, kind: str, status: int
) -> None:
    answer = client.post("/api/v1/sign-in", data=b"x" * size, content_type=kind)
    assert answer.status_code == status


def test_a_body_of_unknown_length_is_read_no_further_than_the_limit(client: FlaskClient, context: Flask) -> None:
    endless = {"wsgi.input": io.BytesIO(b"x" * (LARGEST_BODY + 10)), "wsgi.input_terminated": True}
    answer = client.post(
        "/api/v1/sign-in", content_type="application/json", environ_overrides=endless | {"CONTENT_LENGTH": ""}
    )
    assert answer.status_code in (400, 413)
    assert answer.json["code"] in ("too_large", "malformed_body")


def test_a_form_has_no_end_of_parts(client: FlaskClient, context: Flask) -> None:
    many = {f"field{number}": "x" for number in range(1001)}
    assert client.post("/sign-in", data=many, content_type="multipart/form-data").status_code == 413


def test_asking_without_pause_is_answered_with_when_to_come_back(context: Flask, database: Database) -> None:
    with house(database) as strict:
        made_up = ({"Authorization": f"Basic {number}"} for number in range(301))
        answers = [strict.post("/api/v1/sign-in", json={}, headers=headers) for headers in made_up]
    assert {answer.status_code for answer in answers[:300]} == {422}
    assert answers[300].status_code == 429
    assert answers[300].json["code"] == "too_many_requests"
    assert int(answers[300].headers["Retry-After"]) > 0


def test_a_flood_of_journeys_to_the_provider_and_back_ends_at_the_house(context: Flask, database: Database) -> None:
    """What one browser took along serves for any number of made-up codes: the provider sees no more than the limit."""
    with open_provider() as there, house(database, **there.settings) as strict:
        sent = strict.get("/sign-in/provider")
        state = parse_qs(urlsplit(sent.location).query)["state"][0]
        back = f"/sign-in/provider/back?code=guessed&state={state}"
        answers = [strict.get(back, headers={"Authorization": f"Basic {number}"}) for number in range(300)]
        begun = strict.get("/sign-in/provider")
    assert {answer.status_code for answer in answers[:299]} == {409}
    assert (answers[299].status_code, begun.status_code, there.tokens_asked) == (429, 429, 299)
    assert int(begun.headers["Retry-After"]) > 0


def test_a_limit_counted_in_sql_says_when_to_come_back(client: FlaskClient, context: Flask) -> None:
    phone = next_phone()
    sent = [client.post("/api/v1/sign-in/codes", json={"phone": phone}) for _ in range(7)]
    assert sent[6].status_code == 429
    assert 0 < int(sent[6].headers["Retry-After"]) <= 3600
    assert sent[6].json["retry_after"] == int(sent[6].headers["Retry-After"])


def test_behind_a_trusted_proxy_the_address_is_the_one_it_names(context: Flask, database: Database) -> None:
    def blocked_after(client: FlaskClient, address: str) -> bool:
        forwarded = {"X-Forwarded-For": address, "X-Forwarded-Proto": "https", "X-Forwarded-Host": "example"}
        body = {"phone": next_phone(), "code": "000000"}
        return client.post("/api/v1/sign-in", json=body, headers=forwarded).status_code == 429

    with house(database, TRUSTED_PROXIES=1) as behind:
        assert [blocked_after(behind, "203.0.113.7") for _ in range(201)].count(True) == 1
        assert not blocked_after(behind, "203.0.113.8")
    with house(database) as alone:
        assert [blocked_after(alone, f"203.0.113.{n % 200}") for n in range(201)].count(True) == 1


def test_the_counter_of_floods_starts_no_thread_and_forgets_who_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    storage = limits.SweptMemory()
    storage.timer.join()
    before = threading.active_count()
    assert [storage.incr("gone", 0), storage.incr("here", 60), storage.incr("here", 60)] == [1, 1, 2]
    assert threading.active_count() == before
    assert set(storage.storage) == {"gone", "here"}
    monkeypatch.setattr(limits, "SWEPT_EVERY", -1.0)
    assert storage.incr("here", 60) == 3
    assert set(storage.storage) == {"here"}


def test_who_is_forgotten_twice_at_once_costs_nobody_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    class SeenTooLate(dict[str, float]):
        """Names a caller whom another thread has forgotten since."""

        def keys(self) -> Any:
            return [*super().keys(), "gone"]

    storage = limits.SweptMemory()
    storage.timer.join()
    storage.expirations = SeenTooLate()
    monkeypatch.setattr(limits, "SWEPT_EVERY", -1.0)
    assert [storage.incr("here", 60), storage.incr("here", 60)] == [1, 2]
