"""One supervisor per DATA: a lock that the kernel gives back however the supervisor ends."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from octonext.base.errors import OctoNextError


class AlreadyRunning(OctoNextError):
    """Another supervisor holds this DATA."""

    code = "already_running"


@contextmanager
def hold(path: Path) -> Iterator[None]:
    """Hold the lock for the block. Raises AlreadyRunning, naming the holder."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid = os.pread(handle, 20, 0).decode(errors="replace").strip() or "unknown"
            raise AlreadyRunning(
                f"OctoNext already runs on {path.parent.parent} (process {pid}).",
                remedy="Stop it with `octonext down`, or choose another --data.",
            ) from None
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(handle)


def holder(path: Path) -> int | None:
    """The pid of the supervisor that holds the lock now, or None."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
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
