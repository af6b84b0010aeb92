"""The loop of the simulator: time that jumps, an order that is always the same, nodes that stand still."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from octonext.processes.simulate.loop import Deadlock, RunsInCircles, VirtualLoop
from octonext.processes.simulate.node import Node


@pytest.fixture
def loop() -> VirtualLoop:
    return VirtualLoop()


def test_a_year_of_waiting_takes_no_time(loop: VirtualLoop) -> None:
    loop.run_until_complete(asyncio.sleep(365 * 86_400))
    assert loop.time() == 365 * 86_400


def test_timers_run_by_time_and_then_by_age(loop: VirtualLoop) -> None:
    seen: list[str] = []
    for name, delay in (("c", 2.0), ("a", 1.0), ("b", 1.0), ("d", 2.0)):
        loop.call_later(delay, seen.append, name)
    loop.run_until_complete(asyncio.sleep(3))
    assert seen == ["a", "b", "c", "d"]


def test_a_timeout_ends_what_never_comes(loop: VirtualLoop) -> None:
    async def wait() -> float:
        with suppress(TimeoutError):
            async with asyncio.timeout(7):
                await asyncio.Event().wait()
        return loop.time()

    assert loop.run_until_complete(wait()) == 7


def test_queues_events_locks_and_tasks_work(loop: VirtualLoop) -> None:
    async def produce(queue: asyncio.Queue[int], ready: asyncio.Event) -> None:
        await ready.wait()
        for number in range(3):
            await asyncio.sleep(1)
            queue.put_nowait(number)

    async def consume() -> list[int]:
        queue: asyncio.Queue[int] = asyncio.Queue()
        ready = asyncio.Event()
        task = asyncio.create_task(produce(queue, ready))
        ready.set()
        async with asyncio.Lock():
            found = [await queue.get() for _ in range(3)]
        await asyncio.wait({task}, timeout=5)
        return found

    assert loop.run_until_complete(consume()) == [0, 1, 2]


def test_waiting_for_nothing_is_a_deadlock(loop: VirtualLoop) -> None:
    with pytest.raises(Deadlock):
        loop.run_until_complete(asyncio.Event().wait())


def test_a_loop_that_never_lets_time_pass_is_found(
    loop: VirtualLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("octonext.processes.simulate.loop.CALLBACKS_PER_INSTANT_MAX", 100)

    async def spin() -> None:
        while True:
            await asyncio.sleep(0)

    with pytest.raises(RunsInCircles):
        loop.run_until_complete(spin())


def test_a_frozen_node_goes_on_where_it_stood(loop: VirtualLoop) -> None:
    node, seen = Node("frozen"), []

    async def tick() -> None:
        for _ in range(4):
            await asyncio.sleep(1)
            seen.append(loop.time())

    async def live() -> None:
        task = loop.spawn(node, tick())
        await asyncio.sleep(1.5)
        node.freeze()
        await asyncio.sleep(10)
        assert seen == [1.0]
        loop.resume(node)
        await asyncio.wait({task})

    loop.run_until_complete(live())
    assert seen == [1.0, 11.5, 12.5, 13.5]


def test_what_a_node_started_ends_with_it_even_when_it_stands_still(loop: VirtualLoop) -> None:
    node, seen = Node("killed"), []

    async def child() -> None:
        try:
            await asyncio.sleep(100)
        finally:
            seen.append("ended")

    async def parent() -> None:
        asyncio.create_task(child())  # noqa: RUF006 - the node keeps it
        await asyncio.sleep(100)

    async def live() -> None:
        loop.spawn(node, parent())
        await asyncio.sleep(1)
        node.freeze()
        loop.end(node)
        await asyncio.sleep(1)

    loop.run_until_complete(live())
    assert seen == ["ended"]
    assert not node.alive


def test_the_fault_of_a_node_ends_the_simulation(loop: VirtualLoop) -> None:
    async def fail() -> None:
        raise LookupError("a bug")

    async def live() -> None:
        loop.spawn(Node("faulty"), fail())
        await asyncio.sleep(1)

    with pytest.raises(LookupError):
        loop.run_until_complete(live())
