"""Objections over HTTP."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from ledger.core import clock
from tests.ledger.service.day import Day, open_day
from tests.stories import Neighbour


@pytest.fixture
def day(context: object) -> Any:
    try:
        yield open_day()
    finally:
        clock.move_to(None)


@pytest.fixture
def lin(day: Day) -> Neighbour:
    return day.place.volunteer()


@pytest.fixture
def asked(day: Day, lin: Neighbour) -> dict[str, str]:
    """What 林秀芳 sends about her visit."""
    return {"checkin_id": day.served(lin).id.hex, "reason": "waiting", "words": "一直没有盖章"}


def test_raised_listed_and_answered(client: FlaskClient, day: Day, lin: Neighbour, asked: dict[str, str]) -> None:
    url, staff = f"{day.place.url}/objections", day.place.stamper
    made = client.post(url, json=asked, headers=lin.headers)
    assert (made.status_code, made.json["status"]) == (201, "asked")
    assert made.json["due_at"] == "2026-11-27T16:00:00+00:00"
    again = client.post(url, json=asked, headers=lin.headers)
    assert (again.status_code, again.json["code"]) == (409, "already_exists")
    [row] = client.get(f"{url}?status=asked", headers=staff.headers).json["items"]
    assert (row["member_name"], row["reason"], row["words"]) == ("林秀芳", "waiting", "一直没有盖章")
    path, answer = f"{url}/{row['id']}", {"outcome": "kept", "answer": "周五统一盖章"}
    assert client.post(f"{path}/answer", json=answer, headers=staff.headers).json["status"] == "answered"
    late = client.post(f"{path}/withdraw", json={}, headers=lin.headers)
    assert (late.status_code, late.json["code"]) == (409, "wrong_state")
    [mine] = client.get(f"{url}?mine=true", headers=lin.headers).json["items"]
    assert (mine["status"], mine["outcome"], mine["answer"]) == ("answered", "kept", "周五统一盖章")
    assert client.get(path, headers=lin.headers).json == mine


def test_withdrawn_and_gone_from_what_waits(
    client: FlaskClient, day: Day, lin: Neighbour, asked: dict[str, str]
) -> None:
    url = f"{day.place.url}/objections"
    made = client.post(url, json=asked, headers=lin.headers).json
    assert client.post(f"{url}/{made['id']}/withdraw", json={}, headers=lin.headers).json["status"] == "withdrawn"
    assert client.get(f"{url}?status=asked", headers=day.place.stamper.headers).json["items"] == []
    assert len(client.get(url, headers=day.place.stamper.headers).json["items"]) == 1


def test_overdue_is_what_waits_after_its_day(
    client: FlaskClient, day: Day, lin: Neighbour, asked: dict[str, str]
) -> None:
    url = f"{day.place.url}/objections"
    client.post(url, json=asked, headers=lin.headers)
    assert client.get(f"{url}?overdue=true", headers=day.place.stamper.headers).json["items"] == []
    clock.advance(days=8)
    assert len(client.get(f"{url}?overdue=true", headers=day.place.stamper.headers).json["items"]) == 1


def test_sixty_days_later_the_way_on_is_named(
    client: FlaskClient, day: Day, lin: Neighbour, asked: dict[str, str]
) -> None:
    clock.move_to(clock.now() + timedelta(days=61))
    answer = client.post(f"{day.place.url}/objections", json=asked, headers=lin.headers)
    assert (answer.status_code, answer.json["code"]) == (409, "objection_too_late")
    assert answer.json["detail"]


@pytest.mark.parametrize("wrong", [{"reason": "weather"}, {"words": "长" * 301}, {"reason": None}, {"more": 1}])
def test_what_makes_no_sense_is_refused(
    client: FlaskClient, day: Day, lin: Neighbour, asked: dict[str, str], wrong: dict[str, Any]
) -> None:
    assert client.post(f"{day.place.url}/objections", json=asked | wrong, headers=lin.headers).status_code == 422


@pytest.mark.parametrize(
    "answer", [{}, {"outcome": "kept"}, {"outcome": "paid", "answer": "好"}, {"outcome": "kept", "answer": " "}]
)
def test_an_answer_has_an_outcome_and_words(
    client: FlaskClient, day: Day, lin: Neighbour, asked: dict[str, str], answer: dict[str, str]
) -> None:
    url = f"{day.place.url}/objections"
    made = client.post(url, json=asked, headers=lin.headers).json
    sent = client.post(f"{url}/{made['id']}/answer", json=answer, headers=day.place.stamper.headers)
    assert sent.status_code == 422


@pytest.mark.parametrize("status", ["asked", ""])
def test_of_two_pages_each_objection_stands_on_one(client: FlaskClient, day: Day, status: str) -> None:
    url, staff = f"{day.place.url}/objections", day.place.stamper
    for _ in range(3):
        person = day.place.volunteer()
        clock.advance(seconds=1)
        sent = {"checkin_id": day.served(person).id.hex, "reason": "waiting"}
        client.post(url, json=sent, headers=person.headers)
    query = f"limit=2&status={status}" if status else "limit=2"
    first = client.get(f"{url}?{query}", headers=staff.headers).json
    second = client.get(f"{url}?{query}&cursor={first['next_cursor']}", headers=staff.headers).json
    assert len({one["id"] for one in first["items"] + second["items"]}) == 3
    assert second["next_cursor"] is None
