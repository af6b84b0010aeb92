"""A simulated till: the real journal, till and link, on a disk and a clock that can go wrong."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from websockets.asyncio.client import ClientConnection

from octonext.crypto.envelope import Argon2Cost
from octonext.crypto.signature import private_to_der
from octonext.till.domain.catalogue import Catalogue, Row
from octonext.till.domain.connection import State
from octonext.till.domain.pen import Draft, Written
from octonext.till.domain.steps import AlarmReason, MarkAcked
from octonext.till.remote import Link
from octonext.till.service import Till
from octonext.till.store import Identity, Journal

from .customers import Customers
from .disk import Disk, SimulatedFile
from .node import Node, NodeCrashed
from .plan import chance
from .reference import Place
from .sockets import Dialled

if TYPE_CHECKING:
    from .world import World

PIN = "0000"
#: A PIN that protects nothing may be cheap.
_COST = Argon2Cost(time=1, memory_kib=8, lanes=1)
_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
#: The clocks that a till's store still writes down.
_EARLIEST, _LATEST = datetime(1975, 1, 1).astimezone(), datetime(2190, 1, 1).astimezone()


class TillClock:
    """The till's wall clock, as far off as somebody has set it; its monotonic clock is right."""

    def __init__(self, now: Callable[[], datetime], monotonic: Callable[[], float]) -> None:
        self.offset = timedelta(0)
        self._now = now
        self.monotonic = monotonic

    def now(self) -> datetime:
        return min(max(self._now() + self.offset, _EARLIEST), _LATEST)


class TillNode:
    """One machine with one journal. A clone is another machine with the same identity."""

    def __init__(self, world: World, name: str, place: Place) -> None:
        self.name = name
        self.place = place
        self.device_id, self.branch_id = place.device_id, place.branch_id
        self.shard_id = place.region.shard_id
        self.random = chance(world.plan.seed, name)
        self.clock = TillClock(world.now, world.loop.time)
        self.disk = Disk(
            Path(name), boundary=lambda _: None, loses_unsynced=self._loses_unsynced, lies=world.disks_lie
        )
        #: Why this machine may end in a state that only a person can resolve; "" for none.
        self.taint = ""
        #: Its cashier cannot open the shift any more.
        self.locked_out = False
        self.is_on = False
        self.process = Node(name)
        #: Receipts that were shown here: seq -> hash.
        self.told: dict[int, bytes] = {}
        self.pruned_to = 0
        self.customers: Customers | None = None
        self.journal: Journal
        self.till: Till
        self.link: Link
        self.catalogue: Catalogue
        self._world = world

    # --- life --------------------------------------------------------------------------------

    def enrol(self) -> None:
        """Put a new journal on the disk."""
        place, region = self.place, self.place.region
        identity = Identity(
            device_id=place.device_id,
            device_code=f"T{place.device_id:02d}",
            branch_id=place.branch_id,
            branch_code=f"B{place.branch_id:02d}",
            branch_name_en=f"Branch {place.branch_id}",
            branch_name_ar="",
            shard_id=region.shard_id,
            shard_public_key=self._world.shard_public_key(region.shard_id),
            jurisdiction=region.jurisdiction,
            currency=region.currency,
            time_zone=region.time_zone,
            url="https://gateway",
            device_key=private_to_der(place.key),
            device_share=bytes(32),
        )
        Journal.begin(SimulatedFile(self.disk), identity)
        self.disk.kill()
        self.disk.boundary = self._boundary

    def start(self) -> None:
        """Switch the till on."""
        world = self._world
        self.process = Node(self.name)
        self.is_on = True
        self.journal = Journal(SimulatedFile(self.disk))
        world.oracle.till_started(self)
        self.catalogue = Catalogue(self.branch_id, self.journal.reference.all())
        self.till = Till(self.journal, clock=self.clock, entropy=self.random.randbytes, cost=_COST)
        self.link = Link(
            self.journal,
            urls=world.gateway_urls,
            context=_TLS,
            clock=self.clock,
            fraction=self.random.random,
            start_after_s=self.random.random() * 2.0,
            dial=self._dial,
            on_stored=self._take_rows,
            on_acked=self._acked,
        )
        world.history.note(self.name, f"starts at {self.journal.place.seq} acked {self.journal.acked.seq}")
        world.loop.spawn(self.process, self.link.run())
        self.customers = Customers(self, world)
        world.loop.spawn(self.process, self.customers.serve())

    def stop(self, how: str, *, power: bool = False) -> None:
        """End the till's process, or its machine."""
        if not self.is_on:
            return
        world = self._world
        self.is_on, self.customers = False, None
        world.history.note(self.name, how)
        process = self.process
        process.alive = False
        world.network.lose(process, silently=power)
        world.loop.end(process)
        if power:
            self.disk.cut_power()
        else:
            self.disk.kill()

    # --- what its cashier does ---------------------------------------------------------------

    def record(self, drafts: Sequence[Draft]) -> list[Written]:
        """Write entries and show their receipts."""
        written = self.till.record(drafts)
        self.show(written)
        return written

    def show(self, written: Sequence[Written]) -> None:
        """The customer sees the receipts of these entries."""
        for item in written:
            self.told[item.sealed.seq] = item.sealed.hash
            kind = item.entry.__struct_config__.tag
            self._world.history.note(
                self.name, f"shows {item.sealed.seq} {kind} {item.sealed.hash.hex()[:16]}"
            )
        self.link.appended()

    def take_up_shift(self) -> None:
        """Open a shift, or unlock the one that is open."""
        if self.journal.shift is not None:
            self.till.unlock(PIN)
            return
        cashier = self.random.choice(self.catalogue.cashiers)
        before = self.journal.place.seq
        self.till.begin_shift(cashier.user_id, PIN, self.random.choice((0, 5_000, 20_000)))
        self.show_since(before)

    def show_since(self, seq: int) -> None:
        """The customer sees what was written after `seq`."""
        for sealed in self.journal.entries(seq + 1, self.journal.place.seq):
            self.told[sealed.seq] = sealed.hash
            self._world.history.note(self.name, f"shows {sealed.seq} {sealed.hash.hex()[:16]}")
        self.link.appended()

    def prune(self) -> None:
        """Let go of what the shard holds."""
        keep = self.random.choice((1, 5, 50))
        gone = self.journal.prune(keep)
        if gone:
            before, self.pruned_to = self.pruned_to, self.pruned_to + gone
            self._world.history.note(self.name, f"prunes to {self.pruned_to}")
            self._world.oracle.pruned(self, before + 1, self.pruned_to)

    # --- what is done to it ------------------------------------------------------------------

    def adopt(self, original: TillNode) -> None:
        """This machine is a copy of that one, receipts and all."""
        self.told, self.pruned_to = dict(original.told), original.pruned_to
        self.journal, self.link = original.journal, original.link
        self.disk.boundary = self._boundary

    def forget_what_the_copy_lacks(self) -> None:
        """Nobody expects of an old copy what was written after it."""
        self.told.clear()
        self.pruned_to = 0

    def rot(self, column: str) -> bool:
        """Flip a bit of the newest entry that is not acknowledged; whether there was one."""
        connection = self.link.connection
        seq = self.journal.place.seq
        if seq <= connection.acked_seq + 1:
            return False
        with self.disk.editing() as live:
            [(value,)] = live.execute(f"SELECT {column} FROM entry WHERE seq = ?", (seq,))  # noqa: S608
            place = self.random.randrange(20, len(value))
            value = value[:place] + bytes([value[place] ^ 1 << self.random.randrange(8)]) + value[place + 1 :]
            live.execute(f"UPDATE entry SET {column} = ? WHERE seq = ?", (value, seq))  # noqa: S608
        if column == "hash":
            self.told.pop(seq, None)
        self._world.history.note(self.name, f"has the {column} of {seq} rot")
        return True

    # --- how it stands -----------------------------------------------------------------------

    @property
    def stopped_for(self) -> AlarmReason | None:
        """Why it waits for a person, if it does."""
        alarm = self.link.connection.stopped
        return alarm.reason if alarm is not None else None

    @property
    def is_drained(self) -> bool:
        """Whether the shard holds all it wrote, as far as it knows."""
        return self.link.connection.drained

    @property
    def trouble(self) -> str:
        """How it stands, for people."""
        connection = self.link.connection
        return (
            f"{connection.state} at {connection.head_seq}, acked {connection.acked_seq}: "
            f"{self.link.last_failure or 'no failure'}"
        )

    @property
    def is_online(self) -> bool:
        return self.is_on and self.link.connection.state is State.ONLINE

    def _dial(self, url: str, **_: Any) -> AbstractAsyncContextManager[ClientConnection]:
        dialled: Any = Dialled(lambda: self._world.dial(self, url))
        return cast("AbstractAsyncContextManager[ClientConnection]", dialled)

    # --- callbacks ---------------------------------------------------------------------------

    def _take_rows(self, rows: Sequence[Row]) -> None:
        for row in rows:
            self.catalogue.apply(row)

    def _acked(self, acked: MarkAcked, _: float) -> None:
        self._world.history.note(self.name, f"acked {acked.seq} {acked.hash.hex()[:16]}")
        self._world.oracle.acked(self, acked)

    def _loses_unsynced(self) -> bool:
        return self.random.random() < self._world.plan.unsynced_lost

    def _boundary(self, name: str) -> None:
        world = self._world
        if not world.is_calm and world.plan.till_dies and self.random.random() < world.plan.till_dies:
            power = self.random.random() < 0.5
            world.restart_later(self, f"dies {name}", power=power)
            raise NodeCrashed(name)
