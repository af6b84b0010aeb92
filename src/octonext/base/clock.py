"""Time as a value that is passed in, so that a simulator can be the clock."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What the rest of the system may ask about time."""

    def now(self) -> datetime:
        """Return the wall clock, aware, in UTC. It may jump."""

    def monotonic(self) -> float:
        """Return seconds that never go back, for deadlines and durations."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()


#: How many entries one millisecond of a hybrid clock can order before it runs ahead of the wall.
HYBRID_COUNTER_BITS = 16


def hybrid_tick(last: int, wall_ms: int) -> int:
    """Return the next hybrid logical time after `last`, given the wall clock in milliseconds.

    The value is `milliseconds << 16 | counter`. It follows the wall clock while that moves forward
    and counts on from the last value while it does not, so a till's entries keep their order when
    its clock is set back. Source: Kulkarni et al., "Logical Physical Clocks", 2014.
    """
    return max(last + 1, wall_ms << HYBRID_COUNTER_BITS)
