"""Operating-system processes: starting one that dies with us, looking at one, ending one for good.

Linux gives the strong guarantees (parent-death signal, /proc); elsewhere only direct children are seen.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

POLL_S = 0.02
_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_NO_CORE = 1
"""Bytes. Not 0: where cores go through a pipe to a program, Linux ignores every limit but this one."""
_PROC = Path("/proc")
# Loaded before any fork: between fork and exec nothing may allocate much or take a lock.
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


@dataclass(frozen=True)
class ProcessFacts:
    """What /proc/<pid>/stat says. `start_ticks` tells a process from a later one of the same pid."""

    pid: int
    parent: int
    name: str
    state: str
    start_ticks: int

    @property
    def frozen(self) -> bool:
        return self.state in ("T", "t")

    @property
    def finished(self) -> bool:
        return self.state in ("Z", "X")


def die_with_parent(end: signal.Signals = signal.SIGKILL) -> Callable[[], None]:
    """A `preexec_fn`: the kernel sends `end` to the new process when the starting THREAD ends.

    So children must be started from the main thread. A process that starts workers of its own
    (a gateway) gives them the same, or a `kill -9` of it would leave them behind.
    """
    parent = os.getpid()

    def prepare() -> None:
        if _LIBC is not None:
            _LIBC.prctl(_PR_SET_PDEATHSIG, int(end), 0, 0, 0)
            if os.getppid() != parent:  # it died between our fork and this line
                os._exit(70)

    return prepare


def forbid_core_dumps() -> None:
    """Let neither this process nor any that it starts leave its memory, and the keys in it, in a file."""
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    limit = _NO_CORE if hard == resource.RLIM_INFINITY else min(hard, _NO_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (limit, limit))


def forbid_inspection() -> None:
    """Let no other process of the same user read this one's memory; root still may.

    Only for commands that come and go: of a process that is not dumpable, /proc hides the environment
    and the open files too, by which a supervisor's own are found again.
    """
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def allow_files(wanted: int) -> int:
    """Let this process have `wanted` files and sockets open, as far as the system permits; how many now.

    Shells and service managers start programs with room for 1,024, which is a limit for programs that
    use select(2), not for servers.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return wanted
    permitted = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (permitted, hard))
    return permitted


def facts(pid: int) -> ProcessFacts | None:
    """The process, or None when there is none; a zombie is still one."""
    try:
        text = (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # The name stands in parentheses and may hold any character, so split after the last one.
    before, _, after = text.rpartition(")")
    fields = after.split()
    name = before.partition("(")[2]
    return ProcessFacts(pid, int(fields[1]), name, fields[0], int(fields[19]))


def alive(pid: int, start_ticks: int | None = None) -> bool:
    """Whether that very process still runs (a zombie does not)."""
    found = facts(pid)
    if found is None or found.finished:
        return False
    return start_ticks is None or found.start_ticks == start_ticks


def everyone() -> list[ProcessFacts]:
    """Every process this machine shows us."""
    try:
        entries = [entry.name for entry in _PROC.iterdir() if entry.name.isdigit()]
    except OSError:
        return []
    return [found for found in (facts(int(entry)) for entry in entries) if found is not None]


def tree(pid: int) -> list[int]:
    """The process and all its descendants, parents first.

    PostgreSQL's backends each make a group of their own, so a process group would miss them.
    """
    children: dict[int, list[int]] = {}
    for found in everyone():
        children.setdefault(found.parent, []).append(found.pid)
    ordered = [pid]
    for each in ordered:
        ordered.extend(children.get(each, ()))
    return ordered


def send(pids: Iterable[int], which: signal.Signals) -> None:
    """Signal each; one that is already gone, or is not ours, is left out."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, which)


def freeze(pid: int) -> None:
    """Stop a process and its descendants where they stand, as a hanging machine would look."""
    send(tree(pid), signal.SIGSTOP)


def thaw(pid: int) -> None:
    """Let a frozen process and its descendants go on."""
    send(tree(pid), signal.SIGCONT)


def wait_until_gone(pids: Iterable[int], deadline_s: float) -> list[int]:
    """Wait for processes that need not be our children; the ones still there after `deadline_s`."""
    remaining = list(pids)
    ends = time.monotonic() + deadline_s
    while remaining := [pid for pid in remaining if alive(pid)]:
        if time.monotonic() > ends:
            return remaining
        time.sleep(POLL_S)
    return []


def end(pids: Iterable[int], politely: signal.Signals, deadline_s: float) -> None:
    """Wake, ask, wait `deadline_s`, then kill: afterwards none of them runs."""
    chosen = list(pids)
    send(chosen, politely)
    # A frozen process only sees the request once it is awake.
    send(chosen, signal.SIGCONT)
    remaining = wait_until_gone(chosen, deadline_s)
    if remaining:
        send(remaining, signal.SIGKILL)
        wait_until_gone(remaining, deadline_s)


def marked(variable: str, value: str) -> list[int]:
    """Processes, other than this one, whose environment holds exactly `variable=value`.

    Descendants inherit the mark, so a child's own workers are found after the child is gone; and no
    remembered pid can point at a stranger.
    """
    wanted = f"{variable}={value}".encode()
    found = []
    for process in everyone():
        if process.pid == os.getpid() or process.finished:
            continue
        with contextlib.suppress(OSError):
            if wanted in (_PROC / str(process.pid) / "environ").read_bytes().split(b"\0"):
                found.append(process.pid)
    return found
