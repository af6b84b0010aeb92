"""The simulated relay and reporting processes: real pumps, real reporting logic, simulated stores."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from random import Random
from typing import TYPE_CHECKING, Any, cast

from octonext.feeds.domain import REFERENCE_ROWS_MAX, Cursor, Outcome, Page, Reading
from octonext.feeds.service import Pump, Sink, Source
from octonext.feeds.store import DIMENSION_FEEDS, REFERENCE_FEEDS, SHARD_FEEDS
from octonext.reporting.domain.batches import decode_delivery, encode_delivery, split_pages
from octonext.reporting.service import Reporting

from .node import Node
from .plan import chance

if TYPE_CHECKING:
    from .world import World

#: Deliveries that may come once more, much later.
DELIVERIES_KEPT = 20


class ReportingDown(OSError):
    """The reporting process cannot be reached."""


class ReportingNode:
    """The reporting process; the store's disk outlives it."""

    def __init__(self, world: World) -> None:
        self.name = "reporting"
        self.process = Node(self.name)
        self.process.alive = False
        self.reporting: Reporting | None = None
        #: What was delivered lately: the network may deliver it again.
        self.delivered: list[tuple[str, bytes]] = []
        self._world = world
        self._calls = 0

    def start(self) -> None:
        """Start the process over what its store holds."""
        if self.process.alive:
            return
        world = self._world
        self.process = Node(self.name)
        world.olap.start()
        world.history.note(self.name, "starts")
        world.loop.spawn(self.process, self._begin(self.process))

    async def _begin(self, process: Node) -> None:
        reporting = Reporting(cast("Any", self._world.olap), self._world.clock)
        while True:
            try:
                await reporting.start()
                break
            except Exception as error:  # noqa: BLE001 - a store that is not there yet is tried again
                self._world.history.note(self.name, f"cannot start: {type(error).__name__}")
                await asyncio.sleep(1.0)
        if self.process is process:
            self.reporting = reporting
            self._world.oracle.reporting_started(reporting)

    def stop(self, how: str) -> None:
        """Kill it, and the store with it."""
        if not self.process.alive:
            return
        self._world.history.note(self.name, how)
        self.reporting = None
        self._world.olap.crash()
        self._world.loop.end(self.process)

    async def call(self, caller: Node, work: Any) -> Any:
        """Run `work(reporting)` there for a caller here. Raises ReportingDown, and what the work raises."""
        world = self._world
        await asyncio.sleep(world.network.delay_s())
        blocked = world.network.is_blocked(caller, self.process)
        if blocked or self.reporting is None or not self.process.alive:
            raise ReportingDown("reporting does not answer")
        task = world.loop.spawn_quietly(self.process, work(self.reporting))
        try:
            result = await asyncio.shield(task)
        except asyncio.CancelledError:
            if task.cancelled():
                raise ReportingDown("reporting died") from None
            raise
        await asyncio.sleep(world.network.delay_s())
        if world.network.is_blocked(self.process, caller):
            raise ReportingDown("the answer got lost")
        return result


class ReportingSink:
    """The reporting process as a pump's sink, as the relay's own one is over HTTP."""

    def __init__(self, world: World, process: Node) -> None:
        self._world = world
        self._process = process

    async def cursors(self, source: str, feeds: Sequence[str]) -> dict[str, Cursor]:
        async def ask(reporting: Reporting) -> dict[str, Cursor]:
            return reporting.cursors(source)

        known = await self._world.reporting.call(self._process, ask)
        return {feed: known[feed] for feed in feeds}

    async def apply(self, source: str, pages: Sequence[Page], as_of: datetime | None) -> dict[str, Outcome]:
        outcomes: dict[str, Outcome] = {}
        parts = split_pages(pages)
        for number, part in enumerate(parts, 1):
            body = encode_delivery(part, as_of if number == len(parts) else None)
            outcomes |= await deliver(self._world, self._process, source, body)
        return outcomes

    def abort(self) -> None:
        """There is no connection to drop."""


async def deliver(world: World, caller: Node, source: str, body: bytes) -> dict[str, Outcome]:
    """Hand a delivery to reporting, in the form that travels."""

    async def take(reporting: Reporting) -> dict[str, Outcome]:
        outcomes = await reporting.take(source, decode_delivery(body))
        world.oracle.delivered(source, reporting)
        return outcomes

    kept = world.reporting.delivered
    kept.append((source, body))
    del kept[:-DELIVERIES_KEPT]
    return cast("dict[str, Outcome]", await world.reporting.call(caller, take))


class PatientSource:
    """A source that is looked at less often, and best in the moment in which something is committed."""

    def __init__(self, source: Source, world: World, random: Random) -> None:
        self.name = source.name
        self._source = source
        self._oracle = world.oracle
        self._pace = world.paces[source.name]
        self._poll_s = world.plan.poll_s
        self._random = random

    async def read(self, cursors: Mapping[str, Cursor]) -> Reading:
        await asyncio.sleep(self._poll_s * self._random.uniform(0.1, 1.0))
        await self._pace.next_commit(self._poll_s * self._random.choice((0.0, 1.0)))
        reading = await self._source.read(cursors)
        self._oracle.read(self.name, reading)
        return reading

    def abort(self) -> None:
        self._source.abort()


class RelayNode:
    """One relay process: a pump for every pair of a source and a sink."""

    def __init__(self, world: World, name: str) -> None:
        self.name = name
        self.process = Node(name)
        self.process.alive = False
        self.pumps: list[Pump] = []
        self._world = world
        self._random = chance(world.plan.seed, name)

    def start(self) -> None:
        """A new process; the cursors are where the rows are."""
        if self.process.alive:
            return
        world, plan = self._world, self._world.plan
        self.process = Node(self.name)
        self.pumps = [
            self._pump(world.hq.dimension_source(), self._reporting(), "reporting", DIMENSION_FEEDS)
        ]
        for region in world.chain.regions:
            shard = world.shards[region.shard_id]
            reference = world.hq.source(region.code, rows_max=min(REFERENCE_ROWS_MAX, plan.page_rows))
            self.pumps.append(self._pump(reference, shard.reference_sink(), region.shard_id, REFERENCE_FEEDS))
            source = shard.source(rows_max=plan.page_rows, pushes_max=plan.page_pushes)
            self.pumps.append(self._pump(source, self._reporting(), "reporting", SHARD_FEEDS))
        world.history.note(self.name, "starts")
        for pump in self.pumps:
            world.loop.spawn(self.process, pump.run(asyncio.Event()))

    def stop(self, how: str) -> None:
        """Kill it."""
        if not self.process.alive:
            return
        self._world.history.note(self.name, how)
        self._world.loop.end(self.process)

    def _reporting(self) -> Sink:
        return ReportingSink(self._world, self.process)

    def _pump(self, source: Source, sink: Sink, target: str, feeds: tuple[str, ...]) -> Pump:
        patient = PatientSource(source, self._world, self._random)
        return Pump(patient, sink, target, feeds, self._world.clock, jitter=self._random.random)
