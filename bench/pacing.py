"""Tills that sell at a fixed rate, in a process of their own: an open loop, as customers are.

Latency counts from when a sale was due, not from when it could be sent: a till that had to wait is not
left out of the figures. Times are seconds of the machine's monotonic clock, which processes share.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import NamedTuple

import uvloop

from octonext.crypto.tls import client_context
from octonext.processes.os_process import die_with_parent
from octonext.sync.messages import Ack, encode

from .conversation import Conversation, Refused, greet
from .load import PreparedTill

RETRY_MS = 200
#: Between the last till's welcome and the first sale, so that connecting is not measured.
SETTLE_S = 0.5
END_TIMEOUT_S = 30.0
LOOK_S = 0.02


class Sold(NamedTuple):
    """A sale: when it was due, and how many seconds later its ack was there."""

    due: float
    latency_s: float


@dataclass(frozen=True, slots=True)
class Plan:
    """Tills, each with its pushes as frames, and how many sales they make together each second."""

    url: str
    ca: Path
    tills: Sequence[tuple[PreparedTill, Sequence[str]]]
    per_s: float


class Sellers:
    """Sells by a plan in another process from `start` to `stop`."""

    def __init__(self, plan: Plan) -> None:
        # fork: keys and frames are there already, and nothing else of ours runs in this process yet.
        context = multiprocessing.get_context("fork")
        self._ours, theirs = context.Pipe()
        self._process = context.Process(
            target=_sell_alone, args=(plan, theirs, die_with_parent()), daemon=True
        )

    def start(self) -> None:
        """Connect every till; on return they sell. Raises Refused."""
        self._process.start()
        self._expect("selling")

    def stop(self) -> list[Sold]:
        """What was sold, in the order of its acks. Raises Refused when selling failed."""
        self._ours.send("stop")
        sold: list[Sold] = self._expect("sold")
        self._process.join(END_TIMEOUT_S)
        return sold

    def kill(self) -> None:
        """End at once; for whoever did not get to `stop`."""
        if self._process.is_alive():
            self._process.kill()
            self._process.join()

    def _expect(self, word: str) -> list[Sold]:
        try:
            said, content = self._ours.recv()
        except EOFError:
            raise Refused("the selling process ended") from None
        if said != word:
            raise Refused(str(content))
        return list(content)


def prepare(till: PreparedTill, pushes: int, entries: int) -> list[str]:
    """Frames of `pushes` pushes with so many entries each."""
    return [encode(each.push).decode() for each in till.pushes(pushes, entries)]


def _sell_alone(plan: Plan, pipe: Pipe, bind: Callable[[], None]) -> None:
    bind()
    try:
        uvloop.run(_sell(plan, pipe))
    except (Refused, OSError) as error:
        pipe.send(("failed", str(error)))
    except KeyboardInterrupt:
        pass


async def _sell(plan: Plan, pipe: Pipe) -> None:
    context = client_context(plan.ca)
    lines = [await greet(plan.url, context, till) for till, _ in plan.tills]
    pipe.send(("selling", ()))
    sold: list[Sold] = []
    every_s = len(lines) / plan.per_s
    begins = time.monotonic() + SETTLE_S
    everyone = asyncio.gather(
        *(
            # Spread evenly, so that the rate is the rate at every moment.
            _sell_one(line, frames, begins + number * every_s / len(lines), every_s, sold.append)
            for number, (line, (_, frames)) in enumerate(zip(lines, plan.tills, strict=True))
        )
    )
    # A thread that waits for the pipe could not be left behind; a look now and then can.
    while not everyone.done() and not pipe.poll():
        await asyncio.sleep(LOOK_S)
    if everyone.done():
        everyone.result()
        raise Refused("the tills have sold all that was prepared")
    everyone.cancel()
    await asyncio.gather(everyone, return_exceptions=True)
    pipe.send(("sold", sold))
    for line in lines:
        await line.close()


async def _sell_one(
    line: Conversation, frames: Sequence[str], due: float, every_s: float, note: Callable[[Sold], None]
) -> None:
    for frame in frames:
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        while not isinstance(answer := await line.push(frame), Ack):
            await asyncio.sleep((answer.retry_after_ms or RETRY_MS) / 1000)
        note(Sold(due, time.monotonic() - due))
        due += every_s
