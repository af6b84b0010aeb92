"""Tills that hand over a backlog as fast as it is taken, in a process of their own."""

from __future__ import annotations

import asyncio
import multiprocessing
import time
from collections.abc import Callable, Iterable, Sequence
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import NamedTuple

import uvloop

from octonext.crypto.tls import client_context
from octonext.processes.os_process import die_with_parent
from octonext.sync.messages import Ack

from .conversation import Conversation, Refused, greet
from .load import PreparedTill

RETRY_MS = 200
END_TIMEOUT_S = 30.0
LOOK_S = 0.02

Backlog = Sequence[tuple[PreparedTill, Sequence[str]]]


class Flow(NamedTuple):
    """So many entries were acked in so many seconds."""

    sales: int
    seconds: float


class Flood:
    """A backlog for each till: connected first, let loose by `begin`, over with `end`."""

    def __init__(self, url: str, ca: Path, backlog: Backlog) -> None:
        context = multiprocessing.get_context("fork")
        self._ours, theirs = context.Pipe()
        self._process = context.Process(
            target=_push_alone, args=(url, ca, backlog, theirs, die_with_parent()), daemon=True
        )

    def connect(self) -> None:
        """On return every till is welcome. Raises Refused."""
        self._process.start()
        self._expect("connected")

    def begin(self) -> None:
        """Let them push."""
        self._ours.send("push")

    def end(self, after_s: float) -> Flow:
        """What was acked in `after_s` seconds, or until everything was. Raises Refused."""
        ends = time.monotonic() + after_s
        while not self._ours.poll(max(0.0, min(0.5, ends - time.monotonic()))):
            if time.monotonic() >= ends:
                self._ours.send("end")
                break
        sales, seconds = self._expect("pushed")
        self._process.join(END_TIMEOUT_S)
        return Flow(sales, seconds)

    def kill(self) -> None:
        """End at once; for whoever did not get to `end`."""
        if self._process.is_alive():
            self._process.kill()
            self._process.join()

    def _expect(self, word: str) -> tuple[int, float]:
        try:
            said, content = self._ours.recv()
        except EOFError:
            raise Refused("the pushing process ended") from None
        if said != word:
            raise Refused(str(content))
        sales, seconds = content
        return sales, seconds


def _push_alone(url: str, ca: Path, backlog: Backlog, pipe: Pipe, bind: Callable[[], None]) -> None:
    bind()
    try:
        uvloop.run(_push_all(url, ca, backlog, pipe))
    except (Refused, OSError) as error:
        pipe.send(("failed", str(error)))
    except KeyboardInterrupt:
        pass


async def _push_all(url: str, ca: Path, backlog: Backlog, pipe: Pipe) -> None:
    context = client_context(ca)
    lines = [await greet(url, context, till) for till, _ in backlog]
    pipe.send(("connected", (0, 0.0)))
    await asyncio.to_thread(pipe.recv)
    acked: list[int] = []
    began = time.monotonic()
    everyone = asyncio.gather(
        *(_push(line, frames, acked.append) for line, (_, frames) in zip(lines, backlog, strict=True))
    )
    # A thread that waits for the pipe could not be left behind; a look now and then can.
    while not everyone.done() and not pipe.poll():
        await asyncio.sleep(LOOK_S)
    seconds = time.monotonic() - began
    if everyone.done():
        everyone.result()
    everyone.cancel()
    await asyncio.gather(everyone, return_exceptions=True)
    pipe.send(("pushed", (sum(acked), seconds)))


async def _push(line: Conversation, frames: Iterable[str], note: Callable[[int], None]) -> None:
    for frame in frames:
        while not isinstance(answer := await line.push(frame), Ack):
            await asyncio.sleep((answer.retry_after_ms or RETRY_MS) / 1000)
        note(len(answer.outcomes))
