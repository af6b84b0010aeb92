"""A shard restored from a copy gives its transaction ids out again: who reads its reference notices."""

from __future__ import annotations

from typing import Any

import pytest
import pytest_asyncio

from octonext.sync.domain import START, MarkedCursor
from octonext.sync.service.deltas import parse_cursor
from unguarded import unguarded

from .conftest import JournalWriter, Shard


async def read_all(shard: Shard, till: JournalWriter, cursor: MarkedCursor) -> tuple[set[str], MarkedCursor]:
    """The products that deltas bring behind a cursor, and the cursor behind them."""
    session, keys = await shard.connect(till), set()
    while (delta := await shard.sync.delta(session, cursor)) is not None:
        keys |= {row.key for row in delta.rows if row.kind == "product"}
        cursor = parse_cursor(delta.cursor)
    return keys, cursor


class Restored:
    """The shard goes back to when `copy` was taken, and goes on with the ids that it gives out again."""

    def __init__(self, shard: Shard) -> None:
        self._pool = shard.pool
        self._copied = ""

    async def copy(self) -> None:
        self._copied = await self._pool.fetchval("SELECT max(xid)::text FROM reference_history")

    async def restore(self) -> None:
        async with unguarded(self._pool):
            await self._pool.execute("DELETE FROM reference WHERE xid > $1::text::xid8", self._copied)
            await self._pool.execute("DELETE FROM reference_history WHERE xid > $1::text::xid8", self._copied)

    async def give_next_id_again(self) -> None:
        """The newest row gets the first id after the copy, as it would on a restored shard."""
        again = str(int(self._copied) + 1)
        async with unguarded(self._pool):
            for statement in (
                "UPDATE reference SET xid = $1::text::xid8 WHERE xid > $2::text::xid8",
                "UPDATE reference_history SET xid = $1::text::xid8 WHERE xid > $2::text::xid8",
            ):
                await self._pool.execute(statement, again, self._copied)


@pytest_asyncio.fixture
async def restored(shard: Shard, till: JournalWriter) -> Restored:
    """A till that is up to date, with two products of which the copy holds one."""
    await shard.enrol(till)
    machine = Restored(shard)
    await shard.put_reference("product", "kept", {"product_id": "kept"})
    await machine.copy()
    await shard.put_reference("product", "lost", {"product_id": "lost"})
    await shard.sync.refresh()
    return machine


async def test_a_till_is_given_what_its_cursor_would_have_passed_over(
    shard: Shard, till: JournalWriter, restored: Restored
) -> None:
    keys, cursor = await read_all(shard, till, START)
    assert keys == {"kept", "lost"}
    await restored.restore()
    await shard.put_reference("product", "new", {"product_id": "new"})
    await restored.give_next_id_again()
    await shard.sync.refresh()
    keys, after = await read_all(shard, till, cursor)
    assert keys == {"kept", "new"}
    assert (await read_all(shard, till, after))[0] == set()


async def test_a_gateway_learns_of_a_till_that_its_cursor_would_have_passed_over(
    shard: Shard, restored: Restored
) -> None:
    await restored.restore()
    device: dict[str, Any] = {"device_id": 44, "branch_id": 1, "status": "enrolled"}
    await shard.put_reference("device", "44", device)
    await restored.give_next_id_again()
    await shard.sync.refresh()
    assert shard.sync.mirror.device(44) is not None


async def test_a_till_that_has_everything_is_told_nothing(
    shard: Shard, till: JournalWriter, restored: Restored
) -> None:
    _, cursor = await read_all(shard, till, START)
    assert await shard.sync.delta(await shard.connect(till), cursor) is None
    # as a till kept it before marks were told
    assert (await read_all(shard, till, MarkedCursor(cursor.place)))[0] == set()


@pytest.mark.parametrize("text", ["", "12.34", "12.34.0123456789ab"])
def test_a_cursor_is_read_as_it_was_written(text: str) -> None:
    assert str(parse_cursor(text)) == (text or "0.0")


@pytest.mark.parametrize(
    "text", ["12", "12.34.5", "12.34.0123456789AB", "-1.2", "9" * 19 + ".1", "1.2.", "١.٢"]
)
def test_what_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a cursor"):
        parse_cursor(text)
