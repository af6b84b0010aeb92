"""Whole sales priced by the rules that stand in Python, drawn from a seed: what spec/vectors/cart.json holds.

The vectors are written anew with `python tests/sales/cart_rules.py > spec/vectors/cart.json`.
"""

from __future__ import annotations

import json
import random
import sys
from typing import Any
from uuid import UUID

from octonext.base.money import divide_half_up
from octonext.base.quantity import THOUSANDTHS, extend
from octonext.base.spread import cash_due, spread
from octonext.sales.domain import PPM
from octonext.sales.entries import Line
from octonext.till.domain.cart import price_line
from octonext.till.domain.catalogue import Product, Tag, Tax

ABOUT = (
    "Whole sales. A discount is a part of the price in ppm, half away from zero, or an amount; never more"
    " than the price. approved: what was approved of a line's discount, which takes off no more. The cart's"
    " discount is spread over what the lines cost after their own. Tax once per line, of what is left. What"
    " is paid in cash is rounded to cash_rounding. Drawn from the seed."
)
SEED = 20_261_122
CARTS = 60
LINES_MAX = 7
PRODUCT = UUID("01938f5e-7c00-7aaa-8000-012345678902")
#: Tax code, its rate and the country's cash rounding.
TAXES = [
    ("KW-O", 0, 5),
    ("SA-S", 150_000, None),
    ("SA-Z", 0, None),
    ("BH-S", 100_000, 5),
    ("AE-S", 50_000, 25),
]

Discount = dict[str, int] | None


def priced(cart: dict[str, Any]) -> dict[str, Any]:
    """What the sale costs: lines as an entry has them, sums, and what is handed over in cash."""
    own = [own_discount(line) for line in cart["lines"]]
    left = [gross(line) - discount for line, discount in zip(cart["lines"], own, strict=True)]
    shares = spread(amount_of(cart["discount"], sum(left)), left)
    lines = [
        entry_line(each, one + share) for each, one, share in zip(cart["lines"], own, shares, strict=True)
    ]
    total = sum(line.total for line in lines)
    paid = cash_due(total, cart["cash_rounding"])
    return {
        "lines": [{"discount": line.discount, "tax": line.tax, "total": line.total} for line in lines],
        "total": total,
        "tax": sum(line.tax for line in lines),
        "paid": paid,
        "rounding": paid - total,
    }


def entry_line(line: dict[str, Any], discount: int) -> Line:
    product = Product(
        PRODUCT, "1", "Milk", "", "kg" if line["quantity"] % THOUSANDTHS else "piece", "standard"
    )
    tax = Tax("", "standard", line["tax_code"], line["rate_ppm"])
    return price_line(product, Tag(line["unit_price"], line["inclusive"]), tax, line["quantity"], discount)


def own_discount(line: dict[str, Any]) -> int:
    amount = amount_of(line["discount"], gross(line))
    return amount if line["approved"] is None else min(amount, line["approved"])


def gross(line: dict[str, Any]) -> int:
    return extend(line["unit_price"], line["quantity"])


def amount_of(discount: Discount, price: int) -> int:
    """Minor units off `price`."""
    if discount is None:
        return 0
    if "percent_ppm" in discount:
        return min(divide_half_up(price * discount["percent_ppm"], PPM), price)
    return min(discount["amount"], price)


def drawn(seed: int) -> list[dict[str, Any]]:
    """Carts of every sort, the same for the same seed."""
    chance = random.Random(seed)
    return [_cart(chance) for _ in range(CARTS)]


def _cart(chance: random.Random) -> dict[str, Any]:
    code, rate, step = chance.choice(TAXES)
    inclusive = chance.random() < 0.6
    lines = []
    for _ in range(chance.randint(1, LINES_MAX)):
        price = chance.choice([chance.randint(0, 999), chance.randint(1, 99_999), chance.randint(1, 10**9)])
        weighed = chance.random() < 0.3
        quantity = chance.randint(1, 9_999) if weighed else chance.choice([1, 1, 2, 3, 12]) * THOUSANDTHS
        line: dict[str, Any] = {
            "unit_price": price, "quantity": quantity, "inclusive": inclusive, "tax_code": code,
            "rate_ppm": rate, "discount": _discount(chance, extend(price, quantity)), "approved": None,
        }  # fmt: skip
        if line["discount"] is not None and chance.random() < 0.3:
            line["approved"] = chance.randint(0, 2 * amount_of(line["discount"], gross(line)))
        lines.append(line)
    sum_left = sum(gross(line) - own_discount(line) for line in lines)
    return {"cash_rounding": step, "lines": lines, "discount": _discount(chance, sum_left)}


def _discount(chance: random.Random, price: int) -> Discount:
    if price == 0 or chance.random() < 0.5:
        return None
    if chance.random() < 0.6:
        return {"percent_ppm": chance.choice([50_000, 100_000, 333_333, 1_000_000, chance.randint(1, PPM)])}
    return {"amount": chance.randint(1, price)}


if __name__ == "__main__":
    carts = [cart | {"expected": priced(cart)} for cart in drawn(SEED)]
    json.dump({"about": ABOUT, "seed": SEED, "carts": carts}, sys.stdout, indent=1)
    sys.stdout.write("\n")
