"""What the simulated server does for a client that is cut off, and what a lane says of a shard away."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from octonext.processes.simulate.database.shard import ShardDatabase
from octonext.shards.lane import ShardUnavailable

from .histories import History
from .paces import HeldPace, settle
from .scripted_till import ScriptedTill
from .twins import in_transaction


async def shop() -> tuple[ShardDatabase, HeldPace, History, ScriptedTill]:
    """A till that said hello and has something to push."""
    pace = HeldPace()
    shard, history = ShardDatabase("kw-1", pace=pace), History(81)
    till = history.tills[0]
    await in_transaction(await shard.database.connect(), history.hello(till))
    till._open()
    till._sale()
    return shard, pace, history, till


async def test_a_client_that_dies_in_a_statement_leaves_nothing_and_no_lock() -> None:
    shard, pace, history, till = await shop()
    lane = shard.lane()
    pace.hold("lock")
    pushing = asyncio.ensure_future(lane.run(history.first_push(till)))
    await settle()
    pushing.cancel()
    await settle()
    assert pushing.cancelled()
    waiting = asyncio.ensure_future(shard.lane().run(history.first_push(till)))
    await settle()
    assert not waiting.done(), "the server has not noticed yet"
    pace.let_go("lock")
    assert (await waiting).status == "accepted"
    assert len(shard.sales()) == 1
    seen = shard.engine.watermark()
    assert seen.xmin == seen.xmax


async def test_a_commit_that_has_begun_ends_without_its_client() -> None:
    shard, pace, history, till = await shop()
    lane = shard.lane()
    pace.hold("flush")
    pushing = asyncio.ensure_future(lane.run(history.first_push(till)))
    await settle()
    pushing.cancel()
    await settle()
    assert shard.sales() == []
    pace.let_go("flush")
    await settle()
    assert len(shard.sales()) == 1


async def test_a_gateway_that_goes_cuts_its_idle_transactions() -> None:
    shard, _, history, till = await shop()
    lane = shard.lane()
    asked = asyncio.Event()

    async def stop_in_the_middle(connection: Any) -> None:
        await history.first_push(till)(connection)
        asked.set()
        await asyncio.Event().wait()

    working = asyncio.ensure_future(lane.run(stop_in_the_middle))
    await asked.wait()
    await lane.close()
    await settle()
    assert (await shard.lane().run(history.first_push(till))).status == "accepted"
    working.cancel()


async def test_a_lane_says_that_its_shard_is_away_and_goes_on_when_it_is_back() -> None:
    shard, _, history, till = await shop()
    lane = shard.lane()
    assert (await lane.run(history.first_push(till))).status == "accepted"
    shard.crash()
    with pytest.raises(ShardUnavailable):
        await lane.run(history.first_push(till))
    shard.start()
    assert (await lane.run(history.first_push(till))).status == "accepted"
    assert len(shard.sales()) == 1


async def test_who_waits_for_a_row_of_a_server_that_dies_is_told() -> None:
    shard, pace, history, till = await shop()
    pace.hold("lock")
    both = [asyncio.ensure_future(shard.lane().run(history.first_push(till))) for _ in range(2)]
    await settle()
    shard.crash()
    pace.let_go("lock")
    for pushing in both:
        with pytest.raises(ShardUnavailable):
            await pushing
    shard.start()
    assert (await shard.lane().run(history.first_push(till))).status == "accepted"


async def test_a_job_that_may_only_read_cannot_write() -> None:
    shard, _, history, till = await shop()
    with pytest.raises(ShardUnavailable):
        await shard.lane().run(history.first_push(till), readonly=True)
    assert shard.sales() == []


async def test_a_statement_that_the_model_does_not_know_is_named() -> None:
    shard, _, _, _ = await shop()
    connection: Any = await shard.database.connect()
    with pytest.raises(LookupError, match="DELETE FROM sale"):
        await connection.execute("DELETE FROM sale")
