"""The fine print of the books: limits to the last one, marks on the rows, and in which order what is short is taken."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select

from ledger.book.accounts import wallet_of
from ledger.book.codes import Code, Kind
from ledger.book.holds import expire_overdue
from ledger.book.models import Account, Balance, Hold, HoldState, Transfer
from ledger.core import clock
from ledger.core.db import atomic, db
from ledger.core.ids import new_id
from ledger.core.money import MAX_AMOUNT
from ledger.core.tenancy import scoped
from tests.ledger.book.town import Town, evidence

NOON = datetime(2026, 11, 20, 4, tzinfo=UTC)


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    with clock.set_to(NOON):
        yield


@atomic
def rows_of(town: Town, code: Code) -> list[Transfer]:
    return list(db.session.scalars(scoped(town.id, Transfer).where(Transfer.code == code).order_by(Transfer.id)))


@atomic
def hold_as_stored(hold: Hold) -> Hold:
    return db.session.scalars(select(Hold).where(Hold.id == hold.id)).one()


def indebted(town: Town, points: int) -> object:
    """A member who owes so many points."""
    member = town.member_ids[0]
    stamp = town.award(member, points)
    town.spend(member, points)
    town.undo(stamp)
    return member


def test_the_largest_amount_can_be_held(town: Town) -> None:
    town.post(town.award_of(town.member_ids[0], MAX_AMOUNT))
    assert town.hold(wallet_of(town.member_ids[0]), MAX_AMOUNT).amount == MAX_AMOUNT


def test_a_transfer_may_take_effect_at_this_very_moment(town: Town) -> None:
    town.post(town.award_of(town.member_ids[0], 10, effective_at=NOON))
    assert rows_of(town, Code.AWARD)[0].effective_at == NOON


def test_a_transfer_keeps_the_day_on_which_its_points_expire(town: Town) -> None:
    town.post(town.award_of(town.member_ids[0], 10, expires_on=date(2027, 11, 30)))
    assert rows_of(town, Code.AWARD)[0].expires_on == date(2027, 11, 30)


def test_a_hold_tells_when_it_ended_and_how(town: Town) -> None:
    member = town.member_ids[0]
    town.award(member, 10)
    posted, voided, expired, live = (town.hold(wallet_of(member), 1, seconds=seconds) for seconds in (60, 60, 10, 60))
    clock.advance(seconds=5)
    town.post(town.spending_of(member, 1, hold=posted))
    clock.advance(seconds=1)
    town.void(voided)
    clock.advance(seconds=14)
    town.sweep()
    found = [hold_as_stored(hold) for hold in (posted, voided, expired, live)]
    assert [(hold.state, hold.ended_at and (hold.ended_at - NOON).seconds) for hold in found] == [
        (HoldState.POSTED, 5),
        (HoldState.VOIDED, 6),
        (HoldState.EXPIRED, 20),
        (HoldState.PLACED, None),
    ]


def test_a_sweep_ends_no_more_sources_than_it_was_asked_to(town: Town) -> None:
    town.award(town.member_ids[0], 10)
    for _ in range(3):
        town.hold(wallet_of(town.member_ids[0]), 1, seconds=60)
    clock.advance(seconds=61)
    assert [atomic(expire_overdue)(town.id, limit=2) for _ in range(3)] == [2, 1, 0]


def test_what_has_ended_takes_no_place_in_a_sweep(town: Town) -> None:
    town.award(town.member_ids[0], 10)
    for _ in range(2):
        town.hold(wallet_of(town.member_ids[0]), 1, seconds=60)
        clock.advance(seconds=61)
        assert atomic(expire_overdue)(town.id, limit=1) == 1


@pytest.mark.parametrize("what", ["grants", "holds"])
def test_chance_spreads_a_fund_over_its_slots(town: Town, what: str) -> None:
    if what == "holds":
        town.grant(8_000)
        town.charge(7_000)  # One slot had it all, so it is shared.
    for _ in range(30):
        town.grant(1) if what == "grants" else town.hold(town.fund, 1)
    query = select(Balance.slot).where(Balance.account_id == town.fund.id_in(town.id))
    touched = Balance.balance > 0 if what == "grants" else Balance.held > 0
    assert len(atomic(lambda: db.session.scalars(query.where(touched)).all())()) > 1


def test_a_repayment_names_for_whom_and_which_part_repaid(town: Town) -> None:
    member, relative, source = indebted(town, 10), new_id(), evidence("stamp")
    town.post(*(town.award_of(member, 4, source=source, part=part, on_behalf_of=relative) for part in (0, 1)))
    repayments = rows_of(town, Code.REPAY)
    assert [(row.part, row.amount, row.on_behalf_of) for row in repayments] == [(0, 4, relative), (1, 4, relative)]
    assert {row.source_id for row in repayments} == {source.id}


def test_points_debt_and_minutes_of_one_stamp_go_back_as_three_parts(town: Town) -> None:
    member, relative, source = town.member_ids[0], new_id(), evidence("stamp")
    town.post(town.award_of(member, 10, source=source, on_behalf_of=relative), town.hours_of(member, 60, source=source))
    town.spend(member, 7)
    town.undo(source.id)
    parts = {}
    for row in rows_of(town, Code.REVERSE):
        account = atomic(lambda row=row: db.session.get(Account, (town.id, row.debit_account_id)))()
        parts[account.kind] = (row.part, row.amount, row.on_behalf_of)
    assert parts == {Kind.WALLET: (0, 3, relative), Kind.DEBT: (1, 7, relative), Kind.HOURS: (2, 60, None)}


def test_of_awards_undone_together_the_older_one_takes_what_the_wallet_has(town: Town) -> None:
    """Whatever the order of the ids of their stamps and of the call."""
    member = town.member_ids[0]
    older, newer = sorted((new_id(), new_id()), reverse=True)
    for stamp_id in (older, newer):
        clock.advance(seconds=1)
        town.post(town.award_of(member, 10, source=evidence("stamp", stamp_id)))
    town.spend(member, 8)
    town.undo(newer, older)
    first, *others = rows_of(town, Code.REVERSE)
    original = rows_of(town, Code.AWARD)[0]
    assert (original.source_id, first.reverses_id, first.amount) == (older, original.id, 10)
    assert [row.amount for row in others] == [2, 8]
