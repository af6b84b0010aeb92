"""A whole day in a shop at two tills: one in English by keyboard, one in Arabic by touch. No mouse moves.

Both sell, take back what the other sold, and close; the shard has booked what their Z reports say.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import expect

from installation import ask_shard
from octonext.catalog.domain.barcodes import check_digit

from . import printer
from .agreement import RECEIPTS_MAX
from .chromium import chromium
from .counter import Counter, plain, scale_label
from .inside import ask, watch
from .shop import API, BRANCH, SHARD, Shop
from .till import minor

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("browser")]

MILK, BREAD, BAKLAVA, SOAP, CASHEWS = (
    "DAIRY-0001", "BAKERY-0006", "SWEETS-0042", "HOME-0047", "DATES-0018",
)  # fmt: skip
#: The number that the scale prints for cashews.
SCALE_ITEM = 18
#: As somebody types it in a hurry: a letter is missing, or stands for another.
MISSPELT = {"en": "baklva", "ar": "بقلاوه"}
SWEETS = {"en": "Cleaning and Household", "ar": "منظفات ومنزل"}
CUSTOMERS = {"en": ("Rashed Test", "55500011"), "ar": ("راشد اختبار", "55500022")}


@dataclass
class Day:
    """One till on its day, with what the cashier saw."""

    shop: Shop
    till: Counter
    device: int
    #: Number and total of each receipt shown, in order; what went out is negative.
    shown: list[tuple[str, int]] = field(default_factory=list)
    #: A receipt of three bottles of milk, one of which each till takes back and one is exchanged.
    milk_receipt: str = ""

    def name(self, sku: str) -> str:
        product = next(each for each in self.shop.seeded.products if each.sku == sku)
        return product.name_ar if self.till.language == "ar" else product.name_en

    def code(self, sku: str) -> str:
        return next(each for each in self.shop.seeded.products if each.sku == sku).barcodes[0]

    async def pay(self, *tenders: tuple[Any, ...], total: int) -> str:
        """Check the total, pay it so, note the receipt; its number."""
        await self.till.costs(abs(total))
        await self.till.go_to_pay()
        for each in tenders:
            await self.till.tender(*each)
        number = await self.till.paid()
        self.shown.append((number, total))
        return number


async def weigh(shop: Shop) -> None:
    """The branch has a scale, and cashews have its number."""
    blank = f"21{SCALE_ITEM:05d}00000"
    product = next(each for each in shop.seeded.products if each.sku == CASHEWS)
    async with shop.client() as client:
        answer = await client.put(
            f"{API}/branches/{shop.seeded.branches[BRANCH]}/till-settings",
            json={
                "cash_rounding": 5,
                "tenders": ["cash", "knet", "card", "voucher", "on_account"],
                "scale_rules": [
                    {"prefix": "21", "item_digits": 5, "holds": "weight", "value_digits": 5, "decimals": 3}
                ],
            },
        )
        assert answer.is_success, answer.text
        answer = await client.post(f"{API}/products:batch", json={"rows": [{
            "sku": product.sku, "name_en": product.name_en, "name_ar": product.name_ar, "unit": product.unit,
            "barcodes": [*product.barcodes, f"{blank}{check_digit(blank)}"],
        }]})  # fmt: skip
        assert answer.is_success, answer.text
        assert answer.json()["errors"] == []


@pytest.fixture
async def days(shop: Shop, tmp_path: Path) -> AsyncIterator[tuple[Day, Day]]:
    """A till in English without a pointing device, and one in Arabic without a keyboard."""
    await weigh(shop)
    async with (
        chromium(tmp_path / "english", shop.trusted) as first,
        chromium(tmp_path / "arabic", shop.trusted, "ar") as second,
    ):
        made = []
        for browser, touch in ((first, False), (second, True)):
            device, code = await shop.new_till()
            watch(browser)
            page = await browser.open(shop.page, touch=touch)
            till = Counter(page, language="ar" if touch else "en", touch=touch, keys=not touch)
            await expect(page.locator("html")).to_have_attribute("dir", "rtl" if touch else "ltr")
            await till.begin(code, shop.cashier)
            made.append(Day(shop, till, device))
        yield made[0], made[1]
        assert first.complaints + second.complaints == []


async def test_two_tills_do_everything_a_shop_does_and_the_shard_books_what_they_report(
    days: tuple[Day, Day], shop: Shop
) -> None:
    english, arabic = days
    await asyncio.gather(sell(english), sell(arabic))
    await asyncio.gather(english.till.synced(), arabic.till.synced())
    await asyncio.gather(take_back(english, arabic), take_back(arabic, english))
    for day in days:
        z = await close(day)
        await day.till.synced()
        await check_books(day, z)
    shop.verify()


async def sell(day: Day) -> None:
    """Everything that puts goods and money into a cart."""
    till, manager = day.till, day.shop.manager
    customer, phone = CUSTOMERS[till.language]
    milk, bread = day.name(MILK), day.name(BREAD)

    await till.scan_new(day.code(MILK))
    await till.quantity(milk, "3")
    await till.discount(milk, "5")  # 3 x 0.425 less 5 %: 1.211
    await till.find(MISSPELT[till.language], day.name(BAKLAVA))
    await till.override(day.name(BAKLAVA), "2.5", manager)
    await till.discount(day.name(BAKLAVA), "20", approved_by=manager)  # 2.000
    await till.favourite(SWEETS[till.language], day.name(SOAP))  # 0.820
    await till.scan_new(scale_label(SCALE_ITEM, 350))  # 0.350 x 4.410: 1.544
    await till.scan_new(day.code(BREAD))
    await till.remove(bread)
    await till.discount(None, "0.1", kind="amount")
    await till.note("Gift")
    await till.new_customer(customer, phone)
    await till.hold_and_recall("Waits", 4)
    await till.costs(5475)
    await till.go_to_pay()
    await till.tender("knet", "2", "A1204")
    await expect(till.page.get_by_test_id("pay-left")).to_be_visible()
    await till.tender("cash", "5")
    change = till.page.get_by_test_id("change-due")
    assert minor(plain(await change.inner_text())) == 1525
    day.shown.append((await till.paid(), 5475))

    await till.scan_new(day.code(BREAD))
    await till.cancel()

    # 0.425 less 5 % is 0.404: five fils are the smallest coin, which a card does not care about.
    for tenders in ((("cash",),), (("knet", None, "A1205"),)):
        await till.scan_new(day.code(MILK))
        await till.discount(milk, "5")
        await day.pay(*tenders, total=404)
    await till.scan_new(day.code(BREAD))
    await day.pay(("voucher", None, "V-77"), total=155)
    await till.scan_new(day.code(BREAD))
    await till.known_customer(phone, customer)
    await day.pay(("on_account",), total=155)

    await till.scan_new(day.code(MILK))
    wrong = await day.pay(("cash",), total=425)
    day.shown.append((await till.void(wrong, manager), -425))
    assert "COPY" in await till.reprint(wrong)

    await till.scan_new(day.code(MILK))
    await till.quantity(milk, "3")
    day.milk_receipt = await day.pay(("cash",), total=1275)
    await till.drawer(manager)


async def take_back(day: Day, other: Day) -> None:
    """Everything that comes back: by receipt, of the other till, in exchange, without a receipt."""
    till, milk = day.till, day.name(MILK)
    await till.take_back(day.milk_receipt, milk)
    await day.pay(("cash",), total=-425)
    # What another till printed is scanned.
    sold = await ask(other.till.page, "receipts", RECEIPTS_MAX)
    await till.take_back(next(each["qr"] for each in sold if each["number"] == other.milk_receipt), milk)
    await day.pay(("cash",), total=-425)
    await till.take_back(day.milk_receipt, milk)
    await till.scan_new(day.code(BAKLAVA))
    await day.pay(("knet", None, "A1206"), total=2645 - 425)
    await till.take_back_without_receipt(day.name(BREAD), day.name(BREAD), day.shop.manager)
    await day.pay(("cash",), total=-155)


async def close(day: Day) -> dict[str, str]:
    """Cash in and out, the X report, a blind count; the Z report."""
    till, manager = day.till, day.shop.manager
    await printer.plug_in(till.page)
    await till.use_serial_printer()
    await till.to_shift()
    await till.cash("in", "10", manager)
    await till.cash("out", "2.5", manager)
    await till.do("shift.x_report")
    x = await till.report()
    # Whoever may not see it before has to count.
    hidden = (till.words("report.expected"), till.words("report.net"))
    assert [x[each] for each in hidden] == [till.words("report.hidden")] * 2
    await till.do("common.print", till.dialog)
    check_papers(await printer.papers(till.page, 3))
    await till.close_report()
    z = await till.count_and_close("25")
    await till.close_report()
    same = (till.words("report.rounding"), till.words("tender.knet"))
    assert [x[each] for each in same] == [z[each] for each in same]
    return z


def check_papers(papers: list[bytes]) -> None:
    """The slips of cash in and out opened the drawer; the X report is the longest and did not."""
    pulses = [paper.startswith(printer.INITIALISE + printer.DRAWER) for paper in papers]
    assert pulses == [True, True, False]
    pictures = [printer.dots(paper) for paper in papers]
    assert [width for width, _ in pictures] == [576] * 3
    assert 0 < max(black for _, black in pictures[:2]) < pictures[2][1]


async def check_books(day: Day, z: dict[str, str]) -> None:
    """The shard holds the journal, and has booked what receipts and the Z report said."""
    words = day.till.words

    async def rows(sql: str) -> list[Any]:
        return await ask_shard(day.shop.installation, SHARD, sql, day.device)

    booked = await rows("SELECT seq, kind, total FROM sale WHERE device_id = $1 ORDER BY seq, kind")
    by_receipt: dict[int, int] = {}
    for each in booked:
        by_receipt[each["seq"]] = each["total"]
    # An exchange is two entries; the receipt shown is the last of them, its total the difference.
    assert sum(by_receipt.values()) == sum(total for _, total in day.shown)
    assert {number.rsplit("-", 1)[1] for number, _ in day.shown} <= {str(seq) for seq in by_receipt}

    shift = (await rows("SELECT * FROM shift WHERE device_id = $1"))[0]
    figures = {
        f"{words('report.sales')} ({shift['sale_count']})": shift["sale_total"],
        f"{words('report.returns')} ({shift['return_count']})": shift["return_total"],
        words("report.net"): shift["sale_total"] + shift["return_total"],
        words("report.opening_float"): shift["opening_float"],
        words("report.expected"): shift["cash_expected"],
        words("report.counted"): shift["cash_counted"],
        words("report.cash_in"): 10_000,
        words("report.cash_out"): 2_500,
    }
    for row in await rows(
        "SELECT tender, sum(amount)::bigint AS amount FROM sale_payment WHERE device_id = $1 GROUP BY tender"
    ):
        figures[words(f"tender.{row['tender']}")] = row["amount"]
    assert {name: minor(z[name]) for name in figures} == figures
    assert shift["cash_counted"] == 25_000
    difference = next(value for name, value in z.items() if name.startswith(words("report.difference")))
    assert minor(difference) == shift["cash_counted"] - shift["cash_expected"]
    rounding = (await rows("SELECT sum(rounding)::bigint AS fils FROM sale WHERE device_id = $1"))[0]["fils"]
    assert (minor(z[words("report.rounding")]), rounding) == (1, 1)

    controls = ("voided_lines", "cancelled_carts", "price_overrides", "drawer_opens")
    assert [int(z[words(f"report.{each}")]) for each in controls] == [1, 1, 1, 1]
