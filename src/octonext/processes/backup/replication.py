"""PostgreSQL's streaming replication protocol, as far as an archive needs it, over a Unix socket.

asyncpg does not speak it, and a receiver of PostgreSQL's own would put plain WAL on disk. Peer
authentication only; see "Streaming Replication Protocol" in PostgreSQL's documentation.
"""

from __future__ import annotations

import asyncio
import struct
import time
from dataclasses import dataclass
from pathlib import Path

from octonext.base.errors import OctoNextError

from .wal import lsn_text

POSTGRES_EPOCH_S = 946_684_800
"""2000-01-01 in Unix time, from which PostgreSQL counts microseconds."""
MESSAGE_BYTES_MAX = 16 * 1024 * 1024
_PROTOCOL = 196_608  # 3.0


class ReplicationFailed(OctoNextError):
    """A server ended or refused replication."""

    code = "replication_failed"


@dataclass(frozen=True, slots=True)
class Wal:
    """Bytes of the log from position `start`."""

    start: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Pulse:
    """The server has sent everything before `end` at `at` (Unix seconds by its clock)."""

    end: int
    at: float


class Replication:
    """One replication connection; statements first, then `stream` and `receive`."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def connect(cls, socket: Path, *, user: str, application_name: str) -> Replication:
        """Raises ReplicationFailed, OSError."""
        try:
            reader, writer = await asyncio.open_unix_connection(str(socket), limit=2**20)
        except (FileNotFoundError, ConnectionRefusedError):
            raise ReplicationFailed("The database does not run.") from None
        self = cls(reader, writer)
        try:
            words = ("user", user, "replication", "true", "application_name", application_name, "")
            body = struct.pack(">i", _PROTOCOL) + b"".join(word.encode() + b"\0" for word in words)
            writer.write(struct.pack(">i", len(body) + 4) + body)
            while True:
                kind, payload = await self._message()
                if kind == b"R" and struct.unpack(">i", payload[:4]) != (0,):
                    raise ReplicationFailed(
                        "The server asks for a password, which peer authentication does not."
                    )
                if kind == b"Z":
                    return self
        except BaseException:
            self.close()
            raise

    async def query(self, command: str) -> list[str | None]:
        """The first row of a replication command's answer; empty without one. Raises ReplicationFailed."""
        self._send(b"Q", command.encode() + b"\0")
        row: list[str | None] = []
        while True:
            kind, payload = await self._message()
            if kind == b"D" and not row:
                row = _columns(payload)
            if kind == b"Z":
                return row

    async def stream(self, slot: str, start: int, timeline: int) -> None:
        """Begin to receive WAL from `start`. Raises ReplicationFailed."""
        command = f"START_REPLICATION SLOT {slot} PHYSICAL {lsn_text(start)} TIMELINE {timeline}"
        self._send(b"Q", command.encode() + b"\0")
        kind, _ = await self._message()
        if kind != b"W":
            raise ReplicationFailed("The server did not begin to stream.")

    async def receive(self) -> Wal | Pulse:
        """What comes next. Raises ReplicationFailed when the stream ends."""
        while True:
            kind, payload = await self._message()
            if kind == b"d" and payload[:1] == b"w":
                (start,) = struct.unpack(">q", payload[1:9])
                return Wal(start, payload[25:])
            if kind == b"d" and payload[:1] == b"k":
                end, micros = struct.unpack(">qq", payload[1:17])
                return Pulse(end, micros / 1e6 + POSTGRES_EPOCH_S)
            if kind in (b"c", b"C"):
                raise ReplicationFailed("The server ended the stream.")

    def report(self, *, written: int, flushed: int, ask: bool) -> None:
        """Tell how far we are; with `ask` the server answers with a pulse.

        `flushed` 0 says nothing about what is durable, and leaves the slot where it is.
        """
        micros = int((time.time() - POSTGRES_EPOCH_S) * 1e6)
        self._send(b"d", b"r" + struct.pack(">qqqqB", written, flushed, 0, micros, ask))

    def close(self) -> None:
        self._writer.close()

    def _send(self, kind: bytes, payload: bytes) -> None:
        self._writer.write(kind + struct.pack(">i", len(payload) + 4) + payload)

    async def _message(self) -> tuple[bytes, bytes]:
        try:
            head = await self._reader.readexactly(5)
            (length,) = struct.unpack(">i", head[1:])
            if not 4 <= length <= MESSAGE_BYTES_MAX:
                raise ReplicationFailed("The server speaks something else than PostgreSQL's protocol.")
            payload = await self._reader.readexactly(length - 4)
        except asyncio.IncompleteReadError:
            raise ReplicationFailed("The server closed the connection.") from None
        if head[:1] == b"E":
            raise ReplicationFailed(f"The server says: {_error(payload)}.")
        return head[:1], payload


def _columns(payload: bytes) -> list[str | None]:
    (count,) = struct.unpack(">h", payload[:2])
    found: list[str | None] = []
    at = 2
    for _ in range(count):
        (length,) = struct.unpack(">i", payload[at : at + 4])
        at += 4
        found.append(None if length < 0 else payload[at : at + length].decode())
        at += max(length, 0)
    return found


def _error(payload: bytes) -> str:
    fields = {field[:1]: field[1:].decode(errors="replace") for field in payload.split(b"\0") if field}
    return fields.get(b"M", "an error without a message")
