"""Positions and segments of PostgreSQL's write-ahead log (WAL), as numbers and as names."""

from __future__ import annotations

SEGMENT_BYTES = 16 * 1024 * 1024
"""What initdb makes unless told otherwise, and we do not tell it."""
_SEGMENTS_PER_NAME = 256


def parse_lsn(text: str) -> int:
    """A position such as "0/3000060" as a number of bytes. Raises ValueError."""
    high, _, low = text.partition("/")
    return (int(high, 16) << 32) + int(low, 16)


def lsn_text(lsn: int) -> str:
    """A position as PostgreSQL writes it."""
    return f"{lsn >> 32:X}/{lsn & 0xFFFF_FFFF:X}"


def segment_start(lsn: int) -> int:
    """The position where the segment of `lsn` begins."""
    return lsn - lsn % SEGMENT_BYTES


def segment_name(timeline: int, lsn: int) -> str:
    """The file name of the segment that holds position `lsn`."""
    high, low = divmod(lsn // SEGMENT_BYTES, _SEGMENTS_PER_NAME)
    return f"{timeline:08X}{high:08X}{low:08X}"


def segment_position(name: str) -> tuple[int, int]:
    """Timeline and first position of the segment with that file name. Raises ValueError."""
    if len(name) != 24:
        raise ValueError(f"{name!r} is no WAL segment")
    number = int(name[8:16], 16) * _SEGMENTS_PER_NAME + int(name[16:], 16)
    return int(name[:8], 16), number * SEGMENT_BYTES
