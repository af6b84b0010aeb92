"""Each rule of a shard that can be broken on purpose: broken, the damage is there; kept, it is not."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from octonext.feeds.domain import START, FeedWentBack, check_history
from octonext.feeds.store import SHARD_FEEDS
from octonext.processes.simulate.database.pace import MUTATIONS
from octonext.processes.simulate.database.shard import ShardDatabase

from .histories import History
from .paces import HeldPace, QuietPace, settle
from .scripted_till import PRODUCTS, ScriptedTill
from .twins import in_transaction

IS_BROKEN: dict[str, Callable[[ShardDatabase], Awaitable[bool]]] = {}


def breaks(*mutations: str) -> Callable[[Any], Any]:
    """The scenario shows whether these rules are broken."""

    def register(scenario: Any) -> Any:
        IS_BROKEN.update(dict.fromkeys(mutations, scenario))
        return scenario

    return register


class Chance(QuietPace):
    """A quiet world that never draws the same number twice."""

    def __init__(self) -> None:
        self._chance = random.Random(1)

    def random(self) -> float:
        return self._chance.random()


async def shop(shard: ShardDatabase, sales: int = 1) -> tuple[History, ScriptedTill, ScriptedTill]:
    """Two tills of a branch that said hello, with a shift and some sales each."""
    history = History(71)
    one, other, _ = history.tills
    for till in (one, other):
        await commit(shard, history.hello(till))
        till._open()
        for _ in range(sales):
            till._sale()
    return history, one, other


async def commit(shard: ShardDatabase, call: Any) -> Any:
    connection: Any = await shard.database.connect()
    return await in_transaction(connection, call)


@breaks("dedup_removed")
async def sold_twice_after_a_replay(shard: ShardDatabase) -> bool:
    history, till, _ = await shop(shard)
    for _ in range(2):
        await commit(shard, history.first_push(till))
    assert len(shard.sales()) in {1, 2}
    return len(shard.sales()) == 2


@breaks("epoch_unchecked")
async def a_connection_books_although_a_newer_one_has_fenced_it(shard: ShardDatabase) -> bool:
    history, till, _ = await shop(shard)
    older = history.first_push(till)
    await commit(shard, history.hello(till))
    return bool((await commit(shard, older)).status == "accepted")


@breaks("head_not_locked")
async def sold_twice_by_two_connections_at_once(shard: ShardDatabase) -> bool:
    history, till, _ = await shop(shard)
    pace = HeldPace()
    shard.engine.pace = pace
    pace.hold("lock")
    both = [asyncio.ensure_future(commit(shard, history.first_push(till))) for _ in range(2)]
    await settle()
    pace.let_go("lock")
    for push in both:
        assert (await push).status == "accepted"
    return len(shard.sales()) == 2


@breaks("balance_lost_update")
async def the_stock_on_hand_is_not_the_sum_of_its_movements(shard: ShardDatabase) -> bool:
    # enough of them that some goods are sold by both
    history, one, other = await shop(shard, sales=5)
    pace = HeldPace()
    shard.engine.pace = pace
    pace.hold("flush")
    both = [asyncio.ensure_future(commit(shard, history.first_push(till))) for till in (one, other)]
    await settle()
    pace.let_go("flush")
    await asyncio.gather(*both)
    moved = dict.fromkeys(PRODUCTS, 0)
    for movement in shard.movements():
        moved[movement.product_id] += movement.quantity
    return any(row.on_hand != moved[row.product_id] for row in shard.balances())


@breaks("watermark_ignored", "cursor_by_id")
async def a_sale_that_commits_late_is_never_read(shard: ShardDatabase) -> bool:
    history, late, early = await shop(shard)
    source = shard.source()
    cursors = dict.fromkeys(SHARD_FEEDS, START)
    connection: Any = await shard.database.connect()
    async with connection.transaction():
        await history.first_push(late)(connection)
        await commit(shard, history.first_push(early))
        cursors |= {page.feed: page.end for page in (await source.read(cursors)).pages}
    try:
        seen = [page.feed for page in (await source.read(cursors)).pages]
    except FeedWentBack:
        # what was read is not what is behind the cursor now: to its reader, that is another history
        return True
    return "sale" not in seen


@breaks("went_back_unnoticed")
async def a_restored_shard_is_read_as_if_nothing_had_happened(shard: ShardDatabase) -> bool:
    history, one, other = await shop(shard)
    await commit(shard, history.first_push(one))
    copy = shard.copy()
    await commit(shard, history.first_push(other))
    page = (await shard.source().read({"sale": START})).pages[0]
    shard.crash()
    shard.restore(copy)
    shard.start()
    found = []
    for _ in range(3):
        try:
            reading = await shard.source().read({"sale": page.end})
            check_history("kw-1", {"sale": page.end}, reading.snapshot)
        except FeedWentBack:
            found.append(True)
        # the ids of the lost transactions are given out again, to others
        await commit(shard, history.hello(one))
        one._sale()
        await commit(shard, history.first_push(one))
    assert len(found) in {0, 3}, "found again and again, or never"
    return not found


@pytest.mark.parametrize("mutation", sorted(IS_BROKEN))
async def test_the_damage_is_there_when_the_rule_is_broken_and_only_then(mutation: str) -> None:
    scenario = IS_BROKEN[mutation]
    assert not await scenario(ShardDatabase("kw-1", pace=Chance()))
    assert await scenario(ShardDatabase("kw-1", pace=Chance(), mutations=frozenset({mutation})))


def test_every_mutation_of_a_database_has_its_scenario() -> None:
    elsewhere = {"ack_before_commit", "cursor_before_rows"}
    assert IS_BROKEN.keys() | elsewhere == MUTATIONS.keys()
