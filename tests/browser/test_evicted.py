"""Chromium deletes everything of the till on a full disk while it runs: its receipts are not lost with it."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Error as PlaywrightError

from .agreement import agree
from .cut_line import CutLine
from .inside import ask, sell_fast
from .opening import open_till
from .shop import Shop
from .test_full_disk import cramped, persisted
from .test_storage_lost import restore

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("browser")]

#: Another database of the site, and a file whose absence tells that everything was deleted.
_PREPARE = """
async () => {
  const root = await navigator.storage.getDirectory();
  await root.getFileHandle("marker", { create: true });
  const opening = indexedDB.open("another");
  opening.onupgradeneeded = () => opening.result.createObjectStore("rows");
  await new Promise((resolve) => { opening.onsuccess = resolve; });
  window.another = opening.result;
}
"""
#: Finds the disk full, which is when Chromium makes room.
_FAIL = """
() => {
  const writing = window.another.transaction("rows", "readwrite", { durability: "strict" });
  writing.objectStore("rows").put(crypto.getRandomValues(new Uint8Array(60000)), 1);
}
"""
_GONE = """
async () => !(await indexedDB.databases()).some(({ name }) => name === "octonext-till")
"""
_DELETED_AND_KEPT = """
async () => {
  const root = await navigator.storage.getDirectory();
  const names = await Array.fromAsync(root.keys());
  if (names.includes("marker") || !names.includes("octonext")) return false;
  const folder = await root.getDirectoryHandle("octonext");
  const files = (await Array.fromAsync(folder.values())).filter(({ name }) => name.startsWith("journal-"));
  const sizes = await Promise.all(files.map(async (each) => (await each.getFile()).size)).catch(() => []);
  // A copy without anything in it has some 80 bytes.
  return sizes.some((size) => size > 1000);
}
"""


async def test_a_browser_that_deletes_everything_on_a_full_disk_takes_no_receipt_with_it(
    shop: Shop, tmp_path: Path
) -> None:
    product = shop.seeded.products[0].barcodes[0]
    async with cramped(shop, tmp_path / "disk", kept=False) as (browser, disk), CutLine(shop.url) as line:
        till, device, shown = await open_till(shop, browser, line)
        page = till.page
        assert not await persisted(page)
        line.go_down()
        for _ in range(3):
            await till.sell(product)
        end = await ask(page, "receipts", 1000)
        await page.evaluate(_PREPARE)
        disk.fill()
        await page.evaluate(_FAIL)
        await page.wait_for_function(_GONE)
        with pytest.raises(PlaywrightError, match="storage_failed"):
            await sell_fast(page, [product], 1)
        # Nobody has done anything, and the copy is there again, in new files.
        await page.wait_for_function(_DELETED_AND_KEPT)
        disk.empty()
        line.mend()
        await browser.kill()
        till.page = await browser.open(shop.page)
        await restore(till, shop)
        await ask(till.page, "syncNow")
        sales = await agree(shop, till.page, device, shown, listed_after=end[0]["reference"]["seq"])
        assert len(sales) == len(end) == 3
    shop.verify()
