"""A circuit breaker: after enough failures in a row, stop asking for a while. Pure, time is passed in.

closed -> (failures_max failures in a row) -> open -> (after a pause) -> half open: one probe is let
through; its success closes the breaker, its failure opens it again with a longer pause.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["closed", "open", "half_open"]

#: Failures in a row that open the breaker. Two could be chance, ten cost ten deadlines.
FAILURES_MAX = 3
#: The first pause, doubled for every failed probe up to the last.
PAUSE_FIRST_S = 0.5
PAUSE_MAX_S = 8.0


@dataclass(slots=True)
class Breaker:
    """Whether a shard may be asked now."""

    state: State = "closed"
    failures: int = 0
    pause_s: float = PAUSE_FIRST_S
    retry_at: float = 0.0

    def admit(self, now: float) -> bool:
        """Return whether a call may go through at monotonic time `now` (seconds).

        An open breaker whose pause is over admits exactly one call, the probe.
        """
        if self.state == "closed":
            return True
        if self.state == "open" and now >= self.retry_at:
            self.state = "half_open"
            # a probe that never reports (its task was cancelled) must not keep the breaker shut
            self.retry_at = now + PAUSE_MAX_S
            return True
        if self.state == "half_open" and now >= self.retry_at:
            self.retry_at = now + PAUSE_MAX_S
            return True
        return False

    def refuses(self, now: float) -> bool:
        """Return whether a call would not go through at `now`. Admits nobody, and so takes no probe."""
        return self.state != "closed" and now < self.retry_at

    def succeed(self) -> None:
        """Report a call that the shard answered, even if the answer was a refusal."""
        self.state = "closed"
        self.failures = 0
        self.pause_s = PAUSE_FIRST_S

    def fail(self, now: float) -> None:
        """Report a call that the shard did not answer."""
        self.failures += 1
        if self.state == "half_open":
            self.pause_s = min(self.pause_s * 2, PAUSE_MAX_S)
            self._open(now)
        elif self.state == "closed" and self.failures >= FAILURES_MAX:
            self._open(now)

    def retry_after_s(self, now: float) -> float:
        """Return how long a caller who was not admitted should wait, in seconds."""
        if self.state == "half_open":
            # The probe mostly answers at once: nobody should sit out the deadline that it has.
            return PAUSE_FIRST_S
        return max(self.retry_at - now, 0.0) if self.state == "open" else 0.0

    def _open(self, now: float) -> None:
        self.state = "open"
        self.retry_at = now + self.pause_s
