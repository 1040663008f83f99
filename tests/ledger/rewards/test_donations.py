"""Donations to the community pot, and its published use by two people."""

from __future__ import annotations

from datetime import date
from functools import partial

import pytest
from flask import Flask

from ledger.book import expiry
from ledger.book.balances import member_balance
from ledger.book.cohorts import Expiring
from ledger.book.errors import InsufficientPoints
from ledger.book.receipts import see_receipt
from ledger.core import clock
from ledger.core.errors import Forbidden, NotFound, WrongState
from ledger.core.second_person import OwnStep
from ledger.core.tenancy import Role
from ledger.people import grants
from ledger.rewards import donations, pot_uses
from ledger.rewards.donation_models import DonationState, PotUseState
from ledger.rewards.errors import DonationStands, PotTooSmall
from ledger.rewards.pot_uses import Pot
from tests.ledger.rewards.street import Street, at_once
from tests.stories import open_neighbourhood


def given(street: Street, points: int) -> None:
    """So many points lie in the pot, for good."""
    donations.give(street.volunteer(points).actor, points)
    clock.advance(minutes=11)


def test_a_member_gives_own_points_that_expire_first_and_has_a_receipt(street: Street):
    lin = street.volunteer(10)
    expiry.set_policy(street.place.admin.actor, 2)
    street.award(lin, 30)
    donation = donations.give(lin.actor, 35, purpose="给独居老人买菜")
    assert donation.state == DonationState.GIVEN
    assert member_balance(street.id, lin.member_id).lifetime_spent == 35
    assert see_receipt(lin.actor, donation.transfer_id).transfer.amount == 35
    assert pot_uses.see_pot(lin.actor) == Pot(given=35, used=0, left=35, usable=0)
    with pytest.raises(InsufficientPoints):
        donations.give(lin.actor, 6)
    for who in (street.clerk, street.owner):
        with pytest.raises(Forbidden):
            donations.give(who.actor, 1)


def test_within_ten_minutes_it_goes_back_once_with_the_dates_it_had(street: Street):
    lin = street.volunteer(0)
    expiry.set_policy(street.place.admin.actor, 2)
    street.award(lin, 30)
    donation, kept = donations.give(lin.actor, 20), donations.give(lin.actor, 10)
    with pytest.raises(Forbidden):
        donations.undo(street.volunteer(0, "周").actor, donation.id)
    clock.advance(minutes=10)
    assert donations.undo(lin.actor, donation.id).state == DonationState.UNDONE
    with pytest.raises(WrongState):
        donations.undo(lin.actor, donation.id)
    clock.advance(seconds=1)
    with pytest.raises(DonationStands):
        donations.undo(lin.actor, kept.id)
    assert member_balance(street.id, lin.member_id).expiring == (Expiring(date(2027, 1, 31), 20),)
    assert pot_uses.see_pot(lin.actor) == Pot(10, 0, 10, 10)


def test_who_sees_which_donation(street: Street):
    lin, chen = street.volunteer(), street.volunteer(name="陈刚")
    donation = donations.give(lin.actor, 5, purpose="买花")
    assert [view.purpose for view in donations.list_donations(lin.actor)] == ["买花"]
    assert donations.see_donation(street.place.treasurer.actor, donation.id).member_name == "林秀芳"
    assert donations.list_donations(chen.actor) == []
    with pytest.raises(Forbidden):
        donations.see_donation(chen.actor, donation.id)
    with pytest.raises(Forbidden):
        donations.list_donations(street.clerk.actor)
    with pytest.raises(NotFound):
        donations.see_donation(open_neighbourhood("北塔社区").admin.actor, donation.id)


def test_a_use_is_booked_by_two_people_and_then_read_by_all(street: Street):
    given(street, 50)
    admin, treasurer, lin = street.place.admin.actor, street.place.treasurer.actor, street.volunteer(0).actor
    with pytest.raises(Forbidden):
        pot_uses.ask_use(treasurer, 10, words="我想用")
    with pytest.raises(PotTooSmall):
        pot_uses.ask_use(admin, 51, words="太多")
    use = pot_uses.ask_use(admin, 30, words="重阳节给 12 位老人送米")
    with pytest.raises(Forbidden):
        pot_uses.approve_use(admin, use.id)
    assert (pot_uses.list_uses(lin), len(pot_uses.list_uses(treasurer))) == ([], 1)
    pot_uses.approve_use(treasurer, use.id)
    with pytest.raises(WrongState):
        pot_uses.approve_use(treasurer, use.id)
    assert [one.words for one in pot_uses.list_uses(lin)] == ["重阳节给 12 位老人送米"]
    assert pot_uses.see_pot(lin) == Pot(50, 30, 20, 20)


def test_declined_and_withdrawn_uses_move_nothing(street: Street):
    given(street, 50)
    admin, treasurer = street.place.admin, street.place.treasurer
    declined, withdrawn = (pot_uses.ask_use(admin.actor, 10, words="买花") for _ in range(2))
    pot_uses.decline_use(treasurer.actor, declined.id)
    with pytest.raises(Forbidden):
        pot_uses.withdraw_use(street.place.staff(Role.ADMIN).actor, withdrawn.id)
    assert pot_uses.withdraw_use(admin.actor, withdrawn.id).state == PotUseState.WITHDRAWN
    both = street.place.staff(Role.ADMIN)
    grants.give_role(admin.actor, both.member_id, role=Role.TREASURER, unit_id=street.place.root.id)
    own = pot_uses.ask_use(both.actor, 10, words="自己批")
    with pytest.raises(OwnStep):
        pot_uses.approve_use(both.actor, own.id)
    assert pot_uses.see_pot(admin.actor).used == 0


def test_two_uses_at_once_never_take_more_than_there_is(app: Flask, street: Street):
    given(street, 50)
    uses = [pot_uses.ask_use(street.place.admin.actor, 30, words="米") for _ in range(2)]
    treasurer = street.place.treasurer.actor
    answers = at_once(app, [partial(pot_uses.approve_use, treasurer, use.id) for use in uses])
    assert sum(one == "pot_too_small" for one in answers) == 1
    assert pot_uses.see_pot(treasurer).left == 20
