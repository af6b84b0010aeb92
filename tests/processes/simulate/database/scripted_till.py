"""A till whose every entry is drawn from a seed: all kinds, good and bad, few products."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from octonext.base.money import divide_half_up
from octonext.crypto.chain import GENESIS, link
from octonext.sales.entries import (
    AdjustmentLine,
    AnyEntry,
    CashierSignedIn,
    CashMoved,
    CountLine,
    CustomerSaved,
    DrawerOpened,
    Line,
    Payment,
    PriceOverridden,
    ReceiptReference,
    ReceiptReprinted,
    Return,
    Sale,
    ShiftClosed,
    ShiftOpened,
    StockAdjusted,
    StockCounted,
    Void,
    encode_entry,
)
from octonext.sync.domain import BranchRules, OpenedEntry

#: Branches 1 and 2 share the shard, 9 is another shard's.
SHARD_BRANCHES = (1, 2)
RULES = {
    1: BranchRules(1, "KWD", "Asia/Kuwait", {"KW-N": 0}, SHARD_BRANCHES),
    2: BranchRules(2, "SAR", "America/Caracas", {"SA-S": 150_000, "KW-N": 0}, SHARD_BRANCHES),
}
PRODUCTS = [UUID(int=(0x0190 << 112) + n) for n in range(1, 7)]
CUSTOMERS = [UUID(int=(0x0192 << 112) + n) for n in range(1, 4)]
BEGINNING = datetime(2026, 3, 1, 3, 30, tzinfo=UTC)


@dataclass
class ScriptedTill:
    """A till that writes what chance says; `entries` is its journal as the gateway opens it."""

    branch: int
    device: int
    chance: random.Random
    #: Receipts that any till of the shop has handed out.
    receipts: list[ReceiptReference]
    entries: list[OpenedEntry] = field(default_factory=list)
    shift: UUID | None = None
    cash: int = 0
    shifts: int = 0
    clock: datetime = BEGINNING

    def hash_at(self, seq: int) -> bytes:
        return self.entries[seq - 1].hash if seq else GENESIS

    def write(self) -> None:
        """Append one entry; a till of this shop is not always right."""
        kinds = {
            self._sale: 10, self._return: 4, self._void: 1, self._price: 1, self._drawer: 1,
            self._cash_moved: 2, self._count: 3, self._adjust: 2, self._close: 1, self._garbage: 1,
            self._wrong_seq: 1, self._disagreeing: 1, self._foreign_currency: 1, self._undecryptable: 1,
            self._open_again: 1, self._close_early: 1, self._begin_unopened: 1, self._save_customer: 2,
            self._reprint: 1, self._sign_in: 1,
        }  # fmt: skip
        if self.shift is None and self.chance.random() < 0.9:
            self._open()
        else:
            self.chance.choices(list(kinds), list(kinds.values()))[0]()

    def copy_forked(self, at: int) -> ScriptedTill:
        """A clone that goes its own way from `at` on."""
        clone = ScriptedTill(self.branch, self.device, self.chance, self.receipts, self.entries[: at - 1])
        clone.shift, clone.clock = self.shift, self.clock
        for _ in range(self.chance.randint(1, 4)):
            clone.write()
        return clone

    # ------------------------------------------------------------------------------------ kinds

    def _open(self) -> None:
        self._new_shift()
        self.cash = self.chance.choice([0, 20_000, 33_333])
        self._append(ShiftOpened(**self._common(), currency=self._currency, opening_float=self.cash))

    def _open_again(self) -> None:
        """Open a shift that is open, or that began without being opened."""
        self.cash += 1_000
        self._append(ShiftOpened(**self._common(), currency=self._currency, opening_float=1_000))

    def _begin_unopened(self) -> None:
        self._new_shift()
        self._cash_moved()

    def _new_shift(self) -> None:
        self.shifts += 1
        self.shift = UUID(int=(0x0191 << 112) + (self.device << 32) + self.shifts)
        self.cash = 0

    def _close(self) -> None:
        self._close_early()
        self.shift = None

    def _close_early(self) -> None:
        """Close a shift that goes on."""
        expected = self.cash if self.chance.random() < 0.7 else self.cash + 50
        counted = max(0, expected + self.chance.choice([0, 0, -25, 10]))
        self._append(
            ShiftClosed(**self._common(), currency=self._currency, counted=counted, expected=expected)
        )

    def _sale(self) -> None:
        lines = self._lines(self.chance.randint(1, 5))
        entry = self._receipt(Sale, lines, {})
        self.receipts.append(ReceiptReference(self.branch, self.device, entry.seq))
        self.cash += sum(p.amount for p in entry.payments if p.tender == "cash")

    def _return(self) -> None:
        chance = self.chance.random()
        original: ReceiptReference | None = None
        if chance < 0.7 and self.receipts:
            original = self.chance.choice(self.receipts[-12:])
        elif chance < 0.8:
            original = ReceiptReference(self.chance.choice([1, 2, 9]), 77, self.chance.randint(1, 99))
        elif chance < 0.9:
            original = ReceiptReference(
                self.branch, self.device, self.chance.randint(1, len(self.entries) + 9)
            )
        more = {"original": original, "approved_by": self.chance.choice([None, PRODUCTS[2]])}
        entry = self._receipt(Return, self._lines(self.chance.randint(1, 2)), more)
        self.cash -= sum(p.amount for p in entry.payments if p.tender == "cash")

    def _receipt(self, kind: type[Any], lines: list[Line], more: dict[str, Any]) -> Any:
        total, tax = sum(line.total for line in lines), sum(line.tax for line in lines)
        payments, rounding = self._payments(total)
        entry = kind(
            **self._common(),
            **more,
            currency=self._currency,
            lines=lines,
            payments=payments,
            total=total,
            tax=tax,
            rounding=rounding,
            customer=self.chance.choice([None, None, *CUSTOMERS]),
        )
        self._append(entry)
        return entry

    def _payments(self, total: int) -> tuple[list[Payment], int]:
        if total == 0:
            return [], 0
        if total > 100 and self.chance.random() < 0.3:
            part = self.chance.randint(1, total - 1)
            card = self.chance.choice(["card", "knet", "voucher", "on_account", "exchange"])
            return [
                Payment(tender="cash", amount=part),
                Payment(tender=card, amount=total - part, reference="r\t1"),
            ], 0
        if self.chance.random() < 0.6:
            rounding = self.chance.choice([0, 0, 2, -1]) if total > 5 else 0
            due = total + rounding
            return [Payment(tender="cash", amount=due, tendered=due + self.chance.choice([0, 500]))], rounding
        return [Payment(tender=self.chance.choice(["knet", "mada", "benefit"]), amount=total)], 0

    def _lines(self, count: int) -> list[Line]:
        return [self._line() for _ in range(count)]

    def _line(self) -> Line:
        code, rate = self.chance.choice([("KW-N", 0), ("KW-N", 0), ("SA-S", 150_000), ("SA-S", 50_000)])
        quantity = self.chance.choice([1_000, 2_000, 333, 1_500])
        price = self.chance.choice([0, 250, 1_999])
        gross = divide_half_up(price * quantity, 1_000)
        discount = self.chance.choice([0, 0, min(gross, 40)])
        total = gross - discount
        return Line(
            product=self.chance.choice(PRODUCTS),
            quantity=quantity,
            unit_price=price,
            discount=discount,
            tax_code=code,
            rate_ppm=rate,
            tax=divide_half_up(total * rate, 1_000_000 + rate),
            total=total,
            original_line=self.chance.choice([None, 1]),
            discount_reason="old | stock" if discount and self.chance.random() < 0.5 else None,
            discount_approved_by=self.chance.choice([None, PRODUCTS[2]]) if discount else None,
        )

    def _void(self) -> None:
        self._append(Void(**self._common(), scope="line", amount=250, product=PRODUCTS[0], reason="خطأ"))

    def _price(self) -> None:
        self._append(
            PriceOverridden(**self._common(), product=PRODUCTS[1], price_before=500, price_after=400)
        )

    def _drawer(self) -> None:
        self._append(
            DrawerOpened(
                **self._common(), reason='"change"', approved_by=self.chance.choice([None, PRODUCTS[2]])
            )
        )

    def _save_customer(self) -> None:
        name = self.chance.choice(["فهد", "Fahad", "F\n|"])
        phone = self.chance.choice([None, "+965 5000 1111"])
        self._append(
            CustomerSaved(**self._common(), customer=self.chance.choice(CUSTOMERS), name=name, phone=phone)
        )

    def _reprint(self) -> None:
        self._append(
            ReceiptReprinted(**self._common(), receipt=ReceiptReference(self.branch, self.device, 1))
        )

    def _sign_in(self) -> None:
        self._append(CashierSignedIn(**self._common()))

    def _cash_moved(self) -> None:
        amount = self.chance.choice([-700, 0, 1_250])
        self.cash += amount
        reason = self.chance.choice([None, "bank"])
        self._append(CashMoved(**self._common(), currency=self._currency, amount=amount, reason=reason))

    def _count(self) -> None:
        lines = [
            CountLine(product=self.chance.choice(PRODUCTS), counted=self.chance.choice([0, 5_000, 12_345]))
            for _ in range(self.chance.randint(1, 4))
        ]
        self._append(StockCounted(**self._common(), lines=lines))

    def _adjust(self) -> None:
        lines = [
            AdjustmentLine(
                product=self.chance.choice(PRODUCTS), quantity=self.chance.choice([-500, 0, 9_000])
            )
            for _ in range(self.chance.randint(1, 3))
        ]
        self._append(StockAdjusted(**self._common(), reason="damaged", lines=lines))

    # ------------------------------------------------------------------- what cannot be booked

    def _garbage(self) -> None:
        self._put(self.chance.choice([b"not json", b'{"kind":"sale"}', b"\xff\x00"]))

    def _wrong_seq(self) -> None:
        common = self._common() | {"seq": len(self.entries) + 7}
        self._append(DrawerOpened(**common))

    def _disagreeing(self) -> None:
        common = self._common()
        lines = self._lines(1)
        self._append(
            Sale(**common, currency=self._currency, lines=lines, payments=[], total=lines[0].total + 1, tax=0)
        )

    def _foreign_currency(self) -> None:
        self._append(CashMoved(**self._common(), currency="AED", amount=5))

    def _undecryptable(self) -> None:
        seq = len(self.entries) + 1
        claimed = link(self.hash_at(seq - 1), b"lost %d" % self.chance.randrange(1_000_000))
        self.entries.append(OpenedEntry(seq, claimed, self._key_id, b"c" * 40, None))

    # ---------------------------------------------------------------------------------- parts

    @property
    def _currency(self) -> str:
        return RULES[self.branch].currency

    @property
    def _key_id(self) -> str:
        return str(self.shift or UUID(int=self.device))

    def _common(self) -> dict[str, Any]:
        self.clock += timedelta(seconds=self.chance.choice([0, 1, 300, 40_000, -50]), microseconds=120)
        return {
            "seq": len(self.entries) + 1,
            "shift": self.shift or UUID(int=self.device),
            "cashier": PRODUCTS[0],
            "at": self.clock,
            "hlc": len(self.entries) + 1,
        }

    def _append(self, entry: AnyEntry) -> None:
        self._put(encode_entry(entry))

    def _put(self, data: bytes) -> None:
        seq = len(self.entries) + 1
        hash_ = link(self.hash_at(seq - 1), data)
        self.entries.append(OpenedEntry(seq, hash_, self._key_id, b"c" * 40, data))
