"""Seeded customers: what they put into the basket, how they pay, and when the next one comes."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from random import Random

from octonext.base.quantity import THOUSANDTHS
from octonext.sales.entries import ReceiptReference, Sale
from octonext.till.domain import cart
from octonext.till.domain.cart import Item, Tender
from octonext.till.domain.catalogue import Catalogue, Product
from octonext.till.domain.pen import Draft, Written
from octonext.till.errors import NotSellable
from octonext.till.service import Till

#: Tender mix by jurisdiction: each country has a debit network of its own.
TENDERS: dict[str, tuple[tuple[str, int], ...]] = {
    "KW": (("cash", 30), ("knet", 62), ("card", 8)),
    "SA": (("cash", 22), ("mada", 66), ("card", 12)),
    "BH": (("cash", 30), ("benefit", 60), ("card", 10)),
}
_ELSEWHERE = (("cash", 40), ("card", 60))
#: Of a hundred visits to the till, how many bring goods back.
RETURNS_PERCENT = 3
#: Of a hundred lines, how many carry a discount, and how much it is in percent.
DISCOUNTS_PERCENT = 4
DISCOUNT_PERCENT = 10
BASKET_LINES_MAX = 12
#: Receipts a customer may still come back with.
RECEIPTS_REMEMBERED = 20


@dataclass(frozen=True, slots=True)
class Pace:
    """How a till sells: `per_s` visits a second (None: as fast as it can), `batch` at once.

    A batch is written in one transaction; `limit` ends the selling after so many visits.
    """

    per_s: float | None = 0.2
    batch: int = 1
    limit: int | None = None


class Shopper:
    """The customers of one till. The same seed and catalogue give the same baskets."""

    def __init__(self, till: Till, catalogue: Catalogue, random: Random) -> None:
        self._till = till
        self._random = random
        self._catalogue = catalogue
        today = till.today()
        self._products: list[Product] = []
        for product in sorted(catalogue.products, key=lambda product: product.sku):
            try:
                catalogue.price(product, today)
            except NotSellable:
                continue
            self._products.append(product)
        self._receipts: deque[tuple[int, Sale]] = deque(maxlen=RECEIPTS_REMEMBERED)

    @property
    def has_goods(self) -> bool:
        """Whether there is anything with a price."""
        return bool(self._products)

    def pause_s(self, per_s: float) -> float:
        """Until the next customer: independent arrivals, `per_s` on average."""
        return self._random.expovariate(per_s)

    def visit(self) -> Draft:
        """What the next customer does: mostly buy, sometimes bring something back."""
        if self._receipts and self._random.randrange(100) < RETURNS_PERCENT:
            return self._bring_back()
        items = [self._item() for _ in range(self._basket_lines())]
        draft, _ = self._till.draft_sale(self._catalogue, items, [])
        return self._pay(draft)

    def remember(self, written: Written) -> None:
        """The visit is in the journal; its goods may come back."""
        if isinstance(written.entry, Sale):
            self._receipts.append((written.sealed.seq, written.entry))

    def _basket_lines(self) -> int:
        return min(BASKET_LINES_MAX, 1 + int(self._random.expovariate(1 / 3.5)))

    def _item(self) -> Item:
        # A few products sell most of the time: the square of an even draw favours the first ones.
        product = self._products[int(len(self._products) * self._random.random() ** 2)]
        if product.unit == "kg":
            quantity = 5 * self._random.randint(30, 500)
        else:
            quantity = THOUSANDTHS * min(6, 1 + int(self._random.expovariate(1.4)))
        discount = 0
        if self._random.randrange(100) < DISCOUNTS_PERCENT:
            tag = self._catalogue.price(product, self._till.today())
            discount = tag.amount * quantity * DISCOUNT_PERCENT // (100 * THOUSANDTHS)
        return Item(product.barcodes[0] if product.barcodes else product.sku, quantity, discount)

    def _pay(self, draft: Draft) -> Draft:
        mix = TENDERS.get(self._till.identity.jurisdiction, _ELSEWHERE)
        [code] = self._random.choices([code for code, _ in mix], [weight for _, weight in mix])
        due = draft.members["total"]
        tender = Tender(code)
        if code == "cash" and due and self._random.random() < 0.7:
            note = 10 ** (len(str(due)) - 1) * 5
            tender = Tender(code, -(-due // note) * note)
        paid = cart.settle(due, [tender], self._till.identity.currency, self._catalogue.cash_rounding)
        return Draft(draft.kind, draft.members | {"payments": paid.payments, "rounding": paid.rounding})

    def _bring_back(self) -> Draft:
        place = self._random.randrange(len(self._receipts))
        seq, sale = self._receipts[place]
        del self._receipts[place]  # Once: more than was sold would be a case.
        number = self._random.randrange(len(sale.lines))
        line = sale.lines[number]
        tender = sale.payments[0].tender if sale.payments else "cash"
        identity = self._till.identity
        return self._till.draft_return(
            ReceiptReference(identity.branch_id, identity.device_id, seq),
            [cart.return_line(line, number + 1, line.quantity)],
            tender,
            "changed mind",
        )
