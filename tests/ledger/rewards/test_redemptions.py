"""Who reserves, who confirms, what ends a reservation, and in which order a refusal is found."""

from __future__ import annotations

from datetime import date, time
from typing import Any

import pytest
from sqlalchemy import event

from ledger.book.accounts import payable_to, takings_of
from ledger.book.balances import account_balance
from ledger.book.errors import HoldEnded, InsufficientFunds, InsufficientPoints
from ledger.core import clock, jobs, numbers
from ledger.core.db import atomic, db
from ledger.core.errors import Forbidden, NotFound, Refused, WrongState
from ledger.core.ids import new_id
from ledger.rewards import agreements, funds, merchants, offers, receipts, redemptions
from ledger.rewards.errors import (
    AgreementNotActive,
    AgreementSuspended,
    BillTooSmall,
    BranchExcluded,
    MemberCapReached,
    OfferNotActive,
    OutOfStock,
    OwnRedemption,
    ShopCodeUnknown,
    WrongHour,
    WrongWeekday,
)
from ledger.rewards.funds import FundFigures
from ledger.rewards.models import Agreement, Offer, OfferKind, RedemptionState
from ledger.rewards.terms import is_open_at
from ledger.rewards.ways import ByPoster
from tests.ledger.rewards.street import NOON, Street, open_street
from tests.stories import Neighbour, open_neighbourhood


def test_a_reservation_sets_points_and_money_aside_but_moves_nothing(street: Street):
    lin = street.volunteer(100)
    reserved = street.reserve(lin, quantity=2)
    assert (reserved.state, reserved.points, reserved.gross_fen) == ("reserved", 40, 400)
    assert street.available(lin) == 60
    assert street.figures().reserved == 400
    assert account_balance(street.id, takings_of(street.bakery.id)) == 0


def test_the_members_confirmation_moves_points_and_fen_together(street: Street):
    lin = street.volunteer(100)
    confirmed = redemptions.confirm(lin.actor, street.reserve(lin, quantity=2).id)
    assert (confirmed.state, confirmed.confirmed_at, confirmed.confirmed_by) == ("confirmed", NOON, lin.person_id)
    assert account_balance(street.id, takings_of(street.bakery.id)) == 40
    assert account_balance(street.id, payable_to(street.bakery.id)) == 400
    assert street.figures() == FundFigures(granted=100_000, reserved=0, spent=400, left=99_600)


def test_a_receipt_has_a_public_number(street: Street):
    reserved = street.reserve(street.volunteer())
    assert numbers.is_public_number(reserved.receipt_number)
    assert reserved.receipt_number.startswith(street.place.community.short_code)


def test_a_price_per_piece_wins_over_the_rate(street: Street):
    cake = street.offer(price_fen=1_250)
    assert street.reserve(street.volunteer(), cake, quantity=3).gross_fen == 3_750


def test_a_free_gift_of_the_shop_holds_no_money(street: Street):
    gift = street.offer(kind=OfferKind.SHOP_POINTS, price_fen=0)
    lin = street.volunteer()
    assert street.buy(lin, gift).state == RedemptionState.CONFIRMED
    assert (street.available(lin), street.figures().spent) == (80, 0)


def test_a_clerk_reserves_with_the_members_code_and_only_the_member_confirms(street: Street):
    lin = street.volunteer()
    reserved = street.serve(lin)
    with pytest.raises(Forbidden):
        redemptions.confirm(street.clerk.actor, reserved.id)
    assert redemptions.confirm(lin.actor, reserved.id).state == RedemptionState.CONFIRMED


def test_not_even_the_staff_confirm_for_a_member(street: Street):
    reserved = street.reserve(street.volunteer())
    for person in (street.place.admin, street.place.treasurer, street.owner, street.volunteer(name="陈刚")):
        with pytest.raises(Forbidden):
            redemptions.confirm(person.actor, reserved.id)


def test_a_helper_reserves_for_a_member_who_then_confirms(street: Street):
    lin, helper = street.volunteer(), street.place.coordinator
    reserved = redemptions.reserve(helper.actor, street.loaf.id, way=street.poster, on_behalf_of=lin.member_id)
    assert (reserved.member_id, reserved.on_behalf_of) == (lin.member_id, lin.person_id)
    with pytest.raises(Forbidden):
        redemptions.confirm(helper.actor, reserved.id)
    assert redemptions.confirm(lin.actor, reserved.id).confirmed_by == lin.person_id


def test_a_member_cannot_reserve_for_a_neighbour(street: Street):
    lin, chen = street.volunteer(), street.volunteer(name="陈刚")
    with pytest.raises(Forbidden):
        redemptions.reserve(chen.actor, street.loaf.id, way=street.poster, on_behalf_of=lin.member_id)


def test_a_clerk_of_the_community_cannot_serve_themself(street: Street):
    lin = street.volunteer()
    merchants.appoint_clerk(street.place.admin.actor, street.bakery.id, person_id=lin.person_id, name="小林")
    with pytest.raises(OwnRedemption):
        redemptions.reserve(lin.actor, street.loaf.id, way=street.code_of(lin))


def test_a_clerk_who_is_no_member_cannot_redeem_by_the_poster(street: Street):
    with pytest.raises(Forbidden):
        redemptions.reserve(street.clerk.actor, street.loaf.id, way=street.poster)


def test_an_unknown_poster_is_refused(street: Street):
    lin = street.volunteer()
    other = open_neighbourhood("北塔社区").community.short_code
    for code in ("", "XX", f"{other}-{street.branch.code}", f"{street.place.community.short_code}-2345678"):
        with pytest.raises(ShopCodeUnknown):
            redemptions.reserve(lin.actor, street.loaf.id, way=ByPoster(code))


def test_an_offer_of_another_community_is_not_found(street: Street):
    stranger = open_neighbourhood("北塔社区").volunteer()
    with pytest.raises(NotFound):
        redemptions.reserve(stranger.actor, street.loaf.id, way=street.poster)


def test_a_redemption_of_another_community_is_not_found(street: Street):
    reserved = street.reserve(street.volunteer())
    stranger = open_neighbourhood("北塔社区").volunteer().actor
    for verb in (redemptions.confirm, redemptions.cancel, receipts.see_redemption):
        with pytest.raises(NotFound):
            verb(stranger, reserved.id)


# --- ends of a reservation --------------------------------------------------------------------------------------


def test_a_cancelled_reservation_gives_everything_back(street: Street):
    last = street.offer(stock=1, per_member_per_day=1)
    lin = street.volunteer()
    reserved = street.reserve(lin, last)
    assert redemptions.cancel(lin.actor, reserved.id).state == RedemptionState.CANCELLED
    assert (street.available(lin), street.figures().reserved) == (100, 0)
    assert street.reserve(lin, last).state == RedemptionState.RESERVED


def test_the_clerk_cancels_at_their_branch_and_no_other_member_does(street: Street):
    lin = street.volunteer()
    reserved = street.serve(lin)
    with pytest.raises(Forbidden):
        redemptions.cancel(street.volunteer(name="陈刚").actor, reserved.id)
    assert redemptions.cancel(street.clerk.actor, reserved.id).state == RedemptionState.CANCELLED


def test_an_ended_reservation_is_neither_confirmed_nor_cancelled(street: Street):
    lin = street.volunteer()
    reserved = street.reserve(lin)
    redemptions.cancel(lin.actor, reserved.id)
    for verb in (redemptions.confirm, redemptions.cancel):
        with pytest.raises(WrongState) as refused:
            verb(lin.actor, reserved.id)
        assert refused.value.facts["state"] == "cancelled"


def test_a_confirmed_redemption_is_not_confirmed_twice(street: Street):
    lin = street.volunteer()
    bought = street.buy(lin)
    with pytest.raises(WrongState):
        redemptions.confirm(lin.actor, bought.id)
    assert street.available(lin) == 80


def test_after_fifteen_minutes_a_reservation_cannot_be_confirmed(street: Street):
    lin = street.volunteer()
    reserved = street.reserve(lin)
    clock.advance(minutes=14, seconds=59)
    assert receipts.see_redemption(lin.actor, reserved.id).status == RedemptionState.RESERVED
    clock.advance(seconds=1)
    assert receipts.see_redemption(lin.actor, reserved.id).status == RedemptionState.EXPIRED
    with pytest.raises(HoldEnded):
        redemptions.confirm(lin.actor, reserved.id)


def test_the_clock_gives_back_what_nobody_confirmed(street: Street):
    last = street.offer(stock=1, per_member_per_week=1)
    lin = street.volunteer()
    reserved = street.reserve(lin, last)
    clock.advance(minutes=15)
    jobs.tick([street.id])
    assert receipts.see_redemption(lin.actor, reserved.id).redemption.state == RedemptionState.EXPIRED
    assert street.figures().reserved == 0
    assert db.session.get_one(Offer, (street.id, last.id)).stock == 1
    jobs.tick([street.id])


@pytest.mark.parametrize("limit", ["stock", "cap", "points", "fund"])
def test_nobody_waits_for_the_sweeper(context: object, limit: str):
    street = open_street(fund_fen=200)
    try:
        limits = {"stock": {"stock": 1}, "cap": {"per_member_per_week": 1}}
        offer = street.offer(**limits.get(limit, {}))
        lin = street.volunteer(20 if limit == "points" else 100)
        if limit != "fund":
            funds.grant_money(street.place.treasurer.actor, street.fund.id, amount_fen=10_000, donor="合伙人")
        other = street.volunteer(name="陈刚") if limit in ("stock", "fund") else lin
        street.reserve(other, offer)
        refusals = {
            "stock": OutOfStock,
            "cap": MemberCapReached,
            "points": InsufficientPoints,
            "fund": InsufficientFunds,
        }
        with pytest.raises(refusals[limit]):
            street.reserve(lin, offer)
        clock.advance(minutes=15)
        assert street.reserve(lin, offer).state == RedemptionState.RESERVED
    finally:
        clock.move_to(None)


# --- rules ------------------------------------------------------------------------------------------------------


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
        reads.extend(["read"] if statement.startswith("SELECT") else [])

    event.listen(db.engine, "before_cursor_execute", count)
    try:
        reserved = redemptions.reserve(actor, offer.id, way=way)
        assert len(reads) == 1
        redemptions.confirm(actor, reserved.id)
        assert len(reads) == 2
    finally:
        event.remove(db.engine, "before_cursor_execute", count)


# --- looking ----------------------------------------------------------------------------------------------------


def test_everybody_sees_their_own_part_and_names_are_masked_at_the_till(street: Street):
    lin, chen = street.volunteer(name="林秀芳"), street.volunteer(name="陈刚")
    street.serve(lin)
    street.buy(chen)

    def names(person: Neighbour, **asked: Any) -> list[str]:
        return [one.member_name for one in receipts.list_redemptions(person.actor, **asked)]

    assert (
        names(street.place.admin)
        == names(street.place.treasurer)
        == names(street.place.supervisor)
        == ["陈刚", "林秀芳"]
    )
    assert names(street.clerk) == names(street.owner) == ["陈*", "林*芳"]
    assert (names(lin), names(chen, mine=True)) == (["林秀芳"], ["陈刚"])
    assert names(street.place.admin, mine=True) == []
    assert names(street.clerk, status=RedemptionState.CONFIRMED) == ["陈*"]
    assert names(street.clerk, on=date(2026, 11, 19)) == []


def test_one_redemption_is_shown_to_those_whose_list_has_it(street: Street):
    admin = street.place.admin.actor
    west = merchants.add_branch(admin, street.bakery.id, name="西门店", address="南华街 9 号")
    reserved = street.reserve(street.volunteer())
    for person in (street.volunteer(name="陈刚"), street.at_counter("小李", branch=west)):
        assert receipts.list_redemptions(person.actor) == []
        with pytest.raises(Forbidden):
            receipts.see_redemption(person.actor, reserved.id)
    with pytest.raises(NotFound):
        receipts.see_redemption(admin, new_id())
