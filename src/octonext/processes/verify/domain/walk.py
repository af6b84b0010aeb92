"""Walks a shard's journal in order and judges every entry: its chain, and what was booked for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from octonext.crypto.chain import GENESIS, link

from .derivation import TABLES, DerivedEntry, JournalEntry, ShiftTotals, shift_text
from .findings import Finding, Findings

#: How reasons begin that an entry's bytes alone cannot confirm: the shard's constraints did not take it, or
#: the branch had other settings on that day.
BEYOND_BYTES = ("not_bookable:", "currency_differs:")


@dataclass(frozen=True, slots=True)
class Posted:
    """What a posting table holds for one entry: a digest over its rows, and when they were booked."""

    branch: int
    device: int
    seq: int
    row_count: int
    first_posted: datetime
    last_posted: datetime
    digest: bytes

    @property
    def number(self) -> tuple[int, int, int]:
        return self.branch, self.device, self.seq


class Chain:
    """Follows the chain of one device after the other."""

    def __init__(self, shard: str, findings: Findings) -> None:
        self._shard = shard
        self._findings = findings
        self._device: tuple[int, int] | None = None
        self._seq = 0
        self._hash = GENESIS

    def follow(self, entry: JournalEntry) -> None:
        """The next row of the journal, ordered by branch, device and seq."""
        if self._device != (entry.branch, entry.device):
            self._device, self._seq, self._hash = (entry.branch, entry.device), 0, GENESIS
        self._findings.examine("journal-chain")
        if entry.seq != self._seq + 1:
            what = "is there twice" if entry.seq == self._seq else f"follows entry {self._seq}"
            self._add(entry, f"entry {entry.seq} {what}")
        # Bytes that could not be decrypted cannot be checked; the next follows from the claimed hash.
        elif entry.bytes is not None and link(self._hash, entry.bytes) != entry.hash:
            expected = link(self._hash, entry.bytes).hex()
            self._add(entry, f"the hash is {entry.hash.hex()[:8]}, the bytes make {expected[:8]}")
        self._seq, self._hash = entry.seq, entry.hash

    def _add(self, entry: JournalEntry, what: str) -> None:
        self._findings.add("journal-chain", finding_at(self._shard, entry, what))


@dataclass(frozen=True, slots=True)
class Mismatch:
    """Rows that differ; whoever can read them says how."""

    derived: DerivedEntry
    table: str


def judge_entry(
    shard: str, derived: DerivedEntry, posted: Mapping[str, Posted], findings: Findings
) -> list[Mismatch]:
    """Compare what an entry must have become with what is booked, table by table.

    Rows that are there but differ are returned, not added: the evidence needs the rows themselves.
    """
    entry, mismatches = derived.entry, []
    if wrong := _wrong_outcome(derived):
        findings.add("outcomes", finding_at(shard, entry, wrong))
    findings.examine("one-transaction")
    for table in TABLES:
        expected, found = derived.digest(table), posted.get(table)
        if expected is None and found is None:
            continue
        findings.examine(table)
        if found is None:
            what = f"the journal makes {len(derived.rows(table))} rows, none are booked"
            findings.add(table, finding_at(shard, entry, what))
            continue
        if expected is None:
            what = f"{found.row_count} rows are booked for an entry that books none ({entry.outcome})"
            findings.add(table, finding_at(shard, entry, what))
        elif expected != found.digest:
            mismatches.append(Mismatch(derived, table))
        if not found.first_posted == found.last_posted == entry.received_at:
            what = f"{table} were booked {found.last_posted}, the entry was stored {entry.received_at}"
            findings.add("one-transaction", finding_at(shard, entry, what))
    return mismatches


def _wrong_outcome(derived: DerivedEntry) -> str:
    entry = derived.entry
    if entry.outcome != "quarantined":
        return "" if derived.reason is None else f"it was booked, the rules say: {derived.reason}"
    unknowable = entry.bytes is None or (entry.reason or "").startswith(BEYOND_BYTES)
    return "" if derived.reason or unknowable else f"it was quarantined ({entry.reason}), the rules book it"


def judge_mismatch(shard: str, mismatch: Mismatch, booked: Sequence[str], findings: Findings) -> None:
    """Say in which row the journal and what is booked differ."""
    expected = mismatch.derived.rows(mismatch.table)
    what = f"the journal makes {len(expected)} rows, booked are {len(booked)}"
    for made, found in zip(expected, booked, strict=False):
        if made != found:
            what = f"the journal makes {made}, booked is {found}"
            break
    findings.add(mismatch.table, finding_at(shard, mismatch.derived.entry, what))


def judge_strangers(shard: str, table: str, strangers: Iterable[Posted], findings: Findings) -> None:
    """Rows of entries that the journal does not have."""
    for posted in strangers:
        findings.examine(table)
        what = f"{posted.row_count} rows are booked for an entry that the journal does not have"
        findings.add(
            table,
            Finding(shard=shard, branch=posted.branch, device=posted.device, seq=posted.seq, what=what),
        )


def judge_shifts(
    shard: str,
    device: tuple[int, int],
    derived: Mapping[str, ShiftTotals],
    stored: Mapping[str, str],
    findings: Findings,
) -> None:
    """Compare the shifts of one device; `stored` has the text of each shift row by shift id."""
    for shift_id in sorted(derived.keys() | stored.keys()):
        findings.examine("shifts")
        expected = shift_text(shift_id, derived[shift_id]) if shift_id in derived else "no such shift"
        found = stored.get(shift_id, "no such shift")
        if expected != found:
            what = f"shift {shift_id}: the journal makes {expected}, stored is {found}"
            findings.add("shifts", Finding(shard=shard, branch=device[0], device=device[1], what=what))


def finding_at(shard: str, entry: JournalEntry, what: str) -> Finding:
    """A finding that names the entry's receipt number."""
    return Finding(shard=shard, branch=entry.branch, device=entry.device, seq=entry.seq, what=what)
