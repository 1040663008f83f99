"""The sealer: order, watermark, days, one at a time, and the same root on both engines."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import select, text

from api.app import create_app
from ledger.book import checkpoints, encoding, merkle, seals
from ledger.book.checking import run_checks
from ledger.book.models import Checkpoint, Leaf, Transfer, TreeNode, Unsealed
from ledger.book.tree import StoredTree, size_of
from ledger.core import clock, ids, jobs
from ledger.core.db import atomic, db, is_postgresql
from ledger.core.tenancy import scoped
from tests.conftest import database_of
from tests.ledger.book.sealing import seal_all
from tests.ledger.book.test_merkle import slow_root
from tests.ledger.book.town import Town, at_once, open_town

SETTINGS = {"TESTING": True, "REDFLOWER_ENV": "testing", "SECRET_KEY": "only for tests " * 3}

MORNING = datetime(2026, 10, 12, 1, 0, tzinfo=UTC)
"""Nine in the morning in Shanghai."""


@pytest.fixture
def morning(context: Flask) -> Iterator[Town]:
    """A town with two members on the morning of 12 October 2026; the clock is given back afterwards."""
    with clock.set_to(MORNING):
        yield open_town(members=2)


def leaves_of(town: Town) -> list[tuple[int, UUID, bytes]]:
    query = scoped(town.id, Leaf.position, Leaf.transfer_id, Leaf.hash).order_by(Leaf.position)
    return [tuple(row) for row in db.session.execute(query)]


def contents_of(town: Town) -> list[bytes]:
    """The encoded transfers in the order of the leaves."""
    rows = {transfer.id: encoding.encode(encoding.fields_of(transfer)) for transfer in transfers_of(town)}
    return [rows[transfer_id] for _, transfer_id, _ in leaves_of(town)]


def transfers_of(town: Town) -> list[Transfer]:
    return list(db.session.scalars(scoped(town.id, Transfer).order_by(Transfer.recorded_at, Transfer.id)))


def checkpoints_of(town: Town) -> list[Checkpoint]:
    return checkpoints.list_checkpoints(town.id)[::-1]


def test_every_transfer_becomes_a_leaf_in_the_order_of_recording(morning: Town) -> None:
    one, other = morning.member_ids
    for points in (5, 6, 7):
        morning.award(one, points)
        clock.advance(seconds=1)
    morning.post(morning.award_of(other, 8), morning.hours_of(other, 60))
    assert seals.waiting(morning.id) == 5
    assert seal_all(morning.id) == 5
    assert seals.waiting(morning.id) == 0
    found = leaves_of(morning)
    assert [position for position, _, _ in found] == [0, 1, 2, 3, 4]
    assert [transfer_id for _, transfer_id, _ in found] == [transfer.id for transfer in transfers_of(morning)]
    assert [leaf for _, _, leaf in found] == [merkle.leaf_hash(content) for content in contents_of(morning)]


def test_sealing_again_adds_only_what_is_new(morning: Town) -> None:
    morning.award(morning.member_ids[0], 5)
    assert seal_all(morning.id) == 1
    before = leaves_of(morning)
    assert seals.seal(morning.id) == 0
    morning.award(morning.member_ids[0], 6)
    assert seal_all(morning.id) == 1
    assert leaves_of(morning)[:1] == before


def test_a_community_without_transfers_has_nothing_to_seal(morning: Town) -> None:
    clock.advance(days=3)
    assert seals.seal(morning.id) == 0
    assert checkpoints_of(morning) == []


def test_communities_have_trees_of_their_own(morning: Town) -> None:
    neighbours = open_town(members=1)
    morning.award(morning.member_ids[0], 5)
    neighbours.award(neighbours.member_ids[0], 5)
    assert (seal_all(morning.id), seal_all(neighbours.id)) == (1, 1)
    assert [position for position, _, _ in leaves_of(neighbours)] == [0]


def test_the_day_is_closed_by_the_first_sealing_after_midnight(morning: Town) -> None:
    morning.award(morning.member_ids[0], 5)
    seal_all(morning.id)
    assert checkpoints_of(morning) == []
    morning.award(morning.member_ids[0], 6)
    clock.advance(hours=15)
    morning.award(morning.member_ids[0], 7)
    assert seal_all(morning.id) == 2
    [checkpoint] = checkpoints_of(morning)
    assert (checkpoint.day, checkpoint.size) == (date(2026, 10, 12), 2)
    assert checkpoint.root == slow_root(contents_of(morning)[:2])
    assert checkpoint.previous == bytes(32)
    assert size_of(morning.id) == 3


def test_each_day_of_a_catch_up_has_its_own_checkpoint_chained_to_the_one_before(morning: Town) -> None:
    morning.award(morning.member_ids[0], 5)
    clock.advance(days=2)
    morning.award(morning.member_ids[0], 6)
    clock.advance(days=2)
    assert seal_all(morning.id) == 2
    found = checkpoints_of(morning)
    assert [(one.day.day, one.size) for one in found] == [(12, 1), (13, 1), (14, 2), (15, 2)]
    assert [one.previous for one in found] == [bytes(32), *(one.digest for one in found[:-1])]
    assert len({one.digest for one in found}) == 4


def test_a_row_recorded_before_midnight_but_committed_later_is_in_the_next_days_checkpoint(morning: Town) -> None:
    morning.award(morning.member_ids[0], 5)
    clock.advance(hours=16)
    seal_all(morning.id)
    with clock.set_to(MORNING + timedelta(hours=14)):
        morning.award(morning.member_ids[0], 6)
    clock.advance(days=1)
    assert seal_all(morning.id) == 1
    assert [(one.day.day, one.size) for one in checkpoints_of(morning)] == [(12, 1), (13, 2)]


def test_a_row_of_tomorrow_waits_for_tomorrow(morning: Town) -> None:
    """A writer's clock may be ahead of the sealer's, or midnight fall between two statements of the sealer."""
    morning.award(morning.member_ids[0], 5)
    with clock.set_to(MORNING + timedelta(hours=15)):
        morning.award(morning.member_ids[0], 6)
    assert seal_today(morning) == 1
    assert seals.waiting(morning.id) == 1
    clock.advance(days=1)
    assert seal_all(morning.id) == 1
    assert [(one.day.day, one.size) for one in checkpoints_of(morning)] == [(12, 1)]
    assert run_checks(["seal_matches"]) == []


def seal_today(town: Town) -> int:
    """All that can be sealed now is sealed, however many transactions the server has running."""
    sealed, deadline = seals.seal(town.id), time.monotonic() + 30
    while not sealed and time.monotonic() < deadline:
        db.session.remove()
        time.sleep(0.02)
        sealed = seals.seal(town.id)
    return sealed


def test_the_published_text_says_whose_books_how_many_leaves_and_what_came_before(morning: Town) -> None:
    morning.award(morning.member_ids[0], 5)
    clock.advance(days=1)
    seal_all(morning.id)
    [checkpoint] = checkpoints_of(morning)
    lines = checkpoints.text_of(checkpoint).split("\n")
    assert lines[:3] == ["redflower.checkpoint/v1", f"redflower.books/{morning.id.hex}", "1"]
    assert lines[4:] == ["A" * 43 + "=", "2026-10-12", ""]
    assert checkpoints.digest_of(checkpoint) == checkpoint.digest


def test_tick_seals_and_closes_the_day(morning: Town) -> None:
    morning.award(morning.member_ids[0], 5)
    deadline = time.monotonic() + 30
    while seals.waiting(morning.id) and time.monotonic() < deadline:
        clock.advance(minutes=1)
        jobs.tick([morning.id])
    assert size_of(morning.id) == 1
    clock.advance(days=1)
    jobs.tick([morning.id])
    assert [one.day.day for one in checkpoints_of(morning)] == [12]


@pytest.mark.parametrize("count", [255, 256, 257, 700])
def test_full_subtrees_are_stored_and_give_the_same_root(morning: Town, count: int) -> None:
    half = count // 2
    for part in (half, count - half):
        morning.post(*(morning.award_of(morning.member_ids[0], 1) for _ in range(part)))
        seal_all(morning.id)
    stored = db.session.execute(scoped(morning.id, TreeNode.level, TreeNode.position).order_by(TreeNode.position))
    assert [tuple(row) for row in stored] == [(8, place) for place in range(count // 256)]
    tree, contents = StoredTree(morning.id), contents_of(morning)
    assert merkle.root(count, tree.node) == slow_root(contents)
    for position in {0, 1, count // 3, 254, count - 1}:
        proof = merkle.inclusion_proof(position, count, tree.node)
        leaf = merkle.leaf_hash(contents[position])
        assert merkle.is_included(leaf, position, count, proof=proof, root=slow_root(contents))


def test_a_transfer_of_a_transaction_that_is_rolled_back_leaves_nothing_to_seal(morning: Town) -> None:
    @atomic
    def fail() -> None:
        morning.post(morning.award_of(morning.member_ids[0], 5))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert seals.waiting(morning.id) == 0
    assert seals.seal(morning.id) == 0


def test_a_transfer_is_sealed_only_when_no_older_transaction_can_still_write(morning: Town, app: Flask) -> None:
    if not is_postgresql():
        pytest.skip("On SQLite one transaction writes at a time.")
    one, other = morning.member_ids
    written, go_on = threading.Event(), threading.Event()

    @atomic
    def slowly() -> None:
        morning.post(morning.award_of(one, 5))
        written.set()
        assert go_on.wait(30)

    def in_thread() -> None:
        with app.app_context():
            slowly()

    slow = threading.Thread(target=in_thread)
    slow.start()
    assert written.wait(30)
    morning.award(other, 6)
    clock.advance(days=1)
    assert seals.seal(morning.id) == 0  # The slow one is older and may still come.
    go_on.set()
    slow.join()
    assert seal_all(morning.id) == 2
    assert [(one.day.day, one.size) for one in checkpoints_of(morning)] == [(12, 2)]


def test_a_day_is_not_closed_while_something_that_was_recorded_in_it_waits(morning: Town) -> None:
    if not is_postgresql():
        pytest.skip("On SQLite nothing that is committed has to wait.")
    morning.award(morning.member_ids[0], 5)
    seal_all(morning.id)
    morning.award(morning.member_ids[0], 6)
    atomic(lambda: db.session.execute(text("UPDATE unsealed SET xid = 9000000000000000")))()
    clock.advance(days=1)
    morning.award(morning.member_ids[0], 7)
    assert seals.seal(morning.id) == 0
    assert checkpoints_of(morning) == []
    seals.forget_transactions()
    assert seal_all(morning.id) == 2
    assert [(one.day.day, one.size) for one in checkpoints_of(morning)] == [(12, 2)]


def test_a_transaction_does_not_seal_what_it_has_written_itself_on_postgresql(morning: Town) -> None:
    @atomic
    def write_and_seal() -> int:
        morning.post(morning.award_of(morning.member_ids[0], 5))
        return seals.seal(morning.id)

    assert write_and_seal() == (0 if is_postgresql() else 1)
    seal_all(morning.id)
    assert size_of(morning.id) == 1


def test_after_a_restore_rows_of_another_database_are_sealed(morning: Town) -> None:
    morning.award(morning.member_ids[0], 5)
    far = text("UPDATE unsealed SET xid = 9000000000000000")
    atomic(lambda: db.session.execute(far))()
    assert seals.seal(morning.id) == (0 if is_postgresql() else 1)
    seals.forget_transactions()
    assert set(db.session.scalars(select(Unsealed.xid))) <= {None}
    seal_all(morning.id)
    assert size_of(morning.id) == 1


def test_of_many_sealers_at_once_each_leaf_and_checkpoint_has_one(morning: Town, app: Flask) -> None:
    morning.post(*(morning.award_of(morning.member_ids[0], 1) for _ in range(300)))
    clock.advance(days=2)
    results = at_once(app, [lambda: seals.seal(morning.id)] * 6)
    assert all(isinstance(one, int) for one in results), results
    seal_all(morning.id)
    assert sum(results) in (0, 300)
    found = leaves_of(morning)
    assert [position for position, _, _ in found] == list(range(300))
    assert len({transfer_id for _, transfer_id, _ in found}) == 300
    assert [one.day.day for one in checkpoints_of(morning)] == [12, 13]


def test_writers_do_not_wait_for_a_sealer(morning: Town, app: Flask) -> None:
    member = morning.member_ids[0]
    calls: list[Callable[[], Any]] = [lambda: seals.seal(morning.id)] * 2
    calls += [lambda: morning.award(member, 1)] * 6
    results = at_once(app, calls)
    assert not [one for one in results if isinstance(one, Exception)]
    seal_all(morning.id)
    assert [position for position, _, _ in leaves_of(morning)] == list(range(6))


def test_the_same_story_has_the_same_root_on_both_engines() -> None:
    """With a fixed clock and seeded ids, down to the digest that chains all days."""
    assert _told_on("sqlite") == _told_on("postgresql")


def _told_on(engine_name: str) -> tuple[int, str, str]:
    database = database_of(engine_name)
    house = create_app(SETTINGS | {"SQLALCHEMY_DATABASE_URI": database.url})
    try:
        with house.app_context():
            upgrade()
            return _tell_story()
    finally:
        with house.app_context():
            db.engine.dispose()
        database.drop()


def _tell_story() -> tuple[int, str, str]:
    with clock.set_to(MORNING), ids.seeded(7):
        town = open_town(members=3)
        for number in range(40):
            town.post(town.award_of(town.member_ids[number % 3], 5 + number))
            town.spend(town.member_ids[number % 3], 1 + number % 4)
            clock.advance(minutes=37)
            if number % 11 == 0:
                seal_all(town.id)
        clock.advance(days=1)
        seal_all(town.id)
        newest = checkpoints.newest_checkpoint(town.id)
        assert newest is not None
        assert newest.size == 80
        return newest.size, newest.root.hex(), newest.digest.hex()
