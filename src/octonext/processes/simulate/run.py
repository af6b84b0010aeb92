"""Runs one seed from beginning to end and says what came of it."""

from __future__ import annotations

import gc
import traceback
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

import structlog

from .history import Violation
from .loop import Deadlock, RunsInCircles
from .mutations import applied
from .plan import Plan
from .world import World

#: A world of so many simulated seconds is not small any more.
_LONG_S = 1_000.0


@dataclass(frozen=True, slots=True)
class Result:
    """What a seed came to. `violation` is None when every invariant held."""

    seed: int
    digest: str
    events: int
    simulated_s: float
    violation: Violation | None
    last: tuple[str, ...] = ()
    counts: dict[str, int] = field(default_factory=dict)


def simulate(plan: Plan, log: TextIO | None = None) -> Result:
    """Live through one world; `log` takes a line for each event."""
    with applied(plan), _silence(), _few_collections(plan):
        world = World(plan, log)
        violation: Violation | None = None
        try:
            world.run()
        except Violation as found:
            violation = found
        except (Deadlock, RunsInCircles) as found:
            violation = Violation("11 nothing stands still", str(found), world.loop.time())
        except Exception as fault:  # noqa: BLE001 - in a real process it would have ended that
            violation = Violation("no process ends by itself", _where(fault), world.loop.time())
        history = world.history
        return Result(
            seed=plan.seed,
            digest=history.digest,
            events=history.count,
            simulated_s=world.loop.time(),
            violation=violation,
            last=tuple(history.last) if violation else (),
            counts=world.oracle.counts
            | {f"fault: {what}": n for what, n in world.network.counts.items() if n},
        )


def _where(fault: BaseException) -> str:
    """What was raised, and from which lines of ours."""
    frames = traceback.extract_tb(fault.__traceback__)[-4:]
    places = " < ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in reversed(frames))
    return f"{type(fault).__name__}: {fault} ({places})"


@contextmanager
def _silence() -> Iterator[None]:
    """The real code's logs tell the wall clock's time and nothing that the history does not."""
    before = structlog.get_config()
    structlog.configure(processors=[_drop])
    try:
        yield
    finally:
        structlog.configure(**before)


@contextmanager
def _few_collections(plan: Plan) -> Iterator[None]:
    """A small world leaves one large cycle behind; looking for it while it lives is for nothing."""
    pausing = gc.isenabled() and plan.busy_s < _LONG_S
    if pausing:
        gc.disable()
    try:
        yield
    finally:
        if pausing:
            gc.enable()


def _drop(_logger: object, _method: str, _event: MutableMapping[str, object]) -> str:
    raise structlog.DropEvent
