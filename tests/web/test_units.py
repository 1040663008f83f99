"""A unit's page, the staff page, and moving and appointing people from the list of members."""

from __future__ import annotations

import pytest

from ledger.core.tenancy import Role
from ledger.people import grants, members, units
from ledger.people.models import UnitKind
from tests.stories import Neighbourhood, next_phone, open_neighbourhood, street_officer


@pytest.fixture
def place(context: object) -> Neighbourhood:
    return open_neighbourhood()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_pages_open_for_whoever_sees_the_tree(place, visit, language):
    for who in (place.admin, place.supervisor, street_officer(place.community)):
        browser = visit(who, language=language)
        assert browser.get(f"./units/{place.grid.id.hex}").status_code == 200
        assert browser.get("./roles").status_code == 200
        assert ("members/move" in browser.get("./members").get_data(as_text=True)) == (who is place.admin)


def test_volunteers_open_neither(place, visit):
    browser = visit(place.volunteer())
    assert browser.get(f"./units/{place.grid.id.hex}").status_code == 403
    assert browser.get("./roles").status_code == 403


def test_a_unit_is_renamed_moved_and_ended(place, visit):
    browser, url = visit(place.admin), f"./units/{place.micro_grid.id.hex}"
    beside = place.grid_beside()
    browser.get(url)
    assert browser.post(f"{url}/name", name="新微网格", follow=True).status_code == 200
    assert "新微网格" in browser.words
    assert browser.post(f"{url}/parent", parent_id=beside.id.hex).status_code == 303
    assert browser.post(f"{url}/end").status_code == 303
    assert place.micro_grid.id not in {unit.id for unit in units.tree_of(place.id)}
    browser.get(url)
    assert "已撤销" in browser.words


def test_a_unit_in_use_says_why_it_stays(place, visit):
    browser = visit(place.admin)
    browser.get(f"./units/{place.grid.id.hex}")
    assert browser.post(f"./units/{place.grid.id.hex}/end").status_code == 409
    assert "1 个下级单位" in browser.words


def test_a_unit_gets_and_loses_its_place_in_the_party_line(place, visit):
    general = units.add_unit(place.admin.actor, "党总支", kind=UnitKind.GENERAL_BRANCH, parent_id=place.root.id)
    browser, url = visit(place.admin), f"./units/{place.grid.id.hex}"
    browser.get(url)
    assert browser.post(f"{url}/party-parent", party_parent_id=general.id.hex, follow=True).status_code == 200
    assert "党组织 党总支" in browser.words
    browser.post(f"{url}/party-parent", party_parent_id="", follow=True)
    assert "党组织 党总支" not in browser.words


def test_ticked_members_move(place, visit):
    lin, browser = place.volunteer(), visit(place.admin)
    browser.get("./members")
    answer = browser.post("./members/move", member_ids=lin.member_id.hex, home_id=place.grid.id.hex)
    assert answer.status_code == 303
    assert members.see_member(place.admin.actor, lin.member_id)[1].id == place.grid.id


def test_ticked_members_take_a_post_and_end_it(place, visit):
    lin, browser = place.volunteer(), visit(place.admin)
    browser.get("./members")
    asked = {"member_ids": lin.member_id.hex, "kind": "micro_grid_leader", "post_unit_id": place.micro_grid.id.hex}
    browser.post("./members/posts", follow=True, **asked)
    assert "微网格长 林秀芳" in browser.words
    post = grants.list_posts(place.admin.actor)[0][0]
    assert browser.post(f"./posts/{post.id.hex}/end").status_code == 303
    assert grants.list_posts(place.admin.actor, now_only=True) == []


def test_nobody_ticked_is_said(place, visit):
    browser = visit(place.admin)
    place.volunteer()
    browser.get("./members")
    assert browser.post("./members/move", home_id=place.grid.id.hex).status_code == 422


def test_staff_are_invited_by_phone_and_their_role_ended(place, visit):
    browser = visit(place.admin)
    browser.get("./roles")
    asked = {"name": "新社工", "phone": next_phone(), "role": "stamper", "unit_id": place.grid.id.hex}
    assert browser.post("./roles", **asked).status_code == 303
    browser.get("./roles")
    assert "新社工 盖章人 第一网格" in browser.words
    grant = next(row for row, member, _ in grants.roles_of(place.admin.actor) if member.name == "新社工")
    assert browser.post(f"./roles/{grant.id.hex}/end").status_code == 303


def test_the_own_role_has_no_button(place, visit):
    browser = visit(place.admin)
    place.staff(Role.STAMPER)
    browser.get("./roles")
    own = next(row for row, member, _ in grants.roles_of(place.admin.actor) if member.id == place.admin.member_id)
    assert own.id.hex not in browser.page
    assert browser.post(f"./roles/{own.id.hex}/end").status_code == 409
