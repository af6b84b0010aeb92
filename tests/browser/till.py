"""A till as a cashier sees it: what is on the screen, by its words, with keys or with fingers."""

from __future__ import annotations

import asyncio
import re
import time
from contextlib import suppress
from dataclasses import dataclass

from playwright.async_api import Locator, Page, expect

from .chromium import STEP_TIMEOUT_MS
from .shop import Person
from .words import Words, words

#: A till notices a silent line by its heartbeat or by an upload that is not answered.
NOTICED_MS = 90_000
#: A wedge scanner types faster than anybody.
SCANNER_DELAY_S = 0.004
NAMES = {"ar": "العربية", "en": "English"}
DIRECTIONS = {"ar": "rtl", "en": "ltr"}
DIGITS = str.maketrans("٠١٢٣٤٥٦٧٨٩٫", "0123456789.")


expect.set_options(timeout=STEP_TIMEOUT_MS)


@dataclass
class Till:
    """One page of the till. `touch` presses with a finger instead of the mouse."""

    page: Page
    language: str = "en"
    touch: bool = False

    @property
    def words(self) -> Words:
        return words(self.language)

    def button(self, key: str, within: Locator | None = None, **params: str) -> Locator:
        """A button by its word; a key cap or a count beside the word does not matter."""
        name = re.compile(
            rf"^{re.escape(self.words(key, **params))}\b|^{re.escape(self.words(key, **params))}"
        )
        return (within or self.page).get_by_role("button", name=name)

    async def press(self, target: Locator) -> None:
        """Touch or click."""
        if self.touch:
            await target.tap()
        else:
            await target.click()

    async def write(self, field: Locator, text: str) -> None:
        """Put `text` into a field."""
        await field.fill(text)

    async def press_button(self, key: str, within: Locator | None = None, **params: str) -> None:
        await self.press(self.button(key, within, **params).first)

    def field(self, key: str, within: Locator | None = None, *, exact: bool = False) -> Locator:
        return (within or self.page).get_by_role("textbox", name=self.words(key), exact=exact)

    @property
    def dialog(self) -> Locator:
        return self.page.get_by_role("dialog").last

    async def no_dialog(self) -> None:
        """Wait until none is open, and the page behind it takes keys again."""
        await expect(self.page.get_by_role("dialog")).to_have_count(0)
        await expect(self.page.locator("#app[inert]")).to_have_count(0)

    async def speak(self, language: str) -> None:
        """Change the page's language on the first screens."""
        if self.language != language:
            self.language = language
            await self.press(
                self.page.get_by_role("button", name={"ar": "العربية", "en": "English"}[language])
            )
            await expect(self.page.locator("html")).to_have_attribute(
                "dir", {"ar": "rtl", "en": "ltr"}[language]
            )

    async def enrol(self, code: str, name: str = "Front till") -> None:
        await self.write(self.field("enrol.code"), code)
        await self.write(self.field("enrol.name"), name)
        await self.press_button("enrol.submit")
        await expect(self.page.get_by_role("heading", name=self.words("sign_in.title"))).to_be_visible()

    async def sign_in(self, person: Person, pin: str | None = None) -> None:
        """Sign in with the code typed, or by the person's tile if this till knows them."""
        other = self.button("sign_in.other")
        code = self.field("sign_in.code")
        pins = self.field("sign_in.pin", exact=True).or_(
            self.page.get_by_role("textbox", name=self.words.pattern("sign_in.pin_of"))
        )
        await expect(other.or_(code).or_(pins).first).to_be_visible()
        tile = self.page.get_by_role("button", name=re.compile(re.escape(self.name_of(person))))
        if await tile.count():
            await self.press(tile.first)
        elif await other.count():
            await self.press(other.first)
        if await code.count():
            await self.write(code, person.code)
        await self.write(pins.first, pin or person.pin)
        await self.press_button("sign_in.submit")

    def name_of(self, person: Person) -> str:
        return person.name_ar if self.language == "ar" else person.name_en

    async def signed_in(self) -> None:
        """Wait for the screen behind the sign-in."""
        await expect(self.button("bar.lock").first).to_be_visible()

    async def at_the_counter(self) -> None:
        """Wait for the screen that sells, which takes what is scanned; there is an open shift."""
        await expect(self.page.get_by_test_id("cart-total")).to_be_visible()

    async def open_shift(self, opening_float: str = "20") -> None:
        await self.write(self.field("shift.float"), opening_float)
        await self.press_button("shift.open_submit")
        await expect(self.page.get_by_test_id("cart-total")).to_be_visible()

    async def begin(self, code: str, person: Person, opening_float: str = "20") -> None:
        """From an empty browser to the first sale."""
        await self.enrol(code)
        await expect(self.badge).to_contain_text(self.words("badge.online"))
        await self.sign_in(person)
        await self.signed_in()
        await self.open_shift(opening_float)

    # --- selling -------------------------------------------------------------------------------

    @property
    def lines(self) -> Locator:
        return self.page.get_by_test_id("cart-line")

    async def scan(self, code: str) -> None:
        """What a keyboard-wedge scanner does: fast keys and Enter, wherever the focus is.

        The keys carry the times at which a scanner presses them, however late a busy machine delivers them.
        """
        session = await self.page.context.new_cdp_session(self.page)
        keys: list[dict[str, str | int]] = [
            {"key": each, "text": each, "unmodifiedText": each} for each in code
        ]
        keys.append({"key": "Enter", "code": "Enter", "text": "\r", "windowsVirtualKeyCode": 13})
        began = time.time() - len(keys) * SCANNER_DELAY_S
        for at, key in enumerate(keys):
            stamp = began + at * SCANNER_DELAY_S
            await session.send("Input.dispatchKeyEvent", {"type": "keyDown", "timestamp": stamp, **key})
            await session.send("Input.dispatchKeyEvent", {"type": "keyUp", "timestamp": stamp, **key})
        await session.detach()

    async def scan_new(self, code: str) -> None:
        """Scan what is not in the cart yet, and wait for its line."""
        count = await self.lines.count()
        await self.scan(code)
        await expect(self.lines).to_have_count(count + 1)

    async def total(self) -> int:
        """The cart's total in minor units, whatever digits it is written in."""
        return minor(await self.page.get_by_test_id("cart-total").inner_text())

    async def costs(self, total: int) -> None:
        """Wait until the cart's total is so many minor units: what changed it may not be drawn yet."""

        async def does() -> bool:
            return await self.total() == total

        with suppress(TimeoutError):
            await until(does)
        assert await self.total() == total

    async def go_to_pay(self) -> None:
        if self.touch:
            await self.press_button("sell.pay")
        else:
            await self.page.keyboard.press("F4")
        await expect(self.page.get_by_test_id("pay-total")).to_be_visible()

    async def pay_cash(self) -> str:
        """Pay all of it in cash, exactly; the receipt's number."""
        await self.go_to_pay()
        take = self.page.get_by_role("button", name=self.words.pattern("pay.take")).last
        await self.press(take)
        return await self.receipt_number()

    async def receipt_number(self) -> str:
        number = self.page.get_by_test_id("receipt-number")
        await expect(number).to_be_visible()
        return await number.inner_text()

    async def next_sale(self) -> None:
        if self.touch:
            await self.press_button("receipt.new")
        else:
            await self.page.keyboard.press("F4")
        await expect(self.page.get_by_test_id("cart-total")).to_be_visible()

    async def sell(self, *codes: str) -> str:
        """Scan, pay in cash, and be back for the next customer; the receipt's number."""
        for code in codes:
            await self.scan_new(code)
        number = await self.pay_cash()
        await self.next_sale()
        return number

    # --- badge ---------------------------------------------------------------------------------

    @property
    def badge(self) -> Locator:
        return self.page.get_by_test_id("sync-badge")

    async def says(self, state: str) -> None:
        """Wait until the badge is in a state, and its words say so."""
        await expect(self.badge).to_have_attribute("data-state", state, timeout=NOTICED_MS)
        words = {"online": "badge.online", "offline": "badge.offline_since", "stopped": "badge.stopped"}
        await expect(self.badge).to_contain_text(self.words.pattern(words[state]))

    async def says_waiting(self, count: int) -> None:
        """The badge names how many entries are not handed over."""
        await expect(self.badge).to_have_attribute("data-unsynced", str(count))
        await expect(self.badge).to_contain_text(re.compile(rf"\b{count}\b"))

    async def synced(self) -> None:
        """Wait until the badge says that nothing waits any more."""
        await expect(self.badge).to_contain_text(self.words("badge.online"), timeout=60_000)
        await expect(self.badge).not_to_contain_text(re.compile(r"[1-9١-٩]"), timeout=60_000)


def minor(text: str, exponent: int = 3) -> int:
    """Minor units of an amount as it is shown: the digits of the only number in it."""
    plain = text.translate(DIGITS)
    found = re.search(r"-?[\d,]+(?:\.\d+)?", plain)
    assert found is not None, text
    whole, _, part = found[0].replace(",", "").partition(".")
    return int(whole + part.ljust(exponent, "0"))


async def until(condition: object, timeout_s: float = 30) -> None:
    """Wait until an async function answers with something true."""
    assert callable(condition)
    async with asyncio.timeout(timeout_s):
        while not await condition():
            await asyncio.sleep(0.05)
