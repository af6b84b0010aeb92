"""The embedded server on its own: which user and programs, what a fresh one looks like."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path

import asyncpg
import pytest

from octonext.processes.cluster import binaries
from octonext.processes.cluster.binaries import (
    ClusterUnusable,
    OsUser,
    check_reachable,
    choose_user,
    installed_programs,
    reachable_programs,
)
from octonext.processes.cluster.server import PostgresServer, why_it_failed

pytestmark = pytest.mark.cluster
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root switches to another user")


@pytest.fixture
def user() -> OsUser:
    return choose_user(None)


def server(folder: Path, user: OsUser, bin_dir: Path) -> PostgresServer:
    return PostgresServer(
        name="x",
        data_dir=folder / "x",
        socket_dir=folder / "s",
        log_dir=folder / "l",
        bin_dir=bin_dir,
        user=user,
        durable=False,
    )


def test_postgresql_never_runs_as_root(user: OsUser) -> None:
    assert user.uid != 0
    assert user.switch == (os.geteuid() == 0)


@as_root
def test_the_configured_user_runs_postgresql() -> None:
    assert choose_user("nobody").name == "nobody"
    for wrong in ("root", "no-such-user"):
        with pytest.raises(ClusterUnusable, match="useradd"):
            choose_user(wrong)


@as_root
def test_existing_data_keeps_its_owner(data_dir: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    os.chown(data_dir, nobody.pw_uid, nobody.pw_gid)
    assert choose_user("postgres", existing=data_dir).name == "nobody"


@as_root
def test_a_folder_that_cannot_be_passed_is_named_with_a_remedy(data_dir: Path, user: OsUser) -> None:
    closed = data_dir / "closed"
    (closed / "data").mkdir(parents=True)
    check_reachable(closed / "data", user)
    closed.chmod(0o700)
    with pytest.raises(ClusterUnusable, match=f"may not pass through {closed}") as refused:
        check_reachable(closed / "data", user)
    assert f"chmod o+x {closed}" in refused.value.remedy


@as_root
def test_programs_out_of_reach_are_copied_once(
    data_dir: Path, user: OsUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = data_dir / "closed"
    installed = installed_programs()
    wheel, libraries = installed.parent, installed.parent.with_name(f"{installed.parent.name}.libs")
    shutil.copytree(installed, closed / wheel.name / installed.name, symlinks=True)
    shutil.copytree(libraries, closed / libraries.name, symlinks=True)
    closed.chmod(0o700)
    monkeypatch.setattr(binaries, "installed_programs", lambda: closed / wheel.name / installed.name)
    first = reachable_programs(user, data_dir / "copy")
    assert first.is_relative_to(data_dir / "copy")
    assert reachable_programs(user, data_dir / "copy") == first
    assert len(list((data_dir / "copy").iterdir())) == 1
    server(data_dir, user, first).prepare()
    assert (data_dir / "x" / "PG_VERSION").exists()


def test_missing_programs_say_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binaries, "find_spec", lambda _name: None)
    with pytest.raises(ClusterUnusable, match="Install OctoNext's requirements"):
        installed_programs()


def test_an_interrupted_creation_is_started_over(data_dir: Path, user: OsUser) -> None:
    unfinished = data_dir / "x.new"
    unfinished.mkdir()
    (unfinished / "PG_VERSION").write_text("18")
    made = server(data_dir, user, reachable_programs(user, data_dir / "p"))
    made.prepare()
    assert (made.data_dir / "global").is_dir()
    assert not unfinished.exists()


def test_a_creation_that_failed_is_told_by_its_cause_not_by_the_statement_it_happened_in() -> None:
    told = (
        "performing post-bootstrap initialization ... 2026-03-01 12:00:00 UTC [7] FATAL:  could not extend "
        'file "base/1/1255": No space left on device\n'
        "2026-03-01 12:00:00 UTC [7] STATEMENT:  /*\n * a comment\n */\n"
        "CREATE VIEW pg_roles AS\n    SELECT rolname FROM pg_authid;\n" + "-- more\n" * 200
    )
    assert why_it_failed(told) == 'FATAL: could not extend file "base/1/1255": No space left on device'
    assert why_it_failed("initdb: error: no such\n") == "initdb: error: no such"
    assert why_it_failed("something\nelse\n") == "something else"


def test_a_folder_of_something_else_is_left_alone(data_dir: Path, user: OsUser) -> None:
    made = server(data_dir, user, reachable_programs(user, data_dir / "p"))
    made.data_dir.mkdir()
    (made.data_dir / "holiday.jpg").touch()
    with pytest.raises(ClusterUnusable, match="not empty and not a PostgreSQL database"):
        made.prepare()
    assert (made.data_dir / "holiday.jpg").exists()


def test_a_folder_on_another_disk_is_used_as_it_is(data_dir: Path, user: OsUser) -> None:
    made = server(data_dir, user, reachable_programs(user, data_dir / "p"))
    disk = data_dir / "disk"
    # What an empty ext4 disk holds, and what an interrupted first start leaves on it.
    (disk / "lost+found").mkdir(parents=True)
    (disk / "octonext.new").mkdir()
    (disk / "base").mkdir()
    made.data_dir.symlink_to(disk)
    made.prepare()
    assert made.data_dir.is_symlink()
    assert (disk / "PG_VERSION").exists()
    assert (disk / "lost+found").is_dir()
    assert not (disk / "octonext.new").exists()
    assert (disk.stat().st_uid, disk.stat().st_mode & 0o777) == (user.uid, 0o700)


def test_a_stale_lock_file_with_a_strangers_pid_is_removed(data_dir: Path, user: OsUser) -> None:
    made = server(data_dir, user, reachable_programs(user, data_dir / "p"))
    made.prepare()
    (made.data_dir / "postmaster.pid").write_text(f"{os.getpid()}\n{made.data_dir}\n")
    made.prepare()
    assert not (made.data_dir / "postmaster.pid").exists()


async def test_a_server_listens_on_no_network(shard_database: asyncpg.Pool) -> None:
    assert await shard_database.fetchval("SHOW listen_addresses") == ""


async def test_the_shop_s_data_is_checksummed_utf8_and_utc(shard_database: asyncpg.Pool) -> None:
    shown = [
        await shard_database.fetchval(f"SHOW {name}")
        for name in ("data_checksums", "server_encoding", "timezone", "jit")
    ]
    assert shown == ["on", "UTF8", "UTC", "off"]


async def test_parameters_rows_and_statements_stay_out_of_the_log(
    shard_server: PostgresServer,
    shard_database: asyncpg.Pool,
    eventually: Callable[..., Awaitable[None]],
) -> None:
    def logged() -> str:
        return "".join(path.read_text() for path in shard_server.log_dir.glob("*.log"))

    await shard_database.execute("CREATE TABLE person (phone text PRIMARY KEY)")
    for _ in range(2):
        try:
            await shard_database.execute("INSERT INTO person VALUES ($1)", "+965 5555 1234")
        except asyncpg.UniqueViolationError:
            break
    # the server's collector writes the file a moment after the statement failed
    await eventually(lambda: "person_pkey" in logged())
    assert "5555" not in logged()


async def test_the_application_role_owns_nothing(shard_app_database: asyncpg.Pool) -> None:
    row = await shard_app_database.fetchrow(
        "SELECT rolsuper, rolcreatedb, rolcreaterole FROM pg_roles WHERE rolname = current_user"
    )
    assert row is not None
    assert tuple(row) == (False, False, False)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await shard_app_database.execute("CREATE TABLE mine (id int)")


@as_root
def test_another_user_of_the_machine_is_not_let_in(shard_server: PostgresServer) -> None:
    stranger = next(each for each in pwd.getpwall() if each.pw_uid not in (0, shard_server.user.uid))
    refused = subprocess.run(
        [shard_server.bin_dir / "psql", shard_server.dsn(database="postgres"), "-c", "SELECT 1"],
        capture_output=True,
        user=stranger.pw_uid,
        group=stranger.pw_gid,
        extra_groups=[],
        cwd="/",
        check=False,
    )
    assert refused.returncode != 0
