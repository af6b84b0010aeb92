"""How the world treats a simulated database: how long its steps take, and when it dies in one."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from datetime import datetime
from random import Random

from .database.pace import Boundary

#: What the step of a straggler takes more, seconds: long enough for a till to come back meanwhile, and
#: short of the lane's deadline.
STRAGGLER_S = (0.3, 3.5)


class WorldPace:
    """Time and chance for one database. `strike` is called to kill it, at most once in a life."""

    def __init__(
        self,
        random: Random,
        *,
        now: Callable[[], datetime],
        step_s: float,
        flush_s: float,
        straggles: float,
        dies: Callable[[], float],
        strike: Callable[[str], None],
    ) -> None:
        self._random = random
        self._step_s, self._flush_s = step_s, flush_s
        self._straggles = straggles
        self._dies = dies
        self._strike = strike
        self.now = now
        #: How much slower than usual it is.
        self.slowness = 1.0
        self._watchers: deque[asyncio.Future[None]] = deque()

    async def step(self, boundary: Boundary) -> None:
        mean = self._flush_s if boundary == "flush" else self._step_s
        seconds = self._random.expovariate(1.0) * mean * self.slowness
        if self._straggles and self._random.random() < self._straggles:
            # One transaction that takes long while others come and go: ids and commits change order.
            seconds += self._random.uniform(*STRAGGLER_S)
        await asyncio.sleep(seconds)
        if boundary == "committed":
            self._tell_watchers()
        risk = self._dies()
        if risk and self._random.random() < risk:
            self._strike(f"dies at {boundary}")

    def random(self) -> float:
        return self._random.random()

    async def next_commit(self, patience_s: float) -> None:
        """Wait until something is about to be committed, so long at most."""
        watcher: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._watchers.append(watcher)
        await asyncio.wait({watcher}, timeout=patience_s)
        watcher.cancel()

    def _tell_watchers(self) -> None:
        while self._watchers:
            watcher = self._watchers.popleft()
            if not watcher.done():
                watcher.set_result(None)
