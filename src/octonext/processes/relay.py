"""The relay: carries HQ's master data to every shard, and what shards and HQ tell to reporting.

Every pair of a source and a sink is a pump of its own, with its own connections and backoff. The relay
keeps nothing: it can die at any moment, and two of them do no harm.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime

import msgspec
import structlog
import uvloop

from octonext.base.clock import Clock, SystemClock
from octonext.feeds.domain import Cursor, Outcome, Page
from octonext.feeds.service import Pump
from octonext.feeds.store import (
    DIMENSION_FEEDS,
    REFERENCE_FEEDS,
    SHARD_FEEDS,
    ReferenceSink,
    ReferenceSource,
    dimension_source,
    shard_source,
)
from octonext.reporting.remote import Address, ReportingClient
from octonext.runtime.layout import Layout
from octonext.runtime.metrics import Registry
from octonext.runtime.rounds import end_within
from octonext.runtime.settings import Settings

from .local_service import StatusApp, reporting_address, serve_on_socket, stop_on_signals

STOP_GRACE_S = 3.0
"""A pump that waits for a frozen shard is cut off after this."""


def run(layout: Layout, settings: Settings) -> None:
    """Carry feeds until SIGTERM."""
    layout.prepare_sockets()
    uvloop.run(_serve(layout, settings))


def pumps(layout: Layout, settings: Settings, clock: Clock) -> list[Pump]:
    """Every pump of the installation. Raises SecretUnavailable."""
    address = reporting_address(layout, settings)
    hq = layout.dsn("hq")
    made = [Pump(dimension_source(hq), ReportingSink(address, clock), "reporting", DIMENSION_FEEDS, clock)]
    for shard in settings.shards:
        dsn = layout.dsn("shard", shard.id)
        made.append(
            Pump(ReferenceSource(hq, shard.region), ReferenceSink(dsn), shard.id, REFERENCE_FEEDS, clock)
        )
        made.append(
            Pump(shard_source(shard.id, dsn), ReportingSink(address, clock), "reporting", SHARD_FEEDS, clock)
        )
    return made


class ReportingSink:
    """The reporting process as a pump's sink."""

    def __init__(self, address: Address, clock: Clock) -> None:
        self._address = address
        self._clock = clock
        self._client: ReportingClient | None = None
        self._closing: set[asyncio.Task[None]] = set()

    async def cursors(self, source: str, feeds: Sequence[str]) -> dict[str, Cursor]:
        return await self._connected().cursors(source, feeds)

    async def apply(self, source: str, pages: Sequence[Page], as_of: datetime | None) -> dict[str, Outcome]:
        return await self._connected().deliver(source, pages, as_of)

    def abort(self) -> None:
        if self._client is not None:
            task = asyncio.ensure_future(self._client.close())
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)
            self._client = None

    def _connected(self) -> ReportingClient:
        if self._client is None:
            self._client = ReportingClient(self._address, self._clock)
        return self._client


class FeedStatus(msgspec.Struct):
    """One feed between one source and one sink."""

    name: str
    source: str
    target: str
    cursor: str | None
    rows: int
    """Carried since this relay started."""
    lag_seconds: float | None
    """Seconds since the newest time up to which all is known to have arrived; null when unknown."""
    as_of: datetime | None
    failures: int
    last_error: str
    went_back: bool
    """Whether the source has another history than the one that was read, as after a restore."""


def feed_statuses(all_pumps: Sequence[Pump]) -> list[FeedStatus]:
    """The state of every feed."""
    return [
        FeedStatus(
            name=feed,
            source=pump.source.name,
            target=pump.target,
            cursor=None if state.cursor is None else str(state.cursor),
            rows=state.rows,
            lag_seconds=_rounded(pump.lag_s()),
            as_of=pump.freshness.as_of,
            failures=pump.failures or state.failures,
            last_error=pump.error or state.error,
            went_back=pump.went_back,
        )
        for pump in all_pumps
        for feed, state in pump.states.items()
    ]


def metrics_text(statuses: Sequence[FeedStatus]) -> bytes:
    """The feeds in Prometheus' text form. A lag that is not known yet has no sample."""
    registry = Registry()
    labels = ("source", "target", "feed")
    lag = registry.gauge("feed_lag_seconds", "Age of the newest complete state in the sink", labels)
    rows = registry.gauge("feed_rows", "Rows carried since the relay started", labels)
    failures = registry.gauge("feed_failures", "Failures in a row; 0 while the feed flows", labels)
    back = registry.gauge("feed_went_back", "1 while the source has another history than was read", labels)
    for each in statuses:
        at = (each.source, each.target, each.name)
        if each.lag_seconds is not None:
            lag.labels(*at).set(each.lag_seconds)
        rows.labels(*at).set(each.rows)
        failures.labels(*at).set(each.failures)
        back.labels(*at).set(int(each.went_back))
    return registry.text()


async def _serve(layout: Layout, settings: Settings) -> None:
    stop = stop_on_signals()
    running = pumps(layout, settings, SystemClock())
    tasks = [asyncio.ensure_future(pump.run(stop)) for pump in running]
    structlog.get_logger().info("relay_ready", pumps=len(running))
    app = StatusApp(
        status=lambda: {"feeds": feed_statuses(running)},
        metrics=lambda: metrics_text(feed_statuses(running)),
    )
    try:
        await serve_on_socket(app, layout.socket("relay"), stop)
    finally:
        stop.set()
        await end_within(STOP_GRACE_S, tasks)
    structlog.get_logger().info("relay_stopped")


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)
