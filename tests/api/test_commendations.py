"""The year's commendation and the branch secretary's lists over HTTP."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ledger.core import clock
from ledger.people import grants
from ledger.people.models import PostKind
from ledger.recognition.commendation_models import CommendationState
from tests.ledger.recognition import commending
from tests.ledger.recognition.commending import Commended

KEY = {"Idempotency-Key": "year-2026"}


@pytest.fixture
def told(context: object) -> Iterator[Callable[..., Commended]]:
    try:
        yield commending.open_commendation
    finally:
        clock.move_to(None)


def test_a_commendation_goes_from_criteria_to_its_published_bytes(told, client):
    year: Commended = told(CommendationState.DRAFT)
    url, admin, supervisor = year.month.street.place.url, year.admin.headers, year.supervisor.headers

    def send(path: str, headers: dict[str, str], **body: Any) -> Any:
        return client.post(f"{url}/commendations{path}", json=body, headers=headers)

    wrong = send("", admin, year=2026, kind="volunteer", title="", hours=-1, stars=6, most=501, colour="red")
    assert set(wrong.json["errors"]) == {"title", "hours", "stars", "most", "colour"}
    made = send("", admin, year=2026, kind="volunteer", title="优秀志愿者", hours=1)
    one = f"/{made.json['id']}"
    assert (made.status_code, made.json["status"]) == (201, "draft")
    assert client.get(f"{url}/commendations{one}").status_code == 404
    assert send(f"{one}/criteria", admin, hours=3, preview=True).json == {"candidates": 0}
    assert send(f"{one}/criteria", admin, visits=1, bonus_points=30).json == {"candidates": 4}
    kept = client.get(f"{url}/commendations{one}", headers=admin).json["commendation"]
    assert (kept["criteria"], kept["bonus_points"]) == ({"visits": 1}, 30)
    lin = year.people["林秀芳"]
    nominate = {"subject_id": lin.member_id.hex, "reason": "热心"}
    assert send(f"{one}/nominate", year.coordinator.headers, **nominate).json["code"] == "wrong_state"
    assert send(f"{one}/open", admin).json["status"] == "nominating"
    found = client.get(f"{url}/commendations{one}/candidates", headers=admin).json
    assert (found["total"], found["items"][0]["minutes"]) == (4, 120)
    nomination = send(f"{one}/nominate", year.coordinator.headers, **nominate).json["id"]
    assert send(f"{one}/announce", admin).json["code"] == "review_incomplete"
    for headers in (supervisor, year.officer.headers):
        assert send(f"{one}/review", headers, nomination_id=nomination, is_for=True, note="好").status_code == 200
    assert send(f"{one}/announce", admin, days=4).status_code == 422
    assert send(f"{one}/announce", admin).json["status"] == "announced"
    public = client.get(f"{url}/commendations{one}").json
    assert [(named["name"], named["reason"], named["reviews"]) for named in public["names"]] == [("林秀芳", "", [])]
    assert client.post(f"{url}/commendations{one}/objections", json={"words": ""}).status_code == 422
    objected = client.post(f"{url}/commendations{one}/objections", json={"words": "还有别人"})
    assert objected.status_code == 201
    answer = f"{one}/objections/{objected.json['id']}/answer"
    assert send(answer, admin, is_upheld=False, answer="下次提名").json["is_upheld"] is False
    public = client.get(f"{url}/commendations{one}").json
    assert [(said["words"], said["answer"]) for said in public["objections"]] == [("", "下次提名")]
    assert send(f"{one}/freeze", admin).json["code"] == "announcement_running"
    year.wait()
    assert send(f"{one}/freeze", admin).json["status"] == "frozen"
    assert client.get(f"{url}/commendations{one}.json").status_code == 404
    assert send(f"{one}/publish", supervisor).json["code"] == "key_required"
    first = send(f"{one}/publish", supervisor | KEY)
    again = send(f"{one}/publish", supervisor | KEY)
    assert (first.json["status"], again.data, again.headers["Idempotency-Hit"]) == ("published", first.data, "true")
    balance = client.get(f"{url}/members/{lin.member_id.hex}/balance", headers=lin.headers).json
    assert balance["posted"] == 10 + 30
    frozen = client.get(f"{url}/commendations{one}.json")
    whole = client.get(f"{url}/commendations{one}").json
    assert hashlib.sha256(frozen.data).hexdigest() == whole["commendation"]["digest"]
    assert "林秀芳" not in frozen.get_data(as_text=True)
    papers = client.get(f"{url}/commendations{one}/certificates", headers=admin).json["items"]
    assert [paper["name"] for paper in papers] == ["林秀芳"]
    mine = client.get(f"{url}/members/{lin.member_id.hex}/years/2026", headers=lin.headers).json["honours"]
    assert [(honour["title"], honour["number"]) for honour in mine] == [("优秀志愿者", papers[0]["number"])]
    assert client.get(f"{url}/honours/{mine[0]['id']}", headers=lin.headers).json["name"] == "林秀芳"
    verified = client.get(f"/api/v1/verify/{papers[0]['number']}").json
    assert (verified["status"], verified["certificate"]["title"]) == ("valid", "优秀志愿者")
    revoke = {"reason": "查实"}
    client.post(f"{url}/honours/{mine[0]['id']}/revoke", json=revoke, headers=admin)
    assert client.get(f"/api/v1/verify/{papers[0]['number']}").json["status"] == "revoked"
    listed = client.get(f"{url}/commendations").json["items"]
    assert [row["id"] for row in listed] == [made.json["id"]]


def test_the_secretary_alone_keeps_and_reads_the_two_lists_and_each_reading_is_audited(told, client):
    year: Commended = told(CommendationState.DRAFT)
    place = year.month.street.place
    secretary, [young] = place.volunteer("丁春梅"), year.month.volunteers("马兰")
    grants.give_post(place.admin.actor, secretary.member_id, kind=PostKind.BRANCH_SECRETARY, unit_id=place.root.id)
    url = f"{place.url}/priority-lists"
    body = {"list_kind": "party_applicants", "member_id": young.member_id.hex, "note": "组织能力强"}
    facts = {"birth_year": 1998, "political_status": "league_member"}
    refused = client.post(url, json=body | facts, headers=secretary.headers)
    assert (refused.status_code, refused.json["code"]) == (409, "facts_need_consent")
    entry = client.post(url, json=body | facts | {"is_agreed": True}, headers=secretary.headers)
    assert entry.status_code == 201
    assert client.post(url, json=body, headers=secretary.headers).json["code"] == "already_exists"
    assert client.post(url, json=body | {"birth_year": 18}, headers=secretary.headers).status_code == 422
    [shown] = client.get(url, headers=secretary.headers).json["items"]
    assert (shown["name"], shown["birth_year"], shown["political_status"]) == ("马兰", 1998, "league_member")
    for other in (place.admin, place.treasurer, place.supervisor, place.coordinator, year.officer, young):
        assert client.get(url, headers=other.headers).status_code == 403
    lines = client.get(f"{place.url}/audit?action=recognition.", headers=place.admin.headers).json["items"]
    acts = [line["action"] for line in lines]
    assert acts.count("recognition.read_priority_lists") == 1
    assert acts.count("recognition.put_on_priority_list") == 1
    assert young.member_id.hex not in str(lines)  # Who reads the audit does not learn who stands on a list.
    from ledger.core.registry import exporters

    [mine] = exporters["commendations"](young.person_id)["priority_lists"]
    assert (mine["note"], mine["birth_year"]) == ("组织能力强", 1998)
    assert exporters["commendations"](secretary.person_id)["priority_lists"] == []
    ended = client.post(f"{url}/{entry.json['id']}/end", headers=secretary.headers)
    assert ended.json["ended_at"]
    assert client.post(f"{url}/{entry.json['id']}/end", headers=secretary.headers).json["code"] == "wrong_state"
    assert client.get(url, headers=secretary.headers).json["items"] == []
    [mine] = exporters["commendations"](young.person_id)["priority_lists"]
    assert (mine["note"], mine["birth_year"], mine["political_status"]) == ("", None, None)
