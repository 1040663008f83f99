"""What one member, source or kind of source does leaves the others alone, and costs them nothing."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from ledger.book.accounts import wallet_of
from ledger.book.codes import Kind
from ledger.book.errors import InsufficientPoints
from ledger.book.holds import holds_of
from ledger.book.models import Hold, HoldState
from ledger.core import clock, registry
from ledger.core.db import atomic, db
from ledger.core.ids import new_id
from tests.ledger.book.town import Town, evidence

pytestmark = pytest.mark.usefixtures("noon")


@pytest.fixture
def noon() -> object:
    with clock.set_to(datetime(2026, 11, 20, 4, tzinfo=UTC)):
        yield


@atomic
def state_of(hold: Hold) -> HoldState:
    return HoldState(db.session.scalars(select(Hold.state).where(Hold.id == hold.id)).one())


@pytest.fixture
def strangers_hold(town: Town) -> Hold:
    """The second member's hold, whose time will be over though nobody has swept it."""
    town.award(town.member_ids[1], 10)
    return town.hold(wallet_of(town.member_ids[1]), 6, seconds=60)


def overdue_for(town: Town, member, points: int) -> None:
    """All the member has is held by somebody whose time is over."""
    town.award(member, points)
    town.hold(wallet_of(member), points, seconds=60)
    clock.advance(seconds=61)


def test_another_members_overdue_hold_is_no_part_of_my_figures(town: Town, strangers_hold: Hold) -> None:
    town.award(town.member_ids[0], 5)
    clock.advance(seconds=61)
    assert (town.of(town.member_ids[0]).held, town.of(town.member_ids[0]).available) == (0, 5)


def test_a_hold_that_needs_room_ends_only_its_own_wallets_overdue_holds(town: Town, strangers_hold: Hold) -> None:
    overdue_for(town, town.member_ids[0], 10)
    town.hold(wallet_of(town.member_ids[0]), 10)
    assert state_of(strangers_hold) is HoldState.PLACED


@pytest.mark.parametrize("points", [1, 10])
def test_spending_that_needs_room_ends_only_its_own_wallets_overdue_holds(
    town: Town, strangers_hold: Hold, points: int
) -> None:
    overdue_for(town, town.member_ids[0], points)
    town.spend(town.member_ids[0], points)
    assert state_of(strangers_hold) is HoldState.PLACED


def test_who_earns_in_the_same_call_keeps_their_overdue_holds(town: Town, strangers_hold: Hold) -> None:
    overdue_for(town, town.member_ids[0], 10)
    town.post(town.spending_of(town.member_ids[0], 10), town.award_of(town.member_ids[1], 3))
    assert state_of(strangers_hold) is HoldState.PLACED


def test_undoing_ends_only_the_members_own_overdue_holds(town: Town, strangers_hold: Hold) -> None:
    stamp = town.award(town.member_ids[0], 10)
    town.hold(wallet_of(town.member_ids[0]), 10, seconds=60)
    clock.advance(seconds=61)
    town.undo(stamp)
    assert (town.of(town.member_ids[0]).debt, state_of(strangers_hold)) == (0, HoldState.PLACED)


@pytest.mark.parametrize("payer", [0, 1])
def test_the_one_who_is_short_is_named_not_the_one_who_has_just_enough(town: Town, payer: int) -> None:
    able, short = town.member_ids[payer], town.member_ids[1 - payer]
    town.post(town.award_of(able, 5), town.award_of(short, 4))
    with pytest.raises(InsufficientPoints) as refusal:
        town.post(town.spending_of(able, 5), town.spending_of(short, 5))
    assert refusal.value.facts == {"needed": 5, "available": 4}


def test_a_call_is_tried_again_whole_once_an_overdue_hold_has_ended(town: Town) -> None:
    one, other = town.member_ids
    town.award(one, 1)
    overdue_for(town, other, 1)
    town.post(town.spending_of(one, 1), town.spending_of(other, 1))
    assert (town.of(one).posted, town.of(other).posted) == (0, 0)


def test_who_earns_does_not_repay_what_somebody_else_owes(town: Town) -> None:
    debtor, other = town.member_ids
    stamp = town.award(debtor, 10)
    town.spend(debtor, 10)
    town.undo(stamp)
    town.award(other, 4)
    assert (town.of(debtor).debt, town.of(other).posted) == (10, 4)


def test_holds_are_found_by_kind_of_source_and_source_while_they_are_placed(town: Town) -> None:
    member, source_id = town.member_ids[0], new_id()
    town.award(member, 20)
    wanted = town.hold(wallet_of(member), 1, kind="one", source_id=source_id)
    town.hold(wallet_of(member), 2, kind="other", source_id=source_id)
    town.hold(wallet_of(member), 4, kind="one")
    found = atomic(holds_of)(town.id, "one", source_id)
    assert {kind: hold.id for kind, hold in found.items()} == {Kind.WALLET: wanted.id}
    town.void(wanted)
    assert atomic(holds_of)(town.id, "one", source_id) == {}


def test_voiding_leaves_the_holds_of_another_kind_of_source_with_the_same_id(town: Town) -> None:
    member, source_id = town.member_ids[0], new_id()
    town.award(member, 20)
    voided = town.hold(wallet_of(member), 1, kind="one", source_id=source_id)
    kept = town.hold(wallet_of(member), 2, kind="other", source_id=source_id)
    town.void(voided)
    assert (state_of(voided), state_of(kept)) == (HoldState.VOIDED, HoldState.PLACED)


def test_undoing_leaves_the_award_of_another_kind_of_source_with_the_same_id(town: Town) -> None:
    member, stamp = town.member_ids[0], evidence("stamp")
    town.post(town.award_of(member, 10, source=stamp))
    town.post(town.award_of(member, 3, source=evidence("bonus", stamp.id)))
    town.undo(stamp.id)
    assert town.of(member).posted == 3


def test_the_room_is_told_the_community_whose_holds_ended(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    told = []
    monkeypatch.setitem(registry.holds_ended, "stock", lambda community_id, sources: told.append(community_id))
    town.award(town.member_ids[0], 10)
    town.void(town.hold(wallet_of(town.member_ids[0]), 3, kind="stock"))
    assert told == [town.id]
