"""A new version of the page in the middle of a shift: it waits for an empty cart, and loses nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from installation import ask_shard

from .agreement import agree
from .chromium import Chromium
from .conftest import BUILT
from .inside import ask
from .later_release import LATER_VERSION, VERSION, LaterRelease, later_build
from .opening import open_again, open_till
from .shop import SHARD, Shop
from .till import Till

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("browser")]


async def look_for_update(page: Page) -> None:
    """What the page does every half hour; until the new version is on the device and waits."""
    await page.evaluate(
        """async () => {
          const registration = await navigator.serviceWorker.getRegistration();
          await registration.update();
          const made = registration.installing ?? registration.waiting;
          while (registration.waiting === null)
            await new Promise(heard => made.addEventListener("statechange", heard, { once: true }));
        }"""
    )


async def says_version(till: Till, version: str) -> None:
    await till.page.keyboard.press("F10")
    await expect(till.page.get_by_test_id("menu")).to_contain_text(
        till.words("menu.version", version=version)
    )
    await till.page.keyboard.press("Escape")
    await expect(till.page.get_by_role("dialog")).to_have_count(0)


async def versions_seen(shop: Shop, device: int) -> list[str]:
    """What programs the shard's trail names for a till, in the order in which they came."""
    rows = await ask_shard(
        shop.installation, SHARD,
        "SELECT app_version FROM audit_transaction WHERE device_id = $1"
        " GROUP BY app_version ORDER BY min(at)", device,
    )  # fmt: skip
    return [row["app_version"] for row in rows]


async def test_an_update_waits_for_an_empty_cart_and_old_and_new_versions_sync_with_each_other(
    shop: Shop, browser: Chromium, tmp_path: Path
) -> None:
    milk, bread = (each.barcodes[0] for each in shop.seeded.products[:2])
    release = LaterRelease(shop, later_build(BUILT.parent, tmp_path / "later"))
    # First the server is the newer one.
    release.is_later_server = True
    async with release:
        release.carry(browser)
        till, device, shown = await open_till(shop, browser)
        await till.page.wait_for_function("navigator.serviceWorker.controller !== null")
        await till.sell(milk)
        await till.synced()
        assert release.said["server"] > 0
        await says_version(till, VERSION)

        # One customer left something for later, another one stands here.
        await till.scan_new(milk)
        await ask(till.page, "hold", "Waits")
        await till.page.reload()
        await till.sign_in(shop.manager)
        await till.at_the_counter()
        await till.scan_new(bread)
        release.is_out = True
        await look_for_update(till.page)
        notice = till.page.locator(".update")
        await expect(notice).to_contain_text(till.words("update.waits"))
        await expect(till.button("update.apply", notice)).to_have_count(0)
        await till.pay_cash()
        await till.next_sale()
        await expect(notice).to_contain_text(till.words("update.ready"))
        # The next customer is quicker than the finger.
        await till.scan_new(milk)
        await expect(till.button("update.apply", notice)).to_have_count(0)
        await till.pay_cash()
        await till.next_sale()
        await till.synced()

        # Now the till is the newer one.
        release.is_later_server, release.is_later_till = False, True
        await till.press_button("update.apply", notice)
        await expect(till.page.get_by_role("heading", name=till.words("sign_in.title"))).to_be_visible()
        await till.sign_in(shop.manager)
        await till.at_the_counter()
        await says_version(till, LATER_VERSION)
        assert [each["label"] for each in await ask(till.page, "heldCarts")] == ["Waits"]
        await till.sell(milk)
        await till.synced()
        assert release.said["till"] > 0
        assert len(await agree(shop, till.page, device, shown)) == len(shown) == 4
        assert await versions_seen(shop, device) == [
            f"octonext-pos {VERSION}",
            f"octonext-pos {LATER_VERSION}",
        ]


async def test_a_new_version_that_came_with_a_restart_finds_the_cart(
    shop: Shop, browser: Chromium, tmp_path: Path
) -> None:
    milk = shop.seeded.products[0].barcodes[0]
    async with LaterRelease(shop, later_build(BUILT.parent, tmp_path / "later")) as release:
        release.carry(browser)
        till, device, shown = await open_till(shop, browser)
        await till.page.wait_for_function("navigator.serviceWorker.controller !== null")
        await till.scan_new(milk)
        release.is_out = True
        await look_for_update(till.page)
        # Nobody can keep a browser from being closed and opened again.
        await browser.close()
        till = await open_again(shop, browser)
        await says_version(till, LATER_VERSION)
        await expect(till.lines).to_have_count(1)
        await till.pay_cash()
        await till.next_sale()
        assert len(await agree(shop, till.page, device, shown)) == len(shown) == 1
    shop.verify()
