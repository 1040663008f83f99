"""Stamps over HTTP: previewed, given once for each key, taken back."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from ledger.core import clock
from ledger.service.models import Checkin
from tests.ledger.service.day import Day, open_day
from tests.stories import Neighbour, open_neighbourhood, street_officer


@pytest.fixture
def day(context: object) -> Iterator[Day]:
    try:
        yield open_day()
    finally:
        clock.move_to(None)


def stamp(client: FlaskClient, day: Day, visits: list[Checkin], *, who: Neighbour | None = None, **changed: Any) -> Any:
    """POST stamps with the key 1 unless `key` says another; None sends none."""
    key = changed.pop("key", "1")
    sent = {"checkin_ids": [visit.id.hex for visit in visits], "decision": "stamp"} | changed
    headers = (who or day.place.stamper).headers | ({"Idempotency-Key": key} if key else {})
    return client.post(f"{day.place.url}/stamps", json=sent, headers=headers)


def undo(client: FlaskClient, day: Day, path: str, *, who: Neighbour | None = None, key: str = "u") -> Any:
    headers = (who or day.place.stamper).headers | {"Idempotency-Key": key}
    return client.post(f"{day.place.url}/{path}/undo", headers=headers)


def balance(client: FlaskClient, day: Day, person: Neighbour) -> tuple[int, int]:
    assert person.member_id
    url = f"{day.place.url}/members/{person.member_id.hex}/balance"
    figures = client.get(url, headers=person.headers).json
    return figures["posted"], figures["minutes"]


def test_a_stamp_puts_points_and_minutes_into_the_wallet(client: FlaskClient, day: Day):
    person = day.place.volunteer()
    answer = stamp(client, day, [day.served(person)])
    assert answer.status_code == 200
    result = answer.json["results"][0]
    assert (result["status"], result["points"], result["minutes"]) == ("stamped", 10, 120)
    assert (result["explanation"], result["explanation_en"]) == ("2 小时 × 5 = 10 朵", "2 h × 5 = 10 flowers")
    assert balance(client, day, person) == (10, 120)


def test_a_preview_needs_no_key_and_moves_nothing(client: FlaskClient, day: Day):
    person = day.place.volunteer()
    visit = day.served(person)
    preview = stamp(client, day, [visit], key=None, preview=True)
    assert (preview.status_code, preview.json["batch_id"], preview.json["results"][0]["points"]) == (200, None, 10)
    assert balance(client, day, person) == (0, 0)
    stamped = stamp(client, day, [visit], preview_digest=preview.json["preview_digest"])
    assert stamped.json["results"][0]["status"] == "stamped"


def test_a_stamp_held_to_an_old_preview_is_refused(client: FlaskClient, day: Day):
    visits = [day.served(day.place.volunteer()), day.served(day.place.volunteer("王强"))]
    digest = stamp(client, day, visits, key=None, preview=True).json["preview_digest"]
    stamp(client, day, visits[:1], who=day.place.admin)
    refused = stamp(client, day, visits, preview_digest=digest)
    assert (refused.status_code, refused.json["code"]) == (409, "preview_changed")


def test_the_same_key_awards_once(client: FlaskClient, day: Day):
    person = day.place.volunteer()
    visit = day.served(person)
    first, second = stamp(client, day, [visit]), stamp(client, day, [visit])
    assert (second.data, second.headers["Idempotency-Hit"]) == (first.data, "true")
    assert balance(client, day, person) == (10, 120)


def test_the_same_key_with_other_check_ins_is_refused(client: FlaskClient, day: Day):
    stamp(client, day, [day.served(day.place.volunteer())])
    reused = stamp(client, day, [day.served(day.place.volunteer("王强"))])
    assert (reused.status_code, reused.json["code"]) == (409, "key_reused")


def test_many_equal_calls_at_once_award_once(app: Flask, client: FlaskClient, day: Day):
    person = day.place.volunteer()
    visit, stamper = day.served(person), day.place.stamper
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: stamp(app.test_client(), day, [visit], who=stamper), range(16)))
    assert {(answer.status_code, answer.data) for answer in answers} == {(200, answers[0].data)}
    assert balance(client, day, person) == (10, 120)


def test_moving_points_needs_a_key(client: FlaskClient, day: Day):
    visit = day.served(day.place.volunteer())
    assert stamp(client, day, [visit], key=None).json["code"] == "key_required"
    given = stamp(client, day, [visit]).json
    url = f"{day.place.url}/stamps/{given['results'][0]['stamp_id']}/undo"
    assert client.post(url, headers=day.place.stamper.headers).json["code"] == "key_required"


def test_refusals_are_answered_item_by_item(client: FlaskClient, day: Day):
    good, own = day.served(day.place.volunteer()), day.served(day.place.stamper)
    answer = stamp(client, day, [own, good])
    assert [result["code"] for result in answer.json["results"]] == ["own_checkin", None]


def test_a_stamp_is_undone_and_given_again(client: FlaskClient, day: Day):
    person = day.place.volunteer()
    visit = day.served(person)
    given = stamp(client, day, [visit]).json["results"][0]["stamp_id"]
    undone = undo(client, day, f"stamps/{given}")
    assert (undone.status_code, undone.json["results"][0]["status"]) == (200, "pending")
    assert balance(client, day, person) == (0, 0)
    replayed = undo(client, day, f"stamps/{given}")
    assert (replayed.data, replayed.headers["Idempotency-Hit"]) == (undone.data, "true")
    assert undo(client, day, f"stamps/{given}", key="v").json["code"] == "wrong_state"
    stamp(client, day, [visit], key="2")
    assert balance(client, day, person) == (10, 120)


def test_a_whole_batch_is_undone(client: FlaskClient, day: Day):
    people = [day.place.volunteer(), day.place.volunteer("王强")]
    batch = stamp(client, day, [day.served(person) for person in people]).json["batch_id"]
    undone = undo(client, day, f"stamp-batches/{batch}")
    assert [result["status"] for result in undone.json["results"]] == ["pending", "pending"]
    assert [balance(client, day, person) for person in people] == [(0, 0), (0, 0)]


def test_a_returned_service_shows_its_note_to_the_volunteer(client: FlaskClient, day: Day):
    person = day.place.volunteer()
    visit = day.served(person)
    stamp(client, day, [visit], decision="return", note="请补充地点")
    shown = client.get(f"{day.place.url}/checkins/{visit.id.hex}", headers=person.headers).json
    assert (shown["status"], shown["stamp"]["note"]) == ("returned", "请补充地点")


@pytest.mark.parametrize(
    "changed",
    [
        {"checkin_ids": []},
        {"checkin_ids": ["0" * 32] * 2},
        {"checkin_ids": [f"{number:032x}" for number in range(201)]},
        {"checkin_ids": [5]},
        {"checkin_ids": None},
        {"decision": "praise"},
        {"preview": "yes"},
        {"preview_digest": "x" * 65},
        {"note": "x" * 301},
        {"surprise": 1},
    ],
)
def test_a_malformed_stamp_is_refused_by_field(client: FlaskClient, day: Day, changed):
    refused = stamp(client, day, [day.served(day.place.volunteer())], **changed)
    assert (refused.status_code, refused.json["code"]) == (422, "invalid")


def test_only_stampers_stamp_and_undo(client: FlaskClient, day: Day):
    visit = day.served(day.place.volunteer())
    given = stamp(client, day, [visit]).json
    paths = [f"stamps/{given['results'][0]['stamp_id']}", f"stamp-batches/{given['batch_id']}"]
    others = [day.place.volunteer("王强"), day.place.coordinator, day.place.treasurer, day.place.supervisor]
    for person in [*others, street_officer(day.place.community)]:
        assert stamp(client, day, [visit], who=person).status_code == 403
        assert stamp(client, day, [visit], who=person, preview=True).status_code == 403
        for path in paths:
            assert undo(client, day, path, who=person).status_code == 403


def test_strangers_and_the_anonymous_stay_outside(client: FlaskClient, day: Day):
    visit = day.served(day.place.volunteer())
    given = stamp(client, day, [visit]).json
    paths = [f"stamps/{given['results'][0]['stamp_id']}", f"stamp-batches/{given['batch_id']}"]
    elsewhere = open_neighbourhood("北塔社区")
    assert stamp(client, day, [visit], who=elsewhere.admin).status_code == 404
    assert client.post(f"{day.place.url}/stamps", json={}).status_code == 401
    for path in paths:
        assert undo(client, day, path, who=elsewhere.admin).status_code == 404
        own = client.post(f"{elsewhere.url}/{path}/undo", headers=elsewhere.admin.headers | {"Idempotency-Key": "x"})
        assert own.status_code == 404
        assert client.post(f"{day.place.url}/{path}/undo").status_code == 401


def test_check_ins_of_another_community_are_unknown_item_by_item(client: FlaskClient, day: Day):
    visit = day.served(day.place.volunteer())
    elsewhere = open_neighbourhood("北塔社区")
    sent = {"checkin_ids": [visit.id.hex], "decision": "stamp"}
    headers = elsewhere.admin.headers | {"Idempotency-Key": "1"}
    answer = client.post(f"{elsewhere.url}/stamps", json=sent, headers=headers)
    assert [result["code"] for result in answer.json["results"]] == ["not_found"]


def test_the_service_level_is_everybodys_and_a_stampers_pace_only_who_oversees_them(client: FlaskClient, day: Day):
    person = day.place.volunteer()
    day.stamped(person)
    url = f"{day.place.url}/service-level"
    read = client.get(f"{url}?months=1", headers=person.headers).json
    assert read == {
        "promised_workdays": 3, "overdue": 0, "oldest_since": None, "stampers": [],
        "months": [{"month": "2026-11", "visits": 1, "in_time": 1, "late": 0, "waiting": 0, "percent": 100,
                    "median_minutes": 0, "manual_percent": 0}],
    }  # fmt: skip
    [stamper] = client.get(url, headers=day.place.supervisor.headers).json["stampers"]
    assert stamper == {
        "name": day.place.stamper.name, "rows": 1, "manual_percent": 0, "undone": 0, "seconds_per_row": None,
    }  # fmt: skip
    for wrong in ("month=soon", "months=0", "months=13"):
        assert client.get(f"{url}?{wrong}", headers=person.headers).status_code == 422, wrong
    assert client.get(url, headers=open_neighbourhood("北塔社区").admin.headers).status_code == 404
