"""Running totals of a shard: what a push adds up is not recorded again, what anybody else does to them is."""

from __future__ import annotations

import asyncpg
import pytest

from octonext.sync.messages import Ack

from ..sync.conftest import MILK, JournalWriter, Shard, shard, till
from .trail import Trail

__all__ = ["shard", "till"]

FUNCTION = "CREATE FUNCTION {0}() RETURNS void LANGUAGE plpgsql AS $$ BEGIN {{update}}; END $$; SELECT {0}()"
KEPT = ("stock_balance", "account_balance", "shift", "device_head")


@pytest.fixture
async def trail(shard_database: asyncpg.Pool) -> Trail:
    return Trail(shard_database)


async def _sell(shard: Shard, till: JournalWriter) -> None:
    await shard.enrol(till)
    till.open_shift()
    till.sell((MILK, 2))
    session = await shard.connect(till)
    assert isinstance(await shard.sync.push(session, till.push()), Ack)


async def test_a_hello_is_one_event_with_the_tills_footprint_and_a_push_is_none(
    shard: Shard, till: JournalWriter, trail: Trail
) -> None:
    await shard.enrol(till)
    till.open_shift()
    await trail.forget()
    hello = till.hello(b"n" * 32, app="till 1.2")
    session = await shard.sync.open_session(hello, b"n" * 32, ip="203.0.113.7", user_agent="tablet")
    connected = await trail.one("event")
    assert connected.key == {"event": "till_connected"}
    assert {"branch_id": 1, "device_id": 1, "epoch": 1, "app": "till 1.2"}.items() <= connected.after.items()
    who = connected.who
    assert (who["actor_kind"], who["actor_id"], who["device_id"]) == ("device", "1", 1)
    assert (str(who["actor_ip"]), who["user_agent"], who["app_version"]) == (
        "203.0.113.7",
        "tablet",
        "till 1.2",
    )
    assert len(who["key_thumbprint"]) == 64
    assert who["login_role"] == "octonext_app"
    assert isinstance(await shard.sync.push(session, till.push()), Ack)  # type: ignore[arg-type]
    assert await trail.new() == []
    assert await shard.value("SELECT count(*) FROM account_balance") > 0


async def test_a_till_that_is_refused_as_a_fork_is_an_event_with_its_address(
    shard: Shard, till: JournalWriter, trail: Trail
) -> None:
    await _sell(shard, till)
    await trail.forget()
    clone = JournalWriter(private=till.private)
    await shard.sync.open_session(clone.hello(b"n" * 32), b"n" * 32, ip="198.51.100.9")
    refused = await trail.one("event")
    assert (refused.key, str(refused.who["actor_ip"])) == ({"event": "till_refused"}, "198.51.100.9")


async def test_a_change_of_a_running_total_by_hand_is_recorded_row_by_row(
    shard: Shard, till: JournalWriter, trail: Trail
) -> None:
    await _sell(shard, till)
    await trail.forget()
    await shard.pool.execute("UPDATE stock_balance SET on_hand = on_hand + 1000")
    change = await trail.one("stock_balance")
    assert (change.operation, change.key) == ("update", {"branch_id": 1, "product_id": str(MILK)})
    assert (change.before, change.after) == ({"on_hand": -2000}, {"on_hand": -1000})
    for table in KEPT:
        await shard.pool.execute(f"DELETE FROM {table}")  # noqa: S608
    assert {change.table for change in await trail.new()} == set(KEPT)


FORGERIES = (
    "SET octonext.posting = 'on'; {update}",
    "/* \nPL/pgSQL function ingest_push(integer) line 1 at SQL statement */ {update}",
    "DO $$ BEGIN EXECUTE '{update} /*\nPL/pgSQL function ingest_push(integer) line 1 at PERFORM*/'; END $$",
    "SET session_replication_role = replica; {update}",
    f"CREATE SCHEMA evil; {FUNCTION.format('evil.ingest_push')}",
    FUNCTION.format('"x ingest_push"'),
    FUNCTION.format("fixed"),
)


async def test_a_change_that_only_claims_to_be_a_push_is_recorded(
    shard_dsn: str, shard_database: asyncpg.Pool, trail: Trail
) -> None:
    await shard_database.execute("INSERT INTO stock_balance VALUES (1, gen_random_uuid(), 5)")
    for number, forgery in enumerate(FORGERIES):
        await trail.forget()
        connection = await asyncpg.connect(shard_dsn)
        try:
            update = f"UPDATE stock_balance SET on_hand = {number}"  # noqa: S608
            await connection.execute(forgery.format(update=update))
        finally:
            await connection.close()
        recorded = [change.after for change in await trail.new("stock_balance")]
        assert recorded == [{"on_hand": number}], forgery


async def test_a_page_of_reference_rows_is_one_event_and_a_row_by_hand_is_itself(
    shard: Shard, trail: Trail
) -> None:
    await trail.forget()
    await shard.put_reference("product", "x", {"name_en": "Milk"})
    changes = await trail.new()
    assert [change.key for change in changes] == [{"event": "reference_applied"}]
    assert changes[0].after["rows"] == 1
    await shard.pool.execute("""UPDATE reference SET payload = '{"name_en": "Water"}' WHERE key = 'x'""")
    change = await trail.one("reference")
    assert change.after == {"payload": {"name_en": "Water"}}
    await shard.pool.execute("SELECT refill_reference('test')")
    assert {(change.table, change.key.get("event")) for change in await trail.new()} == {
        ("feed_cursor", None), ("event", "feed_reset"),
    }  # fmt: skip
