"""The catalogue that a file implies: one product per stock code, named and priced as most of its lines."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from .invoices import SERVICES
from .rows import Row


class ImpliedProduct(NamedTuple):
    """A product as its lines describe it; price in minor units."""

    sku: str
    name: str
    price: int

    @property
    def is_service(self) -> bool:
        return self.sku in SERVICES


def implied_products(rows: Iterable[Row]) -> list[ImpliedProduct]:
    """The products of `rows`, by stock code.

    The most frequent description of sold lines wins (the first of equals); remarks of the stock room
    ("damaged", "?") stand on lines that take goods away, and count only where there is nothing else.
    """
    names: dict[str, Counter[str]] = defaultdict(Counter)
    remarks: dict[str, Counter[str]] = defaultdict(Counter)
    prices: dict[str, Counter[int]] = defaultdict(Counter)
    codes: dict[str, None] = {}
    for row in rows:
        codes[row.code] = None
        if row.quantity > 0 and row.price > 0:
            prices[row.code][row.price] += 1
            names[row.code][_clean(row.description)] += 1
        else:
            remarks[row.code][_clean(row.description)] += 1
    return [
        ImpliedProduct(
            code,
            SERVICES.get(code) or _most(names[code]) or _most(remarks[code]) or f"Stock code {code}",
            max(prices[code].most_common(1), default=(0, 0))[0],
        )
        for code in sorted(codes)
    ]


def _most(names: Counter[str]) -> str:
    return next((name for name, _ in names.most_common() if name), "")


def _clean(description: str) -> str:
    # Control characters print nothing and are refused by the catalogue.
    return " ".join("".join(c if c.isprintable() else " " for c in description).split())
