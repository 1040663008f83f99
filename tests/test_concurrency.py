"""Many at once: the books come out as if one after the other, and the wallet that can pay one pays one."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from ledger.book import seals
from ledger.book.accounts import wallet_of
from ledger.book.bulk import post_each
from ledger.book.codes import LIMITED, Code
from ledger.book.errors import HoldEnded, InsufficientFunds, InsufficientPoints
from ledger.book.expiry import expire_some
from ledger.book.models import Account, Balance, Hold, HoldState, Transfer
from ledger.book.reversals import Taking, take_back
from ledger.core import clock
from ledger.core.db import atomic, db
from ledger.core.tenancy import scoped
from tests.ledger.book.town import Town, at_once, evidence, open_town

WRITERS = 32
"""More than the pool has connections: on PostgreSQL some wait for one, on SQLite all wait for their turn."""

SECONDS, SECONDS_OF_THE_LONG_RUN = 4, 60

REFUSALS = (InsufficientPoints, InsufficientFunds, HoldEnded)


def test_of_32_spendings_at_once_a_wallet_that_can_pay_one_pays_one(context: Flask) -> None:
    town = open_town(members=1)
    member = town.member_ids[0]
    town.award(member, 10)
    results = at_once(context, [lambda: town.spend(member, 10)] * 32)
    assert Counter(type(result).__name__ for result in results) == {"NoneType": 1, "InsufficientPoints": 31}
    assert town.of(member).posted == 0


def test_of_16_holds_at_once_as_many_are_placed_as_the_wallet_can_bear(context: Flask) -> None:
    town = open_town(members=1)
    member = town.member_ids[0]
    town.award(member, 10)
    results = at_once(context, [lambda: town.hold(wallet_of(member), 3)] * 16)
    assert sum(isinstance(result, Hold) for result in results) == 3
    assert town.of(member).available == 1


def test_a_hold_that_is_posted_and_voided_at_once_is_one_of_them(context: Flask) -> None:
    town = open_town(members=1)
    member = town.member_ids[0]
    for _ in range(8):
        town.award(member, 10)
        hold = town.hold(wallet_of(member), 10)
        before = town.balance(town.shop)
        posted, voided = at_once(
            context, [partial(town.post, town.spending_of(member, 10, hold=hold)), partial(town.void, hold)]
        )
        if voided:
            assert isinstance(posted, HoldEnded)
            town.spend(member, 10)
        assert town.balance(town.shop) == before + 10
        assert town.of(member).held == 0


def test_32_writers_hammer_five_accounts_and_the_history_replays_to_the_same_balances(context: Flask) -> None:
    _hammer_and_replay(context, SECONDS, least=1)


@pytest.mark.long
def test_32_writers_hammer_five_accounts_for_a_minute(context: Flask) -> None:
    _hammer_and_replay(context, SECONDS_OF_THE_LONG_RUN, least=20)


def _hammer_and_replay(app: Flask, seconds: int, *, least: int) -> None:
    """Four wallets and a fund under blows of every kind; a refusal is an answer, anything else is a failure.

    Nobody starves: each writer has at least so many answers, however slow the machine.
    """
    town = open_town(members=4)
    town.grant(2_000)
    end = time.monotonic() + seconds
    done = at_once(app, [partial(_hammer, town, seed, end) for seed in range(WRITERS)])
    assert [outcome for outcome in done if not isinstance(outcome, Counter)] == []
    together: Counter[str] = sum(done, Counter())
    assert set(together) <= {"done", *(reason.__name__ for reason in REFUSALS)}
    assert min(outcomes.total() for outcomes in done) >= least, "a writer starved"
    _assert_history_replays(town)


def _hammer(town: Town, seed: int, end: float) -> Counter[str]:
    chance = random.Random(seed)
    outcomes: Counter[str] = Counter()
    stamps: list[UUID] = []
    while time.monotonic() < end:
        blow = chance.choice(_BLOWS)
        try:
            blow(town, chance, stamps)
            outcomes["done"] += 1
        except REFUSALS as refusal:
            outcomes[type(refusal).__name__] += 1
    return outcomes


def _award(town: Town, chance: random.Random, stamps: list[UUID]) -> None:
    stamps.append(town.award(chance.choice(town.member_ids), chance.randint(1, 20)))


def _award_many(town: Town, chance: random.Random, stamps: list[UUID]) -> None:
    town.post(*(town.award_of(member, chance.randint(1, 9)) for member in chance.choices(town.member_ids, k=6)))


def _undo(town: Town, chance: random.Random, stamps: list[UUID]) -> None:
    town.undo(*stamps[-2:])
    del stamps[-2:]


def _spend(town: Town, chance: random.Random, stamps: list[UUID]) -> None:
    town.spend(chance.choice(town.member_ids), chance.randint(1, 15))


def _spend_many(town: Town, chance: random.Random, stamps: list[UUID]) -> None:
    town.post(*(town.spending_of(member, chance.randint(1, 5)) for member in chance.sample(town.member_ids, 3)))


def _hold_and_decide(town: Town, chance: random.Random, stamps: list[UUID]) -> None:
    member, points = chance.choice(town.member_ids), chance.randint(1, 10)
    hold = town.hold(wallet_of(member), points)
    if chance.random() < 0.5:
        town.void(hold)
    else:
        town.post(town.spending_of(member, points, hold=hold))


def _charge(town: Town, chance: random.Random, stamps: list[UUID]) -> None:
    town.charge(chance.randint(1, 9))


def _hold_money(town: Town, chance: random.Random, stamps: list[UUID]) -> None:
    fen = chance.randint(1, 30)
    town.post(town.charge_of(fen, hold=town.hold(town.fund, fen)))


def _take_back_a_part(town: Town, chance: random.Random, stamps: list[UUID]) -> None:
    [award] = town.post(town.award_of(chance.choice(town.member_ids), 9))
    atomic(take_back)(town.actor, [Taking(award, chance.randint(1, 9), evidence("correction"))])


def _spend_each_for_itself(town: Town, chance: random.Random, stamps: list[UUID]) -> None:
    members = chance.choices(town.member_ids, k=4)
    atomic(post_each)(town.actor, [[town.spending_of(member, chance.randint(1, 8))] for member in members])


def _let_expire(town: Town, chance: random.Random, stamps: list[UUID]) -> None:
    passed = clock.today() - timedelta(days=2)
    town.post(town.award_of(chance.choice(town.member_ids), chance.randint(1, 9), expires_on=passed))
    expire_some(town.id)


def _seal(town: Town, chance: random.Random, stamps: list[UUID]) -> None:
    seals.seal(town.id)


_BLOWS: list[Callable[[Town, random.Random, list[UUID]], None]] = [
    *(_award, _award_many, _undo, _spend, _spend_many, _hold_and_decide, _charge, _hold_money),
    *(_take_back_a_part, _spend_each_for_itself, _let_expire, _seal),
]


@atomic
def _assert_history_replays(town: Town) -> None:
    """What was committed, taken again one after the other, gives the stored balances and never overdraws.

    The moment of recording is read under the locks of the wallets, so of each wallet it tells the order of its commits.
    """
    accounts = {account.id: account for account in db.session.scalars(scoped(town.id, Account))}
    replayed: Counter[UUID] = Counter()
    earned: Counter[UUID] = Counter()
    for transfer in db.session.scalars(scoped(town.id, Transfer).order_by(Transfer.recorded_at, Transfer.id)):
        replayed[transfer.debit_account_id] -= transfer.amount
        replayed[transfer.credit_account_id] += transfer.amount
        payer = accounts[transfer.debit_account_id]
        assert replayed[payer.id] >= 0 or payer.kind not in LIMITED, f"{payer.kind} was overdrawn by {transfer.code}"
        if transfer.code == Code.AWARD:
            earned[transfer.credit_account_id] += transfer.amount
        elif transfer.code in (Code.REVERSE, Code.REPAY):
            earned[transfer.debit_account_id] -= transfer.amount
    stored: Counter[UUID] = Counter()
    for balance in db.session.scalars(scoped(town.id, Balance)):
        stored[balance.account_id] += balance.balance
        assert balance.balance >= balance.held == 0 or not balance.limited
    for account in accounts.values():
        if account.id in stored:
            assert stored[account.id] == replayed[account.id], account.kind
    for member in town.member_ids:
        wallet = wallet_of(member).id_in(town.id)
        row = db.session.scalars(scoped(town.id, Balance).where(Balance.account_id == wallet)).one()
        assert row.earned == earned[wallet]
    assert sum(replayed.values()) == 0
    placed = select(Hold.id).where(Hold.state == HoldState.PLACED)
    assert db.session.scalars(placed).all() == []
