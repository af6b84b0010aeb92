"""Freezes a server as a hanging machine would: SIGSTOP to its processes, and SIGCONT whatever happens."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from octonext.processes.os_process import ProcessFacts, alive, facts, send, tree

GUARD_READY_S = 20.0
GUARD_GONE_S = 10.0
THAWED_AT_LATEST_S = 60.0
"""The guard's own deadline, should this process hang."""


@asynccontextmanager
async def frozen(pid: int | None) -> AsyncIterator[None]:
    """Freeze a process of ours and its descendants for the block; nothing when it is away just now."""
    if pid is None:
        yield
        return
    guard: Process | None = None
    stopped: list[ProcessFacts] = []
    try:
        # Told everything that could be frozen, before any of it is.
        guard = await _guard(_family(pid))
        stopped = _freeze(pid)
        yield
    finally:
        send([each.pid for each in stopped if alive(each.pid, each.start_ticks)], signal.SIGCONT)
        if guard is not None:
            await _dismiss(guard)


def _freeze(pid: int) -> list[ProcessFacts]:
    """The server first: what it started until then is all there can be."""
    stopped = [found for found in (facts(pid),) if found is not None]
    send([each.pid for each in stopped], signal.SIGSTOP)
    rest = [found for found in _family(pid) if found.pid != pid]
    send([each.pid for each in rest], signal.SIGSTOP)
    return [*rest, *stopped]


def _family(pid: int) -> list[ProcessFacts]:
    return [found for found in (facts(each) for each in tree(pid)) if found is not None]


async def _guard(family: list[ProcessFacts]) -> Process:
    guard = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "octonext.processes.thaw",
        str(THAWED_AT_LATEST_S),
        *(f"{each.pid}:{each.start_ticks}" for each in family),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        # Ctrl-C is for us to hear.
        start_new_session=True,
    )
    assert guard.stdout is not None
    try:
        async with asyncio.timeout(GUARD_READY_S):
            await guard.stdout.readline()
    except BaseException:
        await _dismiss(guard)
        raise
    return guard


async def _dismiss(guard: Process) -> None:
    if guard.stdin is not None:
        guard.stdin.close()
    try:
        await asyncio.wait_for(guard.wait(), GUARD_GONE_S)
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            guard.kill()
        await guard.wait()
