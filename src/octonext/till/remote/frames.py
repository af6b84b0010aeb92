"""The two frames that carry a signature, built from what the journal holds."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence

from octonext.crypto.signature import DevicePrivateKey, sign
from octonext.sync.messages import (
    Head,
    Hello,
    Push,
    PushedEntry,
    PushedKey,
    hello_message,
    push_message,
)
from octonext.till.domain.pen import Place, Sealed
from octonext.till.store import WrappedKey


def build_hello(
    private: DevicePrivateKey,
    *,
    nonce: bytes,
    device: int,
    branch: int,
    head: Place,
    cursors: Mapping[str, str],
    app: str,
    clock_ms: int,
    acked: Place | None = None,
) -> Hello:
    """`hello`, signed over the server's nonce and the journal's head; `acked` is what was acknowledged."""
    return Hello(
        device=device,
        branch=branch,
        head=Head(head.seq, head.hash),
        acked=None if acked is None else Head(acked.seq, acked.hash),
        cursors=dict(cursors),
        app=app,
        clock_ms=clock_ms,
        signature=sign(private, hello_message(nonce, device, head.seq, head.hash)),
    )


def build_push(
    private: DevicePrivateKey,
    *,
    device: int,
    prev: bytes,
    entries: Sequence[Sealed],
    keys: Iterable[WrappedKey],
) -> Push:
    """`push` of consecutive entries, signed over the last hash and every ciphertext."""
    first, last_hash = entries[0].seq, entries[-1].hash
    digest = ciphertexts_digest(entry.ciphertext for entry in entries)
    return Push(
        first=first,
        prev=prev,
        entries=[PushedEntry(k=entry.key_id, h=entry.hash, c=entry.ciphertext) for entry in entries],
        keys=[PushedKey(id=key.key_id, wrapped=key.for_shard) for key in keys],
        signature=sign(private, push_message(device, first, last_hash, digest)),
    )


def ciphertexts_digest(ciphertexts: Iterable[bytes]) -> bytes:
    """SHA-256 over the ciphertexts, each preceded by its length as 4 bytes, big-endian."""
    digest = hashlib.sha256()
    for ciphertext in ciphertexts:
        digest.update(len(ciphertext).to_bytes(4, "big"))
        digest.update(ciphertext)
    return digest.digest()
