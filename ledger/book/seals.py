"""The sealer: one at a time for each community, it gives every transfer its place in the tree, and every day its
checkpoint.

A transfer is sealed once nothing that was written before it can still appear: on PostgreSQL when every transaction
that is older than its own has ended, on SQLite, where one transaction writes at a time, at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, and_, delete, func, or_, select, update

from ledger.book import checkpoints, encoding, merkle, rollups
from ledger.book.accounts import issuance_of
from ledger.book.checkpoints import A_DAY
from ledger.book.models import Account, Checkpoint, Leaf, Transfer, Unsealed
from ledger.book.tree import GrowingTree, Node, size_of, write_leaves, write_nodes
from ledger.core import clock, registry
from ledger.core.db import atomic, db, is_postgresql, moment_now, oldest_running
from ledger.core.tenancy import same_community, scoped, within

BATCH = 1000
"""Rows that are read, hashed and written together."""


@atomic
def seal(community_id: UUID) -> int:
    """Every transfer behind the commit watermark is a leaf, and every day that is over has its checkpoint.

    What was recorded before a midnight is sealed before the checkpoint of that day is made, which waits for it; what
    was recorded before it but committed after the checkpoint goes into the next day's. A day without transfers has a
    checkpoint too, so that a gap would be seen; the first day is that of the first transfer. Sealing again adds only
    what is new. Returns how many transfers were sealed.
    """
    _one_at_a_time(community_id)
    sealing = _Sealing(community_id)
    for rows in _sealable(community_id, sealing.until):
        sealing.take(rows)
    sealing.finish()
    return sealing.sealed


@atomic
def forget_transactions() -> None:
    """All waiting transfers can be sealed: after a restore their transaction numbers belong to another database."""
    db.session.execute(update(Unsealed).values(xid=None))


def waiting(community_id: UUID) -> int:
    """How many transfers have no place in the tree yet."""
    query = select(func.count()).select_from(Unsealed).where(within(community_id, Unsealed))
    return int(db.session.scalar(query) or 0)


@registry.gauge("oldest_unsealed_seconds", "Age of the oldest transfer that is not sealed yet")
def oldest_unsealed_seconds() -> float:
    waiting_since = select(func.min(Transfer.recorded_at)).where(
        same_community(Transfer, Unsealed), Transfer.id == Unsealed.transfer_id
    )
    return clock.age_of(db.session.scalar(waiting_since))


@registry.job("seal", period=lambda moment: f"{moment:%Y-%m-%dT%H:%M}")
def seal_every_minute(community_id: UUID, _minute: str) -> None:
    """What was committed before this minute is sealed; the first run after midnight closes the day."""
    seal(community_id)


def _one_at_a_time(community_id: UUID) -> None:
    """Two sealers of a community follow one another: the row of its issuance account is the lock, for sealers only.

    Key share, because every award refers to this row and must not wait for a sealer.
    """
    issuance = issuance_of(community_id).id_in(community_id)
    row = scoped(community_id, Account.id).where(Account.id == issuance)
    db.session.execute(row.with_for_update(key_share=True))


def _sealable(community_id: UUID, until: datetime) -> Iterator[Sequence[Row[Any]]]:
    """The columns of the waiting transfers behind the watermark, ordered by (recorded_at, id), in batches."""
    columns = (Transfer.__table__.c[name] for name in encoding.FIELDS)
    query = _waiting(community_id, *columns).where(Transfer.recorded_at < until)
    query = query.order_by(Transfer.recorded_at, Transfer.id)
    if is_postgresql():
        query = query.where(or_(Unsealed.xid.is_(None), Unsealed.xid < oldest_running()))
    return db.session.execute(query.execution_options(yield_per=BATCH)).partitions()


def _earliest_unsettled(community_id: UUID) -> datetime | None:
    """When the first of the committed transfers was recorded that an older transaction still keeps waiting."""
    if not is_postgresql():
        return None
    query = _waiting(community_id, func.min(Transfer.recorded_at)).where(Unsealed.xid >= oldest_running())
    earliest: datetime | None = db.session.scalar(query)
    return earliest


def _waiting(community_id: UUID, *columns: Any) -> Select[Any]:
    return (
        select(*columns)
        .select_from(Transfer)
        .join(Unsealed, and_(same_community(Unsealed, Transfer), Unsealed.transfer_id == Transfer.id))
        .where(within(community_id, Transfer, Unsealed))
    )


class _Sealing:
    """One run of the sealer: rows come in the order of their recording and days are closed between them."""

    def __init__(self, community_id: UUID) -> None:
        self.sealed = 0
        self._community_id = community_id
        self._today = clock.local_day(moment_now())
        self._before = checkpoints.newest_checkpoint(community_id)
        self._day = self._before.day + A_DAY if self._before else _first_day(community_id)
        self._tree: GrowingTree | None = None
        self._unsettled = _earliest_unsettled(community_id)
        self._closed: list[Checkpoint] = []
        self._nodes: list[Node] = []
        self._leaves: list[tuple[UUID, bytes]] = []

    @property
    def until(self) -> datetime:
        """Only what was recorded before is taken: a day that cannot be closed yet must not be passed.

        Nor must today, which is not over: a writer's clock may be ahead of ours, or midnight fall between two
        statements, and a day would hold a leaf of the next one.
        """
        last = self._today
        if self._unsettled is not None:
            day = clock.local_day(self._unsettled)
            last = min(last, max(day, self._day or day))
        return clock.start_of_day(last + A_DAY)

    def take(self, rows: Sequence[Row[Any]]) -> None:
        """The rows are leaves; before the first that was recorded after a midnight, that day is closed."""
        contents = encoding.encode_columns(list(zip(*rows, strict=True)))
        for row, leaf in zip(rows, map(merkle.leaf_hash, contents), strict=True):
            if self._day is None:
                self._day = clock.local_day(row.recorded_at)
            self._close_days_before(row.recorded_at)
            self._leaves.append((row.id, leaf))
            self.tree.append(leaf)
        self._write()
        rollups.add_sealed(self._community_id, rows)

    def finish(self) -> None:
        """Every day before today has its checkpoint, up to the first of which something still waits."""
        while self._day is not None and self._day < self._today and not self._is_unsettled(self._day):
            self._close_day(self._day)
        checkpoints.write_checkpoints(self._closed)

    def _is_unsettled(self, day: date) -> bool:
        return self._unsettled is not None and self._unsettled < clock.start_of_day(day + A_DAY)

    @property
    def tree(self) -> GrowingTree:
        """Loaded when the first leaf or checkpoint needs it: most minutes bring neither."""
        if self._tree is None:
            self._tree = GrowingTree.at(self._community_id, size_of(self._community_id), self._nodes.append)
        return self._tree

    def _close_days_before(self, moment: datetime) -> None:
        while self._day is not None and self._day < self._today and moment >= clock.start_of_day(self._day + A_DAY):
            self._close_day(self._day)

    def _close_day(self, day: date) -> None:
        self._write()
        tree = self.tree
        before = self._before
        # A day without transfers has the root of the day before.
        root = before.root if before is not None and before.size == tree.size else tree.root()
        self._before = checkpoints.next_checkpoint(self._community_id, day, size=tree.size, root=root, before=before)
        self._closed.append(self._before)
        self._day = day + A_DAY

    def _write(self) -> None:
        """What was taken since the last time stands in the tables, and waits no more."""
        if not self._leaves:
            return
        write_leaves(self._community_id, self.tree.size - len(self._leaves), self._leaves)
        write_nodes(self._community_id, self._nodes)
        sealed = [transfer_id for transfer_id, _ in self._leaves]
        db.session.execute(
            delete(Unsealed).where(within(self._community_id, Unsealed), Unsealed.transfer_id.in_(sealed))
        )
        self.sealed += len(sealed)
        self._leaves.clear()
        self._nodes.clear()


def _first_day(community_id: UUID) -> date | None:
    """The day of the first leaf, before there is a checkpoint; None before there is a leaf."""
    first = (
        scoped(community_id, Transfer.recorded_at)
        .join(Leaf, and_(same_community(Leaf, Transfer), Leaf.transfer_id == Transfer.id))
        .where(within(community_id, Leaf), Leaf.position == 0)
    )
    recorded_at = db.session.scalar(first)
    return None if recorded_at is None else clock.local_day(recorded_at)
