"""The plan of a replay: every till's journal, entry by entry, before any till exists.

It is made ahead because a return names its sale's receipt: the place of every entry must be known. Every
row ends in exactly one entry or in one report; that is enforced while the plan is made.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from octonext.base.quantity import THOUSANDTHS

from .invoices import SERVICES, Deed, Invoice, group_invoices, sort_invoice
from .originals import Originals, Receipt
from .places import Chain
from .rows import Reported, Row
from .sizes import split_to_fit
from .tenders import CARD, CASH, Drawer, tender_for

#: Lines of an opening stock entry; 1,000 make about 70 KB.
OPENING_LINES_MAX = 1_000
#: Opening stock is what will be sold, up to the next full carton.
CARTON = 10 * THOUSANDTHS
#: What lies in a drawer when a shift opens, minor units.
FLOAT = 10_000


class Kind(StrEnum):
    """What an entry of the plan is."""

    OPEN = "shift_opened"
    OPENING_STOCK = "opening_stock"
    SALE = "sale"
    RETURN = "return"
    ADJUSTED = "stock_adjusted"
    CLOSE = "shift_closed"


@dataclass(slots=True)
class Entry:
    """One entry of one till, in its place."""

    kind: Kind
    till: int
    seq: int
    at: datetime
    rows: Sequence[Row] = ()
    tender: str = ""
    #: Of a return: the receipt, and for each row the line there.
    original: Receipt | None = None
    original_lines: Sequence[int] = ()
    #: Of opening stock: stock code and thousandths.
    stock: Sequence[tuple[str, int]] = ()
    #: Of a shift's close, minor units.
    cash: int = 0

    @property
    def amount(self) -> int:
        """What its rows come to, minor units, never negative."""
        return sum(abs(row.amount) for row in self.rows)


@dataclass(slots=True)
class Plan:
    """Every till's entries in order, and what was reported instead."""

    chain: Chain
    tills: list[list[Entry]]
    reported: list[Reported]
    rows_in: int
    rows_applied: int

    def rows(self, *kinds: Kind) -> Iterator[Row]:
        """The rows of every entry of these kinds."""
        for entries in self.tills:
            for entry in entries:
                if entry.kind in kinds:
                    yield from entry.rows


def make_plan(records: Sequence[Row | Reported], chain: Chain) -> Plan:
    """Plan a file's records. Raises nothing for what they say: what is no deed of a till is reported."""
    rows = [record for record in records if isinstance(record, Row)]
    planner = _Planner(chain, [record.line for record in records])
    for record in records:
        if isinstance(record, Reported):
            planner.report([record])
    invoices = []
    for group in group_invoices(rows):
        invoice, reported = sort_invoice(group)
        planner.report(reported)
        invoices.append((chain.till_for(invoice.number, invoice.customer), invoice))
    if rows:
        planner.open_branches(min(row.at for row in rows), _opening_stock(invoices, chain))
    for till, invoice in invoices:
        planner.ring_up(till, invoice)
    return planner.finish()


def _opening_stock(invoices: Iterable[tuple[int, Invoice]], chain: Chain) -> list[dict[str, int]]:
    """Per branch, what must be there so that goods that will be sold can have been there."""
    sold: list[Counter[str]] = [Counter() for _ in range(chain.branches)]
    for till, invoice in invoices:
        for row in invoice.sold:
            if row.code not in SERVICES:
                sold[chain.branch_of_till(till)][row.code] += row.quantity
    return [
        {code: -(-quantity // CARTON) * CARTON for code, quantity in sorted(branch.items())}
        for branch in sold
    ]


@dataclass(slots=True)
class _Till:
    entries: list[Entry] = field(default_factory=list)
    month: tuple[int, int] | None = None
    drawer: Drawer = field(default_factory=Drawer)


class _Planner:
    def __init__(self, chain: Chain, lines: Sequence[int]) -> None:
        self._chain = chain
        self._tills = [_Till() for _ in range(chain.tills)]
        self._originals = Originals(chain)
        self._reported: list[Reported] = []
        self._open_lines = set(lines)
        self._rows_in = len(lines)
        if len(self._open_lines) != len(lines):
            raise ValueError("two records have the same line number")

    def report(self, reported: Sequence[Reported]) -> None:
        for each in reported:
            self._open_lines.remove(each.line)  # KeyError: the row has had its fate already
        self._reported += reported

    def open_branches(self, at: datetime, stock: Sequence[dict[str, int]]) -> None:
        """The first till of each branch books what the branch begins with."""
        for branch, goods in enumerate(stock):
            items = list(goods.items())
            for start in range(0, len(items), OPENING_LINES_MAX):
                till = self._chain.tills_of_branch(branch)[0]
                chosen = items[start : start + OPENING_LINES_MAX]
                self._write(Kind.OPENING_STOCK, till, at, stock=chosen)

    def ring_up(self, till: int, invoice: Invoice) -> None:
        self._sell(till, invoice)
        self._take_back(till, invoice)
        for rows in split_to_fit(invoice.rows(Deed.ADJUSTED)):
            self._write(Kind.ADJUSTED, till, rows[0].at, rows=rows)

    def finish(self) -> Plan:
        if self._open_lines:
            raise AssertionError(f"{len(self._open_lines)} rows were neither applied nor reported")
        for number in range(len(self._tills)):
            self._close(number)
        tills = [till.entries for till in self._tills]
        applied = sum(len(entry.rows) for entries in tills for entry in entries)
        reported = sorted(self._reported)
        if applied + len(reported) != self._rows_in:
            raise AssertionError("rows in are not rows applied and rows reported")
        return Plan(self._chain, tills, reported, self._rows_in, applied)

    def _sell(self, till: int, invoice: Invoice) -> None:
        for rows in split_to_fit(invoice.sold):
            total = sum(row.amount for row in rows)
            tender = tender_for(self._chain, invoice.number, invoice.customer, total)
            entry = self._write(Kind.SALE, till, rows[0].at, rows=rows, tender=tender)
            self._tills[till].drawer.take(tender, total)
            self._originals.remember(entry)

    def _take_back(self, till: int, invoice: Invoice) -> None:
        """One return for each receipt that the rows come from, and one for those without."""
        groups: dict[Receipt | None, list[tuple[Row, int]]] = defaultdict(list)
        for row in invoice.returned:
            receipt, line = self._originals.find(row, till)
            groups[receipt].append((row, line))
        for receipt, pairs in groups.items():
            lines_of = {row.line: line for row, line in pairs}
            for rows in split_to_fit([row for row, _ in pairs]):
                # The shift first: a new one begins with a full drawer.
                self._begin_shift(till, rows[0].at)
                total = sum(-row.amount for row in rows)
                tender = self._originals.tender_of(receipt) if receipt is not None else CARD
                if tender == CASH and not self._tills[till].drawer.holds(total):
                    tender = CARD
                self._write(
                    Kind.RETURN,
                    till,
                    rows[0].at,
                    rows=rows,
                    tender=tender,
                    original=receipt,
                    original_lines=[lines_of[row.line] for row in rows] if receipt is not None else (),
                )
                self._tills[till].drawer.take(tender, -total)

    def _write(
        self,
        kind: Kind,
        till: int,
        at: datetime,
        *,
        rows: Sequence[Row] = (),
        tender: str = "",
        original: Receipt | None = None,
        original_lines: Sequence[int] = (),
        stock: Sequence[tuple[str, int]] = (),
    ) -> Entry:
        self._begin_shift(till, at)
        for row in rows:
            self._open_lines.remove(row.line)  # KeyError: the row has had its fate already
        entry = self._append(till, kind, at)
        entry.rows, entry.tender, entry.stock = rows, tender, stock
        entry.original, entry.original_lines = original, original_lines
        return entry

    def _begin_shift(self, till: int, at: datetime) -> None:
        """A shift lasts a calendar month: the file has months of invoices, not a day's."""
        state, month = self._tills[till], (at.year, at.month)
        if state.month == month:
            return
        self._close(till)
        state.month = month
        state.drawer = Drawer(FLOAT)
        self._append(till, Kind.OPEN, at).cash = FLOAT

    def _close(self, till: int) -> None:
        state = self._tills[till]
        if state.month is not None:
            self._append(till, Kind.CLOSE, state.entries[-1].at).cash = state.drawer.cash
            state.month = None

    def _append(self, till: int, kind: Kind, at: datetime) -> Entry:
        entries = self._tills[till].entries
        entries.append(Entry(kind, till, len(entries) + 1, at))
        return entries[-1]
