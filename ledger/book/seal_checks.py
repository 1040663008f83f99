"""The check of the seals: everything that the tree says is recomputed from the transfers, in one pass, row by row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, and_, exists, func, or_, select, type_coerce, union
from sqlalchemy.types import NullType

from ledger.book import encoding, merkle
from ledger.book.checkpoints import NOTHING_BEFORE, digest_of, origin_of
from ledger.book.models import Checkpoint, Leaf, Transfer, TreeNode, Unsealed
from ledger.book.tree import LEVELS, GrowingTree, Node
from ledger.core.db import db
from ledger.core.registry import Finding, check
from ledger.core.tenancy import same_community, scoped, within

NAME = "seal_matches"
BATCH = 10_000
A_DAY = timedelta(days=1)

LEAF_COLUMNS = ("position", "transfer_id", "hash")

_leaves: Any = Leaf.__table__
_transfers: Any = Transfer.__table__


@check(NAME)
def seal_matches() -> Iterator[Finding]:
    """Every leaf, node, root and checkpoint is what the transfers say, and every transfer is sealed or waits for it."""
    for community_id in _communities():
        yield from check_seals(community_id)
    yield from _outside_the_tree()
    yield from _nodes_beyond()


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

    def findings(self) -> Iterator[Finding]:
        self._close_days()
        for rows in self._batches():
            self._read(rows)
            self._compare_nodes()
            yield from self._report()
        for checkpoint in self._checkpoints:
            self._say(f"the tree has {self._tree.size} leaves, the checkpoint of {checkpoint.day} {checkpoint.size}")
        yield from self._report()

    def _batches(self) -> Iterator[Sequence[Row[Any]]]:
        """Leaves with their transfers by position; each batch is a statement of its own."""
        start = self._tree.size
        while True:
            # By the connection, as the driver gives the rows: objects of the session would cost more than the hashes.
            rows = db.session.connection().execute(self._leaves_from(start)).all()
            if rows:
                yield rows
                start = rows[-1].leaf_position + 1
            if len(rows) < BATCH:
                return

    def _leaves_from(self, start: int) -> Select[Any]:
        joined = _leaves.outerjoin(
            _transfers, and_(same_community(_transfers.c, _leaves.c), _transfers.c.id == _leaves.c.transfer_id)
        )
        of_leaf = (type_coerce(_leaves.c[name], NullType()).label(f"leaf_{name}") for name in LEAF_COLUMNS)
        query = select(*encoding.COLUMNS, *of_leaf)
        query = query.select_from(joined).where(within(self._community_id, Leaf))
        # Without a bound at the start of the tree: a leaf before the first one would be seen too.
        query = query.where(_leaves.c.position >= start) if start else query
        return query.order_by(_leaves.c.position).limit(BATCH)

    def _read(self, rows: Sequence[Row[Any]]) -> None:
        encode, leaf_hash, tree = encoding.encode_row, merkle.leaf_hash, self._tree
        for *columns, position, transfer_id, found in rows:
            if position != tree.size:
                self._say(f"leaf {position} stands where leaf {tree.size} should")
            if columns[1] is None:
                self._say(f"leaf {position} has no transfer {transfer_id}")
            elif leaf_hash(encode(columns)) != found:
                self._say(f"leaf {position} is not the hash of transfer {transfer_id}")
            tree.append(found)
            if self._checkpoints and tree.size >= self._checkpoints[0].size:
                self._close_days()

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


def _checkpoints_from(community_id: UUID, from_position: int) -> list[Checkpoint]:
    """The checkpoints that end after this leaf, or at the start of the tree all, by day: one a day, so few."""
    query = scoped(community_id, Checkpoint)
    if from_position:
        query = query.where(Checkpoint.size > from_position)
    return list(db.session.scalars(query.order_by(Checkpoint.day)))


def _checkpoint_before(community_id: UUID, following: list[Checkpoint]) -> Checkpoint | None:
    if not following:
        return None
    query = scoped(community_id, Checkpoint).where(Checkpoint.day < following[0].day)
    return db.session.scalars(query.order_by(Checkpoint.day.desc()).limit(1)).one_or_none()


def _outside_the_tree() -> Iterator[Finding]:
    """A transfer is either sealed or waiting for it, and what waits is a transfer."""
    sealed = exists().where(same_community(Leaf, Transfer), Leaf.transfer_id == Transfer.id)
    waits = exists().where(same_community(Unsealed, Transfer), Unsealed.transfer_id == Transfer.id)
    neither = select(Transfer.community_id, Transfer.id).where(~sealed, ~waits)
    for community_id, transfer_id in db.session.execute(neither):
        yield Finding(NAME, community_id, f"transfer {transfer_id} is neither sealed nor waiting")
    there = exists().where(same_community(Transfer, Unsealed), Transfer.id == Unsealed.transfer_id)
    leaf = exists().where(same_community(Leaf, Unsealed), Leaf.transfer_id == Unsealed.transfer_id)
    for community_id, transfer_id in db.session.execute(
        select(Unsealed.community_id, Unsealed.transfer_id).where(or_(~there, leaf))
    ):
        yield Finding(NAME, community_id, f"transfer {transfer_id} waits for its seal but is sealed or not there")


def _nodes_beyond() -> Iterator[Finding]:
    """No stored subtree reaches beyond the leaves, and none is of a level that is never stored."""
    leaves = select(Leaf.community_id, func.count().label("size")).group_by(Leaf.community_id).subquery()
    size = func.coalesce(leaves.c.size, 0)
    beyond = [
        and_(TreeNode.level == level, (TreeNode.position + 1) * (1 << level) > size) for level in LEVELS[1:]
    ]  # fmt: skip
    query = (
        select(TreeNode.community_id, TreeNode.level, TreeNode.position)
        .outerjoin(leaves, same_community(leaves.c, TreeNode))
        .where(or_(*beyond, TreeNode.level.not_in(LEVELS[1:]), TreeNode.position < 0))
    )
    for community_id, level, position in db.session.execute(query):
        yield Finding(NAME, community_id, f"node {position} of level {level} reaches beyond the leaves")
