"""A simulated gateway: the real sync server over simulated lanes and sockets."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

from octonext.runtime.metrics import Registry
from octonext.shards.lane import Lane, ShardUnavailable
from octonext.sync.messages import Ack, Nack, Push
from octonext.sync.metrics import SyncMetrics
from octonext.sync.service import ShardSync
from octonext.sync.service.shard import TillSession
from octonext.sync.socket import SyncServer

from .network import Stream
from .node import Node
from .oracle import Oracle
from .plan import chance
from .sockets import ServerSocket

if TYPE_CHECKING:
    from .till import TillNode
    from .world import World


class _WatchedSync(ShardSync):
    """The real service; the oracle hears which session each push was accepted of."""

    def __init__(self, *args: Any, oracle: Oracle, **options: Any) -> None:
        super().__init__(*args, **options)
        self._oracle = oracle

    async def push(self, session: TillSession, push: Push) -> Ack | Nack:
        answer = await super().push(session, push)
        if isinstance(answer, Ack):
            self._oracle.accepted(self.shard_id, session, answer)
        return answer


#: How long a gateway that goes away waits for its tills.
DRAIN_S = 5.0


class GatewayNode:
    """One gateway process. It keeps nothing, so a restart is a new one."""

    def __init__(self, world: World, name: str) -> None:
        self.name = name
        self.process = Node(name)
        self.process.alive = False
        self.server: SyncServer
        self._world = world
        self._random = chance(world.plan.seed, name)

    def start(self) -> None:
        """A new process at the same address."""
        if self.process.alive:
            return
        world = self._world
        self.process = Node(self.name)
        metrics = SyncMetrics(Registry())
        clock = world.clock
        shards = [
            _WatchedSync(
                cast("Lane", database.lane()),
                [world.shard_keys[shard_id]],
                clock=clock,
                metrics=metrics,
                oracle=world.oracle,
            )
            for shard_id, database in world.shards.items()
        ]
        self.server = SyncServer(shards, clock=clock, metrics=metrics, entropy=self._random.randbytes)
        world.history.note(self.name, "starts")
        for shard in shards:
            world.loop.spawn(self.process, self._refresh(shard))

    def stop(self, how: str) -> None:
        """Kill it."""
        if not self.process.alive:
            return
        world = self._world
        world.history.note(self.name, how)
        self.process.alive = False
        world.network.lose(self.process, silently=False)
        world.loop.end(self.process)

    async def drain(self) -> None:
        """Leave as an operator would have it: ask the tills to go, then end and come back."""
        self._world.history.note(self.name, "drains")
        process = self.process
        self._world.loop.spawn(process, self.server.drain(DRAIN_S))
        await asyncio.sleep(DRAIN_S + 1.0)
        if self.process is process:
            self.stop("ends after draining")
        self.start()

    def accept(self, stream: Stream, till: TillNode) -> None:
        """A till has connected."""
        world = self._world
        socket = ServerSocket(stream, lambda frame: world.oracle.said(till, frame))
        world.loop.spawn(self.process, self.server.serve(cast("Any", socket)))

    async def _refresh(self, shard: ShardSync) -> None:
        """As the gateway process does it; faults are tried again."""
        while True:
            with suppress(ShardUnavailable):
                await shard.refresh()
            await asyncio.sleep(self._world.plan.refresh_s * self._random.uniform(0.5, 1.5))
