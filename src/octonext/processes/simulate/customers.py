"""What happens at a simulated till: customers, cashiers, and the back office, biased to where trouble is.

Bursts that fill a push, baskets that fill a frame, goods that every till of a branch sells, receipts
that come back at another till, shifts that open and close in the middle of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from octonext.base.quantity import THOUSANDTHS
from octonext.crypto.errors import EnvelopeRefused
from octonext.payments.domain import CASH
from octonext.sales.entries import Line, PriceOverridden, ReceiptReference, Sale
from octonext.till.domain import cart
from octonext.till.domain.cart import Item, Tender
from octonext.till.domain.catalogue import Product
from octonext.till.domain.pen import Draft, Written
from octonext.till.errors import JournalDamaged, NotSellable, ReceiptNotFound, TenderRefused, WrongPin

if TYPE_CHECKING:
    from .till import TillNode
    from .world import World

#: Lines of the longest basket here; real ones reach a thousand.
LONG_BASKET_LINES = 120
#: Entries written at once when a till catches up with a queue of customers.
BURST_MAX = 40
_POLL_S = 1.0
_NIGHT_LOOK_S = 1_800.0
#: The shops' hours, UTC.
_OPENS, _CLOSES = 6, 20


class Customers:
    """One till's day. Everything it does is drawn from the till's own randomness."""

    def __init__(self, node: TillNode, world: World) -> None:
        self._node = node
        self._world = world
        self._random = node.random
        self._products: list[Product] = []
        operations = world.plan.operations
        self._names, self._weights = list(operations), list(operations.values())

    async def serve(self) -> None:
        """Serve until the world becomes calm, then close the shift."""
        while not await self._ready():
            await asyncio.sleep(_POLL_S)
        mean_s = self._world.plan.customer_s
        while not self._world.is_calm:
            await asyncio.sleep(self._random.expovariate(1.0 / mean_s))
            if self._is_night():
                await asyncio.sleep(_NIGHT_LOOK_S)
                continue
            if not self._world.is_calm:
                self._act(self._random.choices(self._names, self._weights)[0])
        self._close_shift()

    def serve_one(self) -> None:
        """One more customer, now, if the till is ready and its machine runs."""
        if self._products and not self._node.process.is_frozen:
            self._act("sale")

    async def _ready(self) -> bool:
        node = self._node
        if not node.catalogue.products or not node.catalogue.cashiers:
            return False
        try:
            node.take_up_shift()
        except (EnvelopeRefused, WrongPin):
            # A rotten entry of the open shift: the cashier has to call somebody.
            node.locked_out = True
            self._world.history.note(node.name, "cannot open its shift")
            await asyncio.Event().wait()
        self._products = sorted(node.catalogue.products, key=lambda product: product.sku)
        return True

    def _act(self, name: str) -> None:
        act: Callable[[], None] = getattr(self, f"_{name}")
        try:
            act()
            self._world.oracle.count(f"operation: {name}")
        except (NotSellable, TenderRefused, ReceiptNotFound) as refused:
            self._world.history.note(self._node.name, f"{name} refused: {refused.code}")

    def _is_night(self) -> bool:
        return self._world.plan.nights and not _OPENS <= self._world.now().hour < _CLOSES

    # --- selling -----------------------------------------------------------------------------

    def _sale(self) -> None:
        self._write([self._draft_sale(1 + int(self._random.expovariate(0.4)))])

    def _burst(self) -> None:
        count = self._random.choice((2, 5, BURST_MAX))
        self._write([self._draft_sale(1 + int(self._random.expovariate(0.7))) for _ in range(count)])

    def _long_basket(self) -> None:
        self._write([self._draft_sale(LONG_BASKET_LINES)])

    def _draft_sale(self, lines: int) -> Draft:
        items = [self._item() for _ in range(min(lines, LONG_BASKET_LINES))]
        draft, _ = self._node.till.draft_sale(self._node.catalogue, items, [])
        return self._pay(draft)

    def _pay(self, draft: Draft) -> Draft:
        due = draft.members["total"]
        code = self._random.choice((CASH, CASH, "card", "knet"))
        tenders = [Tender(code)]
        if code == CASH and due and self._random.random() < 0.5:
            tenders = [Tender(CASH, due + self._random.randrange(1, 5_000))]
        elif due > 1 and self._random.random() < 0.2:
            tenders = [Tender("card", due // 2), Tender(CASH)]
        till, catalogue = self._node.till, self._node.catalogue
        paid = cart.settle(due, tenders, till.identity.currency, catalogue.cash_rounding)
        return Draft(draft.kind, draft.members | {"payments": paid.payments, "rounding": paid.rounding})

    def _item(self) -> Item:
        product = self._products[int(len(self._products) * self._random.random() ** 3)]
        if product.unit == "kg":
            return Item(product.barcodes[0], self._random.randint(5, 4_000))
        return Item(product.barcodes[0], THOUSANDTHS * self._random.randint(1, 3))

    # --- returns -----------------------------------------------------------------------------

    def _return_own(self) -> None:
        self._bring_back(lambda receipt: receipt.device == self._node.device_id)

    def _return_elsewhere(self) -> None:
        self._bring_back(lambda receipt: receipt.device != self._node.device_id)

    def _bring_back(self, suits: Callable[[ReceiptReference], bool]) -> None:
        known = [each for each in self._world.receipts[-40:] if suits(each[0])]
        known = [each for each in known if each[1].currency == self._node.till.identity.currency]
        if not known:
            raise ReceiptNotFound("Nobody has such a receipt.")
        reference, sale = self._random.choice(known)
        number = self._random.randrange(len(sale.lines))
        line = sale.lines[number]
        self._give_back(reference, [cart.return_line(line, number + 1, line.quantity)])

    def _return_without_receipt(self) -> None:
        draft, _ = self._node.till.draft_sale(self._node.catalogue, [self._item()], [])
        self._give_back(None, draft.members["lines"])

    def _give_back(self, reference: ReceiptReference | None, lines: Sequence[Line]) -> None:
        self._write([self._node.till.draft_return(reference, lines, CASH, "changed mind")])

    # --- everything else ---------------------------------------------------------------------

    def _void(self) -> None:
        self._by_service(lambda: self._node.till.void([self._item()], "left"))

    def _override(self) -> None:
        product = self._random.choice(self._products)
        members = {"product": product.product_id, "price_before": 500, "price_after": 450, "reason": "dent"}
        self._write([Draft(PriceOverridden, members), self._draft_sale(1)])

    def _drawer(self) -> None:
        self._by_service(lambda: self._node.till.open_drawer("change"))

    def _cash(self) -> None:
        amount = self._random.choice((-2_000, 1_000, 7_500))
        self._by_service(lambda: self._node.till.move_cash(amount, "float"))

    def _count(self) -> None:
        items = self._different(lambda: THOUSANDTHS * self._random.randint(0, 90))
        self._by_service(lambda: self._node.till.count_stock(items))

    def _adjust(self) -> None:
        items = self._different(lambda: THOUSANDTHS * self._random.choice((-3, 20, 200)))
        self._by_service(lambda: self._node.till.adjust_stock(items, "delivery"))

    def _shift(self) -> None:
        self._close_shift()
        self._node.take_up_shift()

    def _reprint(self) -> None:
        seq = self._random.randint(1, max(1, self._node.journal.place.seq))
        try:
            self._node.till.print_receipt(seq, "0000")
        except EnvelopeRefused:
            self._world.history.note(self._node.name, f"cannot read {seq}")

    def _prune(self) -> None:
        try:
            self._node.prune()
        except JournalDamaged:
            if not self._node.taint:
                raise
            # Rightly so: its disk rotted after the entry was sent.
            self._world.history.note(self._node.name, "may not prune")

    def _different(self, quantity: Callable[[], int]) -> list[Item]:
        count = self._random.randint(1, min(3, len(self._products)))
        chosen = self._random.sample(self._products, count)
        return [Item(product.barcodes[0], quantity()) for product in chosen]

    def _close_shift(self) -> None:
        if self._node.journal.shift is not None:
            counted = max(0, self._node.till.drawer.expected + self._random.choice((-100, 0, 0, 250)))
            self._by_service(lambda: self._node.till.close_shift(counted))

    def _by_service(self, act: Callable[[], object]) -> None:
        before = self._node.journal.place.seq
        act()
        self._node.show_since(before)

    def _write(self, drafts: Sequence[Draft]) -> None:
        for written in self._node.record(drafts):
            self._remember(written)

    def _remember(self, written: Written) -> None:
        if isinstance(written.entry, Sale):
            identity = self._node.till.identity
            reference = ReceiptReference(identity.branch_id, identity.device_id, written.sealed.seq)
            self._world.receipts.append((reference, written.entry))
