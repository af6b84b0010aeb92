"""Eight hours without a network: hundreds of sales, a reload, and then all of it arrives, once."""

from __future__ import annotations

import os
import time
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import expect

from .agreement import agree
from .chromium import Chromium
from .clock import move_clock
from .cut_line import CutLine
from .inside import ask, head, sell_fast
from .opening import open_till
from .shop import Shop
from .till import Till

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("browser")]

SALES = int(os.environ.get("OCTONEXT_BROWSER_SALES", "500"))
HOUR_MS = 3_600_000
#: When it is sold, in hours after the line broke; the browser is reloaded in the middle.
HOURS = (0, 2, 4, 6, 8)
RELOADED_AT = 4
#: Sales at each of these times that a cashier makes by keyboard; the others are the engine's.
BY_HAND = 1
#: A broken line is noticed before so many have passed.
MINUTES_MAX = 5
ZONE = ZoneInfo("Asia/Kuwait")
FLOAT = 20_000


def shown_time(at: float) -> str:
    return datetime.fromtimestamp(at, ZONE).strftime("%H:%M")


async def is_locked(till: Till) -> None:
    await expect(till.page.get_by_role("heading", name=till.words("sign_in.title"))).to_be_visible()


async def later(till: Till, shop: Shop, hours: int) -> None:
    """So many hours after the beginning: nobody touched the till, so it locked itself, and knows the PIN."""
    await move_clock(till.page, hours * HOUR_MS)
    await is_locked(till)
    await till.sign_in(shop.manager)
    await till.at_the_counter()


async def test_eight_hours_offline_lose_and_double_nothing(shop: Shop, browser: Chromium) -> None:
    codes = [each.barcodes[0] for each in shop.seeded.products[:20]]
    async with CutLine(shop.url) as line:
        till, device, shown = await open_till(shop, browser, line)
        broke = time.time()
        line.go_down()
        await till.says("offline")
        noticed = time.time()
        since = {shown_time(min(broke + minute * 60, noticed)) for minute in range(MINUTES_MAX)}
        made: list[str] = []
        for hour in HOURS:
            if hour:
                await later(till, shop, hour)
            if hour == RELOADED_AT:
                # With a line in the cart, which is nobody's receipt yet.
                await till.scan_new(codes[0])
                await till.page.reload()
                # A worker that begins believes the machine, until it is there to be told another time.
                await is_locked(till)
                await later(till, shop, hour)
                await expect(till.lines).to_have_count(1)
                made.append(await till.pay_cash())
                await till.next_sale()
            made += [await till.sell(code) for code in codes[:BY_HAND]]
            target = SALES * (HOURS.index(hour) + 1) // len(HOURS)
            made += await sell_fast(till.page, codes, target - len(made))
            await till.says_waiting(target)
            await till.says("offline")
            if hour < RELOADED_AT:
                # Since the line broke, and not since the last try.
                text = await till.badge.inner_text()
                assert any(each in text for each in since), text
        await expect(till.badge).to_contain_text(till.words("badge.oldest", span="8 hrs"))
        assert len(made) == len(set(made)) == SALES
        assert (await shop.head(device))[0] == 1
        assert (await head(till.page))[0] == 1 + SALES

        line.mend()
        await ask(till.page, "syncNow")
        sales = await agree(shop, till.page, device, [*shown, *made])
        assert len(sales) == SALES
        await till.says("online")
        await expect(till.badge).to_have_attribute("data-unsynced", "0")
        total = sum(amount for _, _, amount in sales)
        closed = await ask(till.page, "closeShift", {"counted": FLOAT + total})
        assert closed["sales"]["count"] == SALES
        assert (closed["expected"], closed["difference"]) == (FLOAT + total, 0)
        await agree(shop, till.page, device, made)
    shop.verify()
