"""A paper card at the counter: its holder's PIN confirms, and nothing else does."""

from __future__ import annotations

from functools import partial

import pytest
from flask import Flask

from ledger.core import clock
from ledger.core.errors import Forbidden
from ledger.core.idempotency import Answer, Request, perform
from ledger.core.tenancy import Actor
from ledger.people import cards, guesses
from ledger.people.card_errors import CardLost, PinBlocked, PinRequired, PinWrong, UnknownCard
from ledger.rewards import receipts, tills
from ledger.rewards.errors import AgreementSuspended, OwnRedemption, TillClosed
from ledger.rewards.models import RedemptionState
from ledger.rewards.redemptions import reserve
from ledger.rewards.ways import ByCard, ByTill, Way
from tests.ledger.rewards.street import Street, at_once
from tests.stories import Neighbour

PIN = "4827"


def card_of(street: Street, person: Neighbour) -> str:
    assert person.member_id is not None
    return cards.hand_out(street.place.coordinator.actor, person.member_id, pin=PIN).code


def test_the_pin_confirms_at_once_and_the_holder_is_who_confirmed(street: Street):
    lin = street.volunteer(100)
    done = reserve(street.clerk.actor, street.loaf.id, way=ByCard(card_of(street, lin), PIN))
    assert (done.state, done.via, done.confirmed_by) == (RedemptionState.CONFIRMED, "card", lin.person_id)
    assert (done.reserved_by, street.available(lin)) == (street.clerk.person_id, 80)
    assert receipts.see_redemption(lin.actor, done.id).status == RedemptionState.CONFIRMED


def test_a_visit_opened_by_a_card_serves_more_than_once_each_with_the_pin(street: Street):
    lin = street.volunteer(100)
    till = tills.open_till(street.clerk.actor, card_code=card_of(street, lin))
    assert (till.member_name, till.visit.via) == ("林*芳", "card")
    for _ in range(2):
        done = reserve(street.clerk.actor, street.loaf.id, way=ByTill(till.visit.id, PIN))
        assert done.state == RedemptionState.CONFIRMED
    with pytest.raises(PinRequired):
        reserve(street.clerk.actor, street.loaf.id, way=ByTill(till.visit.id))
    with pytest.raises(PinWrong):
        reserve(street.clerk.actor, street.loaf.id, way=ByTill(till.visit.id, "9999"))
    assert street.available(lin) == 60


def test_a_card_that_is_lost_during_the_visit_confirms_nothing(street: Street):
    lin = street.volunteer(100)
    till = tills.open_till(street.clerk.actor, card_code=card_of(street, lin))
    assert lin.member_id is not None
    cards.report_lost(lin.actor, lin.member_id)
    with pytest.raises(CardLost):
        reserve(street.clerk.actor, street.loaf.id, way=ByTill(till.visit.id, PIN))
    clock.advance(minutes=10)
    with pytest.raises(TillClosed):
        reserve(street.clerk.actor, street.loaf.id, way=ByTill(till.visit.id, PIN))


def test_the_code_and_the_pin_are_looked_at_before_any_rule(street: Street):
    from ledger.rewards.agreements import suspend_agreement

    lin = street.volunteer(100)
    code = card_of(street, lin)
    suspend_agreement(street.place.admin.actor, street.agreement.id)
    with pytest.raises(UnknownCard):
        reserve(street.clerk.actor, street.loaf.id, way=ByCard("ABCD2345", PIN))
    with pytest.raises(PinWrong):
        reserve(street.clerk.actor, street.loaf.id, way=ByCard(code, "9999"))
    with pytest.raises(AgreementSuspended):
        reserve(street.clerk.actor, street.loaf.id, way=ByCard(code, PIN))


def test_nobody_serves_their_own_card_and_no_member_serves_themself(street: Street):
    from ledger.rewards import merchants

    lin = street.volunteer(100)
    code = card_of(street, lin)
    with pytest.raises(Forbidden):
        reserve(lin.actor, street.loaf.id, way=ByCard(code, PIN))
    merchants.appoint_clerk(street.place.admin.actor, street.bakery.id, person_id=lin.person_id, name="小林")
    with pytest.raises(OwnRedemption):
        reserve(lin.actor, street.loaf.id, way=ByCard(code, PIN))
    with pytest.raises(OwnRedemption):
        tills.open_till(lin.actor, card_code=code)


def test_two_tills_with_one_cards_pin_spend_what_is_there_once(app: Flask, street: Street):
    lin = street.volunteer(39)
    clerks = [street.clerk.actor, street.at_counter("小李").actor]
    way = ByCard(card_of(street, lin), PIN)
    answers = at_once(app, [partial(reserve, clerks[number % 2], street.loaf.id, way=way) for number in range(8)])
    assert (
        sorted(one if isinstance(one, str) else one.state for one in answers)
        == ["confirmed"] + ["insufficient_points"] * 7
    )
    assert street.available(lin) == 19


def test_eight_guesses_at_once_are_five_tries(app: Flask, street: Street):
    lin, clerk = street.volunteer(100), street.clerk.actor
    code = card_of(street, lin)
    answers = at_once(app, [partial(asked, clerk, street, ByCard(code, f"90{number}5")) for number in range(8)])
    assert sorted(answers) == ["pin_blocked"] * 3 + ["pin_wrong"] * 5
    with pytest.raises(PinBlocked):
        reserve(clerk, street.loaf.id, way=ByCard(code, PIN))


def asked(clerk: Actor, street: Street, way: Way) -> str:
    """The code of the refusal, asked for as a request is: in its turn, the try counted after the savepoint."""
    from ledger.core.db import atomic

    @atomic
    def run() -> Answer:
        guesses.take_turn(clerk)
        return perform(
            Request(actor=clerk, route="POST /redemptions", key=None, fingerprint=b""),
            lambda: reserve(clerk, street.loaf.id, way=way),
            dump=lambda _: Answer(201, "confirmed"),
            dump_refusal=lambda reason: Answer(409, reason.code),
        )

    return run().body
