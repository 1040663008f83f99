"""The rules of a redemption, in their order: agreement, offer, place, time, stock, caps, points, money."""

from __future__ import annotations

from datetime import date, time
from typing import Any

import pytest
from sqlalchemy import event

from ledger.book import plain_posting
from ledger.book.errors import InsufficientFunds, InsufficientPoints
from ledger.core import clock
from ledger.core.db import atomic, db
from ledger.core.errors import Refused
from ledger.rewards import agreements, merchants, offers, receipts, redemptions
from ledger.rewards.errors import (
    AgreementNotActive,
    AgreementSuspended,
    BillTooSmall,
    BranchExcluded,
    MemberCapReached,
    OfferNotActive,
    OutOfStock,
    WrongHour,
    WrongWeekday,
)
from ledger.rewards.models import Agreement, OfferKind, RedemptionState
from ledger.rewards.terms import is_open_at
from ledger.rewards.ways import ByPoster
from tests.ledger.rewards.street import NOON, Street, open_street


def test_a_suspended_agreement_stops_reservations_and_voids_open_ones(street: Street):
    lin = street.volunteer()
    reserved = street.reserve(lin)
    agreements.suspend_agreement(street.place.admin.actor, street.agreement.id)
    assert receipts.see_redemption(lin.actor, reserved.id).status == RedemptionState.CANCELLED
    with pytest.raises(AgreementSuspended):
        street.reserve(lin)
    agreements.resume_agreement(street.place.admin.actor, street.agreement.id)
    assert street.buy(lin).state == RedemptionState.CONFIRMED


def test_what_slipped_in_while_the_agreement_was_suspended_is_not_confirmed(street: Street):
    lin = street.volunteer()
    agreement = (street.id, street.agreement.id)
    reserved = street.reserve(lin)
    for state, refusal in (("suspended", AgreementSuspended), ("ended", AgreementNotActive)):
        atomic(lambda state=state: setattr(db.session.get_one(Agreement, agreement), "state", state))()
        with pytest.raises(refusal):
            redemptions.confirm(lin.actor, reserved.id)


def test_an_ended_agreement_gives_open_reservations_back(street: Street):
    lin = street.volunteer()
    street.reserve(lin)
    agreements.end_agreement(street.place.admin.actor, street.agreement.id)
    assert (street.available(lin), street.figures().reserved) == (100, 0)
    with pytest.raises(AgreementNotActive):
        street.reserve(lin)


@pytest.mark.parametrize(
    ("first", "last", "is_open"),
    [
        (date(2026, 11, 20), date(2026, 11, 20), True),
        (date(2026, 11, 21), date(2026, 12, 31), False),
        (date(2026, 1, 1), date(2026, 11, 19), False),
    ],
)
def test_an_agreement_holds_from_its_first_to_its_last_day(context: object, first: date, last: date, is_open: bool):
    street = open_street(starts_on=first, ends_on=last)
    try:
        lin = street.volunteer()
        if is_open:
            assert street.reserve(lin).state == RedemptionState.RESERVED
        else:
            with pytest.raises(AgreementNotActive):
                street.reserve(lin)
    finally:
        clock.move_to(None)


def test_an_offer_holds_from_its_first_to_its_last_day(street: Street):
    offer = street.offer(starts_on=date(2026, 11, 20), ends_on=date(2026, 11, 20))
    lin = street.volunteer()
    street.reserve(lin, offer)
    clock.move_to(clock.start_of_day(date(2026, 11, 21)))
    with pytest.raises(OfferNotActive):
        street.reserve(lin, offer)


def test_an_unapproved_or_ended_offer_cannot_be_taken(street: Street):
    lin, admin = street.volunteer(), street.place.admin.actor
    terms = offers.OfferTerms(name="蛋糕", points=5)
    draft = offers.draft_offer(admin, street.agreement.id, kind=OfferKind.GOODS, terms=terms)
    with pytest.raises(OfferNotActive):
        street.reserve(lin, draft)
    offers.end_offer(admin, street.loaf.id)
    with pytest.raises(OfferNotActive):
        street.reserve(lin)


def test_a_discount_needs_its_bill(street: Street):
    card = street.offer(kind=OfferKind.DISCOUNT_CARD, minimum_bill_fen=5_000)
    lin = street.volunteer()
    for bill in (None, 4_999):
        with pytest.raises(BillTooSmall):
            street.reserve(lin, card, bill_fen=bill)
    assert street.reserve(lin, card, bill_fen=5_000).bill_fen == 5_000


def test_an_offer_of_one_branch_is_refused_at_another(street: Street):
    admin = street.place.admin.actor
    west = merchants.add_branch(admin, street.bakery.id, name="西门店", address="南华街 9 号")
    offer = street.offer(branch_ids=(west.id,))
    lin = street.volunteer()
    with pytest.raises(BranchExcluded):
        street.reserve(lin, offer)
    way = ByPoster(merchants.poster_code(admin, west))
    assert redemptions.reserve(lin.actor, offer.id, way=way).branch_id == west.id


def test_another_branch_than_the_posters_is_refused_in_its_turn(street: Street):
    admin, lin = street.place.admin.actor, street.volunteer()
    west = merchants.add_branch(admin, street.bakery.id, name="西门店", address="南华街 9 号")
    with pytest.raises(BranchExcluded):
        street.reserve(lin, branch_id=west.id)
    agreements.suspend_agreement(admin, street.agreement.id)
    with pytest.raises(AgreementSuspended):
        street.reserve(lin, branch_id=west.id)


def test_the_poster_of_another_shop_is_refused(street: Street):
    admin = street.place.admin.actor
    salon = merchants.create_merchant(admin, "理发店", trade="理发")
    chair = merchants.add_branch(admin, salon.id, name="总店", address="南华街 3 号")
    way = ByPoster(merchants.poster_code(admin, chair))
    with pytest.raises(BranchExcluded):
        redemptions.reserve(street.volunteer().actor, street.loaf.id, way=way)


def test_weekdays_turn_at_midnight_in_shanghai(street: Street):
    friday_only = street.offer(weekdays=1 << 4)
    lin = street.volunteer()
    for moment, is_open in (
        (clock.start_of_day(date(2026, 11, 20)), True),
        (clock.start_of_day(date(2026, 11, 21)), False),
    ):
        clock.move_to(moment)
        if is_open:
            street.reserve(lin, friday_only)
        else:
            with pytest.raises(WrongWeekday):
                street.reserve(lin, friday_only)


@pytest.mark.parametrize(("hour", "minute", "is_open"), [(8, 59, False), (9, 0, True), (16, 59, True), (17, 0, False)])
def test_hours_open_inclusive_and_close_exclusive(street: Street, hour: int, minute: int, is_open: bool):
    offer = street.offer(from_time=time(9), until_time=time(17))
    lin = street.volunteer()
    clock.move_to(NOON.astimezone(clock.SHANGHAI).replace(hour=hour, minute=minute))
    if is_open:
        street.reserve(lin, offer)
    else:
        with pytest.raises(WrongHour):
            street.reserve(lin, offer)


@pytest.mark.parametrize(("hour", "is_open"), [(21, False), (22, True), (1, True), (2, False)])
def test_hours_may_run_over_midnight(hour: int, is_open: bool):
    assert is_open_at(time(22), time(2), time(hour)) is is_open


def test_the_last_piece_goes_once(street: Street):
    offer = street.offer(stock=1)
    street.reserve(street.volunteer(), offer)
    with pytest.raises(OutOfStock) as refused:
        street.reserve(street.volunteer(name="陈刚"), offer)
    assert refused.value.facts["left"] == 0


def test_caps_count_what_is_reserved_and_start_anew_with_the_period(street: Street):
    offer = street.offer(per_member_per_day=1, per_member_per_week=2)
    lin = street.volunteer()
    street.buy(lin, offer)
    with pytest.raises(MemberCapReached):
        street.reserve(lin, offer)
    clock.advance(days=1)
    street.buy(lin, offer)
    clock.advance(days=1)
    with pytest.raises(MemberCapReached) as refused:
        street.reserve(lin, offer)
    assert refused.value.facts["period"] == "week"
    clock.advance(days=1)
    assert street.reserve(lin, offer).state == RedemptionState.RESERVED


def test_more_pieces_at_once_than_the_cap_are_refused(street: Street):
    offer = street.offer(per_member_per_day=2)
    with pytest.raises(MemberCapReached):
        street.reserve(street.volunteer(), offer, quantity=3)


def test_points_and_then_money_are_looked_at_last(context: object):
    street = open_street(fund_fen=100)
    try:
        with pytest.raises(InsufficientPoints) as refused:
            street.reserve(street.volunteer(19))
        assert refused.value.facts == {"needed": 20, "available": 19}
        with pytest.raises(InsufficientFunds):
            street.reserve(street.volunteer(20))
    finally:
        clock.move_to(None)


def test_refusals_come_in_the_contracts_order(street: Street):
    """One by one the reasons are taken away; each time the next one is named."""
    admin = street.place.admin.actor
    west = merchants.add_branch(admin, street.bakery.id, name="西门店", address="南华街 9 号")
    poor, wrong = street.volunteer(1), {"branch_ids": (west.id,), "weekdays": 1, "until_time": time(9)}
    offer = street.offer(stock=0, points=5, per_member_per_day=0, **wrong)
    agreements.suspend_agreement(admin, street.agreement.id)

    def refusal() -> str:
        with pytest.raises(Refused) as refused:
            street.reserve(poor, offer)
        return str(refused.value)

    found = [refusal()]
    agreements.resume_agreement(admin, street.agreement.id)
    for cured in ("branch_ids", "weekdays", "until_time"):
        found.append(refusal())
        wrong.pop(cured)
        street.change(offer, points=5, per_member_per_day=0, **wrong)
    found.append(refusal())
    offers.restock_offer(admin, offer.id, pieces=9)
    found.append(refusal())
    street.change(offer, points=5)
    found.append(refusal())
    assert found == [
        "agreement_suspended",
        "branch_excluded",
        "wrong_weekday",
        "wrong_hour",
        "out_of_stock",
        "member_cap_reached",
        "insufficient_points",
    ]


def test_what_is_reserved_keeps_its_terms(street: Street):
    lin = street.volunteer()
    reserved = street.reserve(lin)
    street.change(street.loaf, points=99)
    confirmed = redemptions.confirm(lin.actor, reserved.id)
    assert (confirmed.offer_version, confirmed.points) == (1, 20)


def test_all_that_the_rules_need_is_read_in_one_statement(street: Street):
    lin = street.volunteer()
    # Free, because the fund's slots may have to be evened out first, which reads them.
    offer = street.offer(stock=9, per_member_per_day=9, per_member_per_week=9, price_fen=0)
    actor, way = lin.actor, street.poster
    reads = []

    def count(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        reads.extend(["read"] if statement.startswith("SELECT") and plain_posting.NAME not in statement else [])

    event.listen(db.engine, "before_cursor_execute", count)
    try:
        reserved = redemptions.reserve(actor, offer.id, way=way)
        assert len(reads) == 1
        redemptions.confirm(actor, reserved.id)
        assert len(reads) == 2
    finally:
        event.remove(db.engine, "before_cursor_execute", count)
