"""One supervisor per DATA: a lock that the kernel gives back however the supervisor ends."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from octonext.base.errors import OctoNextError

LOCK_MODE = 0o600
GLANCE_S = 0.5
"""Who only looks (`holder`) has the lock shared for a moment; whoever has it longer than this runs here."""
GLANCE_POLL_S = 0.02


class AlreadyRunning(OctoNextError):
    """Another supervisor holds this DATA."""

    code = "already_running"


class LockUnreadable(OctoNextError):
    """Whether a supervisor runs cannot be seen, because the lock is another user's."""

    code = "lock_unreadable"


@contextmanager
def hold(path: Path) -> Iterator[None]:
    """Hold the lock for the block. Raises AlreadyRunning, naming the holder."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, LOCK_MODE)
    try:
        os.fchmod(handle, LOCK_MODE)
        if not _lock(handle, fcntl.LOCK_EX):
            pid = os.pread(handle, 20, 0).decode(errors="replace").strip() or "unknown"
            raise AlreadyRunning(
                f"OctoNext already runs on {path.parent.parent} (process {pid}).",
                remedy="Stop it with `octonext down`, or choose another --data.",
            )
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(handle)


def holder(path: Path) -> int | None:
    """The pid of the supervisor that holds the lock now, or None. Raises LockUnreadable."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except PermissionError:
        raise LockUnreadable(
            f"{path} belongs to another user.", remedy="Ask as the user who started it, or as root."
        ) from None
    except OSError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        text = os.pread(handle, 20, 0).decode(errors="replace").strip()
        return int(text) if text.isdigit() else None
    else:
        return None
    finally:
        os.close(handle)


def has_open(pid: int, path: Path) -> bool:
    """Whether that process has the lock file open, as only this installation's supervisor does for long.

    Its command line would prove less: tests and the demo run a supervisor too, and pids are used again.
    Where /proc does not exist, the pid in the lock is believed. Raises PermissionError.
    """
    if not Path("/proc/self/fd").exists():
        return True
    with suppress(FileNotFoundError, ProcessLookupError):
        wanted = path.stat()
        for entry in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(FileNotFoundError):
                if os.path.samestat(entry.stat(), wanted):
                    return True
    return False


def _lock(handle: int, kind: int) -> bool:
    ends = time.monotonic() + GLANCE_S
    while True:
        try:
            fcntl.flock(handle, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > ends:
                return False
            time.sleep(GLANCE_POLL_S)
        else:
            return True
