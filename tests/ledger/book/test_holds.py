"""Holds: placed → posted | voided | expired, and a hold whose time is over keeps nothing back."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from ledger.book.accounts import wallet_of
from ledger.book.codes import Kind
from ledger.book.errors import AmountOutOfRange, HoldEnded, InsufficientFunds, InsufficientPoints
from ledger.book.holds import holds_of
from ledger.book.models import Hold, HoldState
from ledger.core import clock, registry
from ledger.core.db import atomic, db
from ledger.core.ids import new_id
from ledger.core.money import MAX_AMOUNT
from tests.ledger.book.town import Town, evidence

NOON = datetime(2026, 11, 20, 4, tzinfo=UTC)


@atomic
def state_of(hold: Hold) -> HoldState:
    return HoldState(db.session.scalars(select(Hold.state).where(Hold.id == hold.id)).one())


@pytest.fixture
def member(town: Town) -> object:
    with clock.set_to(NOON):
        town.award(town.member_ids[0], 100)
        yield town.member_ids[0]


def figures(town: Town, member) -> tuple[int, int, int]:
    balance = town.of(member)
    return balance.posted, balance.held, balance.available


def test_a_hold_lowers_what_is_available_and_not_what_is_posted(town: Town, member) -> None:
    town.hold(wallet_of(member), 30)
    assert figures(town, member) == (100, 30, 70)


def test_a_hold_needs_available_points(town: Town, member) -> None:
    town.hold(wallet_of(member), 30)
    with pytest.raises(InsufficientPoints) as refusal:
        town.hold(wallet_of(member), 71)
    assert refusal.value.facts == {"needed": 71, "available": 70}


@pytest.mark.parametrize("amount", [0, -1, MAX_AMOUNT + 1])
def test_a_hold_has_an_amount_in_range(town: Town, member, amount: int) -> None:
    with pytest.raises(AmountOutOfRange):
        town.hold(wallet_of(member), amount)


def test_what_is_held_cannot_be_spent_otherwise(town: Town, member) -> None:
    town.hold(wallet_of(member), 95)
    with pytest.raises(InsufficientPoints):
        town.spend(member, 6)


def test_posting_a_hold_moves_its_points_and_ends_it(town: Town, member) -> None:
    hold = town.hold(wallet_of(member), 30)
    town.post(town.spending_of(member, 30, hold=hold))
    assert (figures(town, member), state_of(hold)) == ((70, 0, 70), HoldState.POSTED)


def test_posting_less_than_was_held_gives_the_rest_back(town: Town, member) -> None:
    hold = town.hold(wallet_of(member), 30)
    town.post(town.spending_of(member, 20, hold=hold))
    assert figures(town, member) == (80, 0, 80)


def test_posting_more_than_was_held_needs_the_rest_available(town: Town, member) -> None:
    hold = town.hold(wallet_of(member), 30)
    town.hold(wallet_of(member), 65)
    with pytest.raises(InsufficientPoints):
        town.post(town.spending_of(member, 36, hold=hold))
    town.post(town.spending_of(member, 35, hold=hold))
    assert figures(town, member) == (65, 65, 0)


def test_a_hold_is_posted_once(town: Town, member) -> None:
    hold = town.hold(wallet_of(member), 30)
    town.post(town.spending_of(member, 30, hold=hold))
    with pytest.raises(HoldEnded):
        town.post(town.spending_of(member, 30, hold=hold))


def test_a_hold_is_posted_once_in_one_call(town: Town, member) -> None:
    hold = town.hold(wallet_of(member), 30)
    town.hold(wallet_of(member), 30)
    with pytest.raises(HoldEnded):
        town.post(town.spending_of(member, 30, hold=hold), town.spending_of(member, 30, hold=hold))


def test_another_hold_on_the_wallet_does_not_stand_in_for_an_ended_one(town: Town, member) -> None:
    hold = town.hold(wallet_of(member), 30)
    town.hold(wallet_of(member), 50)
    town.void(hold)
    with pytest.raises(HoldEnded):
        town.post(town.spending_of(member, 30, hold=hold))
    assert figures(town, member) == (100, 50, 50)


def test_voiding_gives_back_once(town: Town, member) -> None:
    hold = town.hold(wallet_of(member), 30)
    assert (town.void(hold), town.void(hold)) == ([hold.source_id], [])
    assert (figures(town, member), state_of(hold)) == ((100, 0, 100), HoldState.VOIDED)


def test_a_posted_hold_is_not_voided(town: Town, member) -> None:
    hold = town.hold(wallet_of(member), 30)
    town.post(town.spending_of(member, 30, hold=hold))
    assert town.void(hold) == []
    assert figures(town, member) == (70, 0, 70)


def test_many_holds_on_one_wallet_are_voided_together(town: Town, member) -> None:
    placed = [town.hold(wallet_of(member), 10) for _ in range(5)]
    assert set(town.void(*placed)) == {hold.source_id for hold in placed}
    assert figures(town, member) == (100, 0, 100)


def test_a_hold_can_be_posted_until_its_last_moment(town: Town, member) -> None:
    hold = town.hold(wallet_of(member), 30, seconds=60)
    clock.advance(seconds=59.999)
    town.post(town.spending_of(member, 30, hold=hold))
    assert figures(town, member) == (70, 0, 70)


def test_from_its_end_on_a_hold_cannot_be_posted(town: Town, member) -> None:
    hold = town.hold(wallet_of(member), 30, seconds=60)
    clock.advance(seconds=60)
    with pytest.raises(HoldEnded):
        town.post(town.spending_of(member, 30, hold=hold))


def test_an_overdue_hold_counts_as_gone_before_anybody_swept(town: Town, member) -> None:
    town.hold(wallet_of(member), 30, seconds=60)
    clock.advance(seconds=60)
    assert figures(town, member) == (100, 0, 100)


def test_an_overdue_hold_makes_room_for_a_new_one(town: Town, member) -> None:
    first = town.hold(wallet_of(member), 80, seconds=60)
    clock.advance(seconds=61)
    second = town.hold(wallet_of(member), 90)
    assert (state_of(first), state_of(second)) == (HoldState.EXPIRED, HoldState.PLACED)
    assert figures(town, member) == (100, 90, 10)


def test_an_overdue_hold_does_not_keep_points_from_a_transfer(town: Town, member) -> None:
    first = town.hold(wallet_of(member), 80, seconds=60)
    clock.advance(seconds=61)
    town.spend(member, 90)
    assert (state_of(first), figures(town, member)) == (HoldState.EXPIRED, (10, 0, 10))


def test_an_overdue_hold_does_not_turn_an_undone_award_into_debt(town: Town, member) -> None:
    stamp = town.award(member, 50)
    town.hold(wallet_of(member), 120, seconds=60)
    clock.advance(seconds=61)
    town.undo(stamp)
    assert (town.of(member).debt, figures(town, member)) == (0, (100, 0, 100))


def test_a_live_hold_is_not_ended_by_a_new_one_that_does_not_fit(town: Town, member) -> None:
    hold = town.hold(wallet_of(member), 80)
    with pytest.raises(InsufficientPoints):
        town.hold(wallet_of(member), 90)
    assert state_of(hold) == HoldState.PLACED


def test_the_sweeper_expires_what_is_overdue_and_nothing_else(town: Town, member) -> None:
    overdue, live = town.hold(wallet_of(member), 10, seconds=60), town.hold(wallet_of(member), 20, seconds=120)
    clock.advance(seconds=60)
    assert (town.sweep(), town.sweep()) == (1, 0)
    assert (state_of(overdue), state_of(live)) == (HoldState.EXPIRED, HoldState.PLACED)
    assert figures(town, member) == (100, 20, 80)


def test_wallet_and_fund_of_one_source_are_held_found_and_freed_together(town: Town, member) -> None:
    town.grant(1000)
    source_id = new_id()
    for key, amount in ((wallet_of(member), 30), (town.fund, 600)):
        town.hold(key, amount, source_id=source_id)
    placed = atomic(holds_of)(town.id, "test", source_id)
    assert {kind: hold.amount for kind, hold in placed.items()} == {Kind.WALLET: 30, Kind.FUND: 600}
    with pytest.raises(InsufficientFunds):
        town.charge(401)
    assert town.void(placed[Kind.WALLET]) == [source_id]
    town.charge(1000)
    assert figures(town, member) == (100, 0, 100)


def test_wallet_and_fund_of_one_source_are_posted_together(town: Town, member) -> None:
    town.grant(1000)
    source = evidence("test")
    points = town.hold(wallet_of(member), 30, source_id=source.id)
    money = town.hold(town.fund, 600, source_id=source.id)
    town.post(town.spending_of(member, 30, hold=points, source=source), town.charge_of(600, hold=money, source=source))
    assert (figures(town, member), town.balance(town.fund)) == ((70, 0, 70), 400)


def test_the_room_that_placed_a_hold_gives_its_own_reservations_back(
    town: Town, member, monkeypatch: pytest.MonkeyPatch
) -> None:
    given_back = []
    monkeypatch.setitem(registry.holds_ended, "stock", lambda community_id, sources: given_back.extend(sources))
    hold = town.hold(wallet_of(member), 30, seconds=60, kind="stock")
    clock.advance(seconds=61)
    town.sweep()
    town.sweep()
    assert given_back == [hold.source_id]
