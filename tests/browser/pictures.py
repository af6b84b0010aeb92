"""The pictures of docs/pictures: the main screens as people see them; `scripts/screenshots` takes them."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from .chromium import Chromium
from .inside import watch
from .shop import Shop
from .till import Till

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("browser")]

PICTURES = Path(__file__).resolve().parents[2] / "docs" / "pictures"
BYTES_MAX = 150_000
KEPT = ("sell-en", "pay-en", "phone-en", "sell-ar", "receipt-ar", "phone-ar")
TABLET = {"width": 1024, "height": 640}
TALLER = {"width": 1024, "height": 760}
PHONE = {"width": 430, "height": 880}
#: What the basket of the pictures holds.
BASKET = ("DAIRY-0001", "SWEETS-0042", "BAKERY-0006", "HOME-0047")


async def take(page: Page, name: str) -> None:
    """A picture without a cursor that blinks or a message that fades, if it is one of those to keep."""
    if name not in KEPT:
        return
    await expect(page.locator(".toast")).to_have_count(0)
    await page.wait_for_function("document.getAnimations().every(each => each.playState !== 'running')")
    picture = await page.screenshot(caret="hide")
    assert len(picture) <= BYTES_MAX, f"{name}: {len(picture)} bytes"
    PICTURES.mkdir(parents=True, exist_ok=True)
    (PICTURES / f"{name}.png").write_bytes(picture)


async def show_all(till: Till) -> None:
    group = till.page.get_by_role("group", name=till.words("grid.categories"))
    await till.press(group.get_by_role("button", name=till.words("grid.all"), exact=True))
    await expect(till.page.locator(".tile").first).to_be_visible()


@pytest.mark.parametrize(("language", "scheme"), [("en", "light"), ("ar", "dark")])
async def test_pictures(shop: Shop, browser: Chromium, language: str, scheme: str) -> None:
    _, code = await shop.new_till()
    codes = {each.sku: each.barcodes[0] for each in shop.seeded.products}
    browser.language = language
    watch(browser)
    page = await browser.open(shop.page, viewport=TABLET)
    await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
    till = Till(page, language=language)
    await till.begin(code, shop.cashier)
    for name in BASKET:
        await till.scan_new(codes[name])
    await show_all(till)
    await till.synced()
    await take(page, f"sell-{language}")
    await till.go_to_pay()
    await take(page, f"pay-{language}")
    await till.press(page.locator("button.pay__take"))
    await till.receipt_number()
    await expect(page.get_by_text(till.words("receipt.synced"))).to_be_visible()
    await page.set_viewport_size(TALLER)  # type: ignore[arg-type]
    await take(page, f"receipt-{language}")
    await page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    await till.next_sale()
    for name in BASKET[:2]:
        await till.scan_new(codes[name])
    await show_all(till)
    await till.synced()
    await take(page, f"phone-{language}")
