"""Derives postings from journal bytes again, in the form in which the shard's rows are read.

The rules are the shard's own (`octonext.sync.domain.translate`); what is compared is one text per
posting table and entry, its rows in order and their columns joined by `|`. `verify.sql` makes the same
text of what is stored, so that only a digest per entry has to travel.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from octonext.sync.domain import BranchRules, OpenedEntry, Postings, translate

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
#: When nothing is known of an entry's time: later than any till's.
_NO_TIME = datetime(9999, 1, 1, tzinfo=UTC)

#: Posting tables as checks, in the order of `verify.sql`'s streams.
TABLES = (
    "sales",
    "sale-lines",
    "sale-payments",
    "sale-taxes",
    "stock-movements",
    "ledger-lines",
    "till-events",
)

#: A count's movement depends on what the book said when it arrived: only that it is there is derived.
COUNT = "count"
_EVENT_FIELDS = (
    "scope",
    "amount",
    "product",
    "quantity",
    "price_before",
    "price_after",
    "approved_by",
    "reason",
)
_DISCOUNT_FIELDS = ("line", "discount", "approved_by", "reason")


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """A row of a shard's journal."""

    branch: int
    device: int
    seq: int
    hash: bytes
    key_id: str
    kind: str | None
    bytes: bytes | None
    outcome: str
    reason: str | None
    received_at: datetime

    @property
    def number(self) -> tuple[int, int, int]:
        return self.branch, self.device, self.seq


@dataclass(slots=True)
class DerivedEntry:
    """What an entry must have become: per table the text of its rows; no text, no rows."""

    entry: JournalEntry
    reason: str | None
    """Why the rules would quarantine it, None if they would book it."""
    shift: str = ""
    texts: dict[str, str] = field(default_factory=dict)

    def digest(self, table: str) -> bytes | None:
        """SHA-256 of the text, None where the entry has no rows."""
        text = self.texts.get(table)
        return None if text is None else hashlib.sha256(text.encode()).digest()

    def rows(self, table: str) -> list[str]:
        """The text of each row."""
        return self.texts[table].split("\n") if table in self.texts else []


@dataclass(slots=True)
class ShiftTotals:
    """What a shift row must say."""

    currency: str
    opened: bool = False
    closed: bool = False
    opening_float: int = 0
    cash_expected: int = 0
    cash_counted: int | None = None
    sale_count: int = 0
    sale_total: int = 0
    return_count: int = 0
    return_total: int = 0


def derive(
    entries: Sequence[JournalEntry], rules: BranchRules, shifts: dict[str, ShiftTotals]
) -> list[DerivedEntry]:
    """Derive entries of one device, in order; `shifts` of that device are added to.

    An entry that was quarantined books nothing, whatever its bytes say; its reason is judged.
    """
    readable = [entry for entry in entries if entry.bytes is not None]
    postings = _translated([entry for entry in readable if entry.outcome != "quarantined"], rules)
    quarantined = _translated([entry for entry in readable if entry.outcome == "quarantined"], rules)
    texts = _texts(postings, rules)
    reasons = {row[0]: row[6] for row in (*postings.entries, *quarantined.entries)}
    shift_of = {row[0]: str(row[7]) for row in postings.entries if row[6] is None}
    _add_shifts(postings, shift_of, rules.currency, shifts)
    return [
        DerivedEntry(entry, reasons.get(entry.seq), shift_of.get(entry.seq, ""), texts.get(entry.seq, {}))
        for entry in entries
    ]


def _translated(entries: Sequence[JournalEntry], rules: BranchRules) -> Postings:
    opened = [OpenedEntry(entry.seq, entry.hash, entry.key_id, b"", entry.bytes) for entry in entries]
    return translate(opened, rules, received_at=_NO_TIME, clock_offset=timedelta(0))


def shift_text(shift_id: str, totals: ShiftTotals) -> str:
    """A shift as `verify.sql` reads it."""
    return joined(
        shift_id, totals.currency, totals.opened, totals.closed, totals.opening_float, totals.cash_expected,
        totals.cash_counted, totals.sale_count, totals.sale_total, totals.return_count, totals.return_total,
    )  # fmt: skip


def joined(*values: object) -> str:
    """Values as PostgreSQL's format('%s|%s') writes them: null is empty, a boolean one letter."""
    return "|".join(["" if v is None else v if type(v) is str else _plain(v) for v in values])


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "t" if value else "f"
    return str(value)


def microseconds(at: datetime) -> int:
    """Microseconds since 1970, exactly."""
    return (at - _EPOCH) // _MICROSECOND


def _texts(postings: Postings, rules: BranchRules) -> dict[int, dict[str, str]]:
    found: dict[int, dict[str, list[str]]] = {row[0]: {} for row in postings.entries}

    def put(table: str, rows: Iterable[tuple[int, str]]) -> None:
        for seq, text in rows:
            tables = found[seq]
            if table in tables:
                tables[table].append(text)
            else:
                tables[table] = [text]

    # The two that run for every line of every receipt; a product's name is made once for both.
    names = [str(row[2]) for row in postings.lines]
    put("sales", _sales(postings, rules))
    put("sale-lines", _lines(postings, rules.currency, names))
    put("sale-payments", ((row[0], joined(*row[1:], rules.currency)) for row in postings.payments))
    put("sale-taxes", _taxes(postings))
    put("stock-movements", _movements(postings, names))
    put("ledger-lines", _ledger(postings, rules.currency))
    put("till-events", _events(postings))
    return {seq: {table: "\n".join(rows) for table, rows in tables.items()} for seq, tables in found.items()}


def _sales(postings: Postings, rules: BranchRules) -> Iterable[tuple[int, str]]:
    entries = {row[0]: row for row in postings.entries}
    for (
        seq,
        kind,
        total,
        tax,
        discount,
        rounding,
        paid,
        line_count,
        branch,
        device,
        original,
        customer,
    ) in postings.sales:
        entry = entries[seq]
        foreign = branch is not None and branch not in rules.shard_branches
        text = joined(
            kind, entry[7], entry[8], microseconds(entry[9]), rules.currency, total, total - tax, tax,
            discount, rounding, paid, line_count, branch, device, original, foreign, customer,
        )  # fmt: skip
        yield seq, text


def _lines(postings: Postings, currency: str, names: Sequence[str]) -> Iterable[tuple[int, str]]:
    kinds = {row[0]: row[1] for row in postings.sales}
    for row, product in zip(postings.lines, names, strict=True):
        seq, number, _, quantity, price, discount, tax, total, code, rate, original = row
        # Written out instead of `joined`: this is most of the work of a verification.
        text = (
            f"{number}|{kinds[seq]}|{product}|{quantity}|{price}|{discount}|{total - tax}|{tax}|{total}"
            f"|{code}|{rate}|{'' if original is None else original}|{currency}"
        )
        yield seq, text


def _ledger(postings: Postings, currency: str) -> Iterable[tuple[int, str]]:
    for seq, number, account, debit, credit in postings.ledger:
        yield seq, f"{number}|{int(account)}|{debit}|{credit}|{currency}"


def _taxes(postings: Postings) -> Iterable[tuple[int, str]]:
    sums: dict[tuple[int, str, int], list[int]] = {}
    for seq, _, _, _, _, _, tax, total, code, rate, _ in postings.lines:
        both = sums.setdefault((seq, code, rate), [0, 0])
        both[0] += total - tax
        both[1] += tax
    for (seq, code, rate), (net, tax) in sorted(sums.items()):
        yield seq, f"{code}|{rate}|{net}|{tax}"


def _movements(postings: Postings, names: Sequence[str]) -> Iterable[tuple[int, str]]:
    kinds = {row[0]: row[1] for row in postings.sales}
    for row, product in zip(postings.lines, names, strict=True):
        yield row[0], f"{row[1]}|{product}|{-row[3]}|{kinds[row[0]]}"
    for seq, number, product, quantity, reason in postings.adjustments:
        yield seq, f"{number}|{product}|{'' if reason == COUNT else quantity}|{reason}"
    for seq, number, product, _ in postings.counts:
        yield seq, f"{number}|{product}||{COUNT}"


def _events(postings: Postings) -> Iterable[tuple[int, str]]:
    for row in postings.entries:
        if row[12] is not None:
            detail: Mapping[str, Any] = msgspec.json.decode(row[12])
            values = (detail.get(name) for name in _EVENT_FIELDS)
            receipt = detail.get("receipt")
            named = receipt and f"{receipt['branch']}-{receipt['device']}-{receipt['seq']}"
            yield (
                row[0],
                joined(row[3], row[7], row[8], microseconds(row[9]), *values, named, _discounts(detail)),
            )


def _discounts(detail: Mapping[str, Any]) -> str | None:
    explained = detail.get("discounts")
    if not explained:
        return None
    return "; ".join(
        "/".join("" if d[name] is None else str(d[name]) for name in _DISCOUNT_FIELDS) for d in explained
    )


def _add_shifts(
    postings: Postings, shift_of: Mapping[int, str], currency: str, shifts: dict[str, ShiftTotals]
) -> None:
    for shift_id in shift_of.values():
        shifts.setdefault(shift_id, ShiftTotals(currency))
    closings = set()
    for seq, _, is_opening, amount, _ in postings.shifts:
        totals = shifts[shift_of[seq]]
        if is_opening:
            totals.opened = True
            totals.opening_float += amount
        else:
            closings.add(seq)
            totals.closed = True
            totals.cash_counted = amount
    for seq, _, account, debit, credit in postings.ledger:
        # Emptying the drawer at the end is not part of what must be in it.
        if account == 1010 and seq not in closings:
            shifts[shift_of[seq]].cash_expected += debit - credit
    for row in postings.sales:
        totals = shifts[shift_of[row[0]]]
        if row[1] == "sale":
            totals.sale_count += 1
            totals.sale_total += row[2]
        else:
            totals.return_count += 1
            totals.return_total += row[2]
