"""A till's end of the line that costs next to nothing: real TLS and hello, pushes encoded ahead of time."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException
from websockets.typing import Subprotocol

from octonext.crypto.chain import GENESIS
from octonext.sync.messages import (
    FRAME_BYTES_MAX,
    PROTOCOL,
    Ack,
    Challenge,
    FromServer,
    Head,
    Nack,
    Pong,
    Welcome,
    decode_from_server,
    encode,
)
from octonext.sync.socket import PATH

from .load import PreparedTill

#: A shard that was only just told of a till, or a gateway that is full, says so and is asked again.
PATIENT_S = 60.0
PAUSE_S = 0.1
HEARTBEAT_S = 15.0
OPEN_TIMEOUT_S = 30.0
START = Head(0, GENESIS)


class Refused(RuntimeError):
    """The gateway said no, or hung up."""


@dataclass(slots=True)
class Conversation:
    """One connection that said hello and was welcomed."""

    socket: ClientConnection

    async def push(self, frame: str) -> Ack | Nack:
        """Send a prepared push; its answer. Raises Refused when the connection ends."""
        try:
            await self.socket.send(frame)
            while True:
                answer = await self._receive()
                if isinstance(answer, Ack | Nack):
                    return answer
                await self.socket.send(encode(Pong()).decode())
        except WebSocketException as error:
            raise Refused(f"the connection ended: {error}") from error

    async def keep(self) -> None:
        """Stay, silent but for heartbeats, until the gateway hangs up."""
        heartbeat = encode(Pong()).decode()
        try:
            while True:
                await asyncio.sleep(HEARTBEAT_S)
                await self.socket.send(heartbeat)
        except WebSocketException as error:
            raise Refused(f"the connection ended: {error}") from error

    async def close(self) -> None:
        """Hang up without waiting for the other side."""
        self.socket.transport.abort()

    async def _receive(self) -> FromServer:
        return decode_from_server(await self.socket.recv())


async def greet(url: str, context: ssl.SSLContext, till: PreparedTill, head: Head = START) -> Conversation:
    """Connect and say hello as `till`, whose journal ends at `head`; tried again for PATIENT_S.

    Raises Refused.
    """
    loop = asyncio.get_running_loop()
    ends = loop.time() + PATIENT_S
    while True:
        try:
            return await _greet(url, context, till, head)
        except (OSError, TimeoutError, WebSocketException, Refused) as error:
            if loop.time() > ends:
                raise Refused(f"till {till.device} was not welcomed: {error}") from error
        await asyncio.sleep(PAUSE_S)


async def plain(url: str, context: ssl.SSLContext) -> Conversation:
    """Connect and say nothing. Raises OSError, WebSocketException."""
    return Conversation(await _connect(url, context))


async def _connect(url: str, context: ssl.SSLContext) -> ClientConnection:
    return await connect(
        "wss://" + url.removeprefix("https://") + PATH,
        ssl=context,
        subprotocols=[Subprotocol(PROTOCOL)],
        compression=None,
        max_size=FRAME_BYTES_MAX,
        open_timeout=OPEN_TIMEOUT_S,
        ping_interval=None,
        proxy=None,
    )


async def _greet(url: str, context: ssl.SSLContext, till: PreparedTill, head: Head) -> Conversation:
    socket = await _connect(url, context)
    try:
        challenge = decode_from_server(await socket.recv())
        if not isinstance(challenge, Challenge):
            raise Refused(f"no challenge but {challenge}")
        await socket.send(encode(till.hello(challenge.nonce, head)).decode())
        answer = decode_from_server(await socket.recv())
        if not isinstance(answer, Welcome):
            raise Refused(str(answer))
    except BaseException:
        socket.transport.abort()
        raise
    return Conversation(socket)
