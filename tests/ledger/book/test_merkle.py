"""The tree against RFC 6962 written down literally, and against the vectors that its authors published."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import pytest

from ledger.book import merkle

LEAVES = [f"leaf {number}".encode() for number in range(70)]
SIZES = range(71)

PUBLISHED = [
    bytes.fromhex(leaf)
    for leaf in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
"""The eight leaves of the Certificate Transparency reference tests."""

PUBLISHED_ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)


def split(count: int) -> int:
    power = 1
    while power * 2 < count:
        power *= 2
    return power


def slow_root(leaves: Sequence[bytes]) -> bytes:
    """MTH, as RFC 6962 says it in 2.1."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\0" + leaves[0]).digest()
    k = split(len(leaves))
    return hashlib.sha256(b"\1" + slow_root(leaves[:k]) + slow_root(leaves[k:])).digest()


def slow_path(m: int, leaves: Sequence[bytes]) -> list[bytes]:
    """PATH, as RFC 6962 says it in 2.1.1."""
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if m < k:
        return [*slow_path(m, leaves[:k]), slow_root(leaves[k:])]
    return [*slow_path(m - k, leaves[k:]), slow_root(leaves[:k])]


def slow_proof(m: int, leaves: Sequence[bytes], whole: bool = True) -> list[bytes]:
    """SUBPROOF, as RFC 6962 says it in 2.1.2."""
    if m == len(leaves):
        return [] if whole else [slow_root(leaves)]
    k = split(len(leaves))
    if m <= k:
        return [*slow_proof(m, leaves[:k], whole), slow_root(leaves[k:])]
    return [*slow_proof(m - k, leaves[k:], False), slow_root(leaves[:k])]


def node(level: int, position: int) -> bytes:
    """Full subtrees of our leaves; one that is not full would be an error of the caller."""
    start, end = position << level, position + 1 << level
    assert end <= len(LEAVES)
    return slow_root(LEAVES[start:end])


def test_an_empty_tree_has_the_published_root():
    assert merkle.root(0, node).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert merkle.root(0, node) == merkle.EMPTY_ROOT


@pytest.mark.parametrize("size", range(1, 9))
def test_roots_are_those_that_the_authors_of_the_standard_published(size):
    def published(level: int, position: int) -> bytes:
        return merkle.fold([merkle.leaf_hash(leaf) for leaf in PUBLISHED[position << level : position + 1 << level]])

    assert merkle.root(size, published).hex() == PUBLISHED_ROOTS[size - 1]


def test_a_leaf_is_never_a_node():
    assert merkle.leaf_hash(b"a" * 64) != merkle.node_hash(b"a" * 32, b"a" * 32)


@pytest.mark.parametrize("size", SIZES)
def test_a_root_is_that_of_the_standard(size):
    assert merkle.root(size, node) == slow_root(LEAVES[:size])


@pytest.mark.parametrize("size", SIZES)
def test_inclusion_of_every_leaf_is_proven_as_the_standard_says(size):
    for position in range(size):
        proof = merkle.inclusion_proof(position, size, node)
        assert proof == slow_path(position, LEAVES[:size])
        leaf, root = merkle.leaf_hash(LEAVES[position]), slow_root(LEAVES[:size])
        assert merkle.is_included(leaf, position, size, proof=proof, root=root)


@pytest.mark.parametrize("size", SIZES)
def test_consistency_with_every_older_tree_is_proven_as_the_standard_says(size):
    for old in range(1, size + 1):
        proof = merkle.consistency_proof(old, size, node)
        assert proof == slow_proof(old, LEAVES[:size])
        roots = {"old_root": slow_root(LEAVES[:old]), "new_root": slow_root(LEAVES[:size])}
        assert merkle.is_consistent(old, size, proof=proof, **roots)


def test_a_proof_proves_no_other_leaf_place_size_or_root():
    size, position = 13, 5
    proof, root = merkle.inclusion_proof(position, size, node), slow_root(LEAVES[:size])
    leaf = merkle.leaf_hash(LEAVES[position])
    assert merkle.is_included(leaf, position, size, proof=proof, root=root)
    assert not merkle.is_included(merkle.leaf_hash(b"other"), position, size, proof=proof, root=root)
    assert not any(
        merkle.is_included(leaf, place, size, proof=proof, root=root) for place in range(-1, 14) if place != position
    )
    # The path of leaf 5 has the same shape in trees of 9 … 16 leaves; what decides there is the root.
    assert not any(merkle.is_included(leaf, position, other, proof=proof, root=root) for other in (0, 5, 6, 8, 17, 64))
    assert not merkle.is_included(leaf, position, size, proof=proof, root=slow_root(LEAVES[:12]))


@pytest.mark.parametrize("size", range(2, 20))
def test_a_changed_shortened_or_lengthened_proof_proves_nothing(size):
    root = slow_root(LEAVES[:size])
    for position in range(size):
        leaf, proof = merkle.leaf_hash(LEAVES[position]), merkle.inclusion_proof(position, size, node)
        wrong = [proof[:-1], proof[1:], [*proof, root], [root, *proof]]
        wrong += [[*proof[:i], b"\0" * 32, *proof[i + 1 :]] for i in range(len(proof))]
        assert not any(merkle.is_included(leaf, position, size, proof=one, root=root) for one in wrong)


@pytest.mark.parametrize("size", range(2, 20))
def test_a_rewritten_or_cut_tree_is_not_consistent(size):
    for old in range(1, size):
        proof = merkle.consistency_proof(old, size, node)
        old_root, new_root = slow_root(LEAVES[:old]), slow_root(LEAVES[:size])
        rewritten = slow_root([b"other", *LEAVES[1:old]])
        assert not merkle.is_consistent(old, size, proof=proof, old_root=rewritten, new_root=new_root)
        assert not merkle.is_consistent(old, size, proof=proof, old_root=old_root, new_root=old_root)
        assert not merkle.is_consistent(size, old, proof=proof, old_root=new_root, new_root=old_root)
        for wrong in (proof[:-1], proof[1:], [*proof, new_root]):
            assert not merkle.is_consistent(old, size, proof=wrong, old_root=old_root, new_root=new_root)


def test_the_empty_tree_begins_every_tree_and_an_equal_tree_is_itself():
    root = slow_root(LEAVES[:9])
    assert merkle.consistency_proof(0, 9, node) == []
    assert merkle.is_consistent(0, 9, proof=[], old_root=merkle.EMPTY_ROOT, new_root=root)
    assert not merkle.is_consistent(0, 9, proof=[], old_root=root, new_root=root)
    assert merkle.is_consistent(9, 9, proof=[], old_root=root, new_root=root)
    assert not merkle.is_consistent(9, 9, proof=[], old_root=slow_root(LEAVES[:8]), new_root=root)
    assert not merkle.is_consistent(9, 9, proof=[root], old_root=root, new_root=root)
    assert not merkle.is_consistent(-1, 9, proof=[], old_root=root, new_root=root)


@pytest.mark.parametrize(("position", "size"), [(-1, 3), (3, 3), (0, 0)])
def test_a_leaf_outside_the_tree_has_no_proof(position, size):
    with pytest.raises(ValueError, match="not in the tree"):
        merkle.inclusion_proof(position, size, node)


@pytest.mark.parametrize(("old", "new"), [(4, 3), (-1, 3)])
def test_a_tree_does_not_shrink(old, new):
    with pytest.raises(ValueError, match="smaller"):
        merkle.consistency_proof(old, new, node)


def test_proofs_of_a_million_leaves_ask_for_few_subtrees():
    asked = []

    def reader(level: int, position: int) -> bytes:
        asked.append((level, position))
        return b"\0" * 32

    merkle.inclusion_proof(765_432, 1_000_003, reader)
    assert len(asked) <= 40
    assert all((position + 1) << level <= 1_000_003 for level, position in asked)
