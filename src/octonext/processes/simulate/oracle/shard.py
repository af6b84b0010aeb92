"""Whether a shard's tables follow from its journal, derived anew from the entries' bytes.

Nothing of the ingest code is used here: only the shapes of the entries and the rules of the books.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from octonext.crypto.chain import link
from octonext.sales.entries import AnyEntry, Return, Sale, StockAdjusted, StockCounted, decode_entry

from ..database.rows import GENESIS, JournalRow
from ..database.shard import ShardDatabase

Finding = tuple[str, str]
Place = tuple[int, int, int]


class Booked(NamedTuple):
    """What a receipt must have left behind."""

    kind: str
    total: int
    tax: int
    lines: int


def check_shard(shard: ShardDatabase) -> Iterator[Finding]:
    """Every way in which the shard contradicts its own journal."""
    journals = [(head, shard.journal(head.branch_id, head.device_id)) for head in shard.heads()]
    for head, rows in journals:
        yield from _check_chain(f"till {head.device_id}", head.seq, head.hash, rows)
    entries = dict(_entries(row for _, rows in journals for row in rows))
    yield from _check_receipts(shard, entries)
    yield from _check_stock(shard, entries)
    yield from _check_ledger(shard, entries)
    yield from _check_forks(shard)


def _check_chain(who: str, head_seq: int, head_hash: bytes, rows: list[JournalRow]) -> Iterator[Finding]:
    rule = "4 a shard holds a gapless, chain-valid prefix"
    previous = GENESIS
    for seq, row in enumerate(rows, 1):
        if row.seq != seq:
            yield rule, f"{who}: entry {seq} is missing, the next is {row.seq}"
            return
        if row.plaintext is not None and link(previous, row.plaintext) != row.hash:
            yield rule, f"{who}: the hash of entry {seq} does not follow from its bytes"
        previous = row.hash
    if (len(rows), previous) != (head_seq, head_hash):
        yield rule, f"{who}: the head is at {head_seq}, the journal at {len(rows)}"


def _entries(rows: Iterable[JournalRow]) -> Iterator[tuple[Place, AnyEntry]]:
    for row in rows:
        if row.outcome != "quarantined" and row.plaintext is not None:
            yield (row.branch_id, row.device_id, row.seq), decode_entry(row.plaintext)


def _check_receipts(shard: ShardDatabase, entries: dict[Place, AnyEntry]) -> Iterator[Finding]:
    rule = "3 every entry is booked exactly once"
    expected: Counter[tuple[Place, Booked]] = Counter()
    lines: Counter[tuple[Place, int, int, int]] = Counter()
    paid: Counter[tuple[Place, int, str, int]] = Counter()
    for place, entry in entries.items():
        if not isinstance(entry, Sale | Return):
            continue
        sign = 1 if isinstance(entry, Sale) else -1
        kind = "sale" if sign == 1 else "return"
        expected[place, Booked(kind, sign * entry.total, sign * entry.tax, len(entry.lines))] += 1
        for number, line in enumerate(entry.lines, 1):
            lines[place, number, sign * line.quantity, sign * line.total] += 1
        for number, payment in enumerate(entry.payments, 1):
            paid[place, number, payment.tender, sign * payment.amount] += 1
    found = Counter(
        ((row.branch_id, row.device_id, row.seq), Booked(row.kind, row.total, row.tax, row.line_count))
        for row in shard.sales()
    )
    yield from _differences(rule, "receipt", expected, found)
    found_lines = Counter(
        ((row.branch_id, row.device_id, row.seq), row.line_no, row.quantity, row.total)
        for row in shard.lines()
    )
    yield from _differences(rule, "line", lines, found_lines)
    found_paid = Counter(
        ((row.branch_id, row.device_id, row.seq), row.payment_no, row.tender, row.amount)
        for row in shard.payments()
    )
    yield from _differences(rule, "payment", paid, found_paid)


def _check_stock(shard: ShardDatabase, entries: dict[Place, AnyEntry]) -> Iterator[Finding]:
    expected: Counter[tuple[Place, str]] = Counter()
    for place, entry in entries.items():
        if isinstance(entry, Sale | Return):
            sign = -1 if isinstance(entry, Sale) else 1
            for line in entry.lines:
                expected[place, str(line.product)] += sign * line.quantity
        elif isinstance(entry, StockAdjusted):
            for moved in entry.lines:
                expected[place, str(moved.product)] += moved.quantity
    found: Counter[tuple[Place, str]] = Counter()
    sums: Counter[tuple[int, str]] = Counter()
    for row in shard.movements():
        place = (row.branch_id, row.device_id, row.seq)
        sums[row.branch_id, str(row.product_id)] += row.quantity
        # A count moves the book to the shelf: by how much depends on what came before it.
        if not isinstance(entries.get(place), StockCounted):
            found[place, str(row.product_id)] += row.quantity
    expected, found = _nonzero(expected), _nonzero(found)
    yield from _differences("3 every entry is booked exactly once", "movement", expected, found)
    balances: Counter[tuple[int, str]] = Counter()
    for balance in shard.balances():
        balances[balance.branch_id, str(balance.product_id)] += balance.on_hand
    yield from _differences(
        "6 stock on hand is the sum of its movements", "stock", _nonzero(sums), _nonzero(balances)
    )


def _check_ledger(shard: ShardDatabase, entries: dict[Place, AnyEntry]) -> Iterator[Finding]:
    balance: Counter[Place] = Counter()
    cash: Counter[tuple[int, int]] = Counter()
    for row in shard.ledger():
        place = (row.branch_id, row.device_id, row.seq)
        balance[place] += row.debit - row.credit
        cash[row.branch_id, row.account] += row.debit - row.credit
        if place not in entries:
            yield "3 every entry is booked exactly once", f"ledger lines of {place}, which has no entry"
    for place, rest in balance.items():
        if rest:
            yield "debits equal credits", f"entry {place} leaves {rest}"
    accounts: Counter[tuple[int, int]] = Counter()
    for account in shard.accounts():
        accounts[account.branch_id, account.account] += account.debit - account.credit
    yield from _differences(
        "account balances are the sums of their lines", "account", _nonzero(cash), _nonzero(accounts)
    )


def _check_forks(shard: ShardDatabase) -> Iterator[Finding]:
    opened = {(case.branch_id, case.device_id) for case in shard.cases() if "fork" in case.kind}
    for fork in shard.forks():
        if (fork.branch_id, fork.device_id) not in opened:
            yield "8 clones are found as forks", f"a fork of till {fork.device_id} opened no case"
        row = shard.entry(fork.branch_id, fork.device_id, fork.seq)
        if row is not None and row.hash == fork.hash:
            yield "8 clones are found as forks", f"entry {fork.seq} of till {fork.device_id} is no fork"


def _differences(rule: str, what: str, expected: Counter, found: Counter) -> Iterator[Finding]:  # type: ignore[type-arg]
    for key, count in (expected - found).items():
        yield rule, f"{what} {key} is missing ({count})"
    for key, count in (found - expected).items():
        yield rule, f"{what} {key} is there {count} times too often"


def _nonzero(counted: Counter) -> Counter:  # type: ignore[type-arg]
    return Counter({key: value for key, value in counted.items() if value})
