"""Taking back: counter-entries only, and what was spent already becomes a debt that the next awards repay."""

from __future__ import annotations

from uuid import UUID

import pytest
from flask import Flask

from ledger.book.accounts import AccountKey, bank_of, issuance_of, wallet_of
from ledger.book.codes import Code, Kind, Unit
from ledger.book.errors import AlreadyPosted, OverReversed, TransferNotDeclared
from ledger.book.reversals import Taking, reverse_all, take_back
from ledger.book.transfers import Draft, post_transfers
from ledger.core.db import atomic
from tests.ledger.book.town import Town, at_once, evidence


def figures(town: Town, member) -> tuple[int, int, int]:
    balance = town.of(member)
    return balance.available, balance.debt, balance.lifetime_earned


def test_an_unspent_award_is_taken_back_whole(town: Town) -> None:
    member = town.member_ids[0]
    town.undo(town.award(member, 10))
    assert figures(town, member) == (0, 0, 0)


def test_minutes_are_taken_back_with_the_points(town: Town) -> None:
    member, source = town.member_ids[0], evidence("stamp")
    town.post(town.award_of(member, 10, source=source), town.hours_of(member, 90, source=source))
    town.undo(source.id)
    assert (town.of(member).minutes, town.balance(issuance_of(town.id, Unit.MINUTES))) == (0, 0)


def test_a_spent_award_becomes_a_debt(town: Town) -> None:
    member = town.member_ids[0]
    stamp = town.award(member, 10)
    town.spend(member, 7)
    town.undo(stamp)
    assert figures(town, member) == (0, 7, 0)


def test_a_live_hold_is_honoured(town: Town) -> None:
    member = town.member_ids[0]
    stamp = town.award(member, 10)
    hold = town.hold(wallet_of(member), 6)
    town.undo(stamp)
    assert (town.of(member).held, town.of(member).debt) == (6, 6)
    town.post(town.spending_of(member, 6, hold=hold))
    assert town.of(member).posted == 0


def test_the_next_award_repays_first(town: Town) -> None:
    member = town.member_ids[0]
    stamp = town.award(member, 10)
    town.spend(member, 7)
    town.undo(stamp)
    town.award(member, 5)
    assert figures(town, member) == (0, 2, 5)
    town.award(member, 5)
    assert figures(town, member) == (3, 0, 10)


def test_one_call_of_several_awards_repays_once(town: Town) -> None:
    member = town.member_ids[0]
    stamp = town.award(member, 10)
    town.spend(member, 10)
    town.undo(stamp)
    town.post(*(town.award_of(member, 4) for _ in range(4)))
    assert figures(town, member) == (6, 0, 16)


def test_the_debt_of_one_member_is_not_repaid_by_another(town: Town) -> None:
    one, other = town.member_ids
    stamp = town.award(one, 10)
    town.spend(one, 10)
    town.undo(stamp)
    town.post(town.award_of(one, 1), town.award_of(other, 9))
    assert (figures(town, one), figures(town, other)) == ((0, 9, 1), (9, 0, 9))


def test_undone_is_undone_a_second_call_finds_nothing(town: Town) -> None:
    member = town.member_ids[0]
    stamp = town.award(member, 10)
    assert len(town.undo(stamp)) == 1
    assert town.undo(stamp) == []
    assert figures(town, member) == (0, 0, 0)


def test_undoing_and_doing_again_many_times_ends_where_it_began(town: Town) -> None:
    member = town.member_ids[0]
    town.award(member, 3)
    town.spend(member, 3)
    debts = []
    for _ in range(12):
        stamp = town.award(member, 10)
        if town.of(member).available >= 4:
            town.spend(member, 4)
        town.undo(stamp)
        debts.append(town.of(member).debt)
    assert debts == [4, *[8] * 11]
    assert figures(town, member) == (0, 8, 3)
    town.award(member, 8)
    assert figures(town, member) == (0, 0, 11)


def test_several_stamps_of_several_members_are_undone_in_one_call(town: Town) -> None:
    one, other = town.member_ids
    stamps = [town.award(one, 10), town.award(one, 5), town.award(other, 8)]
    town.spend(one, 12)
    town.undo(*stamps)
    assert (figures(town, one), figures(town, other)) == ((0, 12, 0), (0, 0, 0))


def test_undoing_what_was_never_awarded_writes_nothing(town: Town) -> None:
    assert town.undo(evidence("stamp").id) == []


def test_a_transfer_is_not_reversed_beyond_its_amount(town: Town) -> None:
    original = town.grant(10)
    town.grant(100)

    def give_back(fen: int) -> Draft:
        return Draft(
            code=Code.REVERSE,
            debit=town.fund,
            credit=grant_account(town),
            amount=fen,
            source=evidence("undo"),
            reverses_id=original,
        )

    town.post(give_back(6))
    with pytest.raises(OverReversed) as refusal:
        town.post(give_back(5))
    assert refusal.value.facts == {"left": 4}
    with pytest.raises(OverReversed):
        town.post(give_back(2), give_back(3))
    town.post(give_back(4))
    assert town.balance(town.fund) == 100


def grant_account(town: Town) -> AccountKey:
    return bank_of(town.id)


def test_the_same_reversal_is_posted_once(town: Town) -> None:
    member = town.member_ids[0]
    stamps = [town.award(member, 10), town.award(member, 10)]
    source = evidence("undo")
    atomic(reverse_all)(town.actor, "stamp", stamps[:1], to={stamps[0]: source})
    with pytest.raises(AlreadyPosted):
        atomic(reverse_all)(town.actor, "stamp", stamps[1:], to={stamps[1]: source})


def take(town: Town, transfer_id: UUID, amount: int | None = None) -> list[UUID]:
    return atomic(take_back)(town.actor, [Taking(transfer_id, amount, evidence("reversal"))])


def test_a_part_of_an_award_is_taken_back_and_an_undo_takes_only_what_is_left(town: Town) -> None:
    member, source = town.member_ids[0], evidence("stamp")
    award = town.post(town.award_of(member, 10, source=source))[0]
    take(town, award, 3)
    assert figures(town, member) == (7, 0, 7)
    town.undo(source.id)
    assert figures(town, member) == (0, 0, 0)
    with pytest.raises(OverReversed):
        take(town, award, 1)


def test_a_part_of_a_spent_award_comes_from_the_wallet_first_and_then_from_the_debt(town: Town) -> None:
    member = town.member_ids[0]
    award = town.post(town.award_of(member, 10))[0]
    town.spend(member, 8)
    assert len(take(town, award, 5)) == 2
    assert figures(town, member) == (0, 3, 5)
    take(town, award)
    assert figures(town, member) == (0, 8, 0)
    assert take(town, award) == []


def test_a_donation_taken_back_returns_to_the_giver(town: Town) -> None:
    member = town.member_ids[0]
    town.award(member, 10)
    pot = AccountKey(Kind.POT, Unit.POINTS, town.id)
    gift = Draft(code=Code.DONATE, debit=wallet_of(member), credit=pot, amount=6, source=evidence("donation"))
    take(town, town.post(gift)[0], 4)
    assert (town.of(member).available, town.of(member).lifetime_spent, town.balance(pot)) == (8, 2, 2)


def test_a_redemption_is_no_transfer_to_take_back(town: Town) -> None:
    member = town.member_ids[0]
    town.award(member, 10)
    redemption = town.post(town.spending_of(member, 6))[0]
    with pytest.raises(TransferNotDeclared):
        take(town, redemption)
    assert town.of(member).available == 4


def test_eight_people_who_undo_the_same_award_undo_it_once(context: Flask, town: Town) -> None:
    member = town.member_ids[0]
    town.award(member, 5)
    stamp = town.award(member, 10)
    town.spend(member, 8)
    results = at_once(context, [lambda: town.undo(stamp)] * 8)
    assert sorted(len(result) for result in results) == [0] * 7 + [2]
    assert (town.of(member).available, town.of(member).debt) == (0, 3)


def test_eight_people_who_give_back_the_same_grant_give_back_its_amount(context: Flask, town: Town) -> None:
    original = town.grant(100)
    town.grant(1000)

    def give_back() -> object:
        draft = Draft(
            code=Code.REVERSE,
            debit=town.fund,
            credit=grant_account(town),
            amount=60,
            source=evidence("undo"),
            reverses_id=original,
        )
        return atomic(post_transfers)(town.actor, [draft])

    results = at_once(context, [give_back] * 8)
    assert sum(isinstance(result, OverReversed) for result in results) == 7
    assert town.balance(town.fund) == 1040
