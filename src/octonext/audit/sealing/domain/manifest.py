"""The leaves of one head with the rows that they are of: kept beside the head and with every copy of it.

A root alone says that something changed; with its manifest it says which row. Layout: a version byte, the
32-bit length of the names, the names (zlib), then 32 bytes of hash for each leaf. The names are, for each
table, its tag, the 32-bit count of its rows, and for each row the time and the key as fixed-size integers.
All integers are big-endian; leaves stand in the order of the tree.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from struct import Struct
from struct import error as _struct_error

from .merkle import HASH_BYTES
from .rows import BY_TAG, SealedTable

VERSION = 1
NAMES_BYTES_MAX = 512 * 1024 * 1024
"""Unpacked; more than a head of the largest transaction that could ever be booked needs."""
_HEAD = Struct(">BI")
_TABLE = Struct(">BI")
_HARD_TO_COMPRESS = 1  # zlib's fastest level: names are regular, and the sealer has other work

Key = tuple[int, ...]


class BadManifest(ValueError):
    """The bytes are not a manifest."""


@dataclass(slots=True)
class TableLeaves:
    """The leaves of one table in one head, in order: for each its time, its key and its hash."""

    table: SealedTable
    names: bytearray = field(default_factory=bytearray)
    """Time and key of each row, as the table's `stored_key` has them."""
    hashes: list[bytes] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.hashes)

    @property
    def times(self) -> list[int]:
        return [name[0] for name in self.table.stored_key.iter_unpack(self.names)]

    @property
    def keys(self) -> list[Key]:
        return [name[1:] for name in self.table.stored_key.iter_unpack(self.names)]

    def add(self, records: Sequence[bytes], json_texts: Sequence[Sequence[str | None]] = ()) -> None:
        """Append rows as the database gave them. Raises BadRow."""
        self.names += self.table.stored_names(records)
        self.hashes += self.table.leaves(records, json_texts)


def leaves_in(groups: list[TableLeaves]) -> Iterator[bytes]:
    """Every leaf hash in the order of the tree."""
    for group in groups:
        yield from group.hashes


def encode(groups: list[TableLeaves]) -> bytes:
    """Write the leaves down; tables without rows are left out."""
    names: list[bytes | bytearray] = []
    hashes: list[bytes] = []
    for group in groups:
        if not group.hashes:
            continue
        names.append(_TABLE.pack(group.table.tag, len(group)))
        names.append(group.names)
        hashes += group.hashes
    packed = zlib.compress(b"".join(names), _HARD_TO_COMPRESS)
    return b"".join((_HEAD.pack(VERSION, len(packed)), packed, *hashes))


def decode(blob: bytes) -> list[TableLeaves]:
    """Read what `encode` wrote. Raises BadManifest."""
    try:
        version, packed = _HEAD.unpack_from(blob)
        if version != VERSION:
            raise BadManifest(f"a manifest of version {version}, this release reads {VERSION}")
        unpacking = zlib.decompressobj()
        names = unpacking.decompress(blob[_HEAD.size : _HEAD.size + packed], NAMES_BYTES_MAX)
        if unpacking.unconsumed_tail or not unpacking.eof:
            raise BadManifest("the manifest's names are too long or cut short")
        return _groups(names, blob[_HEAD.size + packed :])
    except (zlib.error, KeyError, ArithmeticError, _struct_error) as error:
        raise BadManifest(f"the manifest cannot be read: {error}") from None


def _groups(names: bytes, hashes: bytes) -> list[TableLeaves]:
    groups: list[TableLeaves] = []
    place = used = 0
    while place < len(names):
        tag, count = _TABLE.unpack_from(names, place)
        table = BY_TAG[tag]
        place += _TABLE.size
        end = place + count * table.stored_key.size
        if end > len(names) or used + count * HASH_BYTES > len(hashes):
            raise BadManifest("the manifest is cut short")
        group = TableLeaves(table, bytearray(names[place:end]))
        group.hashes = [
            hashes[at : at + HASH_BYTES] for at in range(used, used + count * HASH_BYTES, HASH_BYTES)
        ]
        groups.append(group)
        place, used = end, used + count * HASH_BYTES
    if used != len(hashes):
        raise BadManifest("the manifest is longer than its names say")
    return groups
