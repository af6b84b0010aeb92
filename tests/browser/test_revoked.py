"""A till that head office ended or that was stolen: told at once, emptied, and what it sold still arrives."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Error, expect

from installation import ask_shard
from octonext.crypto.tls import client_context
from octonext.sync.messages import Challenge, Head, Hello, Nack

from ..scenarios.raw_till import raw_line
from .agreement import arrived, booked_once
from .chromium import Chromium, chromium
from .cut_line import CutLine
from .inside import ask, dump, head, rescue_file, seq_of, upload_rescue, watch
from .opening import open_and_sell_offline, open_till
from .shop import BRANCH, SHARD, Shop
from .till import Till

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("browser")]

SALES = 3
#: Seconds, not minutes: what a person waits for in front of the till.
TOLD_MS = 20_000
#: Stores of what only an open till may read, and of its keys.
EMPTIED = ("keyring", "people", "attempts", "records", "receipts", "manifests", "segments", "cursors")


async def end(shop: Shop, device: int, reason: str) -> None:
    async with shop.client() as client:
        answer = await client.post(f"/api/v1/tills/{device}/revoke", json={"reason": reason})
    assert answer.is_success, answer.text


async def until_gateway_knows(shop: Shop, device: int) -> None:
    """Wait until whoever says hello as this till is told of its end: a gateway hears of it from the shard.

    Until then a till that comes back would still hand over what it has.
    """
    context = client_context(shop.installation.layout.root_certificate)
    async with asyncio.timeout(TOLD_MS / 1000):
        while True:
            async with raw_line(shop.url, context) as line:
                assert isinstance(await line.receive(), Challenge)
                await line.send(
                    Hello(
                        device=device, branch=shop.seeded.branches[BRANCH], clock_ms=0, signature=bytes(64),
                        head=Head(0, bytes(32)),
                    )
                )  # fmt: skip
                answer = await line.receive()
            assert isinstance(answer, Nack), answer
            if answer.reason == "revoked":
                return
            await asyncio.sleep(0.1)


async def is_ended(till: Till) -> None:
    """The screen of a till that is no more."""
    heading = till.page.get_by_role("heading", name=till.words("revoked.title"))
    await expect(heading).to_be_visible(timeout=TOLD_MS)


async def holds_no_key(till: Till) -> None:
    """Nothing is left in the database but sealed entries, and their keys as the shard alone can open them."""
    found = await dump(till.page)
    assert found is not None
    assert {name: len(found[name]) for name in EMPTIED} == dict.fromkeys(EMPTIED, 0)
    assert all(row["forTill"] == "" and row["forShard"] != "" for _, row in found["keys"])
    places = {json.dumps(key): row for key, row in found["places"]}
    till_row = places['"till"']
    assert [till_row[name] for name in ("strongbox", "identity", "copyIdentity", "salt")] == [""] * 4


async def cannot_be_unlocked(till: Till, shop: Shop) -> None:
    """Neither by the page, which offers no sign-in, nor by asking the engine."""
    await expect(till.button("sign_in.submit")).to_have_count(0)
    who = {"code": shop.manager.code, "pin": shop.manager.pin}
    for method in ("signIn", "restoreFromCopy"):
        with pytest.raises(Error, match="refused"):
            await ask(till.page, method, who)


@asynccontextmanager
async def other_till(shop: Shop, folder: Path) -> AsyncIterator[Till]:
    """Another till of the branch, in a browser of its own, with somebody signed in."""
    _, code = await shop.new_till()
    async with chromium(folder, shop.trusted) as browser:
        watch(browser)
        till = Till(await browser.open(shop.page))
        await till.begin(code, shop.manager)
        yield till


async def booked(shop: Shop, device: int, shown: list[str]) -> None:
    """All of a till's entries are on the shard, each once, and every receipt that it showed is a sale."""
    await booked_once(shop, device)
    assert [seq for seq, _, _ in await shop.sales(device)] == [seq_of(number) for number in shown]


@pytest.mark.parametrize("reason", ["revoked", "stolen"])
async def test_an_online_till_that_is_ended_is_told_and_wipes_itself(
    shop: Shop, browser: Chromium, reason: str
) -> None:
    till, device, _ = await open_till(shop, browser)
    await till.sell(shop.seeded.products[0].barcodes[0])
    await arrived(shop, till.page, device)
    await end(shop, device, reason)
    await is_ended(till)
    await expect(till.page.get_by_text(till.words("revoked.nothing_left"))).to_be_visible()
    await holds_no_key(till)
    await cannot_be_unlocked(till, shop)
    # Not by a restart either, with the network away.
    await browser.kill()
    async with CutLine(shop.url) as line:
        line.go_down()
        line.carry(browser)
        till = Till(await browser.open(shop.page))
        await is_ended(till)
        await holds_no_key(till)
        await cannot_be_unlocked(till, shop)


async def test_what_a_till_ended_while_offline_sold_arrives_through_another_till(
    shop: Shop, browser: Chromium, tmp_path: Path
) -> None:
    async with CutLine(shop.url) as line:
        till, device, shown = await open_and_sell_offline(shop, browser, line, SALES)
        last = await head(till.page)
        await end(shop, device, "revoked")
        await until_gateway_knows(shop, device)
        # At the next contact.
        line.mend()
        await ask(till.page, "syncNow")
        await is_ended(till)
        await holds_no_key(till)
        assert (await shop.head(device))[0] < last[0]
        # Also after a restart it says what it owes, and gives it away sealed.
        await browser.kill()
        till = Till(await browser.open(shop.page))
        await is_ended(till)
        await expect(till.button("rescue.save")).to_be_visible()
        file, entries, _ = await rescue_file(till.page)
        assert entries == SALES
    async with other_till(shop, tmp_path / "other") as other:
        assert (await upload_rescue(other.page, file))["entries"] == SALES
        assert await shop.head(device) == last
        # Twice does no harm.
        await upload_rescue(other.page, file)
    assert await shop.head(device) == last
    await booked(shop, device, shown)
    cases = await ask_shard(
        shop.installation, SHARD, "SELECT kind FROM opened_case WHERE device_id = $1", device
    )
    assert cases, "head office is not told that an ended till's entries were booked"


async def test_a_till_that_comes_back_after_its_rescue_goes_on(
    shop: Shop, browser: Chromium, tmp_path: Path
) -> None:
    async with CutLine(shop.url) as line:
        till, device, shown = await open_and_sell_offline(shop, browser, line, SALES)
        _, entries, parts = await rescue_file(till.page)
        assert entries == SALES
        assert len(parts) > 1
        # The other till scans its codes, in any order.
        async with other_till(shop, tmp_path / "other") as other:
            scanned = "\n".join(reversed(parts)).encode()
            assert (await upload_rescue(other.page, scanned))["entries"] == SALES
        last = await head(till.page)
        assert await shop.head(device) == last
        await till.sell(shop.seeded.products[0].barcodes[0])
        line.mend()
        await ask(till.page, "syncNow")
        await till.synced()
        await arrived(shop, till.page, device)
        await booked(shop, device, shown)
    shop.verify()
