"""A lane to a real shard: commits, passes errors on, and gives up on a shard that hangs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest
import pytest_asyncio

from octonext.base.clock import SystemClock
from octonext.runtime.metrics import Registry
from octonext.runtime.postgres import Connection
from octonext.shards import lane as lane_module
from octonext.shards.lane import Lane, LaneMetrics, ShardUnavailable


class HandClock(SystemClock):
    """Time passes when a test says so: no pause of the breaker is over because the machine was slow."""

    seconds = 1000.0

    def monotonic(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest_asyncio.fixture
async def lane(shard_dsn: str, clock: HandClock) -> AsyncIterator[Lane]:
    made = Lane("kw-1", shard_dsn, clock=clock, metrics=LaneMetrics(Registry()))
    yield made
    await made.close()


async def _sleep(connection: Connection) -> None:
    await connection.execute("SELECT pg_sleep(60)")


async def _insert(connection: Connection) -> None:
    await connection.execute("INSERT INTO feed_cursor VALUES ('x', '1', 1)")


async def _count(connection: Connection) -> int:
    return int(await connection.fetchval("SELECT count(*) FROM feed_cursor"))


async def test_what_a_job_wrote_is_committed(lane: Lane, shard_database: asyncpg.Pool) -> None:
    lane.check()
    await lane.run(_insert)
    assert await shard_database.fetchval("SELECT count(*) FROM feed_cursor") == 1


async def test_an_error_of_the_statement_passes_through_and_rolls_back(lane: Lane) -> None:
    await lane.run(_insert)
    for _ in range(5):
        with pytest.raises(asyncpg.UniqueViolationError):
            await lane.run(_insert)
    assert lane.status().breaker == "closed"
    assert await lane.run(_count) == 1


async def test_a_call_that_hangs_is_given_up_and_the_breaker_opens(
    lane: Lane, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lane_module, "CALL_DEADLINE_S", 0.1)
    for _ in range(3):
        with pytest.raises(ShardUnavailable, match="did not answer"):
            await lane.run(_sleep)
    with pytest.raises(ShardUnavailable, match="is not answering") as refused:
        await lane.run(_count)
    with pytest.raises(ShardUnavailable, match="is not answering"):
        lane.check()
    assert refused.value.retry_after_s > 0
    assert lane.status().breaker == "open"
    async with asyncio.timeout(60):
        while True:
            try:
                assert await lane.run(_count) == 0
                break
            except ShardUnavailable as error:
                clock.seconds += error.retry_after_s
    assert lane.status().breaker == "closed"


@pytest.mark.parametrize(
    ("sqlstate", "breaker"),
    [
        ("53100", "open"),
        ("57P03", "open"),
        ("0A000", "closed"),
        ("25006", "closed"),
        ("40P01", "closed"),
        ("42883", "closed"),
    ],
)
async def test_what_the_shard_cannot_do_is_unavailable_and_not_the_callers_fault(
    lane: Lane, sqlstate: str, breaker: str
) -> None:
    async def fail(connection: Connection) -> None:
        await connection.execute(f"DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '{sqlstate}'; END $$")

    for _ in range(3):
        with pytest.raises(ShardUnavailable):
            await lane.run(fail)
    assert lane.status().breaker == breaker


async def test_a_transaction_whose_gateway_vanished_is_ended_by_the_shard(
    lane: Lane, shard_database: asyncpg.Pool
) -> None:
    async def setting(connection: Connection) -> str:
        return str(await connection.fetchval("SHOW idle_in_transaction_session_timeout"))

    assert await lane.run(setting) == "5s"


async def test_a_full_queue_is_refused_at_once(lane: Lane, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lane_module, "QUEUE_MAX", 2)
    monkeypatch.setattr(lane_module, "CALL_DEADLINE_S", 0.5)
    busy = [asyncio.ensure_future(lane.run(_sleep)) for _ in range(lane_module.POOL_SIZE)]
    while lane.status().in_flight < lane_module.POOL_SIZE:
        await asyncio.sleep(0)
    waiting = [asyncio.ensure_future(lane.run(_sleep)) for _ in range(2)]
    while lane.status().queued < 2:
        await asyncio.sleep(0)
    with pytest.raises(ShardUnavailable, match="too many calls"):
        await lane.run(_count)
    with pytest.raises(ShardUnavailable, match="too many calls"):
        lane.check()
    results = await asyncio.gather(*busy, *waiting, return_exceptions=True)
    assert all(isinstance(result, ShardUnavailable) for result in results)


async def test_a_shard_that_is_not_there_is_unavailable(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("none")
    dsn = f"postgresql://octonext@/octonext?host={folder}&port=5432"
    lane = Lane("gone", dsn, clock=SystemClock(), metrics=LaneMetrics(Registry()))
    with pytest.raises(ShardUnavailable):
        await lane.run(_count)
    await lane.close()


@pytest.mark.parametrize("fault", ["database", "role"])
async def test_a_shard_that_is_being_put_back_is_away_like_any_other(shard_dsn: str, fault: str) -> None:
    if fault == "database":
        dsn = shard_dsn.replace("/test_", "/gone_")
    else:
        dsn = shard_dsn.replace("://octonext@", "://nobody_here@")
    assert dsn != shard_dsn
    lane = Lane("kw-1", dsn, clock=SystemClock(), metrics=LaneMetrics(Registry()))
    for _ in range(3):
        with pytest.raises(ShardUnavailable, match="did not answer"):
            await lane.run(_count)
    with pytest.raises(ShardUnavailable, match="is not answering"):
        await lane.run(_count)
    await lane.close()
