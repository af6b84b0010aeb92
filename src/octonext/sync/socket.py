"""The WebSocket edge of `octonext.sync.v1`: frames in, frames out, and when to hang up.

One `TillSocket` per connection. What a frame means is the service's business; here are the limits,
the order of the conversation, and the promise that whatever one till does, only it is answered.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable
from typing import NoReturn

import msgspec
import structlog
from litestar import WebSocket, websocket
from litestar.exceptions import WebSocketDisconnect
from litestar.handlers import WebsocketRouteHandler

from octonext.base.clock import Clock
from octonext.edge.authentication import credential_in_request
from octonext.edge.flood import Inflow
from octonext.edge.refused_attempts import RefusedAttempts
from octonext.edge.request_context import shown_agent
from octonext.runtime.actor import Actor, address_of, device_actor
from octonext.shards.lane import ShardUnavailable

from .asking import REQUESTS, Request, answer
from .domain import START
from .feeding import DEFLATE, Feeding, cursors_of
from .hanging_up import (
    CLOSE_NORMAL,
    CLOSE_POLICY,
    CLOSE_PROTOCOL_ERROR,
    CLOSE_TRY_LATER,
    FATAL,
    HangUp,
    note_refusal,
)
from .messages import (
    FRAME_BYTES_MAX,
    HELLO_TIMEOUT_S,
    PROTOCOL,
    Challenge,
    DeltaAck,
    Drain,
    FromServer,
    FromTill,
    Hello,
    Nack,
    Ping,
    Pong,
    Push,
    Refused,
    ShardKey,
    Welcome,
    decode_from_till,
    encode,
)
from .metrics import SyncMetrics
from .service import ShardSync, TillSession
from .service.answers import STALE, overloaded
from .service.shard import (
    first_credits,
    shard_of,
    utc_ms,
)
from .service.sign_in import SignIns

log = structlog.get_logger(__name__)

#: Where tills connect.
PATH = "/sync/v1"
#: Random bytes of a challenge.
NONCE_BYTES = 32
#: How often a till should be heard; after three of these in silence it is hung up on.
HEARTBEAT_S = 20
SILENCE_MAX_S = 3 * HEARTBEAT_S
#: How long a till may leave our frames unread before it is hung up on.
SEND_TIMEOUT_S = 15
#: Connections one gateway process holds; one more is told that it is overloaded.
CONNECTIONS_MAX = 10_000
#: Over how long tills spread their reconnecting when a gateway goes away.
DRAIN_SPREAD_MS = 2_000


class SyncServer:
    """What every connection shares: the shards, the clock, and whether we are draining."""

    def __init__(
        self,
        shards: Iterable[ShardSync],
        *,
        clock: Clock,
        metrics: SyncMetrics,
        entropy: Callable[[int], bytes] = os.urandom,
        connections_max: int = CONNECTIONS_MAX,
        refused: RefusedAttempts | None = None,
        sign_ins: SignIns | None = None,
    ) -> None:
        self.shards = tuple(shards)
        self.sign_ins = sign_ins
        self.clock = clock
        self.entropy = entropy
        self.metrics = metrics
        self.refused = refused
        self.draining = asyncio.Event()
        self._connections: set[TillSocket] = set()
        self._connections_max = connections_max
        self._farewells: set[asyncio.Future[None]] = set()

    @property
    def connected(self) -> int:
        return len(self._connections)

    def tills_of(self, shard: ShardSync) -> list[tuple[int, int]]:
        """Return branch and device of each till of a shard that is connected and was welcomed."""
        return [till for each in self._connections if (till := each.till_of(shard)) is not None]

    def inflows(self) -> list[Inflow]:
        """Return what each connection has brought so far."""
        return [connection.inflow for connection in self._connections]

    def find(self, branch_id: int) -> ShardSync | Nack:
        """Return the shard of a branch, or why it cannot be told."""
        return shard_of(self.shards, branch_id)

    async def serve(self, socket: WebSocket) -> None:  # type: ignore[type-arg]
        """Hold one conversation to its end."""
        connection = TillSocket(socket, self)
        if len(self._connections) >= self._connections_max or self.draining.is_set():
            await connection.refuse("This gateway takes no more connections.")
            return
        self._connections.add(connection)
        try:
            await connection.converse()
        finally:
            self._connections.discard(connection)

    async def announce_key(self, shard: ShardSync) -> None:
        """Tell the connected tills of a shard that its sync key is another one now."""
        told = [each.tell_key(shard) for each in self._connections if each.shard is shard]
        await asyncio.gather(*told, return_exceptions=True)

    async def refresh(self, shard: ShardSync) -> None:
        """Bring a shard's mirror up to date, and end the connections of tills that head office has ended.

        Raises ShardUnavailable.
        """
        await shard.refresh()
        for device in shard.mirror.take_revoked():
            nack = Nack(reason="revoked", detail=device.ending)
            for each in self._connections:
                if each.till_of(shard) == (device.branch_id, device.device_id):
                    # not waited for: it may be one that does not read
                    task = asyncio.ensure_future(each.turn_away(nack))
                    self._farewells.add(task)
                    task.add_done_callback(self._farewells.discard)

    async def drain(self, deadline_s: float) -> None:
        """Ask every till to go elsewhere and wait until they have, `deadline_s` at most."""
        self.draining.set()
        end = self.clock.monotonic() + deadline_s
        while self._connections and self.clock.monotonic() < end:
            await asyncio.sleep(0.05)

    def resume(self) -> None:
        """Take connections again after a drain; who is still here from before stays asked to go."""
        self.draining = asyncio.Event()


class TillSocket:
    """One connection of one till."""

    def __init__(self, socket: WebSocket, server: SyncServer) -> None:  # type: ignore[type-arg]
        self._socket = socket
        self._server = server
        client = socket.scope["client"]
        # granian gives the port as text
        self.inflow = Inflow(None if client is None else (client[0], int(client[1])))
        self._ip = address_of(client)
        self._user_agent = shown_agent(socket.headers.get("user-agent"))
        #: Who the till says it is; whether that is true, the shard knows.
        self._hello: Hello | None = None
        #: Whether nothing more is taken from the till: it was revoked, or a delta could not be sent and the
        #: next one would never come.
        self._is_over = False
        #: Whose till this is; None until it has proven it.
        self.shard: ShardSync | None = None
        #: How long the till may still say nothing, while it is listened to.
        self._listening: asyncio.Timeout | None = None

    async def refuse(self, why: str) -> None:
        """Accept, say why not, and hang up: a browser shows no other refusal to its page."""
        await self._socket.accept(subprotocols=PROTOCOL)
        await self._send(Nack(reason="overloaded", detail=why, retry_after_ms=1000))
        await self._socket.close(code=CLOSE_TRY_LATER)

    async def converse(self) -> None:
        """Speak the protocol until either side is done."""
        try:
            await self._socket.accept(subprotocols=PROTOCOL)
            shard, session, feeding = await self._greet()
            connected = self._server.metrics.connected.labels(shard.shard_id)
            connected.inc()
            side = asyncio.ensure_future(self._speak_unasked(feeding))
            try:
                await self._listen(shard, session, feeding)
            finally:
                side.cancel()
                await asyncio.wait({side})
                connected.dec()
        except HangUp as end:
            await self._close(end.code)
        except (WebSocketDisconnect, TimeoutError, OSError, RuntimeError):
            # gone, silent or not reading: nothing to say to it, and nothing of ours is lost
            await self._close(CLOSE_POLICY)
        except asyncio.CancelledError:
            if not self._server.draining.is_set():
                raise

    async def tell_key(self, shard: ShardSync) -> None:
        """Send the shard's public key to a till that was welcomed before it was rotated."""
        await self._send(ShardKey(key=shard.public_key))

    def till_of(self, shard: ShardSync) -> tuple[int, int] | None:
        """Return the till's branch and device if it was welcomed and is one of this shard."""
        if self._hello is None or self.shard is not shard:
            return None
        return self._hello.branch, self._hello.device

    async def turn_away(self, nack: Nack) -> None:
        """Tell a till that its time is over, and hang up however much it still has to say."""
        self._is_over = True
        try:
            await self._nack(nack)
        except (WebSocketDisconnect, TimeoutError, OSError, RuntimeError):
            log.debug("revoked till was gone")
        finally:
            self._stop_listening()

    async def _greet(self) -> tuple[ShardSync, TillSession, Feeding]:
        nonce = self._server.entropy(NONCE_BYTES)
        now_ms = utc_ms(self._server.clock.now())
        await self._send(Challenge(nonce=nonce, server_time_ms=now_ms))
        hello = await self._receive(HELLO_TIMEOUT_S)
        if not isinstance(hello, Hello):
            await self._refuse_frame("The first frame must be hello.")
        self._hello = hello
        try:
            cursors = cursors_of(hello)
        except ValueError as error:
            await self._refuse_frame(str(error))
        found = self._server.find(hello.branch)
        if isinstance(found, Nack):
            await self._refuse(found)
        try:
            session = await found.open_session(hello, nonce, ip=self._ip, user_agent=self._user_agent)
        except ShardUnavailable as error:
            await self._refuse(overloaded(error))
        if isinstance(session, Nack):
            await self._refuse(session)
        if session.is_restored:
            cursors = dict.fromkeys(cursors, START)
        self.inflow.is_known = True
        self.shard = found
        device = found.mirror.device(hello.device)
        if device is not None and device.status == "revoked":  # meanwhile
            await self._refuse(Nack(reason="revoked", detail=device.ending))
        await self._send(
            Welcome(
                acked=session.acked,
                credits=first_credits(),
                heartbeat_s=HEARTBEAT_S,
                server_time_ms=utc_ms(self._server.clock.now()),
                shard_key=found.public_key,
            )
        )
        packed = DEFLATE in hello.accepts
        return found, session, Feeding(found, session, cursors, packed=packed, send=self._send)

    async def _listen(self, shard: ShardSync, session: TillSession, feeding: Feeding) -> None:
        while True:
            message = await self._receive(SILENCE_MAX_S)
            if isinstance(message, Push):
                await self._answer_push(shard, session, message)
            elif isinstance(message, REQUESTS):
                await self._answer_request(shard, session, message)
            elif isinstance(message, DeltaAck):
                if not feeding.stored(message):
                    await self._refuse_frame("delta_ack does not name the delta that was sent.")
            elif isinstance(message, Ping):
                await self._send(Pong())
            elif isinstance(message, Hello):
                await self._refuse_frame("hello was said already.")

    async def _answer_push(self, shard: ShardSync, session: TillSession, push: Push) -> None:
        try:
            answer = await shard.push(session, push)
        except ShardUnavailable as error:
            answer = overloaded(error)
        if isinstance(answer, Nack):
            # a push with a bad signature may be sent again on the same connection
            if answer.reason in FATAL - {"bad_signature"} or answer is STALE:
                await self._refuse(answer)
            await self._nack(answer)
        else:
            await self._send(answer)

    async def _answer_request(self, shard: ShardSync, session: TillSession, request: Request) -> None:
        assert self._hello is not None  # there is a session
        of, app = (session.device_id, session.public_spki), self._hello.app
        actor = device_actor(*of, app=app, ip=self._ip, user_agent=self._user_agent)
        result = await answer(self._server.sign_ins, shard, session, request, actor)
        if isinstance(result, Nack):
            await self._refuse(result)
        if isinstance(result, Refused):
            self._server.metrics.refused.labels(result.reason).inc()
        await self._send(result)

    async def _speak_unasked(self, feeding: Feeding) -> None:
        """Send what the till did not ask for: deltas while there are any, drain at the end."""
        deltas = asyncio.ensure_future(self._keep_current(feeding))
        try:
            # whether or not there is anything to send meanwhile: some tills want no feed
            await self._server.draining.wait()
            await self._send(Drain(spread_ms=DRAIN_SPREAD_MS))
            await deltas
        finally:
            deltas.cancel()
            await asyncio.wait({deltas})

    async def _keep_current(self, feeding: Feeding) -> None:
        """Send deltas; a till that could not be given one is hung up on, or it would wait for ever."""
        try:
            await feeding.run()
        except Exception as error:  # noqa: BLE001 - whatever it is, the next connection begins anew
            log.info("delta not sent", error=type(error).__name__)
            self._is_over = True
            self._stop_listening()

    def _stop_listening(self) -> None:
        if self._listening is not None:
            self._listening.reschedule(asyncio.get_running_loop().time())

    async def _receive(self, timeout_s: float) -> FromTill:
        if self._is_over:
            raise HangUp(CLOSE_TRY_LATER)
        async with asyncio.timeout(timeout_s) as self._listening:
            event = await self._socket.receive()
        self._listening = None
        if event["type"] != "websocket.receive":
            raise HangUp(CLOSE_NORMAL)
        frame = event.get("text")
        if frame is None:
            await self._refuse_frame("Frames are text, not binary.")
        self.inflow.delivered(len(frame))
        if len(frame) > FRAME_BYTES_MAX or (not frame.isascii() and len(frame.encode()) > FRAME_BYTES_MAX):
            await self._refuse_frame(f"A frame holds {FRAME_BYTES_MAX} bytes at most.")
        try:
            return decode_from_till(frame)
        except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
            await self._refuse_frame(str(error))

    async def _refuse_frame(self, detail: str) -> NoReturn:
        await self._refuse(Nack(reason="bad_frame", detail=detail[:300]))

    async def _refuse(self, nack: Nack) -> NoReturn:
        """Say why, and hang up."""
        await self._nack(nack)
        raise HangUp(CLOSE_TRY_LATER if nack.reason == "overloaded" else CLOSE_PROTOCOL_ERROR)

    async def _nack(self, nack: Nack) -> None:
        self._server.metrics.refused.labels(nack.reason).inc()
        stranger = Actor(kind="anonymous", id="", ip=self._ip, user_agent=self._user_agent)
        is_known = self.shard is not None
        note_refusal(self._server.refused, nack, self._hello, is_known=is_known, stranger=stranger)
        await self._send(nack)

    async def _send(self, message: FromServer) -> None:
        async with asyncio.timeout(SEND_TIMEOUT_S):
            await self._socket.send_data(encode(message).decode(), mode="text")

    async def _close(self, code: int) -> None:
        try:
            async with asyncio.timeout(1):
                await self._socket.close(code=code)
        except (Exception, asyncio.CancelledError):  # noqa: BLE001 - it is gone either way
            log.debug("close after the end")


def routes() -> list[WebsocketRouteHandler]:
    """Return the handlers; the application's state must hold `sync: SyncServer`."""

    @websocket(PATH, opt=credential_in_request())
    async def sync(socket: WebSocket) -> None:  # type: ignore[type-arg]
        server: SyncServer = socket.app.state["sync"]
        await server.serve(socket)

    return [sync]
