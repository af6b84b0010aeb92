"""The rows of a shard, as plain tuples; columns are named as in schema/shard, less what is not needed."""

from __future__ import annotations

from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

GENESIS = bytes(32)


class HeadRow(NamedTuple):
    """`device_head`: where a till stands."""

    branch_id: int
    device_id: int
    seq: int = 0
    hash: bytes = GENESIS
    epoch: int = 0
    till_at: datetime | None = None
    received_at: datetime | None = None
    connected_at: datetime | None = None
    clock_offset_ms: int = 0
    app: str = ""
    quarantined_count: int = 0
    case_count: int = 0
    xid: int = 0


class JournalRow(NamedTuple):
    """`device_journal`: an entry, byte for byte."""

    branch_id: int
    device_id: int
    seq: int
    hash: bytes
    key_id: str
    kind: str | None
    plaintext: bytes | None
    ciphertext: bytes | None
    outcome: str
    reason: str | None
    till_at: datetime | None
    hlc: int | None
    received_at: datetime


class ForkRow(NamedTuple):
    """`journal_fork`: an entry of another history of the same till."""

    branch_id: int
    device_id: int
    seq: int
    hash: bytes
    prev: bytes
    key_id: str
    plaintext: bytes | None
    ciphertext: bytes | None
    received_at: datetime


class CaseRow(NamedTuple):
    """`opened_case`; `evidence` is JSON text."""

    branch_id: int
    device_id: int
    seq: int
    kind: str
    evidence: str
    opened_at: datetime
    xid: int
    id: int


class ShiftRow(NamedTuple):
    """`shift`: a shift's running totals."""

    branch_id: int
    device_id: int
    shift_id: UUID
    cashier_id: UUID | None
    currency: str
    opened_at: datetime | None
    closed_at: datetime | None
    opening_float: int
    cash_expected: int
    cash_counted: int | None
    sale_count: int
    sale_total: int
    return_count: int
    return_total: int
    xid: int
    id: int


class SaleRow(NamedTuple):
    """`sale`: a sale or a return, which is negative."""

    branch_id: int
    device_id: int
    seq: int
    kind: str
    shift_id: UUID
    cashier_id: UUID
    till_at: datetime
    occurred_at: datetime
    business_date: date
    currency: str
    total: int
    net: int
    tax: int
    discount: int
    rounding: int
    paid: int
    line_count: int
    original_branch_id: int | None
    original_device_id: int | None
    original_seq: int | None
    foreign_original: bool
    customer_id: UUID | None
    posted_at: datetime


class CustomerRow(NamedTuple):
    """`customer`: what a till said of them last."""

    customer_id: UUID
    name: str
    phone: str | None
    email: str | None
    vat_number: str | None
    note: str | None
    branch_id: int
    device_id: int
    seq: int
    saved_at: datetime
    xid: int
    id: int


class LineRow(NamedTuple):
    """`sale_line`."""

    branch_id: int
    device_id: int
    seq: int
    line_no: int
    kind: str
    product_id: UUID
    quantity: int
    unit_price: int
    discount: int
    net: int
    tax: int
    total: int
    tax_code: str
    rate_ppm: int
    original_line: int | None
    currency: str
    business_date: date
    occurred_at: datetime
    posted_at: datetime


class TaxRow(NamedTuple):
    """`sale_tax`: the tax block of a receipt."""

    branch_id: int
    device_id: int
    seq: int
    tax_code: str
    rate_ppm: int
    net: int
    tax: int
    posted_at: datetime


class PaymentRow(NamedTuple):
    """`sale_payment`."""

    branch_id: int
    device_id: int
    seq: int
    payment_no: int
    tender: str
    amount: int
    tendered: int | None
    reference: str | None
    currency: str
    business_date: date
    occurred_at: datetime
    posted_at: datetime


class MovementRow(NamedTuple):
    """`stock_movement`."""

    branch_id: int
    device_id: int
    seq: int
    line_no: int
    product_id: UUID
    quantity: int
    reason: str
    occurred_at: datetime
    posted_at: datetime


class LedgerRow(NamedTuple):
    """`ledger_line`."""

    branch_id: int
    device_id: int
    seq: int
    line_no: int
    account: int
    debit: int
    credit: int
    currency: str
    business_date: date
    posted_at: datetime


class EventRow(NamedTuple):
    """`till_event`; `detail` is JSON text."""

    branch_id: int
    device_id: int
    seq: int
    kind: str
    shift_id: UUID
    cashier_id: UUID
    detail: str
    till_at: datetime
    posted_at: datetime


class BalanceRow(NamedTuple):
    """`stock_balance`."""

    branch_id: int
    product_id: UUID
    on_hand: int


class AccountRow(NamedTuple):
    """`account_balance`."""

    branch_id: int
    device_id: int
    account: int
    currency: str
    debit: int
    credit: int


class PushRow(NamedTuple):
    """`push`: an accepted push, the spine of the feeds; `place` is its transaction id."""

    place: int
    branch_id: int
    device_id: int
    first_seq: int
    last_seq: int
    hash: bytes
    posted_at: datetime


class ReferenceRow(NamedTuple):
    """`reference`, at head office and on shards; `payload` is JSON text, None for a deleted row."""

    kind: str
    key: str
    region_id: int | None
    branch_id: int | None
    payload: str | None
    xid: int
    id: int


class CursorRow(NamedTuple):
    """`feed_cursor`: how far a feed was applied here."""

    feed: str
    xid: int = 0
    id: int = 0
    mark: str = ""
    refill_from: int | None = None
