"""Merging while others approve, withdraw, redeem or take back: one after the other, whichever comes first."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pytest
from flask import Flask

from ledger.book.errors import InsufficientPoints, OpenHolds
from ledger.core import clock
from ledger.core.db import atomic
from ledger.core.errors import AlreadyExists, WrongState
from ledger.people import merges
from ledger.people.life_models import MergeState
from ledger.rewards import refunds
from ledger.rewards.redemptions import reserve
from tests.ledger.book.town import at_once
from tests.ledger.people.accounts import Accounts
from tests.ledger.rewards.street import open_street


@pytest.fixture
def accounts(context: object) -> Iterator[Accounts]:
    try:
        yield Accounts(open_street())
    finally:
        clock.move_to(None)


def test_two_who_approve_at_once_merge_once(app: Flask, accounts: Accounts) -> None:
    accounts.award(accounts.old, 30)
    merge = accounts.ask()
    first, second = accounts.place.treasurer.actor, accounts.place.second_treasurer.actor
    done = at_once(app, [partial(merges.approve_merge, one, merge.id) for one in (first, second)])
    assert sorted(type(one).__name__ for one in done) == ["Merge", "WrongState"]
    assert accounts.figures(accounts.new)[0] == 30


def test_approved_or_withdrawn_but_never_both(app: Flask, accounts: Accounts) -> None:
    accounts.award(accounts.old, 30)
    merge = accounts.ask()
    admin, treasurer = accounts.place.admin.actor, accounts.place.treasurer.actor
    done = at_once(
        app, [lambda: merges.approve_merge(treasurer, merge.id), lambda: merges.withdraw_merge(admin, merge.id)]
    )
    assert sum(isinstance(one, WrongState) for one in done) == 1
    state = atomic(merges.see_merge)(admin, merge.id).state
    moved = accounts.figures(accounts.new)[0]
    assert (state, moved) in ((MergeState.DONE, 30), (MergeState.WITHDRAWN, 0))


def test_asked_twice_at_once_it_waits_once(app: Flask, accounts: Accounts) -> None:
    done = at_once(app, [accounts.ask] * 3)
    assert sum(isinstance(one, AlreadyExists) for one in done) == 2


def test_a_point_is_redeemed_or_merged(app: Flask, accounts: Accounts) -> None:
    accounts.award(accounts.old, 20)
    merge = accounts.ask()
    poster, actor, treasurer = accounts.street.poster, accounts.old.actor, accounts.place.treasurer.actor

    done = at_once(
        app,
        [
            lambda: merges.approve_merge(treasurer, merge.id),
            lambda: reserve(actor, accounts.street.loaf.id, way=poster),
        ],
    )
    refused = [one for one in done if isinstance(one, Exception)]
    assert [type(one) for one in refused] in ([OpenHolds], [InsufficientPoints])
    left = (accounts.figures(accounts.old)[0], accounts.figures(accounts.new)[0])
    assert left == ((0, 0) if isinstance(refused[0], OpenHolds) else (0, 20))


def test_what_is_taken_back_or_refunded_during_a_merge_meets_the_right_wallet(app: Flask, accounts: Accounts) -> None:
    award = accounts.award(accounts.old, 50)
    bought = accounts.street.buy(accounts.old)
    merge = accounts.ask()
    treasurer = accounts.place.treasurer.actor
    done = at_once(
        app,
        [
            lambda: merges.approve_merge(treasurer, merge.id),
            lambda: accounts.take_back(award, 10),
            lambda: refunds.refund(treasurer, bought.id, reason="坏了"),
        ],
    )
    assert not [one for one in done if isinstance(one, Exception)]
    assert accounts.figures(accounts.old) == (0, 0, 0)
    assert accounts.figures(accounts.new) == (40, 0, 0)


def test_two_who_take_apart_at_once_do_so_once(app: Flask, accounts: Accounts) -> None:
    accounts.award(accounts.old, 30)
    merge = accounts.merge()
    merges.ask_undo(accounts.place.admin.actor, merge.id, reason="两个人")
    first, second = accounts.place.treasurer.actor, accounts.place.second_treasurer.actor
    done = at_once(app, [partial(merges.approve_undo, one, merge.id) for one in (first, second)])
    assert sum(isinstance(one, WrongState) for one in done) == 1
    assert accounts.figures(accounts.old)[0] == 30
