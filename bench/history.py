"""A community with a long history, written past the verbs but with all that the verbs would leave: its books check.

Members are given points and hours and buy something, a visit a time, evenly over three years. The transfers are loaded;
balances, rollups and seals then follow by the house's own code.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import insert, text

from ledger.book import rollups, seals
from ledger.book.accounts import AccountKey, hours_of, issuance_of, takings_of, wallet_of
from ledger.book.balances import Change, change_balances
from ledger.book.codes import Code, Unit
from ledger.book.models import Transfer
from ledger.book.rollups import Movement
from ledger.core import clock, ids
from ledger.core.db import atomic, db, is_postgresql
from tests.ledger.book.town import Town, open_town

DAYS = 3 * 365
VISIT = 4
"""Transfers of one visit: two awards and an hour of service, and something bought."""

POINTS, MINUTES, PRICE = 10, 60, 7
VISITS_AT_ONCE = 10_000

_transfers: Any = Transfer.__table__
_COLUMNS = [column.key for column in _transfers.columns]


class Move(NamedTuple):
    """A transfer of a visit, before it is a row."""

    code: Code
    debit: AccountKey
    credit: AccountKey
    amount: int
    part: int
    at: datetime
    source_id: UUID


def settle_history(*, transfers: int, members: int) -> Town:
    """A new town of so many members with so many transfers, a multiple of 4, until today; each has its seal."""
    assert transfers % VISIT == 0
    visits, began = transfers // VISIT, clock.now() - timedelta(days=DAYS)
    with clock.set_to(began):
        town = open_town(members=members)
    moves = (_visit(town, number, began + timedelta(days=DAYS * number / visits)) for number in range(visits))
    while some := [move for visit in islice(moves, VISITS_AT_ONCE) for move in visit]:
        _load(town, some)
    _store_balances(town, visits)
    _count_rows()
    seals.seal(town.id)
    return town


@atomic
def _count_rows() -> None:
    """As an awake server would have by itself: else each day's seal reads all that waits."""
    db.session.execute(text("ANALYZE"))


def _visit(town: Town, number: int, at: datetime) -> Iterator[Move]:
    member_id, source_id = town.member_ids[number % len(town.member_ids)], ids.new_id()
    wallet, promised = wallet_of(member_id), issuance_of(town.id)
    yield Move(Code.AWARD, promised, wallet, POINTS, 0, at, source_id)
    yield Move(Code.AWARD, promised, wallet, POINTS, 1, at, source_id)
    yield Move(Code.HOURS, issuance_of(town.id, Unit.MINUTES), hours_of(member_id), MINUTES, 0, at, source_id)
    yield Move(Code.REDEEM, wallet, takings_of(town.merchant_id), PRICE, 0, at, source_id)


@atomic
def _load(town: Town, moves: Sequence[Move]) -> None:
    """The transfers and the rollups of their wallets and hours are there; the trigger lets each wait for its seal."""
    rows = [_row(town, move) for move in moves]
    connection = db.session.connection()
    if is_postgresql():
        columns = ", ".join(_COLUMNS)
        with connection.connection.cursor().copy(f"COPY transfers ({columns}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row([row[column] for column in _COLUMNS])
    else:
        connection.execute(insert(_transfers), rows)
    rollups.add(town.id, [movement for move in moves for movement in _movements(town, move)])


def _row(town: Town, move: Move) -> dict[str, Any]:
    with clock.set_to(move.at):  # The id is of the transfer's time, as those that the house makes.
        transfer_id = ids.new_id()
    return dict.fromkeys(_COLUMNS) | {
        "community_id": town.id,
        "id": transfer_id,
        "code": move.code,
        "unit": move.debit.unit,
        "debit_account_id": move.debit.id_in(town.id),
        "credit_account_id": move.credit.id_in(town.id),
        "amount": move.amount,
        "effective_at": move.at,
        "recorded_at": move.at,
        "source_type": "visit",
        "source_id": move.source_id,
        "part": move.part,
        "source_digest": hashlib.sha256(move.source_id.bytes).digest(),
        "actor_id": town.actor.person_id,
    }


def _movements(town: Town, move: Move) -> Iterator[Movement]:
    for key, amount in ((move.debit, -move.amount), (move.credit, move.amount)):
        yield Movement(key.id_in(town.id), key.kind, move.code, amount, move.at)


@atomic
def _store_balances(town: Town, visits: int) -> None:
    for place, member_id in enumerate(town.member_ids):
        times = visits // len(town.member_ids) + (place < visits % len(town.member_ids))
        earned, spent = 2 * POINTS * times, PRICE * times
        wallet = Change(wallet_of(member_id), balance=earned - spent, earned=earned, spent=spent)
        change_balances(town.id, [wallet, Change(hours_of(member_id), balance=MINUTES * times)])
