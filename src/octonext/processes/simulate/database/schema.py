"""The tables of one shard, and of head office."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from .rows import (
    AccountRow,
    BalanceRow,
    CaseRow,
    CursorRow,
    CustomerRow,
    EventRow,
    ForkRow,
    HeadRow,
    JournalRow,
    LedgerRow,
    LineRow,
    MovementRow,
    PaymentRow,
    PushRow,
    ReferenceRow,
    SaleRow,
    ShiftRow,
    TaxRow,
)
from .tables import Entry, Journal, Postings, Receipts, Spine, Table


def _original(sale: SaleRow) -> Entry | None:
    if sale.original_seq is None or sale.original_branch_id is None or sale.original_device_id is None:
        return None
    return sale.original_branch_id, sale.original_device_id, sale.original_seq


class ReferenceTables:
    """What head office and every shard have: the reference feed."""

    def __init__(self) -> None:
        self.reference: Table[tuple[str, str], ReferenceRow] = Table("reference")
        #: Transactions that published something, each with a mark that no other history has.
        self.history: Spine[str] = Spine("reference_history")

    def all(self) -> list[Table[Any, Any]]:
        """Every table, for an engine."""
        return [table for table in vars(self).values() if isinstance(table, Table)]


class ShardTables(ReferenceTables):
    """What a shard has."""

    def __init__(self) -> None:
        super().__init__()
        self.cursors: Table[str, CursorRow] = Table("feed_cursor")
        self.heads: Table[tuple[int, int], HeadRow] = Table("device_head")
        self.keys: Table[tuple[int, int, str], bytes] = Table("device_key")
        self.journal: Journal[JournalRow] = Journal("device_journal")
        self.forks: Table[tuple[int, int, int, bytes], ForkRow] = Table("journal_fork")
        self.cases: Table[tuple[int, int, int, str], CaseRow] = Table("opened_case")
        self.shifts: Table[tuple[int, int, UUID], ShiftRow] = Table("shift")
        self.sales: Receipts[SaleRow] = Receipts("sale", _original)
        self.lines: Postings[LineRow] = Postings("sale_line")
        self.taxes: Postings[TaxRow] = Postings("sale_tax")
        self.payments: Postings[PaymentRow] = Postings("sale_payment")
        self.movements: Postings[MovementRow] = Postings("stock_movement")
        self.ledger: Postings[LedgerRow] = Postings("ledger_line")
        self.events: Postings[EventRow] = Postings("till_event")
        self.balances: Table[tuple[int, UUID], BalanceRow] = Table("stock_balance")
        self.accounts: Table[tuple[int, int, int, str], AccountRow] = Table("account_balance")
        self.customers: Table[UUID, CustomerRow] = Table("customer")
        self.pushes: Spine[PushRow] = Spine("push")
