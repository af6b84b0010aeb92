"""`octonext migrate` with a release that brings one more migration, interrupted where it hurts."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import pytest

import octonext
from octonext.runtime.migrations import available

DEADLINE_S = 60
#: The migration waits for whoever holds this, so that it can be interrupted in the middle of itself.
GATE = 4711
NEXT = f"""-- A table more, and one that another session holds up.

CREATE TABLE of_the_next_release (id integer);
SELECT pg_advisory_xact_lock({GATE});
CREATE TABLE of_the_next_release_too (id integer);
"""


@pytest.fixture
def next_release(tmp_path: Path) -> Path:
    """A folder with this code and one more migration for shards."""
    source = Path(next(iter(octonext.__path__)))
    shutil.copytree(source, tmp_path / "octonext", ignore=shutil.ignore_patterns("__pycache__"))
    number = len(available("shard")) + 1
    (tmp_path / "octonext" / "schema" / "shard" / f"{number:04}_next.sql").write_text(NEXT, encoding="utf-8")
    return tmp_path


class Operator:
    """Somebody at the command line of an installation whose databases have addresses of their own."""

    def __init__(self, data_dir: Path, release: Path) -> None:
        self._data_dir = data_dir
        self._environment = os.environ | {"PYTHONPATH": str(release)}

    def start(self, command: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "octonext.processes.cli", command, "--data", str(self._data_dir)],
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, command: str) -> tuple[int, str]:
        process = self.start(command)
        said, _ = process.communicate(timeout=DEADLINE_S)
        return process.returncode, said


@contextmanager
def ended(process: subprocess.Popen[str]) -> Iterator[subprocess.Popen[str]]:
    """A process that is gone afterwards, whatever happened."""
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


async def applied(dsn: str) -> int:
    connection = await asyncpg.connect(dsn)
    try:
        return int(await connection.fetchval("SELECT max(version) FROM schema_migration"))
    finally:
        await connection.close()


async def until(true: Callable[[], Awaitable[bool]]) -> None:
    ends = time.monotonic() + DEADLINE_S
    while not await true():
        assert time.monotonic() < ends
        await asyncio.sleep(0.05)


async def test_a_migration_killed_half_way_over_the_shards_is_finished_by_the_next_run(
    data_dir: Path, hq_dsn: str, new_shard: Callable[[], Awaitable[str]], next_release: Path
) -> None:
    first, second = await new_shard(), await new_shard()
    (data_dir / "octonext.toml").write_text(
        f'name = "test"\n[hq]\ndsn = "{hq_dsn}"\nat_rest = "none"\n'
        + "".join(
            f'[[shards]]\nid = "{name}"\nregion = "KW"\njurisdiction = "KW"\n'
            f'dsn = "{dsn}"\nat_rest = "none"\n'
            for name, dsn in (("kw-1", first), ("kw-2", second))
        )
    )
    operator = Operator(data_dir, next_release)
    known = len(available("shard"))
    gate = await asyncpg.connect(second)
    await gate.execute("SELECT pg_advisory_lock($1)", GATE)

    async def is_waiting() -> bool:
        return bool(
            await gate.fetchval("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
        )

    with ended(operator.start("migrate")) as migration:
        # One shard is done, the other is inside its migration: the process dies here.
        await until(is_waiting)

        async def is_done() -> bool:
            return await applied(first) == known + 1

        await until(is_done)
        migration.kill()
    assert await applied(second) == known

    code, said = operator.run("status")
    assert code == 3
    assert f"{known + 1} of {known + 1}" in said
    assert f"{known} of {known + 1}" in said

    await gate.close()
    code, said = operator.run("migrate")
    assert code == 0, said
    assert "kw-2: migration 1 of 1, next" in said
    assert "kw-1: migration" not in said
    assert await applied(second) == known + 1
    connection = await asyncpg.connect(second)
    tables = await connection.fetchval(
        "SELECT count(*) FROM pg_class WHERE relname LIKE 'of_the_next_release%'"
    )
    await connection.close()
    assert tables == 2


async def test_a_shard_that_was_away_is_named_and_migrated_when_it_is_back(
    data_dir: Path, hq_dsn: str, new_shard: Callable[[], Awaitable[str]], next_release: Path
) -> None:
    shard = await new_shard()
    configuration = data_dir / "octonext.toml"
    text = f'name = "test"\n[hq]\ndsn = "{hq_dsn}"\nat_rest = "none"\n[[shards]]\nid = "kw-1"\n'
    text += 'region = "KW"\njurisdiction = "KW"\n'
    configuration.write_text(
        text + 'at_rest = "none"\ndsn = "postgresql://octonext@/octonext?host=/nowhere"\n'
    )
    operator = Operator(data_dir, next_release)
    code, said = operator.run("migrate")
    assert code == 1
    assert "Not migrated: kw-1." in said
    assert "Run `octonext migrate` again when they answer." in said

    configuration.write_text(text + f'at_rest = "none"\ndsn = "{shard}"\n')
    code, said = operator.run("migrate")
    assert code == 0, said
    assert await applied(shard) == len(available("shard")) + 1
