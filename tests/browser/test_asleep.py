"""A till that nobody is signed in at, or whose page the browser put to sleep, hands over and comes back."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from .agreement import agree, arrived
from .chromium import Chromium
from .cut_line import CutLine
from .inside import ask, head
from .opening import open_and_sell_offline
from .shop import Shop
from .till import Till

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("browser")]

SALES = 3


async def test_a_locked_till_goes_on_handing_over(shop: Shop, browser: Chromium) -> None:
    async with CutLine(shop.url) as line:
        till, device, shown = await open_and_sell_offline(shop, browser, line, SALES)
        await ask(till.page, "lock")
        await expect(till.page.get_by_role("heading", name=till.words("sign_in.title"))).to_be_visible()
        # Also by a browser that was killed: from what lies on the disk alone, without a PIN.
        await browser.kill()
        line.mend()
        till = Till(await browser.open(shop.page))
        await arrived(shop, till.page, device)
        assert len(await shop.sales(device)) == SALES
        await till.sign_in(shop.manager)
        await till.signed_in()
        await agree(shop, till.page, device, shown)


async def test_a_frozen_page_that_comes_back_resumes(shop: Shop, browser: Chromium) -> None:
    product = shop.seeded.products[0].barcodes[0]
    async with CutLine(shop.url) as line:
        till, device, shown = await open_and_sell_offline(shop, browser, line, SALES)
        session = await till.page.context.new_cdp_session(till.page)
        await session.send("Page.setWebLifecycleState", {"state": "frozen"})
        line.mend()
        await session.send("Page.setWebLifecycleState", {"state": "active"})
        await arrived(shop, till.page, device)
        await till.sell(product)
        assert len(await agree(shop, till.page, device, shown)) == SALES + 1
        # A discarded page is one that begins anew: with its cart, and a PIN.
        await till.scan_new(product)
        await till.page.goto("about:blank")
        await till.page.goto(shop.page)
        await till.sign_in(shop.manager)
        await till.signed_in()
        await expect(till.lines).to_have_count(1)
        before = await head(till.page)
        await till.pay_cash()
        assert (await head(till.page))[0] == before[0] + 1
        await agree(shop, till.page, device, shown)
    shop.verify()
