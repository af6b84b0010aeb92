"""What tills read of the reference stands in nobody's way who sells."""

from __future__ import annotations

import asyncio

from octonext.shards.lane import QUEUE_MAX
from octonext.sync.domain import START
from octonext.sync.messages import Ack

from .conftest import JournalWriter, Shard


async def test_a_new_price_that_wakes_more_tills_than_the_queue_holds_refuses_nobody(
    shard: Shard, till: JournalWriter
) -> None:
    await shard.enrol(till)
    await shard.put_reference("product", "p1", {"product_id": "p1"})
    await shard.sync.refresh()
    session = await shard.connect(till)
    till.open_shift()
    awake = [asyncio.ensure_future(shard.sync.delta(session, START)) for _ in range(QUEUE_MAX + 88)]
    await asyncio.sleep(0)  # every till asks before the sale comes
    assert isinstance(await shard.sync.push(session, till.push()), Ack)
    assert not all(each.done() for each in awake)
    assert all(delta is not None and delta.rows for delta in await asyncio.gather(*awake))
