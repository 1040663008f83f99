"""A log that is rewritten as a whole: no check can tell, but whoever has kept a checkpoint of yesterday."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.engine import Connection

from ledger.book import checkpoints, merkle, rollups
from ledger.book.accounts import wallet_of
from ledger.book.tree import StoredTree
from ledger.core import clock
from tests.ledger.book.sealing import seal_all
from tests.ledger.book.test_tampering import (
    MORNING,
    TUESDAY,
    _balances,
    _checkpoints,
    _leaves,
    _nodes,
    _rollups,
    _transfers,
    _unsealed,
    first_transfer,
    found,
    sealed,
    tampering,
)  # fmt: skip
from tests.ledger.book.town import Town

__all__ = ["sealed"]


def rewrite(town: Town, change: Callable[[Connection], None]) -> None:
    """Somebody changes history and then computes all leaves, nodes and checkpoints anew with the house's own sealer."""
    with tampering() as connection:
        change(connection)
        for table in (_leaves, _nodes, _checkpoints, _unsealed, _rollups):
            connection.execute(delete(table))
        _roll_up_anew(connection, town)
        waiting = select(_transfers.c.community_id, _transfers.c.id.label("transfer_id"))
        connection.execute(insert(_unsealed).from_select(["community_id", "transfer_id"], waiting))
        if connection.dialect.name == "sqlite":
            # The copied table lost its key, which leaves refer to.
            connection.execute(text("CREATE UNIQUE INDEX its_key ON transfers (community_id, id)"))
    seal_all(town.id)


def _roll_up_anew(connection: Connection, town: Town) -> None:
    """The rollups of wallets, which are written with each transfer; the sealer writes the others."""
    wallets = {wallet_of(member).id_in(town.id) for member in town.member_ids}
    rows: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in connection.execute(_transfers.select()).all():
        for account, sign in ((row.debit_account_id, -1), (row.credit_account_id, 1)):
            for level, starts_on in rollups.periods_of(clock.local_day(row.effective_at)):
                if account not in wallets:
                    continue
                key = {"community_id": town.id, "account_id": account, "level": level, "starts_on": starts_on}
                sums = rows.setdefault(tuple(key.values()), key | {"amount": 0, "earned": 0, "spent": 0})
                sums["amount"] += sign * row.amount
                sums["earned" if row.code == "award" else "spent"] += row.amount
    connection.execute(insert(_rollups), list(rows.values()))


def _more_for_a_friend(town: Town) -> Callable[[Connection], None]:
    def change(connection: Connection) -> None:
        row = first_transfer(connection)
        connection.execute(update(_transfers).where(_transfers.c.id == row.id).values(amount=row.amount + 100))
        raised = update(_balances).where(_balances.c.account_id == row.credit_account_id)
        connection.execute(raised.values(balance=_balances.c.balance + 100, earned=_balances.c.earned + 100))

    return change


def _tail_forgotten(town: Town) -> Callable[[Connection], None]:
    def change(connection: Connection) -> None:
        for row in connection.execute(_transfers.select().where(_transfers.c.recorded_at > MORNING)).all():
            connection.execute(delete(_transfers).where(_transfers.c.id == row.id))
        account = wallet_of(town.member_ids[0]).id_in(town.id)
        one = update(_balances).where(_balances.c.account_id == account)
        connection.execute(one.values(balance=_balances.c.balance + 2, spent=0))
        other = wallet_of(town.member_ids[1]).id_in(town.id)
        connection.execute(
            update(_balances).where(_balances.c.account_id == other).values(balance=0, earned=0, spent=0)
        )

    return change


def proves(older: tuple[int, bytes], town: Town) -> bool:
    """Does the newest checkpoint continue the one that somebody kept, by the proof that the house offers today?"""
    newest = checkpoints.newest_checkpoint(town.id)
    assert newest is not None
    size, root = older
    if size > newest.size:
        return False
    proof = merkle.consistency_proof(size, newest.size, StoredTree(town.id).node)
    return merkle.is_consistent(size, newest.size, proof=proof, old_root=root, new_root=newest.root)


@pytest.mark.breaks_books
@pytest.mark.parametrize("change", [_more_for_a_friend, _tail_forgotten], ids=["rewritten", "cut"])
def test_a_log_that_is_rewritten_as_a_whole_is_found_only_by_yesterdays_checkpoint(
    sealed: Town, change: Callable[[Town], Callable[[Connection], None]]
) -> None:
    yesterday = checkpoints.load_checkpoint(sealed.id, TUESDAY)
    kept = (yesterday.size, yesterday.root)
    clock.advance(days=1)
    seal_all(sealed.id)
    assert proves(kept, sealed)
    rewrite(sealed, change(sealed))
    assert found() == set()
    assert not proves(kept, sealed)
