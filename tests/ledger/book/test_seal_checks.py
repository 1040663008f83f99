"""What the check of the seals says: of the whole tree and of a part, of checkpoints gone, forged or made again."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import delete, insert, select, text, update

from ledger.book import checking, checkpoints, encoding, merkle, tree
from ledger.book.checking import run_checks
from ledger.book.seal_checks import check_seals
from ledger.core import clock
from ledger.core.db import db
from ledger.core.ids import new_id
from tests.ledger.book.sealing import seal_all
from tests.ledger.book.test_tampering import (
    MONDAY,
    MORNING,
    TUESDAY,
    _checkpoints,
    _leaves,
    _transfers,
    sealed,
    tampering,
)
from tests.ledger.book.town import Town

__all__ = ["sealed"]


# --- a part of the tree -------------------------------------------------------------------------------------------


@pytest.mark.breaks_books
def test_from_a_position_on_only_what_comes_after_it_is_checked(sealed: Town) -> None:
    for start in (0, 1, 255, 256, 257, 260, 262, 264):
        assert list(check_seals(sealed.id, start)) == []
    with tampering() as connection:
        for position in (100, 261):
            connection.execute(update(_leaves).where(_leaves.c.position == position).values(hash=b"\0" * 32))
    db.session.remove()
    named = {start: "\n".join(one.detail for one in check_seals(sealed.id, start)) for start in (0, 200, 261, 262, 263)}
    assert "leaf 100" in named[0]
    assert "leaf 261" in named[0]
    assert "leaf 100" not in named[200]
    assert "leaf 261 is not the hash" in named[200]
    assert "leaf 261 is not the hash" in named[261]
    assert "the checkpoint of 2026-10-13 has another root" in named[262]
    assert named[263] == ""


# --- checkpoints that were there ----------------------------------------------------------------------------------


def details() -> str:
    db.session.remove()
    return "\n".join(finding.detail for finding in run_checks(["seal_matches"]))


def forget_checkpoints_since(day: date) -> None:
    with tampering() as connection:
        connection.execute(delete(_checkpoints).where(_checkpoints.c.day >= day))


@pytest.mark.breaks_books
def test_a_deleted_newest_checkpoint_is_missed_because_of_later_leaves(sealed: Town) -> None:
    forget_checkpoints_since(TUESDAY)
    assert "there is no checkpoint of 2026-10-13, but a leaf of 2026-10-14" in details()


@pytest.mark.breaks_books
def test_all_checkpoints_deleted_are_missed(sealed: Town) -> None:
    forget_checkpoints_since(MONDAY)
    assert "there is no checkpoint of 2026-10-12, but a leaf of 2026-10-14" in details()


@pytest.mark.breaks_books
@pytest.mark.parametrize("day", [MONDAY, TUESDAY])
def test_a_checkpoint_that_the_sealer_made_again_has_leaves_of_later_days(sealed: Town, day: date) -> None:
    forget_checkpoints_since(day)
    seal_all(sealed.id)
    remade = checkpoints.load_checkpoint(sealed.id, TUESDAY)
    assert remade.size == 264
    assert f"the checkpoint of {day} has a leaf of 2026-10-14: it was made again" in details()
    clock.advance(days=1)
    seal_all(sealed.id)
    assert f"the checkpoint of {day} has a leaf of 2026-10-14" in details()


@pytest.mark.breaks_books
def test_a_forged_moment_accuses_its_leaf_and_no_checkpoint(sealed: Town) -> None:
    with tampering() as connection:
        leaf = select(_leaves.c.transfer_id).where(_leaves.c.position == 3)
        forged = update(_transfers).where(_transfers.c.id == leaf.scalar_subquery())
        connection.execute(forged.values(recorded_at=datetime(2027, 1, 1, tzinfo=UTC)))
    [accused] = details().splitlines()
    assert accused.startswith("leaf 3 is not the hash")


NOTHING = merkle.leaf_hash(next(encoding.encode_columns([[None]] * len(encoding.FIELDS))))
"""What the leaf of a transfer without any value would be: whoever knows the format can compute it."""


@pytest.mark.breaks_books
@pytest.mark.parametrize("forged", [NOTHING, b"\1" * 32], ids=["of_nothing", "made_up"])
def test_a_leaf_without_a_transfer_is_found_whatever_its_hash(sealed: Town, forged: bytes) -> None:
    transfer_id, position = new_id(), tree.size_of(sealed.id)
    leaf = {"community_id": sealed.id, "position": position, "transfer_id": transfer_id, "hash": forged}
    with tampering() as connection:
        connection.execute(insert(_leaves), [leaf])
    assert f"leaf {position} has no transfer {transfer_id.hex}" in details().splitlines()


@pytest.mark.breaks_books
def test_a_text_for_a_hash_accuses_its_leaf(sealed: Town) -> None:
    """SQLite keeps it; PostgreSQL makes bytes of it."""
    with tampering() as connection:
        connection.execute(text("UPDATE leaves SET hash = 'abc' WHERE position = 263"))
    assert "leaf 263 is not the hash" in details()


@pytest.mark.breaks_books
def test_a_checkpoint_made_again_is_found_among_what_is_new(sealed: Town) -> None:
    checking.check_books()
    forget_checkpoints_since(TUESDAY)
    assert "there is no checkpoint of 2026-10-13" in new_details()
    seal_all(sealed.id)
    assert "the checkpoint of 2026-10-13 has a leaf of 2026-10-14" in new_details()


def new_details() -> str:
    db.session.remove()
    return "\n".join(finding.detail for finding in run_checks(["seal_matches"], new=True))


@pytest.mark.breaks_books
@pytest.mark.parametrize("days", [1, 3])
def test_the_checkpoint_of_a_quiet_day_is_looked_at_among_what_is_new(sealed: Town, days: int) -> None:
    checking.check_books()
    clock.advance(days=days)
    seal_all(sealed.id)
    assert new_details() == ""
    quiet = TUESDAY + timedelta(days=days)
    with tampering() as connection:
        connection.execute(update(_checkpoints).where(_checkpoints.c.day == quiet).values(digest=b"\0" * 32))
    assert f"the checkpoint of {quiet} is not what its digest says" in new_details()


def test_a_row_committed_after_its_day_was_closed_is_no_finding(sealed: Town) -> None:
    with clock.set_to(MORNING):
        sealed.award(sealed.member_ids[0], 6)
    clock.advance(days=1)
    sealed.award(sealed.member_ids[0], 6)
    seal_all(sealed.id)
    assert details() == ""
    assert new_details() == ""
