"""Who reserves, who confirms, what ends a reservation, and who sees it."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from ledger.book.accounts import payable_to, takings_of
from ledger.book.balances import account_balance
from ledger.book.errors import HoldEnded, InsufficientFunds, InsufficientPoints
from ledger.core import clock, jobs, numbers
from ledger.core.db import db
from ledger.core.errors import Forbidden, NotFound, WrongState
from ledger.core.ids import new_id
from ledger.rewards import funds, merchants, receipts, redemptions
from ledger.rewards.errors import (
    MemberCapReached,
    OutOfStock,
    OwnRedemption,
    ShopCodeUnknown,
)
from ledger.rewards.funds import FundFigures
from ledger.rewards.models import Offer, OfferKind, RedemptionState
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
    with pytest.raises(OwnRedemption):
        street.reserve(lin)


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
