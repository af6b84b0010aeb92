"""The operator of a simulated chain: does what the operating manual asks of a person, in his own time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import asyncpg

from octonext.base.errors import OctoNextError
from octonext.feeds.store import refill_reference
from octonext.reporting.service import Reporting

from .node import Node
from .plan import chance

if TYPE_CHECKING:
    from .world import World

REPORTING = "reporting"
#: How often somebody looks at `octonext status`; seconds.
_LOOK_S = (5.0, 60.0)


class Operator:
    """Finds feeds whose source went back, and fills their readers again: `octonext feeds reset`."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._random = chance(world.plan.seed, "operator")
        self._machine = Node("operator")

    async def watch(self) -> None:
        """Look at the relays again and again."""
        while True:
            await asyncio.sleep(self._random.uniform(*_LOOK_S))
            found = [
                (pump.source.name, pump.target)
                for relay in self._world.relays
                if relay.process.alive
                for pump in relay.pumps
                if pump.went_back
            ]
            for source, reader in dict.fromkeys(found):
                await self._reset(source, reader)

    async def _reset(self, source: str, reader: str) -> None:
        world = self._world
        world.oracle.noticed(source, reader)
        world.history.note("operator", f"resets {reader} for {source}")
        try:
            if reader == REPORTING:
                await world.reporting.call(self._machine, lambda reporting: _reset(reporting, source))
            else:
                await refill_reference(await world.shards[reader].database.connect())
        except (OctoNextError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
            # He sees it in `octonext status` once more, and tries again.
            world.history.note("operator", f"has to try again: {type(error).__name__}")


async def _reset(reporting: Reporting, source: str) -> None:
    await reporting.reset(source)
