"""The redemption calendar, the weeks' figures and complaints over HTTP."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient
from PIL import Image

from ledger.core import clock
from tests.ledger.rewards.street import Street, open_street
from tests.stories import street_officer

MONDAYS = {
    "from": "2026-11-20", "weekday": 1, "opens": "09:00", "closes": "11:30", "venue": "station", "place": "红色驿站",
}  # fmt: skip


@pytest.fixture
def street(context: object) -> Iterator[Street]:
    try:
        yield open_street()
    finally:
        clock.move_to(None)


def test_the_calendar_is_decided_moved_and_read(client: FlaskClient, street: Street) -> None:
    url, admin, lin = f"{street.place.url}/redemption-days", street.place.admin, street.volunteer()
    assert client.get(url, headers=lin.headers).json == {"versions": [], "changes": [], "ahead": []}
    made = client.post(url, json=MONDAYS, headers=admin.headers)
    assert (made.status_code, made.json["from"], made.json["opens"]) == (201, "2026-11-20", "09:00")
    change = {"day": "2026-11-23", "moved_to": "2026-11-24", "reason": "消防检查"}
    assert client.post(f"{url}/changes", json=change, headers=admin.headers).status_code == 201
    first, second, *_ = client.get(url, headers=lin.headers).json["ahead"]
    assert (first["day"], first["instead_of"], first["reason"]) == ("2026-11-24", "2026-11-23", "消防检查")
    assert (second["day"], second["instead_of"], second["place"]) == ("2026-11-30", None, "红色驿站")
    refused = {
        "no_redemption_day": (f"{url}/changes", change | {"day": "2026-11-25"}),
        "redemption_day_over": (url, MONDAYS | {"from": "2026-11-19"}),
    }
    for code, (path, body) in refused.items():
        answer = client.post(path, json=body, headers=admin.headers)
        assert (answer.status_code, answer.json["code"]) == (409, code)
    wrong = ({"closes": "09:00"}, {"weekday": 8}, {"venue": "moon"}, {"place": ""}, {"opens": "9am"}, {"more": 1})
    for one in wrong:
        assert client.post(url, json=MONDAYS | one, headers=admin.headers).status_code == 422, one


def test_the_weeks_are_figures_without_names_the_newest_first(client: FlaskClient, street: Street) -> None:
    for name in ("甲", "乙", "丙"):
        street.buy(street.volunteer(name=name))
    weeks = client.get(f"{street.place.url}/redemption-days/weeks?weeks=2", headers=street.clerk.headers).json["items"]
    assert weeks[0] == {
        "week": "2026-W47",
        "total": {"people": 3, "redemptions": 3, "points": 60},
        "kinds": [{"kind": "goods", "cell": {"people": 3, "redemptions": 3, "points": 60}}],
    }
    assert weeks[1]["total"] == {"people": None, "redemptions": None, "points": None}


def test_an_agreement_says_whether_it_holds_on_other_days(client: FlaskClient, street: Street) -> None:
    street.agree(other_days=False)
    url = f"{street.place.url}/agreements/{street.agreement.id.hex}"
    versions = client.get(url, headers=street.owner.headers).json["versions"]
    assert [one["other_days"] for one in versions] == [False, True]
    client.post(f"{street.place.url}/redemption-days", json=MONDAYS, headers=street.place.admin.headers)
    lin = street.volunteer()
    [offer] = client.get(f"{street.place.url}/offers", headers=lin.headers).json["items"]
    assert (offer["usable"], offer["reasons"]) == (False, ["wrong_weekday"])


def test_a_complaint_goes_its_way_and_is_counted_in_public(client: FlaskClient, street: Street) -> None:
    lin, url = street.volunteer(), f"{street.place.url}/complaints"
    picture = io.BytesIO()
    Image.new("RGB", (4, 4)).save(picture, "PNG")
    picture.seek(0)
    sent = client.post(
        f"{street.place.url}/files", data={"for": "complaint", "file": (picture, "a.png")}, headers=lin.headers
    )
    assert sent.status_code == 201
    asked = {"redemption_id": street.buy(lin).id.hex, "text": "发霉了", "file_ids": [sent.json["id"]]}
    assert client.post(url, json=asked | {"text": "长" * 501}, headers=lin.headers).status_code == 422
    made = client.post(url, json=asked, headers=lin.headers)
    assert (made.status_code, made.json["status"], made.json["due_at"]) == (201, "open", "2026-12-01T16:00:00+00:00")
    board = client.get(f"{street.place.url}/board").json
    assert (board["open_complaints"], board["overdue_complaints"]) == (1, 0)
    [row] = client.get(f"{url}?status=open", headers=street.owner.headers).json["items"]
    assert (row["text"], row["member_name"], row["steps"]) == ("发霉了", "林*芳", ["answer"])
    one = f"{url}/{row['id']}"
    photo = client.get(f"{one}/photos/{row['photo_ids'][0]}.jpg", headers=street.owner.headers)
    assert (photo.status_code, photo.headers["Cache-Control"]) == (200, "no-store")
    assert client.get(one, headers=street_officer(street.place.community).headers).json["text"] == ""
    answered = client.post(f"{one}/answer", json={"answer": "来换一个"}, headers=street.owner.headers)
    assert answered.json["status"] == "answered"
    early = client.post(f"{one}/close", json={"outcome": "refunded"}, headers=street.place.admin.headers)
    assert (early.status_code, early.json["code"]) == (409, "not_refunded")
    closing = {"outcome": "replaced", "note": "已换"}
    assert client.post(f"{one}/close", json=closing, headers=street.place.admin.headers).json["status"] == "closed"
    [mine] = client.get(f"{url}?mine=true", headers=lin.headers).json["items"]
    assert (mine["status"], mine["outcome"], mine["note"], mine["steps"]) == ("closed", "replaced", "已换", [])
