"""A whole installation as an operator runs it, and tills that sell on it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from octonext.crypto.tls import client_context
from octonext.processes.os_process import end, freeze, thaw, tree
from octonext.processes.sample.seed import seed_demo
from octonext.processes.supervisor.state import InstallationState, read_state
from octonext.runtime.layout import Layout
from octonext.till.fleet import Fleet

START_TIMEOUT_S = 120
STOP_TIMEOUT_S = 60


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
                [sys.executable, "-m", "octonext.processes.cli", "up", "--data", str(self.data_dir)],
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        ends = time.monotonic() + START_TIMEOUT_S
        while "running; " not in self.said.read_text()[before:]:
            assert self.process.poll() is None, self.said.read_text()
            assert time.monotonic() < ends, self.said.read_text()
            time.sleep(0.05)
        shown = re.search(r"on_[\w-]{20,}", self.said.read_text())
        assert shown is not None
        self.secret = shown[0]

    def stop(self) -> None:
        if self.process is None:
            return
        for name in tuple(self.frozen):
            self.thaw(name)
        self.process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(STOP_TIMEOUT_S)
        end(tree(self.process.pid), signal.SIGKILL, 5)

    def kill(self, name: str) -> None:
        os.kill(self.pid(name), signal.SIGKILL)

    def kill_everything(self) -> None:
        """What a power cut does to the processes: all at once, none gets to say goodbye."""
        assert self.process is not None
        for pid in tree(self.process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait(STOP_TIMEOUT_S)

    def freeze(self, name: str) -> None:
        self.frozen.add(name)
        freeze(self.pid(name))

    def thaw(self, name: str) -> None:
        thaw(self.pid(name))
        self.frozen.discard(name)

    def verify(self) -> None:
        checked = octonext("verify", "--data", str(self.data_dir), "--journals", str(self.tills))
        assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.fixture
def installation(data_dir: Path) -> Iterator[Installation]:
    """Running, with shards in Kuwait and Saudi Arabia."""
    made = octonext(
        "init",
        "--data",
        str(data_dir),
        "--name",
        "scenario",
        "--shard",
        "kw-1:KW:KW",
        "--shard",
        "sa-1:SA:SA",
    )
    assert made.returncode == 0, made.stderr
    installation = Installation(data_dir, data_dir / "said.txt")
    try:
        installation.start()
        yield installation
    finally:
        installation.stop()


@pytest_asyncio.fixture
async def fleet(installation: Installation) -> AsyncIterator[Fleet]:
    """Six tills of six branches in two countries, with their shifts open and goods on the shelf."""
    layout = installation.layout
    url = installation.state.gateways[0]
    async with httpx.AsyncClient(
        base_url=url,
        headers={"Authorization": f"Bearer {installation.secret}"},
        verify=client_context(layout.root_certificate),
        timeout=30,
    ) as client:
        seeded = await seed_demo(client, products=40, tills_per_branch=1)
    codes = [till.enrolment_code for till in seeded.tills]
    await Fleet.enrol(installation.tills, codes, url=url, ca=layout.root_certificate)
    async with Fleet.running(
        installation.tills, urls=installation.state.gateways, ca=layout.root_certificate, seed=7
    ) as fleet:
        await fleet.ready(60)
        await fleet.open_shifts()
        await fleet.stock_up(100_000)
        yield fleet


async def finish_day(fleet: Fleet, timeout_s: float = 90) -> None:
    """No more customers, shifts closed, everything handed over."""
    await fleet.stop_selling()
    await fleet.close_shifts()
    assert await fleet.drain(timeout_s), fleet.counters()
    assert fleet.counters().stopped == 0


async def sell_more(fleet: Fleet, sales: int, timeout_s: float = 60) -> None:
    """Wait until `sales` more were sold, and as many more acknowledged."""
    before = fleet.counters()
    async with asyncio.timeout(timeout_s):
        while fleet.counters().sales < before.sales + sales:
            await asyncio.sleep(0.02)
