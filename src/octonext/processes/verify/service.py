"""Runs every check over an installation: tills' journals, shards, head office's copies, and reports."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from octonext.base.clock import Clock, SystemClock
from octonext.base.errors import OctoNextError
from octonext.runtime.layout import Layout

from .domain.checks import INVARIANTS, NOT_READABLE
from .domain.derivation import TABLES, DerivedEntry, JournalEntry, ShiftTotals, derive
from .domain.findings import Finding, Findings, InvariantVerdict, Verdict, judge_invariants
from .domain.tills import TillState, judge_till
from .domain.walk import Chain, judge_entry, judge_mismatch, judge_shifts, judge_strangers
from .journals import BadJournal, TillJournal, find_journals
from .references import check_references
from .reports import check_reports
from .shard import UNREADABLE, PostedStream, ShardReader, reading

#: Entries derived at a time, and the bytes that end a batch earlier: keeps memory small.
BATCH_ENTRIES = 128
BATCH_BYTES = 2 * 1024 * 1024
REPORTS_WAIT_S = 60.0

#: Statements that return what is wrong, and how many things each looked at.
_SQL_CHECKS = {
    "journal-heads": "devices",
    "journal-keys": "keys",
    "outcomes": "entries",
    "forks": "forks",
    "receipt-sums": "sales",
    "ledger-balanced": "ledger_entries",
    "account-balances": "accounts",
    "stock-balances": "stocks",
    "exchanges": "exchanges",
    "customers": "customers",
    "till-clocks": "sales",
}
#: What is read shard by shard, and unknown when a shard cannot be read.
_SHARD_CHECKS = (*_SQL_CHECKS, *TABLES, "journal-chain", "shifts", "one-transaction")
_TILL_CHECKS = ("till-heads", "till-hashes", "till-acked")

Progress = Callable[[str, int, int], None]
"""Told a shard, the entries judged so far, and the entries there are."""


@dataclass(frozen=True, slots=True)
class Options:
    """What to look at beside the shards."""

    journals: Sequence[Path] = ()
    reports: bool = True
    reports_wait_s: float = REPORTS_WAIT_S


class Verification(msgspec.Struct, kw_only=True):
    """The whole result."""

    holds: bool
    """Whether everything was checked that could be, and holds."""
    invariants: list[InvariantVerdict]
    checks: list[Verdict]
    outcomes: dict[str, dict[str, int]]
    """Per shard, its entries by what became of them."""
    cases: dict[str, dict[str, int]]
    """What is no fault but waits for somebody: per shard, open cases by kind."""
    waiting: int
    """Entries that given tills have and their shards do not yet."""


@dataclass(slots=True)
class Work:
    """What one verification gathers while it goes from shard to shard."""

    findings: Findings
    journals: dict[tuple[int, int], TillJournal] = field(default_factory=dict)
    progress: Progress = lambda _shard, _done, _total: None
    outcomes: dict[str, dict[str, int]] = field(default_factory=dict)
    cases: dict[str, dict[str, int]] = field(default_factory=dict)
    waiting: int = 0
    seen: set[tuple[int, int]] = field(default_factory=set)
    """Devices whose journal was compared with a shard."""


async def verify_installation(
    layout: Layout,
    options: Options | None = None,
    *,
    progress: Progress = lambda _shard, _done, _total: None,
    clock: Clock | None = None,
) -> Verification:
    """Check everything that can be reached; what cannot is said. Raises NoJournals, SettingsError."""
    options = options or Options()
    findings = Findings()
    work = Work(findings, _read_journals(options.journals, findings), progress)
    shards = [shard.id for shard in layout.settings.shards]
    await asyncio.gather(*(_try_shard(layout, shard_id, work) for shard_id in shards))
    _judge_unsent(work)
    await check_references(layout, findings)
    if options.reports:
        await check_reports(layout, findings, options.reports_wait_s, clock or SystemClock())
    verdicts = findings.verdicts()
    # Nobody asked for journals or reports that were left out: that is not a failure to check.
    left_out = {v.check for v in verdicts if v.state == "unchecked" and not findings.gave_up(v.check)}
    return Verification(
        holds=all(v.state == "holds" or v.check in left_out for v in verdicts),
        invariants=judge_invariants(verdicts, INVARIANTS, NOT_READABLE),
        checks=verdicts,
        outcomes=work.outcomes,
        cases=work.cases,
        waiting=work.waiting,
    )


def _read_journals(folders: Sequence[Path], findings: Findings) -> dict[tuple[int, int], TillJournal]:
    journals: dict[tuple[int, int], TillJournal] = {}
    for found in find_journals(folders):
        findings.examine("till-journals")
        if isinstance(found, BadJournal):
            findings.add("till-journals", Finding(what=f"{found.path}: {found.reason}"))
            continue
        device = found.branch, found.device
        if not found.gapless:
            what = f"{found.path} holds {found.count} entries between {found.first_seq} and {found.last_seq}"
            findings.add("till-journals", Finding(branch=found.branch, device=found.device, what=what))
        if device in journals:
            what = f"two journals of one till: {journals[device].path} and {found.path}"
            findings.add("till-journals", Finding(branch=found.branch, device=found.device, what=what))
        journals.setdefault(device, found)
    return journals


async def _try_shard(layout: Layout, shard_id: str, work: Work) -> None:
    try:
        async with reading(shard_id, layout.dsn("shard", shard_id)) as reader:
            await check_shard(reader, work)
    except (OctoNextError, *UNREADABLE) as error:
        reason = f"{shard_id} cannot be read: {error or type(error).__name__}"
        for check in (*_SHARD_CHECKS, *(_TILL_CHECKS if work.journals else ())):
            work.findings.give_up(check, reason)


async def check_shard(reader: ShardReader, work: Work) -> None:
    """Every check that one shard alone can answer, from one snapshot of it."""
    await _walk(reader, work)
    counts = await reader.counts()
    for check, counted in _SQL_CHECKS.items():
        work.findings.examine(check, counts[counted])
        for finding in await reader.faults(check.replace("-", "_")):
            work.findings.add(check, finding)
    for finding in await reader.faults("shifts_without_entries"):
        work.findings.add("shifts", finding)
    for noted, query in ((work.outcomes, "entries_by_outcome"), (work.cases, "cases_by_kind")):
        noted[reader.shard_id] = {row["name"]: row["count"] for row in await reader.rows(query)}


async def _walk(reader: ShardReader, work: Work) -> None:
    """The journal from end to end, every posting table beside it."""
    rules = await reader.rules()
    total, done = await reader.entry_count(), 0
    chain = Chain(reader.shard_id, work.findings)
    streams = {table: reader.posted(table) for table in TABLES}
    device: tuple[int, int] | None = None
    shifts: dict[str, ShiftTotals] = {}
    hashes: dict[int, bytes] = {}
    async for batch in _batches(reader.journal()):
        first = batch[0]
        if device != (first.branch, first.device):
            if device is not None:
                await _end_device(reader, device, shifts, hashes, work)
            device, shifts, hashes = (first.branch, first.device), {}, {}
        for entry in batch:
            chain.follow(entry)
            if device in work.journals:
                hashes[entry.seq] = entry.hash
        if first.branch in rules:
            for derived in derive(batch, rules[first.branch], shifts):
                await _judge(reader, derived, streams, work)
        else:
            await _pass_over(reader, batch[-1], streams, work)
        done += len(batch)
        work.progress(reader.shard_id, done, total)
    if device is not None:
        await _end_device(reader, device, shifts, hashes, work)
    for table, stream in streams.items():
        judge_strangers(reader.shard_id, table, await stream.take_until(None), work.findings)


async def _pass_over(
    reader: ShardReader, last: JournalEntry, streams: dict[str, PostedStream], work: Work
) -> None:
    """Postings of a branch without rules can be neither right nor wrong."""
    for table, stream in streams.items():
        await stream.take_until(last.number)
        work.findings.give_up(table, f"{reader.shard_id} does not know branch {last.branch}")
    work.findings.give_up("shifts", f"{reader.shard_id} does not know branch {last.branch}")


async def _judge(
    reader: ShardReader, derived: DerivedEntry, streams: dict[str, PostedStream], work: Work
) -> None:
    number = derived.entry.number
    posted = {}
    for table, stream in streams.items():
        taken = await stream.take_until(number)
        if taken and taken[-1].number == number:
            posted[table] = taken[-1]
            taken = taken[:-1]
        judge_strangers(reader.shard_id, table, taken, work.findings)
    for mismatch in judge_entry(reader.shard_id, derived, posted, work.findings):
        booked = await reader.rows_of_entry(mismatch.table, number)
        judge_mismatch(reader.shard_id, mismatch, booked, work.findings)


async def _end_device(
    reader: ShardReader,
    device: tuple[int, int],
    shifts: dict[str, ShiftTotals],
    hashes: dict[int, bytes],
    work: Work,
) -> None:
    if not work.findings.gave_up("shifts"):
        stored = await reader.shifts(*device)
        judge_shifts(reader.shard_id, device, shifts, stored, work.findings)
    journal = work.journals.get(device)
    if journal is not None:
        _judge_journal(reader.shard_id, journal, hashes, work)


def _judge_journal(shard_id: str, journal: TillJournal, hashes: dict[int, bytes], work: Work) -> None:
    work.seen.add((journal.branch, journal.device))
    try:
        # Tills may sell on meanwhile. What was acked or deleted before the shard's snapshot must be in
        # it; how far the journal goes is read after it.
        state = TillState(
            branch=journal.branch,
            device=journal.device,
            acked_seq=journal.acked_seq,
            acked_hash=journal.acked_hash,
            first_seq=journal.first_seq,
            last_seq=journal.read_last_seq(),
        )
        work.waiting += judge_till(shard_id, state, journal.hashes(), hashes, work.findings)
    except OctoNextError as error:
        what = f"{journal.path}: {error}"
        work.findings.add("till-journals", Finding(branch=journal.branch, device=journal.device, what=what))


def _judge_unsent(work: Work) -> None:
    """Tills of which no shard that was read has any entry."""
    for device, journal in work.journals.items():
        if device not in work.seen and not work.findings.gave_up("till-heads"):
            _judge_journal("", journal, {}, work)


async def _batches(entries: AsyncIterator[JournalEntry]) -> AsyncIterator[list[JournalEntry]]:
    """Runs of entries of one device, small enough to derive at once."""
    batch: list[JournalEntry] = []
    size = 0
    async for entry in entries:
        is_full = len(batch) >= BATCH_ENTRIES or size >= BATCH_BYTES
        if batch and (is_full or (batch[0].branch, batch[0].device) != (entry.branch, entry.device)):
            yield batch
            batch, size = [], 0
        batch.append(entry)
        size += len(entry.bytes or b"")
    if batch:
        yield batch
