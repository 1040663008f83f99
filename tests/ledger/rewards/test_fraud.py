"""What must fail at the counter: replay and double submit, ended offers and agreements, guessing, a clerk alone."""

from __future__ import annotations

from collections import Counter
from functools import partial

import pytest
from flask import Flask

from ledger.core import clock
from ledger.core.errors import Forbidden, NotFound, TooManyRequests
from ledger.core.idempotency import Answer, Request, perform
from ledger.rewards import agreements, merchants, offers, receipts, redemptions, tills, vouchers
from ledger.rewards.errors import (
    AgreementNotActive,
    MemberCodeExpired,
    OfferNotActive,
    OwnRedemption,
    VoucherOver,
)
from ledger.rewards.models import RedemptionState
from ledger.rewards.ways import ByCard, ByMemberCode, ByTill
from tests.ledger.rewards.street import Street, at_once
from tests.ledger.rewards.test_card_redemptions import card_of
from tests.ledger.rewards.test_member_codes import ask, new_code


def test_f4_a_replay_a_double_press_and_a_race_pay_once(app: Flask, street: Street):
    lin = street.volunteer(100)
    actor, loaf = lin.actor, street.loaf.id
    reserved = redemptions.reserve(actor, loaf, way=street.poster)

    def press(key: str) -> Answer:
        request = Request(actor=actor, route="POST /confirm", key=key, fingerprint=b"")
        return perform(
            request,
            lambda: redemptions.confirm(actor, reserved.id),
            dump=lambda done: Answer(200, done.receipt_number),
            dump_refusal=lambda reason: Answer(409, reason.code),
        )

    answers = at_once(app, [partial(press, key) for key in ("one", "one", "two", "one", "two", "three")])
    said = Counter(answer.body for answer in answers)
    assert {answer.replayed for answer in answers} == {True, False}
    assert len([body for body in said if body == reserved.receipt_number]) == 1
    assert set(said) - {reserved.receipt_number} <= {"wrong_state", "hold_ended"}
    assert street.available(lin) == 80


def test_f7_what_has_ended_redeems_nothing_and_gives_back_what_was_begun(street: Street):
    lin, admin = street.volunteer(), street.place.admin.actor
    waiting, kept, cake = street.reserve(lin), vouchers.buy(lin.actor, street.loaf.id), street.offer(name="蛋糕")
    offers.end_offer(admin, cake.id)
    with pytest.raises(OfferNotActive):
        street.reserve(lin, cake)
    agreements.end_agreement(admin, street.agreement.id)
    assert receipts.see_redemption(lin.actor, waiting.id).status == RedemptionState.CANCELLED
    assert (street.available(lin), street.figures().reserved) == (100, 0)
    with pytest.raises(AgreementNotActive):
        street.reserve(lin)
    with pytest.raises(VoucherOver):
        vouchers.use(lin.actor, kept.id, way=street.poster)
    code = new_code(lin)
    with pytest.raises(AgreementNotActive):
        redemptions.reserve(street.clerk.actor, street.loaf.id, way=ByMemberCode(code))


def test_f9_whoever_guesses_codes_cards_or_pins_is_stopped_before_the_right_one(street: Street):
    lin, clerk = street.volunteer(), street.clerk.actor
    card = card_of(street, lin)

    def try_pin(pin: str) -> str:
        return ask(clerk, lambda: redemptions.reserve(clerk, street.loaf.id, way=ByCard(card, pin)))

    assert [try_pin(f"{number:04d}") for number in range(6)] == ["pin_wrong"] * 5 + ["pin_blocked"]
    assert try_pin("4827") == "pin_blocked"
    for _ in range(21):
        assert ask(clerk, lambda: tills.open_till(clerk, member_code="2222-2222-2222")) == "member_code_unknown"
    with pytest.raises(TooManyRequests):
        tills.open_till(clerk, member_code=new_code(lin))
    assert street.available(lin) == 100


def test_a_code_is_refused_61_seconds_after_it_was_made(street: Street):
    code = new_code(street.volunteer())
    clock.advance(seconds=61)
    with pytest.raises(MemberCodeExpired):
        redemptions.reserve(street.clerk.actor, street.loaf.id, way=ByMemberCode(code))


def test_a_code_is_refused_from_a_clerk_without_a_branch_here(street: Street):
    """Of another branch, of another shop, or of no counter any more: forbidden, and the code is good as before."""
    admin, lin = street.place.admin.actor, street.volunteer()
    west = merchants.add_branch(admin, street.bakery.id, name="西门店", address="9 号")
    salon = merchants.create_merchant(admin, "理发店", trade="理发")
    merchants.add_branch(admin, salon.id, name="总店", address="3 号")
    of_west, gone = street.at_counter("小李", branch=west), street.at_counter("小王", branch=street.branch)
    barber = street.at_counter("老周", branch=west)
    merchants.appoint_owner(admin, salon.id, person_id=barber.person_id, name="老周")
    for row in merchants.list_counter_staff(admin, street.bakery.id):
        if row.person_id in (gone.person_id, barber.person_id):
            merchants.end_counter(admin, row.id)
    code = new_code(lin)
    with pytest.raises(NotFound):  # Whose place ended is nobody here any more.
        assert gone.actor
    for who in (of_west, barber, street.place.volunteer("路人")):
        with pytest.raises(Forbidden):
            redemptions.reserve(who.actor, street.loaf.id, way=ByMemberCode(code), branch_id=street.branch.id)
        with pytest.raises(Forbidden):
            tills.open_till(who.actor, street.branch.id, member_code=code)
    assert tills.open_till(street.clerk.actor, member_code=code).member_name == "林*芳"


def test_a_clerk_alone_confirms_nothing(street: Street):
    """With a code, a visit, a card without its PIN, or as a member: what a clerk reserves waits for somebody else."""
    lin, clerk = street.volunteer(), street.clerk
    by_code = redemptions.reserve(clerk.actor, street.loaf.id, way=street.code_of(lin))
    till = tills.open_till(clerk.actor, member_code=new_code(lin))
    by_visit = redemptions.reserve(clerk.actor, street.loaf.id, way=ByTill(till.visit.id))
    by_poster = street.reserve(lin)
    for reserved in (by_code, by_visit, by_poster):
        for who in (clerk, street.owner, street.place.admin, street.place.treasurer):
            with pytest.raises(Forbidden):
                redemptions.confirm(who.actor, reserved.id)
    card = card_of(street, lin)
    assert ask(clerk.actor, lambda: redemptions.reserve(clerk.actor, street.loaf.id, way=ByCard(card, "0000"))) == (
        "pin_wrong"
    )
    merchants.appoint_clerk(street.place.admin.actor, street.bakery.id, person_id=lin.person_id, name="林秀芳")
    with pytest.raises(OwnRedemption):
        redemptions.reserve(lin.actor, street.loaf.id, way=ByMemberCode(new_code(lin)))
    assert {one.status for one in receipts.list_redemptions(lin.actor, mine=True)} == {RedemptionState.RESERVED}
