"""Check-ins over HTTP: once for each key, one by one and in batches, and who sees which."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from ledger.core import clock
from ledger.core.audit import AuditLine
from ledger.core.db import db
from ledger.core.tenancy import Role
from ledger.service.activities import cancel_activity
from ledger.service.models import Checkin
from tests.ledger.service.day import ELEVEN, NINE, Day
from tests.stories import Neighbour, open_neighbourhood, street_officer


def body(day: Day, kind: str = "in", **changed: Any) -> dict[str, Any]:
    return {
        "activity_id": day.activity.id.hex,
        "kind": kind,
        "via": {"poster_code": day.activity.poster_code},
    } | changed


def post(client: FlaskClient, day: Day, who: Neighbour, sent: Any, key: str | None = "1") -> Any:
    headers = who.headers | ({"Idempotency-Key": key} if key is not None else {})
    return client.post(f"{day.place.url}/checkins", json=sent, headers=headers)


def post_batch(client: FlaskClient, day: Day, who: Neighbour, items: list[dict[str, Any]]) -> Any:
    return client.post(f"{day.place.url}/checkins/batch", json={"items": items}, headers=who.headers)


def statuses(answer: Any) -> list[tuple[str, str | None]]:
    assert answer.status_code == 200, answer.json
    return [(result["status"], result.get("code")) for result in answer.json["results"]]


def visits() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(Checkin)) or 0


# --- one by one ---------------------------------------------------------------------------------------------------


def test_a_visit_is_begun_and_ended(client: FlaskClient, day: Day):
    person = day.place.volunteer()
    arrived = post(client, day, person, body(day))
    assert (arrived.status_code, arrived.json["status"], arrived.json["evidence"]) == (201, "open", "poster")
    clock.move_to(ELEVEN)
    left = post(client, day, person, body(day, "out"), key="2")
    assert (left.json["id"], left.json["status"], left.json["minutes"]) == (arrived.json["id"], "pending", 120)


def test_the_same_key_answers_the_same_once_done(client: FlaskClient, day: Day):
    person = day.place.volunteer()
    first = post(client, day, person, body(day))
    clock.move_to(ELEVEN)
    second = post(client, day, person, body(day))
    assert (second.status_code, second.data) == (first.status_code, first.data)
    assert second.headers["Idempotency-Hit"] == "true"
    assert visits() == 1


def test_the_same_key_with_another_body_is_refused(client: FlaskClient, day: Day):
    person = day.place.volunteer()
    post(client, day, person, body(day))
    reused = post(client, day, person, body(day, "out"))
    assert (reused.status_code, reused.json["code"]) == (409, "key_reused")


def test_another_person_may_use_the_same_key(client: FlaskClient, day: Day):
    for name in ("林秀芳", "王强"):
        assert post(client, day, day.place.volunteer(name), body(day)).status_code == 201


def test_a_refusal_is_replayed_after_its_reason_has_gone(client: FlaskClient, day: Day):
    person = day.place.volunteer()
    refused = post(client, day, person, body(day, "out"))
    assert (refused.status_code, refused.json["code"]) == (409, "no_open_visit")
    post(client, day, person, body(day), key="2")
    again = post(client, day, person, body(day, "out"))
    assert (again.data, again.headers["Idempotency-Hit"]) == (refused.data, "true")


def test_a_missing_right_or_thing_is_not_remembered(client: FlaskClient, day: Day):
    person, other = day.place.volunteer(), day.place.volunteer("王强")
    for_other = body(day, via={"member_id": other.member_id.hex})
    assert post(client, day, person, for_other).status_code == 403
    assert post(client, day, person, body(day)).status_code == 201


@pytest.mark.parametrize("key", [None, "", " ", "x" * 129])
def test_a_check_in_needs_a_key(client: FlaskClient, day: Day, key):
    refused = post(client, day, day.place.volunteer(), body(day), key=key)
    assert (refused.status_code, refused.json["code"]) == (400, "key_required")


def test_many_equal_calls_at_once_have_one_effect(app: Flask, day: Day):
    person, sent = day.place.volunteer(), body(day)
    with ThreadPoolExecutor(10) as threads:
        answers = list(threads.map(lambda _: post(app.test_client(), day, person, sent), range(20)))
    assert {(answer.status_code, answer.data) for answer in answers} == {(201, answers[0].data)}
    assert visits() == 1


def test_many_calls_with_different_keys_have_one_winner(app: Flask, day: Day):
    person, sent = day.place.volunteer(), body(day)
    with ThreadPoolExecutor(10) as threads:
        answers = list(threads.map(lambda key: post(app.test_client(), day, person, sent, key=str(key)), range(20)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 19
    assert {answer.json["code"] for answer in answers if answer.status_code == 409} == {"duplicate_checkin"}


def test_a_coordinator_records_a_member(client: FlaskClient, day: Day):
    elder = day.place.volunteer("马奶奶")
    assert elder.member_id
    visit = post(client, day, day.place.coordinator, body(day, via={"member_id": elder.member_id.hex}))
    assert (visit.json["member_id"], visit.json["evidence"]) == (elder.member_id.hex, "coordinator_scan")


def test_a_position_is_kept_as_a_bucket_only(client: FlaskClient, day: Day):
    person = day.place.volunteer()
    sent = body(day, location={"latitude": 38.4861, "longitude": 106.2781})
    visit = post(client, day, person, sent).json
    assert visit["evidence"] == "poster_located"
    url = f"{day.place.url}/checkins/{visit['id']}"
    shown = client.get(url, headers=person.headers)
    assert shown.json["distance"] == "100m"
    assert b"38.486" not in shown.data


def test_a_note_comes_back(client: FlaskClient, day: Day):
    person, note = day.place.volunteer(), {"category": "elders", "need": "修灯\n楼道", "follow_up": "周三"}
    visit = post(client, day, person, body(day, note=note)).json
    shown = client.get(f"{day.place.url}/checkins/{visit['id']}", headers=person.headers)
    assert shown.json["note"] == note


def test_every_domain_refusal_has_its_code(client: FlaskClient, day: Day):
    person = day.place.volunteer()
    other = day.another_activity()
    codes = {
        "unknown_card": body(day, via={"card_code": "ABCD2345"}),
        "unknown_code": body(day, via={"poster_code": other.poster_code}),
        "grant_expired": body(day, via={"grant": "a.b"}),
        "activity_too_far": body(day, happened_at="2026-11-18T00:00:00Z"),
    }
    for number, (code, sent) in enumerate(codes.items()):
        by = day.place.coordinator if code == "unknown_card" else person  # A card is scanned by staff.
        refused = post(client, day, by, sent, key=str(number))
        assert (refused.status_code, refused.json["code"]) == (409, code)
        assert refused.json["title"]
        assert refused.json["detail"]
    cancel_activity(day.place.admin.actor, day.activity.id, reason="下雨")
    assert post(client, day, person, body(day), key="c").json["code"] == "activity_cancelled"


def test_a_refusal_leaves_only_its_audit_line(client: FlaskClient, day: Day):
    post(client, day, day.place.volunteer(), body(day, "out"))
    db.session.rollback()
    outcomes = db.session.scalars(select(AuditLine.outcome)).all()
    assert outcomes.count("no_open_visit") == 1
    assert visits() == 0


@pytest.mark.parametrize(
    "changed",
    [
        {"kind": "sideways"},
        {"via": {}},
        {"via": {"poster_code": "NH-2", "live_code": "NH-2"}},
        {"via": {"poster_code": "x" * 41}},
        {"via": {"poster_code": "NH\u0000"}},
        {"via": {"grant": "x" * 601}},
        {"via": {"member_id": 5}},
        {"via": None},
        {"via": {"surprise": "x"}},
        {"minutes": -1},
        {"minutes": 1441},
        {"minutes": 1.5},
        {"minutes": "5"},
        {"minutes": True},
        {"minutes": 10**30},
        {"happened_at": "yesterday"},
        {"happened_at": "2026-11-20T09:00:00"},
        {"happened_at": "0001-01-01T00:00:00+14:00"},
        {"location": {"latitude": 91, "longitude": 0}},
        {"location": {"latitude": 1e400, "longitude": 0}},
        {"location": {"latitude": 1}},
        {"note": {"category": "other", "need": "x" * 501}},
        {"note": {"category": "老人"}},
        {"note": {"surprise": 1}},
        {"activity_id": None},
        {"surprise": 1},
    ],
)
def test_a_malformed_check_in_is_refused_by_field(client: FlaskClient, day: Day, changed):
    refused = post(client, day, day.place.volunteer(), body(day, **changed))
    assert (refused.status_code, refused.json["code"]) == (422, "invalid")
    assert visits() == 0


@pytest.mark.parametrize("activity_id", ["0" * 32, "x", "x" * 64])
def test_an_activity_that_does_not_exist_is_not_found(client: FlaskClient, day: Day, activity_id):
    assert post(client, day, day.place.volunteer(), body(day, activity_id=activity_id)).status_code == 404


# --- batches ------------------------------------------------------------------------------------------------------


def test_a_batch_is_answered_item_by_item(client: FlaskClient, day: Day):
    elders = [day.place.volunteer(name) for name in ("马奶奶", "李爷爷")]
    items = [body(day, via={"member_id": elder.member_id.hex}) | {"key": elder.name} for elder in elders]
    items.append(body(day, via={"card_code": "ABCD2345"}) | {"key": "card"})
    answer = post_batch(client, day, day.place.coordinator, items)
    assert statuses(answer) == [("recorded", None), ("recorded", None), ("refused", "unknown_card")]
    assert [result["key"] for result in answer.json["results"]] == ["马奶奶", "李爷爷", "card"]
    assert visits() == 2


def test_a_batch_sent_again_records_nothing_new(client: FlaskClient, day: Day):
    elder = day.place.volunteer("马奶奶")
    assert elder.member_id
    item = body(day, via={"member_id": elder.member_id.hex}) | {"key": "k"}
    first = post_batch(client, day, day.place.coordinator, [item])
    second = post_batch(client, day, day.place.coordinator, [item])
    assert statuses(second) == [("replayed", None)]
    assert second.json["results"][0]["checkin"] == first.json["results"][0]["checkin"]


def test_a_key_means_the_same_in_a_batch_and_alone(client: FlaskClient, day: Day):
    person = day.place.volunteer()
    post(client, day, person, body(day), key="k")
    assert statuses(post_batch(client, day, person, [body(day) | {"key": "k"}])) == [("replayed", None)]
    assert statuses(post_batch(client, day, person, [body(day, "out") | {"key": "k"}])) == [("refused", "key_reused")]


def test_arrival_and_leaving_come_in_one_batch(client: FlaskClient, day: Day):
    person = day.place.volunteer()
    clock.move_to(ELEVEN + timedelta(hours=5))
    items = [
        body(day, happened_at=NINE.isoformat()) | {"key": "1"},
        body(day, "out", happened_at=(NINE + timedelta(hours=1)).isoformat()) | {"key": "2"},
    ]
    answer = post_batch(client, day, person, items)
    assert statuses(answer) == [("recorded", None)] * 2
    assert answer.json["results"][1]["checkin"]["minutes"] == 60


def test_a_late_batch_is_recorded_as_a_late_entry(client: FlaskClient, day: Day):
    clock.move_to(NINE + timedelta(hours=73))
    answer = post_batch(client, day, day.place.volunteer(), [body(day, happened_at=NINE.isoformat()) | {"key": "1"}])
    assert answer.json["results"][0]["checkin"]["evidence"] == "later"


def test_what_one_may_not_record_is_refused_for_itself(client: FlaskClient, day: Day):
    person, other = day.place.volunteer(), day.place.volunteer("王强")
    assert other.member_id
    items = [
        body(day, via={"member_id": other.member_id.hex}) | {"key": "1"},
        body(day, activity_id="0" * 32) | {"key": "2"},
        body(day) | {"key": "3"},
    ]
    expected = [("refused", "forbidden"), ("refused", "not_found"), ("recorded", None)]
    assert statuses(post_batch(client, day, person, items)) == expected


def test_a_malformed_item_is_answered_for_itself_and_the_others_are_recorded(client: FlaskClient, day: Day):
    person, good = day.place.volunteer(), body(day) | {"key": "good"}
    wrong: list[Any] = [
        body(day) | {"key": "why", "surprise": 1}, body(day, "up") | {"key": "kind"}, {"key": "empty"}, body(day),
        body(day) | {"key": "x" * 129}, "no item", None,
    ]  # fmt: skip
    answer = post_batch(client, day, person, [*wrong[:3], good, *wrong[3:]])
    assert answer.status_code == 200
    assert [(one["key"], one["status"], one.get("code")) for one in answer.json["results"]] == [
        ("why", "refused", "invalid"), ("kind", "refused", "invalid"), ("empty", "refused", "invalid"),
        ("good", "recorded", None), *[(None, "refused", "invalid")] * 4,
    ]  # fmt: skip
    assert answer.json["results"][0]["errors"] == {"surprise": ["Unknown field."]}
    assert statuses(post_batch(client, day, person, wrong)) == [("refused", "invalid")] * len(wrong)


def test_a_leaving_waits_three_days_for_its_arrival_and_is_then_refused(client: FlaskClient, day: Day):
    item = body(day, "out", happened_at=NINE.isoformat()) | {"key": "out"}
    person = day.place.volunteer()
    assert statuses(post_batch(client, day, person, [item])) == [("later", "arrival_awaited")]
    clock.move_to(NINE + timedelta(hours=72))
    assert statuses(post_batch(client, day, person, [item])) == [("later", "arrival_awaited")]
    clock.advance(seconds=1)
    assert statuses(post_batch(client, day, person, [item])) == [("refused", "no_open_visit")]


@pytest.mark.parametrize("count", [0, 201])
def test_a_batch_has_between_one_and_two_hundred_items(client: FlaskClient, day: Day, count):
    items = [body(day) | {"key": str(number)} for number in range(count)]
    assert post_batch(client, day, day.place.volunteer(), items).status_code == 422


def test_two_hundred_items_are_one_batch(client: FlaskClient, day: Day):
    person = day.place.volunteer()
    items = [body(day) | {"key": str(number)} for number in range(200)]
    answered = statuses(post_batch(client, day, person, items))
    assert answered == [("recorded", None)] + [("refused", "duplicate_checkin")] * 199


def test_two_devices_with_the_same_people_in_another_order_both_get_through(app: Flask, day: Day):
    elders = [day.place.volunteer(f"老人{number}").member_id for number in range(8)]
    devices = [day.place.coordinator, day.place.admin]

    def send(device: int) -> list[tuple[str, str | None]]:
        order = elders if device == 0 else elders[::-1]
        items = [body(day, via={"member_id": one.hex}) | {"key": one.hex} for one in order if one]
        return statuses(post_batch(app.test_client(), day, devices[device], items))

    with ThreadPoolExecutor(2) as threads:
        answers = [status for answer in threads.map(send, range(2)) for status in answer]
    assert answers.count(("recorded", None)) == 8
    assert answers.count(("refused", "duplicate_checkin")) == 8


# --- the queue ----------------------------------------------------------------------------------------------------


def test_a_volunteer_reads_why_a_service_is_not_stamped_yet(client: FlaskClient, day: Day):
    person = day.place.volunteer()
    visit = day.served(person)
    url = f"{day.place.url}/checkins/{visit.id.hex}"
    shown = client.get(url, headers=person.headers).json
    assert (shown["waiting_for"], shown["waiting_because"]) == ("stamp", "等待社区盖章")
    assert datetime.fromisoformat(shown["expected_by"]) > clock.now()
    english = client.get(url, headers=person.headers | {"Accept-Language": "en"}).json
    assert english["waiting_because"] == "Waiting for the community's stamp"


def test_the_queue_is_asked_by_status_activity_evidence_and_unit(client: FlaskClient, day: Day):
    day.served(day.place.volunteer("林秀芳"))
    day.arrive(day.place.volunteer("王强"), ELEVEN)
    url, stamper = f"{day.place.url}/checkins", day.place.stamper.headers

    def names(query: str) -> list[str]:
        return [item["member_name"] for item in client.get(f"{url}?{query}", headers=stamper).json["items"]]

    assert names("status=pending") == ["林秀芳"]
    assert names("status=open") == ["王强"]
    assert names("evidence=live_code") == []
    assert sorted(names(f"activity_id={day.activity.id.hex}&unit_id={day.place.grid.id.hex}")) == ["林秀芳", "王强"]
    assert client.get(f"{url}?status=unheard", headers=stamper).status_code == 422
    assert client.get(f"{url}?unit_id={'0' * 32}", headers=stamper).status_code == 404


def test_the_list_goes_on_after_its_cursor(client: FlaskClient, day: Day):
    for name in ("林秀芳", "王强", "马明"):
        day.arrive(day.place.volunteer(name))
    url, stamper = f"{day.place.url}/checkins", day.place.stamper.headers
    first = client.get(f"{url}?limit=2", headers=stamper).json
    rest = client.get(f"{url}?limit=2&cursor={first['next_cursor']}", headers=stamper).json
    names = [[item["member_name"] for item in part["items"]] for part in (first, rest)]
    assert (names, rest["next_cursor"]) == ([["马明", "王强"], ["林秀芳"]], None)


def test_list_and_single_agree_over_http(client: FlaskClient, day: Day):
    person, other = day.place.volunteer(), day.place.volunteer("王强")
    visit = day.arrive(person)
    url = f"{day.place.url}/checkins"
    beside = day.place.staff(Role.STAMPER, unit=day.place.grid_beside())
    everybody = [person, other, beside, day.place.stamper, day.place.treasurer, day.place.supervisor]
    for reader in [*everybody, street_officer(day.place.community)]:
        listed = [item["id"] for item in client.get(url, headers=reader.headers).json["items"]]
        single = client.get(f"{url}/{visit.id.hex}", headers=reader.headers).status_code
        assert single == (200 if visit.id.hex in listed else 403), reader.name


def test_strangers_and_the_anonymous_stay_outside(client: FlaskClient, day: Day):
    visit = day.arrive(day.place.volunteer())
    elsewhere = open_neighbourhood("北塔社区").admin
    routes = [
        ("GET", "checkins", None),
        ("GET", f"checkins/{visit.id.hex}", None),
        ("POST", "checkins", body(day)),
        ("POST", "checkins/batch", {"items": [body(day) | {"key": "1"}]}),
    ]
    for method, path, sent in routes:
        url, key = f"{day.place.url}/{path}", {"Idempotency-Key": "k"}
        assert client.open(url, method=method, json=sent, headers=elsewhere.headers | key).status_code == 404, path
        assert client.open(url, method=method, json=sent, headers=key).status_code == 401, path


def test_a_check_in_of_another_community_is_not_found_in_ones_own(client: FlaskClient, day: Day):
    visit = day.arrive(day.place.volunteer())
    elsewhere = open_neighbourhood("北塔社区")
    url = f"{elsewhere.url}/checkins/{visit.id.hex}"
    assert client.get(url, headers=elsewhere.admin.headers).status_code == 404
