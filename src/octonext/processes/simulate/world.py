"""One simulated world: its machines, wired as the real processes wire theirs, and its life."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, TextIO
from urllib.parse import urlsplit

import asyncpg
from cryptography.hazmat.primitives.asymmetric import ec

from octonext.crypto.envelope import shard_public_spki
from octonext.sales.entries import ReceiptReference, Sale

from .carriers import RelayNode, ReportingNode
from .database.head_office import HeadOfficeDatabase
from .database.olap import OlapDatabase
from .database.pace import MUTATIONS as DATABASE_MUTATIONS
from .database.shard import ShardDatabase
from .faults import Faults
from .gateway import GatewayNode
from .history import History, Violation
from .loop import VirtualLoop
from .network import Network, Stream
from .operator import Operator
from .oracle import Oracle, check_everything
from .oracle.final import not_drained
from .pace import WorldPace
from .plan import Plan, chance
from .reference import Chain, Publication
from .till import TillNode

BEGINNING = datetime(2026, 3, 1, 6, 0, tzinfo=UTC)
#: How often the end of a calm is looked for.
_LOOK_S = 10.0
#: How long a machine that died stays away; seconds.
_AWAY_S = (1.0, 60.0)


class WorldClock:
    """The clock of everything that is not a till: right, in UTC."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop

    def now(self) -> datetime:
        return BEGINNING + timedelta(seconds=self._loop.time())

    def monotonic(self) -> float:
        return self._loop.time()


class World:
    """Everything there is in one simulation."""

    def __init__(self, plan: Plan, log: TextIO | None = None) -> None:
        self.plan = plan
        self.loop = VirtualLoop()
        self.clock = WorldClock(self.loop)
        self.now = self.clock.now
        self.random = chance(plan.seed, "world")
        self.history = History(self.loop.time, log)
        self.network = Network(chance(plan.seed, "network"))
        self.network.weather = plan.weather
        self.chain = Chain(plan)
        self.oracle = Oracle(self)
        self.beginning = BEGINNING
        self.is_calm = False
        self.disks_lie = "receipt_before_durable" in plan.mutations
        #: Databases that an older copy was put in the place of.
        self.restored: dict[str, None] = {}
        #: Receipts that customers may bring back anywhere.
        self.receipts: list[tuple[ReceiptReference, Sale]] = []
        self._build()

    def _build(self) -> None:
        plan, mutations = self.plan, frozenset(self.plan.mutations)
        of_databases = mutations & DATABASE_MUTATIONS.keys()
        self.shard_keys = {
            region.shard_id: ec.derive_private_key(self.random.getrandbits(250) + 1, ec.SECP256R1())
            for region in self.chain.regions
        }
        self._public_keys = {name: shard_public_spki(key) for name, key in self.shard_keys.items()}
        self.paces = {name: self._pace(name, plan.shard_dies) for name in (*self.shard_keys, "hq", "olap")}
        self.shards = {
            name: ShardDatabase(name, pace=self.paces[name], mutations=of_databases)
            for name in self.shard_keys
        }
        self.hq = HeadOfficeDatabase(pace=self.paces["hq"], mutations=of_databases)
        self.olap = OlapDatabase(pace=self.paces["olap"], mutations=of_databases)
        self.gateways = [GatewayNode(self, f"gateway-{number}") for number in range(1, plan.gateways + 1)]
        self.gateway_urls = [f"https://{gateway.name}:443" for gateway in self.gateways]
        self.reporting = ReportingNode(self)
        self.relays = [RelayNode(self, f"relay-{number}") for number in range(1, plan.relays + 1)]
        self.tills = [TillNode(self, f"till-{place.device_id}", place) for place in self.chain.places]
        self.faults = Faults(self)

    def _pace(self, name: str, dies: float) -> WorldPace:
        risk = self.plan.olap_dies if name == "olap" else dies
        return WorldPace(
            chance(self.plan.seed, name),
            now=self.now,
            step_s=self.plan.step_s,
            flush_s=self.plan.flush_s,
            straggles=self.plan.straggles,
            dies=lambda: 0.0 if self.is_calm else risk,
            strike=lambda how: self.database_dies(name, how),
        )

    @property
    def processes(self) -> Sequence[GatewayNode | RelayNode | ReportingNode]:
        """Everything that runs beside the databases and the tills."""
        return [*self.gateways, *self.relays, self.reporting]

    # --- life --------------------------------------------------------------------------------

    def run(self) -> History:
        """Live it through. Raises Violation, and whatever the program itself raises."""
        try:
            self.loop.run_until_complete(self._live())
        finally:
            self._end()
        return self.history

    def _end(self) -> None:
        """End every process, so that no task outlives the world."""
        self.is_calm = True
        for process in [each.process for each in (*self.processes, *self.tills)]:
            process.alive = False
            self.loop.end(process)
        self.loop.wind_down()
        self.loop.close()

    async def _live(self) -> None:
        self.is_calm = True
        for row in self.chain.publications():
            await self.publish(row)
        self.is_calm = False
        self.start_all()
        for till in self.tills:
            till.enrol()
            till.start()
        self.loop.spawn(None, self.faults.strike_until_calm())
        self.loop.spawn(None, Operator(self).watch())
        await asyncio.sleep(self.plan.busy_s)
        self.is_calm = True
        self.history.note("world", "becomes calm")
        await self.faults.heal()
        await self._drain()
        for rule, detail in check_everything(self):
            raise Violation(rule, detail, self.loop.time())
        self.history.note("world", "ends")

    async def _drain(self) -> None:
        deadline = self.loop.time() + self.plan.calm_s
        while True:
            await asyncio.sleep(_LOOK_S)
            for rule, detail in self.oracle.readings.check_settled():
                raise Violation(rule, detail, self.loop.time())
            left = next(not_drained(self), None)
            if left is None:
                return
            if self.loop.time() >= deadline:
                raise Violation(*left, self.loop.time())

    def start_all(self) -> None:
        """Start every process that is down."""
        for gateway in self.gateways:
            gateway.start()
        self.reporting.start()
        for relay in self.relays:
            relay.start()

    # --- what machines ask for ---------------------------------------------------------------

    def shard_public_key(self, shard_id: str) -> bytes:
        return self._public_keys[shard_id]

    def shard_of_branch(self, branch_id: int) -> ShardDatabase:
        return self.shards[self.chain.branches[branch_id].shard_id]

    async def dial(self, till: TillNode, url: str) -> Stream:
        """A connection of a till to the gateway of this address."""
        name = urlsplit(url).hostname
        gateway = next(each for each in self.gateways if each.name == name)
        stream = await self.network.connect(till.process, gateway.process)
        gateway.accept(stream, till)
        return stream

    async def publish(self, row: Publication) -> None:
        """Head office publishes a row of its master data; what fails is published again."""
        while True:
            try:
                await self.hq.publish(
                    row.kind, row.key, row.payload, region_id=row.region_id, branch_id=row.branch_id
                )
            except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
                await asyncio.sleep(1.0)
            else:
                return

    def olap_rows(self, table: str, source: str) -> list[Any]:
        """The rows of a shard that reports count."""
        return [row for row in self.olap.rows(table) if row["source"] == source]

    # --- what dies comes back ----------------------------------------------------------------

    def later(self, seconds: float, what: Callable[[], None]) -> None:
        """Do something in a while, as the world."""
        self.loop.call_later(seconds, what, context=self.network.context)

    def away_s(self) -> float:
        """How long something that died stays away."""
        return 0.5 if self.is_calm else self.random.uniform(*_AWAY_S)

    def database_dies(self, name: str, how: str) -> None:
        """A database is killed in the middle of what it does."""
        self.history.note(name, how)
        self.oracle.count(f"fault: {'store' if name == 'olap' else 'database'} {how}")
        if name == "olap":
            self.loop.call_soon(self._reporting_dies, context=self.network.context)
            return
        database = self.hq if name == "hq" else self.shards[name]
        database.crash()
        self.later(self.away_s(), database.start)

    def _reporting_dies(self) -> None:
        self.reporting.stop("dies in its store")
        self.later(self.away_s(), self.reporting.start)

    def restart_later(self, till: TillNode, how: str, *, power: bool) -> None:
        """A till dies at this moment and is switched on again in a while."""

        def die() -> None:
            self.oracle.count(f"fault: till {how}, {'power cut' if power else 'killed'}")
            till.stop(how, power=power)
            self.later(self.away_s(), lambda: self.switch_on(till))

        self.loop.call_soon(die, context=self.network.context)

    def switch_on(self, till: TillNode) -> None:
        """Switch a till on, unless it is."""
        if not till.is_on:
            with suppress(AssertionError):
                till.start()
