"""The browser is killed in the middle of payments: what was shown is kept, and nothing happens twice."""

from __future__ import annotations

import asyncio
import os
import time

import pytest
from playwright.async_api import Error, expect

from .agreement import agree
from .chromium import Chromium
from .inside import ask, random_numbers, watch
from .shop import Shop
from .till import Till, until

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("browser")]

#: Few, because each is a start of the browser and a sign-in; raise it to look longer.
ROUNDS = int(os.environ.get("OCTONEXT_BROWSER_ROUNDS", "6"))
#: Of the time that the first sale took here: a kill comes anywhere from a scan to the sale after it.
KILL_AFTER = (0.0, 2.0)
FLOAT = 20_000


async def sell_until_killed(till: Till, code: str, killed: asyncio.Event) -> None:
    """Sell, one line a receipt, until the browser is gone. Fails when something fails before that."""
    try:
        while True:
            if await till.lines.count() == 0:
                await till.scan_new(code)
            await till.pay_cash()
            await till.next_sale()
    except (Error, AssertionError):
        # A page that is gone shows nothing of what is looked for.
        if not killed.is_set():
            raise


async def test_a_browser_killed_in_the_middle_of_payments_keeps_every_receipt_it_showed(
    shop: Shop, browser: Chromium
) -> None:
    rng = random_numbers()
    device, enrolment = await shop.new_till()
    product = shop.seeded.products[0].barcodes[0]
    shown = watch(browser)
    sold, pace = 0, 0.0
    for turn in range(ROUNDS + 1):
        till = Till(await browser.open(shop.page))
        if turn == 0:
            await till.begin(enrolment, shop.manager)
            began = time.monotonic()
            await till.sell(product)
            pace = time.monotonic() - began
        else:
            await till.sign_in(shop.manager)
            await till.at_the_counter()
        # A cart that was not paid is still there; one that was paid is a receipt: never both, never neither.
        cart = await ask(till.page, "cart")
        receipts = await ask(till.page, "receipts", 10_000)
        kept = {each["number"] for each in receipts}
        assert set(shown) <= kept, "shown and lost"
        assert sum(line["quantity"] for line in cart["lines"]) in (0, 1000)
        assert len(receipts) >= sold
        await expect(till.lines).to_have_count(len(cart["lines"]))
        sold = len(receipts)
        if turn == ROUNDS:
            break
        killed = asyncio.Event()
        before = len(shown)
        selling = asyncio.create_task(sell_until_killed(till, product, killed))

        async def one_more(before: int = before, selling: asyncio.Task[None] = selling) -> bool:
            return len(shown) > before or selling.done()

        if turn % 2:
            # A machine that became slower since the first sale would else be killed before every receipt.
            await until(one_more, 60)
        await asyncio.wait([selling], timeout=pace * rng.uniform(*KILL_AFTER))
        killed.set()
        await browser.kill()
        await selling
    if await till.lines.count() == 1:
        await till.pay_cash()
        await till.next_sale()
    sales = await agree(shop, till.page, device, shown)
    assert len(sales) > ROUNDS // 2, "too few sales to prove anything"
    report = await ask(till.page, "shiftReport")
    total = sum(amount for _, _, amount in sales)
    assert (report["sales"]["count"], report["sales"]["total"]) == (len(sales), total)
    closed = await ask(till.page, "closeShift", {"counted": FLOAT + total})
    assert (closed["expected"], closed["difference"]) == (FLOAT + total, 0)
    await agree(shop, till.page, device, shown)
    shop.verify()
