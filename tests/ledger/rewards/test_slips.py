"""Numbered slips: each number once, in time, within its cap, and never below nothing; the shop bears the rest."""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest
from flask import Flask

from ledger.core import clock
from ledger.core.errors import Forbidden, Refused
from ledger.core.second_person import OwnStep
from ledger.people.card_errors import UnknownCard
from ledger.rewards import agreements, redemptions, slips
from ledger.rewards.errors import NoSlips, SlipUnknown, SlipUsed
from ledger.rewards.models import Redemption
from tests.ledger.rewards.street import NOON, Street, at_once
from tests.ledger.rewards.test_card_redemptions import card_of
from tests.stories import Neighbour


def pad_of(street: Street, **terms: Any) -> list[str]:
    """The numbers of a new pad, under an agreement with slips of at most 40 points."""
    street.agree(**{"slip_points": 40, "slip_days": 3} | terms)
    slips.print_pad(street.clerk.actor)
    return [slip.number for slip, _ in slips.list_pads(street.clerk.actor)[0][1]]


def enter(street: Street, number: str, card: str, *, by: Neighbour | None = None, **more: Any) -> Redemption:
    asked = {"offer_id": street.loaf.id, "filled_on": clock.today()} | more
    return slips.enter_slip((by or street.clerk).actor, number, card_code=card, **asked)


def refusal(street: Street, number: str, card: str, **more: Any) -> str:
    with pytest.raises(Refused) as refused:
        enter(street, number, card, **more)
    return refused.value.code


def test_a_slip_entered_in_time_is_the_members_to_confirm(street: Street):
    numbers, lin = pad_of(street), street.volunteer(100)
    assert (len(numbers), len(set(numbers))) == (20, 20)
    card = card_of(street, lin)
    clock.move_to(NOON + timedelta(days=3))
    entered = enter(street, numbers[0].lower(), card, quantity=2, filled_on=date(2026, 11, 20))
    assert (entered.state, entered.points, entered.expires_at) == ("reserved", 40, NOON + timedelta(days=10))
    assert (street.available(lin), street.figures().reserved) == (60, 400)
    with pytest.raises(Forbidden):
        redemptions.confirm(street.clerk.actor, entered.id)
    clock.advance(days=6)
    redemptions.confirm(lin.actor, entered.id)
    assert (street.available(lin), street.figures().spent) == (60, 400)
    assert slips.slip_of(street.id, entered.id).number == numbers[0]
    assert slips.list_waiting(street.place.admin.actor) == []


def test_the_community_accepts_for_whoever_has_no_phone_and_never_alone(street: Street):
    numbers, lin = pad_of(street), street.volunteer(100)
    entered = enter(street, numbers[0], card_of(street, lin))
    [(slip, _)] = slips.list_waiting(street.place.treasurer.actor)
    for person in (lin, street.owner, street.clerk, street.place.supervisor, street.place.stamper):
        with pytest.raises(Forbidden):
            slips.accept_slip(person.actor, slip.id)
    done = slips.accept_slip(street.place.treasurer.actor, slip.id)
    assert (done.id, done.state, done.confirmed_by) == (entered.id, "confirmed", street.place.treasurer.person_id)
    assert street.available(lin) == 80
    own = enter(street, numbers[1], _awarded_card(street, street.place.treasurer))
    mine = slips.slip_of(street.id, own.id)
    with pytest.raises(OwnStep):
        slips.accept_slip(street.place.treasurer.actor, mine.id)
    blank = slips.list_pads(street.owner.actor, street.branch.id)[0][1][5][0]
    with pytest.raises(SlipUnknown):
        slips.accept_slip(street.place.admin.actor, blank.id)


def _awarded_card(street: Street, who: Neighbour) -> str:
    street.award(who, 50)
    return card_of(street, who)


def test_a_slip_is_refused_for_what_is_wrong_with_it(street: Street):
    numbers, lin, poor = pad_of(street), street.volunteer(100), street.volunteer(10, "王强")
    card = card_of(street, lin)
    assert refusal(street, "999999K", card) == "slip_unknown"
    assert refusal(street, numbers[0], "2222-2222") == UnknownCard.code
    assert refusal(street, numbers[0], card, quantity=3) == "slip_over_cap"
    assert refusal(street, numbers[0], card, filled_on=clock.today() + timedelta(days=1)) == "slip_late"
    assert refusal(street, numbers[0], card, filled_on=clock.today() - timedelta(days=1)) == "slip_late"
    assert refusal(street, numbers[0], card_of(street, poor)) == "insufficient_points"
    assert (street.available(poor), street.available(lin)) == (10, 100)
    other = street.at_counter("别店店员", branch=street.branch)
    enter(street, numbers[0], card, by=other)
    assert refusal(street, numbers[0], card) == "slip_used"
    clock.advance(days=4)
    assert refusal(street, numbers[1], card, filled_on=date(2026, 11, 20)) == "slip_late"
    agreements.suspend_agreement(street.place.admin.actor, street.agreement.id)
    assert refusal(street, numbers[1], card) == "agreement_suspended"


def test_what_was_cancelled_can_be_entered_again_and_what_nobody_confirms_goes_back(street: Street):
    numbers, lin = pad_of(street, slip_days=14), street.volunteer(100)
    card = card_of(street, lin)
    redemptions.cancel(lin.actor, enter(street, numbers[0], card).id)
    again = enter(street, numbers[0], card, quantity=2)
    assert slips.slip_of(street.id, again.id).number == numbers[0]
    clock.advance(days=7, seconds=1)
    third = enter(street, numbers[0], card, filled_on=date(2026, 11, 20))
    redemptions.confirm(lin.actor, third.id)
    with pytest.raises(SlipUsed):
        enter(street, numbers[0], card)
    assert street.available(lin) == 80


def test_no_pad_without_a_term_nor_more_than_forty_blank(street: Street):
    with pytest.raises(NoSlips):
        slips.print_pad(street.clerk.actor)
    pad_of(street)
    slips.print_pad(street.owner.actor, street.branch.id)
    with pytest.raises(Refused) as refused:
        slips.print_pad(street.clerk.actor)
    assert refused.value.code == "slips_left"
    with pytest.raises(Forbidden):
        slips.print_pad(street.place.admin.actor, street.branch.id)


def test_a_pad_is_good_for_thirty_days_and_makes_room_for_another(street: Street):
    """F4: an old slip that lies about buys nothing, whatever day is written on it."""
    numbers, lin = pad_of(street), street.volunteer(100)
    slips.print_pad(street.clerk.actor)
    card, last = card_of(street, lin), clock.today() + timedelta(days=30)
    clock.move_to(NOON + timedelta(days=30))
    with pytest.raises(Refused, match="slips_left"):
        slips.print_pad(street.clerk.actor)
    enter(street, numbers[0], card)
    clock.advance(days=1)
    assert refusal(street, numbers[1], card) == "slip_expired"
    enter(street, numbers[1], card, filled_on=last)
    clock.advance(days=3)
    assert refusal(street, numbers[2], card) == "slip_expired"
    assert refusal(street, numbers[2], card, filled_on=last) == "slip_late"
    slips.print_pad(street.clerk.actor)
    slips.print_pad(street.clerk.actor)
    assert street.available(lin) == 60


def test_two_who_enter_one_number_at_once_have_one_winner(app: Flask, street: Street):
    numbers, lin = pad_of(street), street.volunteer(100)
    card, clerk, owner = card_of(street, lin), street.clerk.actor, street.owner.actor
    asked = {"card_code": card, "offer_id": street.loaf.id, "filled_on": clock.today()}
    answers = at_once(app, [partial(slips.enter_slip, one, numbers[0], **asked) for one in (clerk, owner)])
    assert sorted(one if isinstance(one, str) else one.state for one in answers) == ["reserved", "slip_used"]
    assert street.available(lin) == 80
