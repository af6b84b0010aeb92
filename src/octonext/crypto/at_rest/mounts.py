"""The kernel's table of mounts (/proc/self/mountinfo, proc(5)), and which of them holds a folder."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

MOUNT_TABLE = Path("/proc/self/mountinfo")
_ESCAPED = re.compile(r"\\([0-7]{3})")
_MOUNT_ID = re.compile(r"^mnt_id:\s*(\d+)$", re.MULTILINE)


@dataclass(frozen=True)
class Mount:
    """One line of the table. `device` is "MAJOR:MINOR"; `source` is what the file system calls its own."""

    number: int
    device: str
    point: Path
    kind: str
    source: str
    options: str


def parse_mounts(table: str) -> list[Mount]:
    """Every mount, in the kernel's order; a line that is not understood is left out."""
    found = []
    for line in table.splitlines():
        # Optional fields stand before " - ", so what follows is found from there.
        before, separator, after = line.partition(" - ")
        first, last = before.split(" "), after.split(" ")
        if not separator or len(first) < 6 or len(last) < 3 or not first[0].isdigit():
            continue
        found.append(
            Mount(int(first[0]), first[2], Path(_plain(first[4])), last[0], _plain(last[1]), last[2])
        )
    return found


def mounts() -> list[Mount]:
    """The mounts that this process sees."""
    return parse_mounts(MOUNT_TABLE.read_text(encoding="utf-8", errors="surrogateescape"))


def mount_at(point: Path, table: list[Mount]) -> Mount | None:
    """The topmost mount at exactly this folder; a later one covers an earlier one."""
    return next((each for each in reversed(table) if each.point == point), None)


def mount_of_descriptor(descriptor: int, table: list[Mount]) -> Mount | None:
    """The mount that an open file or folder lies on, whatever was mounted over its path since."""
    told = Path(f"/proc/self/fdinfo/{descriptor}").read_text(encoding="ascii")
    number = _MOUNT_ID.search(told)
    if number is None:
        return None
    return next((each for each in table if each.number == int(number[1])), None)


def mount_of(folder: Path) -> Mount | None:
    """The mount that holds `folder`, links followed. Raises OSError when it cannot be reached."""
    descriptor = os.open(folder, os.O_PATH | os.O_CLOEXEC)
    try:
        return mount_of_descriptor(descriptor, mounts())
    finally:
        os.close(descriptor)


def _plain(text: str) -> str:
    """Space, tab, newline and backslash are written as octal numbers; each number is a byte."""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 8)), text)
