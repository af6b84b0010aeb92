"""Pages of a list: rows after a cursor, in key order, so that a page costs the same at any depth."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Annotated, Generic, TypeVar

import msgspec
from litestar.params import QueryParameter

from .errors import InvalidRequest
from .limits import PAGE_ROWS_DEFAULT, PAGE_ROWS_MAX

T = TypeVar("T")

PageLimit = Annotated[
    int,
    QueryParameter(ge=1, le=PAGE_ROWS_MAX, description=f"Rows of one page, at most {PAGE_ROWS_MAX}."),
]
PageCursor = Annotated[
    str | None,
    QueryParameter(max_length=400, description="`next_cursor` of the page before; none for the first page."),
]
DEFAULT_LIMIT = PAGE_ROWS_DEFAULT


class Page(msgspec.Struct, Generic[T]):
    """Some rows, and where the next page begins; no `next_cursor` means this is the last."""

    items: list[T]
    next_cursor: str | None = None


def page_of(rows: Sequence[T], limit: int, key: Callable[[T], str]) -> Page[T]:
    """A page from `limit + 1` rows asked for: the extra one only tells that there is more."""
    items = list(rows[:limit])
    more = len(rows) > limit
    return Page(items=items, next_cursor=encode_cursor(key(items[-1])) if more else None)


def encode_cursor(key: str) -> str:
    """An opaque cursor: callers hand it back, and cannot come to depend on what is in it."""
    return base64.urlsafe_b64encode(key.encode()).rstrip(b"=").decode()


def decode_cursor(cursor: str | None) -> str:
    """The key in a cursor; empty, which sorts first, for none. Raises InvalidRequest."""
    if not cursor:
        return ""
    try:
        key = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        key = "\0"
    if "\0" in key:
        raise InvalidRequest("The cursor is not one that this API gave.")
    return key


def decode_number_cursor(cursor: str | None) -> int:
    """The number in a cursor; 0 for none. Raises InvalidRequest."""
    key = decode_cursor(cursor) or "0"
    if not key.isascii() or not key.isdigit() or len(key) > 10:
        raise InvalidRequest("The cursor is not one that this API gave.")
    return int(key)
