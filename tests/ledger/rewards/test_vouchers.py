"""Vouchers: bought, used once, blocked, returned, expired; every point and every fen is somewhere all the time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, time, timedelta
from functools import partial

import pytest
from flask import Flask

from ledger.book import expiry
from ledger.book.accounts import payable_to, pot_of, takings_of, vouchers_of
from ledger.book.balances import account_balance, member_balance
from ledger.book.checking import run_checks
from ledger.book.cohorts import Expiring
from ledger.core import clock, registry
from ledger.core.db import atomic, db
from ledger.core.errors import Forbidden, NotFound, WrongState
from ledger.core.numbers import last_four
from ledger.people import erasures, inbox, merges
from ledger.people.leaving import leave
from ledger.people.models import LeftReason
from ledger.rewards import (
    agreements,
    donations,
    redemptions,
    refunds,
    tills,
    voucher_ends,
    voucher_notices,
    voucher_reading,
    vouchers,
)
from ledger.rewards.donation_models import Donation
from ledger.rewards.errors import (
    AgreementSuspended,
    BillTooSmall,
    NotSoldAsVoucher,
    OutOfStock,
    VoucherBlocked,
    VoucherInUse,
    VoucherOver,
    WrongWeekday,
)
from ledger.rewards.models import Offer, OfferKind, Redemption, RedemptionState
from ledger.rewards.voucher_models import Voucher, VoucherState
from ledger.rewards.ways import ByTill
from ledger.settlement import closing, lines
from tests.ledger.rewards.street import NOON, Street, at_once
from tests.stories import Neighbour, open_neighbourhood


def books(street: Street) -> dict[str, int]:
    """What lies where, in points and fen."""
    shop = street.bakery.id
    figures = street.figures()
    return {
        "vouchers": account_balance(street.id, vouchers_of(shop)),
        "takings": account_balance(street.id, takings_of(shop)),
        "payable": account_balance(street.id, payable_to(shop)),
        "reserved": figures.reserved,
        "spent": figures.spent,
    }


NOTHING = {"vouchers": 0, "takings": 0, "payable": 0, "reserved": 0, "spent": 0}


def use(street: Street, voucher: Voucher, person: Neighbour) -> Redemption:
    """At the counter by the person's code, and confirmed on their phone."""
    begun = vouchers.use(street.clerk.actor, voucher.id, way=street.code_of(person))
    return redemptions.confirm(person.actor, begun.id)


def test_a_voucher_is_paid_for_at_once_and_pays_the_shop_when_it_is_used(street: Street):
    lin = street.volunteer()
    voucher = vouchers.buy(lin.actor, street.loaf.id, quantity=2)
    assert (voucher.state, voucher.valid_until, voucher.points) == ("issued", date(2027, 2, 18), 40)
    assert street.available(lin) == 60
    assert books(street) == NOTHING | {"vouchers": 40, "reserved": 400}

    clock.advance(days=30)
    begun = vouchers.use(street.clerk.actor, voucher.id, way=street.code_of(lin))
    assert (begun.state, begun.voucher_id) == (RedemptionState.RESERVED, voucher.id)
    with pytest.raises(Forbidden):
        redemptions.confirm(street.clerk.actor, begun.id)
    used = redemptions.confirm(lin.actor, begun.id)
    assert books(street) == NOTHING | {"takings": 40, "payable": 400, "spent": 400}
    assert (street.available(lin), voucher_state(street, voucher)) == (60, VoucherState.USED)
    code = street.code_of(lin)
    with pytest.raises(VoucherOver):
        vouchers.use(street.clerk.actor, voucher.id, way=code)
    with pytest.raises(VoucherOver):
        vouchers.return_voucher(lin.actor, voucher.id)
    assert used.confirmed_at == clock.now()


def voucher_state(street: Street, voucher: Voucher) -> str:
    return db.session.get_one(Voucher, (street.id, voucher.id), populate_existing=True).state


def test_price_and_rules_are_those_of_the_day_of_purchase(street: Street):
    offer = street.offer(kind=OfferKind.WAIVER_CARD, minimum_bill_fen=3000, voucher_days=10)
    lin = street.volunteer()
    voucher = vouchers.buy(lin.actor, offer.id)
    assert voucher.valid_until == date(2026, 11, 30)
    street.change(offer, points=50, weekdays=1)  # Mondays; today is Friday.
    street.agree(rate_fen=500)
    with pytest.raises(BillTooSmall):
        vouchers.use(street.clerk.actor, voucher.id, way=street.code_of(lin), bill_fen=2999)
    begun = vouchers.use(street.clerk.actor, voucher.id, way=street.code_of(lin), bill_fen=3000)
    assert (begun.points, begun.gross_fen, begun.offer_version) == (20, 200, voucher.offer_version)
    redemptions.confirm(lin.actor, begun.id)
    monday_only = street.offer(weekdays=1, until_time=time(1))
    later = vouchers.buy(lin.actor, monday_only.id)  # Bought on any day, used on its own.
    with pytest.raises(WrongWeekday):
        vouchers.use(street.clerk.actor, later.id, way=street.code_of(lin))
    assert books(street)["payable"] == 200


def test_it_is_never_valid_after_the_end_of_the_agreement(street: Street):
    street.agree(ends_on=date(2026, 12, 1))
    assert vouchers.buy(street.volunteer().actor, street.loaf.id).valid_until == date(2026, 12, 1)


def test_who_cannot_buy(street: Street):
    lin = street.volunteer(20)
    shop_points, counter_only = street.offer(kind=OfferKind.SHOP_POINTS), street.offer(voucher_days=0)
    for offer in (shop_points, counter_only):
        with pytest.raises(NotSoldAsVoucher):
            vouchers.buy(lin.actor, offer.id)
    with pytest.raises(Forbidden):
        vouchers.buy(street.clerk.actor, street.loaf.id)
    with pytest.raises(OutOfStock):
        vouchers.buy(lin.actor, street.offer(stock=1).id, quantity=2)
    elsewhere = open_neighbourhood("北塔社区")
    with pytest.raises(NotFound):
        vouchers.buy(elsewhere.volunteer("周").actor, street.loaf.id)
    agreements.suspend_agreement(street.place.admin.actor, street.agreement.id)
    with pytest.raises(AgreementSuspended):
        vouchers.buy(lin.actor, street.loaf.id)
    assert (street.available(lin), books(street)) == (20, NOTHING)


def test_the_till_shows_what_can_be_used_here_and_why_not_the_rest(street: Street):
    lin = street.volunteer()
    usable, blocked = (vouchers.buy(lin.actor, street.loaf.id) for _ in range(2))
    vouchers.block(lin.actor, blocked.id)
    till = tills.open_till(street.clerk.actor, member_code=street.code_of(lin).code)
    shown = {view.voucher.id: [reason.code for reason in view.reasons] for view in till.vouchers}
    assert shown == {usable.id: [], blocked.id: ["voucher_blocked"]}
    with pytest.raises(NotFound):  # A clerk cannot take one neighbour's voucher for another.
        vouchers.use(street.clerk.actor, usable.id, way=street.code_of(street.volunteer(0, "周")))
    begun = vouchers.use(street.clerk.actor, usable.id, way=ByTill(till.visit.id))
    assert redemptions.confirm(lin.actor, begun.id).state == RedemptionState.CONFIRMED


def test_one_counter_at_a_time_and_what_nobody_confirms_can_be_shown_again(street: Street):
    lin = street.volunteer()
    voucher = vouchers.buy(lin.actor, street.loaf.id)
    begun = vouchers.use(street.clerk.actor, voucher.id, way=street.code_of(lin))
    with pytest.raises(VoucherInUse):
        vouchers.use(street.clerk.actor, voucher.id, way=street.code_of(lin))
    redemptions.cancel(lin.actor, begun.id)
    forgotten = vouchers.use(street.clerk.actor, voucher.id, way=street.code_of(lin))
    clock.advance(minutes=15)
    again = vouchers.use(street.clerk.actor, voucher.id, way=street.code_of(lin))
    states = [db.session.get_one(Redemption, (street.id, one.id)).state for one in (begun, forgotten)]
    assert states == [RedemptionState.CANCELLED, RedemptionState.EXPIRED]
    vouchers.return_voucher(lin.actor, voucher.id)
    with pytest.raises(WrongState):
        redemptions.confirm(lin.actor, again.id)
    assert (street.available(lin), books(street)) == (100, NOTHING)


def test_blocked_by_its_owner_or_the_community_nobody_uses_it(street: Street):
    lin, admin = street.volunteer(), street.place.admin
    voucher = vouchers.buy(lin.actor, street.loaf.id)
    begun = vouchers.use(street.clerk.actor, voucher.id, way=street.code_of(lin))
    with pytest.raises(Forbidden):
        vouchers.block(street.volunteer(0, "周").actor, voucher.id)
    vouchers.block(admin.actor, voucher.id)
    with pytest.raises(WrongState):
        redemptions.confirm(lin.actor, begun.id)
    with pytest.raises(VoucherBlocked):
        vouchers.use(street.clerk.actor, voucher.id, way=street.code_of(lin))
    with pytest.raises(VoucherBlocked):
        vouchers.return_voucher(lin.actor, voucher.id)
    with pytest.raises(Forbidden):  # What staff blocked, staff unblock.
        vouchers.unblock(lin.actor, voucher.id)
    vouchers.unblock(admin.actor, voucher.id)
    vouchers.block(lin.actor, voucher.id)
    with pytest.raises(WrongState):
        vouchers.block(lin.actor, voucher.id)
    vouchers.unblock(lin.actor, voucher.id)
    assert use(street, voucher, lin).state == RedemptionState.CONFIRMED


def test_returned_points_and_pieces_are_as_before_with_their_own_dates(street: Street):
    lin = street.volunteer(10)
    expiry.set_policy(street.place.admin.actor, 2)
    street.award(lin, 30)
    offer = street.offer(stock=1, per_member_per_day=1)
    before = member_balance(street.id, lin.member_id)
    assert before.expiring == (Expiring(date(2027, 1, 31), 30),)
    voucher = vouchers.buy(lin.actor, offer.id)
    assert member_balance(street.id, lin.member_id).expiring == (Expiring(date(2027, 1, 31), 10),)
    vouchers.return_voucher(lin.actor, voucher.id)
    assert member_balance(street.id, lin.member_id) == before
    assert db.session.get_one(Offer, (street.id, offer.id)).stock == 1
    again = vouchers.buy(lin.actor, offer.id)  # The day's limit counts it no more.
    with pytest.raises(Forbidden):
        vouchers.return_voucher(street.place.admin.actor, again.id)
    assert books(street) == NOTHING | {"vouchers": 20, "reserved": 200}


def test_after_its_last_day_the_points_come_back_once(street: Street):
    lin = street.volunteer()
    free = street.offer(price_fen=0)
    bought = [vouchers.buy(lin.actor, one.id) for one in (street.loaf, street.loaf, free)]
    vouchers.block(lin.actor, bought[1].id)
    clock.move_to(clock.start_of_day(bought[0].valid_until + timedelta(days=1)))
    with pytest.raises(VoucherOver):  # Over, whether the clock's work was done or not.
        vouchers.use(street.clerk.actor, bought[0].id, way=street.code_of(lin))
    assert {view.status for view in voucher_reading.list_vouchers(lin.actor)} == {VoucherState.EXPIRED}
    for _ in range(2):
        voucher_ends.expire_vouchers(street.id, "")
    assert {voucher_state(street, one) for one in bought} == {VoucherState.EXPIRED}
    assert (street.available(lin), books(street)) == (100, NOTHING)


def test_its_holder_is_told_seven_days_and_one_day_before_the_last_once_each(street: Street):
    lin, twice = street.volunteer(), street.volunteer(name="林")
    bought = [vouchers.buy(one.actor, street.loaf.id) for one in (lin, lin, twice)]
    brief = vouchers.buy(lin.actor, street.offer(voucher_days=5).id)
    used, blocked = bought[:2]
    vouchers.block(lin.actor, blocked.id)
    asked = merges.ask_merge(street.place.admin.actor, twice.member_id, lin.member_id, reason="同一个人")
    merges.approve_merge(street.place.treasurer.actor, asked.id)

    def told_on(day: date) -> dict[str, list[int]]:
        """By the last digits of a voucher, how many days were said to be left, to whoever holds it."""
        clock.move_to(clock.start_of_day(day) + timedelta(hours=1))
        for _ in range(2):
            voucher_notices.tell_of_vouchers(street.id, "")
        told: dict[str, list[int]] = {}
        for notice in inbox.list_notices(lin.actor, community_id=street.id):
            if notice.notice.kind == voucher_notices.ENDS_SOON.name:
                facts = notice.notice.facts
                told.setdefault(facts["number"], []).insert(0, facts["days"])
        return told

    first, second, third, soon = (last_four(one.number) for one in (*bought, brief))
    last = used.valid_until
    assert told_on(brief.valid_until - timedelta(days=2)) == {}, "who buys for five days knows"
    assert told_on(brief.valid_until) == {soon: [0]}, "the day before no tick came"
    voucher_ends.expire_vouchers(street.id, "")
    assert set(told_on(last - timedelta(days=8))) == {soon}
    assert told_on(last - timedelta(days=7)) == {soon: [0], first: [7], second: [7], third: [7]}
    use(street, used, lin)
    assert told_on(last - timedelta(days=1)) == {soon: [0], first: [7], second: [7, 1], third: [7, 1]}
    assert told_on(last + timedelta(days=1)) == told_on(last)


def test_the_end_of_an_agreement_gives_everything_back(street: Street):
    lin, chen = street.volunteer(), street.volunteer(name="陈")
    for person in (lin, chen):
        vouchers.buy(person.actor, street.loaf.id)
    agreements.end_agreement(street.place.admin.actor, street.agreement.id)
    assert [street.available(one) for one in (lin, chen)] == [100, 100]
    assert {view.status for view in voucher_reading.list_vouchers(street.place.admin.actor)} == {VoucherState.RETURNED}
    assert books(street) == NOTHING


def test_a_use_is_undone_and_refunded_as_any_redemption_with_the_dates_of_the_purchase(street: Street):
    lin = street.volunteer(0)
    expiry.set_policy(street.place.admin.actor, 2)
    street.award(lin, 40)
    undone, part = (use(street, vouchers.buy(lin.actor, street.loaf.id), lin) for _ in range(2))
    refunds.undo(street.clerk.actor, undone.id)
    refunds.refund(street.place.treasurer.actor, part.id, points=5, reason="少一片")
    assert member_balance(street.id, lin.member_id).expiring == (Expiring(date(2027, 1, 31), 25),)
    assert books(street) == NOTHING | {"takings": 15, "payable": 150, "spent": 150}
    assert len(voucher_reading.list_vouchers(lin.actor, status=VoucherState.USED)) == 2


def test_each_use_stands_in_exactly_one_statement_that_of_the_week_of_its_use(street: Street):
    lin = street.volunteer()
    first, second, unused = (vouchers.buy(lin.actor, street.loaf.id) for _ in range(3))
    clock.advance(days=7)
    used = use(street, first, lin)
    clock.advance(days=7)
    late = use(street, second, lin)
    found = []
    for week in ("2026-W47", "2026-W48", "2026-W49", "2026-W49"):
        if clock.week_bounds(week)[1] > clock.now():
            clock.move_to(clock.week_bounds(week)[1])
        statements = closing.close_week(street.place.treasurer.actor, week)
        found.append([line.receipt_number for one in statements for line in lines.lines_of(street.id, one.id)])
    assert found == [[], [used.receipt_number], [late.receipt_number], []]
    assert voucher_state(street, unused) == VoucherState.ISSUED


def test_whoever_leaves_has_the_points_again(street: Street):
    lin = street.volunteer()
    vouchers.buy(lin.actor, street.loaf.id)
    leave(lin.actor, lin.member_id, reason=LeftReason.MOVED)
    assert (street.available(lin), books(street)) == (100, NOTHING)


def test_vouchers_of_a_merged_member_are_their_persons(street: Street):
    lin, double = street.volunteer(0), street.volunteer(name="林秀芳")
    voucher = vouchers.buy(double.actor, street.loaf.id)
    asked = merges.ask_merge(street.place.admin.actor, double.member_id, lin.member_id, reason="同一个人")
    merges.approve_merge(street.place.treasurer.actor, asked.id)
    assert [one.voucher.id for one in voucher_reading.list_vouchers(lin.actor, mine=True)] == [voucher.id]
    vouchers.return_voucher(lin.actor, voucher.id)
    assert (street.available(lin), books(street)) == (100, NOTHING)


def test_who_sees_which_voucher(street: Street):
    lin, chen = street.volunteer(), street.volunteer(name="陈刚")
    voucher = vouchers.buy(lin.actor, street.loaf.id)
    seen = [voucher_reading.see_voucher(who.actor, voucher.id).member_name for who in (lin, street.place.admin)]
    assert seen == ["林秀芳", "林秀芳"]
    assert "秀" not in voucher_reading.see_voucher(street.owner.actor, voucher.id).member_name
    with pytest.raises(Forbidden):
        voucher_reading.see_voucher(chen.actor, voucher.id)
    with pytest.raises(NotFound):
        voucher_reading.see_voucher(open_neighbourhood("北塔社区").admin.actor, voucher.id)
    assert voucher_reading.list_vouchers(chen.actor) == []
    assert len(voucher_reading.list_vouchers(street.place.admin.actor, number=voucher.number[:8])) == 1


@pytest.mark.breaks_books
def test_the_check_finds_a_voucher_that_the_books_do_not_know(street: Street):
    voucher = vouchers.buy(street.volunteer().actor, street.loaf.id)
    assert run_checks() == []
    _damage(street, voucher)
    assert {one.check for one in run_checks()} == {"vouchers_match"}


@atomic
def _damage(street: Street, voucher: Voucher) -> None:
    row = db.session.get_one(Voucher, (street.id, voucher.id))
    row.state, row.ended_at = VoucherState.USED, NOON


def test_of_two_at_once_one_wins(app: Flask, street: Street):
    """Used and returned, expired and returned, returned twice, bought for the last piece: one of each."""
    lin = street.volunteer()
    last = street.offer(stock=1)

    def winners(*calls: Callable[[], object]) -> int:
        return sum(not isinstance(one, str) for one in at_once(app, list(calls)))

    voucher = vouchers.buy(lin.actor, street.loaf.id)
    begun = vouchers.use(street.clerk.actor, voucher.id, way=street.code_of(lin))
    back, confirm = (
        partial(vouchers.return_voucher, lin.actor, voucher.id),
        partial(redemptions.confirm, lin.actor, begun.id),
    )
    assert winners(back, confirm) == 1
    second = vouchers.buy(lin.actor, street.loaf.id)
    assert winners(*[partial(vouchers.return_voucher, lin.actor, second.id)] * 3) == 1
    assert winners(*[partial(vouchers.buy, lin.actor, last.id)] * 3) == 1
    third = vouchers.buy(lin.actor, street.loaf.id)
    clock.move_to(clock.start_of_day(third.valid_until + timedelta(days=1)))
    at_once(app, [partial(voucher_ends.expire_some, street.id)] * 3)
    assert books(street)["vouchers"] == 0


def test_the_file_of_a_person_names_them_and_erasing_returns_and_forgets(street: Street):
    lin = street.volunteer()
    voucher = vouchers.buy(lin.actor, street.loaf.id)
    donation = donations.give(lin.actor, 5, purpose="林秀芳的心意")
    file = registry.exporters["rewards"](lin.person_id)
    assert [one["number"] for one in file["vouchers"]] == [voucher.number]
    assert [one["purpose"] for one in file["donations"]] == ["林秀芳的心意"]
    erasures.ask_erasure(lin.actor)
    clock.advance(days=8)
    erasures.carry_out_due(street.id, "")
    assert voucher_state(street, voucher) == VoucherState.RETURNED
    assert (street.available(lin), books(street)) == (0, NOTHING)  # What came back went to the pot with the rest.
    kept = db.session.get_one(Donation, (street.id, donation.id))
    assert (kept.purpose, kept.points) == ("", 5)
    assert account_balance(street.id, pot_of(street.id)) == 100
