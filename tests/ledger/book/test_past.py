"""Balances at past moments: equal to a plain sum of what had taken effect and was known, in a few rows read."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import pytest
from sqlalchemy import CompoundSelect, func, select, text, union_all
from sqlalchemy.dialects import postgresql, sqlite

from ledger.book import past
from ledger.book.accounts import AccountKey, debt_of, fund_of, hours_of, issuance_of, takings_of, wallet_of
from ledger.book.balances import member_balance
from ledger.book.codes import EARNED, SPENT, Code, Kind
from ledger.book.errors import InsufficientPoints, MomentInFuture
from ledger.book.transfers import Draft
from ledger.core import clock
from ledger.core.db import atomic, db
from tests.ledger.book.sealing import seal_all
from tests.ledger.book.town import Town, evidence, open_town
from tests.owning import owner

NOON = datetime(2026, 11, 20, 4, tzinfo=UTC)
TICK = timedelta(microseconds=1)


@pytest.fixture(autouse=True)
def at_noon(town: Town) -> Iterator[None]:
    with clock.set_to(NOON):
        yield


@atomic
def at(town: Town, key: AccountKey, moment: datetime, known_at: datetime | None = None) -> int:
    return past.balance_at(town.id, key, moment, known_at=known_at)


# The edges of a moment.


def test_before_the_first_transfer_there_is_nothing(town: Town) -> None:
    town.award(town.member_ids[0], 10)
    assert at(town, wallet_of(town.member_ids[0]), NOON - TICK) == 0


def test_what_takes_effect_in_the_same_instant_counts(town: Town) -> None:
    town.award(town.member_ids[0], 10)
    assert at(town, wallet_of(town.member_ids[0]), NOON) == 10


@pytest.mark.parametrize(
    "edge",
    [
        datetime(2026, 1, 1, tzinfo=clock.SHANGHAI),
        datetime(2026, 3, 1, tzinfo=clock.SHANGHAI),
        datetime(2026, 3, 17, tzinfo=clock.SHANGHAI),
        datetime(2024, 2, 29, tzinfo=clock.SHANGHAI),
    ],
    ids=["year", "month", "day", "leap_day"],
)
def test_the_first_instant_of_a_period_belongs_to_it(town: Town, edge: datetime) -> None:
    wallet = wallet_of(town.member_ids[0])
    for step, moment in enumerate((edge - TICK, edge, edge + TICK)):
        town.post(town.award_of(town.member_ids[0], 10**step, effective_at=moment))
    assert [at(town, wallet, moment) for moment in (edge - 2 * TICK, edge - TICK, edge, edge + TICK)] == [0, 1, 11, 111]


def test_a_backdated_award_is_part_of_the_past_that_is_known_now(town: Town) -> None:
    wallet, earlier = wallet_of(town.member_ids[0]), NOON - timedelta(days=400)
    town.post(town.award_of(town.member_ids[0], 10, effective_at=earlier))
    assert (at(town, wallet, earlier), at(town, wallet, earlier, NOON - TICK), at(town, wallet, earlier, NOON)) == (
        10, 0, 10,
    )  # fmt: skip


def test_nothing_is_known_after_known_at(town: Town) -> None:
    wallet = wallet_of(town.member_ids[0])
    town.award(town.member_ids[0], 10)
    clock.advance(hours=1)
    town.award(town.member_ids[0], 5)
    assert at(town, wallet, clock.now(), NOON) == 10


@pytest.mark.parametrize("sealed", [True, False])
def test_shared_accounts_have_their_past_sealed_or_not(town: Town, sealed: bool) -> None:
    town.award(town.member_ids[0], 100)
    town.spend(town.member_ids[0], 30)
    clock.advance(days=50)
    town.spend(town.member_ids[0], 20)
    town.grant(700)
    if sealed:
        assert seal_all(town.id) == 4
    clock.advance(days=50)
    town.spend(town.member_ids[0], 10)
    assert [at(town, town.shop, NOON + timedelta(days=days)) for days in (0, 49, 50, 99, 100)] == [30, 30, 50, 50, 60]
    assert at(town, town.fund, NOON + timedelta(days=70)) == 700
    assert (town.balance(town.shop), town.balance(issuance_of(town.id))) == (60, -100)


# A member's figures.


def test_a_members_past_figures_are_those_that_stood_then(town: Town) -> None:
    """Everything that happens to a member, noted as it happened and asked for afterwards."""
    one, other = town.member_ids
    stood: list[tuple[datetime, object]] = []

    def note() -> None:
        stood.append((clock.now(), town.of(one)))
        clock.advance(days=9, hours=7)

    stamp = town.award(one, 40)
    town.post(town.hours_of(one, 90))
    note()
    town.spend(one, 25)
    note()
    placed = town.hold(wallet_of(one), 6)
    note()
    town.hold(wallet_of(one), 3, seconds=3600)
    clock.advance(minutes=10)
    note()
    town.undo(stamp)
    note()
    town.award(one, 30)
    town.award(other, 1)
    note()
    held = town.hold(wallet_of(one), 2)
    town.post(town.spending_of(one, 2, hold=held))
    town.void(town.hold(wallet_of(one), 1))
    note()
    assert placed.expires_at < clock.now()
    asked = [(moment, atomic(member_balance)(town.id, one, at=moment)) for moment, _ in stood]
    assert asked == stood


def test_a_hold_is_held_until_it_ends_or_its_time_is_over(town: Town) -> None:
    [one, _] = town.member_ids
    town.award(one, 10)
    town.hold(wallet_of(one), 4, seconds=60)
    voided = town.hold(wallet_of(one), 3, seconds=600)
    clock.advance(seconds=30)
    town.void(voided)
    clock.advance(seconds=600)
    seconds = (-1, 0, 29, 30, 59, 60)
    moments = (NOON + timedelta(seconds=count) for count in seconds)
    assert [atomic(member_balance)(town.id, one, at=moment).held for moment in moments] == [0, 7, 7, 4, 4, 0]


def test_the_future_is_refused(town: Town) -> None:
    with pytest.raises(MomentInFuture):
        atomic(member_balance)(town.id, town.member_ids[0], at=NOON + TICK)


# What is read.

YEARS = 6


@pytest.fixture
def regular(town: Town) -> Town:
    """A member to whom something happens every day for years, sealed but for the last."""
    [one, _] = town.member_ids
    days = [NOON - timedelta(days=count) for count in range(YEARS * 365)]
    town.post(*(town.award_of(one, 2, effective_at=day) for day in days))
    town.post(*(town.spending_of(one, 1, effective_at=day) for day in days))
    seal_all(town.id)
    town.spend(one, 1)
    return town


def rows_read(town: Town, key: AccountKey, moment: datetime, known_at: datetime | None = None) -> int:
    pieces = past.what_is_read(town.id, {key.id_in(town.id): key}, moment, known_at=known_at)
    return db.session.scalar(select(func.count()).select_from(union_all(*pieces).subquery())) or 0


def test_a_wallets_balance_reads_few_rows_however_long_its_history(regular: Town) -> None:
    wallet = wallet_of(regular.member_ids[0])
    worst = datetime(2025, 12, 31, 15, tzinfo=UTC)  # The last day of the longest month at the end of a year.
    complete = (2025 - 2020) + 1  # The history begins within 2020.
    assert rows_read(regular, wallet, worst) <= complete + 11 + 30 + 2
    assert rows_read(regular, wallet, worst, clock.now()) <= 64 - (20 - complete)  # As many years as 20.
    assert at(regular, wallet, worst) == (worst - (NOON - timedelta(days=YEARS * 365))).days


@pytest.mark.parametrize("hour", [0, 24])
def test_any_accounts_balance_at_a_days_bound_reads_few_rows(regular: Town, hour: int) -> None:
    bound = clock.start_of_day(datetime(2025, 12, 31).date()) + timedelta(hours=hour)  # noqa: DTZ001
    for key in (regular.shop, issuance_of(regular.id)):
        assert rows_read(regular, key, bound) <= 64 - 14


def test_the_balance_now_of_an_account_without_a_stored_one_reads_a_row_a_year(regular: Town) -> None:
    assert regular.balance(regular.shop) == YEARS * 365 + 1
    assert regular.balance(issuance_of(regular.id)) == -2 * YEARS * 365


def test_no_piece_of_a_past_balance_scans_the_history(regular: Town) -> None:
    keys = [wallet_of(regular.member_ids[0]), regular.shop]
    accounts = {key.id_in(regular.id): key for key in keys}
    pieces = past.what_is_read(regular.id, accounts, NOON - timedelta(days=99, hours=3), known_at=NOON)
    plan = explain(union_all(*pieces))
    assert not [step for step in plan if "SCAN transfers" in step or "Seq Scan on transfers" in step]
    # A search by the community alone would read all of it.
    assert not [step for step in plan if "transfers" in step and step.endswith("(community_id=?)")]
    sides = ("transfers_debit", "transfers_credit", "transfers_backdated_debit", "transfers_backdated_credit")
    assert [side for side in sides if not any(f" ix_{side} " in step for step in plan)] == []


def explain(query: CompoundSelect[Any]) -> list[str]:
    """The engine's plan, without sequential scans where an index could do (the tables are small)."""
    connection = db.session.connection()
    if connection.dialect.name == "sqlite":
        shown = query.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True})
        return [row[3] for row in connection.execute(text(f"EXPLAIN QUERY PLAN {shown}".replace(":", r"\:")))]
    with owner().connect() as counting, counting.begin():
        counting.execute(text("ANALYZE"))
    connection.execute(text("SET LOCAL enable_seqscan = off"))
    shown = query.compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True})
    return [row[0] for row in connection.exec_driver_sql(f"EXPLAIN {shown}".replace("%", "%%"))]


# Against a model.


class Side(NamedTuple):
    """The model of one movement of an account."""

    code: Code
    amount: int
    effective_at: datetime
    recorded_at: datetime


@dataclass
class History:
    """Random verbs of the books, and beside them the model: lists of movements, added up in plain Python."""

    town: Town
    chance: random.Random
    sides: dict[AccountKey, list[Side]] = field(default_factory=dict)

    def live(self, steps: int) -> None:
        for _ in range(steps):
            if self.chance.random() < 0.5:
                clock.advance(minutes=self.chance.choice((1, 47, 700, 20_000, 300_000)))
            if self.chance.random() < 0.2:
                seal_all(self.town.id)
            self.write(self.draft())

    def draft(self) -> Draft:
        member = self.chance.choice(self.town.member_ids)
        points, effective_at = self.chance.randint(1, 50), self.some_moment() if self.chance.random() < 0.5 else None
        ways = [
            (Code.AWARD, issuance_of(self.town.id), wallet_of(member)),
            (Code.HOURS, AccountKey(Kind.ISSUANCE, hours_of(member).unit, self.town.id), hours_of(member)),
            (Code.REDEEM, wallet_of(member), self.town.shop),
            (Code.DONATE, wallet_of(member), AccountKey(Kind.POT, wallet_of(member).unit, self.town.id)),
            (Code.REFUND, self.town.shop, wallet_of(member)),
        ]
        code, debit, credit = self.chance.choice(ways)
        return Draft(
            code=code, debit=debit, credit=credit, amount=points, source=evidence("test"), effective_at=effective_at
        )

    def write(self, draft: Draft) -> None:
        try:
            self.town.post(draft)
        except InsufficientPoints:
            return
        for key, amount in ((draft.debit, -draft.amount), (draft.credit, draft.amount)):
            side = Side(draft.code, amount, draft.effective_at or clock.now(), clock.now())
            self.sides.setdefault(key, []).append(side)

    def some_moment(self) -> datetime:
        """Anywhere in the past: often at an edge of a day or at the instant of a movement."""
        moment = clock.now() - timedelta(seconds=self.chance.randint(0, 60_000_000))
        known = [side for sides in self.sides.values() for side in sides]
        if known and self.chance.random() < 0.3:
            moment = self.chance.choice(known).effective_at
        elif self.chance.random() < 0.3:
            moment = clock.start_of_day(clock.local_day(moment))
        return moment + self.chance.choice((-TICK, timedelta(0), timedelta(0)))

    def expected(self, key: AccountKey, moment: datetime, known_at: datetime) -> past.Figures:
        seen = [s for s in self.sides.get(key, []) if s.effective_at <= moment and s.recorded_at <= known_at]
        ways = [(side, (side.code, 1 if side.amount > 0 else -1)) for side in seen]
        is_wallet = key.kind is Kind.WALLET
        return past.Figures(
            sum(side.amount for side in seen),
            sum(side.amount for side, way in ways if is_wallet and way in EARNED),
            -sum(side.amount for side, way in ways if is_wallet and way in SPENT),
        )


def compare(history: History, questions: int) -> None:
    keys = list(history.sides)
    for _ in range(questions):
        moment, known_at = history.some_moment(), history.chance.choice((None, history.some_moment()))
        found = atomic(past.figures_at)(history.town.id, keys, moment, known_at=known_at)
        expected = {key: history.expected(key, moment, known_at or clock.now()) for key in keys}
        assert {key: told(key, figures) for key, figures in found.items()} == expected


def told(key: AccountKey, figures: past.Figures) -> past.Figures:
    """Lifetime figures mean something for wallets only."""
    return figures if key.kind is Kind.WALLET else past.Figures(figures.balance)


@pytest.mark.parametrize("seed", range(4))
def test_random_histories_equal_a_plain_sum(town: Town, seed: int) -> None:
    history = History(town, random.Random(seed))
    history.live(40)
    compare(history, 40)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(100, 108))
def test_many_random_histories_equal_a_plain_sum(town: Town, seed: int) -> None:
    history = History(open_town(members=3), random.Random(seed))
    for _ in range(5):
        history.live(60)
        compare(history, 60)


def test_unused_accounts_are_told_as_empty(town: Town) -> None:
    keys = [debt_of(town.member_ids[0]), fund_of(town.fund_id), takings_of(town.merchant_id)]
    assert atomic(past.figures_at)(town.id, keys, NOON) == dict.fromkeys(keys, past.Figures())
