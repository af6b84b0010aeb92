"""Accessibility: axe finds nothing on any screen, in both languages, light and dark."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Locator, expect

from .chromium import Chromium
from .cut_line import CutLine
from .inside import ask, watch
from .shop import Shop
from .till import Till

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("browser")]

AXE = Path(__file__).resolve().parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"

_RUN = """
async (options) => {
  // What still moves has colours that nobody will read; it begins to move with the next picture.
  for (let picture = 0; picture < 2; picture++) await new Promise(requestAnimationFrame);
  await Promise.all(document.getAnimations().map(each => each.finished.catch(() => null)));
  const found = await axe.run(document, { resultTypes: ["violations"], preload: false, ...options });
  return found.violations.flatMap(({ id, nodes }) =>
    nodes.map(node => `${id}: ${node.target.join(" ")} ${node.failureSummary.replaceAll("\\n", " ")}`));
}
"""
#: A good EAN-13 that the chain does not sell.
NO_PRODUCT = "4006381333931"
#: All that depends on the colours.
_COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}


class Judge:
    """Collects what axe says of each screen."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.found: list[str] = []

    async def look(self, till: Till, screen: str) -> None:
        page = till.page
        if not await page.evaluate("() => 'axe' in window"):
            # Evaluated, not added as a script: the page's own policy stays as strict as it is.
            await page.evaluate(AXE.read_text(encoding="utf-8") + "; null")
        self.seen.append(screen)
        # What depends on the colours alone is the same in both languages.
        looks = (("dark", _COLOURS), ("light", {})) if till.language == "en" else (("dark", {}),)
        for scheme, options in looks:
            await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
            found: list[str] = await page.evaluate(_RUN, options)
            self.found += [f"{screen}, {scheme}: {each}" for each in found]


@pytest.mark.parametrize("language", ["en", "ar"])
async def test_axe_finds_nothing_on_any_screen(shop: Shop, browser: Chromium, language: str) -> None:
    if not AXE.is_file():
        pytest.skip("axe-core is not installed: run `npm ci` in web/.")
    device, code = await shop.new_till()
    browser.language = language
    watch(browser)
    judge = Judge()
    async with CutLine(shop.url) as line:
        line.carry(browser)
        till = Till(await browser.open(shop.page), language=language)
        await before_the_work(till, shop, judge, code)
        await selling(till, shop, judge)
        await beside_the_selling(till, judge)
        await paying(till, shop, judge)
        await around_the_shift(till, judge)
        other = Till(await browser.another_page(shop.page), language=language)
        await expect(other.button("elsewhere.take_over")).to_be_visible()
        await judge.look(other, "elsewhere")
        await other.page.close()
        await when_things_go_wrong(till, shop, judge, line)
        await shop.post(f"/tills/{device}/revoke", {"reason": "stolen"})
        await expect(heading(till, "revoked.title")).to_be_visible()
        await judge.look(till, "revoked")
    assert judge.found == [], "\n".join(judge.found)
    assert len(judge.seen) == len(set(judge.seen))


async def closed(till: Till) -> None:
    await till.page.keyboard.press("Escape")
    await till.no_dialog()


def heading(till: Till, key: str) -> Locator:
    return till.page.get_by_role("heading", name=till.words.pattern(key)).first


async def before_the_work(till: Till, shop: Shop, judge: Judge, code: str) -> None:
    await expect(till.button("enrol.submit").first).to_be_visible()
    await judge.look(till, "enrol")
    await till.press_button("enrol.submit")
    await expect(till.page.get_by_text(till.words("enrol.code_missing")).first).to_be_visible()
    await judge.look(till, "enrol, refused")
    await till.enrol(code)
    await expect(till.badge).to_contain_text(till.words("badge.online"))
    await judge.look(till, "sign in")
    await till.sign_in(shop.cashier)
    await till.signed_in()
    await judge.look(till, "open shift")
    await till.open_shift()


async def selling(till: Till, shop: Shop, judge: Judge) -> None:
    page, keys = till.page, till.page.keyboard
    await judge.look(till, "sell, empty")
    for product in shop.seeded.products[:3]:
        await till.scan_new(product.barcodes[0])
    await till.scan(NO_PRODUCT)
    await expect(page.get_by_text(NO_PRODUCT).first).to_be_visible()
    await judge.look(till, "sell, with lines and a code that nobody knows")
    await keys.press("F2")
    name = shop.seeded.products[3]
    box = page.get_by_role("combobox", name=till.words("search.label"))
    await box.fill(name.name_ar if till.language == "ar" else name.name_en)
    await expect(page.get_by_role("option").first).to_be_visible()
    await judge.look(till, "search")
    await keys.press("Escape")
    await expect(page.get_by_role("option")).to_have_count(0)
    selected = till.lines.first
    await till.press(selected.locator("button").first)
    for action in ("quantity", "price", "discount", "note", "remove"):
        await till.press(selected.get_by_role("button", name=till.words(f"line.{action}"), exact=True))
        await expect(till.dialog).to_be_visible()
        await judge.look(till, f"line: {action}")
        await closed(till)
    tools = page.locator(".cart__tools")
    await till.press(tools.get_by_role("button", name=till.words("sell.discount"), exact=True))
    await expect(till.dialog).to_be_visible()
    await judge.look(till, "discount on the cart")
    await closed(till)


async def beside_the_selling(till: Till, judge: Judge) -> None:
    page, keys = till.page, till.page.keyboard
    await keys.press("F3")
    await expect(heading(till, "customers.title")).to_be_visible()
    await judge.look(till, "customers")
    await till.press_button("customers.new")
    await expect(till.dialog).to_be_visible()
    await judge.look(till, "new customer")
    await closed(till)
    await keys.press("Escape")
    await keys.press("F8")
    await expect(heading(till, "returns.title")).to_be_visible()
    await judge.look(till, "return")
    await till.press(page.get_by_role("radio", name=till.words("returns.without")).locator("xpath=.."))
    await judge.look(till, "return without a receipt")
    await keys.press("Escape")
    await expect(page.get_by_test_id("cart-total")).to_be_visible()
    await keys.press("F9")
    await expect(till.dialog).to_be_visible()
    await judge.look(till, "drawer")
    await till.press_button("reason.check", till.dialog)
    await till.press_button("drawer.open", till.dialog)
    await expect(page.get_by_test_id("approval").get_by_role("textbox").first).to_be_visible()
    await judge.look(till, "approval")
    await keys.press("Escape")
    await expect(page.get_by_test_id("approval")).to_have_count(0)
    await closed(till)
    await keys.press("Shift+F6")
    await expect(till.dialog).to_be_visible()
    await judge.look(till, "cancel")
    await closed(till)
    await keys.press("F6")
    await expect(till.dialog).to_be_visible()
    await judge.look(till, "hold")
    await till.press_button("sell.hold", till.dialog)
    await till.no_dialog()
    await expect(till.lines).to_have_count(0)
    await keys.press("F7")
    await expect(heading(till, "held.title")).to_be_visible()
    await judge.look(till, "held")
    await keys.press("Escape")
    await expect(page.get_by_test_id("cart-total")).to_be_visible()


async def paying(till: Till, shop: Shop, judge: Judge) -> None:
    page, keys = till.page, till.page.keyboard
    await till.scan_new(shop.seeded.products[0].barcodes[0])
    await till.go_to_pay()
    await expect(page.get_by_role("radio").first).to_be_attached()
    await judge.look(till, "pay")
    await till.press(page.locator("button.pay__take"))
    number = await till.receipt_number()
    await judge.look(till, "receipt")
    await till.next_sale()
    await keys.press("Shift+F4")
    await expect(heading(till, "receipts.title")).to_be_visible()
    await judge.look(till, "receipts")
    written = page.get_by_text(number, exact=True)
    await till.press(page.get_by_role("list").get_by_role("button").filter(has=written))
    await till.press_button("receipt.return")
    await expect(till.button("returns.add")).to_be_visible()
    await judge.look(till, "return of a receipt")
    await till.page.keyboard.press("Escape")
    await till.page.keyboard.press("Escape")
    await till.page.keyboard.press("Escape")
    await expect(page.get_by_test_id("cart-total")).to_be_visible()


async def around_the_shift(till: Till, judge: Judge) -> None:
    page, keys = till.page, till.page.keyboard
    await keys.press("F1")
    await expect(till.dialog).to_be_visible()
    await judge.look(till, "help")
    await closed(till)
    await keys.press("Control+I")
    await expect(page.get_by_test_id("status-panel")).to_be_visible()
    await judge.look(till, "status")
    await closed(till)
    await keys.press("F10")
    await expect(page.get_by_test_id("menu")).to_be_visible()
    await judge.look(till, "menu")
    await till.press_button("menu.settings", till.dialog)
    await expect(heading(till, "settings.title")).to_be_visible()
    await judge.look(till, "settings")
    await keys.press("F10")
    await till.press_button("menu.shift", till.dialog)
    await expect(heading(till, "shift.title")).to_be_visible()
    await judge.look(till, "shift")
    await till.press_button("shift.cash_in")
    await expect(till.dialog).to_be_visible()
    await judge.look(till, "cash in")
    await closed(till)
    await till.press_button("shift.x_report")
    await expect(page.get_by_test_id("report")).to_be_visible()
    await judge.look(till, "report")
    await closed(till)
    await till.press_button("shift.close")
    await expect(page.get_by_test_id("count")).to_be_visible()
    await judge.look(till, "count")
    await closed(till)


async def when_things_go_wrong(till: Till, shop: Shop, judge: Judge, line: CutLine) -> None:
    page = till.page
    line.go_down()
    await till.says("offline")
    await page.keyboard.press("Control+L")
    await expect(heading(till, "sign_in.title")).to_be_visible()
    await till.press_button("sign_in.submit")
    await expect(page.get_by_text(till.words("sign_in.pin_missing")).first).to_be_visible()
    await judge.look(till, "sign in, offline and refused")
    session = await page.context.new_cdp_session(page)
    origin = await page.evaluate("location.origin")
    await session.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": "indexeddb"})
    await page.reload()
    await expect(heading(till, "lost.title")).to_be_visible()
    await judge.look(till, "lost")
    await till.write(till.field("sign_in.code"), shop.cashier.code)
    await till.write(till.field("sign_in.pin", exact=True), shop.cashier.pin)
    await till.press_button("lost.submit")
    await till.signed_in()
    line.mend()
    await ask(page, "syncNow")
    await till.says("online")
