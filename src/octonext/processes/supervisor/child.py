"""One supervised process: started, watched, started again with growing pauses, and ended for good."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from asyncio.subprocess import Process
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import structlog

from octonext.base.errors import OctoNextError
from octonext.processes.os_process import end, facts, marked, send, tree

from .state import ProcessState, ProcessStatus

RESTART_FIRST_S = 0.5
RESTART_FACTOR = 2.0
RESTART_MAX_S = 30.0
STABLE_AFTER_S = 60.0
"""A process that ran this long starts again with the first, short pause."""
HEALTH_INTERVAL_S = 2.0
STARTING_POLL_S = 0.1
MISSES_MAX = 2
"""So many unanswered checks in a row make a process `not answering`; it is never restarted for that:
a frozen disk heals by itself, and a restart would throw away what it still holds."""
KILL_TIMEOUT_S = 5.0
REASON_BYTES_MAX = 4096
ERRORS_MODE = 0o600
MARK = "OCTONEXT_SUPERVISED"
LOST = "what it stands on went away"
HELD = "stopped by request"
HELD_POLL_S = 0.2

log = structlog.get_logger(__name__)


class ChildFailed(OctoNextError):
    """A process ended, or did not become ready, while the installation was starting."""

    code = "process_failed"


@dataclass(frozen=True)
class ChildSpec:
    """How to run one process.

    `prepare` runs in a thread before every start and `clean` after every end; `answers` is the health
    check and must keep a deadline of its own. `lost` returns when what the process stands on (its
    volume) went away: then it is killed, for it could not even end, and started again. While `held` is
    true it is not run.
    """

    name: str
    kind: str
    command: Sequence[str]
    answers: Callable[[], Awaitable[bool]]
    errors: Path
    popen: Mapping[str, Any] = field(default_factory=dict)
    prepare: Callable[[], None] = lambda: None
    clean: Callable[[], None] = lambda: None
    lost: Callable[[], Awaitable[None]] | None = None
    held: Callable[[], bool] = lambda: False
    stop_signal: signal.Signals = signal.SIGTERM
    stop_timeout_s: float = 15.0
    start_timeout_s: float = 60.0
    address: str | None = None


class Child:
    """Keeps the process of `spec` running from `start()` until `stop()`."""

    def __init__(self, spec: ChildSpec, mark: str, changed: Callable[[], None]) -> None:
        """`mark` names the installation; `changed` is called whenever `status` is another."""
        self.spec = spec
        self.status = ProcessStatus(name=spec.name, kind=spec.kind, address=spec.address)
        self._mark = f"{mark}#{spec.name}"
        self._changed = changed
        self._process: Process | None = None
        self._task: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()
        self._hurry = asyncio.Event()
        self._ready = asyncio.Event()

    @property
    def pid(self) -> int | None:
        return self.status.pid

    async def start(self) -> None:
        """Start it and wait until it answers. Raises ChildFailed when it ends first or takes too long."""
        self._task = asyncio.create_task(self._keep_running(), name=f"keep {self.spec.name}")
        ready = asyncio.create_task(self._ready.wait())
        await asyncio.wait(
            (ready, self._task),
            timeout=self.spec.start_timeout_s,
            return_when=asyncio.FIRST_COMPLETED,
        )
        ready.cancel()
        if self._ready.is_set():
            return
        if self._task.done() and (error := self._task.exception()) is not None:
            raise error
        reason = self.status.detail or f"no answer within {self.spec.start_timeout_s:g} s"
        raise ChildFailed(f"{self.spec.name} did not start: {reason}.", remedy=self._where())

    async def stop(self) -> None:
        """End it: asked first, killed after its deadline. Afterwards nothing of it runs."""
        self._stopping.set()
        if self._task is not None:
            with contextlib.suppress(OctoNextError):
                await self._task
        self._set("stopped")

    def hurry(self) -> None:
        """The operator asked twice: do not wait for the deadline."""
        self._hurry.set()

    async def _keep_running(self) -> None:
        pause_s = RESTART_FIRST_S
        while not self._stopping.is_set():
            if self.spec.held():
                await self._wait_while_held()
                continue
            began = time.monotonic()
            try:
                code = await self._run_once()
            except Exception as error:
                if not self._ready.is_set():
                    raise
                # Whatever it is (a full disk, a moved program), the next try may find it gone.
                log.exception("child_not_started", child=self.spec.name)
                code, self.status.detail = None, str(error)
            if self._stopping.is_set():
                break
            if self.spec.held():
                pause_s = RESTART_FIRST_S
                continue
            if not self._ready.is_set():
                return  # the first start failed: `start` reports it, nobody wants a loop of failures
            if time.monotonic() - began > STABLE_AFTER_S:
                pause_s = RESTART_FIRST_S
            log.warning(
                "child_ended", child=self.spec.name, exit_code=code, pause_s=pause_s, why=self.status.detail
            )
            self._set("backing off", detail=f"{self.status.detail}; again in {pause_s:g} s")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause_s)
            pause_s = min(pause_s * RESTART_FACTOR, RESTART_MAX_S)
            self.status.restarts += 1

    async def _wait_while_held(self) -> None:
        self._set("stopped", HELD)
        # The others start without it.
        self._ready.set()
        while self.spec.held() and not self._stopping.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), HELD_POLL_S)

    async def _until_held(self) -> None:
        while not self.spec.held():
            await asyncio.sleep(HELD_POLL_S)

    async def _run_once(self) -> int | None:
        """One life of the process; its exit code."""
        self._set("starting")
        try:
            await asyncio.to_thread(self.spec.prepare)
            if self._stopping.is_set():
                return None
            code, reason = await self._live(await self._spawn())
        finally:
            # Also of a start that failed: what it stands on must not stay behind.
            await asyncio.to_thread(self._clean)
            self._process = None
        self.status.detail = reason
        self.status.pid = None
        return code

    async def _live(self, process: Process) -> tuple[int, str]:
        """From its first breath to its end: the exit code, and why it ended."""
        ended = asyncio.create_task(process.wait())
        health = asyncio.create_task(self._watch_health())
        stopping = asyncio.create_task(self._stopping.wait())
        lost = asyncio.create_task(_ever(self.spec.lost))
        held = asyncio.create_task(self._until_held())
        try:
            await asyncio.wait((ended, stopping, lost, held), return_when=asyncio.FIRST_COMPLETED)
            if not ended.done():
                health.cancel()
                if lost.done():
                    send(tree(process.pid), signal.SIGKILL)
                else:
                    await self._end(process, ended)
            code = await ended
        finally:
            tasks = (health, stopping, lost, held)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        # A volume and its database may end in the same moment, and the volume is the reason.
        return code, LOST if lost.done() and not lost.cancelled() else self._reason(code)

    async def _spawn(self) -> Process:
        popen = dict(self.spec.popen)
        environment = dict(popen.pop("env", os.environ))
        environment[MARK] = self._mark
        with self._open_errors() as errors:
            try:
                process = await asyncio.create_subprocess_exec(
                    *self.spec.command,
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=errors,
                    stderr=errors,
                    env=environment,
                    **popen,
                )
            except OSError as error:
                raise ChildFailed(f"{self.spec.name} cannot be started: {error}.") from None
        self._process = process
        self.status.pid = process.pid
        self._set("starting")
        return process

    def _open_errors(self) -> BinaryIO:
        # Created closed, not closed afterwards: its first line may already quote what nobody should read.
        handle = os.open(self.spec.errors, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, ERRORS_MODE)
        os.fchmod(handle, ERRORS_MODE)
        return os.fdopen(handle, "wb")

    async def _watch_health(self) -> None:
        misses = 0
        while True:
            answered = await self._answers()
            misses = 0 if answered else misses + 1
            if answered:
                if self.status.state != "running":
                    self._set("running")
                self._ready.set()
            elif self.status.state != "starting" and misses >= MISSES_MAX:
                found = facts(self.pid) if self.pid is not None else None
                self._set("not answering", "frozen" if found is not None and found.frozen else "")
            await asyncio.sleep(STARTING_POLL_S if self.status.state == "starting" else HEALTH_INTERVAL_S)

    async def _answers(self) -> bool:
        try:
            return await self.spec.answers()
        except Exception as error:  # noqa: BLE001 -- a broken check must not end the watching
            log.warning("health_check_failed", child=self.spec.name, reason=type(error).__name__)
            return False

    async def _end(self, process: Process, ended: asyncio.Task[int]) -> None:
        self._set("stopping")
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(self.spec.stop_signal)
        # A frozen process hears nothing until it is thawed, nor do the workers it would stop.
        send(tree(process.pid), signal.SIGCONT)
        hurry = asyncio.create_task(self._hurry.wait())
        await asyncio.wait(
            (ended, hurry), timeout=self.spec.stop_timeout_s, return_when=asyncio.FIRST_COMPLETED
        )
        hurry.cancel()
        if not ended.done():
            log.error("child_killed", child=self.spec.name, after_s=self.spec.stop_timeout_s)
            send(tree(process.pid), signal.SIGKILL)
            await ended

    def _clean(self) -> None:
        end(marked(MARK, self._mark), signal.SIGKILL, KILL_TIMEOUT_S)
        self.spec.clean()

    def _reason(self, code: int | None) -> str:
        if code is not None and code < 0:
            return f"killed by {signal.Signals(-code).name}"
        with contextlib.suppress(OSError, IndexError):
            tail = self.spec.errors.read_bytes()[-REASON_BYTES_MAX:].decode(errors="replace")
            return f"{tail.strip().splitlines()[-1]} (exit code {code})"
        return f"exit code {code}"

    def _where(self) -> str:
        return f"See {self.spec.errors.parent}."

    def _set(self, state: ProcessState, detail: str = "") -> None:
        self.status.state = state
        self.status.since = time.time()
        self.status.detail = detail
        self._changed()


async def _ever(lost: Callable[[], Awaitable[None]] | None) -> None:
    await (lost() if lost is not None else asyncio.Event().wait())
