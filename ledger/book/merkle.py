"""The tree of RFC 6962: hashes, roots and proofs as pure functions over a reader of full subtrees. No database here.

A reader answers `node(level, position)`: the root of the full subtree of 2^level leaves that starts at leaf
position · 2^level. Every subtree that a proof names is either such a one or the ragged right edge.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence

NodeReader = Callable[[int, int], bytes]

EMPTY_ROOT = hashlib.sha256(b"").digest()
"""The root of a tree without leaves."""


def leaf_hash(content: bytes) -> bytes:
    """SHA-256(0x00 ‖ content): a leaf can never be taken for a node."""
    return hashlib.sha256(b"\x00" + content).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 ‖ left ‖ right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def fold(hashes: Sequence[bytes]) -> bytes:
    """The root of a full subtree above 2^n hashes (n ≥ 0)."""
    sha256 = hashlib.sha256
    while len(hashes) > 1:
        hashes = [
            sha256(b"\x01" + left + right).digest()
            for left, right in zip(hashes[::2], hashes[1::2], strict=True)
        ]  # fmt: skip
    return hashes[0]


def peaks(size: int) -> list[tuple[int, int]]:
    """(level, position) of the full subtrees that a tree of `size` leaves is made of, from left to right."""
    found, start = [], 0
    for level in range(size.bit_length() - 1, -1, -1):
        if size >> level & 1:
            found.append((level, start >> level))
            start += 1 << level
    return found


def join(hashes: Iterable[bytes]) -> bytes:
    """The root above peaks given from left to right; the empty root for none."""
    ordered = list(hashes)
    if not ordered:
        return EMPTY_ROOT
    top = ordered.pop()
    while ordered:
        top = node_hash(ordered.pop(), top)
    return top


def root(size: int, node: NodeReader) -> bytes:
    """MTH of RFC 6962, 2.1, over the first `size` leaves."""
    return join(node(level, position) for level, position in peaks(size))


def inclusion_proof(position: int, size: int, node: NodeReader) -> list[bytes]:
    """PATH of RFC 6962, 2.1.1: what leads from the leaf at `position` to the root of `size` leaves, from below."""
    if not 0 <= position < size:
        raise ValueError("the leaf is not in the tree")
    path: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if position < middle:
            path.append(_subtree(middle, end, node))
            end = middle
        else:
            path.append(_subtree(start, middle, node))
            start = middle
    return path[::-1]


def consistency_proof(old: int, new: int, node: NodeReader) -> list[bytes]:
    """PROOF of RFC 6962, 2.1.2: that the first `old` leaves of the tree of `new` leaves are the whole old tree.

    Empty when nothing has to be shown: for equal sizes, and from the empty tree, which begins every tree.
    """
    if not 0 <= old <= new:
        raise ValueError("the older tree is the smaller one")
    if old in (0, new):
        return []
    path: list[bytes] = []
    start, end, whole = 0, new, True
    while old != end:
        middle = start + _split(end - start)
        if old <= middle:
            path.append(_subtree(middle, end, node))
            end = middle
        else:
            path.append(_subtree(start, middle, node))
            start, whole = middle, False
    if not whole:
        path.append(_subtree(start, end, node))
    return path[::-1]


def is_included(leaf: bytes, position: int, size: int, *, proof: Sequence[bytes], root: bytes) -> bool:
    """Does the proof lead from a leaf's hash at `position` to the root of `size` leaves? RFC 9162, 2.1.3.2."""
    if not 0 <= position < size:
        return False
    place, last, found = position, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if place & 1 or place == last:
            found = node_hash(sibling, found)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        place, last = place >> 1, last >> 1
    return last == 0 and found == root


def is_consistent(old: int, new: int, *, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> bool:
    """Does the proof show that the tree of `new` leaves begins with the tree of `old` leaves? (RFC 9162, 2.1.4.2)"""
    if not 0 <= old <= new:
        return False
    if old in (0, new):
        return not proof and old_root == (new_root if old == new else EMPTY_ROOT)
    steps = list(proof) if old & (old - 1) else [old_root, *proof]
    if not steps:
        return False
    place, last = old - 1, new - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    before = after = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            before, after = node_hash(step, before), node_hash(step, after)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            after = node_hash(after, step)
        place, last = place >> 1, last >> 1
    return last == 0 and before == old_root and after == new_root


def _split(size: int) -> int:
    """The largest power of two below `size` (≥ 2)."""
    return 1 << ((size - 1).bit_length() - 1)


def _subtree(start: int, end: int, node: NodeReader) -> bytes:
    """The root over the leaves start … end - 1, of a subtree that RFC 6962 would make there."""
    pieces = []
    while start < end:
        level = (end - start).bit_length() - 1
        pieces.append(node(level, start >> level))
        start += 1 << level
    return join(pieces)
