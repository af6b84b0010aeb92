from __future__ import annotations

import difflib

import pytest

from octonext.processes.cluster.server import PostgresServer
from octonext.processes.cluster.temporary import dump_schema
from octonext.processes.snapshot import HEAD, snapshot_file


@pytest.mark.parametrize("kind", ["hq", "shard"])
def test_the_sum_of_the_migrations_is_the_schema(kind: str, request: pytest.FixtureRequest) -> None:
    server: PostgresServer = request.getfixturevalue(f"{kind}_server")
    kept = snapshot_file(kind).read_text(encoding="utf-8").removeprefix(HEAD)  # type: ignore[arg-type]
    made = dump_schema(server)
    difference = "\n".join(difflib.unified_diff(kept.splitlines(), made.splitlines(), lineterm="", n=1))
    assert not difference, f"run `python -m octonext.processes.snapshot`:\n{difference[:4000]}"
