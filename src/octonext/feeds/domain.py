"""What a feed is, without I/O: its cursor, its pages, how fresh a reader is, and how it backs off."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import total_ordering

from octonext.base.errors import OctoNextError

PAGE_ROWS_MAX = 20_000
"""Rows of one COPY page: large enough for a backlog, small enough that a shard never notices."""
PAGE_PUSHES_MAX = 5_000
"""Pushes that one page walks, so that its end is near also where few of them posted its kind of row."""
REFERENCE_ROWS_MAX = 2_000
"""Rows of one reference page: they are applied one page a transaction on a shard that is selling."""
POLL_IDLE_S = 0.15
"""How long an idle reader waits before it asks again."""
POLL_BUSY_S = 0.25
"""The least time from one look that found rows to the next: the OLAP store likes few large parts."""
BACKOFF_FIRST_S = 0.25
BACKOFF_MAX_S = 10.0
BACKOFF_FLOOR_S = 0.1
_WENT_BACK_REMEDY = (
    "It was restored from a copy. Nothing is read from it until `octonext feeds reset --source {source}`; "
    "see docs/operating.md."
)
_DOUBLINGS_MAX = 16
_CURSOR = re.compile(r"(?P<xid>[0-9]{1,20})\.(?P<id>[0-9]{1,20})(?:\.(?P<mark>[0-9a-f]{32}))?")
_XID_MAX = 2**64
_ID_MAX = 2**63


class InvalidCursor(OctoNextError):
    """The text is not a cursor."""

    code = "invalid_cursor"


class FeedWentBack(OctoNextError):
    """The source's history is not the one that the sink has read, as after a restore from a copy."""

    code = "feed_went_back"


@total_ordering
@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in a feed: the 64-bit transaction id, then the row's own id. Text form "xid.id", or
    "xid.id.mark" where the mark is known.
    """

    xid: int
    id: int
    mark: str = field(default="", compare=False)
    """What the source's history was here, 32 hex digits; a copy of the source that went on differently
    has another one. Empty where it was never told.
    """

    def __lt__(self, other: Cursor) -> bool:
        return (self.xid, self.id) < (other.xid, other.id)

    def __str__(self) -> str:
        return f"{self.xid}.{self.id}.{self.mark}" if self.mark else f"{self.xid}.{self.id}"

    @classmethod
    def parse(cls, text: str) -> Cursor:
        """Read "xid.id" or "xid.id.mark". Raises InvalidCursor."""
        # 20 digits hold 2**64; longer text is refused before it becomes a huge number.
        found = _CURSOR.fullmatch(text)
        if found is None or int(found["xid"]) >= _XID_MAX or int(found["id"]) >= _ID_MAX:
            raise InvalidCursor(f"{text[:50]!r} is not a cursor.", remedy='It looks like "7312.88".')
        return cls(int(found["xid"]), int(found["id"]), found["mark"] or "")


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

    @property
    def stands(self) -> bool:
        """Whether it moves nothing: it only says where the sender believes the cursor to be."""
        return self.start == self.end


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
        """Take a reading whose pages were all applied; return the newest time that it proves, if any.

        One that is not drained proves nothing, not even what was proven before: the reader may have
        begun anew, and be far from where it was.
        """
        seen = reading.snapshot
        if not reading.drained:
            return None
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
            raise _went_back(
                source,
                f"{source} is at transaction {snapshot.xmax}, but its feed {feed} was read to "
                f"{cursor.xid}.{cursor.id}.",
            )


def check_marks(source: str, cursors: Mapping[str, Cursor], marks: Mapping[int, str]) -> None:
    """Refuse to read from a source that went back, also when it has long passed the cursor again.

    `marks` are the source's own marks by transaction id. A cursor without one is believed, and gets one
    with the next page. Raises FeedWentBack.
    """
    for feed, cursor in cursors.items():
        if cursor.mark and marks[cursor.xid] != cursor.mark:
            raise _went_back(
                source,
                f"{source} went back: its history up to {cursor.xid}.{cursor.id} is not the one that its "
                f"feed {feed} was read from.",
            )


def _went_back(source: str, message: str) -> FeedWentBack:
    return FeedWentBack(message, remedy=_WENT_BACK_REMEDY.format(source=source))


def backoff_s(failures: int, jitter: float) -> float:
    """Seconds to wait after `failures` failures in a row; `jitter` is random in [0, 1).

    Full jitter over a doubling window, so that readers that failed together do not return together.
    """
    if failures <= 0:
        return 0.0
    window = min(BACKOFF_MAX_S, BACKOFF_FIRST_S * 2.0 ** min(failures - 1, _DOUBLINGS_MAX))
    return max(BACKOFF_FLOOR_S, window * jitter)


def pause_s(reading: Reading, spent_s: float = 0.0) -> float:
    """Seconds until the next look: none behind a full page, a little while rows flow, else the poll.

    `spent_s` is how long reading and applying took. It counts: what is committed meanwhile waits
    already, and a busy sink has made larger pages of its own accord.
    """
    if not reading.drained:
        return 0.0
    return max(0.0, (POLL_BUSY_S if reading.pages else POLL_IDLE_S) - spent_s)
