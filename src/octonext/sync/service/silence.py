"""Which tills of a shard should be heard and are not: they hold sales that nobody else knows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from octonext.base.clock import Clock
from octonext.runtime.actor import Actor, process_actor
from octonext.runtime.postgres import Connection
from octonext.shards.lane import Lane

from ..metrics import SyncMetrics
from ..store import SilentTill, name_actor, note_contacts, note_silent_tills, silent_tills

log = structlog.get_logger(__name__)

#: How often connected tills are noted as heard, and the others looked at.
LOOK_EVERY_S = 30.0


@dataclass(frozen=True, slots=True)
class SilenceLimits:
    """How long announced entries may stay away, and how long a till with an open shift may not be heard."""

    backlog: timedelta
    shift: timedelta


class Silence:
    """The silent tills of one shard, as a gateway found them last."""

    def __init__(self, lane: Lane, limits: SilenceLimits, *, clock: Clock, metrics: SyncMetrics) -> None:
        self.shard_id = lane.shard_id
        self.tills: list[SilentTill] = []
        #: When they were looked for; None while they were not.
        self.as_of: datetime | None = None
        self._lane = lane
        self._limits = limits
        self._clock = clock
        self._metrics = metrics

    async def look(self, connected: Iterable[tuple[int, int]]) -> None:
        """Note who is `connected` (branch, device) and who has gone silent. Raises ShardUnavailable."""
        here, actor, limits = list(connected), process_actor("gateway"), self._limits

        async def note(connection: Connection) -> tuple[int, list[SilentTill]]:
            return await _note(connection, here, actor, limits)

        gone, self.tills = await self._lane.run(note)
        self.as_of = self._clock.now()
        self._metrics.silent.labels(self.shard_id).set(len(self.tills))
        if gone:
            log.warning("tills have gone silent", shard=self.shard_id, new=gone, silent=len(self.tills))


async def _note(
    connection: Connection, here: list[tuple[int, int]], actor: Actor, limits: SilenceLimits
) -> tuple[int, list[SilentTill]]:
    await name_actor(connection, actor)
    if here:
        await note_contacts(connection, here)
    gone = await note_silent_tills(connection, backlog=limits.backlog, shift=limits.shift)
    return gone, await silent_tills(connection, backlog=limits.backlog, shift=limits.shift)
