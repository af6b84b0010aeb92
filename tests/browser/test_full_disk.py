"""The disk is really full: no receipt is lost, and nothing is sold that cannot be kept."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Page, expect

from .agreement import agree
from .chromium import Chromium, chromium
from .cut_line import CutLine
from .inside import ask, looks_at_its_disk, sell_fast
from .opening import open_again, open_till
from .shop import Shop
from .small_disk import SmallDisk, small_disk

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("browser")]

#: A profile with the page, its reserve and an empty journal takes about half of it.
DISK_MB = 160
ON_THE_RESERVE = 20
#: What Chromium enters when it promises an installed app to keep what is there.
PROMISED = {"setting": 1}


@asynccontextmanager
async def cramped(shop: Shop, folder: Path, *, kept: bool) -> AsyncIterator[tuple[Chromium, SmallDisk]]:
    """A browser whose profile has a small disk to itself, and has promised to keep the till's data or not."""
    with small_disk(folder, DISK_MB) as disk:
        profile = disk.folder / "profile"
        if kept:
            exceptions = {"durable_storage": {f"{shop.url},*": PROMISED}}
            (profile / "Default").mkdir(parents=True)
            (profile / "Default" / "Preferences").write_text(
                json.dumps({"profile": {"content_settings": {"exceptions": exceptions}}})
            )
        async with chromium(profile, shop.trusted) as browser:
            yield browser, disk
        assert browser.complaints == []


async def persisted(page: Page) -> bool:
    found: bool = await page.evaluate("navigator.storage.persisted()")
    return found


async def fill_between_writes(page: Page, disk: SmallDisk) -> None:
    """Take all room when nothing is on its way to the disk: the engine answers in the order of its writes."""
    await ask(page, "cart")
    disk.fill()


async def sell_until_full(page: Page, disk: SmallDisk, product: str) -> None:
    """Sell on the reserve, and on what the till has again of it, until a sale is refused."""
    while True:
        await sell_fast(page, [product], ON_THE_RESERVE)
        await fill_between_writes(page, disk)


async def test_a_full_disk_and_a_kill_lose_no_receipt(shop: Shop, tmp_path: Path) -> None:
    product = shop.seeded.products[0].barcodes[0]
    async with cramped(shop, tmp_path / "disk", kept=True) as (browser, disk), CutLine(shop.url) as line:
        till, device, shown = await open_till(shop, browser, line)
        page = till.page
        assert await persisted(page)
        line.go_down()
        await till.says("offline")
        await till.sell(product)
        await till.scan_new(product)
        await fill_between_writes(page, disk)
        # Whoever stands here gets a receipt, and so do the next ones.
        await till.pay_cash()
        await till.next_sale()
        await looks_at_its_disk(page)
        await expect(till.badge).to_contain_text(till.words("badge.storage_critical"))
        made = await sell_fast(page, [product], ON_THE_RESERVE)

        # The reserve is gone too, and what the till had again of it: no is said, in words. With room
        # again the same sale is made.
        take = page.get_by_role("button", name=till.words.pattern("pay.take")).last
        no = page.get_by_text(till.words("refusal.storage_full")).first
        while True:
            await till.scan_new(product)
            await fill_between_writes(page, disk)
            await till.go_to_pay()
            await till.press(take)
            await expect(no.or_(page.get_by_test_id("receipt-number"))).to_be_visible()
            if await no.is_visible():
                break
            await till.next_sale()
        disk.empty()
        await till.press(take)
        await till.receipt_number()
        await till.next_sale()

        # Killed while there is no room, it comes back as it was: the database is whole.
        await fill_between_writes(page, disk)
        with pytest.raises(PlaywrightError, match="storage_full"):
            await sell_until_full(page, disk, product)
        kept = {each["number"] for each in await ask(page, "receipts", 1000)}
        assert kept >= {*shown, *made}
        await browser.kill()
        disk.empty()
        till = await open_again(shop, browser)
        assert {each["number"] for each in await ask(till.page, "receipts", 1000)} == kept
        line.mend()
        await ask(till.page, "syncNow")
        sales = await agree(shop, till.page, device, kept)
        assert len(sales) == len(kept)
    shop.verify()
