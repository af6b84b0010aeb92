"""Two transactions at once, in PostgreSQL and in the model: who waits for whom, and what each is told."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import pytest

from .conftest import Twins
from .histories import Call, History
from .scripted_till import PRODUCTS
from .twins import in_transaction, outcome

#: Pairs of calls of one history.
PAIRS = 30
#: Turns of the event loop after which the model's second transaction waits for a lock, or is done.
TURNS = 40


class Abandoned(Exception):
    """The first transaction is rolled back."""


async def overlapped(side: Any, first: Call, second: Call, *, commits: bool, waits: Any) -> tuple[Any, ...]:
    """Run `second` while `first` has done its work and not committed; return both answers, and whether
    the second had to wait.
    """
    a, b = await side.connect(), await side.connect()
    answers: list[Any] = []
    try:
        async with a.transaction():
            answers.append(await first(a))
            other = asyncio.ensure_future(outcome(in_transaction(b, second)))
            waited = await waits(other)
            if not commits:
                raise Abandoned
    except Abandoned:
        pass
    answers.append(await other)
    await a.close()
    await b.close()
    return (*answers, waited)


@pytest.mark.parametrize("seed", range(2))
async def test_overlapping_transactions_wait_and_answer_alike(twins: Twins, seed: int) -> None:
    async def real_waits(other: asyncio.Future[Any]) -> bool:
        return await waits_for_lock(twins.owner, other)

    history = History(seed)
    waited: list[bool] = []
    for number in range(PAIRS):
        first, second = history.call(), history.call()
        commits = history.chance.random() < 0.7
        real = await overlapped(twins.real, first, second, commits=commits, waits=real_waits)
        model = await overlapped(twins.model, first, second, commits=commits, waits=model_waits)
        assert model == real, (seed, number)
        waited.append(real[-1])
    await twins.assert_equal()
    assert {True, False} == set(waited)


async def model_waits(other: asyncio.Future[Any]) -> bool:
    """The same of the model's transaction."""
    for _ in range(TURNS):
        await asyncio.sleep(0)
    return not other.done()


async def waits_for_lock(owner: asyncpg.Connection, other: asyncio.Future[Any], *, beside: int = 0) -> bool:
    """Whether the other transaction waits, beside some that do; once it is clear that it does or is done."""
    while not other.done():
        waiting = await owner.fetchval(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )
        if waiting > beside:
            return True
    return False


@pytest.mark.parametrize("seed", [11])
async def test_a_push_that_stops_between_its_statements_lets_the_others_by(twins: Twins, seed: int) -> None:
    history = History(seed)
    stopped = 0
    for number in range(PAIRS):
        first, second = history.call(), history.call()
        product = history.chance.choice(PRODUCTS[:2])
        blocker = twins.owner.transaction()
        await blocker.start()
        await twins.owner.execute("SELECT FROM stock_balance WHERE product_id = $1 FOR UPDATE", product)
        connections = [await twins.real.connect() for _ in range(3)]
        a = asyncio.ensure_future(outcome(in_transaction(connections[0], first)))
        real_stopped = [await waits_for_lock(connections[2], a)]
        b = asyncio.ensure_future(outcome(in_transaction(connections[1], second)))
        real_stopped.append(await waits_for_lock(connections[2], b, beside=int(real_stopped[0])))
        await blocker.commit()
        real = (await a, await b)
        for connection in connections:
            await connection.close()

        shard = twins.shard
        holder = shard.engine.begin(shard.engine.generation)
        for key in [key for key in shard.tables.balances.rows if key[1] == product]:
            await holder.lock(shard.tables.balances, key)
        tasks, model_stopped = [], []
        for call in (first, second):
            connection = await twins.model.connect()
            tasks.append(asyncio.ensure_future(outcome(in_transaction(connection, call))))
            model_stopped.append(await model_waits(tasks[-1]))
        shard.engine.end(holder)
        model = (await tasks[0], await tasks[1])
        assert (model, model_stopped) == (real, real_stopped), (seed, number)
        stopped += sum(real_stopped)
    await twins.assert_equal()
    assert stopped
