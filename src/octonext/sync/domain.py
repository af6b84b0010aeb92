"""Ingest rules: what the entries of a push mean, as rows for `ingest_push`. Pure.

Nothing here knows what the shard already holds; that is decided in SQL under the till's lock. What
cannot be booked becomes a quarantined entry with a reason, never an exception: one damaged entry must
not hold up the ones behind it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import msgspec

from octonext.base.cards import contains_card_number, mask_card_numbers
from octonext.ledger.domain import LedgerLine, cash_moved_lines, shift_closed_lines
from octonext.payments.domain import ON_ACCOUNT
from octonext.sales.card_numbers import find_card_number, hides_card_number
from octonext.sales.domain import find_disagreement, find_unknown_tax, ledger_lines
from octonext.sales.entries import (
    RECEIPTS,
    AnyEntry,
    CashierSignedIn,
    CashMoved,
    CustomerSaved,
    DrawerOpened,
    PriceOverridden,
    ReceiptReprinted,
    Return,
    Sale,
    ShiftClosed,
    ShiftOpened,
    StockAdjusted,
    StockCounted,
    Void,
    decode_entry,
)

from .details import detail_of, json_text

#: A position in the reference feed: transaction id and row id.
Cursor = tuple[int, int]


class MarkedCursor(NamedTuple):
    """How far a till has read the reference feed, and what the shard's history was there."""

    place: Cursor
    #: Empty for the beginning, and in a cursor that was given without one.
    mark: str = ""

    def __str__(self) -> str:
        """Return "12.34.0123456789ab", or "12.34" without a mark."""
        return ".".join(filter(None, (str(self.place[0]), str(self.place[1]), self.mark)))


#: Nothing was read yet.
START = MarkedCursor((0, 0))

#: A till's clock may be this wrong before its times are corrected by what it said in `hello`.
CLOCK_TOLERANCE = timedelta(minutes=2)
#: A till's clock that is further off than this when a shift opens is a case for the shop.
CLOCK_ALARM = timedelta(days=1)
#: The till's clock is kept within these. Beyond them stores disagree about the calendar (PostgreSQL's
#: driver makes year 1 and the end of 9999 infinite, columns of the OLAP store end in 2299); what the
#: till wrote stays in the entry's bytes.
CLOCK_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
CLOCK_LATEST = datetime(2199, 12, 31, tzinfo=UTC)
#: How the reason of an entry begins in which a payment card number stands.
CARD_NUMBER = "card_number"
#: Characters of a reason that are kept.
REASON_LENGTH_MAX = 300


class OpenedEntry(msgspec.Struct, frozen=True, gc=False):
    """An entry of a push after decryption: `plaintext` is None when it could not be decrypted.

    `refusal` marks an entry that SQL would not take although the domain did; it is quarantined.
    """

    seq: int
    hash: bytes
    key_id: str
    ciphertext: bytes
    plaintext: bytes | None
    refusal: str | None = None


@dataclass(frozen=True, slots=True)
class BranchRules:
    """What ingest needs to know of the branch: money, time zone, taxes, and its neighbours."""

    branch_id: int
    currency: str
    time_zone: str
    #: Tax code -> rate in ppm.
    tax_rates: Mapping[str, int]
    #: Every branch on the same shard.
    shard_branches: tuple[int, ...]


@dataclass(slots=True)
class Postings:
    """The rows of one push, each list in the order of the SQL type of the same name."""

    entries: list[tuple[Any, ...]] = field(default_factory=list)
    sales: list[tuple[Any, ...]] = field(default_factory=list)
    lines: list[tuple[Any, ...]] = field(default_factory=list)
    payments: list[tuple[Any, ...]] = field(default_factory=list)
    ledger: list[tuple[Any, ...]] = field(default_factory=list)
    adjustments: list[tuple[Any, ...]] = field(default_factory=list)
    counts: list[tuple[Any, ...]] = field(default_factory=list)
    shifts: list[tuple[Any, ...]] = field(default_factory=list)
    customers: list[tuple[Any, ...]] = field(default_factory=list)
    cases: list[tuple[int, str, str]] = field(default_factory=list)


def translate(
    entries: Sequence[OpenedEntry],
    rules: BranchRules,
    *,
    received_at: datetime,
    clock_offset: timedelta,
) -> Postings:
    """Return the rows of a push.

    `received_at` is the gateway's time, `clock_offset` what must be added to the till's clock to get
    the gateway's, as measured in `hello`.
    """
    postings = Postings()
    correction = clock_offset if abs(clock_offset) > CLOCK_TOLERANCE else timedelta(0)
    for opened in entries:
        entry, reason = _read(opened, rules)
        if entry is None or reason is not None:
            postings.entries.append(_quarantined(opened, reason or "", entry))
            continue
        till_at = max(CLOCK_EARLIEST, min(entry.at, CLOCK_LATEST))
        corrected = till_at + correction if correction else till_at
        kind = type(entry)
        postings.entries.append(
            (
                opened.seq,
                opened.hash,
                opened.key_id,
                _TAGS[kind],
                opened.plaintext,
                None,
                None,
                entry.shift,
                entry.cashier,
                till_at,
                max(CLOCK_EARLIEST, min(corrected, received_at)),
                entry.hlc,
                detail_of(entry),
            )
        )
        _HANDLERS[kind](postings, entry, rules)
        if kind is ShiftOpened and abs(clock_offset) > CLOCK_ALARM:
            evidence = {"offset_s": int(clock_offset.total_seconds())}
            postings.cases.append((entry.seq, "till_clock_off", json_text(evidence)))
    return postings


def _read(opened: OpenedEntry, rules: BranchRules) -> tuple[AnyEntry | None, str | None]:
    """Return the entry and None, or what is known of it and why it is quarantined."""
    if opened.plaintext is None:
        return None, "undecryptable"
    if opened.refusal is not None:
        # the last resort must not depend on what the entry says
        return None, opened.refusal
    try:
        entry = decode_entry(opened.plaintext)
    except (msgspec.DecodeError, ValueError, OverflowError, RecursionError) as error:
        text = opened.plaintext.decode("utf-8", "replace")
        if contains_card_number(text) or hides_card_number(opened.plaintext):
            return None, f"{CARD_NUMBER}: somewhere in what cannot be understood either"
        return None, f"not_understood: {error}"
    field_with_card = find_card_number(entry)
    if field_with_card is not None:
        return entry, f"{CARD_NUMBER}: {field_with_card} holds what looks like a payment card number"
    if hides_card_number(opened.plaintext, entry):
        return entry, f"{CARD_NUMBER}: an unknown field holds what looks like a payment card number"
    if entry.seq != opened.seq:
        return entry, f"seq_differs: the entry says {entry.seq}"
    currency = getattr(entry, "currency", rules.currency)
    if currency != rules.currency:
        return entry, f"currency_differs: {currency} in a branch of {rules.currency}"
    if isinstance(entry, RECEIPTS):
        problem = find_disagreement(entry)
        if problem is not None:
            return entry, f"figures_disagree: {problem}"
    return entry, None


def _quarantined(opened: OpenedEntry, reason: str, entry: AnyEntry | None) -> tuple[Any, ...]:
    # What holds a card number stays as the till sealed it: no SQL shows it, and no view can.
    plaintext = None if reason.startswith(CARD_NUMBER) else opened.plaintext
    return (
        opened.seq,
        opened.hash,
        opened.key_id,
        None if entry is None else entry.__struct_config__.tag,
        plaintext,
        opened.ciphertext if plaintext is None else None,
        _storable(reason),
        None,
        None,
        None,
        None,
        None,
        None,
    )


def _storable(reason: str) -> str:
    """Return a reason that PostgreSQL takes: it may quote the entry, and an entry may hold anything."""
    plain = reason.encode("utf-8", "replace").decode().replace("\0", "\\0")
    return mask_card_numbers(plain)[:REASON_LENGTH_MAX]


#: Branch, device and seq of the original of what is no return.
_NO_RECEIPT = (None, None, None)


def _post_receipt(postings: Postings, receipt: Sale | Return, rules: BranchRules) -> None:
    seq = receipt.seq
    is_sale = isinstance(receipt, Sale)
    sign = 1 if is_sale else -1
    original = None if isinstance(receipt, Sale) else receipt.original
    discount = 0
    add_line = postings.lines.append
    for number, line in enumerate(receipt.lines, 1):
        discount += line.discount
        add_line(
            (
                seq,
                number,
                line.product,
                sign * line.quantity,
                line.unit_price,
                line.discount,
                sign * line.tax,
                sign * line.total,
                line.tax_code,
                line.rate_ppm,
                line.original_line,
            )
        )
    total, rounding = sign * receipt.total, sign * receipt.rounding
    postings.sales.append(
        (
            seq,
            "sale" if is_sale else "return",
            total,
            sign * receipt.tax,
            discount,
            rounding,
            total + rounding,
            len(receipt.lines),
            *((original.branch, original.device, original.seq) if original else _NO_RECEIPT),
            receipt.customer,
        )
    )
    for number, payment in enumerate(receipt.payments, 1):
        if payment.tender == ON_ACCOUNT and is_sale and receipt.customer is None:
            postings.cases.append((seq, "on_account_without_customer", "{}"))
        tendered = payment.tendered if is_sale else None
        postings.payments.append(
            (seq, number, payment.tender, sign * payment.amount, tendered, payment.reference)
        )
    _post_ledger(postings, seq, ledger_lines(receipt))
    _find_receipt_cases(postings, receipt, rules)


def _find_receipt_cases(postings: Postings, receipt: Sale | Return, rules: BranchRules) -> None:
    unknown_tax = find_unknown_tax(receipt, rules.tax_rates)
    if unknown_tax is not None:
        postings.cases.append((receipt.seq, "unknown_tax", json_text({"tax": unknown_tax})))
    if isinstance(receipt, Sale):
        return
    if receipt.original is None:
        postings.cases.append((receipt.seq, "return_without_receipt", "{}"))
    elif receipt.original.branch not in rules.shard_branches:
        evidence = json_text({"original": receipt.original})
        postings.cases.append((receipt.seq, "return_of_foreign_receipt", evidence))


def _post_ledger(postings: Postings, seq: int, lines: Sequence[LedgerLine]) -> None:
    for number, (account, debit, credit) in enumerate(lines, 1):
        postings.ledger.append((seq, number, account, debit, credit))


def _post_shift_opened(postings: Postings, entry: ShiftOpened, _: BranchRules) -> None:
    postings.shifts.append((entry.seq, entry.shift, True, entry.opening_float, None))
    _post_ledger(postings, entry.seq, cash_moved_lines(entry.opening_float))


def _post_shift_closed(postings: Postings, entry: ShiftClosed, _: BranchRules) -> None:
    postings.shifts.append((entry.seq, entry.shift, False, entry.counted, entry.expected))
    lines = shift_closed_lines(counted=entry.counted, expected=entry.expected)
    _post_ledger(postings, entry.seq, lines)


def _post_cash_moved(postings: Postings, entry: CashMoved, _: BranchRules) -> None:
    _post_ledger(postings, entry.seq, cash_moved_lines(entry.amount))


def _post_adjustment(postings: Postings, entry: StockAdjusted, _: BranchRules) -> None:
    postings.adjustments.extend(
        (entry.seq, number, line.product, line.quantity, entry.reason)
        for number, line in enumerate(entry.lines, 1)
    )


def _post_count(postings: Postings, entry: StockCounted, _: BranchRules) -> None:
    postings.counts.extend(
        (entry.seq, number, line.product, line.counted) for number, line in enumerate(entry.lines, 1)
    )


def _post_customer(postings: Postings, entry: CustomerSaved, _: BranchRules) -> None:
    postings.customers.append(
        (
            entry.seq,
            entry.customer,
            entry.name,
            entry.phone,
            entry.email,
            entry.vat_number,
            entry.note,
        )
    )


def _post_nothing(postings: Postings, entry: AnyEntry, _: BranchRules) -> None:
    """The entry is an event: its row in `entries` carries all there is to book."""


#: The kind of an entry by its type: asking the type itself builds its whole configuration each time.
_TAGS: dict[type[Any], str] = {
    kind: str(kind.__struct_config__.tag)
    for kind in (
        ShiftOpened,
        Sale,
        Return,
        Void,
        PriceOverridden,
        DrawerOpened,
        CashMoved,
        StockCounted,
        StockAdjusted,
        ShiftClosed,
        CustomerSaved,
        ReceiptReprinted,
        CashierSignedIn,
    )
}

_HANDLERS: dict[type[Any], Callable[[Postings, Any, BranchRules], None]] = {
    ShiftOpened: _post_shift_opened,
    Sale: _post_receipt,
    Return: _post_receipt,
    Void: _post_nothing,
    PriceOverridden: _post_nothing,
    DrawerOpened: _post_nothing,
    CashMoved: _post_cash_moved,
    StockCounted: _post_count,
    StockAdjusted: _post_adjustment,
    ShiftClosed: _post_shift_closed,
    CustomerSaved: _post_customer,
    ReceiptReprinted: _post_nothing,
    CashierSignedIn: _post_nothing,
}
