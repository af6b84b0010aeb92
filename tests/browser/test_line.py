"""The line between till and gateway breaks: selling goes on, and the badge says what is true."""

from __future__ import annotations

import asyncio
import os
import re

import pytest
from playwright.async_api import expect

from .agreement import agree, arrived
from .chromium import Chromium
from .cut_line import CutLine
from .inside import ask, head, random_numbers, watch
from .shop import SHARD, Shop
from .till import Till

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("browser")]

#: Small for the same reason as elsewhere: a round is a few sales and a reconnection.
ROUNDS = int(os.environ.get("OCTONEXT_BROWSER_ROUNDS", "6"))
#: The line is cut anywhere within about two sales.
CUT_AFTER_S = (0.0, 1.2)
#: A till notices a silent line by its heartbeat or by an upload that is not answered.
NOTICED_MS = 90_000


async def says(till: Till, state: str) -> None:
    """Wait until the badge is in a state, and its words say so."""
    await expect(till.badge).to_have_attribute("data-state", state, timeout=NOTICED_MS)
    words = {"online": "badge.online", "offline": "badge.offline_since", "stopped": "badge.stopped"}[state]
    await expect(till.badge).to_contain_text(till.words.pattern(words))


async def says_waiting(till: Till, count: int) -> None:
    """The badge names how many entries are not handed over."""
    await expect(till.badge).to_have_attribute("data-unsynced", str(count))
    await expect(till.badge).to_contain_text(re.compile(rf"\b{count}\b"))


async def begun(shop: Shop, browser: Chromium, line: CutLine | None = None) -> tuple[Till, int, list[str]]:
    """A till of its own with an open shift, online; its device, and the receipts it shows from now on."""
    shown = watch(browser)
    device, code = await shop.new_till()
    if line is not None:
        browser.flags = line.flags
    till = Till(await browser.open(shop.page))
    await till.begin(code, shop.manager)
    await arrived(shop, till.page, device)
    return till, device, shown


async def test_a_line_cut_at_random_moments_loses_and_doubles_nothing(shop: Shop, browser: Chromium) -> None:
    rng = random_numbers()
    product = shop.seeded.products[0].barcodes[0]
    async with CutLine(shop.url) as line:
        till, device, shown = await begun(shop, browser, line)

        async def cut() -> None:
            await asyncio.sleep(rng.uniform(*CUT_AFTER_S))
            line.cut()

        for _ in range(ROUNDS):
            cutting = asyncio.create_task(cut())
            await till.sell(product)
            await till.sell(product)
            await cutting
        await ask(till.page, "syncNow")
        sales = await agree(shop, till.page, device, shown)
        assert len(sales) == len(shown) == 2 * ROUNDS
        await till.synced()
    browser.complaints.clear()


async def test_a_till_without_a_network_says_so_and_sells_on(shop: Shop, browser: Chromium) -> None:
    product = shop.seeded.products[0].barcodes[0]
    async with CutLine(shop.url) as line:
        till, device, shown = await begun(shop, browser, line)
        line.go_down()
        await says(till, "offline")
        await till.sell(product)
        await says_waiting(till, 1)
        await till.sell(product)
        await says_waiting(till, 2)
        line.mend()
        await ask(till.page, "syncNow")
        await says(till, "online")
        assert len(await agree(shop, till.page, device, shown)) == 2
        await till.synced()
    browser.complaints.clear()


async def test_a_line_that_is_dead_without_a_word_is_noticed(shop: Shop, browser: Chromium) -> None:
    product = shop.seeded.products[0].barcodes[0]
    async with CutLine(shop.url) as line:
        till, device, shown = await begun(shop, browser, line)
        # Answers are lost first: what the till says arrives, and it must not say it twice for that.
        line.is_mute = True
        await till.sell(product)
        await says_waiting(till, 1)
        await shop.until_head(device, (await head(till.page))[0])
        line.half_open()
        await till.sell(product)
        await says(till, "offline")
        await says_waiting(till, 2)
        line.mend()
        await ask(till.page, "syncNow")
        await says(till, "online")
        assert len(await agree(shop, till.page, device, shown)) == 2
    browser.complaints.clear()


async def test_a_gateway_killed_while_it_takes_entries_gets_each_of_them_once(
    shop: Shop, browser: Chromium
) -> None:
    product = shop.seeded.products[0].barcodes[0]
    till, device, shown = await begun(shop, browser)
    gateway = next(each.name for each in shop.installation.state.processes if each.name.startswith("gateway"))
    async with CutLine(shop.url):
        await till.sell(product)
        before = shop.installation.pid(gateway)
        await asyncio.to_thread(shop.installation.kill, gateway)
        await says(till, "offline")
        for _ in range(3):
            await till.sell(product)
        await shop.installation.wait_until_back(gateway, before)
        await ask(till.page, "syncNow")
        await says(till, "online")
        assert len(await agree(shop, till.page, device, shown)) == 4
    browser.complaints.clear()


async def test_a_frozen_shard_holds_no_sale_up(shop: Shop, browser: Chromium) -> None:
    product = shop.seeded.products[0].barcodes[0]
    till, device, shown = await begun(shop, browser)
    frozen = next(each.name for each in shop.installation.state.processes if SHARD in each.name)
    shop.installation.freeze(frozen)
    try:
        for _ in range(3):
            await till.sell(product)
        await says_waiting(till, 3)
    finally:
        shop.installation.thaw(frozen)
    assert len(await agree(shop, till.page, device, shown)) == 3
    await till.synced()
    browser.complaints.clear()
    shop.verify()
