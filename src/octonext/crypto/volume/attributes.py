"""Lets the kernel stop asking an encrypted volume for extended attributes, before every single write.

A write takes a file's set-user-id rights and capabilities away. To see whether there are any, Linux asks
FUSE for the attribute `security.capability` before each write, unless it was told once that there are no
attributes at all (ENOSYS). gocryptfs says each time that there is no such one. Databases use none, and a
page of theirs costs a third less when nobody asks: see docs/decisions/0021.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import select
import signal
import struct
import threading
import time
from pathlib import Path

from .usable import FUSE_DEVICE

PATIENCE_S = 2.0
"""For each of two steps that take milliseconds; after that the volume stays as slow as it was."""
POLL_S = 0.001
REQUEST_BYTES_MAX = 1 << 20
ATTRIBUTE = "security.capability"
_PROC = Path("/proc")
_PIDFD_GETFD = 438
_GETXATTR, _UNANSWERED = 22, frozenset((2, 36, 42))
"""FUSE's operations: the one that is refused; FORGET, INTERRUPT and BATCH_FORGET, which take no answer."""
_REQUEST, _ANSWER = struct.Struct("<IIQ"), struct.Struct("<IiQ")
_LIBC = ctypes.CDLL(None, use_errno=True)


def never_ask(pid: int, folder: int) -> bool:
    """Answer the first such question in the place of gocryptfs `pid`; whether the kernel asks no more.

    `folder` is open in its volume. gocryptfs is stopped for a moment meanwhile, so it must have begun to
    serve, and nobody else use the volume yet. Where the system does not let us, nothing changes.
    """
    device = _device_of(pid)
    if device is None:
        return False
    try:
        os.kill(pid, signal.SIGSTOP)
        return _stands_still(pid) and _refuse(device, folder)
    except OSError:
        return False
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)
        os.close(device)


def _device_of(pid: int) -> int | None:
    """A descriptor of our own for the device that a process serves, None when it may not be had."""
    with contextlib.suppress(OSError):
        for entry in (_PROC / str(pid) / "fd").iterdir():
            if entry.readlink() == FUSE_DEVICE:
                process = os.pidfd_open(pid)
                try:
                    taken: int = _LIBC.syscall(_PIDFD_GETFD, process, int(entry.name), 0)
                finally:
                    os.close(process)
                return taken if taken >= 0 else None
    return None


def _stands_still(pid: int) -> bool:
    """Wait until none of its threads runs: one that did could answer before us."""
    ends = time.monotonic() + PATIENCE_S
    while time.monotonic() < ends:
        tasks = [
            (task / "stat").read_text(encoding="utf-8") for task in (_PROC / str(pid) / "task").iterdir()
        ]
        if all(text.rpartition(")")[2].split()[0] == "T" for text in tasks):
            return True
        time.sleep(POLL_S)
    return False


def _refuse(device: int, folder: int) -> bool:
    asking = threading.Thread(target=_ask, args=(folder,), daemon=True)
    asking.start()
    waiting = select.poll()
    waiting.register(device, select.POLLIN)
    ends = time.monotonic() + PATIENCE_S
    while asking.is_alive() and time.monotonic() < ends:
        if not waiting.poll(POLL_S * 1_000):
            continue
        _, operation, number = _REQUEST.unpack_from(os.read(device, REQUEST_BYTES_MAX))
        if operation == _GETXATTR:
            os.write(device, _ANSWER.pack(_ANSWER.size, -errno.ENOSYS, number))
            asking.join(PATIENCE_S)
            return True
        if operation not in _UNANSWERED:
            # Somebody who looks at a volume that is just being mounted: let him look again.
            os.write(device, _ANSWER.pack(_ANSWER.size, -errno.EAGAIN, number))
    return False


def _ask(folder: int) -> None:
    with contextlib.suppress(OSError):
        os.getxattr(folder, ATTRIBUTE)
