"""The disk fills up: the badge says so early, selling goes on, and the alarm ends with room again."""

from __future__ import annotations

import pytest
from playwright.async_api import CDPSession, Page, expect

from .agreement import agree, arrived
from .chromium import Chromium
from .inside import looks_at_its_disk
from .opening import open_till
from .shop import Shop

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("browser")]

MIB = 1024 * 1024
#: What the page counts as low: see LOW_BYTES and CRITICAL_BYTES of the till's storage.
LOW_LEFT, CRITICAL_LEFT = 200 * MIB, 40 * MIB
#: Without it Chromium tells pages of ten GiB more than they use, however full the disk is.
TELLS_THE_TRUTH = "--disable-features=StaticStorageQuota"


async def used(page: Page) -> int:
    found: int = await page.evaluate("navigator.storage.estimate().then(({ usage }) => usage)")
    return found


class Disk:
    """Says how much room the origin has, as the browser's developer tools do."""

    def __init__(self, page: Page, session: CDPSession, origin: str) -> None:
        self._page, self._session, self._origin = page, session, origin

    @classmethod
    async def of(cls, page: Page) -> Disk:
        return cls(page, await page.context.new_cdp_session(page), await page.evaluate("location.origin"))

    async def hold(self, size: int | None) -> None:
        quota = {} if size is None else {"quotaSize": size}
        await self._session.send("Storage.overrideQuotaForOrigin", {"origin": self._origin, **quota})
        await looks_at_its_disk(self._page)


async def test_a_disk_that_fills_up_is_announced_early_and_holds_no_sale_up(
    shop: Shop, browser: Chromium
) -> None:
    browser.flags = (TELLS_THE_TRUTH,)
    till, device, shown = await open_till(shop, browser)
    product = shop.seeded.products[0].barcodes[0]
    await till.sell(product)
    await arrived(shop, till.page, device)
    disk = await Disk.of(till.page)

    # Long before anything fails.
    await disk.hold(await used(till.page) + LOW_LEFT)
    await expect(till.badge).to_contain_text(till.words("badge.storage_low"))
    await till.sell(product)
    await disk.hold(await used(till.page) + CRITICAL_LEFT)
    await expect(till.badge).to_contain_text(till.words("badge.storage_critical"))
    await till.sell(product)

    # Room again, and all of it arrives once.
    await disk.hold(None)
    await expect(till.badge).not_to_contain_text(till.words("badge.storage_critical"))
    await till.sell(product)
    assert len(await agree(shop, till.page, device, shown)) == 4
