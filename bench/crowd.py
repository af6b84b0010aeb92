"""Connections that are only there: a process that keeps as many open as it is told to."""

from __future__ import annotations

import asyncio
import multiprocessing
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from multiprocessing.connection import Connection as Pipe
from typing import Protocol

import uvloop

from octonext.processes import os_process

from .conversation import Refused
from .harness import LeftOut

AT_ONCE = 200
"""Connections being made at a time; the rest wait in the client, as tills do that were told to spread out."""
#: Files of either side beside the sockets.
FILES_BESIDE = 300


class Present(Protocol):
    """A connection that was made."""

    async def keep(self) -> None:
        """Stay until the other side hangs up. Raises Refused then."""

    async def close(self) -> None:
        """Hang up without waiting for the other side."""


Connect = Callable[[int], Awaitable[Present]]
"""Makes the connection of that number, from 0. Raises Refused, OSError."""


class Crowd:
    """Keeps connections open in another process."""

    def __init__(self, connect: Connect) -> None:
        context = multiprocessing.get_context("fork")
        self._ours, theirs = context.Pipe()
        self._process = context.Process(
            target=_stand_by, args=(connect, theirs, os_process.die_with_parent()), daemon=True
        )
        self._process.start()

    def become(self, size: int) -> float:
        """Seconds until so many were connected, and none of them hung up on. Raises Refused."""
        self._ours.send(size)
        try:
            failure, seconds = self._ours.recv()
        except EOFError:
            raise Refused("the process of the connections ended") from None
        if failure:
            raise Refused(failure)
        return float(seconds)

    def kill(self) -> None:
        """Vanish at once."""
        if self._process.is_alive():
            self._process.kill()
            self._process.join()


def allow_files(connections: int) -> None:
    """Let this process open enough files. Raises LeftOut."""
    needed = connections + FILES_BESIDE
    permitted = os_process.allow_files(needed)
    if permitted < needed:
        raise LeftOut(f"It needs {needed:,} open files and this system permits {permitted:,} (ulimit -Hn).")


def _stand_by(connect: Connect, pipe: Pipe, bind: Callable[[], None]) -> None:
    bind()
    with suppress(KeyboardInterrupt, EOFError):
        uvloop.run(_keep(connect, pipe))


async def _keep(connect: Connect, pipe: Pipe) -> None:
    present: list[Present] = []
    keeping: list[asyncio.Task[None]] = []
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(number: int) -> Present:
        async with gate:
            return await connect(number)

    while True:
        size: int = await asyncio.to_thread(pipe.recv)
        began = time.monotonic()
        try:
            if size < len(present):
                for task in keeping:
                    task.cancel()
                await asyncio.gather(*(each.close() for each in present), *keeping, return_exceptions=True)
                present, keeping = [], []
            came = await asyncio.gather(*(one(number) for number in range(len(present), size)))
            present += came
            keeping += [asyncio.ensure_future(each.keep()) for each in came]
            gone = sum(task.done() for task in keeping)
            pipe.send((f"{gone} of them were hung up on" if gone else "", time.monotonic() - began))
        except (Refused, OSError) as error:
            pipe.send((str(error) or type(error).__name__, 0.0))
