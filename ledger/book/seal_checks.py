"""The check of the seals: all that the tree says is recomputed from the transfers, in one pass, a batch at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, exists, func, or_, select, union

from ledger.book import encoding, merkle
from ledger.book.checkpoints import A_DAY, NOTHING_BEFORE, digest_of, newest_checkpoint, origin_of
from ledger.book.models import Checkpoint, Leaf, Transfer, TreeNode, Unsealed
from ledger.book.newest import marked_sizes
from ledger.book.tree import LEVELS, GrowingTree, Node
from ledger.core import clock
from ledger.core.db import connection, db, driver_rows
from ledger.core.registry import Finding, Part, check
from ledger.core.tenancy import same_community, scoped, within

NAME = "seal_matches"
BATCH = 600
"""Rows in memory at once: below what makes Python look for garbage among them, which took an eighth of the time."""

LEAF_COLUMNS = ("position", "transfer_id", "hash")
ID, RECORDED_AT = map(list(encoding.FIELDS).index, ("id", "recorded_at"))

_leaves: Any = Leaf.__table__
_transfers: Any = Transfer.__table__


@check(NAME)
def seal_matches(part: Part) -> Iterator[Finding]:
    """Every leaf, node, root and checkpoint is what the transfers say, and every transfer is sealed or waits for it.

    Of what is new: the leaves from each community's mark on, the checkpoints that end there, and what waits.
    """
    if part.is_new:
        for community_id, size in marked_sizes().items():
            yield from check_seals(community_id, from_position=size)
    else:
        for community_id in _communities():
            yield from check_seals(community_id)
        yield from _neither_sealed_nor_waiting()
        yield from _nodes_beyond()
    yield from _waiting_in_vain()


def check_seals(community_id: UUID, from_position: int = 0) -> Iterator[Finding]:
    """What is wrong with the community's tree and checkpoints from the leaf `from_position` on.

    The leaves before it are taken as they are stored; 0 is the whole tree. Memory stays the same whatever the size.
    """
    yield from _Reading(community_id, from_position).findings()


def _communities() -> list[UUID]:
    """Whoever has anything sealed."""
    return list(db.session.scalars(union(select(Leaf.community_id), select(Checkpoint.community_id))))


class _Reading:
    """One pass over a community's leaves, with the nodes and checkpoints that they lead to."""

    def __init__(self, community_id: UUID, from_position: int) -> None:
        self._community_id = community_id
        self._found: list[str] = []
        self._nodes: list[Node] = []
        self._tree = GrowingTree.at(community_id, from_position, self._nodes.append)
        # Read before the leaves: what is sealed meanwhile is no checkpoint without its leaves.
        self._checkpoints = _checkpoints_from(community_id, from_position)
        self._before = _checkpoint_before(community_id, self._checkpoints)
        # When the latest leaf so far was recorded, as the driver gives it: on SQLite a text, the later the greater.
        self._latest: Any = _recorded_at(community_id, from_position - 1)

    def findings(self) -> Iterator[Finding]:
        self._close_days()
        for rows in self._batches():
            self._read(rows)
            self._compare_nodes()
            yield from self._report()
        self._look_for_a_missing_day()
        for checkpoint in self._checkpoints:
            self._say(f"the tree has {self._tree.size} leaves, the checkpoint of {checkpoint.day} {checkpoint.size}")
        yield from self._report()

    def _batches(self) -> Iterator[list[tuple[Any, ...]]]:
        """Leaves with their transfers by position, from one statement whose rows come as they are read."""
        joined = _leaves.outerjoin(
            _transfers, and_(same_community(_transfers.c, _leaves.c), _transfers.c.id == _leaves.c.transfer_id)
        )
        of_leaf = (encoding.Raw(_leaves.c[name]).label(f"leaf_{name}") for name in LEAF_COLUMNS)
        query = select(*encoding.COLUMNS, *of_leaf).select_from(joined).where(within(self._community_id, Leaf))
        # Without a bound at the start of the tree: a leaf before the first one would be seen too.
        query = query.where(_leaves.c.position >= self._tree.size) if self._tree.size else query
        return driver_rows(query.order_by(_leaves.c.position), BATCH)

    def _read(self, rows: list[tuple[Any, ...]]) -> None:
        """The leaves are compared all at once, and one by one only where they are not all as they should be; then they
        join the tree, day by day.
        """
        *fields, positions, _, found = zip(*rows, strict=True)
        hashes = tuple(map(merkle.leaf_hash, encoding.encode_columns(fields)))
        recorded, size = fields[RECORDED_AT], self._tree.size
        if found != hashes or None in fields[ID] or positions != tuple(range(size, size + len(rows))):
            recorded, found = zip(*self._look_at(rows, hashes), strict=True)
        start = 0
        while start < len(rows):
            end = start + self._until_checkpoint()
            for leaf in found[start:end]:
                self._tree.append(leaf)
            self._latest = max(filter(None, (self._latest, *recorded[start:end])), default=None)
            self._close_days()
            start = end

    def _look_at(self, rows: list[tuple[Any, ...]], hashes: Sequence[bytes]) -> Iterator[tuple[Any, bytes]]:
        """Says what is wrong with each leaf; gives when it was recorded if nothing is, else None, and its bytes."""
        for place, (row, computed) in enumerate(zip(rows, hashes, strict=True), self._tree.size):
            *fields, position, transfer_id, found = row
            if position != place:
                self._say(f"leaf {position} stands where leaf {place} should")
            if fields[ID] is None:
                self._say(f"leaf {position} has no transfer {_hexadecimal(transfer_id)}")
            elif found != computed:
                self._say(f"leaf {position} is not the hash of transfer {_hexadecimal(transfer_id)}")
            is_sound = found == computed and fields[ID] is not None
            # SQLite keeps a text where it was given one.
            yield fields[RECORDED_AT] if is_sound else None, found if isinstance(found, bytes) else str(found).encode()

    def _until_checkpoint(self) -> int:
        """After so many leaves the next checkpoint was made; where none was, a whole batch."""
        return self._checkpoints[0].size - self._tree.size if self._checkpoints else BATCH

    def _close_days(self) -> None:
        """The checkpoints that end here are compared with the tree as it is now, and with the one before."""
        while self._checkpoints and self._checkpoints[0].size <= self._tree.size:
            checkpoint, before = self._checkpoints.pop(0), self._before
            self._before = checkpoint
            if checkpoint.size != self._tree.size or checkpoint.root != self._tree.root():
                self._say(f"the checkpoint of {checkpoint.day} has another root than its {checkpoint.size} leaves")
            if checkpoint.origin != origin_of(self._community_id) or checkpoint.digest != digest_of(checkpoint):
                self._say(f"the checkpoint of {checkpoint.day} is not what its digest says")
            if checkpoint.previous != (before.digest if before is not None else NOTHING_BEFORE):
                self._say(f"the checkpoint of {checkpoint.day} does not continue the one before")
            if before is not None and checkpoint.day != before.day + A_DAY:
                self._say(f"there is no checkpoint between {before.day} and {checkpoint.day}")
            latest = self._latest_day()
            if latest is not None and latest > checkpoint.day:
                self._say(f"the checkpoint of {checkpoint.day} has a leaf of {latest}: it was made again")

    def _latest_day(self) -> date | None:
        """The day on which the latest of the leaves so far was recorded."""
        return None if self._latest is None else clock.local_day(_moment(self._latest))

    def _look_for_a_missing_day(self) -> None:
        """The sealer closes each day before it takes a leaf of a later one: a leaf of today has yesterday's checkpoint.

        Read after the leaves: a day that was closed meanwhile is not missed.
        """
        latest, newest = self._latest_day(), newest_checkpoint(self._community_id)
        first = _recorded_at(self._community_id, 0)
        if latest is None or first is None:
            return
        open_day = newest.day + A_DAY if newest is not None else clock.local_day(_moment(first))
        if latest > open_day:
            self._say(f"there is no checkpoint of {open_day}, but a leaf of {latest}")

    def _compare_nodes(self) -> None:
        """The subtrees that this batch has filled are stored as they were computed."""
        if not self._nodes:
            return
        asked = [and_(TreeNode.level == node.level, TreeNode.position == node.position) for node in self._nodes]
        query = scoped(self._community_id, TreeNode.level, TreeNode.position, TreeNode.hash).where(or_(*asked))
        stored = {(row.level, row.position): row.hash for row in db.session.execute(query)}
        for node in self._nodes:
            if stored.get((node.level, node.position)) != node.hash:
                self._say(f"node {node.position} of level {node.level} is not the root of its leaves")
        self._nodes.clear()

    def _say(self, detail: str) -> None:
        self._found.append(detail)

    def _report(self) -> Iterator[Finding]:
        yield from (Finding(NAME, self._community_id, detail) for detail in self._found)
        self._found.clear()


def _hexadecimal(raw: bytes | str) -> str:
    return raw.hex() if isinstance(raw, bytes) else raw


def _moment(raw: datetime | str) -> datetime:
    return datetime.fromisoformat(raw).replace(tzinfo=UTC) if isinstance(raw, str) else raw


def _recorded_at(community_id: UUID, position: int) -> Any:
    """When the transfer of a leaf was recorded, as the driver gives it; None without such a leaf."""
    query = (
        select(encoding.Raw(_transfers.c.recorded_at))
        .join(_leaves, and_(same_community(_transfers.c, _leaves.c), _transfers.c.id == _leaves.c.transfer_id))
        .where(within(community_id, Leaf), _leaves.c.position == position)
    )
    return connection().execute(query).scalar()


def _checkpoints_from(community_id: UUID, from_position: int) -> list[Checkpoint]:
    """The checkpoints that end at this leaf or later, or at the start of the tree all, by day: one a day, so few.

    Those at the mark itself are of the days since it on which nothing happened, and the one before them.
    """
    query = scoped(community_id, Checkpoint)
    if from_position:
        query = query.where(Checkpoint.size >= from_position)
    return list(db.session.scalars(query.order_by(Checkpoint.day)))


def _checkpoint_before(community_id: UUID, following: list[Checkpoint]) -> Checkpoint | None:
    if not following:
        return None
    query = scoped(community_id, Checkpoint).where(Checkpoint.day < following[0].day)
    return db.session.scalars(query.order_by(Checkpoint.day.desc()).limit(1)).one_or_none()


def _neither_sealed_nor_waiting() -> Iterator[Finding]:
    for community_id, transfer_id in db.session.execute(_neither()):
        yield Finding(NAME, community_id, f"transfer {transfer_id} is neither sealed nor waiting")


@cache
def _neither() -> Select[Any]:
    sealed = exists().where(same_community(Leaf, Transfer), Leaf.transfer_id == Transfer.id)
    waits = exists().where(same_community(Unsealed, Transfer), Unsealed.transfer_id == Transfer.id)
    return select(Transfer.community_id, Transfer.id).where(~sealed, ~waits)


def _waiting_in_vain() -> Iterator[Finding]:
    """What waits for its seal is a transfer, and is not sealed."""
    for community_id, transfer_id in db.session.execute(_vain()):
        yield Finding(NAME, community_id, f"transfer {transfer_id} waits for its seal but is sealed or not there")


@cache
def _vain() -> Select[Any]:
    there = exists().where(same_community(Transfer, Unsealed), Transfer.id == Unsealed.transfer_id)
    leaf = exists().where(same_community(Leaf, Unsealed), Leaf.transfer_id == Unsealed.transfer_id)
    return select(Unsealed.community_id, Unsealed.transfer_id).where(or_(~there, leaf))


def _nodes_beyond() -> Iterator[Finding]:
    """No stored subtree reaches beyond the leaves, and none is of a level that is never stored."""
    for community_id, level, position in db.session.execute(_beyond()):
        yield Finding(NAME, community_id, f"node {position} of level {level} reaches beyond the leaves")


@cache
def _beyond() -> Select[Any]:
    leaves = select(Leaf.community_id, func.count().label("size")).group_by(Leaf.community_id).subquery()
    size = func.coalesce(leaves.c.size, 0)
    beyond = [
        and_(TreeNode.level == level, (TreeNode.position + 1) * (1 << level) > size) for level in LEVELS[1:]
    ]  # fmt: skip
    return (
        select(TreeNode.community_id, TreeNode.level, TreeNode.position)
        .outerjoin(leaves, same_community(leaves.c, TreeNode))
        .where(or_(*beyond, TreeNode.level.not_in(LEVELS[1:]), TreeNode.position < 0))
    )
