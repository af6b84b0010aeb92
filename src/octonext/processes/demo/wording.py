"""How numbers are written for the viewer."""

from __future__ import annotations

from octonext.base.money import format_minor


def clock(seconds: float) -> str:
    """Minutes and seconds, "1:06"."""
    whole = max(0, int(seconds))
    return f"{whole // 60}:{whole % 60:02}"


def span(seconds: float | None) -> str:
    """A short time: "12 ms" or "1.4 s"; "-" where nothing was measured."""
    if seconds is None:
        return "-"
    return f"{seconds * 1000:.0f} ms" if seconds < 0.9995 else f"{seconds:.1f} s"


def money(amount: int, currency: str) -> str:
    """With thousands grouped: "1,234.567"."""
    whole, point, fraction = format_minor(amount, currency).partition(".")
    return f"{whole if whole == '-0' else f'{int(whole):,}'}{point}{fraction}"
