"""Named checks of the books: each recomputes from the raw rows, is silent when all is well, and never repairs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import aliased
from sqlalchemy.sql import ColumnElement

from ledger.book import triggers
from ledger.book.codes import DECLARED, EARNED, LIMITED, SPENT, STORED, Code, Kind
from ledger.book.models import Account, Balance, Draw, Hold, HoldState, Transfer, entries
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
    """The draws of a transfer add up to its amount; a wallet without expiry has none."""
    query = (
        select(Transfer.community_id, Transfer.id, Transfer.amount, func.sum(Draw.amount))
        .join(Draw, and_(same_community(Draw, Transfer), Draw.transfer_id == Transfer.id))
        .group_by(Transfer.community_id, Transfer.id, Transfer.amount)
        .having(func.sum(Draw.amount) != Transfer.amount)
    )
    yield from _findings("draws_match", query, "transfer {0}: amount {1}, draws {2}")


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
