"""Named checks of the books: each recomputes from the raw rows, is silent when all is well, and never repairs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import CompoundSelect, Select, and_, case, func, or_, select, union_all
from sqlalchemy.orm import aliased
from sqlalchemy.sql import ColumnElement

from ledger.book import triggers
from ledger.book.codes import DECLARED, EARNED, LIMITED, SPENT, STORED, Code, Kind
from ledger.book.models import Account, Balance, Cohort, Draw, Hold, HoldState, Transfer, entries
from ledger.core.db import db
from ledger.core.ids import NOBODY
from ledger.core.registry import Finding, check, checks
from ledger.core.tenancy import same_community


def run_checks(names: Iterable[str] | None = None) -> list[Finding]:
    """All registered checks, or those named, over every community; the findings in the checks' order."""
    return [finding for name in (names or checks) for finding in checks[name]()]


def _findings(name: str, query: Select[Any], words: str) -> Iterator[Finding]:
    """A finding for each row of a query whose first column is the community."""
    for community_id, *facts in db.session.execute(query):
        yield Finding(name, community_id, words.format(*facts))


def _sums() -> Any:
    """Credits - debits of each account, from the transfers alone."""
    of = entries.c
    return (
        select(of.community_id, of.account_id, of.unit, func.sum(of.amount).label("balance"))
        .group_by(of.community_id, of.account_id, of.unit)
        .subquery()
    )


@check("zero_sum")
def zero_sum() -> Iterator[Finding]:
    """The balances of a community add up to 0 in each unit, stored ones taken as they are stored."""
    sums = _sums()
    by_account = select(Balance.community_id, Balance.account_id, func.sum(Balance.balance).label("balance"))
    stored = by_account.group_by(Balance.community_id, Balance.account_id).subquery()
    balance = func.coalesce(stored.c.balance, sums.c.balance, 0)
    query = (
        select(Account.community_id, Account.unit, func.sum(balance))
        .outerjoin(sums, and_(same_community(sums.c, Account), sums.c.account_id == Account.id))
        .outerjoin(stored, and_(same_community(stored.c, Account), stored.c.account_id == Account.id))
        .group_by(Account.community_id, Account.unit)
        .having(func.sum(balance) != 0)
    )
    yield from _findings("zero_sum", query, "{0} add up to {1}")


@check("balances_match")
def balances_match() -> Iterator[Finding]:
    """Every stored balance is the sum of its account's transfers, and an account that stores one has it."""
    sums = _sums()
    stored = select(Balance.community_id, Balance.account_id, func.sum(Balance.balance).label("balance")).group_by(
        Balance.community_id, Balance.account_id
    )
    rows = stored.subquery()
    query = (
        select(Account.community_id, Account.kind, Account.id, rows.c.balance, sums.c.balance)
        .outerjoin(rows, and_(same_community(rows.c, Account), rows.c.account_id == Account.id))
        .outerjoin(sums, and_(same_community(sums.c, Account), sums.c.account_id == Account.id))
        .where(Account.kind.in_(STORED))
        .where(or_(rows.c.balance.is_(None), rows.c.balance != func.coalesce(sums.c.balance, 0)))
    )
    yield from _findings("balances_match", query, "{0} {1}: stored {2}, transfers say {3}")


def _is_one_of(moves: Iterable[tuple[Code, int]]) -> ColumnElement[bool]:
    of = entries.c
    return or_(*(and_(of.code == code, of.amount * sign > 0) for code, sign in sorted(moves)))


@check("lifetime_match")
def lifetime_match() -> Iterator[Finding]:
    """Earned and spent of each wallet are what its transfers say."""
    of = entries.c
    earned = func.sum(of.amount).filter(_is_one_of(EARNED))
    spent = -func.sum(of.amount).filter(_is_one_of(SPENT))
    sums = (
        select(of.community_id, of.account_id, earned.label("earned"), spent.label("spent"))
        .group_by(of.community_id, of.account_id)
        .subquery()
    )
    query = (
        select(
            Balance.community_id,
            Balance.account_id,
            Balance.earned,
            sums.c.earned,
            Balance.spent,
            sums.c.spent,
        )
        .join(Account, and_(same_community(Account, Balance), Account.id == Balance.account_id))
        .outerjoin(sums, and_(same_community(sums.c, Balance), sums.c.account_id == Balance.account_id))
        .where(Account.kind == Kind.WALLET)
        .where(
            or_(
                Balance.earned != func.coalesce(sums.c.earned, 0),
                Balance.spent != func.coalesce(sums.c.spent, 0),
            )
        )
    )
    yield from _findings("lifetime_match", query, "wallet {0}: earned {1} / {2}, spent {3} / {4}")


@check("holds_match")
def holds_match() -> Iterator[Finding]:
    """`held` of each slot is the sum of the placed holds on it."""
    placed = (
        select(Hold.community_id, Hold.account_id, Hold.slot, func.sum(Hold.amount).label("amount"))
        .where(Hold.state == HoldState.PLACED)
        .group_by(Hold.community_id, Hold.account_id, Hold.slot)
        .subquery()
    )
    on_slot = and_(
        same_community(placed.c, Balance), placed.c.account_id == Balance.account_id, placed.c.slot == Balance.slot
    )
    query = (
        select(Balance.community_id, Balance.account_id, Balance.held, placed.c.amount)
        .outerjoin(placed, on_slot)
        .where(Balance.held != func.coalesce(placed.c.amount, 0))
    )
    yield from _findings("holds_match", query, "account {0}: held {1}, placed holds say {2}")


@check("draws_match")
def draws_match() -> Iterator[Finding]:
    """What a transfer or hold drew from expiring points lies within its amount, in its own wallet; expiry drew all."""
    drawn = func.sum(Draw.amount)
    of_transfer = (
        select(Transfer.community_id, Transfer.id, Transfer.amount, drawn)
        .join(Draw, and_(same_community(Draw, Transfer), Draw.transfer_id == Transfer.id))
        .group_by(Transfer.community_id, Transfer.id, Transfer.amount, Transfer.code, Transfer.debit_account_id)
        .having(
            or_(
                drawn > Transfer.amount,
                and_(Transfer.code == Code.EXPIRE, drawn != Transfer.amount),
                func.min(case((Draw.account_id == Transfer.debit_account_id, 1), else_=0)) == 0,
            )
        )
    )
    yield from _findings("draws_match", of_transfer, "transfer {0}: amount {1}, draws {2}")
    of_hold = (
        select(Hold.community_id, Hold.id, Hold.amount, drawn)
        .join(Draw, and_(same_community(Draw, Hold), Draw.hold_id == Hold.id))
        .group_by(Hold.community_id, Hold.id, Hold.amount, Hold.account_id)
        .having(
            or_(drawn > Hold.amount, func.min(case((Draw.account_id == Hold.account_id, 1), else_=0)) == 0),
        )
    )
    yield from _findings("draws_match", of_hold, "hold {0}: amount {1}, draws {2}")
    undrawn = (
        select(Transfer.community_id, Transfer.id)
        .outerjoin(Draw, and_(same_community(Draw, Transfer), Draw.transfer_id == Transfer.id))
        .where(Transfer.code == Code.EXPIRE, Draw.id.is_(None))
    )
    yield from _findings("draws_match", undrawn, "transfer {0}: points expired that no cohort had")


@check("cohorts_match")
def cohorts_match() -> Iterator[Finding]:
    """What is left of each cohort is credits - draws - draws of live holds, and no wallet has less available."""
    moves = _cohort_moves().subquery()
    said = (
        select(moves.c.community_id, moves.c.account_id, moves.c.expires_on, func.sum(moves.c.points).label("points"))
        .group_by(moves.c.community_id, moves.c.account_id, moves.c.expires_on)
        .subquery()
    )
    same = and_(
        same_community(said.c, Cohort),
        said.c.account_id == Cohort.account_id,
        said.c.expires_on == Cohort.expires_on,
    )
    stored = (
        select(Cohort.community_id, Cohort.account_id, Cohort.expires_on, Cohort.points_left, said.c.points)
        .outerjoin(said, same)
        .where(Cohort.points_left != func.coalesce(said.c.points, 0))
    )
    yield from _findings("cohorts_match", stored, "wallet {0}, {1}: {2} left, transfers say {3}")
    missing = (
        select(said.c.community_id, said.c.account_id, said.c.expires_on, said.c.points)
        .outerjoin(Cohort, same)
        .where(Cohort.account_id.is_(None), said.c.points != 0)
    )
    yield from _findings("cohorts_match", missing, "wallet {0}, {1}: {2} points in no cohort")
    dated = (
        select(Balance.community_id, Balance.account_id, Balance.balance, Balance.held, func.sum(Cohort.points_left))
        .join(Cohort, and_(same_community(Cohort, Balance), Cohort.account_id == Balance.account_id))
        .group_by(Balance.community_id, Balance.account_id, Balance.balance, Balance.held)
        .having(func.sum(Cohort.points_left) > Balance.balance - Balance.held)
    )
    yield from _findings("cohorts_match", dated, "wallet {0}: {1} less {2} held, but {3} expire")


def _cohort_moves() -> CompoundSelect[Any]:
    """Every credit with a date, and every draw that counts, as points of a cohort."""
    credited = select(
        Transfer.community_id,
        Transfer.credit_account_id.label("account_id"),
        Transfer.expires_on,
        Transfer.amount.label("points"),
    ).where(Transfer.expires_on.is_not(None))
    drawn = select(Draw.community_id, Draw.account_id, Draw.expires_on, -Draw.amount).where(
        Draw.transfer_id.is_not(None)
    )
    held = (
        select(Draw.community_id, Draw.account_id, Draw.expires_on, -Draw.amount)
        .join(Hold, and_(same_community(Hold, Draw), Hold.id == Draw.hold_id))
        .where(Hold.state == HoldState.PLACED)
    )
    return union_all(credited, drawn, held)


@check("no_negative_wallet")
def no_negative_wallet() -> Iterator[Finding]:
    """By the transfers alone, no wallet and no fund is below zero, and no debt above."""
    sums = _sums()
    query = (
        select(Account.community_id, Account.kind, Account.id, sums.c.balance)
        .join(sums, and_(same_community(sums.c, Account), sums.c.account_id == Account.id))
        .where(
            or_(
                and_(Account.kind.in_(LIMITED | {Kind.HOURS}), sums.c.balance < 0),
                and_(Account.kind == Kind.DEBT, sums.c.balance > 0),
            )
        )
    )
    yield from _findings("no_negative_wallet", query, "{0} {1} stands at {2}")


@check("no_cross_community")
def no_cross_community() -> Iterator[Finding]:
    """Both accounts of a transfer exist in its own community, with its unit."""
    debit, credit = aliased(Account), aliased(Account)
    query = (
        select(Transfer.community_id, Transfer.id)
        .outerjoin(debit, and_(same_community(debit, Transfer), debit.id == Transfer.debit_account_id))
        .outerjoin(credit, and_(same_community(credit, Transfer), credit.id == Transfer.credit_account_id))
        .where(
            or_(
                debit.id.is_(None),
                credit.id.is_(None),
                debit.unit != Transfer.unit,
                credit.unit != Transfer.unit,
            )
        )
    )
    yield from _findings("no_cross_community", query, "transfer {0} has an account elsewhere")


@check("codes_declared")
def codes_declared() -> Iterator[Finding]:
    """Every transfer is one that its code declares."""
    debit, credit = aliased(Account), aliased(Account)
    declared = [
        and_(Transfer.code == code, debit.kind == leg[0], credit.kind == leg[1], Transfer.unit == leg[2])
        for code, legs in DECLARED.items()
        for leg in legs
    ]
    query = (
        select(Transfer.community_id, Transfer.id, Transfer.code, debit.kind, credit.kind)
        .join(debit, and_(same_community(debit, Transfer), debit.id == Transfer.debit_account_id))
        .join(credit, and_(same_community(credit, Transfer), credit.id == Transfer.credit_account_id))
        .where(~or_(*declared))
    )
    yield from _findings("codes_declared", query, "transfer {0}: {1} from {2} to {3} is not declared")


@check("source_unique")
def source_unique() -> Iterator[Finding]:
    """No source has had the same transfer twice."""
    names = (Transfer.community_id, Transfer.code, Transfer.source_type, Transfer.source_id, Transfer.part)
    query = select(*names, func.count()).group_by(*names).having(func.count() > 1)
    yield from _findings("source_unique", query, "{0} of {1} {2} part {3} stands {4} times")


@check("reversals_within")
def reversals_within() -> Iterator[Finding]:
    """Together, the reversals of a transfer are at most its amount."""
    reversal = aliased(Transfer)
    query = (
        select(Transfer.community_id, Transfer.id, Transfer.amount, func.sum(reversal.amount))
        .join(reversal, and_(same_community(reversal, Transfer), reversal.reverses_id == Transfer.id))
        .group_by(Transfer.community_id, Transfer.id, Transfer.amount)
        .having(func.sum(reversal.amount) > Transfer.amount)
    )
    yield from _findings("reversals_within", query, "transfer {0} of {1}: {2} reversed")


@check("times_in_order")
def times_in_order() -> Iterator[Finding]:
    """No transfer takes effect after it was recorded."""
    query = select(Transfer.community_id, Transfer.id).where(Transfer.effective_at > Transfer.recorded_at)
    yield from _findings("times_in_order", query, "transfer {0} takes effect after it was recorded")


@check("triggers_installed")
def triggers_installed() -> Iterator[Finding]:
    """The engine itself refuses changes of history."""
    connection = db.session.connection()
    for name in sorted(triggers.expected(connection.dialect.name) - triggers.installed(connection)):
        yield Finding("triggers_installed", NOBODY, f"trigger {name} is missing")
