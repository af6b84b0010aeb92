"""The durable, encrypted journal of a till: what is in it is what the till stands for.

It holds ciphertexts, hashes and wrapped keys, and never sees a plaintext. An entry counts as written
only when the transaction is on disk and what is there has been read back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import msgspec

from octonext.crypto.chain import GENESIS, same_hash
from octonext.crypto.envelope import Argon2Cost
from octonext.sync.messages import Outcome
from octonext.till.domain.pen import Place, Sealed
from octonext.till.domain.steps import Outgoing
from octonext.till.errors import JournalDamaged

from .file import QUERIES, TillFile
from .identity import Identity
from .reference import Reference

T = TypeVar("T")

FILE_NAME = "journal.db"
ALARMS_KEPT = 1000


@dataclass(frozen=True, slots=True)
class Shift:
    """The shift that is open: whose it is, and which key seals its entries."""

    shift: UUID
    cashier: UUID


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """A shift key, wrapped for the shard and for the till (by a PIN with this salt and cost)."""

    key_id: str
    for_shard: bytes = field(repr=False)
    for_till: bytes = field(repr=False)
    salt: bytes = field(repr=False)
    cost: Argon2Cost


@dataclass(frozen=True, slots=True)
class Acked:
    """What the shard holds: everything up to `seq`, with this hash."""

    seq: int = 0
    hash: bytes = GENESIS


@dataclass(frozen=True, slots=True)
class _Writing:
    hlc: int = 0
    shift: Shift | None = None


class Journal:
    """A till's journal, open for writing (or for reading only, beside its writer)."""

    def __init__(self, file: TillFile) -> None:
        self._file = file
        self.identity: Identity = self._meta("identity", Identity)
        self._writing = self._meta("writing", _Writing)
        self.acked: Acked = self._meta("acked", Acked)
        self.place = self._read_place()
        self.reference = Reference(file)

    @classmethod
    def create(cls, directory: Path, identity: Identity) -> Journal:
        """A new till in `directory`. Raises `JournalInUse` when there is one already."""
        return cls.begin(TillFile.create(directory / FILE_NAME), identity)

    @classmethod
    def begin(cls, file: TillFile, identity: Identity) -> Journal:
        """A new till in an empty file."""
        values = {"identity": identity, "writing": _Writing(), "acked": Acked()}
        with file.transaction() as connection:
            for name, value in values.items():
                connection.execute(QUERIES["meta_put"], (name, msgspec.json.encode(value)))
        return cls(file)

    @classmethod
    def open(cls, directory: Path, *, readonly: bool = False) -> Journal:
        """The till in `directory`. Raises `NotEnrolled`, `JournalInUse`, `JournalDamaged`."""
        file = TillFile.open(directory / FILE_NAME, readonly=readonly)
        try:
            return cls(file)
        except BaseException:
            file.close()
            raise

    def close(self) -> None:
        """Give the file back."""
        self._file.close()

    @property
    def shift(self) -> Shift | None:
        """The shift that is open, if any."""
        return self._writing.shift

    def append_many(
        self, entries: Sequence[Sealed], *, hlc: int, shift: Shift | None, key: WrappedKey | None = None
    ) -> None:
        """Write consecutive entries in one transaction and read them back.

        `shift` is what is open after them, `key` the wrapped key if a shift opens with them. When
        this returns, the entries are on disk. Raises `JournalDamaged` when they are not what was
        written, `ValueError` when they do not follow the journal's end.
        """
        self._require_next(entries)
        writing = _Writing(hlc, shift)
        with self._file.transaction() as connection:
            if key is not None:
                connection.execute(
                    QUERIES["key_insert"],
                    (key.key_id, key.for_shard, key.for_till, key.salt, _text(key.cost)),
                )
            connection.executemany(
                QUERIES["entry_insert"], ((e.seq, e.key_id, e.hash, e.ciphertext) for e in entries)
            )
            connection.execute(QUERIES["meta_put"], ("writing", msgspec.json.encode(writing)))
        read_back = self._file.rows_on_disk("entry_range", entries[0].seq, entries[-1].seq)
        if [Sealed(*row) for row in read_back] != list(entries):
            raise JournalDamaged(
                f"{self._file.path} does not give back what was written.",
                remedy="Stop using this disk: do not hand out the goods on this receipt.",
            )
        self._writing = writing
        self.place = Place(entries[-1].seq, entries[-1].hash, hlc)

    def entries(self, first: int, last: int) -> list[Sealed]:
        """The entries from `first` to `last`, as far as the journal holds them."""
        return [Sealed(*row) for row in self._file.rows("entry_range", first, last)]

    def entries_of(self, key_id: str) -> list[Sealed]:
        """All entries of one shift that the journal holds."""
        return [Sealed(*row) for row in self._file.rows("entry_of_key", key_id)]

    def outgoing(self, after: int, limit: int) -> tuple[bytes | None, str | None, list[Outgoing]]:
        """Hash and key of entry `after` (None when it is not here), and what follows it."""
        own_hash, key_id = self.mark(after) if after else (GENESIS, None)
        rows = self._file.rows("entry_outgoing", after, limit)
        outgoing = [Outgoing(*row) for row in rows]
        if outgoing and outgoing[0].seq != after + 1:
            return None, None, []
        return own_hash, key_id, outgoing

    def mark(self, seq: int) -> tuple[bytes | None, str | None]:
        """Hash and key id of one entry, or None twice."""
        rows = self._file.rows("entry_mark", seq)
        return rows[0] if rows else (None, None)

    def key(self, key_id: str) -> WrappedKey | None:
        """The wrapped key of a shift."""
        rows = self._file.rows("key_get", key_id)
        return _wrapped_key(rows[0]) if rows else None

    def wrapped_keys(self) -> list[WrappedKey]:
        """All wrapped keys, oldest shift first."""
        return [_wrapped_key(row) for row in self._file.rows("key_list")]

    def mark_acked(self, seq: int, own_hash: bytes, first: int, outcomes: Sequence[Outcome]) -> None:
        """The shard holds everything up to `seq`, and its hash is this till's own.

        Not forced to disk: after a power cut the shard says it again.
        """
        acked = Acked(seq, own_hash)
        with self._file.transaction(durable=False) as connection:
            connection.execute(QUERIES["meta_put"], ("acked", msgspec.json.encode(acked)))
            for place, outcome in enumerate(outcomes, first):
                if outcome != "posted":
                    connection.execute(QUERIES["entry_outcome"], (outcome, place))
        self.acked = acked

    def store_shard_key(self, public_spki: bytes) -> None:
        """Take the shard's new public key for the shifts that open from now on.

        Not forced to disk: after a power cut the shard says it again, and the old one still works.
        """
        identity = replace(self.identity, shard_public_key=public_spki)
        with self._file.transaction(durable=False) as connection:
            connection.execute(QUERIES["meta_put"], ("identity", msgspec.json.encode(identity)))
        self.identity = identity

    def prune(self, keep: int) -> int:
        """Delete acknowledged entries except the last `keep` (at least 1); how many went.

        The open shift's entries stay: after a restart they say what must be in the drawer.
        Raises `JournalDamaged` when the hash that was acknowledged is not the one in the journal:
        then nothing is deleted.
        """
        own_hash, _ = self.mark(self.acked.seq)
        if self.acked.seq == 0:
            return 0
        if own_hash is None or not same_hash(own_hash, self.acked.hash):
            raise JournalDamaged(f"Entry {self.acked.seq} in {self._file.path} is not what the shard holds.")
        last = self.acked.seq - max(1, keep)
        if self.shift is not None:
            [(first_of_shift,)] = self._file.rows("entry_first_of_key", str(self.shift.shift))
            last = min(last, first_of_shift - 1)
        with self._file.transaction() as connection:
            return connection.execute(QUERIES["entry_prune"], (last,)).rowcount

    def outcomes(self) -> dict[str, int]:
        """How many entries the shard did not simply post, by outcome."""
        return {str(outcome): int(count) for outcome, count in self._file.rows("entry_outcomes")}

    def raise_alarm(self, at: datetime, reason: str, detail: str) -> None:
        """Keep an alarm for whoever asks for the till's status."""
        with self._file.transaction(durable=False) as connection:
            connection.execute(QUERIES["alarm_insert"], (at.isoformat(), reason, detail))
            connection.execute(QUERIES["alarm_trim"], (ALARMS_KEPT,))

    def alarms(self, limit: int) -> list[tuple[str, str, str]]:
        """The newest alarms as (time, reason, detail), newest first."""
        return [(str(at), str(r), str(d)) for at, r, d in self._file.rows("alarm_list", limit)]

    def _require_next(self, entries: Sequence[Sealed]) -> None:
        seqs = [entry.seq for entry in entries]
        if not seqs or seqs != list(range(self.place.seq + 1, self.place.seq + 1 + len(seqs))):
            raise ValueError(f"the journal ends at {self.place.seq}; {seqs[:1]} does not follow")

    def _read_place(self) -> Place:
        [(first, last, count)] = self._file.rows("entry_extent")
        if last is None:
            # Pruning keeps at least one entry: without any, none was ever written, or all are lost.
            if self.acked.seq or self._writing.hlc:
                raise self._lost("all its entries")
            return Place()
        # The last acknowledged entry is never pruned, so nothing after it may be missing either.
        if int(first) > max(1, self.acked.seq):
            raise self._lost(f"entries before {first}")
        if int(last) - int(first) + 1 != count or self.acked.seq > int(last):
            raise self._lost(f"entries between {first} and {max(int(last), self.acked.seq)}")
        last_hash, _ = self.mark(int(last))
        assert last_hash is not None
        return Place(int(last), last_hash, self._writing.hlc)

    def _lost(self, what: str) -> JournalDamaged:
        return JournalDamaged(
            f"{self._file.path} has lost {what}.",
            remedy="Do not sell with it; ask head office for a new till and keep the file.",
        )

    def _meta(self, name: str, kind: type[T]) -> T:
        rows = self._file.rows("meta_get", name)
        if not rows:
            raise JournalDamaged(f"{self._file.path} lacks its {name}: enrolment did not finish.")
        try:
            return msgspec.json.decode(rows[0][0], type=kind)
        except msgspec.DecodeError as error:
            raise JournalDamaged(f"{self._file.path} has an unreadable {name}.") from error


def _wrapped_key(row: tuple[Any, ...]) -> WrappedKey:
    key_id, for_shard, for_till, salt, cost = row
    return WrappedKey(key_id, for_shard, for_till, salt, msgspec.json.decode(cost, type=Argon2Cost))


def _text(value: object) -> str:
    return msgspec.json.encode(value).decode()
