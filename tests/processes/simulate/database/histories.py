"""Calls of scripted tills, drawn from a seed: pushes, hellos, clones, all that a gateway may hear."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

from octonext.sync.domain import OpenedEntry, translate
from octonext.sync.messages import PushedKey
from octonext.sync.store import begin_session, ingest_push, wrapped_keys

from .scripted_till import BEGINNING, RULES, ScriptedTill

#: A call of sync's statements, to be made on a connection.
Call = Callable[[Any], Awaitable[Any]]


class History:
    """Three tills of two branches, and what chance lets them do."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        receipts: list[Any] = []
        self.tills = [ScriptedTill(b, d, self.chance, receipts) for b, d in ((1, 1), (1, 2), (2, 3))]
        self.epochs = {till.device: 0 for till in self.tills}
        self.acked = {till.device: 0 for till in self.tills}
        self.now = BEGINNING

    def call(self) -> Call:
        """The next call: a statement of sync with its arguments."""
        self.now += timedelta(seconds=self.chance.choice([1, 60, 50_000]))
        till = self.chance.choice(self.tills)
        for _ in range(self.chance.choice([0, 1, 3, 9])):
            till.write()
        chance = self.chance.random()
        if self.epochs[till.device] == 0 or chance < 0.12:
            return self.hello(till)
        if chance < 0.15:
            ids = [entry.key_id for entry in till.entries[-3:]]
            return lambda c: wrapped_keys(c, branch=till.branch, device=till.device, key_ids=ids)
        return self.push(till)

    def hello(self, till: ScriptedTill) -> Call:
        seq = len(till.entries)
        if seq and self.chance.random() < 0.15:
            seq = self.chance.randrange(seq)
        hash_ = till.hash_at(seq) if self.chance.random() < 0.9 else b"x" * 32
        offset = timedelta(milliseconds=self.chance.choice([0, 90, -4_000_000]))

        async def call(connection: Any) -> Any:
            session = await begin_session(
                connection,
                branch=till.branch,
                device=till.device,
                seq=seq,
                hash_=hash_,
                app="till 1",
                clock_offset=offset,
            )
            if not session.is_fork:
                self.epochs[till.device] = session.epoch
            self.acked[till.device] = session.head_seq
            return session

        return call

    def push(self, till: ScriptedTill) -> Call:
        acked, chance = self.acked[till.device], self.chance.random()
        first, author = acked + 1, till
        if chance < 0.25 and acked:
            first = self.chance.randint(max(1, acked - 8), acked)
        elif chance < 0.32:
            first = acked + self.chance.randint(2, 4)
        elif chance < 0.42 and len(till.entries) > 1:
            at = self.chance.randint(1, len(till.entries))
            author = till.copy_forked(at)
            first = min(first, self.chance.randint(max(1, at - 1), at + 1))
        entries = author.entries[first - 1 : first - 1 + self.chance.randint(1, 12)]
        if not entries:
            return self.hello(till)
        # None: handed over by another till
        epoch = self.chance.choice([self.epochs[till.device]] * 16 + [None, None])
        if epoch is not None:
            epoch += self.chance.choice([0] * 18 + [-1, 1])
        return self.send(author, entries, epoch)

    def first_push(self, till: ScriptedTill) -> Call:
        """Everything that a till has written, as its good connection sends it."""
        return self.send(till, till.entries, self.epochs[till.device])

    def send(self, till: ScriptedTill, entries: list[OpenedEntry], epoch: int | None) -> Call:
        """A push of consecutive entries of a till's, or its clone's, journal."""
        keys = sorted({entry.key_id for entry in entries})
        received_at: datetime = self.now
        offset = timedelta(seconds=self.chance.choice([0, 0, 30, 900, 200_000]))

        async def call(connection: Any) -> Any:
            postings = translate(entries, RULES[till.branch], received_at=received_at, clock_offset=offset)
            result = await ingest_push(
                connection,
                rules=RULES[till.branch],
                device=till.device,
                epoch=epoch,
                first=entries[0].seq,
                prev=till.hash_at(entries[0].seq - 1),
                keys=[PushedKey(id=key, wrapped=key.encode() * 3) for key in keys],
                postings=postings,
            )
            if result.status == "accepted":
                self.acked[till.device] = result.head_seq
            return result

        return call
