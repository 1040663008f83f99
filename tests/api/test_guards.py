"""Every route of the API has its guard: nobody without a token, no stranger, and no role that the table refuses.

A new route fails `test_every_route_is_listed` until it says here who is refused, or that everybody inside may call it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from api.list_files import FORMATS
from ledger.book import checkpoints
from ledger.book.reversal_requests import ask_reversal
from ledger.core import clock
from ledger.core.db import atomic
from ledger.core.ids import new_id
from ledger.core.tenancy import Role
from ledger.people import cards, communities, grants, helping, households, imports, teams
from ledger.people.correction_models import About
from ledger.people.corrections import ask_correction
from ledger.people.deaths import record_death
from ledger.people.erasures import ask_erasure
from ledger.people.helping_models import Relation
from ledger.people.merges import ask_merge
from ledger.people.models import PostKind
from ledger.people.notices import declare, tell
from ledger.rewards import funds, tills
from ledger.rewards.refunds import refund
from ledger.service import sign_ups
from ledger.service.activities import ActivityPlan, plan_activity
from ledger.service.checkins import Kind, Via, record_checkin
from ledger.service.models import Basis, Decision
from ledger.service.objection_models import Grievance
from ledger.service.objections import raise_objection
from ledger.service.programmes import RuleTerms, create_programme
from ledger.service.stamps import stamp_checkins
from ledger.settlement import closing
from tests.api.account_guards import OF_ACCOUNTS
from tests.api.counter_guards import CLERKS, OWNERS
from tests.api.event_guards import OF_EVENTS, told_outside
from tests.api.feedback_guards import OF_FEEDBACK, feedback_of
from tests.api.people_guards import OF_PEOPLE
from tests.api.recognition_guards import OF_RECOGNITION, OPEN_RECOGNITION, SAID_BY_ANYBODY, recognised
from tests.api.redemption_day_guards import OF_REDEMPTION_DAYS, OPEN_CALENDAR, complained
from tests.api.risk_guards import OF_RISK, flag_about
from tests.api.service_guards import OF_SERVICE, a_plate
from tests.api.settlement_guards import OF_SETTLEMENT
from tests.api.settlement_guards import things_of as settlement_things_of
from tests.api.voucher_guards import OF_VOUCHERS, things_of
from tests.ledger.book.sealing import seal_all
from tests.ledger.rewards.street import NOON, Street, open_street
from tests.stories import Neighbour, Neighbourhood, neighbour, next_phone, open_neighbourhood

ANYBODY_INSIDE = {"seals.list_seals", "seals.get_seal", "seals.get_text", "stand-ins.get_stand_ins"} | OPEN_RECOGNITION
"""What is public about a community: signed in elsewhere or not at all."""

PUBLIC = {
    "sign_in.send_code", "sign_in.post_sign_in", "scans.post_scan", "verify.get_verdict", "api-docs.openapi_json",
    "calendar-feeds.get_feed",
} | ANYBODY_INSIDE  # fmt: skip

INSIDE_ALL = {
    "community.get_community", "units.get_unit", "posts.list_posts", "teams.list_teams",
    "units.list_units", "programmes.list_programmes", "programmes.get_programme", "activities.list_activities",
    "activities.get_activity", "members.list_members", "checkins.list_checkins", "audit.list_audit",
    "accounts.list_accounts", "transfers.list_transfers", "offers.list_offers", "offers.get_offer",
    "redemptions.list_redemptions", "merchants.list_merchants", "merchants.get_merchant", "branches.list_branches",
    "branches.get_branch", "branches.get_poster_svg", "branches.get_poster_png", "member-codes.post_member_code",
    "joining.post_join", "cards.list_cards", "reversals.list_reversals", "vouchers.list_vouchers",
    "offers.get_picture",
} | OPEN_CALENDAR | {
    f"{kind}.list_{kind}_{ending}" for kind in ("members", "checkins", "redemptions", "audit") for ending in FORMATS
}  # fmt: skip
"""Every member may call these; what they answer is narrowed to the caller's part (tested where they are)."""

OWN_PERSON = {
    "me.get_me", "me.list_sessions", "me.delete_session", "me.post_revoke_others",
    "me.list_consents", "me.change_consent",
    "my-number.send_code", "my-number.change_number",
    "tokens.list_tokens", "tokens.post_token", "tokens.delete_token", "account.get_password", "account.post_password",
    "account.post_password_removal", "account.get_totp", "account.post_totp", "account.post_totp_confirmation",
    "account.post_recovery_codes", "account.post_totp_removal",
    "account.list_identities", "account.post_identity_removal",
    "notices.list_notices", "notices.post_read", "notices.post_read_all",
    "my-data.list_exports", "my-data.post_export", "my-data.get_file",
    "my-data.list_erasures", "my-data.post_erasure", "my-data.post_withdrawal",
}  # fmt: skip
"""About the signed-in person alone, whatever the community."""

KEY = {"Idempotency-Key": "guard"}

TOLD = declare("guard.told", zh="请看一看。", en="Please look.")


@dataclass
class Town:
    """One of everything, so that a refused role is refused at a real thing."""

    street: Street
    people: dict[str, Neighbour]
    things: dict[str, str]


@pytest.fixture
def town(context: Flask) -> Iterator[Town]:
    try:
        yield build()
    finally:
        clock.move_to(None)


def build(other_name: str = "邻居") -> Town:
    street = open_street()
    place, admin = street.place, street.place.admin.actor
    communities.set_telephone(admin, "0758-2812345")
    volunteer, other = street.volunteer(200), street.volunteer(200, other_name)
    programme = create_programme(admin, "巡逻", terms=RuleTerms(Basis.PER_VISIT, points=5)).programme
    plan = ActivityPlan(name="巡逻", place="东门", starts_at=NOON, ends_at=NOON.replace(hour=6))
    activity = plan_activity(admin, programme.id, unit_id=place.grid.id, plan=plan)
    signed_up = sign_ups.sign_up(other.actor, activity.id)
    visits = []
    for person in (volunteer, other):
        via = Via(member_id=person.member_id)
        record_checkin(place.coordinator.actor, activity.id, kind=Kind.IN, via=via)
        visits.append(record_checkin(place.coordinator.actor, activity.id, kind=Kind.OUT, via=via))
    batch = stamp_checkins(place.stamper.actor, [visits[0].id], decision=Decision.STAMP)
    bought = street.buy(other)
    refund(place.treasurer.actor, street.buy(other).id, reason="坏了")
    bought_later = things_of(street, other)
    till = tills.open_till(street.clerk.actor, street.branch.id, member_code=street.code_of(other).code)
    account = next(iter(_accounts_of(street, other)))
    clock.advance(days=7)
    settlement = closing.close_week(place.treasurer.actor, clock.week_of(NOON))[0]
    household = households.form_household(admin, "一家", member_ids=[other.member_id])
    staff = place.staff(Role.SUPERVISOR)
    grant = grants.roles_of(admin, staff.member_id)[0][0]
    team = teams.form_team(admin, "巡逻队", unit_id=place.grid.id, leader_id=other.member_id)
    post = grants.give_post(admin, other.member_id, kind=PostKind.UNIT_STEWARD, unit_id=place.grid.id)
    things = {
        "member_id": other.member_id, "programme_id": programme.id, "activity_id": activity.id,
        "checkin_id": visits[1].id, "stamp_id": batch.results[0].stamp_id, "batch_id": batch.batch_id,
        "merchant_id": street.bakery.id, "branch_id": street.branch.id, "fund_id": street.fund.id,
        "gift_id": funds.grants_of(admin, street.fund.id)[0].id,
        "agreement_id": street.agreement.id, "offer_id": street.loaf.id, "redemption_id": bought.id,
        "till_id": till.visit.id, "settlement_id": settlement.id, "household_id": household.id, "grant_id": grant.id,
        "post_id": post.id, "team_id": team.id,
        "account_id": account[0], "transfer_id": account[1], "unit_id": place.grid.id,
        "session_id": new_id(), "token_id": new_id(), "identity_id": new_id(),
        "staff_id": _staff_id(street),
        "code_id": _code_id(street, other),
        "reversal_id": ask_reversal(admin, _award_of(street, other), reason="记了两次", amount=1).id,
        "day": _sealed_day(street),
        "merge_id": ask_merge(admin, place.volunteer().member_id, place.volunteer().member_id, reason="同一人").id,
        "death_id": record_death(admin, place.volunteer().member_id, died_on=date(2026, 11, 1)).id,
        "notice_id": atomic(tell)(street.id, other.person_id, TOLD).id,
        "link_id": _helper_link(place, other),
        "sign_up_id": signed_up.id,
        "import_id": imports.check_file(admin, "members", "姓名\n赵一".encode(), file_name="a.csv").id,
        "correction_id": ask_correction(other.actor, About.NAME, "新名").id,
        "objection_id": raise_objection(other.actor, visits[1].id, Grievance.WAITING).id,
        "export_id": new_id(), "photo_id": new_id(), "picture_id": new_id(), "erasure_id": ask_erasure(other.actor).id,
        "feedback_id": feedback_of(place, other), "flag_id": flag_about(bought), **bought_later,
        **complained(other, bought.id),
        **settlement_things_of(street, settlement), **told_outside(place.admin),
        "plate_id": a_plate(place, programme.id), "secret": new_id(),
    }  # fmt: skip
    card = cards.hand_out(admin, other.member_id).card
    things |= {"card_id": card.id, "sheet_id": card.sheet_id} | recognised(street.id, other.member_id)
    people = {
        "volunteer": volunteer,
        "coordinator": place.coordinator,
        "stamper": place.stamper,
        "treasurer": place.treasurer,
        "supervisor": place.supervisor,
        "admin": place.admin,
        "owner": street.owner,
        "clerk": street.clerk,
    }
    return Town(street, people, {name: getattr(found, "hex", found) for name, found in things.items()})


def _helper_link(place: Neighbourhood, member: Neighbour) -> Any:
    found, helper = helping.Found(place.volunteer("家人").member_id), Relation.CHILD
    return helping.name_helper(place.admin.actor, member.member_id, found=found, relation=helper).id


def _sealed_day(street: Street) -> str:
    """The newest day that has a checkpoint."""
    seal_all(street.id)
    newest = checkpoints.newest_checkpoint(street.id)
    assert newest is not None
    return newest.day.isoformat()


def _accounts_of(street: Street, person: Neighbour) -> Iterator[tuple[Any, Any]]:
    from ledger.book import reading

    account = next(one for one in reading.list_accounts(person.actor) if one.kind == "wallet")
    transfer = reading.list_transfers(person.actor, account_id=account.id)[0]
    yield account.id, transfer.id


def _award_of(street: Street, person: Neighbour) -> Any:
    from ledger.book import reading

    return next(one.id for one in reading.list_transfers(person.actor) if one.code == "award")


def _staff_id(street: Street) -> Any:
    from ledger.rewards.merchants import list_counter_staff

    return list_counter_staff(street.place.admin.actor, street.bakery.id)[0].id


def _code_id(street: Street, person: Neighbour) -> Any:
    from ledger.rewards.member_codes import create_member_code

    return create_member_code(person.actor).id


DATES = {"starts_on": "2026-01-01", "ends_on": "2027-01-01"}
TERMS = {"rate_fen": 10, "rate_points": 1, "signatory": "王老板"} | DATES

# endpoint: (a role that the table refuses, body). Ids in a body are named by the thing they are.
REFUSED: dict[str, tuple[str, dict[str, Any] | None]] = {
    "communities.post_community": ("admin", {"name": "新社区", "staff": ["13800000000", "13800000001"]}),
    "communities.post_street": ("admin", {"name": "街道"}),
    "units.post_unit": ("coordinator", {"name": "新网格", "kind": "micro_grid", "parent_id": "unit_id"}),
    "units.patch_unit": ("coordinator", {"name": "新名"}),
    "units.post_end": ("supervisor", {}),
    "units.post_members": ("coordinator", {"member_ids": ["member_id"]}),
    "posts.post_post": ("coordinator", {"member_id": "member_id", "unit_id": "unit_id", "kind": "building_leader"}),
    "posts.delete_post": ("supervisor", {}),
    "teams.post_team": ("coordinator", {"name": "新队", "unit_id": "unit_id", "leader_id": "member_id"}),
    "teams.get_team": ("volunteer", None),
    "teams.patch_team": ("supervisor", {"name": "新名"}),
    "teams.post_member": ("stamper", {"member_id": "member_id"}),
    "teams.delete_member": ("volunteer", {}),
    "teams.post_end": ("coordinator", {}),
    "members.post_member": ("stamper", {"name": "新人"}),
    "members.get_member": ("volunteer", None),
    "members.get_balance": ("coordinator", None),
    "members.get_statement": ("volunteer", None),
    "grants.list_grants": ("volunteer", None),
    "grants.post_grant": ("treasurer", {"member_id": "member_id", "unit_id": "unit_id", "role": "stamper"}),
    "grants.post_invitation": (
        "treasurer", {"name": "新人", "phone": "13800000009", "unit_id": "unit_id", "role": "stamper"},
    ),
    "grants.delete_grant": ("supervisor", None),
    "accounts.get_account": ("volunteer", None),
    "accounts.get_statement": ("volunteer", None),
    "transfers.get_transfer": ("volunteer", None),
    "expiry.list_policies": ("owner", None),
    "expiry.post_policy": ("treasurer", {"months": 12}),
    "expiry.get_schedule": ("volunteer", None),
    "reversals.post_reversal": ("treasurer", {"reason": "记了两次"}),
    "reversals.get_reversal": ("volunteer", None),
    "reversals.post_approval": ("supervisor", {}),
    "reversals.post_decline": ("stamper", {"note": "没有"}),
    "reversals.post_withdrawal": ("treasurer", {}),
    "receipts.get_receipt": ("volunteer", None),
    "checks.list_checks": ("owner", None),
    "jobs.list_jobs": ("owner", None),
    "merchants.post_merchant": ("coordinator", {"name": "新店", "trade": "餐饮"}),
    "merchants.post_owner": ("treasurer", {"name": "店主", "phone": "13800000009"}),
    "merchants.post_clerk": ("clerk", {"name": "店员", "phone": "13800000009"}),
    "merchants.list_counter_staff": ("volunteer", None),
    "merchants.delete_counter_staff": ("clerk", {}),
    "branches.post_branch": ("clerk", {"merchant_id": "merchant_id", "name": "二店", "address": "西门"}),
    "funds.list_funds": ("volunteer", None),
    "funds.get_fund": ("volunteer", None),
    "funds.post_fund": ("owner", {"name": "新基金"}),
    "funds.list_grants": ("volunteer", None),
    "funds.put_levels": ("supervisor", {"low_fen": 2, "very_low_fen": 1}),
    "funds.put_naming": ("supervisor", {"is_named": True}),
    "funds.get_liability": ("clerk", None),
    "funds.post_grant": ("coordinator", {"amount_fen": 100, "donor": "某人"}),
    "agreements.list_agreements": ("volunteer", None),
    "agreements.get_agreement": ("volunteer", None),
    "agreements.post_agreement": ("treasurer", {"merchant_id": "merchant_id", "fund_id": "fund_id", **TERMS}),
    "agreements.put_agreement": ("clerk", {"fund_id": "fund_id", **TERMS}),
    "agreements.post_signature": ("clerk", {}),
    "agreements.post_suspension": ("volunteer", {}),
    "agreements.post_resumption": ("volunteer", {}),
    "agreements.post_end": ("volunteer", {}),
    "offers.post_offer": (
        "clerk", {"agreement_id": "agreement_id", "kind": "goods", "name": "面包", "points": 5},
    ),
    "offers.put_offer": ("clerk", {"name": "面包", "points": 5}),
    "offers.post_approval": ("owner", {}),
    "offers.post_batch": ("clerk", {"merchant_id": "merchant_id", "step": "end", "offers": [{"offer_id": "offer_id"}]}),
    "offers.post_stock": ("clerk", {"pieces": 5}),
    "offers.post_end": ("clerk", {}),
    "member-codes.get_member_code": ("volunteer", None),
    "till.post_till": ("volunteer", {"member_code": "AAAA-BBBB-CCCC"}),
    "till.get_till": ("volunteer", None),
    "redemptions.post_redemption": ("supervisor", {"offer_id": "offer_id", "via": {"till_id": "till_id"}}),
    "redemptions.get_redemption": ("volunteer", None),
    "redemptions.post_confirmation": ("clerk", {}),
    "redemptions.post_cancellation": ("volunteer", {}),
    "redemptions.post_refund": ("volunteer", {"reason": "坏了"}),
    "redemptions.post_undo": ("volunteer", {}),
    "settlements.list_settlements": ("volunteer", None),
    "settlements.post_settlements": ("supervisor", {"week": "2026-W46"}),
    "settlements.get_settlement": ("clerk", None),
    "settlements.list_lines": ("volunteer", None),
    "settlements.get_json": ("volunteer", None),
    "settlements.get_csv": ("stamper", None),
    "settlements.get_xlsx": ("stamper", None),
    "settlements.post_issue": ("owner", {}),
    "settlements.post_confirm": ("treasurer", {}),
    "settlements.post_approve": ("admin", {}),
    "settlements.post_pay": ("owner", {"reference": "1", "paid_on": "2026-11-20"}),
    "settlements.post_reconcile": ("supervisor", {}),
    "settlements.post_void": ("owner", {"reason": "错了"}),
    **OF_ACCOUNTS, **OF_PEOPLE, **OF_SERVICE, **OF_FEEDBACK, **OF_VOUCHERS, **OF_SETTLEMENT, **OF_RECOGNITION,
    **OF_RISK, **OF_REDEMPTION_DAYS, **OF_EVENTS,
}  # fmt: skip

UPLOADS = {"imports.post_import", "files.post_file"}
"""Take a file: who is refused is tested with one in test_imports.py and test_feedback.py."""

PER_ITEM = {"checkins.post_batch"}
"""Answers 200 and refuses each item for itself."""


def routes(app: Flask) -> list[Rule]:
    return [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/api/v1") and not _is_page(rule)]


def _is_page(rule: Rule) -> bool:
    return str(rule.endpoint).startswith("web.")


def _call(client: FlaskClient, rule: Rule, town: Town, headers: dict[str, str], body: Any = None, **more: str) -> Any:
    """`more`: other ids than the town's, and questions that the address is asked with."""
    values = {"community_id": town.street.id.hex} | town.things | more
    adapter = client.application.url_map.bind("localhost")
    path = adapter.build(rule.endpoint, {name: values[name] for name in rule.arguments | more.keys()})
    method = next(iter(rule.methods - {"HEAD", "OPTIONS"}))
    return client.open(path, method=method, json=body, headers=headers | KEY | {"If-Match": '"1"'})


def _named(body: Any, things: dict[str, str]) -> Any:
    """The body with the names of things replaced by their ids."""
    if isinstance(body, dict):
        return {key: _named(value, things) for key, value in body.items()}
    if isinstance(body, list):
        return [_named(value, things) for value in body]
    return things.get(body, body) if isinstance(body, str) else body


def test_every_route_is_listed(app: Flask) -> None:
    listed = PUBLIC | INSIDE_ALL | OWN_PERSON | PER_ITEM | UPLOADS | REFUSED.keys()
    assert {rule.endpoint for rule in routes(app)} == listed


def test_nobody_gets_in_without_a_token(app: Flask, client: FlaskClient, town: Town) -> None:
    answers = {rule.endpoint: _call(client, rule, town, {}, {}) for rule in routes(app)}
    open_doors = {endpoint for endpoint, answer in answers.items() if answer.status_code != 401}
    assert open_doors == PUBLIC


def test_an_unknown_token_is_no_token(app: Flask, client: FlaskClient, town: Town) -> None:
    forged = {"Authorization": "Bearer " + "x" * 43}
    answers = {rule.endpoint: _call(client, rule, town, forged, {}) for rule in routes(app)}
    assert {endpoint for endpoint, answer in answers.items() if answer.status_code != 401} <= PUBLIC


def test_a_stranger_finds_nothing_in_a_community(app: Flask, client: FlaskClient, town: Town) -> None:
    stranger = open_neighbourhood("北华社区").admin
    inside = [rule for rule in routes(app) if "community_id" in rule.arguments]
    answers = {rule.endpoint: _call(client, rule, town, stranger.headers, {}) for rule in inside}
    found = {endpoint for endpoint, answer in answers.items() if answer.status_code != 404}
    assert found == {"joining.post_join"} | ANYBODY_INSIDE
    assert len(inside) > 60


def test_a_malformed_community_answers_like_a_strangers(app: Flask, client: FlaskClient, town: Town) -> None:
    admin = town.people["admin"]
    for rule in routes(app):
        if "community_id" in rule.arguments and rule.endpoint != "joining.post_join":
            answer = _call(client, rule, town, admin.headers, {}, community_id="no-such-thing")
            assert (rule.endpoint, answer.status_code, answer.json["code"]) == (rule.endpoint, 404, "not_found")


def test_a_question_that_a_route_does_not_know_is_refused(app: Flask, client: FlaskClient, town: Town) -> None:
    headers, answered = town.people["admin"].headers, set()
    for rule in routes(app):
        answer = _call(client, rule, town, headers, {}, colour="red")
        if answer.status_code != 422 or list(answer.json["errors"]) != ["colour"]:
            answered.add(rule.endpoint)
    assert answered == {"calendar-feeds.get_feed"}  # Phones add questions of their own.


def test_a_wrong_role_is_refused_at_every_route(app: Flask, client: FlaskClient, town: Town) -> None:
    by_endpoint = {rule.endpoint: rule for rule in routes(app)}
    let_in = {}
    for endpoint, (role, body) in REFUSED.items():
        headers = town.people[role].headers
        answer = _call(client, by_endpoint[endpoint], town, headers, _named(body, town.things))
        if (answer.status_code, answer.json and answer.json["code"]) != (403, "forbidden"):
            let_in[endpoint, role] = (answer.status_code, answer.json)
    assert let_in == {}


def test_a_thing_of_another_community_is_not_found(app: Flask, client: FlaskClient, town: Town) -> None:
    """An admin of one community, inside it, asks for the things of another by their ids."""
    north = open_neighbourhood("北华社区")
    found = {}
    for rule in routes(app):
        if "community_id" in rule.arguments and len(rule.arguments) > 1:
            asked = REFUSED.get(rule.endpoint, ("", SAID_BY_ANYBODY.get(rule.endpoint, {})))[1]
            body = _named(asked, town.things)
            answer = _call(client, rule, town, north.admin.headers, body, community_id=north.id.hex)
            found[rule.endpoint] = answer.status_code
    assert {endpoint for endpoint, status in found.items() if status != 404} == set()
    assert len(found) > 40


def test_a_member_of_two_communities_keeps_them_apart(client: FlaskClient, town: Town) -> None:
    from ledger.people import members

    north, phone = open_neighbourhood("北华社区"), next_phone()
    here = members.add_member(town.street.place.admin.actor, "两边住", phone=phone)
    members.add_member(north.admin.actor, "两边住", phone=phone)
    token = neighbour(town.street.id, "两边住", here.person_id, here.id)
    answer = client.get(f"{north.url}/members/{here.id.hex}", headers=token.headers)
    assert answer.status_code == 404


@pytest.mark.parametrize(("role", "theirs"), [("clerk", CLERKS), ("owner", OWNERS)])
def test_whoever_stands_behind_a_counter_gets_in_nowhere_else(
    app: Flask, client: FlaskClient, town: Town, role: str, theirs: set[str]
) -> None:
    by_endpoint = {rule.endpoint: rule for rule in routes(app)}
    let_in = set()
    for endpoint, (_, body) in REFUSED.items():
        headers = town.people[role].headers
        if _call(client, by_endpoint[endpoint], town, headers, _named(body, town.things)).status_code != 403:
            let_in.add(endpoint)
    assert let_in == theirs
