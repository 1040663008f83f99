"""The twelve reasons why nothing is redeemed, each by its code, and which is said when there are two."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, time
from itertools import combinations
from typing import Any

import pytest

from ledger.core import clock
from ledger.core.errors import Refused
from ledger.rewards import agreements, member_codes, merchants, redemptions, tills
from ledger.rewards.models import Offer, Redemption
from ledger.rewards.ways import ByMemberCode
from tests.ledger.rewards.street import Street
from tests.stories import Neighbour

TWO = 2
"""So many loaves are asked for: more than a limit of one, whatever was taken before."""


@dataclass
class Fault:
    """What is wrong, and the code that says so. `terms` are the offer's; `does` and `heals` happen around the try."""

    name: str
    code: str
    terms: dict[str, Any] = field(default_factory=dict)
    does: Callable[[Street], object] | None = None
    heals: Callable[[Street], object] | None = None


def suspend(street: Street) -> object:
    return agreements.suspend_agreement(street.place.admin.actor, street.agreement.id)


def resume(street: Street) -> object:
    return agreements.resume_agreement(street.place.admin.actor, street.agreement.id)


FAULTS = (
    Fault("code", "member_code_unknown"),
    Fault("agreement", "agreement_suspended", does=suspend, heals=resume),
    Fault("offer", "offer_not_active", {"starts_on": date(2026, 11, 21)}),
    Fault("branch", "branch_excluded", {"branch_ids": "elsewhere"}),
    Fault("weekday", "wrong_weekday", {"weekdays": 1}),
    Fault("hour", "wrong_hour", {"until_time": time(9)}),
    Fault("stock", "out_of_stock"),
    Fault("member cap", "member_cap_reached", {"per_member_per_day": 1}),
    Fault("household cap", "household_cap_reached", {"per_household_per_week": 1}),
    Fault("person cap", "person_cap_reached", {"per_person": 1}),
    Fault("points", "insufficient_points", {"points": 1000}),
    Fault("fund", "insufficient_funds", {"price_fen": 10_000_000}),
)
"""In the precedence of the contract."""


class Counter:
    """The bakery's counter with one offer in stock and one that is sold out; each try has the terms of its faults."""

    def __init__(self, street: Street) -> None:
        admin = street.place.admin.actor
        self.street, self.lin = street, street.volunteer()
        self.elsewhere = merchants.add_branch(admin, street.bakery.id, name="西门店", address="9 号")
        self.offers: dict[bool, Offer] = {gone: street.offer(stock=0 if gone else None) for gone in (False, True)}

    def refusal(self, *faults: Fault) -> str:
        """The code of the refusal where all these are wrong; "" where it is reserved."""
        names = {fault.name for fault in faults}
        offer = self._offered("stock" in names, faults)
        for fault in faults:
            if fault.does is not None:
                fault.does(self.street)
        code = "2222-2222-2222" if "code" in names else fresh_code(self.lin)
        try:
            reserved = redemptions.reserve(
                self.street.clerk.actor, offer.id, way=ByMemberCode(code), quantity=TWO, branch_id=self.street.branch.id
            )
        except Refused as refused:
            return refused.code
        finally:
            for fault in faults:
                if fault.heals is not None:
                    fault.heals(self.street)
        return self._given_back(reserved)

    def _offered(self, is_gone: bool, faults: tuple[Fault, ...]) -> Offer:
        terms = {name: value for fault in faults for name, value in fault.terms.items()}
        if "branch_ids" in terms:
            terms["branch_ids"] = (self.elsewhere.id,)
        return self.street.change(self.offers[is_gone], **terms)

    def _given_back(self, reserved: Redemption) -> str:
        redemptions.cancel(self.lin.actor, reserved.id)
        return ""


def fresh_code(person: Neighbour) -> str:
    return member_codes.create_member_code(person.actor).code


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_each_of_the_twelve_reasons_is_said_by_its_code(street: Street, fault: Fault):
    counter = Counter(street)
    assert counter.refusal() == ""
    assert counter.refusal(fault) == fault.code
    assert counter.refusal() == "", "what was refused has left nothing behind"


def test_of_two_reasons_the_earlier_one_is_said(street: Street):
    counter = Counter(street)
    found = {(one.name, other.name): counter.refusal(other, one) for one, other in combinations(FAULTS, 2)}
    assert found == {(one.name, other.name): one.code for one, other in combinations(FAULTS, 2)}


def test_a_code_that_does_not_hold_says_nothing_of_any_member(street: Street):
    """Unknown, used, replaced and expired codes: one sentence each, no figure, no name, whatever else is wrong."""
    poor, clerk = street.volunteer(0, "欧阳倩"), street.clerk.actor
    used, expired = (fresh_code(street.volunteer(0, name)) for name in ("甲", "乙"))
    tills.open_till(clerk, member_code=used)
    older, _newer = fresh_code(poor), fresh_code(poor)
    for code, wanted in (
        ("2222-2222-2222", "member_code_unknown"),
        (used, "member_code_used"),
        (older, "member_code_replaced"),
    ):
        with pytest.raises(Refused) as refused:
            redemptions.reserve(clerk, street.loaf.id, way=ByMemberCode(code))
        assert (refused.value.code, refused.value.facts) == (wanted, {})
    clock.advance(seconds=61)
    with pytest.raises(Refused) as late:
        redemptions.reserve(clerk, street.loaf.id, way=ByMemberCode(expired))
    assert (late.value.code, late.value.facts) == ("member_code_expired", {})
