"""POST /scans: without sign-in, without a trace, with a grant for later."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from ledger.core import clock
from ledger.core.audit import AuditLine
from ledger.core.db import db
from ledger.people import phones, sessions
from ledger.people.models import SessionKind
from ledger.service.activities import cancel_activity
from tests.ledger.service.day import NINE, Day, open_day
from tests.stories import next_phone

URL = "/api/v1/scans"


@pytest.fixture
def day(context: object) -> Iterator[Day]:
    try:
        yield open_day()
    finally:
        clock.move_to(None)


def scan(client: FlaskClient, code: str, **more: object):
    return client.post(URL, json={"code": code, "nonce": "browser-1", **more})


def test_a_scan_says_where_one_is(client: FlaskClient, day: Day):
    found = scan(client, day.activity.poster_code).json
    assert (found["activity"]["name"], found["community"]["name"], found["evidence"]) == (
        "早间巡逻",
        "南华社区",
        "poster",
    )


def test_a_scanned_grant_checks_in_whoever_signs_in_next(client: FlaskClient, day: Day):
    clock.move_to(NINE)
    found = scan(client, day.live_code(NINE)).json
    clock.advance(minutes=9)
    person = day.place.volunteer()
    body = {"activity_id": found["activity"]["id"], "kind": "in", "via": {"grant": found["grant"]}}
    url = f"/api/v1/communities/{found['community']['id']}/checkins"
    visit = client.post(url, json=body, headers=person.headers | {"Idempotency-Key": "1"})
    assert (visit.status_code, visit.json["evidence"], visit.json["reasons"]) == (201, "live_code", [])


def test_codes_are_read_as_people_type_them(client: FlaskClient, day: Day):
    typed = day.activity.poster_code.lower().replace("-", " - ")
    assert scan(client, typed).status_code == 200


def test_a_scan_leaves_no_trace(client: FlaskClient, day: Day):
    before = db.session.scalar(select(func.count()).select_from(AuditLine))
    scan(client, day.activity.poster_code)
    db.session.expire_all()
    assert db.session.scalar(select(func.count()).select_from(AuditLine)) == before


@pytest.mark.parametrize("code", ["QQQQ-2345678923", "x", "小红花", "-"])
def test_an_unknown_code_is_told_in_both_languages(client: FlaskClient, day: Day, code):
    refused = scan(client, code)
    assert (refused.status_code, refused.json["code"]) == (409, "unknown_code")
    english = client.post(URL, json={"code": code, "nonce": "browser-1"}, headers={"Accept-Language": "en"})
    assert english.json["title"] != refused.json["title"]


def test_an_old_live_code_and_a_cancelled_activity_are_named(client: FlaskClient, day: Day):
    old = day.live_code(NINE)
    clock.move_to(NINE.replace(minute=2))
    assert scan(client, old).json["code"] == "live_code_expired"
    cancel_activity(day.place.admin.actor, day.activity.id, reason="下雨")
    assert scan(client, day.activity.poster_code).json["code"] == "activity_cancelled"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"code": "", "nonce": "browser-1"},
        {"code": "x" * 41, "nonce": "browser-1"},
        {"code": "NH-2\u0000", "nonce": "browser-1"},
        {"code": "NH-2", "nonce": "short"},
        {"code": "NH-2", "nonce": "x" * 65},
        {"code": 5, "nonce": "browser-1"},
        {"code": "NH-2", "nonce": "browser-1", "surprise": 1},
    ],
)
def test_a_malformed_scan_is_refused_by_field(client: FlaskClient, day: Day, body):
    assert client.post(URL, json=body).status_code == 422


def newcomer() -> dict[str, str]:
    """The headers of somebody who is no member anywhere."""
    token, _ = sessions.open_session(phones.add_person(next_phone()), kind=SessionKind.API)
    return {"Authorization": f"Bearer {token}"}


def test_a_newcomer_joins_and_checks_in_by_one_post(client: FlaskClient, day: Day):
    clock.move_to(NINE)
    body = {"consents": ["service"], "grant": scan(client, day.activity.poster_code).json["grant"]}
    headers, url = newcomer(), f"{day.place.url}/join"
    assert client.post(url, json=body, headers=headers).json["code"] == "key_required"
    answers = [client.post(url, json=body, headers=headers | {"Idempotency-Key": "1"}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].data == answers[1].data
    joined = answers[0].json
    assert (joined["checkin"]["member_id"], joined["checkin"]["status"]) == (joined["id"], "open")


def test_joining_with_a_scan_that_is_no_good_leaves_nothing(client: FlaskClient, day: Day):
    clock.move_to(NINE)
    body = {"consents": ["service"], "grant": scan(client, day.activity.poster_code).json["grant"]}
    clock.advance(minutes=10)
    headers = newcomer() | {"Idempotency-Key": "1"}
    assert client.post(f"{day.place.url}/join", json=body, headers=headers).json["code"] == "grant_expired"
    assert client.get("/api/v1/me", headers=headers).json["memberships"] == []
