"""Households: who is of one home, and who is no more."""

from __future__ import annotations

import pytest

from ledger.core.errors import AlreadyExists, Forbidden, NotFound
from ledger.people import households
from tests.stories import Neighbourhood, open_neighbourhood


@pytest.fixture
def place(context: object) -> Neighbourhood:
    return open_neighbourhood()


def test_a_household_is_renamed_joined_and_left(place: Neighbourhood) -> None:
    admin, lin, chen = place.admin.actor, place.volunteer(), place.volunteer("陈刚")
    assert lin.member_id is not None
    assert chen.member_id is not None
    home = households.form_household(admin, "501", member_ids=[lin.member_id])
    assert households.rename_household(admin, home.id, "502").name == "502"
    households.join_household(admin, home.id, chen.member_id)
    assert lin.actor.household_id == chen.actor.household_id == home.id
    with pytest.raises(AlreadyExists):
        households.join_household(admin, home.id, chen.member_id)
    households.leave_household(admin, chen.member_id, household_id=home.id)
    assert chen.actor.household_id is None
    with pytest.raises(NotFound):
        households.leave_household(admin, chen.member_id, household_id=home.id)
    assert [one.id for one in households.see_household(admin, home.id)[1]] == [lin.member_id]


def test_only_an_admin_changes_households(place: Neighbourhood) -> None:
    lin = place.volunteer()
    assert lin.member_id is not None
    home = households.form_household(place.admin.actor, "501", member_ids=[lin.member_id])
    for who in (lin, place.coordinator, place.supervisor):
        with pytest.raises(Forbidden):
            households.rename_household(who.actor, home.id, "502")
        with pytest.raises(Forbidden):
            households.join_household(who.actor, home.id, lin.member_id)
        with pytest.raises(Forbidden):
            households.see_household(who.actor, home.id)
