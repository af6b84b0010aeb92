"""A till's machine in a world of numbers: its journal, a shard, the wire between them and the time."""

from __future__ import annotations

import hashlib
from collections import deque
from dataclasses import dataclass, field

from octonext.crypto.chain import GENESIS
from octonext.sync.messages import Ack, Challenge, Credits, FromServer, Head, Nack, Welcome
from octonext.till.domain.connection import Connection, State
from octonext.till.domain.steps import (
    Appended,
    Close,
    Command,
    Connected,
    Disconnected,
    MarkAcked,
    OutboxRead,
    Outgoing,
    ReadOutbox,
    Received,
    SendPush,
    Ticked,
)


def entry_hash(seq: int, salt: str = "") -> bytes:
    return GENESIS if seq == 0 else hashlib.sha256(f"{salt}{seq}".encode()).digest()


@dataclass
class World:
    """A till's machine, its journal, a shard and the wire between them; time is a number."""

    now: float = 0.0
    head: int = 0
    #: First entry that the journal still holds.
    kept_from: int = 1
    shard: list[bytes] = field(default_factory=list)
    shard_keys: set[str] = field(default_factory=set)
    push_entries: int = 4
    to_till: deque[FromServer] = field(default_factory=deque)
    to_shard: deque[SendPush] = field(default_factory=deque)
    log: list[Command] = field(default_factory=list)
    fraction: float = 0.5
    #: `fenced` that the till heard since the last ack that it heard.
    fences: int = 0

    def __post_init__(self) -> None:
        self.till = Connection(head_seq=self.head, acked_seq=0, random=lambda: self.fraction, now=self.now)

    def state(self) -> State:
        return self.till.state

    # --- what happens -------------------------------------------------------------------------

    def append(self, count: int = 1) -> None:
        self.head += count
        self.act(self.till.handle(Appended(self.now, self.head)))

    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.act(self.till.handle(Ticked(self.now)))

    def say(self, message: FromServer) -> None:
        if isinstance(message, Ack):
            self.fences = 0
        self.act(self.till.handle(Received(self.now, message)))

    def lose_line(self) -> None:
        self.to_till.clear()
        self.to_shard.clear()
        self.act(self.till.handle(Disconnected(self.now)))

    def connect(self) -> None:
        deadline = self.till.deadline
        assert self.state() is State.WAITING
        assert deadline is not None
        self.wait(max(0.0, deadline - self.now))
        self.act(self.till.handle(Connected(self.now)))
        self.say(Challenge(b"n" * 32, 0))
        self.say(self.welcome())

    def welcome(self, heartbeat_s: int = 20) -> Welcome:
        return Welcome(
            acked=self.shard_head(),
            credits=Credits(64, 1 << 20, self.push_entries),
            heartbeat_s=heartbeat_s,
            server_time_ms=0,
        )

    def shard_head(self) -> Head:
        return Head(len(self.shard), self.shard[-1] if self.shard else GENESIS)

    def shard_handles(self) -> None:
        """The shard takes the oldest push that has arrived and answers it."""
        push = self.to_shard.popleft()
        if push.first > len(self.shard) + 1:
            self.to_till.append(Nack(reason="gap", detail="", expected=len(self.shard) + 1))
            return
        assert push.prev == entry_hash(push.first - 1), "a push follows what the shard has"
        self.shard_keys.update(push.key_ids)
        missing = {key_of(seq) for seq in range(push.first, push.last + 1)} - self.shard_keys
        if missing:
            self.to_till.append(Nack(reason="unknown_key", detail="", key_ids=sorted(missing)))
            return
        for seq in range(len(self.shard) + 1, push.last + 1):
            self.shard.append(entry_hash(seq))
        count = push.last - push.first + 1
        given_back = Credits(count, 100 * count, self.push_entries)
        self.to_till.append(
            Ack(acked=self.shard_head(), first=push.first, outcomes=["posted"] * count, credits=given_back)
        )

    # --- what the machine wants ---------------------------------------------------------------

    def act(self, commands: list[Command]) -> None:
        for command in commands:
            self.log.append(command)
            match command:
                case SendPush():
                    assert not self.to_shard, "one push is on the way at a time"
                    assert 1 <= command.first <= command.last <= self.head
                    self.to_shard.append(command)
                case MarkAcked(seq, own_hash):
                    assert seq <= len(self.shard)
                    assert self.shard[seq - 1 : seq] == ([own_hash] if seq else []), "only what is held"
                    assert own_hash == entry_hash(seq)
                case ReadOutbox(after, limit):
                    self.act(self.till.handle(self.read(after, limit)))
                case Close():
                    self.to_till.clear()
                    self.to_shard.clear()
                case _:
                    pass

    def read(self, after: int, limit: int) -> OutboxRead:
        entries = [
            Outgoing(seq, entry_hash(seq), key_of(seq), 100)
            for seq in range(after + 1, min(self.head, after + limit) + 1)
        ]
        here = after == 0 or self.kept_from <= after <= self.head
        key_id = key_of(after) if here and after else None
        return OutboxRead(self.now, after, entry_hash(after) if here else None, key_id, entries)

    def last(self, kind: type[Command]) -> Command:
        return next(command for command in reversed(self.log) if isinstance(command, kind))

    def exchange(self) -> None:
        """Let both sides talk until the wire is empty."""
        while self.to_shard or self.to_till:
            if self.to_shard:
                self.shard_handles()
            if self.to_till:
                self.say(self.to_till.popleft())


def key_of(seq: int) -> str:
    """A shift has ten entries."""
    return f"shift-{(seq - 1) // 10}"


def online(world: World) -> World:
    world.connect()
    assert world.state() is State.ONLINE
    return world


def nack(world: World, reason: str, **members: object) -> None:
    world.to_shard.clear()
    world.say(Nack(reason=reason, detail="because", **members))  # type: ignore[arg-type]
