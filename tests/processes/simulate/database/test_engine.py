"""What the simulated cluster does to transactions when it is slow, frozen or killed."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import pytest

from octonext.processes.simulate.database.engine import Engine, Transaction
from octonext.processes.simulate.database.tables import Table

from .paces import HeldPace, settle


class Cluster:
    """One table in one cluster."""

    def __init__(self, *mutations: str) -> None:
        self.pace = HeldPace()
        self.table: Table[str, int] = Table("stock")
        self.engine = Engine([self.table], pace=self.pace, mutations=frozenset(mutations))

    def begin(self) -> Transaction:
        return self.engine.begin(self.engine.generation)

    async def add(self, key: str, quantity: int) -> None:
        transaction = self.begin()
        await transaction.lock(self.table, key)
        await transaction.step("lock")
        transaction.put(self.table, key, (transaction.get(self.table, key) or 0) + quantity)
        await self.engine.commit(transaction)

    def start(self, key: str, quantity: int) -> asyncio.Task[None]:
        return self.engine.detach(self.add(key, quantity))


async def broken(task: asyncio.Task[Any]) -> bool:
    await settle()
    return task.done() and isinstance(task.exception(), asyncpg.ConnectionDoesNotExistError)


async def test_what_was_reported_survives_and_what_was_not_on_disk_is_gone() -> None:
    cluster = Cluster()
    await cluster.add("milk", 1)
    cluster.pace.hold("flush")
    lost = cluster.start("milk", 10)
    await settle()
    cluster.engine.crash()
    cluster.pace.let_go("flush")
    assert await broken(lost)
    assert cluster.table.rows == {"milk": 1}
    cluster.engine.start()
    await cluster.add("milk", 2)
    assert cluster.table.rows == {"milk": 3}


async def test_a_commit_on_disk_that_nobody_heard_of_is_there_after_the_crash() -> None:
    cluster = Cluster()
    cluster.pace.hold("committed")
    unheard = cluster.start("milk", 10)
    await settle()
    assert cluster.table.rows == {}, "nobody sees it yet"
    cluster.engine.crash()
    cluster.pace.let_go("committed")
    assert await broken(unheard)
    assert cluster.table.rows == {"milk": 10}


async def test_a_record_on_its_way_to_disk_may_arrive_though_the_server_died() -> None:
    cluster = Cluster()
    cluster.pace.hold("flush")
    cluster.pace.chance = 0.1
    unheard = cluster.start("milk", 10)
    await settle()
    cluster.engine.crash()
    cluster.pace.let_go("flush")
    assert await broken(unheard)
    assert cluster.table.rows == {"milk": 10}


async def test_the_log_reaches_the_disk_in_order() -> None:
    cluster = Cluster()
    cluster.pace.hold("flush")
    older = cluster.start("milk", 1)
    await settle()
    gate = cluster.pace.held.pop("flush")
    await cluster.add("rice", 2)
    cluster.engine.crash()
    gate.set()
    assert await broken(older)
    assert cluster.table.rows == {"milk": 1, "rice": 2}, "what stands before a flushed record is flushed"


async def test_the_watermark_waits_for_the_oldest_open_transaction() -> None:
    cluster = Cluster()
    older = cluster.begin()
    cluster.pace.hold("lock")
    await older.lock(cluster.table, "milk")
    cluster.pace.let_go("lock")
    await cluster.add("rice", 1)
    seen = cluster.engine.watermark()
    assert (seen.xmin, seen.xmax) == (older.xid, older.own_xid() + 2)
    cluster.engine.end(older)
    seen = cluster.engine.watermark()
    assert seen.xmin == seen.xmax


async def test_who_waits_for_a_row_reads_what_was_committed_meanwhile() -> None:
    cluster = Cluster()
    cluster.pace.hold("lock")
    first, second = cluster.start("milk", 1), cluster.start("milk", 10)
    await settle()
    assert cluster.pace.reached == ["lock"], "the second waits for the row"
    cluster.pace.let_go("lock")
    await asyncio.gather(first, second)
    assert cluster.table.rows == {"milk": 11}


async def test_two_that_wait_for_each_other_do_not_wait_for_ever() -> None:
    cluster = Cluster()
    a, b = cluster.begin(), cluster.begin()
    await a.lock(cluster.table, "milk")
    await b.lock(cluster.table, "rice")
    waiting = cluster.engine.detach(a.lock(cluster.table, "rice"))
    await settle()
    with pytest.raises(asyncpg.DeadlockDetectedError):
        await b.lock(cluster.table, "milk")
    cluster.engine.end(b)
    await waiting


async def test_who_was_given_a_lock_and_has_yet_to_run_waits_for_nothing() -> None:
    cluster = Cluster()
    a, b, c = cluster.begin(), cluster.begin(), cluster.begin()
    await a.lock(cluster.table, "milk")
    given = cluster.engine.detach(b.lock(cluster.table, "milk"))
    await settle()
    # It runs before the one that is given the lock in the next line, and looks at whom that waits for.
    third = cluster.engine.detach(c.lock(cluster.table, "milk"))
    cluster.engine.end(a)
    await given
    assert not third.done()
    cluster.engine.end(b)
    await third


async def test_a_frozen_server_answers_when_it_goes_on() -> None:
    cluster = Cluster()
    cluster.engine.freeze()
    adding = cluster.start("milk", 1)
    await settle()
    assert not adding.done()
    cluster.engine.thaw()
    await adding
    assert cluster.table.rows == {"milk": 1}


async def test_a_copy_goes_back_to_when_it_was_made() -> None:
    cluster = Cluster()
    await cluster.add("milk", 1)
    copy = cluster.engine.copy()
    before = cluster.engine.watermark()
    await cluster.add("milk", 10)
    with pytest.raises(RuntimeError):
        cluster.engine.restore(copy)
    cluster.engine.crash()
    cluster.engine.restore(copy)
    cluster.engine.start()
    assert cluster.table.rows == {"milk": 1}
    assert cluster.engine.watermark() == before, "ids are given out a second time"


async def test_nobody_connects_to_a_server_that_is_down() -> None:
    cluster = Cluster()
    cluster.engine.crash()
    with pytest.raises(ConnectionRefusedError):
        await cluster.engine.admit()


async def test_mutated_to_report_first_it_loses_what_it_reported() -> None:
    cluster = Cluster("ack_before_commit")
    cluster.pace.hold("flush")
    await cluster.add("milk", 1)
    cluster.engine.crash()
    assert cluster.table.rows == {}


def test_a_mutation_that_nobody_knows_is_refused() -> None:
    with pytest.raises(ValueError, match="no_such_rule"):
        Cluster("no_such_rule")
