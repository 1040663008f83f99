"""Summaries, certificates, verification, the board, a year and the street over HTTP."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator

import pytest

from ledger.core import clock
from ledger.recognition import summaries
from tests.ledger.recognition.month import Month, open_month
from tests.stories import street_officer


@pytest.fixture
def november(context: object) -> Iterator[Month]:
    try:
        yield open_month()
    finally:
        clock.move_to(None)


def test_a_summary_goes_from_draft_to_published_and_anybody_reads_the_frozen_bytes(november, client):
    url, admin, supervisor = november.street.place.url, november.admin, november.supervisor
    november.serve(*november.volunteers("林秀芳", "陈刚", "王桂兰"))
    draft = client.get(f"{url}/summaries/2026-11", headers=admin.headers).json
    assert (draft["status"], draft["document"]["totals"]["visits"]) == ("draft", 3)
    assert client.post(f"{url}/summaries/2026-11/sign-off", headers=admin.headers).json["code"] == "month_not_over"
    november.in_december()
    signed = client.post(f"{url}/summaries/2026-11/sign-off", headers=admin.headers)
    assert (signed.status_code, signed.json["status"]) == (200, "signed")
    assert client.get(f"{url}/summaries/2026-11").status_code == 404
    assert client.get(f"{url}/summaries").json == {"items": [], "next_cursor": None}
    months = client.get(f"{url}/summaries?limit=1", headers=admin.headers).json
    assert ([one["month"] for one in months["items"]], months["next_cursor"]) == (["2026-12"], "2026-12")
    assert client.post(f"{url}/summaries/2026-11/publish", headers=admin.headers).status_code == 403
    assert client.post(f"{url}/summaries/2026-13/publish", headers=supervisor.headers).status_code == 404
    published = client.post(f"{url}/summaries/2026-11/publish", headers=supervisor.headers).json
    assert published["status"] == "published"
    frozen = client.get(f"{url}/summaries/2026-11.json")
    assert hashlib.sha256(frozen.data).hexdigest() == published["digest"]
    assert client.get(f"{url}/summaries/2026-11").json["document"] == frozen.json
    assert client.get(f"{url}/summaries/2026-12.json", headers=admin.headers).status_code == 404  # A draft.
    board = client.get(f"{url}/board").json
    assert [one["month"] for one in board["summaries"]] == ["2026-11"]
    assert (board["minutes_ever"], board["visits"], board["people"], board["weeks"]) == (360, 0, None, [])


def test_every_total_of_a_month_is_what_its_rows_add_up_to(november, client):
    url, admin, lin = november.street.place.url, november.admin, november.street.volunteer(30)
    november.serve(*november.volunteers("林秀芳", "陈刚", "王桂兰"))
    november.street.buy(lin)
    month = f"{url}/summaries/2026-11"
    document = client.get(month, headers=admin.headers).json["document"]
    asked: list[tuple[str, dict[str, str], int]] = [(name, {}, figure) for name, figure in document["totals"].items()]
    [shop] = document["shops"]
    of_shop = {"owner_id": shop["merchant_id"]}
    asked += [(f"shop_{name}", of_shop, shop[name]) for name in ("redemptions", "points", "brought_fen")]
    [friday] = [row for row in document["days"] if row["visits"]]
    asked += [("minutes", {"part": "days", "key": friday["day"]}, friday["minutes"])]
    asked += [("visits", {"part": "evidence", "key": row["key"]}, row["visits"]) for row in document["evidence"]]
    told: dict[str, tuple[int, int]] = {}
    for name, of, figure in asked:
        rows: list[dict[str, int]] = []
        cursor: dict[str, str] | None = {}
        while cursor is not None:
            query = {"limit": 2} | of | cursor
            page = client.get(f"{month}/rows/{name}", query_string=query, headers=admin.headers).json
            rows += page["items"]
            cursor = {"cursor": page["next_cursor"]} if page["next_cursor"] else None
        assert (page["amount"], page["number"]) == (sum(one["adds"] for one in rows), len(rows))
        assert page["amount"] == figure, (name, of)
        told.setdefault(name, (page["amount"], page["number"]))
    assert (told["visits"], told["shop_redemptions"]) == ((3, 3), (1, 1))
    assert client.get(f"{month}/rows/awarded?part=days&key={friday['day']}", headers=admin.headers).status_code == 404
    codes = [
        client.get(f"{month}/rows/{name}", headers=who.headers if who else {}).status_code
        for name, who in (("visits", None), ("visits", lin), ("nothing", admin), ("shop_points", admin))
    ]
    assert codes == [401, 404, 404, 404], "a draft is not there for a volunteer"


def test_service_records_are_a_list_and_the_same_as_files_for_staff_and_for_oneself(november, client):
    url, admin = november.street.place.url, november.admin
    lin, chen = november.volunteers("林秀芳", "陈刚")
    november.serve(lin, chen)
    pages = [client.get(f"{url}/service-records?limit=1", headers=admin.headers).json]
    pages.append(client.get(f"{url}/service-records?cursor={pages[0]['next_cursor']}", headers=admin.headers).json)
    rows = [row for page in pages for row in page["items"]]
    said = {row["name"]: (row["minutes"], row["programme"]) for row in rows}
    assert said == {"林秀芳": (120, "巡逻"), "陈刚": (120, "巡逻")}
    assert pages[1]["next_cursor"] is None
    file = client.get(f"{url}/service-records.csv?month=2026-11", headers=admin.headers).data.decode("utf-8-sig")
    assert [line["id"] for line in csv.DictReader(file.splitlines())] == [row["id"] for row in rows]
    own = [row for row in rows if row["name"] == "林秀芳"]
    for query in ("", "?mine=true"):
        assert client.get(f"{url}/service-records{query}", headers=lin.headers).json["items"] == own
    assert client.get(f"{url}/service-records?month=2026-10", headers=admin.headers).json["items"] == []
    assert client.get(f"{url}/checkins/{own[0]['id']}", headers=lin.headers).status_code == 200
    officer = street_officer(november.street.place.community)
    assert client.get(f"{url}/service-records", headers=officer.headers).status_code == 403


def test_a_certificate_is_asked_for_issued_verified_and_revoked(november, client):
    url, admin = november.street.place.url, november.admin
    [lin] = november.volunteers("林秀芳")
    november.serve(lin)
    body = {"member_id": lin.member_id.hex, "starts_on": "2026-11-01", "ends_on": "2026-11-20", "purpose": "入学"}
    wrong = client.post(f"{url}/certificates", json=body | {"ends_on": "2026-10-01"}, headers=lin.headers)
    assert (wrong.status_code, list(wrong.json["errors"])) == (422, ["ends_on"])
    asked = client.post(f"{url}/certificates", json=body, headers=lin.headers)
    assert asked.json == {"id": asked.json["id"], "status": "asked", "number": None}
    one = f"{url}/certificates/{asked.json['id']}"
    issued = client.post(f"{one}/issue", headers=admin.headers).json
    whole = client.get(one, headers=lin.headers).json
    assert (whole["number"], whole["printed"]["minutes"], whole["printed"]["name"]) == (issued["number"], 120, "林秀芳")
    verified = client.get(f"/api/v1/verify/{issued['number']}").json
    assert verified["status"] == "valid"
    assert verified["certificate"] == whole["printed"] | {"digest": whole["digest"]}
    client.post(f"{one}/revoke", json={"reason": "时长有误"}, headers=admin.headers)
    assert client.get(f"/api/v1/verify/{issued['number']}").json == {
        "number": issued["number"], "status": "revoked", "certificate": None, "revoked_on": "2026-11-20",
    }  # fmt: skip
    mine = client.get(f"{url}/certificates?mine=true", headers=lin.headers).json["items"]
    assert [(row["status"], row["reason"]) for row in mine] == [("revoked", "时长有误")]
    assert client.get("/api/v1/verify/NH-0000").json["status"] == "unknown"


def test_guessing_numbers_is_stopped_for_the_address(november, client):
    from ledger.core.ids import new_id
    from ledger.core.numbers import public_number

    answers = [client.get(f"/api/v1/verify/{public_number('NH', new_id())}") for _ in range(11)]
    assert [one.status_code for one in answers] == [200] * 10 + [429]
    assert answers[-1].headers["Retry-After"]


def test_a_year_and_the_street_answer_for_whom_they_are(november, client):
    url = november.street.place.url
    [lin] = november.volunteers("林秀芳")
    november.serve(lin)
    year = client.get(f"{url}/members/{lin.member_id.hex}/years/2026", headers=lin.headers).json
    assert (year["minutes"], year["stars"]) == (120, {"earned": 0, "next_at_minutes": 6000})
    officer = street_officer(november.street.place.community)
    street = client.get(f"{url}/street", headers=officer.headers).json
    assert (street["month"], street["communities"][0]["totals"]["visits"]) == ("2026-11", 1)
    masked = client.get(f"{url}/certificates", headers=officer.headers).json
    assert masked["items"] == []
    assert client.get(f"{url}/summaries", headers=officer.headers).json["items"][0]["status"] == "draft"
    assert summaries.list_published(november.id) == []
