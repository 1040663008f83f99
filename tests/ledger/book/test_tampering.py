"""The tamper matrix: whoever writes into the database past the house is found, and each test says by what.

By a named check of `books check`, or, where everything was rewritten consistently, by the verifier in the hands of
somebody who kept yesterday's checkpoint (docs/verify_receipt.py, whose arithmetic `is_consistent` is).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.engine import Connection

from ledger.book import checkpoints, encoding, merkle, seals
from ledger.book.accounts import wallet_of
from ledger.book.checking import run_checks
from ledger.book.models import Balance, Checkpoint, Leaf, Rollup, Transfer, TreeNode, Unsealed
from ledger.core import clock
from ledger.core.db import atomic, db
from ledger.core.idempotency import Answer, OnceKey, Request, perform
from ledger.core.ids import new_id
from tests.ledger.book.sealing import seal_all
from tests.ledger.book.test_checks import unguarded
from tests.ledger.book.town import Town, open_town

MORNING = datetime(2026, 10, 12, 1, tzinfo=UTC)
MONDAY, TUESDAY = date(2026, 10, 12), date(2026, 10, 13)

_transfers: Any = Transfer.__table__
_leaves: Any = Leaf.__table__
_nodes: Any = TreeNode.__table__
_checkpoints: Any = Checkpoint.__table__
_unsealed: Any = Unsealed.__table__
_balances: Any = Balance.__table__
_rollups: Any = Rollup.__table__
_keys: Any = OnceKey.__table__


@pytest.fixture
def sealed(context: Flask) -> Iterator[Town]:
    """Two closed days with a full subtree of 256 leaves, and a third day that is still open."""
    with clock.set_to(MORNING):
        town = open_town(members=2)
        one, other = town.member_ids
        town.post(*(town.award_of(one, 5) for _ in range(260)))
        seal_all(town.id)
        clock.advance(days=1)
        _spend_under_a_key(town, other)
        seal_all(town.id)
        clock.advance(days=1)
        town.spend(one, 2)
        town.award(other, 3)
        seal_all(town.id)
        yield town


def _spend_under_a_key(town: Town, member_id: UUID) -> None:
    town.award(member_id, 9)
    request = Request(town.actor, "POST /redemptions", "key-1", b"f" * 32)
    perform(
        request,
        lambda: town.spend(member_id, 4),
        dump=lambda _: Answer(201, "{}"),
        dump_refusal=lambda reason: Answer(409, reason.code),
    )


@contextmanager
def tampering() -> Iterator[Connection]:
    """A connection of somebody who owns the database: no trigger, foreign key or CHECK stops them."""
    with unguarded() as connection:
        if connection.dialect.name == "sqlite":
            for (name,) in connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all():
                connection.execute(text(f"DROP TRIGGER {name}"))
        yield connection


def found() -> set[str]:
    """The names of the checks that find something, but for the triggers that the test itself has taken away."""
    db.session.remove()
    return {finding.check for finding in run_checks()} - {"triggers_installed"}


def rows_of(connection: Connection, table: Any) -> list[Any]:
    key = list(table.primary_key.columns)
    return list(connection.execute(table.select().order_by(*key)))


def first_transfer(connection: Connection) -> Any:
    return connection.execute(_transfers.select().order_by(_transfers.c.id)).first()


def test_sealed_books_have_no_findings(sealed: Town) -> None:
    assert run_checks() == []
    assert [(one.day, one.size) for one in checkpoints.list_checkpoints(sealed.id)] == [(TUESDAY, 262), (MONDAY, 260)]


@pytest.mark.breaks_books
def test_lifting_the_guards_is_no_other_finding(sealed: Town) -> None:
    with tampering():
        pass
    assert found() == set()


def other_value(name: str, row: Any) -> Any:
    """Another value that the column could have: what no CHECK refuses."""
    value = row._mapping[name]
    named: dict[str, Any] = {"code": "opening", "unit": "minutes", "expires_on": date(2030, 1, 31), "amount": 6}
    if name in named:
        return named[name]
    kind = {UUID: new_id(), str: "other", int: 1, bytes: b"\0" * 32, datetime: row.recorded_at - timedelta(seconds=1)}
    if value is None:
        return b"\0" * 32 if name == "request_digest" else new_id()
    return kind[type(value)]


@pytest.mark.breaks_books
def test_an_edit_of_any_column_of_a_transfer_is_found_by_seal_matches(sealed: Town) -> None:
    """Among them the tenant, the effective date and the actor."""
    unseen = set()
    for name in encoding.FIELDS:
        with tampering() as connection:
            row = first_transfer(connection)
            now_id = _set(connection, row.id, name, other_value(name, row))
        if "seal_matches" not in found():
            unseen.add(name)
        with tampering() as connection:
            connection.execute(update(_transfers).where(_transfers.c.id == now_id).values(dict(row._mapping)))
    assert unseen == set()
    assert found() == set()


def _set(connection: Connection, transfer_id: UUID, name: str, value: Any) -> UUID:
    connection.execute(update(_transfers).where(_transfers.c.id == transfer_id).values({name: value}))
    return value if name == "id" else transfer_id


def _delete_a_transfer(connection: Connection, town: Town) -> None:
    connection.execute(delete(_transfers).where(_transfers.c.id == first_transfer(connection).id))


def _delete_a_transfer_with_its_leaf(connection: Connection, town: Town) -> None:
    row = first_transfer(connection)
    connection.execute(delete(_leaves).where(_leaves.c.transfer_id == row.id))
    connection.execute(delete(_transfers).where(_transfers.c.id == row.id))


def _insert_a_transfer(connection: Connection, town: Town) -> None:
    row = dict(first_transfer(connection)._mapping) | {"id": new_id(), "source_id": new_id()}
    connection.execute(insert(_transfers), [row])


def _insert_with_a_leaf(connection: Connection, town: Town) -> None:
    _insert_a_transfer(connection, town)
    row = connection.execute(_transfers.select().order_by(_transfers.c.id.desc())).first()
    assert row is not None
    leaf = {"community_id": row.community_id, "position": 300, "transfer_id": row.id, "hash": b"\1" * 32}
    connection.execute(insert(_leaves), [leaf])


def _swap_two_leaves(connection: Connection, town: Town) -> None:
    one, other = rows_of(connection, _leaves)[3:5]
    for row, place in ((one, 999), (other, one.position)):
        connection.execute(update(_leaves).where(_leaves.c.position == row.position).values(position=place))
    connection.execute(update(_leaves).where(_leaves.c.position == 999).values(position=other.position))


def _edit_a_transfer_and_its_leaf(connection: Connection, town: Town) -> None:
    row = first_transfer(connection)
    changed = dict(row._mapping) | {"actor_id": new_id()}
    connection.execute(update(_transfers).where(_transfers.c.id == row.id).values(changed))
    leaf = merkle.leaf_hash(encoding.encode(changed))
    connection.execute(update(_leaves).where(_leaves.c.transfer_id == row.id).values(hash=leaf))


def _cut_the_leaves(connection: Connection, town: Town) -> None:
    """Only of the closed days: what is cut of the open day has to be missed elsewhere (a transfer without a leaf)."""
    connection.execute(delete(_leaves).where(_leaves.c.position >= 261))


def _cut_the_open_day(connection: Connection, town: Town) -> None:
    connection.execute(delete(_leaves).where(_leaves.c.position >= 262))


def _cut_leaves_and_transfers(connection: Connection, town: Town) -> None:
    cut = [row.transfer_id for row in rows_of(connection, _leaves) if row.position >= 255]
    connection.execute(delete(_leaves).where(_leaves.c.transfer_id.in_(cut)))
    connection.execute(delete(_transfers).where(_transfers.c.id.in_(cut)))


def _move_a_leaf_away(connection: Connection, town: Town) -> None:
    connection.execute(update(_leaves).where(_leaves.c.position == 263).values(position=500))


def _move_a_leaf_before_the_first(connection: Connection, town: Town) -> None:
    connection.execute(update(_leaves).where(_leaves.c.position == 263).values(position=-1))


def _give_a_leaf_to_another_community(connection: Connection, town: Town) -> None:
    connection.execute(update(_leaves).where(_leaves.c.position == 263).values(community_id=new_id()))


def _edit_a_node(connection: Connection, town: Town) -> None:
    connection.execute(update(_nodes).values(hash=b"\0" * 32))


def _delete_the_nodes(connection: Connection, town: Town) -> None:
    connection.execute(delete(_nodes))


def _add_a_node(connection: Connection, town: Town) -> None:
    node = {"community_id": town.id, "level": 8, "position": 1, "hash": b"\0" * 32}
    connection.execute(insert(_nodes), [node])


def _add_a_node_of_no_stored_level(connection: Connection, town: Town) -> None:
    node = {"community_id": town.id, "level": 4, "position": 0, "hash": b"\0" * 32}
    connection.execute(insert(_nodes), [node])


def _edit_checkpoint(**values: Any) -> Callable[[Connection, Town], None]:
    def edit(connection: Connection, town: Town) -> None:
        connection.execute(update(_checkpoints).where(_checkpoints.c.day == MONDAY).values(values))

    edit.__name__ = f"edit_the_{'_and_'.join(values)}_of_a_checkpoint"
    return edit


def _forge_a_checkpoint(connection: Connection, town: Town) -> None:
    """Another root, with the digest that belongs to it: the root is not that of the leaves."""
    row = rows_of(connection, _checkpoints)[1]
    forged = Checkpoint(**dict(row._mapping) | {"root": b"\0" * 32})
    values = {"root": forged.root, "digest": checkpoints.digest_of(forged)}
    connection.execute(update(_checkpoints).where(_checkpoints.c.day == row.day).values(values))


def _delete_the_first_checkpoint(connection: Connection, town: Town) -> None:
    connection.execute(delete(_checkpoints).where(_checkpoints.c.day == MONDAY))


def _hide_a_transfer_from_the_sealer(connection: Connection, town: Town) -> None:
    _insert_a_transfer(connection, town)
    connection.execute(delete(_unsealed))


def _let_a_sealed_transfer_wait_again(connection: Connection, town: Town) -> None:
    row = first_transfer(connection)
    connection.execute(insert(_unsealed), [{"community_id": row.community_id, "transfer_id": row.id, "xid": None}])


def _let_nothing_wait(connection: Connection, town: Town) -> None:
    connection.execute(insert(_unsealed), [{"community_id": town.id, "transfer_id": new_id(), "xid": None}])


def _cached_balance(connection: Connection, town: Town) -> None:
    account = wallet_of(town.member_ids[0]).id_in(town.id)
    raised = update(_balances).where(_balances.c.account_id == account)
    connection.execute(raised.values(balance=_balances.c.balance + 1, earned=_balances.c.earned + 1))


def _rollup(connection: Connection, town: Town) -> None:
    account = wallet_of(town.member_ids[0]).id_in(town.id)
    connection.execute(update(_rollups).where(_rollups.c.account_id == account).values(amount=_rollups.c.amount + 1))


def _rollup_of_a_shared_account(connection: Connection, town: Town) -> None:
    connection.execute(delete(_rollups).where(_rollups.c.account_id == town.shop.id_in(town.id)))


def _forget_a_key(connection: Connection, town: Town) -> None:
    connection.execute(delete(_keys))


def _edit_key(**values: Any) -> Callable[[Connection, Town], None]:
    def edit(connection: Connection, town: Town) -> None:
        connection.execute(update(_keys).values(values))

    edit.__name__ = f"edit_the_{'_and_'.join(values)}_of_a_key"
    return edit


MATRIX: list[tuple[Callable[[Connection, Town], None], str]] = [
    (_delete_a_transfer, "seal_matches"),
    (_delete_a_transfer_with_its_leaf, "seal_matches"),
    (_insert_a_transfer, "seal_matches"),
    (_insert_with_a_leaf, "seal_matches"),
    (_swap_two_leaves, "seal_matches"),
    (_edit_a_transfer_and_its_leaf, "seal_matches"),
    (_cut_the_leaves, "seal_matches"),
    (_cut_the_open_day, "seal_matches"),
    (_cut_leaves_and_transfers, "seal_matches"),
    (_move_a_leaf_away, "seal_matches"),
    (_move_a_leaf_before_the_first, "seal_matches"),
    (_give_a_leaf_to_another_community, "seal_matches"),
    (_edit_a_node, "seal_matches"),
    (_delete_the_nodes, "seal_matches"),
    (_add_a_node, "seal_matches"),
    (_add_a_node_of_no_stored_level, "seal_matches"),
    (_edit_checkpoint(root=b"\0" * 32), "seal_matches"),
    (_edit_checkpoint(size=259), "seal_matches"),
    (_edit_checkpoint(size=900), "seal_matches"),
    (_edit_checkpoint(previous=b"\0" * 31 + b"\1"), "seal_matches"),
    (_edit_checkpoint(digest=b"\0" * 32), "seal_matches"),
    (_edit_checkpoint(origin="redflower.books/other"), "seal_matches"),
    (_edit_checkpoint(day=date(2026, 10, 1)), "seal_matches"),
    (_forge_a_checkpoint, "seal_matches"),
    (_delete_the_first_checkpoint, "seal_matches"),
    (_hide_a_transfer_from_the_sealer, "seal_matches"),
    (_let_a_sealed_transfer_wait_again, "seal_matches"),
    (_let_nothing_wait, "seal_matches"),
    (_cached_balance, "balances_match"),
    (_rollup, "rollups_match"),
    (_rollup_of_a_shared_account, "rollups_match"),
    (_forget_a_key, "keys_remembered"),
    (_edit_key(key="key-2"), "keys_remembered"),
    (_edit_key(fingerprint=b"g" * 32), "keys_remembered"),
    (_edit_key(route="POST /elsewhere"), "keys_remembered"),
    (_edit_key(actor_id=UUID(int=5)), "keys_remembered"),
    (_edit_key(community_id=UUID(int=6)), "keys_remembered"),
    (_edit_key(digest=None), "keys_remembered"),
]


@pytest.mark.breaks_books
@pytest.mark.parametrize(("tamper", "check"), MATRIX, ids=[f"{tamper.__name__.strip('_')}" for tamper, _ in MATRIX])
def test_tampering_is_found_by_the_named_check(
    sealed: Town, tamper: Callable[[Connection, Town], None], check: str
) -> None:
    with tampering() as connection:
        tamper(connection, sealed)
    assert check in found()


def test_an_answer_is_what_a_key_row_cannot_prove(sealed: Town) -> None:
    """The digest that transfers name is of the request. What was answered may be forgotten after 90 days."""
    edited = update(_keys).values(answer='{"id": "other"}')
    atomic(lambda: db.session.execute(edited))()
    assert found() == set()


def test_a_keyless_write_names_no_request_and_a_keyed_one_does(sealed: Town) -> None:
    digests = set(db.session.scalars(select(_transfers.c.request_digest).where(_transfers.c.code == "redeem")))
    [used] = db.session.scalars(select(_keys.c.digest))
    assert digests == {None, used}
    assert seals.waiting(sealed.id) == 0
