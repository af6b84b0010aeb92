"""Rows of a retailer's file, short to write."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from octonext.base.quantity import extend
from octonext.processes.replay.domain.rows import LONDON, Row

MakeRow = Callable[..., Row]

#: The hour in which the file begins.
START = datetime(2010, 12, 1, 8, tzinfo=LONDON)


@pytest.fixture
def make_row() -> MakeRow:
    """A line of an invoice: two pieces at 2.55 for customer 17850, unless told otherwise."""
    numbers = iter(range(2, 1_000_000))

    def make(**changes: Any) -> Row:
        plain = Row(
            line=next(numbers),
            invoice="536365",
            code="85123A",
            description="WHITE HANGING HEART T-LIGHT HOLDER",
            quantity=2_000,
            at=datetime(2010, 12, 1, 8, 26, tzinfo=LONDON),
            price=255,
            customer="17850.0",
            amount=0,
        )
        row = plain._replace(**changes)
        return row._replace(amount=extend(row.price, row.quantity))

    return make
