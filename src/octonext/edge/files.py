"""Keeps this process below its limit of open files, from which the server under us never comes back.

At the limit the server tries to accept again and again and does nothing else for new connections: those
that have not shaken hands yet are neither served nor given up, so their files are never given back, and
nobody gets in until the process ends. So before that, who has not said who it is is hung up on; a few
files are kept back to get out of it, should many come at once; and if that was too late, the process has
to end. Linux only: elsewhere nothing is watched.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import resource
import socket
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import structlog

from .flood import Inflow, connections

log = structlog.get_logger(__name__)

#: How often the files are looked at: a crowd is let in faster than it can be counted.
LOOK_EVERY_S = 0.02
#: The same where a crowd has gone and one who stays has the number of a late comer.
CALM_LOOK_EVERY_S = 0.5
#: Files kept back: more than connections wait to be accepted. Of few files, a quarter.
SPARE_MAX = 2_048
#: After how long without a free file nothing but a new process helps.
EXHAUSTED_S = 5.0
#: Of the files permitted, those above this part are for a crowd that comes between two looks.
CROWDED_AT = 0.75


def spare_of(files: int) -> int:
    """Return how many of the files that are permitted are kept back."""
    return min(SPARE_MAX, files // 4)


def crowded_at(files: int) -> int:
    """Return with how many open files strangers are hung up on."""
    return int((files - spare_of(files)) * CROWDED_AT)


class FileWatch:
    """Hangs up on strangers when files become few. Made for a server that listens on `port`.

    `files` are permitted now; some of them are kept back from now on.
    """

    def __init__(self, inflows: Callable[[], Iterable[Inflow]], *, port: int, files: int) -> None:
        self._inflows = inflows
        self._port = port
        self._files = files
        self._spare = spare_of(files)
        self._crowded_at = crowded_at(files)

    async def run(self) -> None:
        """Watch until cancelled, or until there was no file for so long that this process must end."""
        if sys.platform != "linux":
            await asyncio.Event().wait()
        loop = asyncio.get_running_loop()
        free_at = loop.time()
        while loop.time() < free_at + EXHAUSTED_S:
            pause_s = LOOK_EVERY_S
            if _lowest_free(self._crowded_at) == self._crowded_at:
                _permit(self._files - self._spare)
            else:
                # the server needs a moment to accept who waits and to notice who is gone
                _permit(self._files)
                with contextlib.suppress(OSError):
                    pause_s = self._look()
            if _lowest_free(0) is not None:
                free_at = loop.time()
            await asyncio.sleep(pause_s)
        log.error("no files left", permitted=self._files)

    def _look(self) -> float:
        """Count, hang up where that is needed, and say in how many seconds to look again."""
        files = len(list(Path("/proc/self/fd").iterdir()))
        if files < self._crowded_at:
            return CALM_LOOK_EVERY_S
        cut = cut_strangers(self._inflows(), self._port)
        log.warning("connections cut", why="files", count=cut, files=files)
        return LOOK_EVERY_S


def cut_strangers(inflows: Iterable[Inflow], port: int) -> int:
    """Shut down the connections to `port` whose clients have not said who they are; how many."""
    known = {inflow.peer for inflow in inflows if inflow.is_known}
    cut = 0
    for connection, peer in connections():
        # gone meanwhile: nothing to cut
        with contextlib.suppress(OSError):
            if peer not in known and connection.getsockname()[1] == port:
                connection.shutdown(socket.SHUT_RDWR)
                cut += 1
    return cut


def _lowest_free(least: int) -> int | None:
    """Return the lowest number from `least` on that a file could have now, None when there is none.

    A file gets the lowest one: where `least` is taken, as many files were open at some time.
    """
    try:
        copied = fcntl.fcntl(0, fcntl.F_DUPFD_CLOEXEC, least)
    except OSError:
        return None
    os.close(copied)
    return copied


def _permit(files: int) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, hard))
