"""Keeps head office from giving a number twice after it was restored from a copy.

Regions, branches and tills are numbered by sequences of HQ; a copy does not know what was numbered after
it was made, but the shards do. Each database is asked in a transaction of its own, and HQ is written last:
numbers only grow, so whatever happens in between makes a gap, never a number that is given twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import asyncpg

from octonext.base.errors import OctoNextError
from octonext.runtime.layout import OWNER_ROLE, Layout
from octonext.runtime.postgres import connect, transaction
from octonext.runtime.sql import load_queries

KINDS = ("region", "branch", "device")
ANSWER_TIMEOUT_S = 10.0
LOCK_TIMEOUT_MS = 5_000

_QUERIES = load_queries("octonext.processes.feeds", "feeds.sql")


async def raise_numbers(layout: Layout, say: Callable[[str], None]) -> list[str]:
    """Let HQ number on behind what any shard has seen; the names of the databases that did not answer."""
    shards = [shard.id for shard in layout.settings.shards]
    answers = await asyncio.gather(*(_known(layout, shard) for shard in shards), return_exceptions=True)
    away = []
    largest = dict.fromkeys(KINDS, 0)
    for shard, answer in zip(shards, answers, strict=True):
        if isinstance(answer, OctoNextError | asyncpg.PostgresError | OSError | TimeoutError):
            away.append(shard)
        elif isinstance(answer, BaseException):
            raise answer
        else:
            largest = {kind: max(largest[kind], answer[kind]) for kind in KINDS}
    try:
        await _raise(layout, largest, say)
    except (OctoNextError, asyncpg.PostgresError, OSError, TimeoutError) as error:
        say(f"hq: its numbers were not compared with the shards' ({error or 'no answer in time'})")
        away.append("hq")
    return away


async def _known(layout: Layout, shard_id: str) -> dict[str, int]:
    async with asyncio.timeout(ANSWER_TIMEOUT_S):
        connection = await connect(
            layout.dsn("shard", shard_id, role=OWNER_ROLE), application_name="octonext-numbers"
        )
        try:
            row = await connection.fetchrow(_QUERIES["known_numbers"])
        finally:
            # Not close(): a frozen server would never answer the goodbye.
            connection.terminate()
    assert row is not None, "an aggregate has one row"
    return {kind: row[kind] for kind in KINDS}


async def _raise(layout: Layout, largest: dict[str, int], say: Callable[[str], None]) -> None:
    async with asyncio.timeout(ANSWER_TIMEOUT_S):
        connection = await connect(layout.dsn("hq", role=OWNER_ROLE), application_name="octonext-numbers")
        try:
            async with transaction(connection) as writer:
                row = await writer.fetchrow(_QUERIES["next_numbers"])
                behind = [kind for kind in KINDS if row is not None and row[kind] < largest[kind]]
                if not behind:
                    return
                await writer.execute(f"SET LOCAL lock_timeout = {LOCK_TIMEOUT_MS}")
                await writer.execute(_QUERIES["lock_numbers"])
                row = await writer.fetchrow(_QUERIES["next_numbers"])
                for kind in behind:
                    await writer.execute(_QUERIES["raise_number"], kind, max(row[kind], largest[kind]))
        finally:
            connection.terminate()
    for kind in behind:
        say(f"hq: the shards know {kind} {largest[kind]}; the next {kind} gets a larger number")
