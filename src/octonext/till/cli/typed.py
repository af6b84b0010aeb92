"""What a person types, as values: items, tenders, PINs."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from getpass import getpass

from octonext.base.money import parse_minor
from octonext.base.quantity import THOUSANDTHS, parse_quantity
from octonext.till.domain.cart import Item, Tender
from octonext.till.errors import NotUnderstood, WrongPin

PIN_VARIABLE = "OCTONEXT_PIN"

_ITEM = re.compile(r"(?P<code>\S+?)(?:[x*](?P<quantity>[+-]?[0-9.]+))?")


def parse_items(texts: Sequence[str]) -> list[Item]:
    """`6291041500213`, `6291041500213x2` or `2000001x0.375`. Raises `NotUnderstood`, `InvalidQuantity`."""
    items = []
    for text in texts:
        match = _ITEM.fullmatch(text)
        if match is None:
            raise NotUnderstood(f"{text!r} is not a barcode.", remedy="Write BARCODE or BARCODExQUANTITY.")
        quantity = match["quantity"]
        items.append(Item(match["code"], THOUSANDTHS if quantity is None else parse_quantity(quantity)))
    return items


def parse_tenders(texts: Sequence[str], currency: str) -> list[Tender]:
    """`cash`, `cash=20.000` or `card=5.250:4711` with a reference. Raises `InvalidAmount`."""
    tenders = []
    for text in texts:
        code, _, rest = text.partition("=")
        amount, _, reference = rest.partition(":")
        tenders.append(Tender(code, parse_minor(amount, currency) if amount else None, reference or None))
    return tenders


def ask_pin(given: str | None) -> str:
    """The PIN from the option or the environment, otherwise asked for without an echo.

    Raises `WrongPin` when there is neither a PIN nor anybody to ask.
    """
    if given:
        return given
    if not sys.stdin.isatty():
        raise WrongPin("A PIN is needed.", remedy=f"Set {PIN_VARIABLE}, or run this in a terminal.")
    return getpass("PIN: ")
