"""The line between till and gateway breaks: selling goes on, and the badge says what is true."""

from __future__ import annotations

import asyncio
import os

import pytest

from .agreement import agree
from .chromium import Chromium
from .cut_line import CutLine
from .inside import ask, head, random_numbers
from .opening import open_till
from .shop import SHARD, Shop

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("browser")]

#: Small for the same reason as elsewhere: a round is a few sales and a reconnection.
ROUNDS = int(os.environ.get("OCTONEXT_BROWSER_ROUNDS", "6"))
#: The line is cut anywhere within about two sales.
CUT_AFTER_S = (0.0, 1.2)


async def test_a_line_cut_at_random_moments_loses_and_doubles_nothing(shop: Shop, browser: Chromium) -> None:
    rng = random_numbers()
    product = shop.seeded.products[0].barcodes[0]
    async with CutLine(shop.url) as line:
        till, device, shown = await open_till(shop, browser, line)

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


async def test_a_till_without_a_network_says_so_and_sells_on(shop: Shop, browser: Chromium) -> None:
    product = shop.seeded.products[0].barcodes[0]
    async with CutLine(shop.url) as line:
        till, device, shown = await open_till(shop, browser, line)
        line.go_down()
        await till.says("offline")
        await till.sell(product)
        await till.says_waiting(1)
        await till.sell(product)
        await till.says_waiting(2)
        line.mend()
        await ask(till.page, "syncNow")
        await till.says("online")
        assert len(await agree(shop, till.page, device, shown)) == 2
        await till.synced()


async def test_a_line_that_is_dead_without_a_word_is_noticed(shop: Shop, browser: Chromium) -> None:
    product = shop.seeded.products[0].barcodes[0]
    async with CutLine(shop.url) as line:
        till, device, shown = await open_till(shop, browser, line)
        # Answers are lost first: what the till says arrives, and it must not say it twice for that.
        line.is_mute = True
        await till.sell(product)
        await till.says_waiting(1)
        await shop.until_head(device, (await head(till.page))[0])
        line.half_open()
        await till.sell(product)
        await till.says("offline")
        await till.says_waiting(2)
        line.mend()
        await ask(till.page, "syncNow")
        await till.says("online")
        assert len(await agree(shop, till.page, device, shown)) == 2


async def test_a_gateway_killed_while_it_takes_entries_gets_each_of_them_once(
    shop: Shop, browser: Chromium
) -> None:
    product = shop.seeded.products[0].barcodes[0]
    till, device, shown = await open_till(shop, browser)
    browser.line_may_break()
    gateway = next(each.name for each in shop.installation.state.processes if each.name.startswith("gateway"))
    await till.sell(product)
    before = shop.installation.pid(gateway)
    await asyncio.to_thread(shop.installation.kill, gateway)
    await till.says("offline")
    for _ in range(3):
        await till.sell(product)
    await shop.installation.wait_until_back(gateway, before)
    await ask(till.page, "syncNow")
    await till.says("online")
    assert len(await agree(shop, till.page, device, shown)) == 4


async def test_a_frozen_shard_holds_no_sale_up(shop: Shop, browser: Chromium) -> None:
    product = shop.seeded.products[0].barcodes[0]
    till, device, shown = await open_till(shop, browser)
    frozen = next(each.name for each in shop.installation.state.processes if SHARD in each.name)
    shop.installation.freeze(frozen)
    try:
        for _ in range(3):
            await till.sell(product)
        await till.says_waiting(3)
    finally:
        shop.installation.thaw(frozen)
    assert len(await agree(shop, till.page, device, shown)) == 3
    await till.synced()
    shop.verify()
