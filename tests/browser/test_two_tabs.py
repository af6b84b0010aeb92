"""Two windows of one till: only one of them sells, and whichever it is, nothing happens twice."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import Error, expect

from .agreement import agree
from .chromium import Chromium
from .cut_line import CutLine
from .inside import ask, head, sell_fast
from .opening import open_till
from .shop import Shop
from .till import Till, until

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("browser")]

#: More than there is time for.
MANY = 10_000
#: Entries that the first window writes before the other one wants the till.
IN_FULL_SWING = 10


async def stands_by(till: Till) -> None:
    """It says that another window is the till, and offers nothing but to take over."""
    await expect(till.page.get_by_role("heading", name=till.words("elsewhere.title"))).to_be_visible()
    await expect(till.button("elsewhere.take_over")).to_be_visible()
    await expect(till.button("sign_in.submit")).to_have_count(0)
    await expect(till.page.get_by_test_id("cart-total")).to_have_count(0)


async def takes_up(till: Till, shop: Shop) -> None:
    """It has become the till, which asks for a PIN."""
    await expect(till.page.get_by_role("heading", name=till.words("sign_in.title"))).to_be_visible()
    await till.sign_in(shop.manager)
    await till.at_the_counter()


async def test_a_second_window_follows_and_takes_up_the_cart_when_the_first_is_closed(
    shop: Shop, browser: Chromium
) -> None:
    code = shop.seeded.products[0].barcodes[0]
    async with CutLine(shop.url) as line:
        first, device, shown = await open_till(shop, browser, line)
        second = Till(await browser.another_page(shop.page))
        await stands_by(second)
        await second.says("online")
        # What the first one does, the second one tells.
        line.go_down()
        await first.page.bring_to_front()
        await first.sell(code)
        await first.sell(code)
        await first.scan_new(code)
        for each in (first, second):
            await each.says("offline")
            await each.says_waiting(2)
        await first.page.close()
        await takes_up(second, shop)
        await expect(second.lines).to_have_count(1)
        await second.pay_cash()
        await second.next_sale()
        await second.says_waiting(3)
        line.mend()
        await ask(second.page, "syncNow")
        assert len(await agree(shop, second.page, device, shown)) == len(shown) == 3


async def test_a_window_that_takes_over_in_the_middle_of_selling_loses_and_doubles_nothing(
    shop: Shop, browser: Chromium
) -> None:
    code = shop.seeded.products[0].barcodes[0]
    first, device, _ = await open_till(shop, browser)
    begun = (await head(first.page))[0]
    second = Till(await browser.another_page(shop.page))
    await stands_by(second)
    await first.page.evaluate("window.__made = []")
    selling = asyncio.create_task(sell_fast(first.page, [code], MANY))

    async def in_full_swing() -> bool:
        return (await head(second.page))[0] >= begun + IN_FULL_SWING

    await until(in_full_swing)
    await second.press_button("elsewhere.take_over")
    await takes_up(second, shop)
    await stands_by(first)
    # Whoever asked the first one for more was told no, or never heard: no receipt came of it.
    selling.cancel()
    with pytest.raises((Error, asyncio.CancelledError)):
        await selling
    made = await first.page.evaluate("window.__made")
    assert len(made) >= IN_FULL_SWING - 1
    if await second.lines.count():
        made.append(await second.pay_cash())
        await second.next_sale()
    made.append(await second.sell(code))
    # One more may have been written of which nobody was told any more.
    assert len(await agree(shop, second.page, device, made)) in (len(made), len(made) + 1)
    # And back again.
    await first.press_button("elsewhere.take_over")
    await takes_up(first, shop)
    await stands_by(second)
    made.append(await first.sell(code))
    await agree(shop, first.page, device, made)
