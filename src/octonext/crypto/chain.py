"""The hash chain of a device's journal.

The chain is what lets two sides compare a whole history by comparing 32 bytes. It knows nothing of
what an entry means.
"""

import hashlib
import hmac
from collections.abc import Iterable

HASH_BYTES = 32
GENESIS = bytes(HASH_BYTES)
"""The `prev_hash` of the first entry (`seq` 1): 32 zero bytes."""


def link(prev_hash: bytes, entry: bytes) -> bytes:
    """Hash of the entry that follows `prev_hash`: SHA-256(prev_hash || entry), FIPS 180-4.

    `prev_hash` has 32 bytes; `entry` is the plaintext as the till wrote it, never re-serialised.
    Raises `ValueError` when `prev_hash` has another length: with a fixed length the concatenation
    has one reading only.
    """
    if len(prev_hash) != HASH_BYTES:
        raise ValueError(f"a chain hash has {HASH_BYTES} bytes, not {len(prev_hash)}")
    return hashlib.sha256(prev_hash + entry).digest()


def link_all(prev_hash: bytes, entries: Iterable[bytes]) -> list[bytes]:
    """Hash of every entry in order, each linked to the one before it."""
    hashes = []
    for entry in entries:
        prev_hash = link(prev_hash, entry)
        hashes.append(prev_hash)
    return hashes


def same_hash(one: bytes, other: bytes) -> bool:
    """Whether two hashes are equal, in time that does not depend on where they differ."""
    return hmac.compare_digest(one, other)
