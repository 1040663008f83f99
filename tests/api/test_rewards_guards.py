"""Every route of the rewards is closed to the anonymous, unknown to strangers, and refused to the wrong role."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from ledger.core.ids import new_id
from ledger.rewards import merchants
from tests.api.shopping import Shopping
from tests.ledger.rewards.street import add_person
from tests.stories import Neighbour, neighbour, open_neighbourhood

OFFER = {"kind": "goods", "name": "蛋糕", "points": 5}


class Guards:
    """The routes with bodies that pass the form, and a person whose role is wrong for each."""

    def __init__(self, shopping: Shopping) -> None:
        street = shopping.street
        self.lin = street.volunteer()
        self.barber = self._barber(shopping)
        reserved = street.serve(self.lin)
        made = shopping.post(self.lin, "/member-codes").json
        till = shopping.post(street.clerk, "/till", {"member_code": made["code"]}).json
        ids = {
            "merchant": street.bakery.id.hex,
            "branch": street.branch.id.hex,
            "fund": street.fund.id.hex,
            "agreement": street.agreement.id.hex,
            "offer": street.loaf.id.hex,
            "redemption": reserved.id.hex,
            "code": made["id"],
            "till": till["till_id"],
        }
        staff = shopping.get(street.owner, f"/merchants/{ids['merchant']}/counter-staff").json["items"]
        self.routes = list(self._routes(ids | {"staff": staff[0]["id"]}, shopping))

    def _barber(self, shopping: Shopping) -> Neighbour:
        """The owner of another shop of the same community."""
        admin = shopping.street.place.admin.actor
        salon = merchants.create_merchant(admin, "理发店", trade="理发")
        merchants.add_branch(admin, salon.id, name="总店", address="3 号")
        person_id = add_person()
        merchants.appoint_owner(admin, salon.id, person_id=person_id, name="老周")
        return neighbour(shopping.street.id, "老周", person_id, None)

    def _routes(self, ids: dict[str, str], shopping: Shopping) -> Any:
        lin, barber, clerk = self.lin, self.barber, shopping.street.clerk
        terms = {
            "fund_id": ids["fund"],
            "rate_fen": 1,
            "rate_points": 1,
            "starts_on": "2026-01-01",
            "ends_on": "2026-12-31",
            "signatory": "我",
        }
        person = {"name": "我", "phone": "13900000001"}
        merchant, agreement, offer = (f"/{name}s/{ids[name]}" for name in ("merchant", "agreement", "offer"))
        redemption, fund = (f"/{name}s/{ids[name]}" for name in ("redemption", "fund"))
        branch = f"/branches/{ids['branch']}"
        yield "POST", "/merchants", {"name": "店", "trade": "店"}, lin
        yield "GET", merchant, None, barber
        yield "GET", f"{merchant}/counter-staff", None, clerk
        yield "POST", f"{merchant}/owners", person, shopping.street.owner
        yield "POST", f"{merchant}/clerks", person, barber
        yield "DELETE", f"/counter-staff/{ids['staff']}", None, barber
        yield "POST", "/branches", {"merchant_id": ids["merchant"], "name": "店", "address": "店"}, clerk
        for form in ("", "/poster.svg", "/poster.png"):
            yield "GET", branch + form, None, barber
        yield "GET", "/funds", None, clerk
        yield "POST", "/funds", {"name": "我的"}, lin
        yield "GET", fund, None, lin
        yield "GET", f"{fund}/grants", None, clerk
        yield "POST", f"{fund}/grants", {"amount_fen": 1, "donor": "我"}, lin
        yield "GET", "/agreements", None, lin
        yield "POST", "/agreements", terms | {"merchant_id": ids["merchant"]}, barber
        yield "GET", agreement, None, barber
        yield "PUT", agreement, terms, barber
        for step in ("sign", "suspend", "resume", "end"):
            yield "POST", f"{agreement}/{step}", None, barber
        yield "POST", "/offers", OFFER | {"agreement_id": ids["agreement"]}, barber
        yield "GET", offer, None, barber
        yield "PUT", offer, {"name": "蛋糕", "points": 1}, barber
        yield "POST", f"{offer}/approve", None, shopping.street.owner
        batch = {"merchant_id": ids["merchant"], "offers": [{"offer_id": ids["offer"]}]}
        yield "POST", "/offers/batch", batch | {"step": "approve"}, shopping.street.owner
        yield "POST", "/offers/batch", batch | {"step": "end", "preview": True}, clerk
        yield "POST", f"{offer}/restock", {"pieces": 1}, clerk
        yield "POST", f"{offer}/end", None, clerk
        yield "POST", "/member-codes", None, clerk
        yield "GET", f"/member-codes/{ids['code']}", None, clerk
        yield "POST", "/till", {"member_code": "2222-2222-2222", "branch_id": ids["branch"]}, barber
        yield "GET", f"/till/{ids['till']}", None, barber
        yield "POST", "/redemptions", {"offer_id": ids["offer"], "via": {"till_id": ids["till"]}}, barber
        yield "GET", redemption, None, barber
        yield "POST", f"{redemption}/confirm", None, clerk
        yield "POST", f"{redemption}/cancel", None, barber
        yield "POST", f"{redemption}/refund", {"reason": "我要"}, barber
        yield "POST", f"{redemption}/undo", None, barber


@pytest.fixture
def guards(shopping: Shopping) -> Guards:
    return Guards(shopping)


TAG = {"If-Match": '"1"'}


def test_the_anonymous_are_asked_to_sign_in(shopping: Shopping, guards: Guards):
    answers = {
        f"{method} {path}": shopping.call(method, None, path, body, headers=TAG).status_code
        for method, path, body, _ in guards.routes
    }
    assert set(answers.values()) == {401}, answers


def test_strangers_find_nothing(shopping: Shopping, guards: Guards):
    stranger = open_neighbourhood("北塔社区").admin
    answers = {
        f"{method} {path}": shopping.call(method, stranger, path, body, headers=TAG).status_code
        for method, path, body, _ in guards.routes
    }
    assert set(answers.values()) == {404}, answers


def test_ids_of_one_community_are_unknown_in_another(client: FlaskClient, shopping: Shopping, guards: Guards):
    other = open_neighbourhood("北塔社区")
    wrong = {}
    for method, path, body, _ in guards.routes:
        if any(len(part) == 32 for part in path.split("/")):
            headers = other.admin.headers | TAG | {"Idempotency-Key": path}
            answer = client.open(f"{other.url}{path}", method=method, json=body, headers=headers)
            if answer.status_code != 404:
                wrong[f"{method} {path}"] = answer.status_code
    assert not wrong


def test_the_wrong_role_is_refused(shopping: Shopping, guards: Guards):
    answers = {
        f"{method} {path} as {who.name}": shopping.call(method, who, path, body, headers=TAG).status_code
        for method, path, body, who in guards.routes
    }
    assert set(answers.values()) == {403}, {route: status for route, status in answers.items() if status != 403}


def test_malformed_and_unknown_ids_are_not_found(shopping: Shopping, guards: Guards):
    admin = shopping.street.place.admin
    for name in ("merchants", "branches", "funds", "agreements", "offers", "member-codes", "till", "redemptions"):
        for bad in ("x", "0" * 31, new_id().hex, str(new_id())):
            assert shopping.get(admin, f"/{name}/{bad}").status_code == 404, (name, bad)
