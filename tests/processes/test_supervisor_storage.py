"""The supervisor mounts, proves, refuses, and brings a database back whose volume was taken from under it."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import asyncpg
import pytest

from live_files import holding
from octonext.crypto.at_rest import Protection, StorageUnprotected
from octonext.crypto.at_rest.mounts import mounts
from octonext.crypto.volume import PlainFilesThere, unmount_below, why_unusable
from octonext.crypto.volume.process import holders, keepers
from octonext.processes.init import write_configuration
from octonext.processes.os_process import alive, send, tree
from octonext.processes.status.collect import collect
from octonext.processes.supervisor.service import Supervisor
from octonext.processes.supervisor.state import read_state
from octonext.processes.supervisor.storage import (
    EncryptedFilesThere,
    examine,
    examine_server,
    measure,
    opened,
    told,
)
from octonext.runtime.layout import Layout
from octonext.runtime.metrics import Registry
from octonext.runtime.postgres import connect

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("storage")]
Eventually = Callable[..., Awaitable[None]]
MARKER = "a-marker-that-nobody-may-read-below"


@pytest.fixture
def layout(data_dir: Path) -> Iterator[Layout]:
    reason = why_unusable()
    if reason is not None:
        pytest.skip(f"encrypted volumes cannot be used here: {reason.message}")
    write_configuration(data_dir, name="test", shards=["kw-1:KW:KW"])
    yield Layout(data_dir)
    unmount_below(data_dir)


@asynccontextmanager
async def supervised(layout: Layout, *parts: str) -> AsyncIterator[Supervisor]:
    supervisor = Supervisor(Layout(layout.data_dir), parts=parts)
    try:
        await supervisor.start()
        yield supervisor
    finally:
        await supervisor.stop()


async def write_and_count(layout: Layout) -> int:
    connection = await connect(layout.dsn("shard", "kw-1", role="octonext"), application_name="test")
    try:
        await connection.execute("CREATE TABLE IF NOT EXISTS remembered (text text)")
        await connection.execute("INSERT INTO remembered VALUES ($1)", MARKER)
        # Into the server's own log, too.
        with suppress(asyncpg.PostgresError):
            await connection.execute(f"SELECT '{MARKER}'::int")
        await connection.execute("CHECKPOINT")
        return int(await connection.fetchval("SELECT count(*) FROM remembered"))
    finally:
        await connection.close()


def mounted_below(folder: Path) -> list[Path]:
    return [each.point for each in mounts() if each.point.is_relative_to(folder)]


async def test_a_whole_installation_lives_on_volumes_and_leaves_nothing_readable(
    layout: Layout, eventually: Eventually
) -> None:
    async with supervised(layout, "reporting") as supervisor:
        assert await write_and_count(layout) == 1
        found = supervisor.protections()
        assert {(name, each.kind, each.proven) for name, each in found.items()} == {
            (name, "gocryptfs", True) for name in ("hq", "kw-1", "reporting")
        }
        written = read_state(layout.state)
        assert written is not None
        assert written.protections == found
        report = await collect(layout)
        assert report.unprotected == []
        assert report.protections == {name: examine(layout, name) for name in found}
        # Readable where PostgreSQL reads it: so the search below can find what is there.
        assert holding(layout.postgres_data("kw-1"), MARKER.encode())
        assert layout.postgres_log("kw-1").is_dir()
        assert holding(layout.cipher("kw-1"), MARKER.encode()) == []
        child = supervisor.children["postgres-kw-1"]
        before = child.pid
        (volume,) = holders(layout.cipher("kw-1"))
        os.kill(volume, signal.SIGKILL)
        await eventually(lambda: child.status.restarts >= 1 and child.status.state == "running")
        assert child.pid != before
        assert supervisor.children["postgres-hq"].status.restarts == 0
        assert await write_and_count(layout) == 2
    assert mounted_below(layout.data_dir) == []
    assert [keepers(str(layout.database(name))) for name in ("hq", "kw-1", "reporting")] == [[], [], []]
    assert holding(layout.data_dir, MARKER.encode()) == []
    closed = examine(layout, "kw-1")
    assert closed.proven
    assert "Not mounted now" in closed.detail
    with opened(layout, "kw-1") as folder:
        assert holding(folder, MARKER.encode())
    assert mounted_below(layout.data_dir) == []


async def running_with_a_row(layout: Layout) -> asyncio.subprocess.Process:
    """A supervisor in a process of its own, when all runs and the first row is written."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", UP, str(layout.data_dir), stdout=asyncio.subprocess.PIPE, start_new_session=True
    )
    assert process.stdout is not None
    assert await asyncio.wait_for(process.stdout.readuntil(b"running\n"), 120)
    assert await write_and_count(layout) == 1
    return process


async def test_after_everything_was_killed_the_next_start_goes_on(
    layout: Layout, eventually: Eventually
) -> None:
    process = await running_with_a_row(layout)
    state = read_state(layout.state)
    assert state is not None
    servers = [each.pid for each in state.processes if each.pid]
    volumes = [pid for name in ("hq", "kw-1") for pid in holders(layout.cipher(name))]
    assert len(volumes) == 2
    volumes += [pid for name in ("hq", "kw-1") for pid in keepers(str(layout.database(name)))]
    assert len(volumes) == 4
    send([process.pid, *(pid for each in servers for pid in tree(each)), *volumes], signal.SIGKILL)
    await process.wait()
    await eventually(lambda: not any(alive(pid) for pid in volumes))
    # Dead mounts: "Transport endpoint is not connected".
    assert len(mounted_below(layout.data_dir)) == 2
    assert not any(each.proven for each in (examine(layout, "hq"), examine(layout, "kw-1")))
    async with supervised(layout):
        assert await write_and_count(layout) == 2
    assert mounted_below(layout.data_dir) == []


async def test_a_killed_supervisors_volumes_go_when_postgresql_has_ended(
    layout: Layout, eventually: Eventually
) -> None:
    process = await running_with_a_row(layout)
    process.kill()
    await process.wait()
    await eventually(lambda: mounted_below(layout.data_dir) == [] and holders(layout.cipher("kw-1")) == [])
    # PostgreSQL ended in order meanwhile: it wrote its last checkpoint into a volume that was still there.
    async with supervised(layout):
        said = "".join(each.read_text() for each in layout.postgres_log("kw-1").glob("*.log"))
        assert "database system is shut down" in said
        assert "not properly shut down" not in said
        assert await write_and_count(layout) == 2


UP = """
import asyncio, sys
from octonext.processes.supervisor.service import Supervisor
from octonext.runtime.layout import Layout

async def run():
    supervisor = Supervisor(Layout(sys.argv[1]), parts=())
    await supervisor.start()
    print("running", flush=True)
    await asyncio.Event().wait()

asyncio.run(run())
"""


async def test_a_database_that_is_plain_already_is_not_covered_by_an_empty_volume(layout: Layout) -> None:
    layout.postgres_data("hq").mkdir(parents=True)
    (layout.postgres_data("hq") / "PG_VERSION").write_text("18")
    with pytest.raises(PlainFilesThere, match="holds plain files"):
        async with supervised(layout):
            pass
    assert mounted_below(layout.data_dir) == []


async def test_an_encrypted_database_is_not_replaced_by_an_empty_plain_one(layout: Layout) -> None:
    with opened(layout, "kw-1"):
        pass
    layout.config.write_text(layout.config.read_text().replace('"gocryptfs"', '"none"'))
    with pytest.raises(EncryptedFilesThere, match="holds kw-1 encrypted"):
        async with supervised(Layout(layout.data_dir)):
            pass


@pytest.mark.parametrize("kind", ["luks", "fscrypt"])
async def test_storage_that_is_not_what_was_configured_is_refused_before_anything_is_written(
    data_dir: Path, kind: str
) -> None:
    write_configuration(data_dir, name="test", at_rest="none", shards=["kw-1:KW:KW"])
    layout = Layout(data_dir)
    layout.config.write_text(layout.config.read_text().replace('at_rest = "none"', f'at_rest = "{kind}"', 1))
    if examine(layout, "kw-1").kind != "none":
        pytest.skip("the temporary folder of this machine is encrypted")
    with pytest.raises(StorageUnprotected, match=f"hq must be on {kind}") as refused:
        async with supervised(layout):
            pass
    assert 'at_rest = "none"' in refused.value.remedy
    assert not layout.postgres_data("hq").exists()


async def test_a_server_without_pg_tde_is_told_what_it_lacks(hq_dsn: str) -> None:
    connection = await connect(hq_dsn, application_name="test")
    try:
        found = await examine_server(connection, "pg_tde")
        assert (found.kind, found.proven) == ("none", False)
        assert "CREATE EXTENSION pg_tde" in found.remedy
        assert not (await examine_server(connection, "declared")).proven
        # Behind a Unix socket its folder is on this machine.
        assert (await examine_server(connection, "luks")).detail
    finally:
        await connection.close()


def test_what_is_not_encrypted_is_said_loudly_and_measured() -> None:
    found = {
        "hq": Protection(kind="gocryptfs", cipher="AES-256-GCM", proven=True),
        "kw-1": Protection(kind="none"),
        "sa-1": Protection(kind="declared"),
    }
    assert told(found) == [
        "encrypted at rest: hq (gocryptfs AES-256-GCM)",
        "NOT PROVEN at rest: sa-1 (declared)",
        "NOT ENCRYPTED at rest: kw-1; whoever gets the disk can read them",
    ]
    registry = Registry()
    measure(registry, found)
    text = registry.text().decode()
    assert 'octonext_storage_encrypted{database="hq",kind="gocryptfs"} 1.0' in text
    assert 'octonext_storage_encrypted{database="kw-1",kind="none"} 0.0' in text
