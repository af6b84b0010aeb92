"""Writes `schema/{hq,shard}.snapshot.sql`: what all migrations together make, for people to read.

Run `python -m octonext.processes.snapshot` after adding a migration; a test holds the files to it.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import get_args

import octonext
from octonext.runtime.migrations import DatabaseKind

from .cluster.temporary import dump_schema, temporary_server

HEAD = "-- The sum of all migrations. Written by `python -m octonext.processes.snapshot`; do not edit.\n\n"


def snapshot_file(kind: DatabaseKind) -> Path:
    """Where the snapshot of that kind of database is kept."""
    return Path(next(iter(octonext.__path__))) / "schema" / f"{kind}.snapshot.sql"


def main() -> None:
    """Write the snapshots of both kinds of database."""
    with tempfile.TemporaryDirectory(prefix="octonext-snapshot-", dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o711)
        for kind in get_args(DatabaseKind):
            with temporary_server(kind, folder) as server:
                snapshot_file(kind).write_text(HEAD + dump_schema(server), encoding="utf-8")
                sys.stdout.write(f"wrote {snapshot_file(kind)}\n")


if __name__ == "__main__":
    main()
