"""A fund keeps its balance in slots; the last fen is exact all the same."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select

from ledger.book.accounts import wallet_of
from ledger.book.codes import SLOTS, Kind
from ledger.book.errors import HoldEnded, InsufficientFunds
from ledger.book.models import Balance
from ledger.book.slots import pick
from ledger.core.db import atomic, db
from tests.ledger.book.town import Town, at_once


@atomic
def slots_of(town: Town) -> list[int]:
    query = select(Balance.balance).where(Balance.account_id == town.fund.id_in(town.id)).order_by(Balance.slot)
    return list(db.session.scalars(query))


def test_a_fund_has_its_slots(town: Town) -> None:
    town.grant(80)
    assert (len(slots_of(town)), sum(slots_of(town))) == (SLOTS[Kind.FUND], 80)


def test_chance_spreads_a_fund_over_all_its_slots_and_a_wallet_has_one(town: Town) -> None:
    assert {pick(town.fund) for _ in range(500)} == set(range(SLOTS[Kind.FUND]))
    assert {pick(wallet_of(town.member_ids[0])) for _ in range(20)} == {0}


def test_the_whole_fund_can_be_spent_in_one_transfer(town: Town) -> None:
    for _ in range(20):
        town.grant(7)
    town.charge(140)
    assert slots_of(town) == [0] * SLOTS[Kind.FUND]


def test_the_fund_can_be_spent_fen_by_fen_to_the_last(town: Town) -> None:
    town.grant(25)
    for _ in range(25):
        town.charge(1)
    with pytest.raises(InsufficientFunds):
        town.charge(1)
    assert town.balance(town.fund) == 0


def test_a_short_slot_shares_with_the_others(town: Town) -> None:
    town.grant(801)
    town.charge(1)
    assert min(slots_of(town)) == 100 or max(slots_of(town)) == 800
    for _ in range(4):
        town.charge(150)
    assert sum(slots_of(town)) == 200
    assert min(slots_of(town)) >= 0


def test_sharing_leaves_what_is_held_in_its_slot(town: Town) -> None:
    town.grant(100)
    held = town.hold(town.fund, 60)
    town.charge(40)
    with pytest.raises(InsufficientFunds):
        town.charge(1)
    town.post(town.charge_of(60, hold=held))
    assert town.balance(town.fund) == 0


def test_holds_on_a_fund_take_up_to_its_last_fen(town: Town) -> None:
    town.grant(10)
    placed = [town.hold(town.fund, 1) for _ in range(10)]
    with pytest.raises(InsufficientFunds):
        town.hold(town.fund, 1)
    town.void(*placed[:3])
    town.hold(town.fund, 3)


def test_eight_threads_spend_a_fund_to_its_last_fen_and_not_further(context: Flask, town: Town) -> None:
    town.grant(1003)

    def spend_on() -> int:
        spent = 0
        for fen in (37, 11, 5, 3, 1):
            try:
                while True:
                    town.charge(fen)
                    spent += fen
            except InsufficientFunds:
                continue
        return spent

    spent = at_once(context, [spend_on] * 8)
    assert sum(spent) == 1003
    assert slots_of(town) == [0] * SLOTS[Kind.FUND]


def test_money_coming_in_and_going_out_at_once_adds_up(context: Flask, town: Town) -> None:
    town.grant(500)

    def come_in() -> int:
        for _ in range(15):
            town.grant(3)
        return 45

    def go_out() -> int:
        for _ in range(15):
            town.charge(11)
        return -165

    moved = at_once(context, [come_in, go_out] * 3)
    assert sum(slots_of(town)) == 500 + sum(moved)


@pytest.mark.parametrize(
    ("granted", "held", "asked"), [(100, 60, 60), (100, 60, 50), *((19, 8, asked) for asked in (1, 3, 8, 9, 19))]
)
def test_a_hold_that_was_voided_cannot_be_posted_whatever_is_asked_of_it(
    town: Town, granted: int, held: int, asked: int
) -> None:
    """The million operations of a night found it: less than was held, of a fund with little, broke its limit."""
    town.grant(granted)
    hold = town.hold(town.fund, held)
    town.void(hold)
    with pytest.raises(HoldEnded):
        town.post(town.charge_of(asked, hold=hold))
    assert (sum(slots_of(town)), town.balance(town.fund)) == (granted, granted)


def test_more_than_the_fund_has_is_no_matter_of_the_hold(town: Town) -> None:
    town.grant(19)
    hold = town.hold(town.fund, 8)
    town.void(hold)
    with pytest.raises(InsufficientFunds):
        town.post(town.charge_of(28, hold=hold))
