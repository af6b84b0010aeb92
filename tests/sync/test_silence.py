"""Tills that should be heard and are not: noticed once, shown while it lasts, and gone when they are back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest

from octonext.base.clock import SystemClock
from octonext.crypto.secrets import token_digest
from octonext.edge.application import application
from octonext.edge.tokens import DIRECTORY_READ, REPORTS_READ, Principal, TokenCache
from octonext.runtime.metrics import Registry
from octonext.sync import http as sync_http
from octonext.sync.messages import Ack, Head
from octonext.sync.metrics import SyncMetrics
from octonext.sync.service import TillSession
from octonext.sync.service.silence import Silence, SilenceLimits

from .conftest import MILK, JournalWriter, Shard

LIMITS = SilenceLimits(backlog=timedelta(minutes=15), shift=timedelta(minutes=60))


@pytest.fixture
def silence(shard: Shard) -> Silence:
    return Silence(shard.lane, LIMITS, clock=SystemClock(), metrics=SyncMetrics(Registry()))


async def long_ago(shard: Shard, minutes: int) -> None:
    """Let so much time pass since anything was heard of anybody."""
    past = f"now() - interval '{minutes} min'"
    await shard.pool.execute(f"UPDATE device_contact SET seen_at = {past}, told_at = {past}")  # noqa: S608
    await shard.pool.execute(f"UPDATE device_head SET received_at = {past}")  # noqa: S608


async def sold(shard: Shard, till: JournalWriter, first: int = 1) -> TillSession:
    session = await shard.connect(till)
    answer = await shard.sync.push(session, till.push(first))
    assert isinstance(answer, Ack)
    return session


async def events(shard: Shard) -> int:
    return int(await shard.value("SELECT count(*) FROM audit_change WHERE key ->> 'event' = 'till_silent'"))


async def test_an_open_shift_that_nobody_hears_is_an_alarm_once_for_each_silence(
    shard: Shard, silence: Silence, till: JournalWriter
) -> None:
    await shard.enrol(till)
    till.open_shift()
    await sold(shard, till)
    await long_ago(shard, 59)
    await silence.look([])
    assert silence.tills == []
    await long_ago(shard, 61)
    for _ in range(3):
        await silence.look([])
    [found] = silence.tills
    assert (found.device_id, found.code, found.why, found.head_seq) == (1, "T01", "open shift", 1)
    assert found.open_shift == till.shift
    assert (await shard.cases(), await events(shard)) == (["till_silent"], 1)
    assert await shard.value("SELECT case_count FROM device_head") == 1
    # heard again, and silent again after its next sale
    await shard.connect(till)
    await silence.look([])
    assert silence.tills == []
    till.sell((MILK, 1))
    await sold(shard, till, 2)
    await long_ago(shard, 61)
    await silence.look([])
    assert (await shard.cases(), await events(shard)) == (["till_silent"] * 2, 2)


async def test_a_till_that_speaks_at_this_moment_is_neither_waited_for_nor_called_silent(
    shard: Shard, silence: Silence, till: JournalWriter
) -> None:
    await shard.enrol(till)
    till.open_shift()
    await sold(shard, till)
    await long_ago(shard, 61)
    async with shard.pool.acquire() as speaking, speaking.transaction():
        # as hello and push do first
        await speaking.execute("SELECT FROM device_head FOR UPDATE")
        await silence.look([])
        assert await shard.cases() == []
    await silence.look([])
    assert await shard.cases() == ["till_silent"]


async def test_a_till_that_is_connected_is_heard_however_long_it_sells_nothing(
    shard: Shard, silence: Silence, till: JournalWriter
) -> None:
    other = JournalWriter(device=2)
    await shard.enrol(till, other)
    for each in (till, other):
        each.open_shift()
        await sold(shard, each)
    await long_ago(shard, 600)
    await silence.look([(1, 1), (1, 77)])
    assert [found.device_id for found in silence.tills] == [2]


async def test_announced_entries_that_do_not_come_are_an_alarm_even_while_the_till_is_connected(
    shard: Shard, silence: Silence, till: JournalWriter
) -> None:
    await shard.enrol(till)
    till.open_shift()
    till.close_shift()
    till.open_shift()
    session = await shard.connect(till)  # announces three
    assert isinstance(await shard.sync.push(session, till.push(1, 2)), Ack)
    await silence.look([(1, 1)])
    assert silence.tills == []
    await long_ago(shard, 16)
    await silence.look([(1, 1)])
    [found] = silence.tills
    assert (found.why, found.head_seq, found.told_seq) == ("backlog", 2, 3)
    assert isinstance(await shard.sync.push(session, till.push(3)), Ack)
    await silence.look([(1, 1)])
    assert silence.tills == []
    told = await shard.pool.fetchrow("SELECT told_seq, told_hash FROM device_contact")
    assert told is not None
    assert Head(told["told_seq"], told["told_hash"]) == till.head


async def test_a_closed_shift_and_a_till_that_was_ended_are_no_alarm(
    shard: Shard, silence: Silence, till: JournalWriter
) -> None:
    ended = JournalWriter(device=2)
    await shard.enrol(till, ended)
    for each in (till, ended):
        each.open_shift()
    till.close_shift()
    for each in (till, ended):
        await sold(shard, each)
    await shard.enrol(ended, status="revoked")
    await long_ago(shard, 6_000)
    await silence.look([])
    assert silence.tills == []
    assert await shard.cases() == []


async def test_silent_tills_are_shown_to_whoever_may_read_the_directory(
    shard: Shard, silence: Silence, till: JournalWriter
) -> None:
    await shard.enrol(till)
    till.open_shift()
    await sold(shard, till)
    await long_ago(shard, 90)
    scopes = {token_digest("d"): DIRECTORY_READ, token_digest("r"): REPORTS_READ}

    async def lookup(digest: bytes) -> Principal:
        return Principal(scopes[digest], frozenset({scopes[digest]}))

    app = application(
        sync_http.routes(),
        tokens=TokenCache(lookup, SystemClock()), title="t", version="0", state={"silences": [silence]},
    )  # fmt: skip
    transport: Any = httpx.ASGITransport(app)  # type: ignore[arg-type]  # Litestar's own ASGI types
    async with httpx.AsyncClient(transport=transport, base_url="https://hq") as client:
        before = (await client.get("/tills/silent", headers={"Authorization": "Bearer d"})).json()
        assert before == {"tills": [], "shards": [{"shard_id": "kw-1", "as_of": None}]}
        await silence.look([])
        after = (await client.get("/tills/silent", headers={"Authorization": "Bearer d"})).json()
        assert [(each["code"], each["why"], each["shard_id"]) for each in after["tills"]] == [
            ("T01", "open shift", "kw-1")
        ]
        assert after["shards"][0]["as_of"]
        refused = await client.get("/tills/silent", headers={"Authorization": "Bearer r"})
        assert refused.status_code == 403
