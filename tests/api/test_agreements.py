"""Agreements over HTTP: two signatures, versions with ETag and If-Match."""

from __future__ import annotations

from typing import Any

from tests.api.shopping import Shopping


def terms(shopping: Shopping, **changed: Any) -> dict[str, Any]:
    return {
        "fund_id": shopping.street.fund.id.hex,
        "rate_fen": 100,
        "rate_points": 10,
        "starts_on": "2026-01-01",
        "ends_on": "2026-12-31",
        "signatory": "老周",
    } | changed


def test_two_people_sign_and_then_it_is_active(shopping: Shopping):
    place = shopping.street.place
    shop = shopping.post(place.admin, "/merchants", {"name": "理发店", "trade": "理发"}).json["id"]
    draft = shopping.post(place.admin, "/agreements", terms(shopping, merchant_id=shop))
    assert (draft.status_code, draft.json["state"], draft.json["number"]) == (201, "draft", "2026-002")
    url = f"/agreements/{draft.json['id']}"
    assert shopping.post(place.admin, f"{url}/sign").json["state"] == "draft"
    assert shopping.post(place.admin, f"{url}/sign").json["code"] == "already_signed"
    assert shopping.post(place.treasurer, f"{url}/sign").json["state"] == "active"
    assert (
        shopping.get(place.supervisor, f"/agreements?merchant_id={shop}").json["items"][0]["terms"]["rate_fen"] == 100
    )
    assert shopping.post(place.admin, f"{url}/suspend").json["state"] == "suspended"
    assert shopping.post(place.admin, f"{url}/resume").json["state"] == "active"
    assert shopping.post(place.admin, f"{url}/end").json["state"] == "ended"
    assert shopping.post(place.admin, f"{url}/end").json["code"] == "wrong_state"


def test_an_edit_says_what_it_has_read(shopping: Shopping):
    admin, url = shopping.street.place.admin, f"/agreements/{shopping.street.agreement.id.hex}"
    tag = shopping.get(admin, url).headers["ETag"]
    body = terms(shopping, rate_fen=120)
    assert shopping.call("PUT", admin, url, body).json["code"] == "version_required"
    changed = shopping.call("PUT", admin, url, body, headers={"If-Match": tag})
    assert (changed.status_code, changed.json["version"], changed.json["draft_version"]) == (200, 1, 2)
    lost = shopping.call("PUT", admin, url, body, headers={"If-Match": tag})
    assert (lost.status_code, lost.json["code"]) == (412, "version_changed")
    assert shopping.post(admin, f"{url}/sign", headers={"If-Match": tag}).status_code == 412
    assert shopping.call("PUT", admin, url, body, headers={"If-Match": "*"}).status_code == 412


def test_a_path_has_its_caps_and_paper_the_lower_ones_when_nothing_is_said(shopping: Shopping):
    admin, path = shopping.street.place.admin, f"/agreements/{shopping.street.agreement.id.hex}"
    paper, slip = {"path": "card", "each": 100, "per_day": 200}, {"path": "slip", "each": None, "per_day": 100}
    assert shopping.get(admin, path).json["versions"][0]["path_caps"] == [paper, slip]
    caps = [{"path": "helper", "per_day": 60}, paper]
    body = terms(shopping) | {"path_caps": caps}
    assert shopping.call("PUT", admin, path, body, headers={"If-Match": '"1"'}).status_code == 200
    drafted = shopping.get(admin, path).json["versions"][0]["path_caps"]
    assert drafted == [paper, {"path": "helper", "each": None, "per_day": 60}]
    for wrong in ([paper, paper], [paper | {"each": 0}], [{"path": "air"}], [{"each": 5}]):
        answer = shopping.call("PUT", admin, path, body | {"path_caps": wrong}, headers={"If-Match": '"2"'})
        assert (answer.status_code, list(answer.json["errors"])) == (422, ["path_caps"])


def test_terms_make_sense(shopping: Shopping):
    admin = shopping.street.place.admin
    for changed in ({"ends_on": "2025-12-31"}, {"rate_points": 0}, {"rate_fen": -1}, {"starts_on": "never"}):
        body = terms(shopping, merchant_id=shopping.street.bakery.id.hex, **changed)
        assert shopping.post(admin, "/agreements", body).status_code == 422
