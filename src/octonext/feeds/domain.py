"""What a feed is, without I/O: its cursor, its pages, how fresh a reader is, and how it backs off."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import total_ordering

from octonext.base.errors import OctoNextError

PAGE_ROWS_MAX = 20_000
"""Rows of one COPY page: large enough for a backlog, small enough that a shard never notices."""
REFERENCE_ROWS_MAX = 2_000
"""Rows of one reference page: they are applied one page a transaction on a shard that is selling."""
POLL_IDLE_S = 0.15
"""How long an idle reader waits before it asks again."""
POLL_BUSY_S = 0.25
"""The least time between two applied pages that were not full: the OLAP store likes few large parts."""
BACKOFF_FIRST_S = 0.25
BACKOFF_MAX_S = 10.0
BACKOFF_FLOOR_S = 0.1
_WENT_BACK_REMEDY = (
    "It was restored. For reporting: `octonext down`, remove DATA/reporting, `octonext up`: it is filled "
    "again. For a shard: as its owner DELETE FROM feed_cursor."
)
_DOUBLINGS_MAX = 16
_XID_MAX = 2**64
_ID_MAX = 2**63


class InvalidCursor(OctoNextError):
    """The text is not a cursor."""

    code = "invalid_cursor"


class FeedWentBack(OctoNextError):
    """The source's history ends before the sink's cursor, as after a restore from a backup."""

    code = "feed_went_back"


@total_ordering
@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in a feed: the 64-bit transaction id, then the row's own id. Text form "xid.id"."""

    xid: int
    id: int

    def __lt__(self, other: Cursor) -> bool:
        return (self.xid, self.id) < (other.xid, other.id)

    def __str__(self) -> str:
        return f"{self.xid}.{self.id}"

    @classmethod
    def parse(cls, text: str) -> Cursor:
        """Read "xid.id". Raises InvalidCursor."""
        xid, dot, row = text.partition(".")
        plain = dot and xid.isascii() and row.isascii() and xid.isdigit() and row.isdigit()
        # 20 digits hold 2**64; longer text is refused before it becomes a huge number.
        if not plain or len(xid) > 20 or len(row) > 20 or int(xid) >= _XID_MAX or int(row) >= _ID_MAX:
            raise InvalidCursor(f"{text[:50]!r} is not a cursor.", remedy='It looks like "7312.88".')
        return cls(int(xid), int(row))


START = Cursor(0, 0)


@dataclass(frozen=True, slots=True)
class Page:
    """Consecutive rows of one feed, as the source wrote them: COPY text, or a JSON array."""

    feed: str
    start: Cursor
    end: Cursor
    count: int
    rows: bytes
    full: bool
    """Whether the page was cut by its limit, so that more may wait behind it."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """When a source was read and what that snapshot could see: below `xmin` all, at `xmax` nothing."""

    read_at: datetime
    xmin: int
    xmax: int


@dataclass(frozen=True, slots=True)
class Reading:
    """What one look at a source found, all of it in one snapshot; a feed without rows has no page."""

    snapshot: Snapshot
    pages: tuple[Page, ...] = ()

    @property
    def drained(self) -> bool:
        """Whether nothing below the watermark is left behind these pages."""
        return not any(page.full for page in self.pages)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a sink did with a page: where its cursor is now, and the reason if it did not move."""

    cursor: Cursor
    applied: bool
    error: str = ""
    """Empty for a refusal of a stale page: then `cursor` is where to read on."""


@dataclass(slots=True)
class Freshness:
    """Finds a time T such that everything committed at the source before T has been read.

    Reading to the watermark at T does not yet prove that: a transaction may commit before T and
    still be above the watermark, because an older one is open. But whatever committed before T has
    an xid below the `xmax` of a snapshot taken at T. So T is proven as soon as the watermark of a
    later drained reading has reached that `xmax`.
    """

    as_of: datetime | None = None
    _waiting: Snapshot | None = field(default=None, repr=False)

    def observe(self, reading: Reading) -> datetime | None:
        """Take a reading whose pages were all applied; return the newest proven time, if any."""
        seen = reading.snapshot
        if not reading.drained:
            return self.as_of
        if self._waiting is not None and seen.xmin >= self._waiting.xmax:
            self.as_of, self._waiting = self._waiting.read_at, None
        if seen.xmin >= seen.xmax:
            self.as_of, self._waiting = seen.read_at, None
        elif self._waiting is None:
            self._waiting = seen
        return self.as_of


def check_history(source: str, cursors: Mapping[str, Cursor], snapshot: Snapshot) -> None:
    """Refuse to read from a source that has not yet reached a cursor taken from it.

    Transaction ids only grow, so such a source was replaced or restored; reading on would silently
    skip whatever it writes until it has caught up. Raises FeedWentBack.
    """
    for feed, cursor in cursors.items():
        if cursor.xid >= snapshot.xmax:
            raise FeedWentBack(
                f"{source} is at transaction {snapshot.xmax}, but its feed {feed} was read to {cursor}.",
                remedy=_WENT_BACK_REMEDY,
            )


def backoff_s(failures: int, jitter: float) -> float:
    """Seconds to wait after `failures` failures in a row; `jitter` is random in [0, 1).

    Full jitter over a doubling window, so that readers that failed together do not return together.
    """
    if failures <= 0:
        return 0.0
    window = min(BACKOFF_MAX_S, BACKOFF_FIRST_S * 2.0 ** min(failures - 1, _DOUBLINGS_MAX))
    return max(BACKOFF_FLOOR_S, window * jitter)


def pause_s(reading: Reading) -> float:
    """Seconds until the next look: none behind a full page, a little while rows flow, else the poll."""
    if not reading.drained:
        return 0.0
    return POLL_BUSY_S if reading.pages else POLL_IDLE_S
