"""How a simulated database is driven in these tests: by nothing at all, or held at a boundary."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from octonext.processes.simulate.database.pace import Boundary


class QuietPace:
    """A world in which nothing happens, with a clock that runs like ours."""

    async def step(self, _boundary: Boundary) -> None:
        return

    def now(self) -> datetime:
        return datetime.now(UTC)

    def random(self) -> float:
        return 0.5


class HeldPace:
    """A world in which whoever reaches a boundary that is held waits there."""

    def __init__(self) -> None:
        self.held: dict[Boundary, asyncio.Event] = {}
        self.reached: list[Boundary] = []
        self.chance = 0.9

    def hold(self, boundary: Boundary) -> None:
        self.held[boundary] = asyncio.Event()

    def let_go(self, boundary: Boundary) -> None:
        self.held.pop(boundary).set()

    async def step(self, boundary: Boundary) -> None:
        self.reached.append(boundary)
        if boundary in self.held:
            await self.held[boundary].wait()

    def now(self) -> datetime:
        return datetime(2026, 3, 1, tzinfo=UTC)

    def random(self) -> float:
        return self.chance


async def settle() -> None:
    """Let everybody run until all of them wait."""
    for _ in range(50):
        await asyncio.sleep(0)
