"""The sealer's process: makes its tasks, runs them until told to stop, and says how they are.

It keeps nothing: it can die at any moment, and two of them do no harm.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
import structlog
import uvloop

from octonext.audit.sealing.remote import DatabaseTarget, target_of
from octonext.audit.sealing.service.copying import Target
from octonext.base.clock import Clock, SystemClock
from octonext.crypto.keyring import Keyring
from octonext.feeds.service import Pump
from octonext.processes.keys import open_keyring
from octonext.processes.local_service import StatusApp, reporting_address, serve_on_socket, stop_on_signals
from octonext.processes.relay import ReportingSink
from octonext.processes.supervisor.databases import databases, owner_dsn
from octonext.runtime.layout import Layout
from octonext.runtime.metrics import Registry
from octonext.runtime.rounds import end_within
from octonext.runtime.settings import Settings

from .feed import SEAL_FEEDS, SealSource, SilentSink
from .keys import sealing_key
from .work import Copier, DatabaseSealer, Rounds

STOP_GRACE_S = 3.0
"""A task that waits for a frozen database is cut off after this."""


def run(layout: Layout, settings: Settings) -> None:
    """Seal until SIGTERM."""
    layout.prepare_sockets()
    uvloop.run(_serve(layout, settings))


@dataclass(slots=True)
class Tasks:
    """Everything that a sealer does."""

    sealers: list[DatabaseSealer]
    copiers: list[Copier]
    pumps: list[Pump]

    def start(self, stop: asyncio.Event) -> list[asyncio.Task[None]]:
        work = [each.run for each in self.sealers]
        work += [each.run for each in self.copiers]
        work += [each.run for each in self.pumps]
        return [asyncio.ensure_future(run(stop)) for run in work]


def make_tasks(layout: Layout, settings: Settings, keyring: Keyring, clock: Clock) -> Tasks:
    """A sealer for each database and a copier for each of its copies. Raises what the keyring raises."""
    audit = settings.audit
    sealers, copiers, pumps = [], [], []
    address = reporting_address(layout, settings)
    outside = [target_of(each, layout.run) for each in audit.copies]
    for kind, name in databases(layout):

        def dsn(kind: Any = kind, name: str = name) -> str:
            return owner_dsn(layout, kind, name)

        sealer = DatabaseSealer(
            name=name,
            kind=kind,
            dsn=dsn,
            key=sealing_key(layout, keyring, name),
            clock=clock,
            seal_every_s=audit.seal_every_s,
            canary_every_s=audit.canary_every_s,
            rounds=Rounds(),
        )
        sealers.append(sealer)
        targets: list[Target] = [_other_database(layout, kind), *outside]
        copiers += [Copier(sealer, target, Rounds()) for target in targets]
        sink = SilentSink(ReportingSink(address, clock))
        pumps.append(Pump(SealSource(name, dsn), sink, "reporting", SEAL_FEEDS, clock))
    return Tasks(sealers, copiers, pumps)


def _other_database(layout: Layout, kind: str) -> DatabaseTarget:
    """Shards' heads are kept at head office, and head office's on the first shard."""
    if kind == "shard":
        return DatabaseTarget("hq", lambda: owner_dsn(layout, "hq", "hq"))
    first = layout.settings.shards[0].id
    return DatabaseTarget(first, lambda: owner_dsn(layout, "shard", first))


class CopyStatus(msgspec.Struct):
    """Copies of one database's heads in one place."""

    target: str
    newest: int
    behind: int
    failures: int
    last_error: str


class SealStatus(msgspec.Struct):
    """How one database is sealed."""

    database: str
    head: int | None
    """Number of the newest head that this process knows."""
    size: int | None
    sealed_at: datetime | None
    heads: int
    lag_seconds: float | None
    """Since all that was final was under a head; null before the first."""
    canary: int
    canary_age_seconds: float | None
    canary_recorded: bool | None
    clock_went_back: bool
    refused: str
    failures: int
    last_error: str
    copies: list[CopyStatus]


def seal_statuses(tasks: Tasks, clock: Clock) -> list[SealStatus]:
    """The state of every database's seals."""
    return [
        SealStatus(
            database=each.name,
            head=None if each.newest is None else each.newest.number,
            size=None if each.newest is None else each.newest.head.size,
            sealed_at=None if each.newest is None else each.newest.head.sealed_at,
            heads=each.heads,
            lag_seconds=_since(clock, each.drained_at),
            canary=each.canary,
            canary_age_seconds=_since(clock, each.canary_at),
            canary_recorded=each.canary_recorded,
            clock_went_back=each.memory.clock_went_back,
            refused=each.refused,
            failures=each.rounds.failures,
            last_error=each.rounds.error,
            copies=_copies(tasks, each),
        )
        for each in tasks.sealers
    ]


def _copies(tasks: Tasks, sealer: DatabaseSealer) -> list[CopyStatus]:
    newest = 0 if sealer.newest is None else sealer.newest.number
    places = [
        CopyStatus(
            each.target.name,
            each.newest,
            max(0, newest - each.newest),
            each.rounds.failures,
            each.rounds.error,
        )
        for each in tasks.copiers
        if each.sealer is sealer
    ]
    for pump in tasks.pumps:
        if pump.source.name == sealer.name:
            state = pump.states[SEAL_FEEDS[0]]
            sent = 0 if state.cursor is None else state.cursor.id
            places.append(
                CopyStatus(
                    pump.target,
                    sent,
                    max(0, newest - sent),
                    pump.failures or state.failures,
                    pump.error or state.error,
                )
            )
    return places


def metrics_text(statuses: list[SealStatus]) -> bytes:
    """The seals in Prometheus' text form. What is not known yet has no sample."""
    registry = Registry()
    labels = ("database",)
    lag = registry.gauge("seal_lag_seconds", "Since all that was final was under a head", labels)
    head = registry.gauge("seal_head", "Number of the newest head", labels)
    heads = registry.gauge("seal_heads", "Heads written since the sealer started", labels)
    canary = registry.gauge("seal_canary_age_seconds", "Since the last canary was written", labels)
    missing = registry.gauge("seal_canary_missing", "1 when the trail does not show the last canary", labels)
    refused = registry.gauge("seal_refused", "1 while the database is not sealed any further", labels)
    failures = registry.gauge("seal_failures", "Failures in a row; 0 while it is sealed", labels)
    behind = registry.gauge("seal_copy_behind", "Heads that a copy does not have yet", ("database", "target"))
    for each in statuses:
        if each.lag_seconds is not None:
            lag.labels(each.database).set(each.lag_seconds)
        if each.head is not None:
            head.labels(each.database).set(each.head)
        if each.canary_age_seconds is not None:
            canary.labels(each.database).set(each.canary_age_seconds)
        heads.labels(each.database).set(each.heads)
        missing.labels(each.database).set(int(each.canary_recorded is False))
        refused.labels(each.database).set(int(bool(each.refused)))
        failures.labels(each.database).set(each.failures)
        for place in each.copies:
            behind.labels(each.database, place.target).set(place.behind)
    return registry.text()


async def _serve(layout: Layout, settings: Settings) -> None:
    stop = stop_on_signals()
    clock = SystemClock()
    tasks = make_tasks(layout, settings, await asyncio.to_thread(open_keyring, layout), clock)
    running = tasks.start(stop)
    structlog.get_logger().info("sealer_ready", databases=len(tasks.sealers))
    app = StatusApp(
        status=lambda: {"seals": seal_statuses(tasks, clock)},
        metrics=lambda: metrics_text(seal_statuses(tasks, clock)),
    )
    try:
        await serve_on_socket(app, layout.socket("sealer"), stop)
    finally:
        stop.set()
        await end_within(STOP_GRACE_S, running)
    structlog.get_logger().info("sealer_stopped")


def _since(clock: Clock, moment: float | None) -> float | None:
    return None if moment is None else round(clock.monotonic() - moment, 3)
