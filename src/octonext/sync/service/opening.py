"""Opening a push: signature, decryption and hash chain. No I/O; the heaviest Python of a sale."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import msgspec

from octonext.crypto.chain import link
from octonext.crypto.envelope import EntryOpener
from octonext.crypto.errors import EnvelopeRefused
from octonext.crypto.signature import verify

from ..domain import OpenedEntry
from ..messages import Push, push_message
from .keys import UNOPENABLE


class BrokenChain(Exception):
    """An entry decrypts, but its hash does not follow from its bytes."""


def is_signed(push: Push, *, device: int, public_spki: bytes) -> bool:
    """Return whether the till signed exactly this push."""
    digest = hashlib.sha256()
    for entry in push.entries:
        digest.update(len(entry.c).to_bytes(4, "big"))
        digest.update(entry.c)
    message = push_message(device, push.first, push.entries[-1].h, digest.digest())
    return verify(public_spki, push.signature, message)


def open_entries(push: Push, *, device: int, keys: Mapping[str, bytes]) -> list[OpenedEntry]:
    """Return the entries of a push, decrypted and chain-checked.

    An entry that does not decrypt has no plaintext, and the next one follows from its claimed hash.
    Raises BrokenChain naming the seq.
    """
    openers = {key_id: _opener(key, device, key_id) for key_id, key in keys.items()}
    opened: list[OpenedEntry] = []
    previous = push.prev
    for seq, entry in enumerate(push.entries, push.first):
        plaintext = _decrypt(openers[entry.k], seq, entry.c)
        # both hashes are the till's own words: nothing is given away by how long the comparison takes
        if plaintext is not None and link(previous, plaintext) != entry.h:
            raise BrokenChain(f"The hash of entry {seq} does not follow from its bytes.")
        opened.append(OpenedEntry(seq, entry.h, entry.k, entry.c, plaintext))
        previous = entry.h
    return opened


def with_proven_keys(push: Push, entries: Sequence[OpenedEntry]) -> tuple[Push, list[str]]:
    """Return a push with those of its keys that open its entries, and the ids of those that open none.

    No signature covers the keys: who hands over another till's push could have given any.
    """
    used = {entry.key_id for entry in entries}
    opening = {entry.key_id for entry in entries if entry.plaintext is not None}
    kept = [key for key in push.keys if key.id in opening]
    wrong = sorted({key.id for key in push.keys if key.id in used - opening})
    return msgspec.structs.replace(push, keys=kept), wrong


def _opener(key: bytes, device: int, key_id: str) -> EntryOpener | None:
    return None if key == UNOPENABLE else EntryOpener(key, device=device, shift=key_id)


def _decrypt(opener: EntryOpener | None, seq: int, sealed: bytes) -> bytes | None:
    if opener is None:
        return None
    try:
        return opener.open(seq, sealed)
    except EnvelopeRefused:
        return None
