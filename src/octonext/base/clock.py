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


#: Ten bits of counter under the milliseconds keep the value below 2**53, which a browser's numbers hold
#: exactly, until the year 2248.
HYBRID_COUNTER_BITS = 10
#: The last millisecond a hybrid clock follows; a wall clock beyond it stands still there.
HYBRID_MS_MAX = 2**43 - 1


def hybrid_tick(last: int, wall_ms: int) -> int:
    """Return the next hybrid logical time after `last`, given the wall clock in milliseconds since 1970.

    The value is `milliseconds * 1024 + counter`. It follows the wall clock while that moves forward
    and counts on from the last value while it does not, so a till's entries keep their order when
    its clock is set back. Source: Kulkarni et al., "Logical Physical Clocks", 2014.
    """
    return max(last + 1, min(max(wall_ms, 0), HYBRID_MS_MAX) << HYBRID_COUNTER_BITS)
