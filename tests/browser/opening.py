"""A till of its own for a test: enrolled, somebody signed in, its shift open, with or without a line."""

from __future__ import annotations

from typing import NamedTuple

from .agreement import arrived
from .chromium import Chromium
from .cut_line import CutLine
from .inside import watch
from .shop import Person, Shop
from .till import Till


class Opened(NamedTuple):
    """The till, its device id, and the receipt numbers that it shows from now on."""

    till: Till
    device: int
    shown: list[str]


async def open_till(
    shop: Shop, browser: Chromium, line: CutLine | None = None, person: Person | None = None
) -> Opened:
    """
    From an empty browser to an open shift that the shard has, and the till knows it: a line that breaks now
    leaves nothing open between them. Through `line` if there is one.
    """
    shown = watch(browser)
    device, code = await shop.new_till()
    if line is not None:
        line.carry(browser)
    till = Till(await browser.open(shop.page))
    await till.begin(code, person or shop.manager)
    await arrived(shop, till.page, device)
    await till.synced()
    return Opened(till, device, shown)


async def open_and_sell_offline(shop: Shop, browser: Chromium, line: CutLine, sales: int) -> Opened:
    """A till whose line is down, with so many sales that only it knows of."""
    opened = await open_till(shop, browser, line)
    line.go_down()
    for _ in range(sales):
        await opened.till.sell(shop.seeded.products[0].barcodes[0])
    return opened


async def open_again(shop: Shop, browser: Chromium) -> Till:
    """The till of this profile after its browser was closed or killed: its shift goes on."""
    till = Till(await browser.open(shop.page))
    await till.sign_in(shop.manager)
    await till.at_the_counter()
    return till
