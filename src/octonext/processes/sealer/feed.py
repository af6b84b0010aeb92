"""Heads as a feed of reporting's: the sealer carries them itself, by the feeds' own pump."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from octonext.feeds.domain import Cursor, Outcome, Page, Reading, Snapshot
from octonext.feeds.service import Sink
from octonext.runtime.kept_connection import kept_connection
from octonext.runtime.postgres import transaction
from octonext.runtime.sql import load_queries

SEAL_FEEDS = ("seal",)
HEADS_PER_PAGE = 2_000

_queries = load_queries("octonext.processes.sealer", "feed.sql")


class SealSource:
    """The heads of one database, as a pump's source."""

    def __init__(self, name: str, dsn: Callable[[], str]) -> None:
        self.name = name
        self._database = kept_connection(dsn, application_name="octonext-sealer")

    async def read(self, cursors: Mapping[str, Cursor]) -> Reading:
        (feed,) = SEAL_FEEDS
        start = cursors[feed]
        place = (str(start.xid), start.id, HEADS_PER_PAGE)
        async with transaction(
            await self._database.open(), readonly=True, isolation="repeatable_read"
        ) as reader:
            row = await reader.fetchrow(_queries["heads_snapshot"])
            snapshot = Snapshot(row["read_at"], int(row["xmin"]), int(row["xmax"]))
            last = await reader.fetchrow(_queries["last_head"], *place)
            if last is None:
                return Reading(snapshot)
            text = io.BytesIO()
            await reader.copy_from_query(_queries["copy_heads"], *place, self.name, output=text)
        end = Cursor(int(last["xid"]), last["id"])
        full = last["count"] == HEADS_PER_PAGE
        return Reading(snapshot, (Page(feed, start, end, last["count"], text.getvalue(), full),))

    def abort(self) -> None:
        self._database.abort()


class SilentSink:
    """A sink that is never told "as of": how fresh a source's reports are is not for its seals to say."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink

    async def cursors(self, source: str, feeds: Sequence[str]) -> dict[str, Cursor]:
        return await self._sink.cursors(source, feeds)

    async def apply(
        self,
        source: str,
        pages: Sequence[Page],
        as_of: datetime | None,  # noqa: ARG002 -- left out on purpose
    ) -> dict[str, Outcome]:
        return await self._sink.apply(source, pages, None) if pages else {}

    def abort(self) -> None:
        self._sink.abort()
