"""The invariants that are checked at the moment at which they could break.

The oracle keeps books of its own: what tills told their customers, what gateways told tills, how far
each cursor was. It compares them with what is on the simulated disks, never with what the code under
test believes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from octonext.crypto.chain import same_hash
from octonext.feeds.domain import Cursor, Reading
from octonext.reporting.service import Reporting
from octonext.sync.messages import Ack, Nack, Outcome, Welcome, decode_from_server
from octonext.sync.service.shard import TillSession
from octonext.till.domain.steps import MarkAcked

from ..database.head_office import HeadOfficeDatabase
from ..database.shard import ShardDatabase
from ..history import Violation
from .readings import Readings

if TYPE_CHECKING:
    from ..till import TillNode
    from ..world import World

#: (branch, device, seq, hash)
Entries = set[tuple[int, int, int, bytes]]

_ACK, _WELCOME, _NACK = '{"t":"ack"', '{"t":"welcome"', '{"t":"nack"'


class Oracle:
    """Watches one world."""

    def __init__(self, world: World) -> None:
        self._world = world
        #: What was said of an entry: (device, seq, hash) -> outcome.
        self.outcomes: dict[tuple[int, int, bytes], Outcome] = {}
        #: What gateways said is on a shard: (branch, device) -> seq -> hash.
        self.acknowledged: dict[tuple[int, int], dict[int, bytes]] = {}
        self.cursors: dict[tuple[str, str], Cursor] = {}
        self.readings = Readings(world)
        #: Restored databases and their readers that had read more than the copy holds: (source, reader).
        self.read_what_is_lost: dict[tuple[str, str], None] = {}
        #: What the operator was told to reset: (source, reader).
        self.found_back: dict[tuple[str, str], None] = {}
        #: Tills (branch, device) that were told of more than a restored shard holds.
        self.acked_what_is_lost: dict[tuple[int, int], None] = {}
        #: Entries that restored shards lost: (branch, device, seq, hash).
        self.lost: set[tuple[int, int, int, bytes]] = set()
        #: What was acknowledged, and when: shard -> (simulated seconds, transaction id), oldest first.
        self._committed: dict[str, list[tuple[float, int]]] = {}
        #: How many of those are known to be in reports that say so, and of how many resets we know.
        self._reported: dict[str, int] = {}
        self._resets: dict[str, int] = {}
        self.counts: dict[str, int] = {}

    def broken(self, invariant: str, detail: str) -> None:
        """The history is over: an invariant does not hold."""
        self._world.loop.fail(Violation(invariant, detail, self._world.loop.time()))

    def count(self, what: str, by: int = 1) -> None:
        """Something happened, or was compared: what a run of many worlds has exercised."""
        self.counts[what] = self.counts.get(what, 0) + by

    # --- tills -------------------------------------------------------------------------------

    def till_started(self, till: TillNode) -> None:
        """Invariant 1: every receipt that was shown is in the journal, whatever happened since."""
        journal = till.journal
        for seq, shown in till.told.items():
            if seq <= till.pruned_to:
                continue
            kept, _ = journal.mark(seq)
            self.count("check: 1 receipts that were shown before a restart")
            if kept is None and seq < journal.acked.seq and self._holds(till, seq, shown):
                continue  # It died at the end of pruning: the entry is where it belongs.
            if kept is None or not same_hash(kept, shown):
                what = "is gone" if kept is None else "is another entry"
                self.broken(
                    "1 a receipt is shown only after its entry is durable",
                    f"{till.name} showed receipt {seq}; after the restart entry {seq} {what}",
                )
                return

    def acked(self, till: TillNode, acked: MarkAcked) -> None:
        """Invariant 2: what a till counts as acknowledged, the shard holds with the same hash."""
        self.count("check: 2 acks that tills took")
        if acked.seq and not self._holds(till, acked.seq, acked.hash):
            self.broken(
                "2 a till lets go only of what the shard holds with the same hash",
                f"{till.name} counts entry {acked.seq} as acknowledged, {self._instead(till, acked.seq)}",
            )

    def pruned(self, till: TillNode, first: int, last: int) -> None:
        """Invariant 2: what a till deleted, the shard holds."""
        self.count("check: 2 entries that tills deleted", last - first + 1)
        for seq in range(first, last + 1):
            shown = till.told.get(seq)
            if shown is not None and not self._holds(till, seq, shown):
                self.broken(
                    "2 a till lets go only of what the shard holds with the same hash",
                    f"{till.name} deleted entry {seq}, {self._instead(till, seq)}",
                )

    # --- gateways ----------------------------------------------------------------------------

    def said(self, till: TillNode, frame: str) -> None:
        """A gateway says something to a till."""
        if frame.startswith(_ACK):
            message = decode_from_server(frame)
            assert isinstance(message, Ack)
            self._acknowledged(till, message)
        elif frame.startswith(_WELCOME):
            message = decode_from_server(frame)
            assert isinstance(message, Welcome)
            self._world.history.note(till.shard_id, f"welcomes {till.name} at {message.acked.seq}")
            self.count("check: 4 welcomes")
            if message.acked.seq and not self._holds(till, message.acked.seq, message.acked.hash):
                self.broken(
                    "4 what a shard accepted stays",
                    f"{till.name} is welcomed at {message.acked.seq}, "
                    f"{self._instead(till, message.acked.seq)}",
                )
        elif frame.startswith(_NACK):
            message = decode_from_server(frame)
            assert isinstance(message, Nack)
            self.count(f"nack: {message.reason}")
            self._world.history.note(
                till.shard_id, f"refuses {till.name}: {message.reason}: {message.detail}"
            )

    def accepted(self, shard_id: str, session: TillSession, ack: Ack) -> None:
        """Invariant 8: what a connection pushed was not booked after a newer one of its till had begun."""
        shard = self._world.shards[shard_id]
        till = session.branch_id, session.device_id
        xid = self._booked_by(shard, *till, ack.acked.seq)
        head = None if xid is None else shard.engine.written(xid, shard.tables.heads, till)
        if head is None or (*till, ack.acked.seq, ack.acked.hash) in self.lost:
            return
        self.count("check: 8 pushes of the connection that may push")
        if head.epoch > session.epoch:
            self.broken(
                "8 one connection of a till may push",
                f"till {session.device_id} pushed {ack.acked.seq} over connection {session.epoch}, when "
                f"connection {head.epoch} had begun",
            )

    def _acknowledged(self, till: TillNode, ack: Ack) -> None:
        self.count("check: 4 acks that gateways gave")
        acked = ack.acked
        self._world.history.note(
            till.shard_id, f"acks {till.name} {ack.first}+{len(ack.outcomes)} to {acked.seq}"
        )
        if not self._holds(till, acked.seq, acked.hash):
            self.broken(
                "4 what is acknowledged is on the shard's disk",
                f"{till.name} is told that {acked.seq} is stored, {self._instead(till, acked.seq)}",
            )
        book = self.acknowledged.setdefault((till.branch_id, till.device_id), {})
        book[acked.seq] = acked.hash
        self._remember_commit(till, acked.seq)
        self._compare_outcomes(till, ack)

    def _compare_outcomes(self, till: TillNode, ack: Ack) -> None:
        """Invariant 3: the same entry is answered the same, however often it is sent."""
        shard = self._world.shards[till.shard_id]
        for seq, outcome in enumerate(ack.outcomes, ack.first):
            row = shard.entry(till.branch_id, till.device_id, seq)
            if row is None:
                continue
            key = (till.device_id, seq, row.hash)
            before = self.outcomes.get(key)
            if before is None or (till.branch_id, *key) in self.lost:
                self.outcomes[key] = outcome
                continue
            self.count("check: 3 answers to entries that were sent again")
            if before != outcome:
                self.broken(
                    "3 a prefix sent again gets the same answers",
                    f"entry {seq} of {till.name} was {before} and is {outcome} now",
                )

    def shard_restored(self, shard: ShardDatabase, entries: Entries) -> None:
        """An older copy is in the shard's place, which held `entries`: remember who will have to notice."""
        newest = max(shard.tables.pushes.xids, default=0)
        read_to = self.cursors.get((shard.shard_id, "ledger"))
        if read_to is not None and read_to.xid > newest:
            self.read_what_is_lost[shard.shard_id, "reporting"] = None
        self.lost |= entries - entries_of(shard)
        committed = self._committed.get(shard.shard_id, [])
        self.readings.forget(shard.shard_id)
        self._committed[shard.shard_id] = [each for each in committed if each[1] <= newest]
        self._reported[shard.shard_id] = 0
        for till in self._world.tills:
            head = shard.head(till.branch_id, till.device_id)
            holds = 0 if head is None else head.seq
            if till.shard_id == shard.shard_id and till.is_on and till.journal.acked.seq > holds:
                self.acked_what_is_lost[till.branch_id, till.device_id] = None

    def head_office_restored(self, hq: HeadOfficeDatabase) -> None:
        """The same of head office, which its shards and the reports read."""
        self.readings.forget("hq")
        newest = max(hq.tables.history.xids, default=0)
        for name, shard in self._world.shards.items():
            read_to = shard.tables.cursors.rows.get("reference")
            if read_to is not None and read_to.xid > newest:
                self.read_what_is_lost["hq", name] = None
        reported_to = self.cursors.get(("hq", "dimension"))
        if reported_to is not None and reported_to.xid > newest:
            self.read_what_is_lost["hq", "reporting"] = None

    def noticed(self, source: str, reader: str) -> None:
        """The relay shows the operator that a source went back."""
        self.count(
            f"check: 9 a restored source was found by {'reporting' if reader == 'reporting' else 'a shard'}"
        )
        self.found_back[source, reader] = None
        if source in self._world.restored:
            return
        # Its reader saw a history change that was final. Reading it anew would hide what changed it.
        rule, detail = next(
            self.readings.check(source, settled_s=0.0),
            ("9 only a source that went back is taken for one", f"{source} did not, and {reader} says so"),
        )
        self.broken(rule, detail)

    def read(self, source: str, reading: Reading) -> None:
        """A relay has read a source."""
        self.readings.add(source, reading)
        for rule, detail in self.readings.check(source):
            self.broken(rule, detail)

    # --- reporting ---------------------------------------------------------------------------

    def reporting_started(self, reporting: Reporting) -> None:
        """Invariant 9: a restart never takes a cursor back behind what was answered."""
        for source in {source: None for source, _ in self.cursors}:
            self.delivered(source, reporting)

    def delivered(self, source: str, reporting: Reporting) -> None:
        """Invariant 9: cursors only move forward."""
        moved: list[str] = []
        resets = self._world.olap.resets.get(source, 0)
        if resets != self._resets.get(source, 0):
            # An operator let reporting forget this source: it begins again, and so do we.
            self._resets[source], self._reported[source] = resets, 0
            self.count("check: 9 sources read anew after a reset")
            for feed in reporting.cursors(source):
                self.cursors.pop((source, feed), None)
        for feed, cursor in reporting.cursors(source).items():
            before = self.cursors.get((source, feed))
            if before is not None and cursor < before:
                self.broken(
                    "9 cursors follow commit order",
                    f"the cursor of {source}/{feed} went back from {before} to {cursor}",
                )
            if cursor != before:
                moved.append(f"{feed} {cursor.xid}.{cursor.id}")
            self.cursors[source, feed] = cursor
        if moved:
            self.count("check: 9 deliveries that moved a cursor")
            self._world.history.note("reporting", f"has read {source} to {', '.join(moved)}")
        self.told_as_of(source, reporting)

    def told_as_of(self, source: str, reporting: Reporting) -> None:
        """Invariant 9: "as of" a time says that everything committed before it has arrived."""
        known = reporting.status()["sources"]
        assert isinstance(known, dict)
        as_of = known[source]["as_of"] if source in known else None
        committed = self._committed.get(source)
        if as_of is None or not committed:
            return
        until_s = (as_of - self._world.beginning).total_seconds()
        cursor = reporting.cursors(source)["ledger"]
        done = self._reported.get(source, 0)
        while done < len(committed) and committed[done][0] < until_s:
            acked_s, xid = committed[done]
            done += 1
            self.count("check: 9 acknowledged pushes that an as-of covers")
            if cursor.xid < xid:
                self.broken(
                    "9 reports say as of when they are complete",
                    f"{source} is reported as of {until_s:.6f} s and was read to {cursor.xid}; transaction "
                    f"{xid} was acknowledged at {acked_s:.6f} s",
                )
        self._reported[source] = done

    # --- private -----------------------------------------------------------------------------

    def _remember_commit(self, till: TillNode, seq: int) -> None:
        xid = self._booked_by(self._world.shards[till.shard_id], till.branch_id, till.device_id, seq)
        if xid is not None:
            committed = self._committed.setdefault(till.shard_id, [])
            committed.append((self._world.loop.time(), xid))

    def _booked_by(self, shard: ShardDatabase, branch: int, device: int, seq: int) -> int | None:
        """The transaction of a till's newest push, if that ends with this entry."""
        pushes = shard.tables.pushes
        for xid in reversed(pushes.xids):
            push = pushes.rows[xid]
            if (push.branch_id, push.device_id) == (branch, device):
                return xid if push.last_seq == seq else None
        return None

    def _holds(self, till: TillNode, seq: int, own_hash: bytes) -> bool:
        """Whether the shard has the entry, or an older copy took it away while the words were on the way."""
        row = self._world.shards[till.shard_id].entry(till.branch_id, till.device_id, seq)
        if row is not None and row.hash == own_hash:
            return True
        return (till.branch_id, till.device_id, seq, own_hash) in self.lost

    def _instead(self, till: TillNode, seq: int) -> str:
        row = self._world.shards[till.shard_id].entry(till.branch_id, till.device_id, seq)
        return "the shard's disk has no such entry" if row is None else "the shard's disk has another entry"


def entries_of(shard: ShardDatabase) -> Entries:
    """What is in the journals of a shard."""
    return {(*key, row.hash) for key, rows in shard.tables.journal.rows.items() for row in rows}
