"""Brings one connected till up to date: of each feed one delta at a time, the next when it is stored."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from octonext.shards.lane import ShardUnavailable

from .domain import MarkedCursor
from .messages import Delta, DeltaAck, Hello
from .service import ShardSync, TillSession
from .service.deltas import FEEDS, Feed, parse_cursor

#: How long a delta waits after the shard was not available.
DELTA_RETRY_S = 1.0
#: What a till says in `hello.accepts` that can inflate raw DEFLATE.
DEFLATE = "deflate"

Send = Callable[[Delta], Awaitable[None]]


def cursors_of(hello: Hello) -> dict[str, MarkedCursor]:
    """The feeds that a till wants, and from where; names that nobody knows are passed over.

    Raises ValueError for what is no cursor.
    """
    return {name: parse_cursor(text) for name, text in hello.cursors.items() if name in FEEDS}


class Feeding:
    """The feeds of one connection. `run` ends only with an error: a till can always become out of date."""

    def __init__(
        self, shard: ShardSync, session: TillSession, cursors: Mapping[str, MarkedCursor], *,
        packed: bool, send: Send,
    ) -> None:  # fmt: skip
        self._shard = shard
        self._session = session
        self._packed = packed
        self._send = send
        self._lines = {name: _Line(FEEDS[name], cursor) for name, cursor in cursors.items()}

    async def run(self) -> None:
        """Send deltas while there are any, and wait for more. Raises what sending raises."""
        if len(self._lines) == 1:
            await self._feed(*self._lines.values())
        elif self._lines:
            async with asyncio.TaskGroup() as feeds:
                for line in self._lines.values():
                    feeds.create_task(self._feed(line))

    def stored(self, message: DeltaAck) -> bool:
        """Take an acknowledgement; whether it names the delta that was sent."""
        line = self._lines.get(message.feed)
        if line is None or message.cursor != str(line.sent):
            return False
        line.stored.set()
        return True

    async def _feed(self, line: _Line) -> None:
        ahead: asyncio.Task[Delta | None] | None = None
        try:
            while True:
                news = self._shard.news
                try:
                    delta = await (self._next(line.feed, line.cursor) if ahead is None else ahead)
                except ShardUnavailable:
                    ahead = None
                    await asyncio.sleep(DELTA_RETRY_S)
                    continue
                ahead = None
                if delta is None:
                    await news.wait()
                    continue
                cursor = parse_cursor(delta.cursor)
                if delta.rows or delta.packed is not None:
                    line.stored.clear()
                    line.sent = cursor
                    await self._send(delta)
                    if self._packed and delta.more:
                        # what comes next is made ready while the till stores this
                        ahead = asyncio.ensure_future(self._next(line.feed, cursor))
                    await line.stored.wait()
                line.cursor = cursor
        finally:
            if ahead is not None:
                ahead.cancel()
                await asyncio.wait({ahead})

    async def _next(self, feed: Feed, after: MarkedCursor) -> Delta | None:
        return await self._shard.delta(self._session, after, feed=feed, packed=self._packed)


class _Line:
    """One feed of one till: how far it is, and what is on the way."""

    def __init__(self, feed: Feed, cursor: MarkedCursor) -> None:
        self.feed = feed
        self.cursor = cursor
        self.sent = cursor
        self.stored = asyncio.Event()
