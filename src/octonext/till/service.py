"""What a cashier does at a till: open a shift, sell, take back, count, close. All of it works offline.

A receipt is returned only when its entry is in the journal and has been read back. Nothing here
knows the network; the runner hands over what the journal holds.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from octonext.base.clock import Clock, SystemClock
from octonext.base.ids import uuid7
from octonext.crypto.envelope import (
    KEY_BYTES,
    NONCE_BYTES,
    RECOMMENDED_COST,
    SALT_BYTES,
    Argon2Cost,
    derive_kek,
    open_entry,
    unwrap_for_till,
    wrap_for_shard,
    wrap_for_till,
)
from octonext.crypto.errors import EnvelopeRefused
from octonext.crypto.secrets import verify_secret
from octonext.sales.entries import (
    AdjustmentLine,
    AnyEntry,
    CashMoved,
    CountLine,
    DrawerOpened,
    Line,
    ReceiptReference,
    Return,
    Sale,
    ShiftClosed,
    ShiftOpened,
    StockAdjusted,
    StockCounted,
    Void,
    decode_entry,
)

from .domain import cart
from .domain.cart import Item, Tender
from .domain.catalogue import Cashier, Catalogue
from .domain.drawer import Drawer
from .domain.numbers import receipt_number_of, reference_of
from .domain.pen import Draft, Pen, Sealed, Written
from .domain.receipt import render
from .errors import ReceiptNotFound, ShiftAlreadyOpen, ShiftNotOpen, TillError, WrongPin
from .store import Journal, Shift, WrappedKey

_UUID_RANDOM_BYTES = 10


@dataclass(frozen=True, slots=True)
class Receipt:
    """An entry that is durable: its number, its text for the printer, and the change in cash."""

    entry: AnyEntry
    number: str
    text: str
    change: int = 0


class Till:
    """The till in one journal. `entropy` gives random bytes; `cost` is what a guess at a PIN costs."""

    def __init__(
        self,
        journal: Journal,
        *,
        clock: Clock | None = None,
        entropy: Callable[[int], bytes] = os.urandom,
        cost: Argon2Cost = RECOMMENDED_COST,
    ) -> None:
        self.journal = journal
        self.identity = journal.identity
        self.drawer = Drawer()
        self._clock = clock or SystemClock()
        self._entropy = entropy
        self._cost = cost
        self._zone = ZoneInfo(self.identity.time_zone)
        self._pen: Pen | None = None

    # --- shifts ------------------------------------------------------------------------------

    def open_shift(self, cashier_code: str, pin: str, opening_float: int) -> Receipt:
        """Sign a cashier in and open a shift with a float, minor units.

        Raises `ShiftAlreadyOpen` and `WrongPin`, the latter also for a cashier who is not known.
        """
        return self.begin_shift(self.sign_in(cashier_code, pin).user_id, pin, opening_float)

    def sign_in(self, cashier_code: str, pin: str) -> Cashier:
        """The cashier with this code, if the PIN is theirs. Raises `WrongPin`, `TillError`."""
        cashiers = Catalogue(self.identity.branch_id, self.journal.reference.cashiers()).cashiers
        if not cashiers:
            raise TillError("This till knows no cashier yet.", remedy="Run `octonext till sync` once.")
        for cashier in cashiers:
            if cashier.code == cashier_code and verify_secret(pin, cashier.pin_hash):
                return cashier
        raise WrongPin(f"Cashier {cashier_code} and this PIN do not belong together.")

    def begin_shift(self, cashier: UUID, pin: str, opening_float: int) -> Receipt:
        """Open a shift for a cashier who has been checked already. Raises `ShiftAlreadyOpen`."""
        if self.journal.shift is not None:
            raise ShiftAlreadyOpen("A shift is open on this till.", remedy="Close it first.")
        unix_ms = int(self._clock.now().timestamp() * 1000)
        shift = uuid7(unix_ms, self._entropy(_UUID_RANDOM_BYTES))
        key, wrapped = self._new_key(str(shift), pin)
        self._pen = Pen(self.identity.device_id, shift, cashier, key, self.journal.place)
        self.drawer = Drawer()
        try:
            members = {"currency": self.identity.currency, "opening_float": opening_float}
            return self._record_one(Draft(ShiftOpened, members), key=wrapped)
        except BaseException:
            self._pen = None
            raise

    def unlock(self, pin: str) -> None:
        """Take up the open shift again, after a restart. Raises `ShiftNotOpen`, `WrongPin`."""
        shift = self.require_shift()
        key = self._shift_key(str(shift.shift), pin)
        self._pen = Pen(self.identity.device_id, shift.shift, shift.cashier, key, self.journal.place)
        self.drawer = Drawer()
        for sealed in self.journal.entries_of(str(shift.shift)):
            self.drawer.apply(self._open(sealed, key))

    def close_shift(self, counted: int) -> Receipt:
        """Close the shift with what was counted in the drawer, minor units."""
        members = {"currency": self.identity.currency, "counted": counted, "expected": self.drawer.expected}
        return self._record_one(Draft(ShiftClosed, members))

    # --- selling -----------------------------------------------------------------------------

    def sell(self, items: Sequence[Item], tenders: Sequence[Tender], note: str | None = None) -> Receipt:
        """Sell at today's prices. Raises `NotSellable`, `TenderRefused`, `ShiftNotOpen`."""
        self._require_pen()
        draft, change = self.draft_sale(self.catalogue_for(items), items, tenders, note)
        return self._record_one(draft, change=change)

    def draft_sale(
        self,
        catalogue: Catalogue,
        items: Sequence[Item],
        tenders: Sequence[Tender],
        note: str | None = None,
    ) -> tuple[Draft, int]:
        """A sale that is priced and paid but not yet written, and its change."""
        lines = self._price(catalogue, items)
        total = sum(line.total for line in lines)
        paid = cart.settle(total, tenders, self.identity.currency, catalogue.cash_rounding)
        return Draft(Sale, self._amounts(lines, paid) | {"note": note}), paid.change

    def take_back(
        self,
        original: ReceiptReference | None,
        items: Sequence[Item],
        tender: str,
        *,
        pin: str = "",
        reason: str | None = None,
    ) -> Receipt:
        """Take goods back. Of a receipt of this till: without `items` all of it, at what was paid.

        Of another till's receipt, or without one, the items go at today's price; the shard opens a
        case where there is something to look at. `pin` opens a receipt of an earlier shift.
        """
        self._require_pen()
        if original is not None and original.device == self.identity.device_id:
            lines = self._lines_back(self.read_entry(original.seq, pin), items)
        else:
            lines = self._price(self.catalogue_for(items), items)
        return self._record_one(self.draft_return(original, lines, tender, reason))

    def draft_return(
        self,
        original: ReceiptReference | None,
        lines: Sequence[Line],
        tender: str,
        reason: str | None = None,
    ) -> Draft:
        """A return of these lines that is paid out but not yet written."""
        cart.check_lines(lines)
        total = sum(line.total for line in lines)
        settings = Catalogue(self.identity.branch_id, self.journal.reference.settings())
        paid = cart.settle(total, [Tender(tender)], self.identity.currency, settings.cash_rounding)
        return Draft(Return, self._amounts(lines, paid) | {"original": original, "reason": reason})

    def void(self, items: Sequence[Item], reason: str | None = None) -> Receipt:
        """A cart that was taken back before payment: an event, no money."""
        amount = sum(line.total for line in self._price(self.catalogue_for(items), items))
        return self._record_one(Draft(Void, {"scope": "cart", "amount": amount, "reason": reason}))

    # --- drawer and stock --------------------------------------------------------------------

    def move_cash(self, amount: int, reason: str | None = None) -> Receipt:
        """Put cash into the drawer (positive) or take it out (negative), minor units."""
        members = {"currency": self.identity.currency, "amount": amount, "reason": reason}
        return self._record_one(Draft(CashMoved, members))

    def open_drawer(self, reason: str | None = None) -> Receipt:
        """The drawer was opened without a sale."""
        return self._record_one(Draft(DrawerOpened, {"reason": reason}))

    def count_stock(self, items: Sequence[Item]) -> Receipt:
        """What was counted of each product; the quantity of an item is the count."""
        catalogue = self.catalogue_for(items)
        counted = [
            CountLine(product=catalogue.product(item.barcode).product_id, counted=item.quantity)
            for item in items
        ]
        return self._record_one(Draft(StockCounted, {"lines": counted}))

    def adjust_stock(self, items: Sequence[Item], reason: str, note: str | None = None) -> Receipt:
        """Stock came (positive) or went (negative) without a sale."""
        catalogue = self.catalogue_for(items)
        moved = [
            AdjustmentLine(product=catalogue.product(item.barcode).product_id, quantity=item.quantity)
            for item in items
        ]
        return self._record_one(Draft(StockAdjusted, {"reason": reason, "lines": moved, "note": note}))

    # --- writing and reading -----------------------------------------------------------------

    def record(self, drafts: Sequence[Draft], *, key: WrappedKey | None = None) -> list[Written]:
        """Write drafts as consecutive entries of the open shift, in one transaction.

        When this returns they are durable; when it raises, none of them exists.
        """
        pen = self._require_pen()
        before = pen.place
        try:
            now = self._now()
            written = [pen.write(draft, at=now, nonce=self._entropy(NONCE_BYTES)) for draft in drafts]
            closed = isinstance(written[-1].entry, ShiftClosed)
            shift = None if closed else Shift(pen.shift, pen.cashier)
            self.journal.append_many(
                [item.sealed for item in written], hlc=pen.place.hlc, shift=shift, key=key
            )
        except BaseException:
            pen.place = before
            raise
        for item in written:
            self.drawer.apply(item.entry)
        if closed:
            self._pen = None
        return written

    def read_entry(self, seq: int, pin: str = "") -> AnyEntry:
        """An entry of this till's journal. Raises `ReceiptNotFound`, `WrongPin`."""
        found = self.journal.entries(seq, seq)
        if not found:
            raise ReceiptNotFound(f"This till's journal has no entry {seq} (any more).")
        if self._pen is not None and self._pen.key_id == found[0].key_id:
            return self._open(found[0], self._pen.key)
        return self._open(found[0], self._shift_key(found[0].key_id, pin))

    def print_receipt(self, seq: int, pin: str = "") -> str:
        """The text of a receipt again."""
        sealed = self.journal.entries(seq, seq)
        entry = self.read_entry(seq, pin)
        return self._render(Written(entry, sealed[0]))

    def catalogue_for(self, items: Sequence[Item]) -> Catalogue:
        """The part of the catalogue that these items need."""
        rows = self.journal.reference.for_sale(item.barcode for item in items)
        return Catalogue(self.identity.branch_id, rows)

    def _record_one(self, draft: Draft, *, change: int = 0, key: WrappedKey | None = None) -> Receipt:
        [written] = self.record([draft], key=key)
        number = receipt_number_of(self.identity, written.sealed.seq)
        return Receipt(written.entry, number, self._render(written), change)

    def _price(self, catalogue: Catalogue, items: Sequence[Item]) -> list[Line]:
        today = self.today()
        lines = []
        for item in items:
            product = catalogue.product(item.barcode)
            tag = catalogue.price(product, today)
            tax = catalogue.tax(product, self.identity.jurisdiction)
            lines.append(cart.price_line(product, tag, tax, item.quantity, item.discount))
        cart.check_lines(lines)
        return lines

    def _lines_back(self, original: AnyEntry, items: Sequence[Item]) -> list[Line]:
        if not isinstance(original, Sale):
            raise ReceiptNotFound(f"Entry {original.seq} is no sale.")
        if not items:
            return [cart.return_line(line, n, line.quantity) for n, line in enumerate(original.lines, 1)]
        catalogue = self.catalogue_for(items)
        lines: list[Line] = []
        for item in items:
            product = catalogue.product(item.barcode)
            for number, line in enumerate(original.lines, 1):
                if line.product == product.product_id:
                    lines.append(cart.return_line(line, number, item.quantity))
                    break
            else:
                raise ReceiptNotFound(f"{product.name_en} is not on receipt {original.seq}.")
        return lines

    def _amounts(self, lines: Sequence[Line], paid: cart.Settlement) -> dict[str, object]:
        return {
            "currency": self.identity.currency,
            "lines": list(lines),
            "payments": paid.payments,
            "total": sum(line.total for line in lines),
            "tax": sum(line.tax for line in lines),
            "rounding": paid.rounding,
        }

    def _render(self, written: Written) -> str:
        entry, seq = written.entry, written.sealed.seq
        products: list[UUID] = []
        if isinstance(entry, Sale | Return | StockCounted | StockAdjusted):
            products = [line.product for line in entry.lines]
        rows = self.journal.reference.for_printing(products)
        return render(
            entry,
            number=receipt_number_of(self.identity, seq),
            reference=reference_of(self.identity, seq),
            hash_hex=written.sealed.hash.hex(),
            shop=f"{self.identity.branch_name_en} / {self.identity.branch_name_ar}".strip(" /"),
            currency=self.identity.currency,
            product=Catalogue(self.identity.branch_id, rows).product_by_id,
        )

    # --- keys and time -----------------------------------------------------------------------

    def _new_key(self, key_id: str, pin: str) -> tuple[bytes, WrappedKey]:
        device = self.identity.device_id
        key, salt = self._entropy(KEY_BYTES), self._entropy(SALT_BYTES)
        kek = derive_kek(pin, salt, self.identity.device_share, self._cost)
        return key, WrappedKey(
            key_id,
            wrap_for_shard(key, self.journal.identity.shard_public_key, device=device, key_id=key_id),
            wrap_for_till(kek, key, device=device, key_id=key_id, nonce=self._entropy(NONCE_BYTES)),
            salt,
            self._cost,
        )

    def _shift_key(self, key_id: str, pin: str) -> bytes:
        wrapped = self.journal.key(key_id)
        if wrapped is None:
            raise ReceiptNotFound("The key of that shift is not on this till.")
        kek = derive_kek(pin, wrapped.salt, self.identity.device_share, wrapped.cost)
        try:
            return unwrap_for_till(kek, wrapped.for_till, device=self.identity.device_id, key_id=key_id)
        except EnvelopeRefused as error:
            raise WrongPin("This PIN does not open the shift.") from error

    def read_journal(self, pin: str) -> Iterator[AnyEntry]:
        """Every entry that this PIN opens, shift by shift, in the journal's order. Raises `WrongPin`."""
        for wrapped in self.journal.wrapped_keys():
            key = self._shift_key(wrapped.key_id, pin)
            for sealed in self.journal.entries_of(wrapped.key_id):
                yield self._open(sealed, key)

    def _open(self, sealed: Sealed, key: bytes) -> AnyEntry:
        plaintext = open_entry(
            key,
            device=self.identity.device_id,
            shift=sealed.key_id,
            seq=sealed.seq,
            sealed=sealed.ciphertext,
        )
        return decode_entry(plaintext)

    def today(self) -> date:
        """The date at the branch, by the till's clock."""
        return self._now().date()

    def _now(self) -> datetime:
        return self._clock.now().astimezone(self._zone)

    def require_shift(self) -> Shift:
        """The shift that is open, locked or not. Raises `ShiftNotOpen`."""
        if self.journal.shift is None:
            raise ShiftNotOpen("No shift is open.", remedy="Run `octonext till shift open` first.")
        return self.journal.shift

    def _require_pen(self) -> Pen:
        if self._pen is None:
            self.require_shift()
            raise ShiftNotOpen("The shift is locked.", remedy="Unlock it with the cashier's PIN.")
        return self._pen
