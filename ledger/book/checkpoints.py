"""Checkpoints: what the tree was at the end of each day, as a text that anyone may keep, each chained to the last."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from datetime import date, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import func, insert

from ledger.book import merkle
from ledger.book.models import Checkpoint
from ledger.book.tree import StoredTree
from ledger.core import clock
from ledger.core.db import connection, db
from ledger.core.errors import NotFound
from ledger.core.tenancy import scoped

VERSION = "redflower.checkpoint/v1"
ORIGIN = "redflower.books/"
NOTHING_BEFORE = bytes(32)
"""What the first checkpoint names as the one before it."""

A_DAY = timedelta(days=1)

MOST_CHAINED = 400
"""How many days, a year and some, are given between two checkpoints: each is a text of 200 bytes."""


def origin_of(community_id: UUID) -> str:
    """Whose books a checkpoint is about."""
    return f"{ORIGIN}{community_id.hex}"


def text_of(checkpoint: Checkpoint) -> str:
    """The published text: six lines, each with its end; its SHA-256 is the checkpoint's digest."""
    lines = (
        VERSION,
        checkpoint.origin,
        str(checkpoint.size),
        b64encode(checkpoint.root).decode(),
        b64encode(checkpoint.previous).decode(),
        checkpoint.day.isoformat(),
    )
    return "".join(f"{line}\n" for line in lines)


def digest_of(checkpoint: Checkpoint) -> bytes:
    """SHA-256 of the published text."""
    return hashlib.sha256(text_of(checkpoint).encode()).digest()


def next_checkpoint(community_id: UUID, day: date, *, size: int, root: bytes, before: Checkpoint | None) -> Checkpoint:
    """The day's checkpoint, chained to the one before; not written yet."""
    checkpoint = Checkpoint(
        community_id=community_id,
        day=day,
        origin=origin_of(community_id),
        size=size,
        root=root,
        previous=before.digest if before is not None else NOTHING_BEFORE,
        made_at=clock.now(),
    )
    checkpoint.digest = digest_of(checkpoint)
    return checkpoint


def write_checkpoints(made: list[Checkpoint]) -> None:
    """The checkpoints are written in one statement: a catch-up makes one for each day of years."""
    rows = [{column.key: getattr(one, column.key) for column in Checkpoint.__table__.columns} for one in made]
    if rows:
        connection().execute(insert(Checkpoint), rows)


def newest_checkpoint(community_id: UUID) -> Checkpoint | None:
    """The last day's, None when no day has ended yet."""
    query = scoped(community_id, Checkpoint).order_by(Checkpoint.day.desc()).limit(1)
    return db.session.scalars(query).one_or_none()


def span_of(community_id: UUID) -> tuple[date, date] | None:
    """The first and the last day that has a checkpoint; None when no day has ended yet."""
    query = scoped(community_id, Checkpoint).with_only_columns(func.min(Checkpoint.day), func.max(Checkpoint.day))
    first, last = db.session.execute(query).one()
    return None if first is None else (first, last)


def list_checkpoints(
    community_id: UUID, *, month: date | None = None, before: date | None = None, limit: int = 50
) -> list[Checkpoint]:
    """The community's checkpoints, or those of one month, newest first. Public: a checkpoint names nobody."""
    query = scoped(community_id, Checkpoint)
    if month is not None:
        first, following = (clock.local_day(bound) for bound in clock.month_bounds(month))
        query = query.where(Checkpoint.day >= first, Checkpoint.day < following)
    if before is not None:
        query = query.where(Checkpoint.day < before)
    return list(db.session.scalars(query.order_by(Checkpoint.day.desc()).limit(limit)))


def load_checkpoint(community_id: UUID, day: date) -> Checkpoint:
    """The checkpoint of a day; NotFound when that day has none. Public."""
    query = scoped(community_id, Checkpoint).where(Checkpoint.day == day)
    found: Checkpoint | None = db.session.scalars(query).one_or_none()
    if found is None:
        raise NotFound
    return found


def covering(community_id: UUID, position: int) -> Checkpoint | None:
    """The first checkpoint that the leaf at `position` is inside; None before midnight."""
    query = scoped(community_id, Checkpoint).where(Checkpoint.size > position).order_by(Checkpoint.day).limit(1)
    return db.session.scalars(query).one_or_none()


class Continuation(NamedTuple):
    """Two checkpoints and the hashes which show that the newer tree begins with the older one.

    The proof speaks of sizes and roots alone. That the older text was published on its day is shown by the `chain`: the
    checkpoints from the older to the newer one, each of which names the digest of the one before. It is empty when
    they are more than MOST_CHAINED.
    """

    older: Checkpoint
    newer: Checkpoint
    proof: list[bytes]
    chain: list[Checkpoint]


def continuation(community_id: UUID, since: date, until: date) -> Continuation:
    """How the checkpoint of `until` continues that of `since`, given in either order; NotFound without them. Public."""
    older, newer = (load_checkpoint(community_id, day) for day in sorted((since, until)))
    proof = merkle.consistency_proof(older.size, newer.size, StoredTree(community_id).node)
    return Continuation(older, newer, proof, _chain(community_id, older.day, newer.day))


def _chain(community_id: UUID, since: date, until: date) -> list[Checkpoint]:
    if (until - since).days >= MOST_CHAINED:
        return []
    query = scoped(community_id, Checkpoint).where(Checkpoint.day.between(since, until))
    return list(db.session.scalars(query.order_by(Checkpoint.day)))
