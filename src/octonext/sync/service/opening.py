"""Opening a push: signature, decryption and hash chain. No I/O; the heaviest Python of a sale."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping

from octonext.crypto.chain import link
from octonext.crypto.envelope import open_entry
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
    opened: list[OpenedEntry] = []
    previous = push.prev
    for seq, entry in enumerate(push.entries, push.first):
        plaintext = _decrypt(keys[entry.k], device, seq, entry.k, entry.c)
        if plaintext is not None and not hmac.compare_digest(link(previous, plaintext), entry.h):
            raise BrokenChain(f"The hash of entry {seq} does not follow from its bytes.")
        opened.append(OpenedEntry(seq, entry.h, entry.k, entry.c, plaintext))
        previous = entry.h
    return opened


def _decrypt(key: bytes, device: int, seq: int, key_id: str, sealed: bytes) -> bytes | None:
    if key == UNOPENABLE:
        return None
    try:
        return open_entry(key, device=device, shift=key_id, seq=seq, sealed=sealed)
    except EnvelopeRefused:
        return None
