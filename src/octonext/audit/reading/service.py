"""A page of the whole trail: every database that a reader may see is asked at once, each for itself.

No database waits for another. One that does not answer in time is named in the page, the others are in it.
Every reading is itself an event in each database whose rows it gave, in the same transaction: there are no
rows without that record.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol, TypeVar

import structlog

from octonext.base.errors import OctoNextError
from octonext.edge.errors import UNAVAILABLE_ERRORS, Forbidden, NotFound, Unavailable
from octonext.edge.tokens import Principal
from octonext.runtime.postgres import Connection, Pool, transaction

from . import store
from .domain import NUMBER_MAX, Entry, Filter, Missing, Place, TrailPage, newest_first

log = structlog.get_logger(__name__)

Result = TypeVar("Result")
Job = Callable[[Connection], Awaitable[Result]]

READINGS_AT_ONCE = 1
"""Of one database in one gateway: whoever reads the trail takes at most one connection from the tills."""
TURN_DEADLINE_S = 2.0
"""How long a reading may wait for its turn."""
ANSWER_DEADLINE_S = 6.0
"""How long a page waits for a database, beyond the turn. A lane gives up before, and says why."""
HEAD_OFFICE_WAIT_S = 2.0
"""For a connection to head office."""

_BEGINNING = Place(datetime(9999, 12, 31, tzinfo=UTC), "", NUMBER_MAX, NUMBER_MAX)


class Runner(Protocol):
    """How one job is done in one transaction on a database; a lane's `run` is one."""

    def __call__(self, job: Job[Result], /) -> Awaitable[Result]: ...


@dataclass(frozen=True)
class Source:
    """A database with a trail. `region` is the code of the region whose records it holds, if of one."""

    name: str
    region: str | None
    run: Runner


class HeadOfficeRunner:
    """Jobs on head office's pool."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def __call__(self, job: Job[Result], /) -> Result:
        async with transaction(self._pool, acquire_timeout_s=HEAD_OFFICE_WAIT_S) as connection:
            return await job(connection)


class Trail:
    """The trail of an installation, as one gateway reads it. `mask` hides what no view may show."""

    def __init__(self, sources: Sequence[Source], *, mask: Callable[[str], str]) -> None:
        self._sources = tuple(sources)
        self._mask = mask
        self._turns = {source.name: asyncio.Semaphore(READINGS_AT_ONCE) for source in sources}

    async def page(self, reader: Principal, wanted: Filter, *, limit: int, after: str = "") -> TrailPage:
        """Up to `limit` rows behind the place `after`, newest first.

        Raises NotFound for an unknown database, Forbidden for one outside the reader's regions,
        InvalidRequest for a foreign place, Unavailable when no database answered at all.
        """
        place = Place.parse(after) if after else _BEGINNING
        sources = self._visible(reader, wanted)
        answers = await asyncio.gather(*(self._asked(source, wanted, place, limit + 1) for source in sources))
        missing = [answer for answer in answers if isinstance(answer, Missing)]
        pages = [answer for answer in answers if not isinstance(answer, Missing)]
        if missing and not pages:
            raise Unavailable(f"The trail cannot be read: {missing[0].database} {missing[0].reason}.")
        rows = newest_first(pages, limit + 1)
        more = len(rows) > limit
        return TrailPage(
            items=rows[:limit],
            next_cursor=rows[limit - 1].place.text() if more else None,
            incomplete=missing,
        )

    def _visible(self, reader: Principal, wanted: Filter) -> list[Source]:
        sources = list(self._sources)
        if wanted.database is not None:
            sources = [source for source in sources if source.name == wanted.database]
            if not sources:
                raise NotFound(f"There is no database {wanted.database!r}.")
        if wanted.region is not None:
            sources = [source for source in sources if source.region == wanted.region]
            if not sources:
                raise NotFound(f"No database holds the records of region {wanted.region!r} alone.")
        visible = [source for source in sources if reader.may_see(source.region)]
        if len(visible) < len(sources) and (wanted.database or wanted.region or not visible):
            raise Forbidden("This token is limited to other regions.")
        return visible

    async def _asked(self, source: Source, wanted: Filter, place: Place, limit: int) -> list[Entry] | Missing:
        turn = self._turns[source.name]
        try:
            async with asyncio.timeout(TURN_DEADLINE_S):
                await turn.acquire()
        except TimeoutError:
            return Missing(source.name, "is being read by too many at once")
        # Never cancelled: a lane's connection would be cut. A database that hangs keeps the one turn until
        # its own deadlines end it, and our caller does not wait that long.
        reading = asyncio.ensure_future(self._read(source, wanted, place, limit))
        reading.add_done_callback(lambda _: turn.release())
        done, _ = await asyncio.wait({reading}, timeout=ANSWER_DEADLINE_S)
        return reading.result() if done else Missing(source.name, "did not answer in time")

    async def _read(self, source: Source, wanted: Filter, place: Place, limit: int) -> list[Entry] | Missing:
        async def job(connection: Connection) -> list[Entry] | Missing:
            try:
                rows = await store.page(
                    connection, database=source.name, region=source.region, wanted=wanted,
                    bound=place.bound(source.name), limit=limit, mask=self._mask,
                )  # fmt: skip
            except store.TooSlow:
                return Missing(source.name, "needs too long for this filter; narrow it by time")
            await store.record_reading(connection, {"asked": wanted.told(), "rows": len(rows)})
            return rows

        try:
            return await source.run(job)
        except UNAVAILABLE_ERRORS as error:
            log.warning("trail not read", database=source.name, error=type(error).__name__)
            return Missing(source.name, "does not answer")
        except OctoNextError as error:
            return Missing(source.name, error.message)
