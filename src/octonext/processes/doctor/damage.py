"""Blocks of a volume that could not be decrypted: a failing disk, or somebody who altered the files.

gocryptfs refuses to give such a block out, and says so in its own log, which begins anew at each mount.
"""

from __future__ import annotations

import re
from pathlib import Path

from octonext.runtime.layout import Layout

from .finding import Finding

LOG_BYTES_MAX = 4 * 1024 * 1024
_CORRUPT = re.compile(rb"^\w+ (\d+): corrupt block", re.MULTILINE)


def damaged_blocks(layout: Layout, name: str) -> list[Finding]:
    """A finding when something that was read since the volume was mounted could not be decrypted."""
    try:
        with layout.log(f"volume-{name}").open("rb") as file:
            inodes = {int(each) for each in _CORRUPT.findall(file.read(LOG_BYTES_MAX))}
    except FileNotFoundError:
        return []
    if not inodes:
        return []
    raw = _files_of(layout.cipher(name), inodes)
    such = f", such as {raw[0]}" if raw else ""
    return [
        Finding(
            where=name,
            check="damaged blocks",
            outcome="wrong",
            said=f"{len(inodes)} files could not be decrypted everywhere since the last start{such}.",
            remedy="The disk fails, or somebody altered them: look at the disk, then restore a backup "
            "(docs/backup.md).",
        )
    ]


def _files_of(folder: Path, inodes: set[int]) -> list[Path]:
    found = []
    for path in folder.rglob("*"):
        try:
            if path.lstat().st_ino in inodes:
                found.append(path)
        except OSError:
            continue  # the database removes files all the time
    return found
