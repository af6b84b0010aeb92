"""The real lane over a simulated pool: its queue, deadlines and breaker are those of a gateway."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Any

from octonext.shards.lane import Lane, LaneMetrics

from .connection import Connection, Database


class LoopClock:
    """A database's own time of day, and the event loop's seconds."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.now = now

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()


class SimulatedLane(Lane):
    """A lane to one simulated shard."""

    def __init__(self, shard_id: str, database: Database, *, clock: LoopClock, metrics: LaneMetrics) -> None:
        super().__init__(shard_id, "", clock=clock, metrics=metrics)
        self._simulated = _Pool(database)

    async def _open_pool(self) -> Any:
        return self._simulated

    async def close(self) -> None:
        self._simulated.terminate()


class _Pool:
    """As much of a pool as the lane uses; the lane itself bounds how many connections there are."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._free: list[Connection] = []
        self._lent: dict[Connection, None] = {}

    async def acquire(self, *, timeout: float | None = None) -> Connection:
        while self._free:
            connection = self._free.pop()
            if not connection.is_closed():
                break
        else:
            async with asyncio.timeout(timeout):
                connection = await self._database.connect()
        self._lent[connection] = None
        return connection

    async def release(self, connection: Connection, *, timeout: float | None = None) -> None:  # noqa: ARG002
        self._lent.pop(connection, None)
        if not connection.is_closed():
            connection.rollback()
            self._free.append(connection)

    def terminate(self) -> None:
        """Cut every connection, as the end of a gateway does."""
        for connection in [*self._free, *self._lent]:
            connection.terminate()


class SilentMetrics(LaneMetrics):
    """Numbers that nobody reads, and that cost nothing."""

    def __init__(self) -> None:
        silent: Any = _Silent()
        self.in_flight = self.queued = self.breaker_open = silent
        self.refused = self.latency_s = silent


class _Silent:
    """Takes any value of any label."""

    def labels(self, *_: str) -> _Silent:
        return self

    def set(self, _: float) -> None:
        """Nothing is kept."""

    def inc(self) -> None:
        """Nothing is counted."""

    def observe(self, _: float) -> None:
        """Nothing is measured."""
