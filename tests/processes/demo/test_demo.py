"""The whole demo, as somebody runs it: it ends with proof, whatever is killed, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from octonext.processes.os_process import everyone, send, tree
from octonext.processes.supervisor.state import read_state
from octonext.runtime.layout import Layout

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("demo")]

START_S = 150.0
END_S = 240.0


class Run:
    """A running `octonext demo`, read line by line."""

    def __init__(self, process: Process, data: Path) -> None:
        self.process = process
        self.output = ""
        self._layout = Layout(data)

    async def reads(self, text: str, timeout_s: float = START_S) -> None:
        """Wait until a line with `text` was printed."""
        assert self.process.stdout is not None
        async with asyncio.timeout(timeout_s):
            while text not in self.output:
                line = (await self.process.stdout.readline()).decode()
                assert line, f"ended before {text!r}:\n{self.output}"
                self.output += line

    async def ends(self) -> int:
        """Its exit code, with all output read."""
        assert self.process.stdout is not None
        async with asyncio.timeout(END_S):
            self.output += (await self.process.stdout.read()).decode()
            return await self.process.wait()

    def kill(self, name: str) -> None:
        """`kill -9` of one of its processes."""
        state = read_state(self._layout.state)
        assert state is not None
        (pid,) = [each.pid for each in state.processes if each.name == name]
        assert pid is not None
        os.kill(pid, signal.SIGKILL)


@asynccontextmanager
async def demo(data: Path, *options: str) -> AsyncIterator[Run]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "octonext.processes.cli", "demo", "--data", str(data), *options,
        stdout=PIPE, stderr=STDOUT, start_new_session=True,
    )  # fmt: skip
    try:
        yield Run(process, data)
    finally:
        if process.returncode is None:
            send(tree(process.pid), signal.SIGKILL)
            await process.wait()


def left_behind(data: Path) -> list[str]:
    """Processes that work in the demo's folder or were started for it."""
    found = []
    for process in everyone():
        with suppress(OSError):
            words = Path(f"/proc/{process.pid}/cmdline").read_bytes().decode(errors="replace")
            folder = Path(f"/proc/{process.pid}/cwd").readlink()
            if str(data) in words or folder.is_relative_to(data):
                found.append(words.replace("\0", " "))
    return found


async def test_processes_that_are_killed_while_it_runs_change_no_figure(data_dir: Path) -> None:
    async with demo(data_dir, "--exit", "--duration", "16") as run:
        await run.reads("The shops are open")
        run.kill("gateway-0")
        await run.reads("gateway-0 is back")
        run.kill("reporting")
        run.kill("postgres-kw-1")
        await run.reads("postgres-kw-1 is back")
        run.kill("relay")
        code = await run.ends()
    assert code == 0, run.output
    for outcome in (
        "Shard sa-1 is frozen",
        "lost their network",
        "Every till's journal is with its shard",
        "Nothing is lost and nothing counted twice",
        "Proven:",
    ):
        assert outcome in run.output
    assert left_behind(data_dir) == []


async def test_ctrl_c_while_a_shard_is_frozen_ends_everything(data_dir: Path) -> None:
    async with demo(data_dir, "--duration", "12") as run:
        await run.reads("Shard sa-1 is frozen")
        os.kill(run.process.pid, signal.SIGINT)
        code = await run.ends()
    assert code == 128 + signal.SIGINT, run.output
    assert "Stopped before the reckoning" in run.output
    assert left_behind(data_dir) == []
