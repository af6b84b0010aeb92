"""gocryptfs as a process: started without a trace of its key, and found again after a crash of ours."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from .usable import PROGRAM

KEEPER = "octonext-volume-keeper"
VOLUME_MARK = "OCTONEXT_VOLUME"
_PROC = Path("/proc")


@dataclass(frozen=True)
class Owner:
    """Another user than ourselves: whose files they are, and who runs gocryptfs for them."""

    uid: int
    gid: int


def start(
    arguments: Sequence[str],
    key: bytes,
    *,
    mark: str,
    output: int | IO[bytes],
    owner: Owner | None = None,
    descriptor: int | None = None,
) -> subprocess.Popen[bytes]:
    """Start gocryptfs and hand it its password through a pipe: it stands in no argument and no file.

    It runs as `owner`, and inherits `descriptor`. Not bound to our life: PostgreSQL goes on for a moment
    when we are killed, and still needs it.
    """
    identity: dict[str, Any] = {}
    if owner is not None:
        identity = {"user": owner.uid, "group": owner.gid, "extra_groups": []}
    process = subprocess.Popen(
        [PROGRAM, *arguments],
        stdin=subprocess.PIPE,
        stdout=output,
        stderr=subprocess.STDOUT,
        cwd="/",
        # PATH, for it runs fusermount; nothing of ours, for our environment may hold a master key.
        env={"PATH": os.environ.get("PATH", os.defpath), VOLUME_MARK: mark},
        start_new_session=True,
        pass_fds=() if descriptor is None else (descriptor,),
        **identity,
    )
    assert process.stdin is not None
    # It may have ended already, for a reason that its exit code tells.
    with contextlib.suppress(BrokenPipeError), process.stdin as pipe:
        pipe.write(key.hex().encode() + b"\n")
    process.stdin = None
    return process


def holders(cipher: Path) -> list[int]:
    """Every gocryptfs on this machine that serves this encrypted folder, wherever it is mounted."""
    wanted = os.fsencode(cipher)
    # A zombie's command line is empty, so it is none.
    return [
        pid
        for pid in _pids()
        if wanted in (words := _words(pid)) and Path(os.fsdecode(words[0])).name == PROGRAM
    ]


def keepers(mark: str) -> list[int]:
    """What waits for our end to unmount this very folder, left by supervisors that were killed."""
    wanted = KEEPER.encode()
    return [pid for pid in _pids() if wanted in _words(pid) and carries(pid, mark)]


def carries(pid: int, mark: str) -> bool:
    """Whether that process was started by us, for this very folder; False when it may not be seen."""
    with contextlib.suppress(OSError):
        wanted = f"{VOLUME_MARK}={mark}".encode()
        return wanted in (_PROC / str(pid) / "environ").read_bytes().split(b"\0")
    return False


def _pids() -> list[int]:
    return sorted(int(entry.name) for entry in _PROC.iterdir() if entry.name.isdigit())


def _words(pid: int) -> list[bytes]:
    try:
        return (_PROC / str(pid) / "cmdline").read_bytes().split(b"\0")
    except OSError:
        return [b""]
