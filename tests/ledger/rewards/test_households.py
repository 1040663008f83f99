"""What a household and a person may take of an offer in all, whoever of them comes."""

from __future__ import annotations

from collections import Counter
from functools import partial

import pytest
from flask import Flask

from ledger.core import clock
from ledger.people import households
from ledger.people.models import Household
from ledger.rewards import redemptions, refunds, vouchers
from ledger.rewards.errors import HouseholdCapReached, PersonCapReached
from tests.ledger.rewards.street import Street, at_once
from tests.stories import Neighbour


def at_home(street: Street, *people: Neighbour) -> Household:
    """These people are one household."""
    ids = [one.member_id for one in people if one.member_id is not None]
    return households.form_household(street.place.admin.actor, "三号楼林家", member_ids=ids)


def test_a_household_takes_a_week_what_its_members_take_together(street: Street):
    lin, son, chen = (street.volunteer(200, name) for name in ("林秀芳", "林小宝", "陈刚"))
    home = at_home(street, lin, son)
    flour = street.offer(name="面粉", per_household_per_week=2)
    street.buy(lin, flour)
    kept = vouchers.buy(son.actor, flour.id)
    for who in (lin, son):
        with pytest.raises(HouseholdCapReached) as refused:
            street.reserve(who, flour)
    assert refused.value.facts == {"cap": 2}
    street.buy(chen, flour, quantity=2)
    with pytest.raises(HouseholdCapReached):  # Nobody else is at home: alone, one is a household too.
        street.reserve(chen, flour)

    vouchers.return_voucher(son.actor, kept.id)
    waiting = street.reserve(son, flour)
    with pytest.raises(HouseholdCapReached):
        street.reserve(lin, flour)
    clock.advance(minutes=16)  # What nobody confirms in time counts no more, swept or not.
    refunds.refund(street.clerk.actor, street.buy(lin, flour).id, reason="面粉受潮")
    assert redemptions.state_at(waiting, clock.now()) == "expired"
    street.buy(son, flour)
    assert lin.member_id is not None
    households.leave_household(street.place.admin.actor, lin.member_id, household_id=home.id)
    street.buy(lin, flour)  # Her own loaf and this bag are two; her son's is another household's.
    with pytest.raises(HouseholdCapReached):
        street.reserve(lin, flour)
    clock.advance(days=7)
    street.buy(lin, flour)


def test_a_person_takes_in_all_what_the_offer_gives_to_one(street: Street):
    lin, chen = street.volunteer(200), street.volunteer(name="陈刚")
    welcome = street.offer(name="见面礼", per_person=1)
    street.buy(lin, welcome)
    clock.advance(days=70)
    with pytest.raises(PersonCapReached) as refused:
        street.reserve(lin, welcome)
    assert refused.value.facts == {"cap": 1}
    assert street.buy(chen, welcome).quantity == 1


@pytest.mark.parametrize("limit", ["per_household_per_week", "per_person"])
def test_of_many_at_once_as_many_take_it_as_the_limit_says(app: Flask, street: Street, limit: str):
    offer = street.offer(points=1, **{limit: 3})
    people = [street.volunteer(name=f"家人{n}") for n in range(4 if limit == "per_household_per_week" else 1)]
    at_home(street, *people)
    way = street.poster
    actors = [one.actor for one in people] * (12 // len(people))
    answers = at_once(app, [partial(redemptions.reserve, actor, offer.id, way=way) for actor in actors])
    refusal = "household_cap_reached" if limit == "per_household_per_week" else "person_cap_reached"
    assert Counter(answer if isinstance(answer, str) else "reserved" for answer in answers) == {
        "reserved": 3,
        refusal: 9,
    }
