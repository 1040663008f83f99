"""Leaving, deaths, numbers and colleagues who left, over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from ledger.core import clock
from ledger.people import members
from ledger.people.numbers import UNUSED_DAYS
from tests.api.shopping import Shopping
from tests.stories import Neighbour, next_phone, open_neighbourhood


def _hex(one: Neighbour) -> str:
    assert one.member_id is not None
    return one.member_id.hex


def test_leaving_states_the_wallet_and_ends_the_rights(shopping: Shopping) -> None:
    lin = shopping.street.volunteer(30)
    assert shopping.get(lin, f"/members/{_hex(lin)}/leaving").json["holding"]["points"] == 30
    left = shopping.post(lin, f"/members/{_hex(lin)}/leave", {"reason": "moved"}).json
    assert (left["state"], left["left_reason"]) == ("left", "moved")
    assert shopping.get(lin, f"/members/{_hex(lin)}").status_code == 404
    wrong = shopping.post(shopping.street.place.admin, f"/members/{_hex(lin)}/leave", {"reason": "merged"})
    assert wrong.status_code == 422


def test_moving_is_one_step(shopping: Shopping) -> None:
    other, lin = open_neighbourhood("北华社区"), shopping.street.volunteer(30)
    moved = shopping.post(lin, "/move", {"community_id": other.id.hex})
    assert (moved.status_code, moved.json["community_id"]) == (201, other.id.hex)


def test_a_death_over_http(shopping: Shopping) -> None:
    place = shopping.street.place
    lin, heir = shopping.street.volunteer(30), shopping.street.volunteer(1)
    body = {"member_id": _hex(lin), "died_on": "2026-11-01"}
    death = shopping.post(place.admin, "/deaths", body).json
    assert shopping.post(place.admin, "/deaths", body).json["code"] == "already_exists"
    path = f"/deaths/{death['id']}"
    assert shopping.post(place.treasurer, f"{path}/confirm").json["status"] == "recorded"
    assert shopping.post(place.admin, f"{path}/heir", {"heir_id": _hex(heir)}).json["heir_id"] == _hex(heir)
    closed = shopping.post(place.treasurer, f"{path}/hand-over").json
    assert (closed["status"], closed["points"]) == ("closed", 30)
    assert [one["id"] for one in shopping.get(place.supervisor, "/deaths?status=closed").json["items"]] == [death["id"]]


def test_a_colleague_who_leaves_is_out_and_their_work_is_listed(shopping: Shopping) -> None:
    from ledger.core.tenancy import Role

    place = shopping.street.place
    gone = place.staff(Role.ADMIN)
    pair = {"from_id": _hex(shopping.street.volunteer()), "into_id": _hex(shopping.street.volunteer())}
    merge = shopping.post(gone, "/merges", pair | {"reason": "同一个人"}).json
    assert shopping.post(place.admin, f"/members/{_hex(gone)}/end-staff", {}).json["ended"] == 1
    assert shopping.get(gone, "/merges").status_code == 401
    [work] = shopping.get(place.admin, "/unowned-work").json["items"]
    assert (work["kind"], work["thing_id"], work["to_id"]) == ("merge", merge["id"], None)


def test_wallets_that_stand_still_are_reminded(shopping: Shopping) -> None:
    lin, admin = shopping.street.volunteer(30), shopping.street.place.admin
    assert shopping.get(admin, "/still-wallets").json["items"] == []
    told = shopping.post(admin, "/still-wallets/remind", {"member_ids": [_hex(lin)]})
    assert told.json == {"told": 0}


def _enter(shopping: Shopping, number: str, monkeypatch: pytest.MonkeyPatch, **body: Any) -> Any:
    monkeypatch.setattr("ledger.people.sign_in.chance.randbelow", lambda _: 123456)
    shopping.client.post("/api/v1/sign-in/codes", json={"phone": number})
    return shopping.client.post("/api/v1/sign-in", json={"phone": number, "code": "123456"} | body)


def test_a_recycled_number_is_asked_for_a_name_and_three_wrong_ones_make_a_new_person(
    shopping: Shopping, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = next_phone()
    member = members.add_member(shopping.street.place.admin.actor, "林秀芳", phone=number)
    clock.advance(days=UNUSED_DAYS)
    assert _enter(shopping, number, monkeypatch).json["code"] == "second_proof_needed"
    wrong = _enter(shopping, number, monkeypatch, proof={"name": "王五"})
    assert (wrong.json["code"], wrong.status_code) == ("proof_wrong", 409)
    assert "2" in wrong.json["detail"]
    assert _enter(shopping, number, monkeypatch, proof={"name": "王六"}).json["code"] == "proof_wrong"
    stranger = _enter(shopping, number, monkeypatch, proof={"name": "王七"})
    assert stranger.status_code == 200
    assert stranger.json["person"]["id"] != member.person_id.hex


def test_my_number_changes_with_a_code_to_the_new_one(shopping: Shopping, monkeypatch: pytest.MonkeyPatch) -> None:
    lin, new = shopping.street.volunteer(), next_phone()
    monkeypatch.setattr("ledger.people.sign_in.chance.randbelow", lambda _: 123456)
    call = shopping.client.post
    assert call("/api/v1/me/number/codes", json={"phone": new}, headers=lin.headers).status_code == 202
    wrong = call("/api/v1/me/number", json={"phone": new, "code": "000000"}, headers=lin.headers)
    assert wrong.json["code"] == "code_wrong"
    assert call("/api/v1/me/number", json={"phone": new, "code": "123456"}, headers=lin.headers).status_code == 204
    assert _enter(shopping, new, monkeypatch).json["person"]["id"] == lin.person_id.hex


def test_the_staff_enters_reports_and_confirms_numbers(shopping: Shopping) -> None:
    lin, admin = shopping.street.volunteer(), shopping.street.place.admin
    path = f"/members/{_hex(lin)}/number"
    assert shopping.post(admin, path, {"phone": next_phone()}).status_code == 204
    assert shopping.post(admin, f"{path}/report").status_code == 204
    assert shopping.post(admin, f"{path}/confirm").status_code == 204
    own = f"/members/{_hex(admin)}/number"
    assert shopping.post(admin, f"{own}/confirm").json["code"] == "own_number"
    treasurer = f"/members/{_hex(shopping.street.place.treasurer)}/number"
    assert shopping.post(admin, treasurer, {"phone": next_phone()}).json["code"] == "holds_office"
