"""A real installation of PostgreSQL servers under its supervisor, and what is done to it."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from octonext.processes.init import write_configuration
from octonext.processes.os_process import alive, freeze, thaw, tree
from octonext.processes.supervisor.lock import AlreadyRunning, holder
from octonext.processes.supervisor.ports import PortUnavailable
from octonext.processes.supervisor.service import Supervisor
from octonext.processes.supervisor.state import InstallationState, read_state
from octonext.runtime.layout import Layout
from octonext.runtime.postgres import connect

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("supervisor")]
Eventually = Callable[..., Awaitable[None]]


@pytest.fixture
def layout(data_dir: Path) -> Layout:
    return databases_only(data_dir, "kw-1:KW:KW")


def databases_only(data_dir: Path, *shards: str) -> Layout:
    """An installation whose other processes run elsewhere, so that only PostgreSQL is started."""
    path = write_configuration(data_dir, name="test", at_rest="none", shards=list(shards), workers=0)
    elsewhere = 'address = "https://reports.example"\ntoken = { env = "REPORTING_TOKEN" }'
    text = path.read_text().replace('engine = "chdb"', elsewhere)
    path.write_text(text + "\n[relay]\nenabled = false\n")
    return Layout(data_dir)


@asynccontextmanager
async def supervised(layout: Layout) -> AsyncIterator[Supervisor]:
    supervisor = Supervisor(layout)
    try:
        await supervisor.start()
        yield supervisor
    finally:
        await supervisor.stop()


@asynccontextmanager
async def up(layout: Layout, eventually: Eventually) -> AsyncIterator[asyncio.subprocess.Process]:
    """`octonext up` as an operator runs it."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "octonext.processes.cli", "up", "--data", str(layout.data_dir),
        stdout=asyncio.subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        await eventually(lambda: process.returncode is not None or state(layout, process.pid) == "running")
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


def state(layout: Layout, pid: int) -> str:
    found = read_state(layout.state)
    return found.stage if found is not None and found.pid == pid else ""


def processes_of(layout: Layout) -> list[int]:
    found = read_state(layout.state)
    assert isinstance(found, InstallationState)
    return [pid for process in found.processes if process.pid for pid in tree(process.pid)]


async def write_and_read(layout: Layout, text: str) -> list[str]:
    connection = await connect(layout.dsn("shard", "kw-1", role="octonext"), application_name="test")
    try:
        await connection.execute("CREATE TABLE IF NOT EXISTS remembered (text text)")
        await connection.execute("INSERT INTO remembered VALUES ($1)", text)
        return [row["text"] for row in await connection.fetch("SELECT text FROM remembered ORDER BY text")]
    finally:
        await connection.close()


async def test_a_second_start_finds_everything_where_it_was(layout: Layout) -> None:
    async with supervised(layout):
        assert await write_and_read(layout, "first") == ["first"]
    async with supervised(Layout(layout.data_dir)):
        assert await write_and_read(layout, "second") == ["first", "second"]


async def test_no_process_is_left_after_a_stop(layout: Layout) -> None:
    async with supervised(layout):
        running = processes_of(layout)
        assert len(running) > 2
    assert not any(alive(pid) for pid in running)
    assert holder(layout.lock) is None


async def test_a_killed_server_is_started_again(layout: Layout, eventually: Eventually) -> None:
    async with supervised(layout) as supervisor:
        child = supervisor.children["postgres-kw-1"]
        before = child.pid
        os.kill(before or 0, signal.SIGKILL)
        await eventually(lambda: child.status.restarts == 1 and child.status.state == "running")
        assert child.pid != before
        assert await write_and_read(layout, "after") == ["after"]


async def test_a_frozen_server_is_reported_and_not_restarted(layout: Layout, eventually: Eventually) -> None:
    async with supervised(layout) as supervisor:
        child, other = (supervisor.children[name] for name in ("postgres-kw-1", "postgres-hq"))
        freeze(child.pid or 0)
        await eventually(lambda: child.status.state == "not answering")
        assert (child.status.restarts, child.status.detail) == (0, "frozen")
        assert other.status.state == "running"
        thaw(child.pid or 0)
        await eventually(lambda: child.status.state == "running")


async def test_a_frozen_server_is_stopped_cleanly(layout: Layout) -> None:
    async with supervised(layout) as supervisor:
        running = processes_of(layout)
        freeze(supervisor.children["postgres-kw-1"].pid or 0)
    assert not any(alive(pid) for pid in running)
    assert supervisor.children["postgres-kw-1"].status.detail == ""


async def test_a_second_supervisor_on_the_same_data_is_refused(layout: Layout) -> None:
    async with supervised(layout):
        with pytest.raises(AlreadyRunning, match="already runs"):
            async with supervised(Layout(layout.data_dir)):
                pass
        assert holder(layout.lock) == os.getpid()


async def test_installations_run_side_by_side(data_dir: Path) -> None:
    one, other = (databases_only(data_dir / name, "kw-1:KW:KW") for name in ("one", "other"))
    async with supervised(one), supervised(other):
        assert await write_and_read(one, "one") == ["one"]
        assert await write_and_read(other, "other") == ["other"]


async def test_nothing_is_left_when_the_supervisor_is_killed(layout: Layout, eventually: Eventually) -> None:
    async with up(layout, eventually) as process:
        running = processes_of(layout)
        process.kill()
        await eventually(lambda: not any(alive(pid) for pid in running))
    async with supervised(layout):
        assert await write_and_read(layout, "again") == ["again"]


async def test_a_start_after_everything_was_killed_works(layout: Layout, eventually: Eventually) -> None:
    async with up(layout, eventually) as process:
        assert await write_and_read(layout, "kept") == ["kept"]
        for pid in [process.pid, *processes_of(layout)]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    async with supervised(layout):
        assert await write_and_read(layout, "later") == ["kept", "later"]


async def test_a_frozen_orphan_of_a_killed_supervisor_is_ended_by_the_next_start(
    layout: Layout, eventually: Eventually
) -> None:
    async with up(layout, eventually) as process:
        running = processes_of(layout)
        for pid in running:
            os.kill(pid, signal.SIGSTOP)
        process.kill()
    async with supervised(layout):
        assert not any(alive(pid) for pid in running)
        assert await write_and_read(layout, "again") == ["again"]


@pytest.mark.parametrize("which", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_a_signal_stops_in_order(layout: Layout, eventually: Eventually, which: signal.Signals) -> None:
    async with up(layout, eventually) as process:
        running = processes_of(layout)
        process.send_signal(which)
        assert await asyncio.wait_for(process.wait(), 30) == 0
    assert not any(alive(pid) for pid in running)
    assert state(layout, process.pid) == "stopped"


async def test_a_signal_while_starting_stops_what_was_started(layout: Layout, eventually: Eventually) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "octonext.processes.cli", "up", "--data", str(layout.data_dir),
        stdout=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    await eventually(lambda: state(layout, process.pid) == "starting" and processes_of(layout))
    running = processes_of(layout)
    process.terminate()
    assert await asyncio.wait_for(process.wait(), 30) == 0
    assert not any(alive(pid) for pid in running)


async def test_a_busy_port_is_named_with_a_remedy(data_dir: Path) -> None:
    with socket.socket() as busy:
        busy.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        write_configuration(data_dir, name="test", at_rest="none", shards=["kw-1:KW:KW"], port=port)
        with pytest.raises(PortUnavailable, match=f"127.0.0.1:{port}: another program"):
            async with supervised(Layout(data_dir)):
                pass
