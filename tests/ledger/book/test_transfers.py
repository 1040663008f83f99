"""The one writer: what it takes, what it refuses and in which order, and that it is all or nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, select

from ledger.book.accounts import AccountKey, bank_of, debt_of, issuance_of, payable_to, wallet_of
from ledger.book.codes import Code, Kind, Unit
from ledger.book.errors import (
    AlreadyPosted,
    AmountOutOfRange,
    EffectiveInFuture,
    HoldEnded,
    InsufficientFunds,
    InsufficientPoints,
    OverReversed,
    TransferNotDeclared,
)
from ledger.book.models import Transfer
from ledger.book.transfers import Draft, post_transfers
from ledger.core import clock
from ledger.core.db import atomic, db
from ledger.core.ids import new_id
from ledger.core.money import MAX_AMOUNT
from tests.ledger.book.town import Town, evidence


@atomic
def count_transfers() -> int:
    return db.session.scalar(select(func.count()).select_from(Transfer)) or 0


@atomic
def transfer(transfer_id: UUID) -> Transfer:
    return db.session.scalars(select(Transfer).where(Transfer.id == transfer_id)).one()


def test_an_award_lands_in_the_wallet_and_in_the_lifetime_figure(town: Town) -> None:
    member = town.member_ids[0]
    town.award(member, 30)
    balance = town.of(member)
    assert (balance.posted, balance.available, balance.lifetime_earned, balance.lifetime_spent) == (30, 30, 30, 0)


def test_what_a_wallet_gains_the_community_owes(town: Town) -> None:
    town.award(town.member_ids[0], 30)
    assert town.balance(issuance_of(town.id)) == -30


def test_spending_moves_points_from_the_wallet_to_the_shop(town: Town) -> None:
    member = town.member_ids[0]
    town.award(member, 30)
    town.spend(member, 12)
    assert (town.of(member).available, town.of(member).lifetime_spent, town.balance(town.shop)) == (18, 12, 12)


def test_minutes_and_points_of_one_stamp_are_written_together(town: Town) -> None:
    member, source = town.member_ids[0], evidence("stamp")
    town.post(town.award_of(member, 10, source=source), town.hours_of(member, 95, source=source))
    assert (town.of(member).posted, town.of(member).minutes) == (10, 95)


def test_a_transfer_keeps_who_did_it_and_for_whom(town: Town) -> None:
    elder = new_id()
    [transfer_id] = town.post(town.award_of(town.member_ids[0], 10, on_behalf_of=elder))
    row = transfer(transfer_id)
    assert (row.actor_id, row.on_behalf_of) == (town.actor.person_id, elder)


def test_effective_time_may_be_earlier_than_the_recorded_time(town: Town) -> None:
    with clock.set_to(datetime(2026, 11, 20, 9, tzinfo=UTC)):
        earlier = clock.now() - timedelta(days=3)
        [transfer_id] = town.post(town.award_of(town.member_ids[0], 10, effective_at=earlier))
        row = transfer(transfer_id)
        assert (row.effective_at, row.recorded_at) == (earlier, clock.now())


def test_nothing_to_write_writes_nothing(town: Town) -> None:
    assert town.post() == []


def test_a_thousand_transfers_take_the_same_path_as_one(town: Town) -> None:
    one, other = town.member_ids
    ids = town.post(*(town.award_of((one, other)[number % 2], number + 1) for number in range(1000)))
    assert len(set(ids)) == 1000
    assert ids == sorted(ids)
    assert town.of(one).posted + town.of(other).posted == 500_500


def test_ids_come_back_in_the_order_of_the_drafts(town: Town) -> None:
    ids = town.post(*(town.award_of(town.member_ids[0], points) for points in (5, 3, 9)))
    assert [transfer(transfer_id).amount for transfer_id in ids] == [5, 3, 9]


@pytest.mark.parametrize("amount", [0, -1, -MAX_AMOUNT, MAX_AMOUNT + 1, 2**63, 10**30])
def test_an_amount_out_of_range_is_refused(town: Town, amount: int) -> None:
    with pytest.raises(AmountOutOfRange):
        town.award(town.member_ids[0], amount)
    assert count_transfers() == 0


def test_the_largest_amount_is_taken(town: Town) -> None:
    town.award(town.member_ids[0], MAX_AMOUNT)
    assert town.of(town.member_ids[0]).posted == MAX_AMOUNT


@pytest.mark.parametrize("code", [code for code in Code if code is not Code.REPAY])
def test_a_code_moves_only_between_its_declared_kinds(town: Town, code: Code) -> None:
    draft = Draft(
        code=code, debit=bank_of(town.id), credit=payable_to(town.merchant_id), amount=1, source=evidence("test")
    )
    with pytest.raises(TransferNotDeclared):
        town.post(draft)


def test_units_do_not_mix(town: Town) -> None:
    minutes = AccountKey(Kind.WALLET, Unit.MINUTES, town.member_ids[0])
    with pytest.raises(TransferNotDeclared):
        town.post(replace(town.award_of(town.member_ids[0], 1), credit=minutes))


def test_an_account_does_not_give_to_itself(town: Town) -> None:
    wallet = wallet_of(town.member_ids[0])
    draft = Draft(code=Code.MERGE, debit=wallet, credit=wallet, amount=1, source=evidence("merge"))
    with pytest.raises(TransferNotDeclared):
        town.post(draft)


def test_a_transfer_cannot_take_effect_in_the_future(town: Town) -> None:
    with pytest.raises(EffectiveInFuture):
        town.post(town.award_of(town.member_ids[0], 1, effective_at=clock.now() + timedelta(minutes=1)))


def test_a_wallet_that_falls_short_is_refused_with_figures(town: Town) -> None:
    member = town.member_ids[0]
    town.award(member, 10)
    town.hold(wallet_of(member), 4)
    with pytest.raises(InsufficientPoints) as refusal:
        town.spend(member, 7)
    assert refusal.value.facts == {"needed": 7, "available": 6}
    assert "7" in refusal.value.sentence("zh")


def test_the_figures_are_of_the_wallet_that_fell_short_not_of_one_that_could_pay(town: Town) -> None:
    rich, poor = sorted(town.member_ids, key=lambda member: wallet_of(member).id_in(town.id))
    town.award(rich, 10)
    town.award(poor, 1)
    with pytest.raises(InsufficientPoints) as refusal:
        town.post(town.spending_of(rich, 6), town.spending_of(poor, 2))
    assert refusal.value.facts == {"needed": 2, "available": 1}


def test_a_fund_that_falls_short_is_refused(town: Town) -> None:
    town.grant(100)
    with pytest.raises(InsufficientFunds):
        town.charge(101)


def test_the_same_source_is_posted_once(town: Town) -> None:
    draft = town.award_of(town.member_ids[0], 10)
    town.post(draft)
    with pytest.raises(AlreadyPosted):
        town.post(draft)
    assert town.of(town.member_ids[0]).posted == 10


def test_the_same_source_twice_in_one_call_is_refused(town: Town) -> None:
    draft = town.award_of(town.member_ids[0], 10)
    with pytest.raises(AlreadyPosted):
        town.post(draft, draft)
    assert town.of(town.member_ids[0]).posted == 0


def test_another_part_of_the_same_source_is_another_transfer(town: Town) -> None:
    source = evidence("stamp")
    town.post(town.award_of(town.member_ids[0], 10, source=source))
    town.post(town.award_of(town.member_ids[0], 5, source=source, part=1))
    assert town.of(town.member_ids[0]).posted == 15


def test_a_refusal_of_one_refuses_all(town: Town) -> None:
    one, other = town.member_ids
    town.award(one, 10)
    before = count_transfers()
    with pytest.raises(InsufficientPoints):
        town.post(town.award_of(one, 5), town.spending_of(one, 3), town.spending_of(other, 1))
    assert (count_transfers(), town.of(one).posted, town.of(other).posted) == (before, 10, 0)


def test_a_caller_that_goes_on_after_a_refusal_has_moved_nothing(town: Town) -> None:
    member = town.member_ids[0]
    draft = town.award_of(member, 10)
    town.post(draft)

    @atomic
    def carry_on() -> None:
        with pytest.raises(AlreadyPosted):
            post_transfers(town.actor, [draft])
        with pytest.raises(InsufficientFunds):
            post_transfers(town.actor, [town.spending_of(member, 4), town.charge_of(1)])

    carry_on()
    assert (town.of(member).posted, town.of(member).lifetime_earned, town.of(member).lifetime_spent) == (10, 10, 0)


def test_refusals_come_in_the_documented_order(town: Town) -> None:
    member = town.member_ids[0]
    source = evidence("redemption")
    town.award(member, 5)
    town.post(town.spending_of(member, 1, source=source))
    ended = town.hold(wallet_of(member), 1)
    town.void(ended)
    tomorrow = clock.now() + timedelta(days=1)
    [original] = town.post(town.award_of(member, 1))

    wrong = replace(town.spending_of(member, 0, hold=ended, source=source), debit=issuance_of(town.id))
    with pytest.raises(AmountOutOfRange):
        town.post(replace(wrong, effective_at=tomorrow))
    with pytest.raises(TransferNotDeclared):
        town.post(replace(wrong, amount=9, effective_at=tomorrow))
    draft = town.spending_of(member, 9, hold=ended, source=source, reverses_id=original)
    with pytest.raises(EffectiveInFuture):
        town.post(replace(draft, effective_at=tomorrow))
    with pytest.raises(InsufficientPoints):
        town.post(replace(draft, hold=None), town.charge_of(1))
    with pytest.raises(InsufficientFunds):
        town.post(replace(draft, hold=None, amount=2), town.charge_of(1))
    with pytest.raises(HoldEnded):
        town.post(replace(draft, amount=2))
    with pytest.raises(OverReversed) as over:
        town.post(replace(draft, hold=None, amount=2))
    assert over.value.facts == {"left": 1}
    with pytest.raises(AlreadyPosted):
        town.post(replace(draft, hold=None, amount=1))


def test_an_account_that_was_never_opened_is_a_fault_not_a_refusal(town: Town) -> None:
    with pytest.raises(AssertionError):
        town.award(new_id(), 1)


def test_undoing_a_donation_lowers_what_was_spent(town: Town) -> None:
    member = town.member_ids[0]
    town.award(member, 10)
    pot = AccountKey(Kind.POT, Unit.POINTS, town.id)
    [given] = town.post(
        Draft(code=Code.DONATE, debit=wallet_of(member), credit=pot, amount=4, source=evidence("donation"))
    )
    back = Draft(
        code=Code.REVERSE, debit=pot, credit=wallet_of(member), amount=4, source=evidence("undo"), reverses_id=given
    )
    town.post(back)
    assert (town.of(member).lifetime_earned, town.of(member).lifetime_spent, town.of(member).posted) == (10, 0, 10)


def test_debts_cannot_be_written_above_zero_by_an_award(town: Town) -> None:
    member = town.member_ids[0]
    stamp = town.award(member, 10)
    town.spend(member, 10)
    town.undo(stamp)
    town.post(town.award_of(member, 6), town.award_of(member, 6))
    assert (town.of(member).debt, town.of(member).available) == (0, 2)
    assert town.balance(debt_of(member)) == 0


def test_towns_do_not_see_each_other(context: Flask, town: Town) -> None:
    from tests.ledger.book.town import open_town

    other = open_town(members=1)
    other.award(other.member_ids[0], 7)
    assert town.balance(issuance_of(town.id)) == 0
