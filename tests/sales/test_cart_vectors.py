"""spec/vectors/cart.json: what a whole sale costs, the same in every language."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from octonext.sales.domain import find_disagreement
from octonext.sales.entries import Payment, Sale

from .cart_rules import ABOUT, PRODUCT, drawn, entry_line, priced

VECTORS = json.loads((Path(__file__).parents[2] / "spec/vectors/cart.json").read_text(encoding="utf-8"))


def test_every_sale_costs_what_the_vectors_say() -> None:
    for cart in VECTORS["carts"]:
        assert priced(cart) == cart["expected"]


def test_the_vectors_are_those_of_their_seed() -> None:
    inputs = [{name: cart[name] for name in cart if name != "expected"} for cart in VECTORS["carts"]]
    assert (VECTORS["about"], inputs) == (ABOUT, drawn(VECTORS["seed"]))


def test_a_shard_books_every_sale_of_the_vectors() -> None:
    for cart in VECTORS["carts"]:
        expected = cart["expected"]
        figures = zip(cart["lines"], expected["lines"], strict=True)
        lines = [entry_line(line, figure["discount"]) for line, figure in figures]
        # A sale of nothing is paid with nothing.
        paid = [Payment(tender="cash", amount=expected["paid"])] if expected["paid"] else []
        sale = Sale(
            seq=1, shift=PRODUCT, cashier=PRODUCT, at=datetime(2026, 1, 1, tzinfo=UTC), hlc=1, currency="KWD",
            lines=lines, payments=paid, total=expected["total"], tax=expected["tax"],
            rounding=expected["rounding"],
        )  # fmt: skip
        assert find_disagreement(sale) is None


def test_the_vectors_have_what_they_are_for() -> None:
    lines = [line for cart in VECTORS["carts"] for line in cart["lines"]]
    assert any(cart["expected"]["rounding"] for cart in VECTORS["carts"])
    assert any(
        cart["discount"] and any(line["discount"] for line in cart["lines"]) for cart in VECTORS["carts"]
    )
    assert any(line["approved"] is not None for line in lines)
    assert {line["inclusive"] for line in lines} == {True, False}
