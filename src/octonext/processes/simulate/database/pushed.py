"""What a push brings to `ingest_push`: the arguments of the statement, by name."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID


class PushedEntry(NamedTuple):
    """`pushed_entry`."""

    seq: int
    hash: bytes
    key_id: str
    kind: str | None
    plaintext: bytes | None
    ciphertext: bytes | None
    reason: str | None
    shift_id: UUID | None
    cashier_id: UUID | None
    till_at: datetime | None
    occurred_at: datetime | None
    hlc: int | None
    detail: str | None


class PushedSale(NamedTuple):
    """`pushed_sale`: a return is negative."""

    seq: int
    kind: str
    total: int
    tax: int
    discount: int
    rounding: int
    paid: int
    line_count: int
    original_branch_id: int | None
    original_device_id: int | None
    original_seq: int | None
    customer_id: UUID | None


class PushedLine(NamedTuple):
    """`pushed_line`."""

    seq: int
    line_no: int
    product_id: UUID
    quantity: int
    unit_price: int
    discount: int
    tax: int
    total: int
    tax_code: str
    rate_ppm: int
    original_line: int | None


class PushedPayment(NamedTuple):
    """`pushed_payment`."""

    seq: int
    payment_no: int
    tender: str
    amount: int
    tendered: int | None
    reference: str | None


class PushedLedger(NamedTuple):
    """`pushed_ledger`."""

    seq: int
    line_no: int
    account: int
    debit: int
    credit: int


class PushedAdjustment(NamedTuple):
    """`pushed_adjustment`."""

    seq: int
    line_no: int
    product_id: UUID
    quantity: int
    reason: str


class PushedCount(NamedTuple):
    """`pushed_count`."""

    seq: int
    line_no: int
    product_id: UUID
    counted: int


class PushedShift(NamedTuple):
    """`pushed_shift`: an opening with its float, or a closing with what was counted and expected."""

    seq: int
    shift_id: UUID
    is_opening: bool
    amount: int
    expected: int | None


class PushedCustomer(NamedTuple):
    """`pushed_customer`."""

    seq: int
    customer_id: UUID
    name: str
    phone: str | None
    email: str | None
    vat_number: str | None
    note: str | None


class FoundCase(NamedTuple):
    """`found_case`; `evidence` is JSON text."""

    seq: int
    kind: str
    evidence: str


@dataclass(frozen=True, slots=True)
class Pushed:
    """One push, as the domain translated it."""

    branch_id: int
    device_id: int
    epoch: int | None
    """None for a push that another till hands over."""
    first: int
    prev: bytes
    currency: str
    time_zone: str
    shard_branches: tuple[int, ...]
    keys: list[tuple[str, bytes]]
    entries: list[PushedEntry]
    sales: list[PushedSale]
    lines: list[PushedLine]
    payments: list[PushedPayment]
    ledger: list[PushedLedger]
    adjustments: list[PushedAdjustment]
    counts: list[PushedCount]
    shifts: list[PushedShift]
    customers: list[PushedCustomer]
    cases: list[FoundCase]

    @classmethod
    def read(cls, arguments: tuple[Any, ...]) -> Pushed:
        """Name the arguments of the statement `ingest_push`, in its order."""
        (branch, device, epoch, first, prev, currency, time_zone, branches, keys, *arrays) = arguments
        forms = (
            PushedEntry,
            PushedSale,
            PushedLine,
            PushedPayment,
            PushedLedger,
            PushedAdjustment,
            PushedCount,
            PushedShift,
            PushedCustomer,
            FoundCase,
        )
        rows: list[Any] = [[form(*row) for row in array] for form, array in zip(forms, arrays, strict=True)]
        return cls(
            branch, device, epoch, first, prev, currency, time_zone, tuple(branches), list(keys), *rows
        )
