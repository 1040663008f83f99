"""Shops and their counters over HTTP."""

from __future__ import annotations

from ledger.people import phones
from tests.api.shopping import Shopping
from tests.stories import neighbour, next_phone, open_neighbourhood


def test_a_shop_its_branch_and_its_people(shopping: Shopping):
    admin = shopping.street.place.admin
    shop = shopping.post(admin, "/merchants", {"name": "理发店", "trade": "理发"})
    assert shop.status_code == 201
    url = f"/merchants/{shop.json['id']}"
    branch = shopping.post(admin, "/branches", {"merchant_id": shop.json["id"], "name": "总店", "address": "3 号"})
    phone = next_phone()
    owner = shopping.post(admin, f"{url}/owners", {"name": "老周", "phone": phone})
    assert (owner.status_code, owner.json["role"]) == (201, "owner")
    clerk = {"name": "小周", "phone": next_phone(), "branch_id": branch.json["id"]}
    assert shopping.post(admin, f"{url}/clerks", clerk).json["branch_id"] == branch.json["id"]
    assert shopping.post(admin, f"{url}/owners", {"name": "老周", "phone": phone}).json["code"] == "already_exists"
    staff = shopping.get(admin, f"{url}/counter-staff").json["items"]
    assert [one["name"] for one in staff] == ["小周", "老周"]
    assert shopping.call("DELETE", admin, f"/counter-staff/{staff[0]['id']}").status_code == 204
    assert shopping.get(admin, "/merchants?limit=1").json["items"] == [shop.json]
    assert shopping.get(admin, url).json["trade"] == "理发"


def test_whoever_is_refused_leaves_no_person_behind(shopping: Shopping):
    phone = next_phone()
    url = f"/merchants/{shopping.street.bakery.id.hex}/owners"
    assert shopping.post(shopping.street.clerk, url, {"name": "我", "phone": phone}).status_code == 403
    assert phones.person_with(phone) is None


def test_an_owner_of_one_community_is_nobody_in_another(shopping: Shopping):
    other = open_neighbourhood("北塔社区")
    there = neighbour(other.id, "王老板", shopping.street.owner.person_id, None)
    answer = shopping.client.get(f"{other.url}/merchants", headers=there.headers)
    assert answer.status_code == 404
