"""One database goes down and comes back alone; the others never notice."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from octonext.processes.backup.swap import before, restored, settle
from octonext.processes.init import write_configuration
from octonext.processes.one_database import NotStoppedAlone, down_alone, up_alone
from octonext.processes.supervisor.service import Supervisor
from octonext.processes.supervisor.stopped import WorkedOn, is_stopped, keep_stopped, let_run, worked_on
from octonext.runtime.layout import OWNER_ROLE, Layout
from octonext.runtime.postgres import DatabaseUnreachable, connect

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("one database")]


async def answers(layout: Layout, shard_id: str) -> bool:
    try:
        connection = await connect(
            layout.dsn("shard", shard_id, role=OWNER_ROLE), application_name="octonext-test"
        )
    except DatabaseUnreachable:
        return False
    connection.terminate()
    return True


async def test_a_shard_stops_alone_stays_so_over_a_restart_and_comes_back(
    data_dir: Path, eventually: Callable[..., Awaitable[None]]
) -> None:
    write_configuration(data_dir, name="test", shards=["kw-1:KW:KW", "sa-1:SA:SA"], at_rest="none")
    layout = Layout(data_dir)
    supervisor = Supervisor(layout, parts=())
    await supervisor.start()
    try:
        neighbour = supervisor.children["postgres-sa-1"].pid
        await asyncio.to_thread(down_alone, layout, "kw-1", 60.0)
        assert (await answers(layout, "kw-1"), await answers(layout, "sa-1")) == (False, True)
        assert supervisor.children["postgres-sa-1"].pid == neighbour
    finally:
        await supervisor.stop()

    # Its data is about to be swapped, and whoever did it was killed between the two steps.
    data = layout.postgres_data("kw-1")
    data.rename(before(data))
    supervisor = Supervisor(layout, parts=())
    await supervisor.start()
    try:
        child = supervisor.children["postgres-kw-1"]
        assert (child.status.state, child.status.detail) == ("stopped", "stopped by request")
        assert await answers(layout, "sa-1")
        with worked_on(layout, "kw-1"), pytest.raises(WorkedOn):
            await asyncio.to_thread(up_alone, layout, "kw-1")
        assert is_stopped(layout, "kw-1")
        await asyncio.to_thread(up_alone, layout, "kw-1")
        # The old data, not a new database.
        assert await answers(layout, "kw-1")
        assert not before(data).exists()
        assert child.status.restarts == 0
    finally:
        await supervisor.stop()


def test_a_database_elsewhere_is_not_stopped_here(data_dir: Path) -> None:
    write_configuration(data_dir, name="test", shards=["kw-1:KW:KW"], at_rest="none")
    layout = Layout(data_dir)
    text = layout.config.read_text(encoding="utf-8")
    dsn = 'dsn = "postgresql://octonext@/octonext?host=/run/elsewhere"'
    layout.config.write_text(text.replace("[[shards]]", f"[[shards]]\n{dsn}"), encoding="utf-8")
    with pytest.raises(NotStoppedAlone, match="has a dsn"):
        down_alone(Layout(data_dir), "kw-1", 1.0)


def test_a_database_that_was_never_stopped_is_not_let_run(data_dir: Path) -> None:
    layout = Layout(data_dir)
    layout.prepare()
    assert not let_run(layout, "kw-1")
    keep_stopped(layout, "kw-1")
    assert let_run(layout, "kw-1")
    assert not is_stopped(layout, "kw-1")


def test_a_complete_restore_wins_over_the_old_data_when_the_swap_was_interrupted(tmp_path: Path) -> None:
    data = tmp_path / "data"
    for folder in (restored(data), before(data)):
        folder.mkdir()
    (restored(data) / "new").touch()
    settle(data)
    assert (data / "new").exists()
    assert before(data).exists()
