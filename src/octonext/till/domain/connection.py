"""The till's side of `octonext.sync.v1` as a machine: events in, commands out, nothing else.

It holds no entry, no key and no clock: it decides *what* to do next, and its driver does it. So one
machine serves the command line, a fleet of thousands, the server's tests and a simulator.

    WAITING --deadline--> CONNECTING --connected--> GREETING --challenge--> PROVING --welcome--> ONLINE
       ^                      |                        |                       |                   |
       +------------------ disconnected ---------------+-----------------------+-------------------+
    any --fork, revoked, fenced thrice, ...--> STOPPED (a person decides)

One push is on the way at a time: a push is one transaction at the shard, so a second one could only
wait behind it, and a refusal never leaves later pushes in the air.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from octonext.crypto.chain import same_hash
from octonext.sync.messages import (
    Ack,
    Challenge,
    Delta,
    DeltaAck,
    Drain,
    FromServer,
    Nack,
    Ping,
    Pong,
    ShardKey,
    Welcome,
)

from .attempt import (
    DRAIN_PATIENCE_S,
    HANDSHAKE_S,
    OVERLOADED_S,
    PROGRESS_S,
    REFUSALS_MAX,
    Attempt,
    Backoff,
    Grudge,
)
from .outbox import WINDOW_ENTRIES, TooLarge
from .steps import (
    STOPPING,
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
    forked_at,
    out_of_reach,
    went_back,
)


class State(StrEnum):
    """Where the connection stands."""

    WAITING = "waiting"
    CONNECTING = "connecting"
    GREETING = "greeting"
    PROVING = "proving"
    ONLINE = "online"
    STOPPED = "stopped"


class Connection:
    """One till's connection, over all its attempts.

    `head_seq` and `acked_seq` are what the journal says at the start; `random` gives numbers in
    [0, 1). Give every event to `handle` and carry out what it returns; call it with `Ticked` when
    `deadline` has come.
    """

    def __init__(self, *, head_seq: int, acked_seq: int, random: Callable[[], float], now: float) -> None:
        self.state = State.WAITING
        self.stopped: Alarm | None = None
        self.head_seq = head_seq
        self.acked_seq = acked_seq
        #: The server has said that it has no more rows for now.
        self.feeds_current = False
        self._backoff = Backoff(random)
        self._retry_at = now
        #: A server asked not to be tried before this.
        self._not_before = now
        self._refusals = 0
        self._grudge = Grudge()
        self._at = Attempt(now, now, now)

    @property
    def backlog(self) -> int:
        """Entries in the journal that the shard has not acknowledged."""
        return self.head_seq - self.acked_seq

    @property
    def drained(self) -> bool:
        """Online, compared with the shard, and the shard holds the whole journal."""
        return self.state is State.ONLINE and self.backlog == 0 and self._at.reading is None

    @property
    def deadline(self) -> float | None:
        """When to call `handle(Ticked(...))` at the latest; None when the machine has stopped."""
        at = self._at
        match self.state:
            case State.STOPPED:
                return None
            case State.WAITING:
                return self._retry_at
            case State.CONNECTING | State.GREETING | State.PROVING:
                return at.begun_at + HANDSHAKE_S
            case State.ONLINE:
                candidates = [at.heard_at + (2 if at.pinged else 1) * at.heartbeat_s]
                if self.backlog:
                    candidates.append(at.progress_at + PROGRESS_S)
                candidates += [time for time in (at.push_not_before, at.drain_at) if time is not None]
                return min(candidates)

    def handle(self, event: Event) -> list[Command]:
        """What to do now. An event that makes no sense in this state is answered with nothing."""
        if isinstance(event, Appended):
            return self._appended(event.now, event.head_seq)
        if self.state is State.STOPPED:
            return []
        match event:
            case Connected(now):
                return self._connected(now)
            case Received(now, message):
                return self._received(now, message)
            case Garbled(now, detail):
                return self._garbled(now, detail)
            case Disconnected(now):
                return self._disconnected(now)
            case Ticked(now):
                return self._ticked(now)
            case NetworkReturned(now):
                if self.state is State.WAITING:
                    soon = max(self._not_before, now + self._backoff.hint_s())
                    self._retry_at = min(self._retry_at, soon)
                return []
            case OutboxRead():
                return self._outbox_read(event)

    # --- time and the line -------------------------------------------------------------------

    def _connected(self, now: float) -> list[Command]:
        if self.state is not State.CONNECTING:
            return [Close()]
        self.state = State.GREETING
        self._at.begun_at = self._at.heard_at = now
        return []

    def _disconnected(self, now: float) -> list[Command]:
        if self.state is State.WAITING:
            return []
        if self._at.drain_at is not None:
            self._wait_until(now, now + self._backoff.spread_s(self._at.drain_spread_s))
        else:
            self._back_off(now)
        return []

    def _ticked(self, now: float) -> list[Command]:
        match self.state:
            case State.WAITING:
                if now < self._retry_at:
                    return []
                self.state = State.CONNECTING
                self._at = Attempt(now, now, now)
                return [Connect()]
            case State.ONLINE:
                return self._ticked_online(now)
            case _:
                return self._reconnect(now) if now >= self._at.begun_at + HANDSHAKE_S else []

    def _ticked_online(self, now: float) -> list[Command]:
        at = self._at
        if at.drain_at is not None and now >= at.drain_at:
            return self._finish_drain(now)
        if self.backlog and now >= at.progress_at + PROGRESS_S:
            detail = f"{self.backlog} entries wait and none was acknowledged for {PROGRESS_S:.0f} s"
            return [Alarm(AlarmReason.NO_PROGRESS, detail, stopped=False), *self._reconnect(now)]
        if now >= at.heard_at + 2 * at.heartbeat_s:
            return self._reconnect(now)
        commands: list[Command] = []
        if now >= at.heard_at + at.heartbeat_s and not at.pinged:
            at.pinged = True
            commands.append(Send(Ping()))
        return commands + self._send_next(now)

    def _appended(self, now: float, head_seq: int) -> list[Command]:
        if self.backlog == 0:
            self._at.progress_at = now
        self.head_seq = max(self.head_seq, head_seq)
        return self._send_next(now) if self.state is State.ONLINE else []

    # --- what the server says ----------------------------------------------------------------

    def _received(self, now: float, message: FromServer) -> list[Command]:
        if self.state in (State.WAITING, State.CONNECTING):
            return []
        self._at.heard_at = now
        self._at.pinged = False
        match message:
            case Ping():
                return [Send(Pong())]
            case Pong():
                return []
            case ShardKey(key):
                return [StoreShardKey(key)]
            case Nack():
                return self._nacked(now, message)
            case Drain(spread_ms):
                self._at.drain_spread_s = max(0, spread_ms) / 1000
                self._at.drain_at = now + DRAIN_PATIENCE_S
                return [] if self._at.on_the_way is not None else self._finish_drain(now)
            case Challenge(nonce) if self.state is State.GREETING:
                self.state = State.PROVING
                self._at.begun_at = now
                return [SendHello(nonce)]
            case Welcome() if self.state is State.PROVING:
                return self._welcomed(now, message)
            case Ack() if self.state is State.ONLINE and message.acked.seq >= self.acked_seq:
                return self._acked(now, message)
            case Delta() if self.state is State.ONLINE:
                self.feeds_current = not message.more
                stored = StoreDelta(message.feed, message.cursor, message.rows, message.more)
                return [stored, Send(DeltaAck(feed=message.feed, cursor=message.cursor))]
            case _:
                return self._garbled(now, f"{type(message).__name__.lower()} out of turn")

    def _welcomed(self, now: float, welcome: Welcome) -> list[Command]:
        self.state = State.ONLINE
        self._grudge.welcomed()
        self._at.welcomed(now, welcome)
        news: list[Command] = [] if welcome.shard_key is None else [StoreShardKey(welcome.shard_key)]
        return news + self._read_outbox(welcome.acked.seq)

    def _acked(self, now: float, ack: Ack) -> list[Command]:
        at = self._at
        at.outbox.grant(ack.credits)
        at.on_the_way = None
        self._refusals = self._grudge.fenced = 0
        own = at.outbox.own_hash(ack.acked.seq)
        if own is None:
            # Beyond what is in view: compare with the journal itself.
            at.shard_head = (ack.acked.seq, ack.acked.hash)
            return self._read_outbox(ack.acked.seq)
        if not same_hash(own, ack.acked.hash):
            return self._stop(AlarmReason.FORKED, forked_at(ack.acked.seq))
        at.outbox.advance(ack.acked.seq)
        if ack.acked.seq > self.acked_seq:
            self.acked_seq = ack.acked.seq
            at.progress_at = now
        return [MarkAcked(ack.acked.seq, own, ack.first, tuple(ack.outcomes)), *self._send_next(now)]

    def _nacked(self, now: float, nack: Nack) -> list[Command]:
        at = self._at
        if at.on_the_way is not None:
            at.outbox.take_back(at.on_the_way)
            at.on_the_way = None
        match nack.reason:
            case "fenced" if not self._grudge.is_fenced_off():
                return self._reconnect(now)
            case "fork" | "fenced" | "revoked" | "bad_chain":
                return self._stop(STOPPING[nack.reason], nack.detail)
            case "unknown_device":
                self._not_before = now + max(0, nack.retry_after_ms or 0) / 1000
                return [*self._grudge.unknown(now, nack.detail), *self._reconnect(now)]
            case "bad_frame":
                return self._garbled(now, nack.detail)
            case "overloaded":
                return self._overloaded(now, nack.retry_after_ms)
            case "bad_signature":
                return self._again(now, at.outbox.seq, AlarmReason.BAD_SIGNATURE, nack.detail)
            case "unknown_key":
                at.outbox.require_keys(nack.key_ids)
                return self._again(now, at.outbox.seq, AlarmReason.UNKNOWN_KEY, nack.detail)
            case "gap" if nack.expected is not None and nack.expected <= self.acked_seq:
                return self._reconnect(now)  # Restored under our feet: a new hello says so and opens a case.
            case "gap":
                after = self.acked_seq if nack.expected is None else max(0, nack.expected - 1)
                return self._again(now, after, None, nack.detail)

    def _overloaded(self, now: float, retry_after_ms: int | None) -> list[Command]:
        wait_s = OVERLOADED_S if retry_after_ms is None else max(0, retry_after_ms) / 1000
        if self.state is not State.ONLINE:
            self._not_before = now + wait_s
            return self._reconnect(now)
        self._at.push_not_before = now + wait_s
        return self._finish_drain(now) if self._at.drain_at is not None else []

    def _again(self, now: float, after: int, give_up: AlarmReason | None, detail: str) -> list[Command]:
        """Read and push again from `after`; the third time in a row stop (or reconnect, for None)."""
        self._refusals += 1
        if self._refusals >= REFUSALS_MAX and give_up is not None:
            return self._stop(give_up, detail)
        if self._refusals >= REFUSALS_MAX or self.state is not State.ONLINE:
            return self._reconnect(now)
        return self._finish_drain(now) if self._at.drain_at is not None else self._read_outbox(after)

    def _garbled(self, now: float, detail: str) -> list[Command]:
        return [Alarm(AlarmReason.BAD_FRAME, detail, stopped=False), *self._reconnect(now)]

    # --- sending -----------------------------------------------------------------------------

    def _read_outbox(self, after: int) -> list[Command]:
        self._at.reading = after
        return [ReadOutbox(after, WINDOW_ENTRIES)]

    def _outbox_read(self, read: OutboxRead) -> list[Command]:
        at = self._at
        if self.state is not State.ONLINE or at.reading != read.after:
            return []
        at.reading = None
        if read.hash is None:
            return self._stop(*out_of_reach(read.after, self.head_seq))
        commands: list[Command] = []
        if at.shard_head is not None and at.shard_head[0] == read.after:
            if not same_hash(read.hash, at.shard_head[1]):
                return self._stop(AlarmReason.FORKED, forked_at(read.after))
            at.shard_head = None
            if read.after != self.acked_seq:
                # Higher: an ack was lost on the way. Lower: the shard was restored and needs it again.
                if read.after < self.acked_seq:
                    commands.append(went_back(read.after, self.acked_seq))
                self.acked_seq = read.after
                at.progress_at = read.now
                commands.append(MarkAcked(read.after, read.hash, read.after + 1, ()))
        at.outbox.load(read.after, read.hash, read.key_id, read.entries)
        return commands + self._send_next(read.now)

    def _send_next(self, now: float) -> list[Command]:
        at = self._at
        if at.on_the_way is not None or at.reading is not None:
            return []
        if at.drain_at is not None:
            return self._finish_drain(now)
        if at.push_not_before is not None:
            if now < at.push_not_before:
                return []
            at.push_not_before = None
        if at.outbox.seq >= self.head_seq:
            return []
        if at.outbox.empty:
            return self._read_outbox(at.outbox.seq)
        match at.outbox.next_push():
            case None:
                return []  # The credits are used up; an ack or a new connection brings more.
            case TooLarge(seq, size):
                detail = f"entry {seq} has {size} bytes and fits no frame"
                return self._stop(AlarmReason.ENTRY_TOO_LARGE, detail)
            case push:
                at.on_the_way = push
                return [SendPush(push.first, push.last, push.prev, push.key_ids)]

    # --- leaving -----------------------------------------------------------------------------

    def _finish_drain(self, now: float) -> list[Command]:
        self._wait_until(now, now + self._backoff.spread_s(self._at.drain_spread_s))
        return [Close()]

    def _reconnect(self, now: float) -> list[Command]:
        self._back_off(now)
        return [Close()]

    def _back_off(self, now: float) -> None:
        online_at = self._at.online_at
        held_s = 0.0 if online_at is None else now - online_at
        self._wait_until(now, now + self._backoff.pause_s(held_s))

    def _wait_until(self, now: float, retry_at: float) -> None:
        if self._at.online_at is not None:
            self._refusals = 0
        self.state = State.WAITING
        self.feeds_current = False
        self._at = Attempt(now, now, now)
        self._retry_at = max(retry_at, self._not_before)

    def _stop(self, reason: AlarmReason, detail: str) -> list[Command]:
        self.state = State.STOPPED
        self.stopped = Alarm(reason, detail, stopped=True)
        return [self.stopped, Close()]
