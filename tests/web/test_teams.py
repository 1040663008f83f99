"""The pages of teams, households and a shop's people."""

from __future__ import annotations

import pytest

from ledger.people import households, phones, teams
from ledger.rewards import merchants
from tests.stories import Neighbourhood, next_phone, open_neighbourhood


@pytest.fixture
def place(context: object) -> Neighbourhood:
    return open_neighbourhood()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_ticked_members_form_a_team_that_is_led_left_and_ended(place, visit, language):
    lin, chen, browser = place.volunteer(), place.volunteer("陈刚"), visit(place.admin, language=language)
    browser.get("./members")
    asked = {
        "team_name": "晚霞巡逻队",
        "team_unit_id": place.grid.id.hex,
        "member_ids": [lin.member_id.hex, chen.member_id.hex],
    }
    browser.post("./teams", follow=True, **asked)
    assert "陈刚" in browser.words
    team = teams.list_teams(place.admin.actor)[0].team
    url = f"./teams/{team.id.hex}"
    assert browser.post(url, name="送餐队", leader_id=chen.member_id.hex).status_code == 303
    assert browser.post(f"{url}/members/{lin.member_id.hex}/leave").status_code == 303
    assert browser.post(f"{url}/members/{chen.member_id.hex}/leave").status_code == 409
    assert browser.get("./teams").status_code == 200
    assert "送餐队" in browser.words
    browser.get(url)
    assert browser.post(f"{url}/end", follow=True).status_code == 200
    assert teams.list_teams(place.admin.actor) == []
    assert visit(lin).get("./teams").status_code == 403


def test_a_household_is_renamed_and_left_on_its_page(place, visit):
    lin, browser = place.volunteer(), visit(place.admin)
    home = households.form_household(place.admin.actor, "501", member_ids=[lin.member_id])
    browser.get("./households")
    assert browser.post(f"./households/{home.id.hex}/name", name="502").status_code == 303
    browser.get("./households")
    assert browser.value("name") == "502"
    assert browser.post(f"./households/{home.id.hex}/members/{lin.member_id.hex}/leave").status_code == 303
    assert lin.actor.household_id is None


def test_an_owner_ends_a_clerk_but_no_owner(street, visit):
    owner, shop = street.owner, street.bakery.id
    person_id = phones.add_person(next_phone())
    clerk = merchants.appoint_clerk(owner.actor, shop, person_id=person_id, name="小周")
    browser = visit(owner)
    browser.get(f"./merchants/{shop.hex}")
    assert clerk.id.hex in browser.page
    assert browser.post(f"./merchants/{shop.hex}/counter-staff/{clerk.id.hex}/end").status_code == 303
    boss = next(one for one in merchants.list_counter_staff(owner.actor, shop) if one.role == "owner")
    assert boss.id.hex not in browser.page
    assert browser.post(f"./merchants/{shop.hex}/counter-staff/{boss.id.hex}/end").status_code == 403


def test_anybody_reads_how_often_the_street_stood_in(place, visit, client):
    assert "一共 0 次" in (visit().get(f"/c/{place.id.hex}/seals").get_data(as_text=True))
    answer = client.get(f"{place.url}/stand-ins")
    assert (answer.status_code, answer.json) == (200, {"total": 0, "by_verb": {}})
