"""What a fleet shows while it runs: cheap to keep, cheap to read, many times a second."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from itertools import takewhile

#: Acks remembered per shard for its latency, and for how long one counts.
LATENCIES_KEPT = 4096
LATENCY_WINDOW_S = 10.0
#: Over how long "per second" is measured.
RATE_WINDOW_S = 5.0


@dataclass(frozen=True, slots=True)
class Latency:
    """From push to ack, milliseconds, over the last seconds; `count` 0 means nothing was acked."""

    count: int = 0
    p50_ms: float = 0.0
    p95_ms: float = 0.0
    max_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class TillView:
    """One till, as a row of a screen."""

    device_id: int
    device_code: str
    branch_id: int
    branch_code: str
    shard_id: str
    state: str
    online: bool
    cut: bool
    entries: int
    acked: int
    backlog: int
    sales: int
    #: Sales and returns of this run that the shard has acknowledged.
    acked_sales: int
    #: Why it stopped, or its last trouble; "" when there is none.
    trouble: str


@dataclass(frozen=True, slots=True)
class Counters:
    """The whole fleet at one moment."""

    tills: list[TillView]
    online: int
    offline: int
    stopped: int
    backlog: int
    entries: int
    acked: int
    sales: int
    returns: int
    sales_per_s: float
    acked_per_s: float
    #: Sales less returns in minor units, by currency.
    money: dict[str, int]
    latency: dict[str, Latency]
    backlog_by_shard: dict[str, int]
    #: How often a till came back and found booked what it had no ack for.
    acks_lost: int = 0


@dataclass(slots=True)
class Rate:
    """Events per second over the last seconds."""

    _events: deque[tuple[float, int]] = field(default_factory=deque)
    _sum: int = 0

    def add(self, now: float, count: int) -> None:
        """`count` more events happened."""
        self._events.append((now, count))
        self._sum += count
        self._forget(now)

    def per_s(self, now: float) -> float:
        """The rate now."""
        self._forget(now)
        return self._sum / RATE_WINDOW_S

    def _forget(self, now: float) -> None:
        while self._events and self._events[0][0] < now - RATE_WINDOW_S:
            self._sum -= self._events.popleft()[1]


@dataclass(slots=True)
class Tally:
    """What tills report as they work."""

    sold: Rate = field(default_factory=Rate)
    acked: Rate = field(default_factory=Rate)
    sales: int = 0
    returns: int = 0
    money: Counter[str] = field(default_factory=Counter)
    acks_lost: int = 0
    _latencies: dict[str, deque[tuple[float, float]]] = field(default_factory=dict)

    def note_ack(self, shard_id: str, now: float, latency_s: float, entries: int) -> None:
        """A push of `entries` came back acknowledged."""
        self.acked.add(now, entries)
        kept = self._latencies.setdefault(shard_id, deque(maxlen=LATENCIES_KEPT))
        kept.append((now, latency_s * 1000))

    def latency(self, now: float, window_s: float = LATENCY_WINDOW_S) -> dict[str, Latency]:
        """By shard, over the last seconds."""
        return {shard_id: _summary(kept, now - window_s) for shard_id, kept in self._latencies.items()}


def _summary(kept: deque[tuple[float, float]], since: float) -> Latency:
    recent = sorted(ms for _, ms in takewhile(lambda seen: seen[0] >= since, reversed(kept)))
    if not recent:
        return Latency()
    last = len(recent) - 1
    return Latency(len(recent), recent[last // 2], recent[last * 95 // 100], recent[last])
