"""Who is frozen always wakes again: after the block, and also when the one who froze it is killed."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import pytest_asyncio

from octonext.processes.demo.frost import frozen
from octonext.processes.os_process import facts, send, tree

Eventually = Callable[..., Awaitable[None]]
FAMILY = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(600)'])"
FREEZER = """
import asyncio, sys
from octonext.processes.demo.frost import frozen

async def main():
    async with frozen(int(sys.argv[1])):
        print("frozen", flush=True)
        await asyncio.sleep(600)

asyncio.run(main())
"""


@pytest_asyncio.fixture
async def family(eventually: Eventually) -> AsyncIterator[int]:
    """A process that has a child of its own."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", FAMILY, start_new_session=True)
    await eventually(lambda: len(tree(process.pid)) == 2)
    yield process.pid
    send(tree(process.pid), signal.SIGKILL)
    await process.wait()


def states(pid: int) -> list[bool]:
    return [found.frozen for each in tree(pid) if (found := facts(each)) is not None]


async def test_a_server_and_its_workers_stand_still_for_the_block_only(
    family: int, eventually: Eventually
) -> None:
    async with frozen(family):
        await eventually(lambda: states(family) == [True, True])
    await eventually(lambda: states(family) == [False, False])


async def test_they_wake_when_the_block_fails(family: int, eventually: Eventually) -> None:
    with pytest.raises(RuntimeError):
        async with frozen(family):
            raise RuntimeError
    await eventually(lambda: states(family) == [False, False])


async def test_they_wake_when_the_one_who_froze_them_is_killed(family: int, eventually: Eventually) -> None:
    freezer = await asyncio.create_subprocess_exec(
        sys.executable, "-c", FREEZER, str(family), stdout=asyncio.subprocess.PIPE
    )
    assert freezer.stdout is not None
    assert (await freezer.stdout.readline()).strip() == b"frozen"
    assert states(family) == [True, True]
    freezer.kill()
    await freezer.wait()
    await eventually(lambda: states(family) == [False, False])


async def test_a_server_that_is_away_is_nothing_to_freeze() -> None:
    async with frozen(None):
        pass
