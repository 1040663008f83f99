"""A thousand transfers in one call: all or nothing, or each for itself, through the same writer."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import func, select

from ledger.book.bulk import MOST_AT_ONCE, Outcome, post_each
from ledger.book.errors import AlreadyPosted, InsufficientPoints, TransferNotDeclared
from ledger.book.models import Transfer
from ledger.book.transfers import Draft
from ledger.core.db import atomic, db
from tests.counting import counted_statements
from tests.ledger.book.town import Town, at_once, evidence


def each(town: Town, *items: list[Draft]) -> list[Outcome]:
    return atomic(post_each)(town.actor, items)


def refusals(outcomes: list[Outcome]) -> dict[int, str]:
    return {number: one.refusal.code for number, one in enumerate(outcomes) if one.refusal}


def transfers() -> int:
    return int(db.session.scalar(select(func.count()).select_from(Transfer)) or 0)


def test_a_thousand_transfers_are_written_all_at_once(town: Town) -> None:
    members = town.member_ids
    ids = town.post(*(town.award_of(members[n % 2], 1 + n % 5) for n in range(MOST_AT_ONCE)))
    assert len(set(ids)) == transfers() == MOST_AT_ONCE
    assert sum(town.of(member).posted for member in members) == sum(1 + n % 5 for n in range(MOST_AT_ONCE))


def test_a_thousand_take_no_more_statements_than_one(town: Town) -> None:
    member = town.member_ids[0]
    with counted_statements() as for_one:
        town.post(town.award_of(member, 1))
    with counted_statements() as for_many:
        town.post(*(town.award_of(member, 1) for _ in range(MOST_AT_ONCE)))
    assert len(for_many) == len(for_one)


def test_one_that_is_refused_lets_none_be_written(town: Town) -> None:
    one, other = town.member_ids
    with pytest.raises(InsufficientPoints):
        town.post(*(town.award_of(one, 1) for _ in range(500)), town.spending_of(other, 1))
    assert transfers() == 0


def test_each_for_itself_the_good_are_written_and_the_bad_say_why(town: Town) -> None:
    one, other = town.member_ids
    town.award(one, 3)
    twice = evidence("stamp")
    items = [[town.award_of(one, 1)] for _ in range(300)]
    items[7] = [town.spending_of(other, 5)]
    items[100] = [town.award_of(one, 2, source=twice)]
    items[101] = [town.award_of(one, 2, source=twice)]
    items[299] = [Draft(code="donate", debit=town.shop, credit=town.fund, amount=1, source=evidence("gift"))]
    outcomes = each(town, *items)
    assert refusals(outcomes) == {7: "insufficient_points", 101: "already_posted", 299: "transfer_not_declared"}
    assert town.of(one).posted == 3 + 296 + 2
    assert [len(outcome.transfer_ids) for outcome in outcomes].count(1) == 297


def test_what_belongs_together_is_written_together_or_not_at_all(town: Town) -> None:
    one, other = town.member_ids
    source = evidence("stamp")
    good = [town.award_of(one, 5, source=source), town.hours_of(one, 60, source=source)]
    bad = [town.award_of(one, 5), town.spending_of(other, 1)]
    outcomes = each(town, good, bad)
    assert [len(outcome.transfer_ids) for outcome in outcomes] == [2, 0]
    assert (town.of(one).posted, town.of(one).minutes) == (5, 60)


def test_where_items_compete_the_earlier_one_wins(town: Town) -> None:
    member = town.member_ids[0]
    town.award(member, 5)
    outcomes = each(town, *([town.spending_of(member, 2)] for _ in range(4)))
    assert refusals(outcomes) == {2: "insufficient_points", 3: "insufficient_points"}


def test_nothing_to_do_is_done(town: Town) -> None:
    assert each(town) == []


def test_more_than_a_thousand_are_the_callers_fault(town: Town) -> None:
    with pytest.raises(AssertionError):
        each(town, *([town.award_of(town.member_ids[0], 1)] for _ in range(MOST_AT_ONCE + 1)))


def test_two_bulk_calls_at_once_write_each_source_once(context: Flask, town: Town) -> None:
    member = town.member_ids[0]
    items = [[town.award_of(member, 1, source=evidence("stamp"))] for _ in range(60)]
    results = at_once(context, [lambda: each(town, *items), lambda: each(town, *reversed(items))])
    written = [sum(outcome.refusal is None for outcome in result) for result in results]
    assert sum(written) == 60 == town.of(member).posted


def test_a_refusal_is_the_same_as_alone(town: Town) -> None:
    member = town.member_ids[0]
    draft = town.award_of(member, 1)
    town.post(draft)
    [outcome] = each(town, [draft])
    assert type(outcome.refusal) is AlreadyPosted
    with pytest.raises(AlreadyPosted):
        town.post(draft)
    assert not isinstance(outcome.refusal, TransferNotDeclared)


def test_two_bulk_calls_over_the_same_wallets_in_opposite_order_both_end(context: Flask, town: Town) -> None:
    one, other = town.member_ids
    town.post(town.award_of(one, 50), town.award_of(other, 50))
    twice = evidence("redemption")
    there = [[town.spending_of(one, 1, source=twice)], [town.spending_of(one, 1, source=twice)]]
    there += [[town.spending_of(other, 1)] for _ in range(20)]
    back = [*([town.spending_of(other, 1)] for _ in range(20)), [town.spending_of(one, 1, source=twice)]]
    results = at_once(context, [lambda: each(town, *there), lambda: each(town, *back)])
    assert [type(result) for result in results] == [list, list]
    assert (town.of(one).posted, town.of(other).posted) == (49, 10)


def test_more_than_a_thousand_are_for_the_outer_layer_to_refuse(town: Town) -> None:
    one = town.member_ids[0]
    most = [[town.award_of(one, 1), town.award_of(one, 1)] for _ in range(MOST_AT_ONCE // 2)]
    assert refusals(each(town, *most)) == {}
    with pytest.raises(AssertionError, match=r"^the outer layer bounds a call$"):
        each(town, *most, [town.award_of(one, 1)])
    assert transfers() == MOST_AT_ONCE
    assert each(town) == []
