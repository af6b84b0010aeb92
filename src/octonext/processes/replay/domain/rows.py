"""The lines of a transactions file: what is a row, and why a line is none."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from octonext.base.errors import OctoNextError
from octonext.base.money import AMOUNT_MAX, parse_minor
from octonext.base.quantity import extend, parse_quantity

COLUMNS = (
    "InvoiceNo",
    "StockCode",
    "Description",
    "Quantity",
    "InvoiceDate",
    "UnitPrice",
    "CustomerID",
    "Country",
)
STOCK_CODE_CHARACTERS_MAX = 64
DETAIL_CHARACTERS_MAX = 200
#: A file has a few thousand prices on hundreds of thousands of lines.
_PRICES_CACHED = 65_536

LONDON = ZoneInfo("Europe/London")
"""The retailer's wall clock: the file's times have no offset."""
CURRENCY = "GBP"


class Row(NamedTuple):
    """One line of an invoice. Quantity in thousandths and price in minor units, both with their sign."""

    line: int
    invoice: str
    code: str
    description: str
    quantity: int
    at: datetime
    price: int
    customer: str
    amount: int
    """What the line comes to, minor units, with its sign."""


class Reported(NamedTuple):
    """A line that did not become anything at a till, and why."""

    line: int
    reason: str
    detail: str


def read_row(line: int, fields: Sequence[str]) -> Row | Reported:
    """Read one record; `line` is where it begins in the file, the header being line 1.

    Stock codes are folded to capitals: the retailer writes the same goods both ways.
    """
    if len(fields) != len(COLUMNS):
        return Reported(line, "wrong_columns", f"{len(fields)} fields instead of {len(COLUMNS)}")
    invoice, code, description, quantity_text, at_text, price_text, customer, _ = fields
    invoice, code = invoice.strip(), code.strip().upper()
    if not invoice or not invoice.isprintable():
        return Reported(line, "no_invoice", "the line has no invoice number")
    if not code or not code.isprintable() or len(code) > STOCK_CODE_CHARACTERS_MAX:
        return Reported(line, "no_stock_code", _short(f"{code!r} is no stock code"))
    try:
        quantity, price = _quantity(quantity_text), _price(price_text)
        at = datetime.fromisoformat(at_text).replace(tzinfo=LONDON)
    except OctoNextError as error:
        return Reported(line, error.code, _short(error.message))
    except ValueError:
        return Reported(line, "invalid_date", _short(f"{at_text!r} is not a date and time"))
    amount = extend(price, quantity)
    if abs(amount) > AMOUNT_MAX:
        return Reported(line, "amount_too_large", f"{amount} is more than one figure may hold")
    return Row(line, invoice, code, description.strip(), quantity, at, price, customer.strip(), amount)


@lru_cache(maxsize=_PRICES_CACHED)
def _price(text: str) -> int:
    return parse_minor(text, CURRENCY)


@lru_cache(maxsize=_PRICES_CACHED)
def _quantity(text: str) -> int:
    return parse_quantity(text)


def _short(text: str) -> str:
    return text[:DETAIL_CHARACTERS_MAX]
