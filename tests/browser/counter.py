"""What a cashier does at the counter beyond scanning: every flow of a day, by keys alone or by fingers."""

from __future__ import annotations

import re
from dataclasses import dataclass

from playwright.async_api import Locator, expect

from octonext.catalog.domain.barcodes import check_digit

from .hands import TYPING_DELAY_MS, choose_by_keys, reach, tap_number
from .shop import Person
from .till import DIGITS, Till

#: Shown instead of ASCII where a number is negative, and around numbers in Arabic text.
_SIGNS = str.maketrans({"\u2212": "-", "\u200e": None, "\u200f": None, "\u2066": None, "\u2069": None,
                        "\u061c": None, "٬": None, ",": None, "\u00a0": " "})  # fmt: skip

_MARKS = "[\u2066-\u2069\u200e\u200f]*"


@dataclass
class Counter(Till):
    """A till whose controls are reached by Tab (`keys`) or by taps (`touch`); no mouse either way."""

    keys: bool = False

    async def press(self, target: Locator) -> None:
        if not self.keys:
            await target.tap()
            return
        await reach(self.page, target)
        await self.page.keyboard.press("Enter")

    async def write(self, field: Locator, text: str) -> None:
        if self.keys:
            await reach(self.page, field)
            await self.page.keyboard.press("Control+A")
            await self.page.keyboard.type(text, delay=TYPING_DELAY_MS)
            return
        await field.tap()
        if await field.get_attribute("inputmode") == "none":
            around = field.locator("xpath=ancestor::*[.//*[contains(@class, 'keypad')]][1]")
            await tap_number(around.locator(".keypad"), text)
        else:
            # The device's own keyboard types into the field that was touched.
            await self.page.keyboard.press("Control+A")
            await self.page.keyboard.insert_text(text)

    async def choose(self, key: str) -> None:
        """Choose one of a few, by its word."""
        radio = self.page.get_by_role("radio", name=self.words(key), exact=True).last
        if self.keys:
            await choose_by_keys(self.page, radio)
        else:
            await radio.locator("xpath=ancestor::label[1]").tap()
        await expect(radio).to_be_checked()

    def exactly(self, key: str, within: Locator | None = None, **params: str) -> Locator:
        """The button that says this and nothing more; what is filled in may have marks of direction."""
        name = re.escape(self.words(key))
        for param, value in params.items():
            name = name.replace(re.escape("{" + param + "}"), f"{_MARKS}{re.escape(value)}{_MARKS}")
        return (within or self.page).get_by_role("button", name=re.compile(f"^{name}$"))

    async def do(self, key: str, within: Locator | None = None, **params: str) -> None:
        await self.press(self.exactly(key, within, **params).last)

    # --- the cart ------------------------------------------------------------------------------

    async def settled(self, lines: int) -> None:
        """No dialog is open and the cart has so many lines."""
        await self.no_dialog()
        await expect(self.lines).to_have_count(lines)

    async def find(self, text: str, name: str) -> None:
        """Search while typing, and take the answer that is called `name`."""
        count = await self.lines.count()
        box = self.page.get_by_role("combobox", name=self.words("search.label"))
        if self.keys:
            await self.page.keyboard.press("F2")
            await expect(box).to_be_focused()
            await self.page.keyboard.type(text, delay=TYPING_DELAY_MS)
        else:
            await box.tap()
            await self.page.keyboard.insert_text(text)
        answer = self.page.get_by_role("option").filter(has_text=name)
        await expect(answer).to_have_count(1)
        if self.keys:
            for _ in range(await self.page.get_by_role("option").count()):
                if await answer.get_attribute("aria-selected") == "true":
                    break
                await self.page.keyboard.press("ArrowDown")
            await expect(answer).to_have_attribute("aria-selected", "true")
            await self.page.keyboard.press("Enter")
        else:
            await answer.tap()
        await expect(self.lines).to_have_count(count + 1)

    async def favourite(self, category: str, name: str) -> None:
        """Star a product in its category, and sell it from the favourites."""
        count = await self.lines.count()
        group = self.page.get_by_role("group", name=self.words("grid.categories"))
        await self.press(group.get_by_role("button", name=self.words("grid.all"), exact=True))
        await self.press(group.get_by_role("button", name=category, exact=True))
        await self.do("grid.star", name=name)
        await expect(self.exactly("grid.unstar", name=name)).to_be_visible()
        await self.press(group.get_by_role("button", name=self.words("grid.favourites"), exact=True))
        tile = self.page.locator(".tile")
        await expect(tile).to_have_count(1)
        await self.press(tile.get_by_role("button", name=re.compile("^" + re.escape(name))))
        await expect(self.lines).to_have_count(count + 1)

    async def select(self, name: str) -> None:
        line = self.lines.filter(has_text=name)
        await self.press(line.locator("button").first)
        await expect(line).to_have_attribute("data-selected", "true")

    async def because(self, reason: str) -> None:
        """One of the proposed reasons."""
        await self.do(f"reason.{reason}", self.dialog)

    async def approve(self, person: Person) -> None:
        """Somebody who may puts in their PIN."""
        asked = self.page.get_by_test_id("approval")
        await expect(asked).to_be_visible()
        other = self.button("sign_in.other", asked)
        tile = asked.get_by_role("button", name=re.compile(re.escape(self.name_of(person))))
        code = asked.get_by_role("textbox", name=self.words("sign_in.code"))
        pin = asked.get_by_role("textbox", name=self.words("sign_in.pin"), exact=True).or_(
            asked.get_by_role("textbox", name=self.words.pattern("sign_in.pin_of"))
        )
        await expect(tile.or_(other).or_(code).or_(pin).first).to_be_visible()
        if await tile.count():
            await self.press(tile.first)
        elif await other.count():
            await self.press(other.first)
        if await code.count():
            await self.write(code, person.code)
        await self.write(pin.first, person.pin)
        await self.do("approval.submit", asked)
        await expect(asked).to_have_count(0)

    async def quantity(self, name: str, quantity: str, unit: str = "quantity") -> None:
        await self.select(name)
        await self.do(f"line.{unit}")
        await self.write(self.field(f"line.{unit}", self.dialog), quantity)
        await self.do("line.set", self.dialog)
        await expect(self.page.get_by_role("dialog")).to_have_count(0)

    async def override(self, name: str, price: str, manager: Person) -> None:
        await self.select(name)
        await self.do("line.price")
        await self.write(self.field("line.new_price", self.dialog), price)
        await self.because("shelf_price")
        await self.do("line.set", self.dialog)
        await self.approve(manager)
        await expect(self.page.get_by_role("dialog")).to_have_count(0)

    async def discount(
        self, name: str | None, value: str, *, kind: str = "percent", approved_by: Person | None = None
    ) -> None:
        """A discount on the line called `name`, or on the whole cart."""
        if name is None:
            # The line's own button of that name comes first; the cart's is among its tools.
            await self.press(self.page.locator(".cart__tools").get_by_role(
                "button", name=self.words("sell.discount"), exact=True))  # fmt: skip
        else:
            await self.select(name)
            await self.press(self.exactly("line.discount", self.lines.filter(has_text=name)))
        if kind != "percent":
            await self.choose(f"discount.{kind}")
        await self.write(self.field(f"discount.{kind}", self.dialog), value)
        await self.because("loyal")
        await self.do("discount.give", self.dialog)
        if approved_by is not None:
            await self.approve(approved_by)
        await expect(self.page.get_by_role("dialog")).to_have_count(0)

    async def note(self, text: str) -> None:
        await self.press(self.page.locator(".cart__tools").get_by_role(
            "button", name=self.words("sell.note"), exact=True))  # fmt: skip
        await self.write(self.field("sell.note", self.dialog, exact=True), text)
        await self.do("line.set", self.dialog)
        await expect(self.page.get_by_role("dialog")).to_have_count(0)

    async def new_customer(self, name: str, phone: str) -> None:
        await self.press(self.page.get_by_role("button", name=self.words("sell.choose_customer")).first)
        await self.do("customers.new")
        await self.write(self.field("customers.name", self.dialog, exact=True), name)
        await self.write(self.field("customers.phone", self.dialog, exact=True), phone)
        await self.do("customers.save_choose", self.dialog)
        await expect(self.page.get_by_role("button", name=name).first).to_be_visible()

    async def known_customer(self, typed: str, name: str) -> None:
        await self.press(self.page.get_by_role("button", name=self.words("sell.choose_customer")).first)
        await self.write(self.field("customers.find"), typed)
        await self.do("customers.choose_of", name=name)
        await expect(self.page.get_by_role("button", name=name).first).to_be_visible()

    async def hold_and_recall(self, label: str, lines: int) -> None:
        await self.do("sell.hold")
        await self.write(self.field("hold.label", self.dialog), label)
        await self.do("sell.hold", self.dialog)
        await self.settled(0)
        await self.press(self.button("sell.recall").first)
        await self.do("held.recall_of", label=label)
        await self.settled(lines)

    async def remove(self, name: str) -> None:
        count = await self.lines.count()
        await self.select(name)
        await self.do("line.remove", self.lines.filter(has_text=name))
        await self.because("mistake")
        await self.do("line.remove", self.dialog)
        await self.settled(count - 1)

    async def cancel(self) -> None:
        await self.do("sell.cancel")
        await self.because("changed_mind")
        await self.do("sell.cancel", self.dialog)
        await self.settled(0)

    # --- paying --------------------------------------------------------------------------------

    async def go_to_pay(self) -> None:
        await self.press(self.page.locator(".cart__pay"))
        await expect(self.page.get_by_test_id("pay-total")).to_be_visible()

    async def tender(self, tender: str, amount: str | None = None, reference: str = "") -> None:
        """One means of payment for `amount`, or for all that is left."""
        await self.choose(f"tender.{tender}")
        if amount is not None:
            await self.write(self.page.get_by_test_id("pay-amount"), amount)
        if reference:
            key = "pay.voucher" if tender == "voucher" else "pay.reference"
            await self.write(self.field(key), reference)
        await self.press(self.page.locator("button.pay__take"))

    async def paid(self) -> str:
        """Back at the counter for the next customer; the receipt's number."""
        number = await self.receipt_number()
        await self.do("receipt.new")
        await expect(self.page.get_by_test_id("cart-total")).to_be_visible()
        return number

    async def sell_for_cash(self, *codes: str) -> str:
        for code in codes:
            await self.scan_new(code)
        await self.go_to_pay()
        await self.tender("cash")
        return await self.paid()

    # --- back ----------------------------------------------------------------------------------

    async def take_back(self, receipt: str, name: str, pieces: int = 1) -> None:
        """Put so many pieces of a line into the cart as a return: by this till's number or any QR code."""
        if ":" in receipt:
            await self.scan(receipt)
        else:
            await self.do("sell.return")
            await self.write(self.field("returns.number"), receipt)
            await self.do("returns.find")
        for _ in range(pieces):
            await self.do("returns.more_of", name=name)
        await self.do("reason.faulty")
        await self.do("returns.add")
        await expect(self.page.get_by_test_id("cart-total")).to_be_visible()

    async def take_back_without_receipt(self, typed: str, name: str, manager: Person) -> None:
        await self.do("sell.return")
        await self.choose("returns.without")
        box = self.page.get_by_role("combobox", name=self.words("search.label"))
        if self.keys:
            await reach(self.page, box)
            await self.page.keyboard.type(typed, delay=TYPING_DELAY_MS)
        else:
            await box.tap()
            await self.page.keyboard.insert_text(typed)
        answer = self.page.get_by_role("option").filter(has_text=name)
        await expect(answer).to_have_count(1)
        if self.keys:
            await expect(answer).to_have_attribute("aria-selected", "true")
            await self.page.keyboard.press("Enter")
        else:
            await answer.tap()
        await self.do("reason.faulty")
        await self.do("returns.add")
        await self.approve(manager)
        await expect(self.page.get_by_test_id("cart-total")).to_be_visible()

    async def open_receipt(self, number: str) -> None:
        """One of the recent receipts, by its number."""
        written = self.page.get_by_text(number, exact=True)
        await self.press(self.page.get_by_role("list").get_by_role("button").filter(has=written))
        await expect(self.page.get_by_test_id("receipt-number")).to_have_text(number)

    async def void(self, number: str, manager: Person) -> str:
        """Void a paid receipt; the number of the receipt that takes it back."""
        await self.do("sell.receipts")
        await self.open_receipt(number)
        await self.do("receipt.void")
        await self.because("wrong_payment")
        await self.do("receipt.void", self.dialog)
        await self.approve(manager)
        await expect(self.page.get_by_test_id("receipt-number")).not_to_have_text(number)
        return await self.paid()

    async def reprint(self, number: str) -> str:
        """Print a receipt again; the words on the paper."""
        await self.do("sell.receipts")
        await self.open_receipt(number)
        await self.do("receipt.print_copy")
        paper = self.page.locator("body > .print-sheet")
        await expect(paper).not_to_have_text("")
        text = await paper.text_content() or ""
        await self.press(self.page.locator(".screen__head button").first)
        await self.press(self.page.locator(".screen__head button").first)
        return text

    # --- drawer and shift ----------------------------------------------------------------------

    async def drawer(self, manager: Person) -> None:
        await self.do("sell.drawer")
        await self.because("check")
        await self.do("drawer.open", self.dialog)
        await self.approve(manager)
        await expect(self.page.get_by_role("dialog")).to_have_count(0)

    async def to_shift(self) -> None:
        await self.do("bar.menu")
        await self.do("menu.shift", self.dialog)
        await expect(self.exactly("shift.x_report")).to_be_visible()

    async def cash(self, way: str, amount: str, manager: Person) -> None:
        """Cash `in` or `out` of the drawer."""
        await self.do(f"shift.cash_{way}")
        await self.write(self.field("shift.amount", self.dialog), amount)
        await self.do(f"shift.cash_{way}", self.dialog)
        await self.approve(manager)
        await expect(self.page.get_by_role("dialog")).to_have_count(0)

    async def use_serial_printer(self) -> None:
        await self.do("bar.menu")
        await self.do("menu.settings", self.dialog)
        await self.choose("settings.printer_serial")

    async def report(self) -> dict[str, str]:
        """The lines of the report that is shown: name to figure, digits Latin."""
        shown = self.page.get_by_test_id("report")
        await expect(shown).to_be_visible()
        lines = await shown.locator(".report__line").evaluate_all(
            "all => all.map(each => [...each.children].map(part => part.textContent))"
        )
        return {plain(name): plain(value) for name, value in lines}

    async def close_report(self) -> None:
        await self.do("common.done", self.dialog)
        await expect(self.page.get_by_test_id("report")).to_have_count(0)

    async def count_and_close(self, counted: str) -> dict[str, str]:
        """Close the shift with so much counted; its Z report."""
        await self.do("shift.close")
        await expect(self.dialog).to_contain_text(self.words("count.blind"))
        await self.choose("count.by_total")
        await self.write(self.field("count.total", self.dialog), counted)
        await self.do("count.submit", self.dialog)
        await expect(self.page.get_by_role("dialog")).to_have_count(2)
        await self.do("count.submit", self.dialog)
        return await self.report()


def plain(text: str) -> str:
    """Text with Latin digits and an ASCII minus, without marks of direction."""
    return text.translate(DIGITS).translate(_SIGNS).strip()


def scale_label(item: int, grams: int) -> str:
    """What a scale prints for so many grams: prefix 21, five digits of the item, five of the weight."""
    digits = f"21{item:05d}{grams:05d}"
    return f"{digits}{check_digit(digits)}"
