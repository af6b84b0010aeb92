"""A line below WebSocket's manners: TLS (or bare TCP) on which any byte may be sent, at any pace."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

from octonext.sync.messages import PROTOCOL, Challenge, FromTill, decode_from_server, encode

from .raw_till import DEADLINE_S, PATH, RawTill

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
_MASK = b"\0\0\0\0"
#: Small, so that whoever does not read is soon in the way of who writes.
_RECEIVE_BUFFER_BYTES = 4096
_POLL_S = 0.1
#: In the fourth column of /proc/net/tcp.
_ESTABLISHED = "01"


def upgrade(host: str, *, protocol: str = PROTOCOL) -> bytes:
    """The request that begins a WebSocket, without the empty line at its end."""
    return (
        f"GET {PATH} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
        f"Sec-WebSocket-Protocol: {protocol}\r\n"
    ).encode()


def frame(opcode: int, payload: bytes, *, is_last: bool = True) -> bytes:
    """One frame of a client, masked with zeros."""
    head = bytes([opcode | (0x80 if is_last else 0)])
    return head + length_of(len(payload)) + _MASK + payload


def length_of(size: int) -> bytes:
    """The length of a masked frame."""
    if size < 126:
        return bytes([0x80 | size])
    return b"\xfe" + size.to_bytes(2, "big") if size < 65536 else b"\xff" + size.to_bytes(8, "big")


class WildLine:
    """What the gateway sends is read only when asked for."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str) -> None:
        self.host = host
        self._reader = reader
        self._writer = writer
        #: The other side's and our own.
        self._ports = tuple(writer.get_extra_info(name)[1] for name in ("peername", "sockname"))

    async def send(self, data: bytes) -> None:
        """Raises OSError when the other side has hung up."""
        self._writer.write(data)
        await self._writer.drain()

    async def receive(self) -> bytes:
        """The payload of the next frame of the server, which are all short and whole."""
        async with asyncio.timeout(DEADLINE_S):
            size = (await self._reader.readexactly(2))[1]
            if size == 126:
                size = int.from_bytes(await self._reader.readexactly(2), "big")
            return await self._reader.readexactly(size)

    async def begin(self, *, protocol: str = PROTOCOL) -> Challenge:
        """Become a WebSocket; the challenge."""
        await self.send(upgrade(self.host, protocol=protocol) + b"\r\n")
        async with asyncio.timeout(DEADLINE_S):
            await self._reader.readuntil(b"\r\n\r\n")
        challenge = decode_from_server(await self.receive())
        assert isinstance(challenge, Challenge)
        return challenge

    async def hello(self, till: RawTill) -> bytes:
        """Say hello; the answer."""
        challenge = await self.begin()
        await self.say(till.hello(challenge.nonce))
        return await self.receive()

    async def say(self, message: FromTill) -> None:
        await self.send(frame(TEXT, encode(message)))

    async def until_hung_up_on(self, timeout_s: float = DEADLINE_S) -> bytes:
        """All that the other side still says before it hangs up. Raises TimeoutError if it does not."""
        heard = bytearray()
        async with asyncio.timeout(timeout_s):
            with contextlib.suppress(OSError):
                while data := await self._reader.read(65536):
                    heard += data
        return bytes(heard)

    async def drip(self, data: bytes, every_s: float = 0.5) -> None:
        """Send `data` over and over, one piece at a time, until the other side hangs up."""
        with contextlib.suppress(OSError):
            while not self._writer.is_closing():
                await self.send(data)
                await asyncio.sleep(every_s)

    def _is_held(self) -> bool:
        """Whether the other side, on this machine, has not closed its end."""
        for row in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]:
            _, local, remote, state, *_ = row.split()
            ports = tuple(int(end.partition(":")[2], 16) for end in (local, remote))
            if ports == self._ports:
                return state == _ESTABLISHED
        return False

    async def flood(self, data: bytes, timeout_s: float = DEADLINE_S) -> None:
        """Send `data` over and over and read nothing until it is hung up on. Raises TimeoutError."""

        async def send_on() -> None:
            with contextlib.suppress(OSError):
                while True:
                    await self.send(data)
                    # On a line that just broke, neither write nor drain ever waits.
                    await asyncio.sleep(0)

        sending = asyncio.create_task(send_on())
        try:
            async with asyncio.timeout(timeout_s):
                # Who does not read sees no goodbye either, so the other side's own socket is looked at.
                while self._is_held() and not (sending.done() or self._writer.is_closing()):
                    await asyncio.sleep(_POLL_S)
        finally:
            sending.cancel()


@contextlib.asynccontextmanager
async def wild_line(url: str, tls: ssl.SSLContext | None) -> AsyncIterator[WildLine]:
    """A line to the gateway at `url` (`https://host:port`), bare TCP without `tls`."""
    parts = urlsplit(url)
    assert parts.hostname is not None
    with socket.socket() as plain:
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER_BYTES)
        plain.setblocking(False)
        await asyncio.get_running_loop().sock_connect(plain, (parts.hostname, parts.port))
        reader, writer = await asyncio.open_connection(
            sock=plain, ssl=tls, server_hostname=parts.hostname if tls else None, limit=65536
        )
        try:
            yield WildLine(reader, writer, f"{parts.hostname}:{parts.port}")
        finally:
            writer.transport.abort()
