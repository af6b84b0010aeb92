"""Processes that start together: each prepares, says it is ready, waits for the word, works, and reports."""

from __future__ import annotations

import asyncio
import multiprocessing
import resource
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection as Pipe
from typing import Any, Generic, TypeVar

import uvloop

from octonext.processes.os_process import die_with_parent

Result = TypeVar("Result")
#: What a job awaits between preparing and working.
Gate = Callable[[], Awaitable[None]]
Job = Callable[[Gate], Awaitable[Result]]

JOIN_TIMEOUT_S = 30.0


class CrewFailed(RuntimeError):
    """A process of the crew ended with a fault."""


@dataclass(frozen=True, slots=True)
class Report(Generic[Result]):
    """What one process has done, from the word to its end: result, wall seconds and CPU seconds."""

    result: Result
    seconds: float
    cpu_s: float


def together(jobs: Sequence[Job[Result]], at_start: Callable[[], None] | None = None) -> list[Report[Result]]:
    """Run each job in a process of its own; all of them begin at the same moment.

    What a job needs is handed over by fork, so it may be large. Raises CrewFailed.
    """
    context = multiprocessing.get_context("fork")
    pipes, processes = [], []
    try:
        for job in jobs:
            ours, theirs = context.Pipe()
            process = context.Process(target=_alone, args=(job, theirs, die_with_parent()), daemon=True)
            process.start()
            theirs.close()
            pipes.append(ours)
            processes.append(process)
        for pipe in pipes:
            _hear(pipe)
        if at_start is not None:
            at_start()
        for pipe in pipes:
            pipe.send(None)
        return [_hear(pipe) for pipe in pipes]
    finally:
        for process in processes:
            process.join(0 if any(each.is_alive() for each in processes) else JOIN_TIMEOUT_S)
            if process.is_alive():
                process.terminate()
                process.join(JOIN_TIMEOUT_S)


def _hear(pipe: Pipe) -> Any:
    try:
        fault, content = pipe.recv()
    except EOFError:
        raise CrewFailed("a process of the crew ended without a word") from None
    if fault:
        raise CrewFailed(fault)
    return content


def _alone(job: Job[Any], pipe: Pipe, bind: Callable[[], None]) -> None:
    bind()
    try:
        pipe.send(("", uvloop.run(_work(job, pipe))))
    except KeyboardInterrupt:
        pass
    except BaseException as error:  # noqa: BLE001 - told to the parent, which raises it
        pipe.send((f"{type(error).__name__}: {error}", None))


async def _work(job: Job[Any], pipe: Pipe) -> Report[Any]:
    began = cpu = 0.0

    async def gate() -> None:
        nonlocal began, cpu
        pipe.send(("", None))
        await asyncio.to_thread(pipe.recv)
        began, cpu = time.monotonic(), _cpu_s()

    result = await job(gate)
    return Report(result, time.monotonic() - began, _cpu_s() - cpu)


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
