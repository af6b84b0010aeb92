"""The pump: carries the feeds of one source into one sink, for ever, whatever either of them does.

One pump is one task with connections of its own, so a source that hangs or dies delays nobody else.
The sink keeps the cursors; a pump that starts, or was refused, asks for them and goes on from there.
That is also why two pumps on the same feed are harmless.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import structlog

from octonext.base.clock import Clock
from octonext.runtime.rounds import rest, within

from .domain import (
    POLL_IDLE_S,
    Cursor,
    FeedWentBack,
    Freshness,
    Outcome,
    Page,
    Reading,
    backoff_s,
    check_history,
    pause_s,
)

ROUND_TIMEOUT_S = 20.0
"""One look at the source and one delivery; longer means that one of them hangs."""
AS_OF_INTERVAL_S = 0.5
"""How often an idle source's "as of" is told to the sink."""
ERROR_CHARACTERS_MAX = 300


class Source(Protocol):
    """Where feeds are read."""

    name: str

    async def read(self, cursors: Mapping[str, Cursor]) -> Reading:
        """One page of each feed that has rows behind its cursor, all from one snapshot."""

    def abort(self) -> None:
        """Drop the connection now, without waiting for the other side."""


class Sink(Protocol):
    """Where feeds are applied, each page together with its cursor."""

    async def cursors(self, source: str, feeds: Sequence[str]) -> dict[str, Cursor]: ...

    async def apply(
        self, source: str, pages: Sequence[Page], as_of: datetime | None
    ) -> dict[str, Outcome]: ...

    def abort(self) -> None: ...


@dataclass(slots=True)
class FeedState:
    """What is known of one feed, for the status page."""

    cursor: Cursor | None = None
    rows: int = 0
    failures: int = 0
    error: str = ""
    resume_at: float = 0.0
    """Monotonic time before which this feed rests after a failure of its own."""


@dataclass(slots=True)
class Pump:
    """Carries `feeds` from `source` to `sink`. `target` names the sink in the status."""

    source: Source
    sink: Sink
    target: str
    feeds: tuple[str, ...]
    clock: Clock
    jitter: Callable[[], float] = random.random
    round_timeout_s: float = ROUND_TIMEOUT_S
    states: dict[str, FeedState] = field(default_factory=dict)
    freshness: Freshness = field(default_factory=Freshness)
    failures: int = 0
    error: str = ""
    went_back: bool = False
    """Whether the source was found to have another history than the one that was read: an operator acts."""
    _told_at: float = 0.0
    _read_at: datetime | None = None
    _seen_at: float = 0.0

    def __post_init__(self) -> None:
        self.states = {feed: FeedState() for feed in self.feeds}

    async def run(self, stop: asyncio.Event) -> None:
        """Pump until `stop` is set. Never raises for what the source or the sink does."""
        log = structlog.get_logger().bind(source=self.source.name, target=self.target)
        while not stop.is_set():
            try:
                pause = await within(self.round_timeout_s, self._round(), self._abort)
            except Exception as error:  # noqa: BLE001 -- whatever it is, the next round may succeed
                pause = self._fail(error)
                # One line for each outage's beginning, then one now and then: not one a second.
                if self.failures in (1, 10) or self.failures % 100 == 0:
                    if isinstance(error, FeedWentBack):
                        log.error("feed_went_back", error=error.message, remedy=error.remedy)  # noqa: TRY400
                    else:
                        log.warning("feed_failed", error=self.error, failures=self.failures)
            else:
                if self.failures:
                    log.info("feed_recovered", failures=self.failures)
                self.failures, self.error, self.went_back = 0, "", False
            await rest(pause, stop)
        self._abort()

    def lag_s(self) -> float | None:
        """Seconds since the newest time up to which everything is known to have arrived."""
        if self.freshness.as_of is None or self._read_at is None:
            return None
        # The source's own clock against itself, then our elapsed time: skew between machines is no lag.
        behind = (self._read_at - self.freshness.as_of).total_seconds()
        return max(0.0, behind) + self.clock.monotonic() - self._seen_at

    async def _round(self) -> float:
        began = self.clock.monotonic()
        cursors = await self._cursors()
        if not cursors:
            return POLL_IDLE_S
        reading = await self.source.read(cursors)
        self._read_at, self._seen_at = reading.snapshot.read_at, self.clock.monotonic()
        check_history(self.source.name, cursors, reading.snapshot)
        outcomes: dict[str, Outcome] = {}
        if reading.pages:
            outcomes = await self.sink.apply(self.source.name, reading.pages, None)
        if not self._settle(reading, outcomes):
            return POLL_IDLE_S
        if len(cursors) == len(self.feeds):
            await self._tell(self.freshness.observe(reading))
        return pause_s(reading, self.clock.monotonic() - began)

    async def _cursors(self) -> dict[str, Cursor]:
        """The cursors of the feeds that may be read now, asked of the sink where unknown."""
        if any(state.cursor is None for state in self.states.values()):
            known = await self.sink.cursors(self.source.name, self.feeds)
            for feed, state in self.states.items():
                state.cursor = known[feed]
        now = self.clock.monotonic()
        return {
            feed: state.cursor
            for feed, state in self.states.items()
            if state.cursor is not None and state.resume_at <= now
        }

    def _settle(self, reading: Reading, outcomes: Mapping[str, Outcome]) -> bool:
        """Take over what the sink answered; return whether every page was applied."""
        complete = True
        for page in reading.pages:
            state = self.states[page.feed]
            outcome = outcomes[page.feed]
            if outcome.error:
                complete = False
                state.failures += 1
                state.error = outcome.error[:ERROR_CHARACTERS_MAX]
                state.resume_at = self.clock.monotonic() + backoff_s(state.failures, self.jitter())
                # A sink that failed may have restarted or cleaned up: it says where it stands.
                state.cursor = None
                continue
            complete = complete and outcome.applied
            state.cursor = outcome.cursor
            state.failures, state.error, state.resume_at = 0, "", 0.0
            if outcome.applied:
                state.rows += page.count
        return complete

    async def _tell(self, as_of: datetime | None) -> None:
        now = self.clock.monotonic()
        if as_of is not None and now - self._told_at >= AS_OF_INTERVAL_S:
            # It is true of a reader that stands where we do, and of no other: one that was reset or
            # restored since must not claim what it does not have.
            places = [
                Page(feed, state.cursor, state.cursor, 0, b"", full=False)
                for feed, state in self.states.items()
                if state.cursor is not None
            ]
            for feed, outcome in (await self.sink.apply(self.source.name, places, as_of)).items():
                self.states[feed].cursor = outcome.cursor
            self._told_at = now

    def _fail(self, error: Exception) -> float:
        self._abort()
        self.failures += 1
        self.error = f"{type(error).__name__}: {error}"[:ERROR_CHARACTERS_MAX]
        # A source that cannot be asked now has not become the old one again.
        self.went_back = self.went_back or isinstance(error, FeedWentBack)
        for state in self.states.values():
            state.cursor = None
        return backoff_s(self.failures, self.jitter())

    def _abort(self) -> None:
        self.source.abort()
        self.sink.abort()
