"""How the statement that ranks products is put together: a piece for each currency and span of days."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from octonext.runtime.sql import load_queries

from ..domain.periods import Span

_pieces = load_queries("octonext.reporting", "ranking.sql")

FEW_DAYS = timedelta(days=1)
"""Between the first and the last of them."""


def rank(outer: str, currencies: Sequence[str], spans: Sequence[Span]) -> tuple[str, dict[str, Any]]:
    """The statement `outer` over the best of each currency, and the parameters it takes besides its own.

    `currencies` and `spans` are not empty.
    """
    parameters: dict[str, Any] = {}
    for number, currency in enumerate(currencies):
        parameters[f"currency_{number}"] = currency
    for number, span in enumerate(spans):
        parameters[f"first_{number}"], parameters[f"last_{number}"] = span.first, span.last
    if len(spans) == 1 and spans[0].of == "days" and spans[0].last - spans[0].first <= FEW_DAYS:
        return outer.replace("/* ranked */", _pieces["few_days"]), parameters
    ranked = "\nUNION ALL\n".join(_best(number, spans) for number in range(len(currencies)))
    return outer.replace("/* ranked */", ranked), parameters


def _best(currency: int, spans: Sequence[Span]) -> str:
    sums = [
        _pieces[span.of].replace("{first:", f"{{first_{number}:").replace("{last:", f"{{last_{number}:")
        for number, span in enumerate(spans)
    ]
    several = _pieces["several"].replace("/* spans */", " UNION ALL ".join(sums))
    best = _pieces["best"].replace("/* sums */", sums[0] if len(sums) == 1 else several)
    return f"({best})".replace("{currency:", f"{{currency_{currency}:")
