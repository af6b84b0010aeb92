"""What is measured while the demo runs: rates, and how long a sale takes into a report. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

RATE_WINDOW_S = 4.0


def percentile(values: Sequence[float], percent: int) -> float | None:
    """The value that `percent` of the sorted `values` do not exceed (nearest rank); None of none."""
    return values[(len(values) - 1) * percent // 100] if values else None


@dataclass(slots=True)
class RateMeter:
    """Events per second over the last seconds, from a count that only grows."""

    _seen: deque[tuple[float, int]] = field(default_factory=deque)

    def note(self, now: float, count: int) -> None:
        """`count` events have happened since the beginning."""
        self._seen.append((now, count))
        while len(self._seen) > 2 and self._seen[1][0] <= now - RATE_WINDOW_S:
            self._seen.popleft()

    @property
    def per_s(self) -> float:
        if len(self._seen) < 2:
            return 0.0
        (began, first), (ended, last) = self._seen[0], self._seen[-1]
        return (last - first) / (ended - began) if ended > began else 0.0


@dataclass(slots=True)
class LagMeter:
    """From the ack of a sale to the first report that counts it.

    Both are told as counts since the beginning: how many sales shards have acknowledged, and how many
    a report counts. What is measured holds the pause between two reports, so it is never too good.
    """

    lags: list[tuple[float, float]] = field(default_factory=list)
    """(when it was seen, seconds) of each sale."""
    _waiting: deque[tuple[float, int]] = field(default_factory=deque)
    _acked: int = 0
    _visible: int = 0

    def acked(self, now: float, count: int) -> None:
        """So many sales are acknowledged at `now`."""
        if count > self._acked:
            self._acked = count
            self._waiting.append((now, count))
            # The report may have been quicker than our look at the ack.
            self._settle(now)

    def visible(self, now: float, count: int) -> None:
        """A report that arrived at `now` counts so many."""
        self._visible = max(self._visible, count)
        self._settle(now)

    def recent(self, now: float, window_s: float) -> list[float]:
        """Sorted lags of what was seen in the last seconds."""
        return sorted(lag for seen, lag in self.lags if seen >= now - window_s)

    @property
    def invisible(self) -> int:
        """How many acknowledged sales no report has counted yet."""
        return max(0, self._acked - self._visible)

    def _settle(self, now: float) -> None:
        while self._waiting and self._waiting[0][1] <= self._visible:
            since, count = self._waiting.popleft()
            self.lags.extend((now, now - since) for _ in range(count - self._settled))
            self._settled = count

    _settled: int = 0
