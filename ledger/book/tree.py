"""The stored tree of a community: leaves, and the root of every full subtree of 2^8, 2^16 and 2^24 leaves.

So a proof reads at most two blocks of 256 rows a level, whatever the size of the tree.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import select

from ledger.book import merkle
from ledger.book.models import Leaf, TreeNode
from ledger.core.db import db
from ledger.core.many import insert_many
from ledger.core.tenancy import scoped, within

STEP = 8
BLOCK = 1 << STEP
LEVELS = (0, 8, 16, 24)
"""Levels whose nodes are stored; level 0 are the leaves."""

_leaves: Any = Leaf.__table__
_nodes: Any = TreeNode.__table__


class Node(NamedTuple):
    """The root of a full subtree: of 2^level leaves, the position-th of its level."""

    level: int
    position: int
    hash: bytes


def hashes(community_id: UUID, level: int, start: int, end: int) -> list[bytes]:
    """The stored hashes of a level at the positions start … end - 1; fewer where there are fewer."""
    if level == 0:
        of_leaves = select(_leaves.c.hash).where(within(community_id, Leaf))
        of_leaves = of_leaves.where(_leaves.c.position >= start, _leaves.c.position < end)
        return list(db.session.scalars(of_leaves.order_by(_leaves.c.position)))
    of_nodes = select(_nodes.c.hash).where(within(community_id, TreeNode), _nodes.c.level == level)
    of_nodes = of_nodes.where(_nodes.c.position >= start, _nodes.c.position < end)
    return list(db.session.scalars(of_nodes.order_by(_nodes.c.position)))


def size_of(community_id: UUID) -> int:
    """How many leaves the community's tree has."""
    newest = scoped(community_id, Leaf.position).order_by(Leaf.position.desc()).limit(1)
    last = db.session.scalar(newest)
    return 0 if last is None else last + 1


class StoredTree:
    """Reads full subtrees of a community, block by block; each block once. Its `node` is a merkle.NodeReader."""

    def __init__(self, community_id: UUID) -> None:
        self._community_id = community_id
        self._blocks: dict[tuple[int, int], list[bytes]] = {}

    def node(self, level: int, position: int) -> bytes:
        """The root of the full subtree; KeyError when the rows for it are not all there."""
        base = min(level // STEP * STEP, LEVELS[-1])
        width = 1 << level - base
        block, offset = divmod(position * width, BLOCK)
        found = self._block(base, block)[offset : offset + width]
        if len(found) != width:
            raise KeyError((level, position))
        return merkle.fold(found)

    def _block(self, level: int, block: int) -> list[bytes]:
        key = level, block
        if key not in self._blocks:
            self._blocks[key] = hashes(self._community_id, level, block * BLOCK, (block + 1) * BLOCK)
        return self._blocks[key]


class GrowingTree:
    """The right edge of a tree in memory: what is needed to append leaves and to tell the root at any size reached.

    `full` is called with each stored subtree (level 8, 16, 24) that an appended leaf has completed.
    """

    def __init__(self, full: Callable[[Node], None]) -> None:
        self.size = 0
        self._full = full
        # The full subtrees that the leaves so far are made of, from left to right: each higher than the next.
        self._levels: list[int] = []
        self._tops: list[bytes] = []

    @classmethod
    def at(cls, community_id: UUID, size: int, full: Callable[[Node], None]) -> GrowingTree:
        """The tree of the community's first `size` leaves, ready to grow; its rows are taken as they are stored."""
        tree = cls(full)
        tree.size = size
        for level in reversed(LEVELS):
            end = size >> level
            start = 0 if level == LEVELS[-1] else end >> STEP << STEP
            for top in hashes(community_id, level, start, end):
                tree._push(level, top)
        return tree

    def append(self, leaf: bytes) -> None:
        """The leaf's hash is the next one of the tree."""
        self.size += 1
        self._push(0, leaf)

    def _push(self, level: int, top: bytes) -> None:
        """Two subtrees of one size, side by side, are one of twice the size."""
        levels, tops = self._levels, self._tops
        while levels and levels[-1] == level:
            level = levels.pop() + 1
            top = merkle.node_hash(tops.pop(), top)
            if level in LEVELS:
                self._full(Node(level, (self.size >> level) - 1, top))
        levels.append(level)
        tops.append(top)

    def root(self) -> bytes:
        """The root of all leaves so far."""
        return merkle.join(self._tops)


def write_leaves(community_id: UUID, start: int, rows: list[tuple[UUID, bytes]]) -> None:
    """Transfers and their hashes stand as leaves from position `start` on."""
    leaves = [
        {"community_id": community_id, "position": position, "transfer_id": transfer_id, "hash": leaf}
        for position, (transfer_id, leaf) in enumerate(rows, start)
    ]
    insert_many(_leaves, leaves)


def write_nodes(community_id: UUID, nodes: list[Node]) -> None:
    """The full subtrees are stored."""
    insert_many(_nodes, [{"community_id": community_id, **node._asdict()} for node in nodes])
