"""Rows of a delta as raw DEFLATE (RFC 1951): several times as many in a frame, for tills that can unpack."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import msgspec

from .messages import PACKED_ROWS_MAX, UNPACKED_BYTES_MAX, DeltaRow

#: The fastest one: what a higher level saves on the line is less than what it costs the gateway.
LEVEL = 1
#: Rows that are packed before it is looked whether there is room for more.
STEP_ROWS = 200
#: What the end of the array and of the stream take.
END_BYTES = 16
#: Raw DEFLATE without a header, with the window that every inflater knows.
_WINDOW = -15


def pack(rows: Sequence[DeltaRow], bytes_max: int) -> tuple[bytes, int]:
    """Return as many of `rows` as fit into `bytes_max` packed bytes, and how many those are.

    The bytes inflate to a JSON array. One row is taken at least, however large it is.
    """
    packer = zlib.compressobj(LEVEL, zlib.DEFLATED, _WINDOW)
    out = packer.compress(b"[")
    taken, raw, step = 0, 0, STEP_ROWS
    while taken < min(len(rows), PACKED_ROWS_MAX):
        chunk = rows[taken : min(taken + step, PACKED_ROWS_MAX)]
        # without the brackets around the chunk: it is a part of one array
        plain = (b"," if taken else b"") + msgspec.json.encode(chunk)[1:-1]
        trial = packer.copy()
        # flushed, or nobody could say how much of it is still held back
        piece = trial.compress(plain) + trial.flush(zlib.Z_SYNC_FLUSH)
        is_full = len(out) + len(piece) + END_BYTES > bytes_max or raw + len(plain) > UNPACKED_BYTES_MAX
        if is_full and taken:
            break
        if is_full and len(chunk) > 1:
            step = max(1, step // 8)
            continue
        packer, out, raw, taken = trial, out + piece, raw + len(plain), taken + len(chunk)
    return out + packer.compress(b"]") + packer.flush(), taken


def unpack(packed: bytes) -> list[DeltaRow]:
    """Return the rows. Raises msgspec.DecodeError, also for what inflates to more than it may."""
    inflater = zlib.decompressobj(_WINDOW)
    try:
        plain = inflater.decompress(packed, UNPACKED_BYTES_MAX)
    except zlib.error as error:
        raise msgspec.DecodeError(f"packed rows do not inflate: {error}") from None
    if not inflater.eof or inflater.unused_data:
        raise msgspec.DecodeError("packed rows are cut off, too large, or followed by something else")
    return msgspec.json.decode(plain, type=list[DeltaRow])
