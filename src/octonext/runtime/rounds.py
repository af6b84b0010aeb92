"""Work that is done again and again against a database that may hang: cut off in time, ended at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from typing import TypeVar

from octonext.base.errors import OctoNextError

ABORT_TIMEOUT_S = 1.0
"""How long work may take to end once its connections are cut."""

T = TypeVar("T")


class HangingPeer(OctoNextError):
    """The other side did not answer in time."""

    code = "hanging_peer"


async def within(seconds: float, work: Awaitable[T], abort: Callable[[], None]) -> T:
    """Await `work`, or cut its connections after `seconds`. Raises HangingPeer.

    A plain timeout is not enough: cancelling a command makes the driver ask the server to cancel it
    and wait for the answer, which a frozen server never gives. Cutting the transport ends that too.
    """
    task = asyncio.ensure_future(work)
    try:
        done, _ = await asyncio.wait({task}, timeout=seconds)
    except asyncio.CancelledError:
        abort()
        task.cancel()
        raise
    if not done:
        abort()
        task.cancel()
        await asyncio.wait({task}, timeout=ABORT_TIMEOUT_S)
        raise HangingPeer(f"no answer within {seconds:g} s")
    return task.result()


async def rest(seconds: float, stop: asyncio.Event) -> None:
    """Wait until `seconds` are over or `stop` is set; with more to do at once, still let others run."""
    if seconds <= 0:
        await asyncio.sleep(0)
        return
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return


async def end_within(seconds: float, tasks: Collection[asyncio.Task[None]]) -> None:
    """Wait for tasks that were told to stop; those that are not through after `seconds` are cancelled."""
    _, late = await asyncio.wait(tasks, timeout=seconds)
    for task in late:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
