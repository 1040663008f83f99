"""Files of my data and requests to be erased, over HTTP."""

from __future__ import annotations

import io
import zipfile

from ledger.core import clock

ME = "/api/v1/me"


def test_a_file_is_made_listed_and_fetched_by_its_person_alone(shopping, client):
    lin, other = shopping.street.volunteer(), shopping.street.volunteer()
    made = client.post(f"{ME}/exports", headers=lin.headers)
    assert made.status_code == 201
    listed = client.get(f"{ME}/exports", headers=lin.headers).json["items"]
    assert [one["id"] for one in listed] == [made.json["id"]]
    path = f"{ME}/exports/{made.json['id']}/file"
    fetched = client.get(path, headers=lin.headers)
    assert (fetched.status_code, fetched.content_type) == (200, "application/zip")
    assert len(fetched.data) == made.json["size"]
    assert "my-data.json" in zipfile.ZipFile(io.BytesIO(fetched.data)).namelist()
    assert client.get(path, headers=other.headers).status_code == 404
    assert client.get(f"{ME}/exports", headers=other.headers).json["items"] == []


def test_after_a_week_the_file_says_that_it_is_gone(shopping, client):
    lin = shopping.street.volunteer()
    made = client.post(f"{ME}/exports", headers=lin.headers).json
    clock.advance(days=7)
    answer = client.get(f"{ME}/exports/{made['id']}/file", headers=lin.headers)
    assert (answer.status_code, answer.json["code"]) == (409, "export_gone")


def test_asking_withdrawing_and_being_refused(shopping, client):
    lin, admin = shopping.street.volunteer(), shopping.street.place.admin
    asked = client.post(f"{ME}/erasures", headers=lin.headers)
    assert (asked.status_code, asked.json["status"]) == (201, "asked")
    mine = client.get(f"{ME}/erasures", headers=lin.headers).json
    assert (len(mine["items"]), mine["points_left"]) == (1, 100)
    assert client.post(f"{ME}/erasures", headers=lin.headers).json["code"] == "already_exists"
    done = client.post(f"{ME}/erasures/{asked.json['id']}/withdraw", headers=lin.headers)
    assert done.json["status"] == "withdrawn"

    again = client.post(f"{ME}/erasures", headers=lin.headers).json["id"]
    assert shopping.get(admin, "/erasures").json["items"][0]["id"] == again
    vague = shopping.post(admin, f"/erasures/{again}/refuse", {"ground": "statutory_retention"})
    assert vague.status_code == 422
    body = {"ground": "statutory_retention", "retained_until": "2028-12-31"}
    refused = shopping.post(admin, f"/erasures/{again}/refuse", body).json
    assert (refused["status"], refused["ground"], refused["retained_until"]) == ("refused", *body.values())


def test_carried_out_the_token_is_dead(shopping, client):
    lin, admin = shopping.street.volunteer(), shopping.street.place.admin
    asked = client.post(f"{ME}/erasures", headers=lin.headers).json["id"]
    assert shopping.post(admin, f"/erasures/{asked}/carry-out").json["code"] == "erasure_too_early"
    clock.advance(days=7)
    assert shopping.post(admin, f"/erasures/{asked}/carry-out").json["status"] == "done"
    assert client.get(ME, headers=lin.headers).status_code == 401
