"""What goes wrong in a simulated world, and how it is put right when the world becomes calm."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from .carriers import deliver
from .database.head_office import HeadOfficeDatabase
from .database.shard import ShardDatabase
from .node import Node, NodeCrashed
from .oracle.live import Entries, entries_of
from .plan import chance

if TYPE_CHECKING:
    from .till import TillNode
    from .world import World

#: How long a trouble lasts; seconds. Short ones are over before anybody notices, long ones after.
_SPELLS_S = (0.5, 3.0, 12.0, 45.0, 180.0)
_CLOCK_JUMPS_S = (-3, 90, -7_200, 86_400 * 3, -86_400 * 400, 86_400 * 3_650)
#: How old a copy is when it is put in the place of a database; seconds.
_COPY_AGE_S = (2.0, 45.0)
#: How many prices change in the same moment.
_PRICES_AT_ONCE = (1, 1, 3, 8)
#: Below this an old copy of a till is the till itself.
_COPY_ENTRIES_MIN = 2


class Faults:
    """The world's bad luck, drawn from its own randomness."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._random = chance(world.plan.seed, "faults")
        self._names, self._weights = list(world.plan.faults), list(world.plan.faults.values())
        self._frozen: dict[Node, None] = {}

    async def strike_until_calm(self) -> None:
        """Strike again and again until the world is calm."""
        if not self._names:
            return
        while True:
            await asyncio.sleep(self._random.expovariate(1.0 / self._world.plan.fault_s))
            if self._world.is_calm:
                return
            name = self._random.choices(self._names, self._weights)[0]
            before = self._world.history.count
            getattr(self, f"_{name}")()
            if self._world.history.count > before:
                self._world.oracle.count(f"fault: {name}")

    async def heal(self) -> None:
        """Undo everything that time or an operator would."""
        world = self._world
        weather = world.network.weather
        weather.cut = weather.flip = weather.half_open = weather.repeat = 0.0
        world.network.open_all()
        for node in list(self._frozen):
            world.loop.resume(node)
        self._frozen.clear()
        for name, shard in world.shards.items():
            world.paces[name].slowness = 1.0
            shard.thaw()
            shard.start()
        world.hq.thaw()
        world.hq.start()
        world.start_all()
        for till in world.tills:
            world.switch_on(till)

    # --- tills -------------------------------------------------------------------------------

    def _till(self) -> TillNode:
        return self._random.choice(self._world.tills)

    def _till_killed(self) -> None:
        self._end(self._till(), "is killed", power=False)

    def _till_power_cut(self) -> None:
        self._end(self._till(), "loses its power", power=True)

    def _end(self, till: TillNode, how: str, *, power: bool) -> None:
        if till.is_on:
            till.stop(how, power=power)
            self._later(lambda: self._world.switch_on(till))

    def _till_frozen(self) -> None:
        till = self._till()
        if till.is_on:
            self._freeze(till.process)

    def _till_clock_jump(self) -> None:
        till, seconds = self._till(), self._random.choice(_CLOCK_JUMPS_S)
        till.clock.offset = timedelta(seconds=seconds) if self._random.random() < 0.7 else timedelta(0)
        self._note(till.name, f"has its clock off by {till.clock.offset.total_seconds():.0f} s")

    def _till_offline(self) -> None:
        till = self._till()
        if till.is_on and not till.link.is_cut:
            self._note(till.name, "loses its network")
            till.link.cut()
            link = till.link
            self._later(link.restore)

    def _till_cloned(self) -> None:
        till = self._till()
        if till.taint or till.journal.place.seq < _COPY_ENTRIES_MIN:
            return
        world = self._world
        twin = type(till)(world, f"{till.name}-clone", till.place)
        twin.disk.restore(till.disk.copy())
        twin.adopt(till)
        till.taint = twin.taint = "cloned"
        self._note(till.name, f"is cloned at {till.journal.place.seq}")
        world.tills.append(twin)
        twin.start()

    def _till_old_copy(self) -> None:
        """Take a copy of a till's disk, and put it back in a while."""
        till = self._till()
        if till.taint or till.disk.is_empty:
            return
        copy = till.disk.copy()
        self._note(till.name, "has its disk copied")

        def put_back() -> None:
            if till.taint or self._world.is_calm:
                return
            till.stop("gets an old copy of its disk")
            till.disk.restore(copy)
            till.taint = "old copy"
            self._world.oracle.count("fault: till_old_copy put back")
            till.forget_what_the_copy_lacks()
            self._later(lambda: self._world.switch_on(till))

        self._later(put_back)

    def _till_hash_rots(self) -> None:
        till = self._till()
        if till.is_on and not till.taint and till.rot("hash"):
            till.taint = "hash rotted"

    def _till_ciphertext_rots(self) -> None:
        till = self._till()
        if till.is_on and not till.taint and till.rot("ciphertext"):
            till.taint = "ciphertext rotted"

    # --- the line ----------------------------------------------------------------------------

    def _line_cut(self) -> None:
        streams = [each for each in self._world.network.streams if not each.client.over]
        if streams:
            stream = self._random.choice(streams)
            self._note(stream.client.owner.name, "has its line cut")
            stream.cut()

    def _line_one_way(self) -> None:
        world = self._world
        till, gateway = self._till().name, self._random.choice(world.gateways).name
        pairs = [
            (till, gateway),
            (gateway, till),
            (till, "*"),
            ("*", till),
            (gateway, "*"),
            ("reporting", "*"),
        ]
        source, target = self._random.choice(pairs)
        self._note("network", f"blocks {source} to {target}")
        world.network.block(source, target)
        self._later(lambda: world.network.open(source, target))

    # --- gateways and databases --------------------------------------------------------------

    def _gateway_killed(self) -> None:
        gateway = self._random.choice(self._world.gateways)
        gateway.stop("is killed")
        self._later(gateway.start)

    def _gateway_frozen(self) -> None:
        self._freeze(self._random.choice(self._world.gateways).process)

    def _gateway_drained(self) -> None:
        gateway = self._random.choice(self._world.gateways)
        if gateway.process.alive:
            self._note(gateway.name, "is told to drain")
            self._world.loop.spawn(None, gateway.drain())

    def _shard_killed(self) -> None:
        name = self._random.choice(list(self._world.shards))
        shard = self._world.shards[name]
        self._note(name, "is killed")
        shard.crash()
        self._later(shard.start)

    def _shard_frozen(self) -> None:
        name = self._random.choice(list(self._world.shards))
        shard = self._world.shards[name]
        self._note(name, "is frozen")
        shard.freeze()
        self._later(shard.thaw)

    def _shard_slow(self) -> None:
        name = self._random.choice(list(self._world.shards))
        pace = self._world.paces[name]
        pace.slowness = self._random.choice((5.0, 50.0, 400.0))
        self._note(name, f"is {pace.slowness:.0f} times slower")

        def recover() -> None:
            pace.slowness = 1.0

        self._later(recover)

    def _shard_restored(self) -> None:
        """Take a copy of a shard, and put it in the shard's place in a while."""
        name = self._random.choice(list(self._world.shards))
        shard = self._world.shards[name]
        before: Entries = set()

        def tell() -> None:
            self._world.oracle.shard_restored(shard, before)

        self._restore_later(name, shard, lambda: before.update(entries_of(shard)), tell)

    def _hq_restored(self) -> None:
        """The same with head office: its shards and the reports know more than it does."""
        hq = self._world.hq
        self._restore_later("hq", hq, lambda: None, lambda: self._world.oracle.head_office_restored(hq))
        # Something that the copy lacks.
        self._price_change()

    def _restore_later(
        self,
        name: str,
        database: ShardDatabase | HeadOfficeDatabase,
        look: Callable[[], None],
        tell: Callable[[], None],
    ) -> None:
        copy = database.copy()
        self._note(name, "is copied")

        def put_back() -> None:
            if name in self._world.restored or self._world.is_calm:
                return
            self._note(name, "is restored from an older copy")
            self._world.oracle.count(f"fault: {'hq' if name == 'hq' else 'shard'}_restored put back")
            look()
            database.crash()
            database.restore(copy)
            self._world.restored[name] = None
            tell()
            self._later(database.start)

        self._world.later(self._random.uniform(*_COPY_AGE_S), put_back)

    def _hq_killed(self) -> None:
        self._note("hq", "is killed")
        self._world.hq.crash()
        self._later(self._world.hq.start)

    # --- carriers ----------------------------------------------------------------------------

    def _relay_killed(self) -> None:
        relay = self._random.choice(self._world.relays)
        relay.stop("is killed")
        self._later(relay.start)

    def _relay_frozen(self) -> None:
        self._freeze(self._random.choice(self._world.relays).process)

    def _reporting_killed(self) -> None:
        reporting = self._world.reporting
        reporting.stop("is killed")
        self._later(reporting.start)

    def _reporting_frozen(self) -> None:
        self._freeze(self._world.reporting.process)

    def _delivery_repeated(self) -> None:
        """An old delivery arrives once more, as from a relay that was frozen with it in its hands."""
        world = self._world
        if world.reporting.delivered:
            source, body = self._random.choice(world.reporting.delivered)
            relay = self._random.choice(world.relays)
            self._note("reporting", f"gets an old delivery of {source} again")
            world.loop.spawn(None, _deliver_once(world, relay.process, source, body))

    def _everything_killed(self) -> None:
        world = self._world
        for name in list(world.shards):
            world.shards[name].crash()
        self._note("world", "everything is killed")
        world.hq.crash()
        for node in world.processes:
            node.stop("is killed")

        def back() -> None:
            for shard in world.shards.values():
                shard.start()
            world.hq.start()
            world.start_all()

        self._later(back)

    def _price_change(self) -> None:
        """Some prices change at once, each in a transaction of its own: they overtake each other."""
        world = self._world
        for _ in range(self._random.choice(_PRICES_AT_ONCE)):
            region = self._random.choice(world.chain.regions)
            row = world.chain.price(region, self._random.choice(world.chain.products))
            self._note("hq", f"changes a price to {row.payload['amount']}")
            world.loop.spawn(None, world.publish(row))

    def _rush(self) -> None:
        """Every till has a customer at the same moment: their pushes meet at the shard."""
        self._note("world", "has a rush")
        for till in self._world.tills:
            if till.customers is not None:
                with suppress(NodeCrashed):
                    till.customers.serve_one()

    # --- private -----------------------------------------------------------------------------

    def _freeze(self, node: Node) -> None:
        if not node.alive or node.is_frozen:
            return
        self._note(node.name, "is frozen")
        node.freeze()
        self._frozen[node] = None

        def thaw() -> None:
            if self._frozen.pop(node, 0) is None:
                self._note(node.name, "is thawed")
                self._world.loop.resume(node)

        self._later(thaw)

    def _later(self, what: Callable[[], None]) -> None:
        self._world.later(self._random.choice(_SPELLS_S) * self._random.uniform(0.5, 1.5), what)

    def _note(self, who: str, what: str) -> None:
        self._world.history.note(who, what)


async def _deliver_once(world: World, caller: Node, source: str, body: bytes) -> None:
    try:
        await deliver(world, caller, source, body)
    except Exception as error:  # noqa: BLE001 - whoever sent it is long gone
        world.history.note("reporting", f"does not take it: {type(error).__name__}")
