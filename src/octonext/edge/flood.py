"""Cuts WebSocket connections that make this process hold what nobody asked for.

The server under us bounds neither a message before it is whole (64 MiB) nor the pongs that it keeps for
a client which pings and never reads, and offers no setting for either. What it holds is what the kernel
received on a connection and the application never got; when memory rises, the connections on which that
is too much are shut down. Linux only: elsewhere nothing is watched.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import stat
import struct
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import structlog

log = structlog.get_logger(__name__)

#: How often memory is looked at.
LOOK_EVERY_S = 0.1
#: Connections are looked at when this process has grown by so much since the last time.
GROWTH_BYTES = 32 * 1024 * 1024
#: What may have arrived on a connection, and not at the application, before it has said who it is...
STRANGER_BYTES_MAX = 512 * 1024
#: ...and afterwards: the frames that a till's credits let it have on the way, four times over.
KNOWN_BYTES_MAX = 8 * 1024 * 1024
#: What TLS and WebSocket add to a frame, generously; one of many records pays it once for each.
FRAME_OVERHEAD_BYTES = 128
_RECORD_SHARE = 64
#: `struct tcp_info` of linux/tcp.h: where tcpi_bytes_received (u64, since Linux 4.1) stands.
_BYTES_RECEIVED_AT = 128
_TCP_INFO_BYTES = 136

Address = tuple[str, int]


class Inflow:
    """What one connection has given the application. `peer` is the client's address, None if unknown."""

    def __init__(self, peer: Address | None) -> None:
        self.peer = peer
        #: Whether the client has proved who it is.
        self.is_known = False
        self._explained = 0

    def delivered(self, size: int) -> None:
        """Count a frame of `size` bytes that reached the application."""
        self._explained += size + size // _RECORD_SHARE + FRAME_OVERHEAD_BYTES

    def is_flood(self, received: int) -> bool:
        """Return whether `received`, the connection's bytes so far, are more than can be explained."""
        return received - self._explained > (KNOWN_BYTES_MAX if self.is_known else STRANGER_BYTES_MAX)


class FloodWatch:
    """Looks at this process' memory, and at the connections when it rises."""

    def __init__(self, inflows: Callable[[], Iterable[Inflow]]) -> None:
        self._inflows = inflows
        self._calm_bytes = resident_bytes()

    async def run(self) -> None:
        """Watch until cancelled."""
        while sys.platform == "linux":
            now_bytes = resident_bytes()
            if now_bytes > self._calm_bytes + GROWTH_BYTES:
                # without a file left nobody can be looked at; the next look may find one
                with contextlib.suppress(OSError):
                    self._look(now_bytes)
                    self._calm_bytes = now_bytes
            # 0 where it cannot be read now
            if now_bytes:
                self._calm_bytes = min(self._calm_bytes, now_bytes)
            await asyncio.sleep(LOOK_EVERY_S)

    def _look(self, now_bytes: int) -> None:
        cut = cut_floods(self._inflows())
        if cut:
            log.warning("connections cut", why="flood", count=cut, resident_bytes=now_bytes)


def cut_floods(inflows: Iterable[Inflow]) -> int:
    """Shut down the connections that are floods; how many were."""
    by_peer = {inflow.peer: inflow for inflow in inflows if inflow.peer is not None}
    cut = 0
    for connection, peer in connections():
        inflow = by_peer.get(peer)
        # gone meanwhile: nothing to cut
        with contextlib.suppress(OSError):
            if inflow is not None and inflow.is_flood(_bytes_received(connection)):
                connection.shutdown(socket.SHUT_RDWR)
                cut += 1
    return cut


def connections() -> Iterator[tuple[socket.socket, Address]]:
    """Each TCP connection of this process, as a socket of its own until the next, and who is at its end.

    Raises OSError when no more files may be opened.
    """
    for entry in list(Path("/proc/self/fd").iterdir()):
        connection = _connection(int(entry.name))
        if connection is None:
            continue
        with connection:
            peer = _peer(connection)
            if peer is not None:
                yield connection, peer


def resident_bytes() -> int:
    """Return how much memory this process holds, 0 where that cannot be read."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def _connection(number: int) -> socket.socket | None:
    """Return a socket of our own for the TCP connection behind a file descriptor, None if it is none.

    Its owner may close the number, and another may get it, at any moment: so it is copied first, and
    only the copy is looked at.
    """
    try:
        copied = os.dup(number)
    except OSError:
        return None
    try:
        if stat.S_ISSOCK(os.fstat(copied).st_mode):
            return socket.socket(fileno=copied)
    except OSError:
        pass
    os.close(copied)
    return None


def _peer(connection: socket.socket) -> Address | None:
    if connection.family not in (socket.AF_INET, socket.AF_INET6):
        return None
    try:
        host, port = connection.getpeername()[:2]
    except OSError:
        return None
    return host, port


def _bytes_received(connection: socket.socket) -> int:
    found = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO_BYTES)
    if len(found) < _TCP_INFO_BYTES:
        return 0
    received: int
    (received,) = struct.unpack_from("=Q", found, _BYTES_RECEIVED_AT)
    return received
