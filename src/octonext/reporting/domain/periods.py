"""A range of days as whole years, whole months and the days around them, which are summed up already."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

FIRST_DAY = date(1900, 1, 1)
LAST_DAY = date(2299, 12, 31)


@dataclass(frozen=True, slots=True)
class Span:
    """Days from `first` to `last`, both included; `of` says which whole periods they are."""

    of: Literal["years", "months", "days"]
    first: date
    last: date


def spans(first: date, last: date) -> list[Span]:
    """Divide the days from `first` to `last` into the fewest whole periods."""
    begin = first.year if (first.month, first.day) == (1, 1) else first.year + 1
    end = last.year if (last.month, last.day) == (12, 31) else last.year - 1
    if begin > end:
        return _within_years(first, last)
    january, december = date(begin, 1, 1), date(end, 12, 31)
    before = _within_years(first, january - timedelta(days=1)) if first < january else []
    after = _within_years(december + timedelta(days=1), last) if last > december else []
    return [*before, Span("years", january, december), *after]


def _within_years(first: date, last: date) -> list[Span]:
    months = whole_months(first, last)
    found = [Span("days", *days) for days in (months.head, months.tail) if days[0] <= days[1]]
    if months.first <= months.last:
        found.append(Span("months", _first_day(months.first), _first_day(months.last)))
    return found


def _first_day(month: int) -> date:
    return date(month // 100, month % 100, 1)


@dataclass(frozen=True, slots=True)
class Months:
    """A range of days as whole months, 202603 to 202605, with the days before and after them.

    A part that is empty ends before it begins.
    """

    first: int
    last: int
    head: tuple[date, date]
    tail: tuple[date, date]


_NO_DAYS = (LAST_DAY, FIRST_DAY)


def whole_months(first: date, last: date) -> Months:
    """Divide the days from `first` to `last`, both included."""
    begin = first if first.day == 1 else _month_after(first)
    after = last + timedelta(days=1) if last < LAST_DAY else None
    end = after if after is not None and after.day == 1 else last.replace(day=1)
    if after is None:
        # The last day of all ends its month.
        months = (_month(begin), _month(last))
        head = _NO_DAYS if first.day == 1 else (first, begin - timedelta(days=1))
        return Months(*months, head, _NO_DAYS)
    if begin >= end:
        return Months(_month(LAST_DAY), _month(FIRST_DAY), (first, last), _NO_DAYS)
    return Months(
        _month(begin),
        _month(end - timedelta(days=1)),
        _NO_DAYS if begin == first else (first, begin - timedelta(days=1)),
        _NO_DAYS if end > last else (end, last),
    )


def _month(day: date) -> int:
    return day.year * 100 + day.month


def _month_after(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)
