"""The tree against a naive one written from the RFC's definition, and against its published vectors."""

from __future__ import annotations

import hashlib
import random

import pytest

from octonext.audit.sealing.domain.merkle import (
    EMPTY_ROOT,
    Edge,
    consistency_proof,
    continues,
    includes,
    inclusion_proof,
    leaf_hash,
    root_of,
)

SIZES = [*range(1, 34), 63, 64, 65, 100, 127, 128, 129]
# The leaves and roots that implementations of Certificate Transparency share as test data.
VECTOR_LEAVES = [
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
]  # fmt: skip
VECTOR_ROOTS = {
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    5: "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}


def naive_root(data: list[bytes]) -> bytes:
    if not data:
        return hashlib.sha256(b"").digest()
    if len(data) == 1:
        return hashlib.sha256(b"\x00" + data[0]).digest()
    k = 1
    while k * 2 < len(data):
        k *= 2
    return hashlib.sha256(b"\x01" + naive_root(data[:k]) + naive_root(data[k:])).digest()


def data_of(size: int) -> list[bytes]:
    return [str(number).encode() for number in range(size)]


def leaves_of(size: int) -> list[bytes]:
    return [leaf_hash(each) for each in data_of(size)]


@pytest.mark.parametrize("size", VECTOR_ROOTS)
def test_the_published_vectors_come_out(size: int) -> None:
    leaves = [leaf_hash(bytes.fromhex(each)) for each in VECTOR_LEAVES[:size]]
    assert root_of(leaves).hex() == VECTOR_ROOTS[size]


def test_a_tree_without_leaves_has_the_hash_of_nothing() -> None:
    assert Edge().root() == EMPTY_ROOT == naive_root([])


@pytest.mark.parametrize("size", SIZES)
def test_the_root_is_the_naive_one(size: int) -> None:
    assert root_of(leaves_of(size)) == naive_root(data_of(size))


def test_an_edge_that_is_stored_and_continued_gives_the_same_root() -> None:
    chance = random.Random(9162)
    for _ in range(50):
        size = chance.randrange(1, 200)
        cut = chance.randrange(size)
        leaves = leaves_of(size)
        edge = Edge()
        edge.extend(leaves[:cut])
        continued = Edge(edge.size, edge.roots)
        continued.extend(leaves[cut:])
        assert continued.root() == naive_root(data_of(size))
        assert edge.root() == naive_root(data_of(cut)), "the older tree is left as it was"


def test_an_edge_with_a_subtree_too_many_is_refused() -> None:
    with pytest.raises(ValueError, match="complete subtrees"):
        Edge(2, [EMPTY_ROOT, EMPTY_ROOT])


@pytest.mark.parametrize("size", SIZES)
def test_every_leaf_is_proven_and_nothing_else_is(size: int) -> None:
    leaves = leaves_of(size)
    root = naive_root(data_of(size))
    for index in range(size):
        path = inclusion_proof(leaves, index)
        assert includes(leaves[index], index, size, path, root)
        assert not includes(leaf_hash(b"another"), index, size, path, root)
        assert not includes(leaves[index], index, size, [*path, EMPTY_ROOT], root)
        assert not includes(leaves[index], index, size, path, EMPTY_ROOT)
        if size > 1:
            assert not includes(leaves[index], (index + 1) % size, size, path, root)
            assert not includes(leaves[index], index, size, path[:-1], root)


@pytest.mark.parametrize("size", SIZES)
def test_every_older_tree_is_proven_to_be_continued(size: int) -> None:
    leaves = leaves_of(size)
    new = naive_root(data_of(size))
    for old_size in range(size + 1):
        old = naive_root(data_of(old_size))
        path = consistency_proof(leaves, old_size)
        assert continues(old_size, old, size, new, path)
        if old_size not in (0, size):
            assert not continues(old_size, leaf_hash(b"another"), size, new, path)
            assert not continues(old_size, old, size, leaf_hash(b"another"), path)
            assert not continues(old_size, old, size, new, path[:-1])
            assert not continues(old_size, old, size, new, [*path, EMPTY_ROOT])


def test_a_leaf_that_is_not_there_has_no_proof() -> None:
    with pytest.raises(ValueError, match="no leaf 3"):
        inclusion_proof(leaves_of(3), 3)
    with pytest.raises(ValueError, match="does not continue"):
        consistency_proof(leaves_of(3), 4)


def test_a_changed_leaf_breaks_consistency() -> None:
    leaves = leaves_of(9)
    changed = [*leaves[:2], leaf_hash(b"changed"), *leaves[3:]]
    path = consistency_proof(changed, 5)
    assert not continues(5, root_of(leaves[:5]), 9, root_of(changed), path)
