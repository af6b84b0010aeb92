"""Watches tills that must notice nothing while something is done to another till, shard or line."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

from octonext.till.fleet import Fleet, Pace, TillView

from .conftest import Installation, finish_day, wait_for

#: What each neighbour hands over while it is watched, at least.
ENTRIES_EACH = 3
PACE = Pace(per_s=4.0)
_EVERY_S = 0.05


def everyone(_view: TillView) -> bool:
    return True


@contextlib.asynccontextmanager
async def undisturbed(fleet: Fleet, chosen: Callable[[TillView], bool] = everyone) -> AsyncIterator[None]:
    """The chosen tills stay connected throughout the block, and each sells and is acknowledged on.

    They must be selling. After the block it is waited until each has handed over some more.
    """
    await wait_for(lambda: all(view.online for view in _chosen(fleet, chosen)))
    before = {view.device_id: view.acked for view in _chosen(fleet, chosen)}
    disturbed: set[str] = set()

    async def watch() -> None:
        while True:
            for view in _chosen(fleet, chosen):
                if not view.online or view.trouble:
                    disturbed.add(f"till {view.device_id} was {view.state}: {view.trouble}")
            await asyncio.sleep(_EVERY_S)

    watching = asyncio.create_task(watch())
    try:
        yield
        await wait_for(
            lambda: all(
                view.acked >= before[view.device_id] + ENTRIES_EACH for view in _chosen(fleet, chosen)
            )
        )
    finally:
        watching.cancel()
    assert not disturbed, disturbed


@contextlib.asynccontextmanager
async def selling(installation: Installation, fleet: Fleet) -> AsyncIterator[None]:
    """The fleet sells throughout the block; then its day ends, and every invariant is checked."""
    fleet.start_selling(PACE)
    yield
    await finish_day(fleet)
    await asyncio.to_thread(installation.verify)


@contextlib.asynccontextmanager
async def selling_undisturbed(installation: Installation, fleet: Fleet) -> AsyncIterator[None]:
    """The same for a block that no other till and no process may notice."""
    async with selling(installation, fleet):
        before = _lives(installation)
        async with undisturbed(fleet):
            yield
        assert _lives(installation) == before


def _lives(installation: Installation) -> dict[str, tuple[int | None, int]]:
    return {each.name: (each.pid, each.restarts) for each in installation.state.processes}


def _chosen(fleet: Fleet, chosen: Callable[[TillView], bool]) -> list[TillView]:
    return [view for view in fleet.counters().tills if chosen(view)]
