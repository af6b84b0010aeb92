"""A gateway is told to end in the middle of an upload: it sends its tills away, and nothing is lost by it."""

from __future__ import annotations

import os
import signal

import pytest

from .agreement import agree
from .chromium import Chromium
from .cut_line import CutLine
from .inside import ask, head, sell_fast
from .opening import open_till
from .shop import Shop
from .till import until

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("browser")]

#: Several pushes, whatever the shard grants.
SALES = 150
#: For a few KiB: so the upload takes longer than it takes to end the gateway in its middle.
SLOWNESS_S = 0.3


async def test_a_gateway_that_ends_in_the_middle_of_an_upload_gets_each_entry_once(
    shop: Shop, browser: Chromium
) -> None:
    codes = [each.barcodes[0] for each in shop.seeded.products[:5]]
    gateway = next(each.name for each in shop.installation.state.processes if each.name.startswith("gateway"))
    async with CutLine(shop.url) as line:
        till, device, _ = await open_till(shop, browser, line)
        line.go_down()
        await till.says("offline")
        made = await sell_fast(till.page, codes, SALES)
        await till.says_waiting(SALES)
        before = (await shop.head(device))[0]
        end = (await head(till.page))[0]
        line.slowness_s = SLOWNESS_S
        line.mend()
        await ask(till.page, "syncNow")

        async def began() -> bool:
            # No more may arrive until the gateway is told, however long that takes here.
            line.is_held = (await shop.head(device))[0] > before
            return line.is_held

        await until(began)
        pid = shop.installation.pid(gateway)
        os.kill(pid, signal.SIGTERM)
        try:
            assert (await shop.head(device))[0] < end, "all of it had arrived already"
            line.is_held = False
            # The customer who waits meanwhile notices nothing.
            made.append(await till.sell(codes[0]))
        finally:
            await shop.installation.wait_until_back(gateway, pid)
        line.slowness_s = 0
        assert len(await agree(shop, till.page, device, made)) == SALES + 1
        await till.synced()
        await till.says("online")
    assert "draining" in shop.installation.layout.log(gateway).read_text(encoding="utf-8")
