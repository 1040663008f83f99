"""Acting for a member over HTTP: `on_behalf_of` in check-ins and redemptions, and what the helper reads meanwhile."""

from __future__ import annotations

from typing import Any

import pytest

from ledger.people import helping
from ledger.people.helping import Found
from ledger.people.helping_models import Relation
from ledger.service.activities import ActivityPlan, plan_activity
from ledger.service.models import Basis
from ledger.service.programmes import RuleTerms, create_programme
from tests.api.shopping import Shopping
from tests.ledger.rewards.street import NOON
from tests.stories import Neighbour, open_neighbourhood


@pytest.fixture
def lin(shopping: Shopping) -> Neighbour:
    return shopping.street.volunteer()


@pytest.fixture
def daughter(shopping: Shopping, lin: Neighbour) -> Neighbour:
    admin, helper = shopping.street.place.admin.actor, shopping.street.volunteer(0, "林小燕")
    found, note = Found(helper.member_id), "在家中口头同意"
    link = helping.name_helper(
        admin, lin.member_id, found=found, relation=Relation.CHILD, note=note, is_in_presence=True
    )
    helping.agree(helper.actor, link.id)
    return helper


def check_in(shopping: Shopping, who: Neighbour, member: Neighbour) -> Any:
    place = shopping.street.place
    programme = create_programme(place.admin.actor, "巡逻", terms=RuleTerms(Basis.PER_VISIT, points=5)).programme
    plan = ActivityPlan(name="巡逻", place="东门", starts_at=NOON, ends_at=NOON.replace(hour=6))
    activity = plan_activity(place.admin.actor, programme.id, unit_id=place.grid.id, plan=plan)
    body = {
        "activity_id": activity.id.hex,
        "kind": "in",
        "via": {"poster_code": activity.poster_code},
        "on_behalf_of": member.member_id.hex,
    }
    return shopping.post(who, "/checkins", body)


def redeem(shopping: Shopping, who: Neighbour, member_id: str) -> Any:
    return shopping.redeem(who, {"merchant_code": shopping.street.poster.code}, on_behalf_of=member_id)


def test_a_relative_checks_in_and_the_answer_says_who_acted(shopping, lin, daughter):
    made = check_in(shopping, daughter, lin)
    assert (made.status_code, made.json["member_id"], made.json["reasons"]) == (201, lin.member_id.hex, ["by_helper"])
    for reader in (lin, daughter):
        [seen] = shopping.get(reader, "/checkins").json["items"]
        assert seen == shopping.get(reader, f"/checkins/{made.json['id']}").json
        assert (seen["member_name"], seen["acted_by"]) == ("林秀芳", ["林小燕"])


def test_a_relative_redeems_confirms_and_the_member_reads_it_everywhere(shopping, lin, daughter):
    reserved = redeem(shopping, daughter, lin.member_id.hex)
    assert (reserved.status_code, reserved.json["member_id"]) == (201, lin.member_id.hex)
    path = f"/redemptions/{reserved.json['id']}"
    assert shopping.post(daughter, f"{path}/confirm", key="k").json["status"] == "confirmed"
    assert shopping.post(daughter, f"{path}/confirm", key="k").headers["Idempotency-Hit"] == "true"
    assert shopping.get(lin, path).json["acted_by"] == ["林小燕"]
    [entry, *_] = shopping.get(lin, f"/members/{lin.member_id.hex}/statement").json["items"]
    assert (entry["actor_id"], entry["on_behalf_of"]) == (daughter.person_id.hex, lin.person_id.hex)
    told = shopping.client.get("/api/v1/me/notices", headers=lin.headers).json
    kinds = [one["kind"] for one in told["items"]][:2]
    assert kinds == ["redemption.helped_confirmed", "redemption.helped_reserved"]
    assert {one["by_name"] for one in told["items"][:2]} == {"林小燕"}


def test_a_relative_reads_balance_and_statement_until_the_link_ends(shopping, lin, daughter):
    member = f"/members/{lin.member_id.hex}"
    paths = (member, f"{member}/balance", f"{member}/statement")
    assert [shopping.get(daughter, path).status_code for path in paths] == [200, 200, 200]
    assert shopping.get(daughter, f"{member}/balance").json["available"] == 100
    assert shopping.get(lin, f"/members/{daughter.member_id.hex}/balance").status_code == 403
    [link] = shopping.get(lin, f"{member}/helpers").json["items"]
    shopping.post(lin, f"/helpers/{link['id']}/end")
    assert [shopping.get(daughter, path).status_code for path in paths] == [403, 403, 403]
    assert redeem(shopping, daughter, lin.member_id.hex).status_code == 403
    assert check_in(shopping, daughter, lin).status_code == 403


def test_me_says_that_one_acts_for_somebody(shopping, lin, daughter):
    mine = shopping.client.get("/api/v1/me", headers=daughter.headers).json["memberships"][0]["permissions"]
    assert "act_for_member" in mine


def test_staff_reserve_for_a_member_who_confirms(shopping, lin):
    staff = shopping.street.place.coordinator
    reserved = redeem(shopping, staff, lin.member_id.hex)
    path = f"/redemptions/{reserved.json['id']}/confirm"
    assert shopping.post(staff, path).status_code == 403
    assert shopping.post(lin, path).json["status"] == "confirmed"


def test_neither_a_neighbour_nor_a_stranger_acts_for_a_member(shopping, lin):
    assert redeem(shopping, shopping.street.volunteer(name="邻居"), lin.member_id.hex).status_code == 403
    stranger = open_neighbourhood("北塔社区").admin
    assert redeem(shopping, stranger, lin.member_id.hex).status_code == 404
    assert redeem(shopping, lin, stranger.member_id.hex).status_code == 404
