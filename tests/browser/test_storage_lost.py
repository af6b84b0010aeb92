"""The browser loses the till's database: the copy of the journal gives everything back with a PIN."""

from __future__ import annotations

import shutil

import pytest
from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Page, expect

from .agreement import agree, arrived, booked_once
from .chromium import Chromium
from .cut_line import CutLine
from .inside import ask, files_of, head
from .opening import Opened, open_till
from .shop import Shop
from .till import Till

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("browser")]

SALES = 3


async def clear(page: Page, *types: str) -> None:
    """What a person does with the browser's own "clear data", of the kinds named."""
    assert page.context.browser is None or page.context.browser.is_connected()
    session = await page.context.new_cdp_session(page)
    origin = await page.evaluate("location.origin")
    await session.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": ",".join(types)})
    await session.detach()


async def sell_offline(shop: Shop, browser: Chromium, line: CutLine) -> Opened:
    """A till that has handed over one sale and keeps more of them to itself."""
    opened = till, device, _ = await open_till(shop, browser, line)
    product = shop.seeded.products[0].barcodes[0]
    await till.sell(product)
    await arrived(shop, till.page, device)
    line.go_down()
    for _ in range(SALES):
        await till.sell(product)
    # And one that is not paid yet.
    await till.scan_new(product)
    assert (await head(till.page))[0] == 2 + SALES
    assert (await shop.head(device))[0] == 2
    return opened


async def restore(till: Till, shop: Shop) -> None:
    """The screen that says what is lost, a PIN, and the work goes on."""
    await expect(till.page.get_by_role("heading", name=till.words("lost.title"))).to_be_visible()
    field = till.field("sign_in.code")
    await expect(field).to_be_visible()
    await till.write(field, shop.manager.code)
    await till.write(till.field("sign_in.pin", exact=True), shop.manager.pin)
    await till.press_button("lost.submit")
    await till.signed_in()


async def goes_on(till: Till, shop: Shop, device: int, line: CutLine, end: tuple[int, str]) -> None:
    """After a restore nothing is missing, the same chain goes on, and all of it arrives once."""
    assert await head(till.page) == end
    line.mend()
    await ask(till.page, "syncNow")
    await arrived(shop, till.page, device)
    assert await shop.head(device) == end
    product = shop.seeded.products[1].barcodes[0]
    await till.page.get_by_test_id("cart-total").wait_for()
    if await till.lines.count():
        await till.pay_cash()
        await till.next_sale()
    await till.sell(product)
    await till.synced()
    await arrived(shop, till.page, device)
    await booked_once(shop, device)


async def test_a_database_deleted_while_the_till_runs_is_restored_with_a_pin(
    shop: Shop, browser: Chromium
) -> None:
    async with CutLine(shop.url) as line:
        till, device, shown = await sell_offline(shop, browser, line)
        end = await head(till.page)
        await clear(till.page, "indexeddb")
        await till.page.reload()
        await restore(till, shop)
        await goes_on(till, shop, device, line, end)
        sales = await agree(shop, till.page, device, shown, listed_after=end[0])
        assert len(sales) >= 1 + SALES + 1


async def test_a_database_cleared_before_a_payment_refuses_it_and_is_restored(
    shop: Shop, browser: Chromium
) -> None:
    async with CutLine(shop.url) as line:
        till, device, shown = await sell_offline(shop, browser, line)
        end = await head(till.page)
        await clear(till.page, "indexeddb")
        cash = {"tender": "cash", "amount": None, "reference": None}
        with pytest.raises(PlaywrightError, match="storage_failed"):
            await ask(till.page, "pay", {"tenders": [cash]})
        await restore(till, shop)
        await goes_on(till, shop, device, line, end)
        await agree(shop, till.page, device, shown, listed_after=end[0])


async def test_a_database_folder_that_vanished_is_restored_with_a_pin(shop: Shop, browser: Chromium) -> None:
    async with CutLine(shop.url) as line:
        till, device, shown = await sell_offline(shop, browser, line)
        end = await head(till.page)
        await browser.kill()
        for folder in files_of(browser.profile, "IndexedDB"):
            shutil.rmtree(folder)
        line.mend()
        till = Till(await browser.open(shop.page))
        await restore(till, shop)
        await goes_on(till, shop, device, line, end)
        await agree(shop, till.page, device, shown, listed_after=end[0])


async def test_a_damaged_database_is_restored_with_a_pin(shop: Shop, browser: Chromium) -> None:
    async with CutLine(shop.url) as line:
        till, device, shown = await sell_offline(shop, browser, line)
        end = await head(till.page)
        await browser.kill()
        damaged = 0
        for folder in files_of(browser.profile, "IndexedDB"):
            for file in folder.rglob("*"):
                if file.is_file() and file.name != "LOCK":
                    size = file.stat().st_size
                    file.write_bytes(b"\xa5" * max(size, 64))
                    damaged += 1
        assert damaged > 0
        line.mend()
        till = Till(await browser.open(shop.page))
        await restore(till, shop)
        await goes_on(till, shop, device, line, end)
        await agree(shop, till.page, device, shown, listed_after=end[0])


async def test_a_browser_cleared_of_everything_asks_for_a_new_enrolment(
    shop: Shop, browser: Chromium
) -> None:
    async with CutLine(shop.url) as line:
        till, device, _ = await sell_offline(shop, browser, line)
        line.mend()
        await ask(till.page, "syncNow")
        await arrived(shop, till.page, device)
        handed_over = await shop.sales(device)
        # And the till knows it: what it thinks that only it has, it would write again.
        await expect(till.badge).to_have_attribute("data-unsynced", "0")
        await clear(till.page, "all")
        await till.page.reload()
        await expect(till.page.get_by_role("heading", name=till.words("enrol.title"))).to_be_visible()
        await expect(till.field("enrol.code")).to_be_visible()
        assert await shop.sales(device) == handed_over
        assert len(handed_over) == 1 + SALES
    shop.verify()
