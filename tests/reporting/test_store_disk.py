"""chDB's own encrypted disk: what is stored cannot be read below it, and not without its key."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from octonext.reporting.store import Chdb
from octonext.reporting.store.disk import CONFIGURATION, KEY_VARIABLE, has_disk

KEY = bytes(range(32))
MARKER = "a-marker-that-nobody-may-read"

# One process has one chDB for ever, so each opening is a process of its own.
OPEN = """
import json, os, sys
from pathlib import Path
from octonext.reporting.store import Chdb
from octonext.reporting.store.clients import connect

engine = Chdb(Path(sys.argv[1]), bytes.fromhex(sys.argv[2]))
client, other = connect(engine), connect(engine)
client.command(
    "CREATE TABLE IF NOT EXISTS remembered (text String) ENGINE = MergeTree ORDER BY text "
    "SETTINGS fsync_after_insert = 1, fsync_part_directory = 1"
)
client.command(f"INSERT INTO remembered VALUES ('{sys.argv[3]}')")
client.command("OPTIMIZE TABLE remembered FINAL")
told = [text for table in ("disks", "server_settings", "settings", "merge_tree_settings")
        for text in (str(client.query(f"SELECT * FROM system.{table}").result_rows),)]
print(json.dumps({
    "rows": other.query("SELECT count() FROM remembered").result_rows[0][0],
    "disks": [row[0] for row in client.query(
        "SELECT DISTINCT disk_name FROM system.parts WHERE table = 'remembered'").result_rows],
    "key shown": sys.argv[2] in "".join(told).lower(),
    "key in environment": any(name.startswith("OCTONEXT_OLAP") for name in os.environ),
}))
client.close()
other.close()
"""


def opened(path: Path, key: bytes) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", OPEN, str(path), key.hex(), MARKER],
        capture_output=True,
        check=False,
        text=True,
    )


def test_rows_are_there_again_with_the_key_and_nothing_can_be_read_without(tmp_path: Path) -> None:
    path = tmp_path / "chdb"
    for rows in (1, 2):
        done = opened(path, KEY)
        assert done.returncode == 0, done.stderr[-2000:]
        assert json.loads(done.stdout) == {
            "rows": rows,
            "disks": ["encrypted"],
            "key shown": False,
            "key in environment": False,
        }
    assert has_disk(path)
    files = [each for each in tmp_path.rglob("*") if each.is_file()]
    stored = [each.read_bytes() for each in files]
    assert any(each.name == "data.bin" for each in files)
    assert not any(
        MARKER.encode() in each or KEY.hex().encode() in each.lower() or KEY in each for each in stored
    )
    configuration = tmp_path / CONFIGURATION
    assert configuration.stat().st_mode & 0o077 == 0
    assert KEY_VARIABLE in configuration.read_text()

    wrong = opened(path, bytes(32))
    assert wrong.returncode != 0
    assert KEY.hex() not in wrong.stderr


def test_a_key_is_not_shown_with_its_store() -> None:
    assert "key" not in repr(Chdb(Path("/x"), KEY))
    assert KEY_VARIABLE not in os.environ
