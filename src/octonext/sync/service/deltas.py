"""What is new for a till, page by page: the reference feed, and the customers of its own shard.

A page that was packed for one till is kept for a while: when a shop is equipped, or a price list is new, all
its tills ask for the same.
"""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import msgspec

from octonext.runtime.postgres import Connection
from octonext.shards.lane import Lane

from .. import store
from ..domain import START, Cursor, MarkedCursor
from ..messages import DELTA_ROWS_MAX, FRAME_BYTES_MAX, PACKED_ROWS_MAX, Delta, DeltaRow
from ..packing import STEP_ROWS, pack
from ..store import ReferenceRow

#: Room that a delta leaves for its own envelope within a frame.
DELTA_BYTES_MAX = FRAME_BYTES_MAX - 8 * 1024
#: The same for packed rows, which base64 makes a third longer.
PACKED_BYTES_MAX = DELTA_BYTES_MAX * 3 // 4
#: How many more rows are read than the frame before took, as a divisor of those: rows differ in size, and
#: a frame that is not full is one more that the till waits for.
SPARE_PART = 8
#: Tills that may read a feed at once. One new price wakes all of them: they take turns here, so that no sale
#: ever waits behind them in the lane's queue.
DELTAS_AT_ONCE = 2
#: Packed pages of all shards that one gateway process keeps: of 100,000 products there are some 20 MB.
PAGES_BYTES_MAX = 64 * 1024 * 1024
#: Places of which it is remembered how many rows lie behind them.
PLACES_MAX = 10_000

_CURSOR = re.compile(r"(?P<xid>[0-9]{1,19})\.(?P<id>[0-9]{1,19})(?:\.(?P<mark>[0-9a-f]{12}))?")

PageKey = tuple[str, str, int, str, str]
"""Shard, feed, branch (0 for all), cursor, and the head that was known then."""


@dataclass(frozen=True, slots=True)
class Feed:
    """The statements of one feed."""

    name: str
    head: Callable[[Connection], Awaitable[Cursor]]
    mark: Callable[[Connection, int], Awaitable[str]]
    page: Callable[..., Awaitable[list[ReferenceRow]]]
    count: Callable[..., Awaitable[int]]
    by_branch: bool


REFERENCE = Feed(
    "reference", store.reference_head, store.reference_mark, store.reference_page, store.reference_count, True
)
CUSTOMERS = Feed(
    "customers", store.customer_head, store.customer_mark, store.customer_page, store.customer_count, False
)
#: By the name in `hello.cursors`.
FEEDS = {feed.name: feed for feed in (REFERENCE, CUSTOMERS)}


class PackedPages:
    """Pages by what was asked, the least recently used dropped first; shared by the shards of a process."""

    def __init__(self, bytes_max: int = PAGES_BYTES_MAX) -> None:
        self._bytes_max = bytes_max
        self._bytes = 0
        self._pages: OrderedDict[PageKey, Delta] = OrderedDict()

    def get(self, key: PageKey) -> Delta | None:
        found = self._pages.get(key)
        if found is not None:
            self._pages.move_to_end(key)
        return found

    def put(self, key: PageKey, page: Delta) -> None:
        self._drop(key)
        self._pages[key] = page
        self._bytes += len(page.packed or b"")
        while self._bytes > self._bytes_max:
            self._drop(next(iter(self._pages)))

    def _drop(self, key: PageKey) -> None:
        known = self._pages.pop(key, None)
        if known is not None:
            self._bytes -= len(known.packed or b"")


@dataclass(frozen=True, slots=True)
class _Page:
    """Rows from `place` on, and what the history was at the feed's head when they were read."""

    place: Cursor
    rows: Sequence[DeltaRow]
    ends: Sequence[Cursor]
    is_full: bool
    head: Cursor
    head_mark: str
    left: int | None


class Deltas:
    """The feeds of one shard."""

    def __init__(self, lane: Lane, pages: PackedPages | None = None) -> None:
        self._lane = lane
        self._pages = pages or PackedPages()
        self._turns = asyncio.Semaphore(DELTAS_AT_ONCE)
        #: How many rows lay behind a place at least, by feed, branch and cursor.
        self._left: OrderedDict[tuple[str, int, str], int] = OrderedDict()
        #: How many packed rows of a feed are worth reading at once, by its name.
        self._reach: dict[str, int] = {}

    async def after(
        self, feed: Feed, after: MarkedCursor, *, branch: int, known_head: MarkedCursor, packed: bool
    ) -> Delta | None:
        """The next rows behind a cursor, None if there are none. Raises ShardUnavailable."""
        if after == known_head:
            return None
        whose = branch if feed.by_branch else 0
        key = (self._lane.shard_id, feed.name, whose, str(after), str(known_head))
        if packed and (found := self._pages.get(key)) is not None:
            return found
        async with self._turns:
            # another till may have asked for the same meanwhile
            if packed and (found := self._pages.get(key)) is not None:
                return found
            while True:
                delta, is_whole = await self._read(feed, after, branch=whose, packed=packed)
                if is_whole:
                    break
        if packed and delta is not None and delta.packed is not None:
            self._pages.put(key, delta)
        return delta

    async def _read(
        self, feed: Feed, after: MarkedCursor, *, branch: int, packed: bool
    ) -> tuple[Delta | None, bool]:
        """One page; false when the shard was restored in the middle of it."""
        limit = self._reach.get(feed.name, PACKED_ROWS_MAX) if packed else DELTA_ROWS_MAX
        known_left = self._left.get((feed.name, branch, str(after)))
        page = await self._lane.run(
            lambda connection: _rows(
                connection, feed, after, branch=branch, limit=limit, count=packed and known_left is None
            ),
            readonly=True,
        )
        left = page.left if page.left is not None else known_left
        body: bytes | None = None
        if packed and page.rows:
            # in a thread: it is milliseconds in which no other till would be answered
            body, taken = await asyncio.to_thread(pack, page.rows, PACKED_BYTES_MAX)
            if page.is_full:
                self._reach[feed.name] = reach(limit, taken)
        else:
            taken = _fitting(page.rows)
        # a page that is not full has reached the head, past rows that are not for this branch
        more = taken < len(page.rows) or page.is_full
        newest = max(page.head, page.place)
        end = page.ends[taken - 1] if more else newest
        mark = page.head_mark
        if end != newest:
            mark, head_mark = await self._lane.run(
                lambda connection: _marks(connection, feed, end[0], newest[0]), readonly=True
            )
            if head_mark != page.head_mark:
                return None, False
        cursor = MarkedCursor(end, mark)
        if not taken and cursor == after:
            return None, True
        rest = None if left is None else max(0, left - taken)
        if rest is not None:
            self._remember((feed.name, branch, str(cursor)), rest)
        rows = [] if body is not None else list(page.rows[:taken])
        delta = Delta(feed=feed.name, cursor=str(cursor), rows=rows, packed=body, more=more, left=rest)
        return delta, True

    def _remember(self, place: tuple[str, int, str], left: int) -> None:
        self._left[place] = left
        self._left.move_to_end(place)
        while len(self._left) > PLACES_MAX:
            self._left.popitem(last=False)


def reach(limit: int, taken: int) -> int:
    """Return how many rows to read for the next frame, when of `limit` so many fitted into this one.

    Rows that do not fit are read again for the next frame, so only a few more are read than will fit. Where
    all of them fitted, nobody knows how many more would have, and it is half as many again.
    """
    spare = max(taken // SPARE_PART, STEP_ROWS) if taken < limit else limit // 2 + 1
    return min(taken + spare, PACKED_ROWS_MAX)


def parse_cursor(text: str) -> MarkedCursor:
    """Return "12.34.0123456789ab" as its place and mark, "" as the beginning. Raises ValueError."""
    if not text:
        return START
    found = _CURSOR.fullmatch(text)
    if found is None or int(found["xid"]) >= 2**63 or int(found["id"]) >= 2**63:
        raise ValueError(f"{text!r} is not a cursor")
    return MarkedCursor((int(found["xid"]), int(found["id"])), found["mark"] or "")


async def _rows(
    connection: Connection, feed: Feed, after: MarkedCursor, *, branch: int, limit: int, count: bool
) -> _Page:
    place = after.place
    if after.mark and await feed.mark(connection, place[0]) != after.mark:
        # the shard was restored since: what it has taken over again may lie behind this cursor
        place = START.place
    head = await feed.head(connection)
    rows = await feed.page(connection, place, branch=branch, limit=limit)
    is_full = len(rows) == limit
    left = len(rows)
    if count and is_full:
        left = await feed.count(connection, place, branch=branch)
    return _Page(
        place=place,
        rows=[
            DeltaRow(kind=row.kind, key=row.key, value=msgspec.Raw((row.payload or "null").encode()))
            for row in rows
        ],
        ends=[row.cursor for row in rows],
        is_full=is_full,
        head=head,
        head_mark=await feed.mark(connection, max(head, place)[0]),
        left=left if count else None,
    )


async def _marks(connection: Connection, feed: Feed, end: int, head: int) -> tuple[str, str]:
    return await feed.mark(connection, end), await feed.mark(connection, head)


def _fitting(rows: Sequence[DeltaRow]) -> int:
    """How many rows fit a frame as they are, one at least."""
    size = 0
    for number, row in enumerate(rows):
        size += len(bytes(row.value)) + len(row.key) + 64
        if number and size > DELTA_BYTES_MAX:
            return number
    return len(rows)
