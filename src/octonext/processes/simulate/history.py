"""What happened, one line an event, folded into a digest: the same seed gives the same digest."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable
from typing import TextIO

from octonext.base.errors import OctoNextError

#: Lines shown with a violation.
LINES_KEPT = 60


class Violation(OctoNextError):
    """An invariant of the protocol does not hold in this history."""

    code = "invariant_violated"

    def __init__(self, invariant: str, detail: str, at_s: float) -> None:
        super().__init__(f"{invariant}: {detail} (at {at_s:.6f} s)")
        self.invariant = invariant
        self.detail = detail
        self.at_s = at_s

    def __reduce__(self) -> tuple[type[Violation], tuple[str, str, float]]:
        """A worker hands it to the process that asked."""
        return type(self), (self.invariant, self.detail, self.at_s)


class History:
    """The record of one simulation. `now` gives simulated seconds; `log` takes every line, if given."""

    def __init__(self, now: Callable[[], float], log: TextIO | None = None) -> None:
        self.count = 0
        self.last: deque[str] = deque(maxlen=LINES_KEPT)
        self._now = now
        self._log = log
        self._digest = hashlib.sha256()

    def note(self, who: str, what: str) -> None:
        """`who` did `what`."""
        line = f"{self._now():.6f} {who} {what}"
        self.count += 1
        self.last.append(line)
        self._digest.update(line.encode() + b"\n")
        if self._log is not None:
            self._log.write(line + "\n")

    @property
    def digest(self) -> str:
        """SHA-256 over all lines so far, in hex."""
        return self._digest.hexdigest()
