"""Drives a till's `Connection` over a WebSocket: carries its commands out, tells it what happened.

One task per till. Everything that is decided is decided in `octonext.till.domain.connection`.
"""

from __future__ import annotations

import asyncio
import random
import ssl
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, suppress

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException
from websockets.typing import Subprotocol

from octonext.base.clock import Clock, SystemClock
from octonext.crypto.errors import InvalidKey
from octonext.crypto.signature import load_public, private_from_der
from octonext.sync.messages import (
    FRAME_BYTES_MAX,
    PROTOCOL,
    FromTill,
    decode_from_server,
    encode,
)
from octonext.till.domain.catalogue import Row
from octonext.till.domain.connection import Connection, State
from octonext.till.domain.pen import Place
from octonext.till.domain.steps import (
    Alarm,
    AlarmReason,
    Appended,
    Close,
    Command,
    Connect,
    Connected,
    Disconnected,
    Event,
    Garbled,
    MarkAcked,
    NetworkReturned,
    OutboxRead,
    ReadOutbox,
    Received,
    Send,
    SendHello,
    SendPush,
    StoreDelta,
    StoreShardKey,
    Ticked,
)
from octonext.till.store import Journal

from .frames import build_hello, build_push

PATH = "/sync/v1"
REFERENCE_FEED = "reference"
#: What a till says it is.
APP = "octonext-till-python"
SEND_TIMEOUT_S = 15.0
CLOSE_TIMEOUT_S = 2.0
OPEN_TIMEOUT_S = 15.0
#: An alarm names so many bad rows; the rest it counts.
ROWS_NAMED = 10


class Link:
    """The line between one journal and its shard.

    `urls` are the gateways' `https://host:port`; each connection goes to the next one, because what
    ended the last may be a gateway that hangs, or that is going away. Without
    `reference` the till asks for no reference data. `on_stored` hears of rows that are in the journal;
    `on_acked` hears of every ack and how many seconds its push was on the way. `start_after_s` spreads
    the first connections of many tills. `dial` opens a WebSocket; a simulator brings its own.
    """

    def __init__(
        self,
        journal: Journal,
        *,
        urls: Sequence[str],
        context: ssl.SSLContext,
        clock: Clock | None = None,
        fraction: Callable[[], float] = random.random,
        reference: bool = True,
        start_after_s: float = 0.0,
        dial: Callable[..., AbstractAsyncContextManager[ClientConnection]] = connect,
        on_stored: Callable[[Sequence[Row]], None] | None = None,
        on_acked: Callable[[MarkAcked, float], None] | None = None,
    ) -> None:
        self.journal = journal
        #: Why the last connection ended or could not be made, for people.
        self.last_failure = ""
        self._urls = [_websocket_url(url) for url in urls]
        self._url_at = journal.identity.device_id - 1  # Of many tills each gateway gets its share.
        self._context = context
        self._clock = clock or SystemClock()
        self._reference = reference
        self._dial = dial
        self._on_stored = on_stored
        self._on_acked = on_acked
        self._private = private_from_der(journal.identity.device_key)
        self._events: asyncio.Queue[tuple[int, Event]] = asyncio.Queue()
        self._attempt = 0
        self._socket: ClientConnection | None = None
        self._reader: asyncio.Task[None] | None = None
        self._closing: set[asyncio.Task[None]] = set()
        self._cut = False
        self._pushed_at = 0.0
        self.connection = Connection(
            head_seq=journal.place.seq,
            acked_seq=journal.acked.seq,
            random=fraction,
            now=self._clock.monotonic() + start_after_s,
        )

    # --- what others tell it -----------------------------------------------------------------

    def appended(self) -> None:
        """The journal grew. Call it on the loop's own thread."""
        self._tell(Appended(self._clock.monotonic(), self.journal.place.seq))

    def cut(self) -> None:
        """Take the network away: the line goes dead at once and stays so."""
        self._cut = True
        if self._socket is not None:
            self._socket.transport.abort()

    def restore(self) -> None:
        """Give the network back."""
        if self._cut:
            self._cut = False
            self._tell(NetworkReturned(self._clock.monotonic()))

    @property
    def is_cut(self) -> bool:
        """Whether the network was taken away."""
        return self._cut

    async def run(self) -> None:
        """Keep the till in step until the task is cancelled or the machine stops for good."""
        try:
            while self.connection.state is not State.STOPPED:
                await self._carry_out(self.connection.handle(await self._next_event()))
        finally:
            await self._leave()

    # --- events ------------------------------------------------------------------------------

    def _tell(self, event: Event, attempt: int | None = None) -> None:
        self._events.put_nowait((self._attempt if attempt is None else attempt, event))

    async def _next_event(self) -> Event:
        while True:
            deadline = self.connection.deadline
            wait_s = None if deadline is None else max(0.0, deadline - self._clock.monotonic())
            try:
                async with asyncio.timeout(wait_s):
                    attempt, event = await self._events.get()
            except TimeoutError:
                return Ticked(self._clock.monotonic())
            # What an earlier connection still had to say means nothing to this one.
            if attempt == self._attempt or isinstance(event, Appended | NetworkReturned):
                return event

    async def _read(self, attempt: int) -> None:
        """Open the connection and turn what arrives into events, until it ends."""
        try:
            if self._cut:
                raise OSError("the network is cut")
            async with self._dial(
                self._urls[self._url_at],
                ssl=self._context,
                subprotocols=[Subprotocol(PROTOCOL)],
                compression=None,
                max_size=FRAME_BYTES_MAX,
                open_timeout=OPEN_TIMEOUT_S,
                close_timeout=CLOSE_TIMEOUT_S,
                ping_interval=None,
                proxy=None,
            ) as socket:
                if attempt != self._attempt:
                    return
                self._socket = socket
                self._tell(Connected(self._clock.monotonic()), attempt)
                async for frame in socket:
                    self._tell(self._parse(frame), attempt)
                self.last_failure = f"the gateway closed the connection ({socket.close_code})"
        except (OSError, WebSocketException, TimeoutError, EOFError) as error:
            self.last_failure = str(error) or type(error).__name__
        finally:
            self._tell(Disconnected(self._clock.monotonic()), attempt)

    def _parse(self, frame: str | bytes) -> Event:
        now = self._clock.monotonic()
        try:
            return Received(now, decode_from_server(frame))
        except msgspec.DecodeError as error:
            return Garbled(now, str(error))

    # --- commands ----------------------------------------------------------------------------

    async def _carry_out(self, commands: Sequence[Command]) -> None:
        pending = list(commands)
        while pending:
            pending += await self._do(pending.pop(0))

    async def _do(self, command: Command) -> list[Command]:
        match command:
            case Connect():
                self._open()
            case Close():
                self._hang_up()
            case SendHello(nonce):
                await self._send(self._hello(nonce))
            case SendPush():
                await self._push(command)
            case Send(message):
                await self._send(message)
            case ReadOutbox(after, limit):
                own_hash, key_id, entries = self.journal.outgoing(after, limit)
                now = self._clock.monotonic()
                return self.connection.handle(OutboxRead(now, after, own_hash, key_id, entries))
            case MarkAcked(seq, own_hash, first, outcomes):
                self.journal.mark_acked(seq, own_hash, first, outcomes)
                if self._on_acked is not None:
                    self._on_acked(command, self._clock.monotonic() - self._pushed_at)
            case StoreDelta():
                self._store(command)
            case StoreShardKey(key):
                self._store_shard_key(key)
            case Alarm(reason, detail):
                self.last_failure = detail
                self.journal.raise_alarm(self._clock.now(), reason, detail)
        return []

    def _open(self) -> None:
        self._url_at = (self._url_at + 1) % len(self._urls)
        self._attempt += 1
        self._reader = asyncio.create_task(self._read(self._attempt))

    def _hang_up(self) -> None:
        """End the connection without waiting for it: a dead line would not answer."""
        self._attempt += 1  # Whatever it still says is not for the machine any more.
        reader, socket, self._reader, self._socket = self._reader, self._socket, None, None
        if reader is None:
            return
        closing = asyncio.create_task(_end(reader, socket))
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)

    async def _push(self, command: SendPush) -> None:
        entries = self.journal.entries(command.first, command.last)
        keys = [key for key in map(self.journal.key, command.key_ids) if key is not None]
        self._pushed_at = self._clock.monotonic()
        await self._send(
            build_push(
                self._private,
                device=self.journal.identity.device_id,
                prev=command.prev,
                entries=entries,
                keys=keys,
            )
        )

    def _hello(self, nonce: bytes) -> FromTill:
        identity, acked = self.journal.identity, self.journal.acked
        return build_hello(
            self._private,
            nonce=nonce,
            device=identity.device_id,
            branch=identity.branch_id,
            head=self.journal.place,
            acked=Place(acked.seq, acked.hash) if acked.seq else None,
            cursors=self._cursors(),
            app=APP,
            clock_ms=int(self._clock.now().timestamp() * 1000),
        )

    def _cursors(self) -> Mapping[str, str]:
        if not self._reference:
            return {}
        return {REFERENCE_FEED: self.journal.reference.cursors().get(REFERENCE_FEED, "")}

    def _store(self, delta: StoreDelta) -> None:
        stored = self.journal.reference.store(delta.feed, delta.cursor, delta.rows)
        if stored.skipped:
            named = ", ".join(f"{row.kind} {row.key}" for row in stored.skipped[:ROWS_NAMED])
            more = len(stored.skipped) - ROWS_NAMED
            detail = f"reference rows that this till cannot read were left out: {named}"
            detail += f" and {more} more" if more > 0 else ""
            self.journal.raise_alarm(self._clock.now(), AlarmReason.BAD_REFERENCE, detail)
        if self._on_stored is not None:
            self._on_stored(stored.rows)

    def _store_shard_key(self, key: bytes) -> None:
        if key == self.journal.identity.shard_public_key:
            return
        try:
            load_public(key)
        except InvalidKey as error:
            # The key that it has still works: the shard keeps every generation.
            self.journal.raise_alarm(self._clock.now(), AlarmReason.BAD_SHARD_KEY, error.message)
        else:
            self.journal.store_shard_key(key)

    async def _send(self, message: FromTill) -> None:
        socket = self._socket
        if socket is None:
            return
        try:
            async with asyncio.timeout(SEND_TIMEOUT_S):
                await socket.send(encode(message), text=True)
        except TimeoutError:
            # The other side does not read; the reader sees the end and tells the machine.
            socket.transport.abort()
        except (WebSocketException, OSError):
            pass  # The reader sees the end of the connection too.

    async def _leave(self) -> None:
        self._hang_up()
        if self._closing:
            await asyncio.wait(self._closing)


async def _end(reader: asyncio.Task[None], socket: ClientConnection | None) -> None:
    if socket is not None:
        with suppress(OSError, WebSocketException, TimeoutError):
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await socket.close()
    reader.cancel()
    with suppress(asyncio.CancelledError, Exception):
        await reader


def _websocket_url(url: str) -> str:
    return "wss://" + url.rstrip("/").removeprefix("https://") + PATH
