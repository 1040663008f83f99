"""The rights matrix, tried out: every permission × every role × own part, sibling part, other community.

What the table of ledger.core.permissions says is compared with the matrix as it was agreed; then the real routes are
asked: a list shows exactly what the single route opens, and who moves is lost to the old part at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from flask.testing import FlaskClient

from ledger.core import clock, ids
from ledger.core.errors import NotFound
from ledger.core.ids import new_id
from ledger.core.permissions import (
    BRANCH,
    COMMUNITY,
    HELPED,
    MASKED,
    OWN,
    RIGHTS,
    SECOND,
    SHOP,
    UNIT,
    Scope,
    may,
)
from ledger.core.tenancy import Actor, Counter, Grant, Role
from ledger.people import moving, sessions
from tests.ledger.service.day import open_day
from tests.stories import Neighbour, Neighbourhood, open_neighbourhood, street_officer

WHOLE = COMMUNITY | MASKED | SECOND
"""What reaches everything of the community."""

AGREED: dict[str, dict[str, str]] = {
    # verb: what each role of the matrix may, as it stands there; a role left out may not.
    "see_members": {"coordinator": "unit", "stamper": "unit", "admin": "all", "supervisor": "all", "street": "masked"},
    "see_checkins": {"coordinator": "unit", "stamper": "unit", "admin": "all", "supervisor": "all", "street": "masked"},
    "record_checkin": {"coordinator": "unit", "admin": "all"},
    "act_for_member": {"coordinator": "unit", "stamper": "unit", "admin": "all"},
    "stamp": {"stamper": "unit", "admin": "all", "street": "second"},
    "answer_objections": {"coordinator": "unit", "stamper": "unit", "admin": "all"},
    "see_objections": {"coordinator": "unit", "stamper": "unit", "admin": "all", "street": "masked"},
    "answer_feedback": {"coordinator": "unit", "stamper": "unit", "admin": "all"},
    "excuse_feedback": {"coordinator": "unit", "admin": "all"},
    "see_feedback": {"coordinator": "unit", "stamper": "unit", "admin": "all", "street": "masked"},
    "give_feedback": {},
    "see_plates": {"coordinator": "unit", "stamper": "unit", "admin": "all"},
    "handle_notes": {"coordinator": "unit", "stamper": "unit", "admin": "all"},
    "manage_people": {"admin": "all"},
    "manage_community": {"admin": "all"},
    "manage_units": {"admin": "all"},
    "manage_programmes": {"admin": "all"},
    "manage_cards": {"coordinator": "unit", "admin": "all"},
    "manage_activities": {"coordinator": "unit", "admin": "all"},
    "give_roles": {"admin": "all"},
    "see_roles": {"admin": "all", "supervisor": "all", "street": "all"},
    "manage_clerks": {"owner": "shop"},
    "reverse": {"admin": "all"},
    "second_reversal": {"admin": "all", "treasurer": "all", "street": "second"},
    "import": {"admin": "all"},
    "second_import": {"admin": "all", "treasurer": "all", "street": "second"},
    "merge": {"admin": "all"},
    "second_merge": {"admin": "all", "treasurer": "all", "street": "second"},
    "draft_agreement": {"admin": "all", "owner": "shop"},
    "sign_agreement": {"admin": "all", "treasurer": "all", "owner": "shop", "street": "second"},
    "draft_offer": {"admin": "all", "owner": "shop"},
    "manage_funds": {"admin": "all", "treasurer": "all", "street": "second"},
    "use_till": {"owner": "branch", "clerk": "branch"},
    "check_slips": {"admin": "all", "treasurer": "all"},
    "block_voucher": {"admin": "all"},
    "donate": {},
    "pool": {},
    "use_pot": {"admin": "all"},
    "second_pot_use": {"treasurer": "all", "street": "second"},
    "see_donations": {"admin": "all", "treasurer": "all", "supervisor": "all", "street": "masked"},
    "refund": {"treasurer": "all", "owner": "branch", "clerk": "branch"},
    "see_redemptions": {
        "admin": "all", "treasurer": "all", "supervisor": "all", "owner": "shop", "clerk": "branch", "street": "masked",
    },
    "manage_redemption_days": {"admin": "all"},
    "answer_complaints": {"admin": "all", "owner": "shop"},
    "close_complaints": {"admin": "all"},
    "see_complaints": {"admin": "all", "treasurer": "all", "supervisor": "all", "owner": "shop", "street": "masked"},
    "complain": {},
    "see_settlements": {
        "admin": "all", "treasurer": "all", "supervisor": "all", "owner": "shop", "street": "masked",
    },
    "see_books": {"admin": "all", "treasurer": "all", "supervisor": "all", "owner": "shop", "street": "masked"},
    "issue_settlement": {"admin": "all", "treasurer": "all"},
    "confirm_settlement": {"owner": "shop"},
    "approve_settlement": {"treasurer": "all", "street": "second"},
    "pay_settlement": {"admin": "all", "treasurer": "all"},
    "void_settlement": {"admin": "all", "treasurer": "all"},
    "reconcile_settlement": {"admin": "all", "treasurer": "all"},
    "invoice_settlement": {"admin": "all", "treasurer": "all", "owner": "shop"},
    "dispute_settlement": {"owner": "shop"},
    "answer_disputes": {"admin": "all", "treasurer": "all"},
    "decide_disputes": {"treasurer": "all"},
    "decide_appeals": {"treasurer": "all", "street": "second"},
    "see_flags": {"admin": "all", "treasurer": "all", "supervisor": "all"},
    "decide_flags": {"treasurer": "all"},
    "ask_bank_account": {"admin": "all", "owner": "shop"},
    "approve_bank_account": {"admin": "all", "treasurer": "all"},
    "see_bank_accounts": {"admin": "all", "treasurer": "all", "supervisor": "all", "owner": "shop"},
    "sign_summary": {"admin": "all"},
    "publish_summary": {"supervisor": "all"},
    "see_summaries": {"admin": "all", "supervisor": "all", "street": "all"},
    "issue_certificate": {"admin": "all"},
    "revoke_certificate": {"admin": "all"},
    "see_certificates": {"admin": "all", "supervisor": "all", "street": "masked"},
    "draft_commendation": {"admin": "all"},
    "nominate": {"coordinator": "unit", "stamper": "unit"},
    "review_commendation": {"supervisor": "all", "street": "all"},
    "announce_commendation": {"admin": "all"},
    "publish_commendation": {"supervisor": "all"},
    "see_commendations": {
        "coordinator": "unit", "stamper": "unit", "admin": "all", "supervisor": "all", "street": "masked",
    },
    "keep_priority_lists": {"secretary": "all"},
    "see_street": {"street": "all"},
    "see_checks": {"admin": "all", "treasurer": "all", "supervisor": "all", "street": "all"},
    "see_own": {},
    "name_helper": {"coordinator": "unit", "admin": "all"},
    "see_helpers": {"coordinator": "unit", "stamper": "unit", "admin": "all", "supervisor": "all"},
    "see_imports": {"admin": "all", "treasurer": "all", "supervisor": "all", "street": "masked"},
    "see_merges": {"admin": "all", "treasurer": "all", "supervisor": "all", "street": "masked"},
    "see_cards": {"coordinator": "unit", "admin": "all", "supervisor": "all", "street": "masked"},
    "see_units": {"coordinator": "unit", "stamper": "unit", "admin": "all", "supervisor": "all", "street": "all"},
    "see_redemption_days": {
        "coordinator": "unit", "stamper": "unit", "admin": "all", "treasurer": "all", "supervisor": "all",
        "owner": "shop", "clerk": "branch", "street": "all",
    },
    "check_in_self": {"coordinator": "own", "stamper": "own", "admin": "own", "treasurer": "own"},
    "sign_up": {},
    "object": {},
    "see_programmes": {
        "coordinator": "unit", "stamper": "unit", "admin": "all", "treasurer": "all", "supervisor": "all",
        "street": "all",
    },
    "see_reversals": {"admin": "all", "treasurer": "all", "supervisor": "all", "street": "masked"},
    "manage_expiry": {"admin": "all"},
    "see_expiry": {
        "coordinator": "unit", "stamper": "unit", "admin": "all", "treasurer": "all", "supervisor": "all",
        "street": "all",
    },
    "see_events": {"admin": "all", "treasurer": "all", "supervisor": "all"},
    "manage_webhooks": {"admin": "all"},
    "see_webhooks": {"admin": "all", "treasurer": "all", "supervisor": "all"},
    "see_audit": {
        "admin": "all", "treasurer": "all", "supervisor": "all", "owner": "shop", "clerk": "own", "street": "all",
    },
    "see_agreements": {"admin": "all", "treasurer": "all", "supervisor": "all", "owner": "shop", "street": "all"},
    "see_offers": {
        "coordinator": "unit", "stamper": "unit", "admin": "all", "treasurer": "all", "supervisor": "all",
        "owner": "shop", "clerk": "branch", "street": "all",
    },
    "redeem": {},
    "confirm_redemption": {},
    "cancel_own_redemption": {},
    "see_pot": {
        "coordinator": "unit", "stamper": "unit", "admin": "all", "treasurer": "all", "supervisor": "all",
        "street": "all",
    },
    "ask_certificate": {},
}  # fmt: skip

WORDS = {
    "own": OWN, "all": COMMUNITY, "unit": UNIT, "shop": SHOP, "branch": BRANCH, "masked": MASKED, "second": SECOND,
}  # fmt: skip

OVER_A_PART = (Role.COORDINATOR, Role.STAMPER)
STAFF = (*OVER_A_PART, Role.ADMIN, Role.TREASURER, Role.SUPERVISOR, Role.SECRETARY, Role.STREET)
BEHIND_A_COUNTER = (Role.OWNER, Role.CLERK)
OWN_PART, SIBLING = "1.1.", "1.2."
SHOP_ID, BRANCH_ID = new_id(), new_id()


def test_no_verb_is_left_out_of_the_matrix() -> None:
    assert set(AGREED) == set(RIGHTS)


@pytest.mark.parametrize("verb", sorted(AGREED))
def test_the_table_says_what_the_matrix_says(verb: str) -> None:
    written = {str(role): scope for role, scope in RIGHTS[verb].items() if role is not Role.VOLUNTEER}
    assert written == {role: WORDS[reaches] for role, reaches in AGREED[verb].items()}


def test_a_volunteer_reaches_only_what_is_their_own_or_entrusted() -> None:
    assert {verb for verb, row in RIGHTS.items() if row.get(Role.VOLUNTEER, OWN) & ~(OWN | HELPED)} == set()


def holder(role: Role, part: str = OWN_PART) -> Actor:
    """Somebody who holds the one role: over the own part where it can be held over a part, else over all."""
    grants = (Grant(role, part if role in OVER_A_PART else ""),) if role in STAFF else ()
    counters = (Counter(role, SHOP_ID, BRANCH_ID if role is Role.CLERK else None),) if role in BEHIND_A_COUNTER else ()
    member_id = new_id() if role is Role.VOLUNTEER else None
    return Actor(new_id(), community_id=new_id(), member_id=member_id, grants=grants, counters=counters)


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.OPERATOR])
@pytest.mark.parametrize("verb", sorted(RIGHTS))
def test_every_permission_of_every_role_ends_at_its_part(verb: str, role: Role) -> None:
    actor, scope = holder(role), RIGHTS[verb].get(role, Scope(0))
    everywhere = bool(scope & WHOLE)
    assert may(actor, verb, member_id=actor.member_id or new_id()) == (
        everywhere or bool(scope & OWN and actor.member_id)
    )
    assert may(actor, verb, member_id=new_id()) == everywhere
    assert may(actor, verb, unit_path=OWN_PART + "7.") == (everywhere or bool(scope & UNIT))
    assert may(actor, verb, unit_path=SIBLING) == everywhere
    assert may(actor, verb, unit_path="1.") == everywhere
    assert may(actor, verb, merchant_id=SHOP_ID, branch_id=BRANCH_ID) == (everywhere or bool(scope & (SHOP | BRANCH)))
    assert may(actor, verb, merchant_id=new_id(), branch_id=BRANCH_ID) == everywhere
    assert may(actor, verb) == everywhere


# --- the real routes --------------------------------------------------------------------------------------------


@dataclass
class Parts:
    """Three parts, each with a member and a visit: the own grid, the one beside it, another community."""

    place: Neighbourhood
    beside: Any
    north: Neighbourhood
    people: dict[str, Neighbour]
    things: dict[str, dict[str, str]]
    client: FlaskClient

    def single(self, who: Neighbour, path: str, thing: str) -> int:
        return self.client.get(f"{self.place.url}/{path}/{thing}", headers=who.headers).status_code

    def listed(self, who: Neighbour, path: str) -> set[str] | int:
        answer = self.client.get(f"{self.place.url}/{path}?limit=200", headers=who.headers)
        return {one["id"] for one in answer.json["items"]} if answer.status_code == 200 else answer.status_code


@pytest.fixture
def parts(context: object, client: FlaskClient) -> Iterator[Parts]:
    try:
        yield build(client)
    finally:
        clock.move_to(None)


def build(client: FlaskClient) -> Parts:
    day = open_day()
    place = day.place
    beside, north = place.grid_beside(), open_neighbourhood("北华社区")
    own, sibling, other = place.volunteer("林秀芳"), place.volunteer("陈刚", unit=beside), north.volunteer("王五")
    visits = {
        "own": day.served(own, to=day.another_activity(unit=place.grid)).id.hex,
        "sibling": day.served(sibling, to=day.another_activity(unit=beside)).id.hex,
        "other": new_id().hex,
    }
    people = {
        "coordinator": place.staff(Role.COORDINATOR, unit=place.grid),
        "stamper": place.staff(Role.STAMPER, unit=place.grid),
        "admin": place.admin,
        "treasurer": place.treasurer,
        "supervisor": place.supervisor,
        "volunteer": own,
        "street": street_officer(place.community),
    }
    member_ids = {name: one.member_id for name, one in (("own", own), ("sibling", sibling), ("other", other))}
    members = {name: one.hex for name, one in member_ids.items() if one is not None}
    return Parts(place, beside, north, people, {"members": members, "checkins": visits}, client)


SEEN = {
    "coordinator": {"own"}, "stamper": {"own"}, "admin": {"own", "sibling"}, "treasurer": set(),
    "supervisor": {"own", "sibling"}, "volunteer": {"own"}, "street": {"own", "sibling"},
}  # fmt: skip
"""Whose things of the three parts each role sees; the volunteer is the member of the own part."""


@pytest.mark.parametrize("path", ["members", "checkins"])
def test_list_and_single_agree_for_every_role_and_part(parts: Parts, path: str) -> None:
    things = parts.things[path]
    for role, who in parts.people.items():
        listed = parts.listed(who, path)
        assert isinstance(listed, set)
        answers = {part: parts.single(who, path, thing) for part, thing in things.items()}
        assert {part for part, status in answers.items() if status == 200} == SEEN[role], role
        assert {part for part, thing in things.items() if thing in listed} == SEEN[role], role
        assert answers["other"] == 404
        assert {answers[part] for part in {"own", "sibling"} - SEEN[role]} <= {403}


def test_nobody_of_one_community_enters_another(parts: Parts) -> None:
    for role, who in parts.people.items():
        answer = parts.client.get(f"{parts.north.url}/members", headers=who.headers)
        assert answer.status_code == 404, role
    admin = parts.people["admin"].actor
    with pytest.raises(NotFound):
        sessions.enter(admin, parts.north.id)


@pytest.mark.parametrize("role", ["coordinator", "stamper"])
def test_a_moved_member_is_lost_to_the_old_part_at_once(parts: Parts, role: str) -> None:
    who, lin = parts.people[role], parts.things["members"]["own"]
    assert parts.single(who, "members", lin) == 200
    body = {"member_ids": [lin]}
    url = f"{parts.place.url}/units/{parts.beside.id.hex}/members"
    assert parts.client.post(url, json=body, headers=parts.place.admin.headers).json == {"moved": 1}
    assert parts.single(who, "members", lin) == 403
    listed = parts.listed(who, "members")
    assert isinstance(listed, set)
    assert lin not in listed


@pytest.mark.parametrize("role", ["coordinator", "stamper"])
def test_a_moved_unit_is_lost_to_the_old_part_at_once(parts: Parts, role: str) -> None:
    who, lin = parts.people[role], parts.things["members"]["own"]
    url = f"{parts.place.url}/units/{parts.place.micro_grid.id.hex}"
    answer = parts.client.patch(url, json={"parent_id": parts.beside.id.hex}, headers=parts.place.admin.headers)
    assert answer.status_code == 200
    assert parts.single(who, "members", lin) == 403


def test_staff_whose_role_ended_lose_the_part_at_once(parts: Parts) -> None:
    who, admin = parts.people["coordinator"], parts.place.admin
    grants = parts.client.get(
        f"{parts.place.url}/grants?member_id={who.member_id.hex if who.member_id else ''}", headers=admin.headers
    ).json["items"]
    assert parts.client.delete(f"{parts.place.url}/grants/{grants[0]['id']}", headers=admin.headers).status_code == 204
    assert parts.single(who, "members", parts.things["members"]["own"]) == 403


def test_moving_to_the_own_part_shows_at_once(parts: Parts) -> None:
    who, chen = parts.people["coordinator"], parts.things["members"]["sibling"]
    assert parts.single(who, "members", chen) == 403
    member_id = ids.parse(chen)
    assert member_id is not None
    moving.move_members(parts.place.admin.actor, parts.place.grid.id, member_ids=[member_id])
    assert parts.single(who, "members", chen) == 200
