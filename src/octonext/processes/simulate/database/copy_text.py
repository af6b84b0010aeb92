"""PostgreSQL's COPY text: a line per row, tabs between columns, as far as our feeds' types go."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime

_ESCAPED = str.maketrans(
    {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\b": "\\b", "\f": "\\f", "\v": "\\v"}
)


def copy_line(values: Iterable[object]) -> bytes:
    """One row; an aware time is written in UTC, a naive one as it is."""
    return ("\t".join(map(_text, values)) + "\n").encode()


def _text(value: object) -> str:
    if value is None:
        return "\\N"
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, datetime):
        return _timestamp(value if value.tzinfo is None else value.astimezone(UTC))
    if isinstance(value, date):
        return value.isoformat()
    return str(value).translate(_ESCAPED)


def _timestamp(value: datetime) -> str:
    text = value.strftime("%Y-%m-%d %H:%M:%S")
    return f"{text}.{value.microsecond:06}".rstrip("0") if value.microsecond else text
