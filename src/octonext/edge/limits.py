"""Named limits of the edge, and the counter that makes guessing a secret slow."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from octonext.base.clock import Clock

from .errors import TooManyAttempts

BODY_BYTES_MAX = 256 * 1024
BATCH_BODY_BYTES_MAX = 4 * 1024 * 1024
"""1,000 products with their longest names and barcodes fit twice."""

BODY_DEADLINE_S = 40.0
"""From a request's headers to the end of its body: 4 MiB at a megabit a second just fit."""

PAGE_ROWS_DEFAULT = 100
PAGE_ROWS_MAX = 500

ADDRESSES_MAX = 10_000
"""Addresses remembered per limit; the one unseen longest is forgotten first."""


@dataclass(frozen=True)
class Limit:
    """At most `attempts` failures of one address, or whatever else is counted by, in `window_s` seconds."""

    name: str
    attempts: int
    window_s: int
    whence: str = "came from this address"


#: A person mistypes a password a few times; a program that does so is guessing.
SIGN_IN = Limit("sign_in", attempts=10, window_s=60)
#: Of one name, wherever the guesses come from: who types it wrong so often waits.
SIGN_IN_NAME = Limit("sign_in_name", attempts=20, window_s=900, whence="were made for this user")
#: A shop enrols its tills together, and codes hold 80 random bits: room before suspicion.
ENROLMENT = Limit("enrolment", attempts=60, window_s=60)
#: Tokens cannot be guessed; this only spares head office the look-ups.
BEARER = Limit("bearer", attempts=120, window_s=60)


class Attempts:
    """Counts attempts on secrets per client address, in this process' memory.

    Each gateway worker counts for itself: N workers allow N times as many, which is still few.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._counts: dict[str, OrderedDict[str, tuple[float, int, bool]]] = {}

    def begin(self, limit: Limit, address: str) -> None:
        """Count an attempt before the secret is looked at, so that parallel guesses count too.

        Raises TooManyAttempts.
        """
        now = self._clock.monotonic()
        counts = self._counts.setdefault(limit.name, OrderedDict())
        since, count, was_refused = counts.get(address, (now, 0, False))
        if now - since >= limit.window_s:
            since, count, was_refused = now, 0, False
        if count >= limit.attempts:
            counts[address] = (since, count, True)
            raise TooManyAttempts(
                f"Too many attempts {limit.whence}.",
                retry_after_s=max(1, int(since + limit.window_s - now) + 1),
                is_first=not was_refused,
            )
        counts[address] = (since, count + 1, was_refused)
        counts.move_to_end(address)
        if len(counts) > ADDRESSES_MAX:
            counts.popitem(last=False)

    def succeeded(self, limit: Limit, address: str) -> None:
        """Take back the attempt that `begin` counted: it was no guess, or nobody could tell."""
        counts = self._counts.get(limit.name, OrderedDict())
        since, count, was_refused = counts.get(address, (0.0, 0, False))
        if count > 1:
            counts[address] = (since, count - 1, was_refused)
        else:
            counts.pop(address, None)
