"""The Merkle tree of RFC 9162, section 2.1: SHA-256, leaves marked 0x00 and nodes 0x01.

A tree is written for a list of leaf hashes; what a leaf means is the caller's business. `Edge` is the same
tree for somebody who only appends: it keeps one hash for each complete subtree on the right edge.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256

HASH_BYTES = 32
EMPTY_ROOT = sha256(b"").digest()
"""The root of a tree without leaves."""
PROOF_HASHES_MAX = 64
"""A path in a tree of 2**64 leaves; a longer proof is nobody's."""


def leaf_hash(data: bytes) -> bytes:
    """Hash of a leaf with these bytes."""
    return sha256(b"\x00" + data).digest()


def leaf_hashes(prefix: bytes, rows: Iterable[bytes]) -> list[bytes]:
    """Hashes of leaves that are `prefix` and one of `rows` each: what `leaf_hash` gives, made in one go."""
    hasher, marked = sha256, b"\x00" + prefix
    return [hasher(marked + row).digest() for row in rows]


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of the node above two hashes."""
    return sha256(b"\x01" + left + right).digest()


class Edge:
    """A tree that grows to the right: its size, and the roots of its complete subtrees, largest first."""

    __slots__ = ("_roots", "size")

    def __init__(self, size: int = 0, roots: Iterable[bytes] = ()) -> None:
        self.size = size
        self._roots = list(roots)
        if len(self._roots) != size.bit_count():
            raise ValueError(f"a tree of {size} leaves has {size.bit_count()} complete subtrees at its edge")

    @property
    def roots(self) -> tuple[bytes, ...]:
        """By which the tree can be continued; see the constructor."""
        return tuple(self._roots)

    def extend(self, leaves: Iterable[bytes]) -> None:
        """Append leaf hashes, level by level: a node over each pair, and who stays alone is at the edge."""
        hasher = sha256
        nodes, edge, complete = list(leaves), [], self.size
        self.size += len(nodes)
        while nodes:
            if complete & 1:
                nodes.insert(0, self._roots.pop())
            if len(nodes) & 1:
                edge.append(nodes.pop())
            pairs = iter(nodes)
            nodes = [
                hasher(b"\x01" + left + right).digest() for left, right in zip(pairs, pairs, strict=True)
            ]
            complete >>= 1
        self._roots += reversed(edge)

    def root(self) -> bytes:
        """The tree's root hash."""
        if not self._roots:
            return EMPTY_ROOT
        *rest, root = self._roots
        for left in reversed(rest):
            root = node_hash(left, root)
        return root

    def copy(self) -> Edge:
        """The same tree, to be continued on its own."""
        return Edge(self.size, self._roots)


def root_of(leaves: Sequence[bytes]) -> bytes:
    """Root over leaf hashes."""
    edge = Edge()
    edge.extend(leaves)
    return edge.root()


def inclusion_proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """The audit path of leaf `index`, from the leaf upwards. RFC 9162, 2.1.3.1. Raises ValueError."""
    if not 0 <= index < len(leaves):
        raise ValueError(f"there is no leaf {index} in a tree of {len(leaves)}")
    path: list[bytes] = []
    first, last = 0, len(leaves)
    while last - first > 1:
        middle = first + _split(last - first)
        if index < middle:
            path.append(root_of(leaves[middle:last]))
            last = middle
        else:
            path.append(root_of(leaves[first:middle]))
            first = middle
    return path[::-1]


def includes(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Whether `path` proves that `leaf` is leaf `index` of the tree of `size` leaves. RFC 9162, 2.1.3.2."""
    if not 0 <= index < size or len(path) > PROOF_HASHES_MAX:
        return False
    place, last, found = index, size - 1, leaf
    for step in path:
        if last == 0:
            return False
        if place & 1 or place == last:
            found = node_hash(step, found)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            found = node_hash(found, step)
        place, last = place >> 1, last >> 1
    return last == 0 and found == root


def consistency_proof(leaves: Sequence[bytes], old_size: int) -> list[bytes]:
    """Proof that the tree of all `leaves` continues the tree of the first `old_size`. RFC 9162, 2.1.4.1.

    Empty when both are the same tree, or the old one is empty. Raises ValueError for a size it cannot have.
    """
    if not 0 <= old_size <= len(leaves):
        raise ValueError(f"a tree of {len(leaves)} leaves does not continue one of {old_size}")
    path: list[bytes] = []
    first, last, whole = 0, len(leaves), True
    while 0 < old_size - first < last - first:
        middle = first + _split(last - first)
        if old_size <= middle:
            path.append(root_of(leaves[middle:last]))
            last = middle
        else:
            path.append(root_of(leaves[first:middle]))
            first, whole = middle, False
    if old_size > 0 and not whole:
        path.append(root_of(leaves[first:last]))
    return path[::-1]


def continues(old_size: int, old_root: bytes, new_size: int, new_root: bytes, path: Sequence[bytes]) -> bool:
    """Whether `path` proves that the new tree has the old one's leaves first. RFC 9162, 2.1.4.2."""
    if not 0 <= old_size <= new_size or len(path) > PROOF_HASHES_MAX:
        return False
    if old_size == 0:
        return not path and old_root == EMPTY_ROOT
    if old_size == new_size:
        return not path and old_root == new_root
    steps = list(path)
    if old_size & (old_size - 1) == 0:
        steps.insert(0, old_root)
    if not steps:
        return False
    place, last = old_size - 1, new_size - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    old = new = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            old, new = node_hash(step, old), node_hash(step, new)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            new = node_hash(new, step)
        place, last = place >> 1, last >> 1
    return last == 0 and old == old_root and new == new_root


def _split(size: int) -> int:
    """The largest power of two below `size`."""
    return 1 << (size - 1).bit_length() - 1
