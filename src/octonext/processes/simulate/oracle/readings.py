"""What was read of a feed, held against what its source says of the same stretch later.

A cursor passes a stretch once. Whatever commits there afterwards, a transaction that began early and
ended late, is read by nobody: rows may leave a stretch (a newer state stands further on), none may come.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from octonext.feeds.domain import Cursor, Page, Reading
from octonext.feeds.store import POSTING_FEEDS

from ..database.feeds import count_between
from .shard import Finding

if TYPE_CHECKING:
    from ..world import World

#: After so many simulated seconds every transaction that was open at a reading has ended, if it is short of
#: an outage; what is later than that shows in the comparison of reports with their sources.
_SETTLED_S = 120.0


@dataclass(frozen=True, slots=True)
class _Read:
    """One page that a relay read."""

    at_s: float
    feed: str
    start: Cursor
    end: Cursor
    count: int


class Readings:
    """The pages that relays read of each source, until they have been compared."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._read: dict[str, deque[_Read]] = {}

    def add(self, source: str, reading: Reading) -> None:
        """A relay has read `source`."""
        pages = self._read.setdefault(source, deque())
        pages.extend(self._of(page) for page in reading.pages)

    def forget(self, source: str) -> None:
        """Another history is in the source's place."""
        self._read.pop(source, None)

    def check(self, source: str, *, settled_s: float = _SETTLED_S) -> Iterator[Finding]:
        """Compare the pages that were read at least so long ago, once."""
        pages = self._read.get(source, deque())
        tables = (self._world.hq if source == "hq" else self._world.shards[source]).tables
        while pages and pages[0].at_s <= self._world.loop.time() - settled_s:
            page = pages.popleft()
            self._world.oracle.count("check: 9 pages that hold all there is between their ends")
            start, end = (page.start.xid, page.start.id), (page.end.xid, page.end.id)
            there = count_between(tables, page.feed, start, end)
            if there > page.count or (there < page.count and page.feed in POSTING_FEEDS):
                stretch = f"between {page.start.xid}.{page.start.id} and {page.end.xid}.{page.end.id}"
                detail = f"{source} has {there} rows of {page.feed} {stretch}; {page.count} were read there"
                yield "9 cursors follow commit order", f"{detail} at {page.at_s:.6f} s"

    def check_settled(self) -> Iterator[Finding]:
        """The same of every source."""
        for source in list(self._read):
            yield from self.check(source)

    def check_all(self) -> Iterator[Finding]:
        """Compare everything that is left."""
        for source in list(self._read):
            yield from self.check(source, settled_s=0.0)

    def _of(self, page: Page) -> _Read:
        return _Read(self._world.loop.time(), page.feed, page.start, page.end, page.count)
