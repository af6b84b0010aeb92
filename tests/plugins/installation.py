"""A whole installation as an operator runs it: started with `octonext up`, stopped, killed, frozen.

When it has stopped, nothing of it may be left.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg

from octonext.processes.os_process import alive, end, everyone, freeze, send, thaw, tree, wait_until_gone
from octonext.processes.supervisor.state import InstallationState, read_state
from octonext.runtime.layout import Layout
from octonext.runtime.postgres import connect

START_TIMEOUT_S = 180
STOP_TIMEOUT_S = 120
#: For a process that was killed, or that lost its supervisor, to be gone.
GONE_TIMEOUT_S = 60
#: For everything to run again: the longest pause before a restart, and the start itself.
RUNNING_TIMEOUT_S = 180
POLL_S = 0.02
SHARDS = ("kw-1", "sa-1")


def octonext(*arguments: str, timeout_s: float = 120) -> subprocess.CompletedProcess[str]:
    """Run one command of the command line to its end."""
    return subprocess.run(
        [sys.executable, "-m", "octonext.processes.cli", *arguments],
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )


@dataclass
class Installation:
    """An installation in `data_dir`, started with `octonext up` like anybody's."""

    data_dir: Path
    said: Path
    process: subprocess.Popen[bytes] | None = None
    secret: str = ""
    frozen: set[str] = field(default_factory=set)
    #: Words before the command, such as those that give it a disk of its own.
    prefix: tuple[str, ...] = ()

    @property
    def layout(self) -> Layout:
        return Layout(self.data_dir)

    @property
    def state(self) -> InstallationState:
        state = read_state(self.layout.state)
        assert state is not None
        return state

    @property
    def tills(self) -> Path:
        return self.data_dir / "tills"

    def pid(self, name: str) -> int:
        return next(each.pid or 0 for each in self.state.processes if each.name == name)

    def start(self) -> None:
        before = self.said.stat().st_size if self.said.exists() else 0
        with self.said.open("ab") as output:
            self.process = subprocess.Popen(
                [
                    *(*self.prefix, sys.executable, "-m", "octonext.processes.cli"),
                    *("up", "--data", str(self.data_dir)),
                ],
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        ends = time.monotonic() + START_TIMEOUT_S
        while b"running; " not in self.said.read_bytes()[before:]:
            assert self.process.poll() is None, self.said.read_text()
            assert time.monotonic() < ends, self.said.read_text()
            time.sleep(0.05)
        shown = re.search(r"on_[\w-]{20,}", self.said.read_text())
        assert shown is not None
        self.secret = shown[0]

    def stop(self) -> None:
        """The ordered stop. Fails when it takes too long or leaves a process behind."""
        if self.process is None:
            return
        for name in tuple(self.frozen):
            self.thaw(name)
        self.process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(STOP_TIMEOUT_S)
        self.require_nothing_left(0)

    def processes(self) -> dict[int, str]:
        """Every process of this installation by pid, with what it is, whoever its parent is now.

        Ours name the folder in their command or environment; PostgreSQL's have it as working directory.
        """
        found = {}
        mark = os.fsencode(self.data_dir)
        for each in everyone():
            proc = Path(f"/proc/{each.pid}")
            with contextlib.suppress(OSError):
                spoken = (proc / "cmdline").read_bytes() + b"\0" + (proc / "environ").read_bytes()
                stands_in = (proc / "cwd").readlink().is_relative_to(self.data_dir)
                if not each.finished and each.pid != os.getpid() and (mark in spoken or stands_in):
                    command = spoken.split(b"\0\0")[0].replace(b"\0", b" ").decode(errors="replace")
                    found[each.pid] = f"{each.pid} {each.state} {command[:120]}"
        return found

    def require_nothing_left(self, timeout_s: float = GONE_TIMEOUT_S) -> None:
        """Fail unless every process of this installation ends by itself in time; then none is left."""
        ends = time.monotonic() + timeout_s
        while (left := self.processes()) and time.monotonic() < ends:
            time.sleep(POLL_S)
        end(left, signal.SIGKILL, 5)
        assert not left, f"left behind: {sorted(left.values())}"

    def kill(self, name: str) -> None:
        """`kill -9` of the process itself; what it started must notice."""
        pid = self.pid(name)
        assert pid, f"{name} does not run"
        kill([pid])

    def kill_supervisor(self) -> None:
        """`kill -9` of the supervisor alone."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(STOP_TIMEOUT_S)

    def kill_everything(self) -> None:
        """What a power cut does to the processes: all at once, none gets to say goodbye."""
        assert self.process is not None
        kill(tree(self.process.pid))
        self.process.wait(STOP_TIMEOUT_S)

    @contextmanager
    def kept_down(self, name: str) -> Iterator[None]:
        """Kill a process, and kill it again whenever the supervisor brings it back."""
        over = threading.Event()

        def keep_killing() -> None:
            while not over.is_set():
                if pid := self.pid(name):
                    kill(tree(pid))
                over.wait(POLL_S)

        killing = threading.Thread(target=keep_killing, name=f"keep {name} down")
        killing.start()
        try:
            yield
        finally:
            over.set()
            killing.join()

    def freeze(self, name: str) -> None:
        self.frozen.add(name)
        freeze(self.pid(name))

    def thaw(self, name: str) -> None:
        thaw(self.pid(name))
        self.frozen.discard(name)

    def verify(self) -> None:
        checked = octonext("verify", "--data", str(self.data_dir), "--journals", str(self.tills))
        assert checked.returncode == 0, checked.stdout + checked.stderr

    async def wait_until_back(self, name: str, pid: int) -> None:
        """Until `name` answers; if its process `pid` was killed, as another one."""
        await wait_for(lambda: alive(pid) or self.pid(name) not in (0, pid), RUNNING_TIMEOUT_S)
        await self.wait_until_running(name)

    async def wait_until_running(self, *names: str) -> None:
        """Until the supervisor says of these processes (of all, without names) that they answer."""

        def all_run() -> bool:
            wanted = [each for each in self.state.processes if not names or each.name in names]
            return all(each.state == "running" for each in wanted)

        await wait_for(all_run, RUNNING_TIMEOUT_S)


def kill(pids: Sequence[int]) -> None:
    """`kill -9`, all of them before any of them is gone."""
    send(pids, signal.SIGKILL)
    assert not wait_until_gone(pids, GONE_TIMEOUT_S)


async def wait_for(condition: Callable[[], object], timeout_s: float = 120) -> None:
    """Wait until it is so. Raises TimeoutError."""
    async with asyncio.timeout(timeout_s):
        while not condition():
            await asyncio.sleep(POLL_S)


def make_installation(data_dir: Path, *, gateways: int = 1, at_rest: str = "none") -> Installation:
    """Configured, with shards in Kuwait and Saudi Arabia, and not started yet."""
    made = octonext(
        *("init", "--data", str(data_dir), "--name", "scenario", "--workers", str(gateways)),
        *("--shard", "kw-1:KW:KW", "--shard", "sa-1:SA:SA", "--at-rest", at_rest),
    )
    assert made.returncode == 0, made.stderr
    return Installation(data_dir, data_dir / "said.txt")


async def ask_shard(
    installation: Installation, shard_id: str, query: str, *arguments: object
) -> list[asyncpg.Record]:
    """Rows as the shard's own server tells them."""
    connection = await connect(installation.layout.dsn("shard", shard_id), application_name="octonext-test")
    try:
        return list(await connection.fetch(query, *arguments))
    finally:
        await connection.close()
