"""The journal entries of a till: the shapes of their JSON, version 1.

A till writes these as UTF-8 JSON, hashes and encrypts the bytes, and the shard keeps the bytes as
they are. Money is integer minor units, quantities integer thousandths. Decoding checks shapes and
bounds only; whether the figures agree with each other is decided in `octonext.sales.domain`.

Nothing here can be part of a reference cycle, so the cyclic garbage collector need not look (`gc=False`):
a push makes thousands of these.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from octonext.base.money import AMOUNT_MAX
from octonext.base.quantity import QUANTITY_MAX

#: Lines on one receipt. The longest real invoice we replay has 1,114.
LINES_MAX = 2000
#: Tenders on one receipt.
PAYMENTS_MAX = 16
#: `docs/sync-protocol.md`, section 6: an entry's JSON is at most this long, so that it fits a frame.
ENTRY_BYTES_MAX = 150_000

Amount = Annotated[int, Meta(ge=-AMOUNT_MAX, le=AMOUNT_MAX)]
Positive = Annotated[int, Meta(gt=0, le=AMOUNT_MAX)]
NotNegative = Annotated[int, Meta(ge=0, le=AMOUNT_MAX)]
Quantity = Annotated[int, Meta(gt=0, le=QUANTITY_MAX)]
Delta = Annotated[int, Meta(ge=-QUANTITY_MAX, le=QUANTITY_MAX)]
Counted = Annotated[int, Meta(ge=0, le=QUANTITY_MAX)]
RatePpm = Annotated[int, Meta(ge=0, le=1_000_000)]
Seq = Annotated[int, Meta(ge=1, le=2**46)]
Number = Annotated[int, Meta(ge=1, le=2**31 - 1)]
#: `\Z` and not `$`, which takes a line break at the end for the end.
Text = Annotated[str, Meta(max_length=200, pattern=r"^[^\x00]*\Z")]
#: Its characters are checked by `decode_entry`, once for each code that a process has not met yet: a
#: pattern here would cost a sale more than all the rest of its decoding.
Code = Annotated[str, Meta(min_length=1, max_length=40)]
#: Which one it must be is the branch's affair.
Currency = Annotated[str, Meta(min_length=3, max_length=3)]
At = Annotated[datetime, Meta(tz=True)]


class Entry(Struct, frozen=True, tag_field="kind", forbid_unknown_fields=False, kw_only=True, gc=False):
    """What every entry says: who, when, in which shift, and its place in the till's journal."""

    v: Annotated[int, Meta(ge=1, le=1)] = 1
    seq: Seq
    shift: UUID
    cashier: UUID
    #: The till's wall clock with its offset: evidence, never an order.
    at: At
    #: Hybrid logical time, see `octonext.base.clock.hybrid_tick`.
    hlc: Annotated[int, Meta(ge=0, le=2**53 - 1)]


class ReceiptReference(Struct, frozen=True, gc=False):
    """A receipt by its number: branch, device and seq."""

    branch: Number
    device: Number
    seq: Seq


class Line(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """One line of a receipt; amounts are what the customer pays or gets back, never negative."""

    product: UUID
    quantity: Quantity
    #: Minor units for one piece or kilogram, as shown to the customer.
    unit_price: NotNegative
    #: Taken off this line, its share of a cart discount included.
    discount: NotNegative = 0
    tax_code: Code
    rate_ppm: RatePpm
    #: Tax contained in `total`.
    tax: NotNegative
    #: What the line costs the customer, tax included.
    total: NotNegative
    #: The line's number on the original receipt, for a return.
    original_line: Annotated[int, Meta(ge=1, le=LINES_MAX)] | None = None
    note: Text | None = None
    #: Why there is a discount, and who allowed one beyond what the cashier may give.
    discount_reason: Text | None = None
    discount_approved_by: UUID | None = None


class Payment(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """One tender: the amount that stays (or, on a return, is handed back)."""

    tender: Code
    amount: Positive
    #: What the customer handed over, before change; cash only.
    tendered: Positive | None = None
    reference: Text | None = None


class ShiftOpened(Entry, frozen=True, tag="shift_opened", kw_only=True):
    """A shift begins with a float taken from the safe."""

    currency: Currency
    opening_float: NotNegative


class Sale(Entry, frozen=True, tag="sale", kw_only=True):
    """A paid sale: a fact, never refused."""

    currency: Currency
    lines: Annotated[list[Line], Meta(min_length=1, max_length=LINES_MAX)]
    payments: Annotated[list[Payment], Meta(max_length=PAYMENTS_MAX)]
    total: NotNegative
    tax: NotNegative
    #: Cash rounding: what is paid minus `total`.
    rounding: Annotated[int, Meta(ge=-100, le=100)] = 0
    note: Text | None = None
    #: Whose receipt it is, as `customer_saved` named them.
    customer: UUID | None = None


class Return(Entry, frozen=True, tag="return", kw_only=True):
    """Goods taken back and money handed out; amounts are positive, the kind says the direction."""

    currency: Currency
    #: None for a return without a receipt, which always opens a case.
    original: ReceiptReference | None = None
    lines: Annotated[list[Line], Meta(min_length=1, max_length=LINES_MAX)]
    payments: Annotated[list[Payment], Meta(max_length=PAYMENTS_MAX)]
    total: NotNegative
    tax: NotNegative
    rounding: Annotated[int, Meta(ge=-100, le=100)] = 0
    reason: Text | None = None
    note: Text | None = None
    customer: UUID | None = None
    #: Who allowed it, where the cashier may not: a refund without a receipt, a sale taken back.
    approved_by: UUID | None = None


class Void(Entry, frozen=True, tag="void", kw_only=True):
    """A cart line or a whole cart that was taken back before payment. No money moves.

    Scope `receipt` notes that a paid sale is being taken back whole; the money goes with its `return`.
    """

    scope: Literal["line", "cart", "receipt"]
    amount: NotNegative
    product: UUID | None = None
    quantity: Quantity | None = None
    reason: Text | None = None


class PriceOverridden(Entry, frozen=True, tag="price_overridden", kw_only=True):
    """A price was changed at the till, by whom and from what to what."""

    product: UUID
    price_before: NotNegative
    price_after: NotNegative
    approved_by: UUID | None = None
    reason: Text | None = None


class DrawerOpened(Entry, frozen=True, tag="drawer_opened", kw_only=True):
    """The drawer was opened without a sale."""

    reason: Text | None = None
    approved_by: UUID | None = None


class CashMoved(Entry, frozen=True, tag="cash_moved", kw_only=True):
    """Cash put into the drawer (positive) or taken out of it (negative), from or to the safe."""

    currency: Currency
    amount: Amount
    reason: Text | None = None
    approved_by: UUID | None = None


class CountLine(Struct, frozen=True, gc=False, kw_only=True):
    """What was counted of one product, in thousandths."""

    product: UUID
    counted: Counted


class StockCounted(Entry, frozen=True, tag="stock_counted", kw_only=True):
    """Goods were counted: the shelf is right, the book follows."""

    lines: Annotated[list[CountLine], Meta(min_length=1, max_length=LINES_MAX)]


class AdjustmentLine(Struct, frozen=True, gc=False, kw_only=True):
    """A signed change of one product's stock, in thousandths."""

    product: UUID
    quantity: Delta


class StockAdjusted(Entry, frozen=True, tag="stock_adjusted", kw_only=True):
    """Stock came or went without a sale: opening stock, damage, write-off, found goods."""

    reason: Code
    lines: Annotated[list[AdjustmentLine], Meta(min_length=1, max_length=LINES_MAX)]
    note: Text | None = None


class ShiftClosed(Entry, frozen=True, tag="shift_closed", kw_only=True):
    """The drawer was counted and emptied into the safe."""

    currency: Currency
    counted: NotNegative
    #: What the till's own journal says must be in the drawer.
    expected: Amount


class CustomerSaved(Entry, frozen=True, tag="customer_saved", kw_only=True):
    """A customer was made or changed at the till: all that is known of them, not only what changed.

    Personal data. It stays on the shard of the till's country and is in no report.
    """

    customer: UUID
    name: Annotated[str, Meta(min_length=1, max_length=200, pattern=r"^[^\x00]*\Z")]
    phone: Text | None = None
    email: Text | None = None
    vat_number: Text | None = None
    note: Text | None = None


class ReceiptReprinted(Entry, frozen=True, tag="receipt_reprinted", kw_only=True):
    """A copy of a receipt was printed, marked as one."""

    receipt: ReceiptReference


class CashierSignedIn(Entry, frozen=True, tag="cashier_signed_in", kw_only=True):
    """Within a shift another cashier took over: the one that this entry names."""


#: Entries with lines and payments. A tuple: `isinstance(entry, Sale | Return)` builds the union each time.
RECEIPTS = (Sale, Return)

AnyEntry = (
    ShiftOpened
    | Sale
    | Return
    | Void
    | PriceOverridden
    | DrawerOpened
    | CashMoved
    | StockCounted
    | StockAdjusted
    | ShiftClosed
    | CustomerSaved
    | ReceiptReprinted
    | CashierSignedIn
)

#: Codes remembered as good.
CODES_MET_MAX = 1_000

_CODE = re.compile(r"[A-Za-z0-9:_./-]+")
_codes_met: set[str] = set()
_decoder: msgspec.json.Decoder[AnyEntry] = msgspec.json.Decoder(AnyEntry)
_encoder = msgspec.json.Encoder()


def decode_entry(data: bytes) -> AnyEntry:
    """Return the entry that `data` (UTF-8 JSON) holds.

    Raises msgspec.ValidationError (a wrong shape, an unknown kind) or msgspec.DecodeError.
    """
    entry = _decoder.decode(data)
    if isinstance(entry, RECEIPTS):
        for line in entry.lines:
            if line.tax_code not in _codes_met:
                _meet(line.tax_code)
        for payment in entry.payments:
            if payment.tender not in _codes_met:
                _meet(payment.tender)
    elif isinstance(entry, StockAdjusted):
        _meet(entry.reason)
    return entry


def _meet(code: str) -> None:
    if _CODE.fullmatch(code) is None:
        raise msgspec.ValidationError(f"{code!r} is not a code: letters, digits and : _ . / - only")
    # tills send what head office made; what somebody else sends must not fill the memory
    if len(_codes_met) < CODES_MET_MAX:
        _codes_met.add(code)


def encode_entry(entry: AnyEntry) -> bytes:
    """Return the bytes a till journals for `entry`. They are never produced a second time."""
    return _encoder.encode(entry)
