#!/usr/bin/env python3
"""Run a command and fail when a process that it started, at any depth, is still there afterwards.

    scripts/leaves_nothing.py make test

It knows them by descent and not by name: this process asks the kernel to be given every orphan below
it, so a daemon that left its parent and its session is still found, and nobody else's process is.
"""

import ctypes
import os
import subprocess
import sys
import time
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36
GRACE_S = 10  # a process that was told to end may need a moment
POLL_S = 0.2


def main() -> int:
    """The command's own exit code, or 1 when it left something behind."""
    if sys.platform != "linux":
        print("leaves-nothing: only Linux tells whose orphan a process is; not checked", file=sys.stderr)
        return subprocess.call(sys.argv[1:])
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        print("leaves-nothing: the kernel does not hand over orphans here", file=sys.stderr)
        return 1
    code = subprocess.call(sys.argv[1:])
    deadline = time.monotonic() + GRACE_S
    while (left := living_descendants(os.getpid())) and time.monotonic() < deadline:
        reap()
        time.sleep(POLL_S)
    for pid in left:
        command_line = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        print(f"leaves-nothing: process {pid} was left behind: {command_line}", file=sys.stderr)
    return 1 if left else code


def living_descendants(root: int) -> list[int]:
    """Every process below `root`, as /proc shows them now, without those that only wait to be reaped."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            # The name is in parentheses and may hold anything; state and parent follow the last one.
            state, parent = (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if state not in "ZX":
            parents[int(entry.name)] = int(parent)
    return sorted(pid for pid in parents if descends(pid, root, parents))


def descends(pid: int, root: int, parents: dict[int, int]) -> bool:
    """Whether `root` is above `pid`."""
    while pid in parents:
        pid = parents[pid]
        if pid == root:
            return True
    return False


def reap() -> None:
    """Take the exit codes of orphans that ended, so that they do not stay as zombies."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


if __name__ == "__main__":
    sys.exit(main())
