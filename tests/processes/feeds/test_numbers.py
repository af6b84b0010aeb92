"""A head office that was restored does not give a number twice, whoever has seen it."""

from __future__ import annotations

import asyncpg
import pytest

from octonext.processes.feeds.numbers import raise_numbers
from production import NOWHERE, production


async def next_number(hq: asyncpg.Pool, kind: str) -> int:
    return int(await hq.fetchval(f"SELECT nextval(pg_get_serial_sequence('{kind}', '{kind}_id'))"))


async def test_numbers_go_on_behind_what_the_shards_have_seen(
    hq_dsn: str, hq_database: asyncpg.Pool, shard_dsn: str, shard_database: asyncpg.Pool
) -> None:
    await shard_database.execute(
        "INSERT INTO reference (kind, key, payload) VALUES ('region', '3', '{}'), ('branch', '41', '{}'),"
        " ('device', '70', NULL), ('product', 'x', '{}')"
    )
    # A till that spoke and of which the copy knows nothing any more.
    await shard_database.execute("INSERT INTO device_head (branch_id, device_id) VALUES (42, 77)")
    told: list[str] = []
    assert await raise_numbers(production(hq_dsn, one=shard_dsn), told.append) == []
    found = [await next_number(hq_database, kind) for kind in ("region", "branch", "device")]
    assert found == [4, 43, 78]
    assert "hq: the shards know device 77; the next device gets a larger number" in told


async def test_an_empty_head_office_does_not_give_the_first_number_again(
    hq_dsn: str, hq_database: asyncpg.Pool, shard_dsn: str, shard_database: asyncpg.Pool
) -> None:
    await shard_database.execute("INSERT INTO reference (kind, key, payload) VALUES ('region', '1', '{}')")
    await shard_database.execute("INSERT INTO device_head (branch_id, device_id) VALUES (1, 1)")
    assert await raise_numbers(production(hq_dsn, one=shard_dsn), lambda _: None) == []
    assert [await next_number(hq_database, kind) for kind in ("region", "branch", "device")] == [2, 2, 2]


async def test_numbers_never_go_down_and_a_shard_that_is_away_is_named(
    hq_dsn: str, hq_database: asyncpg.Pool, shard_dsn: str, shard_database: asyncpg.Pool
) -> None:
    for _ in range(5):
        await next_number(hq_database, "device")
    await shard_database.execute("INSERT INTO device_head (branch_id, device_id) VALUES (1, 2)")
    told: list[str] = []
    assert await raise_numbers(production(hq_dsn, one=shard_dsn, away=NOWHERE), told.append) == ["away"]
    assert await next_number(hq_database, "device") == 6
    assert not any("device" in line for line in told)


async def test_a_head_office_that_is_away_is_said_and_harms_nobody(shard_dsn: str) -> None:
    told: list[str] = []
    assert await raise_numbers(production(NOWHERE, one=shard_dsn), told.append) == ["hq"]
    assert any("were not compared" in line for line in told)


@pytest.mark.parametrize(("source", "sink"), [("kw-9", ""), ("one", "one"), ("hq", "kw-9")])
async def test_a_feed_that_there_is_not_is_refused_by_name(source: str, sink: str) -> None:
    from rich.console import Console

    from octonext.processes.feeds.command import NoSuchFeed, reset_feeds

    with pytest.raises(NoSuchFeed):
        await reset_feeds(production(NOWHERE, one=NOWHERE), source, sink, Console())
