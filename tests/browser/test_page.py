"""The page itself: served, installed, within its content security policy, in both languages."""

from __future__ import annotations

import pytest

from .chromium import Chromium
from .shop import Shop

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("browser")]


async def test_the_page_loads_without_a_complaint_and_its_service_worker_takes_over(
    shop: Shop, browser: Chromium
) -> None:
    page = await browser.open(shop.page)
    await page.wait_for_function("navigator.serviceWorker.ready.then(() => true)")
    assert await page.title() != ""
