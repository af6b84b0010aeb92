"""How figures are written for people: three digits that matter, thousands apart, and round axis ticks."""

from __future__ import annotations

import math

DIGITS = 3
THOUSAND = 1000


def shown(value: float) -> str:
    """`value` with three significant digits, whole from a hundred up: 0.0123, 4.57, 12,300."""
    if value == 0 or not math.isfinite(value):
        return "0" if value == 0 else str(value)
    places = DIGITS - 1 - math.floor(math.log10(abs(value)))
    rounded = round(value, places)
    # Rounding may have carried into one more digit: 9.999 is 10.0, not 10.00.
    places = DIGITS - 1 - math.floor(math.log10(abs(rounded)))
    return f"{rounded:,.{max(0, places)}f}"


def ticks(low: float, high: float, count: int = 5) -> list[float]:
    """About `count` round numbers (1, 2 or 5 times a power of ten apart) from at or below `low` to at or
    above `high`.
    """
    if high <= low:
        high = low + (abs(low) or 1.0)
    rough = (high - low) / count
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * (1 - 1e-9))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [number * step for number in range(first, last + 1)]


def tick_label(value: float, step: float) -> str:
    """A tick with as many decimals as its distance to the next one needs."""
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    return f"{value:,.{decimals}f}" if decimals else f"{round(value):,}"
