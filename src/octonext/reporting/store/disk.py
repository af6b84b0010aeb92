"""chDB's own encrypted disk (AES-256 in counter mode) beneath its tables.

Its configuration is a file, and the key is not in it: chDB reads the key from this process's
environment while it opens, where it stands for that moment only. What the kernel shows of a process's
environment (/proc/PID/environ) is how it began, so the key is not there either.

What a large report spills goes to chDB's folder `tmp` whatever `tmp_policy` says, and rows on their way
in lie in `incoming`: both rely on the volume that the whole store lies on.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from xml.sax.saxutils import escape

from octonext.runtime.durable import replace_file

KEY_VARIABLE = "OCTONEXT_OLAP_DISK_KEY"
ALGORITHM = "AES_256_CTR"
POLICY = "encrypted"
FOLDER = "encrypted"
CONFIGURATION = "disk.xml"
_opening = threading.Lock()


def has_disk(path: Path) -> bool:
    """Whether the store in `path` was made with an encrypted disk."""
    return (path / FOLDER).is_dir()


@contextmanager
def encrypted_disk(path: Path, key: bytes | None) -> Iterator[dict[str, str]]:
    """The options with which chDB in `path` opens its disk; the key is there for the block only."""
    if key is None:
        yield {}
        return
    configuration = path.with_name(CONFIGURATION)
    with _opening:
        _write(configuration, _configuration(path))
        os.environ[KEY_VARIABLE] = key.hex()
        try:
            yield {"config-file": str(configuration)}
        finally:
            del os.environ[KEY_VARIABLE]


def _configuration(path: Path) -> str:
    # The encrypted disk takes the whole of the one beneath it, no folder in it: with a `path` of its own
    # every insert with fsync_part_directory fails (ClickHouse issue 111838). Both then name their tables'
    # folders alike, so parts must not be looked for on disks that are not in the policy.
    return f"""<clickhouse>
  <storage_configuration>
    <disks>
      <beneath><type>local</type><path>{escape(str(path / FOLDER))}/</path></beneath>
      <encrypted>
        <type>encrypted</type><disk>beneath</disk>
        <algorithm>{ALGORITHM}</algorithm><key_hex from_env="{KEY_VARIABLE}"/>
      </encrypted>
    </disks>
    <policies><{POLICY}><volumes><main><disk>encrypted</disk></main></volumes></{POLICY}></policies>
  </storage_configuration>
  <merge_tree>
    <storage_policy>{POLICY}</storage_policy>
    <search_orphaned_parts_disks>none</search_orphaned_parts_disks>
  </merge_tree>
</clickhouse>
"""


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    replace_file(file, text.encode())
