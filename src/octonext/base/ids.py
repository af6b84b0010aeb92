"""Identifiers: UUIDv7 for what is created anywhere, receipt numbers for what people read."""

from __future__ import annotations

import os
import time
from uuid import UUID


def uuid7(unix_ms: int, random: bytes) -> UUID:
    """Return the UUIDv7 of RFC 9562 section 5.7: 48 bits of time, then 74 random bits.

    `unix_ms` is milliseconds since 1970, `random` at least 10 bytes. Pure, so that a simulator can
    give both.
    """
    if len(random) < 10:
        raise ValueError("a UUIDv7 needs 10 random bytes")
    value = (unix_ms & 0xFFFF_FFFF_FFFF) << 80 | int.from_bytes(random[:10], "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return UUID(int=value)


def new_uuid7() -> UUID:
    """Return a UUIDv7 of now, from the system's clock and randomness."""
    return uuid7(time.time_ns() // 1_000_000, os.urandom(10))


def receipt_number(branch_code: str, device_code: str, seq: int) -> str:
    """Return the number printed on a receipt: branch, till and the till's own counter."""
    return f"{branch_code}-{device_code}-{seq}"
