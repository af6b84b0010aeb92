"""How an answer is written: JSON for programs, CSV for a spreadsheet.

JSON carries money in minor units and quantities in thousandths, as integers. CSV is for people: there
the same figures are decimals, written without any float on the way.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID

import msgspec

from octonext.base.money import CURRENCIES, format_minor
from octonext.base.quantity import format_quantity

from .queries import Report, Unit

_TYPES: dict[Unit, str] = {
    "text": "string",
    "count": "integer",
    "minor": "integer",
    "thousandths": "integer",
    "milliseconds": "integer",
    "timestamp": "datetime",
    "date": "date",
    "hour": "integer",
}
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""A cell that begins like this is a formula to a spreadsheet; OWASP, "CSV Injection"."""

Value = str | int | bool | None


class Column(msgspec.Struct, frozen=True):
    """A column of an answer; `type` is string, integer, date or datetime."""

    name: str
    type: str
    unit: Unit


class Answer(msgspec.Struct, frozen=True):
    """What a report found."""

    report: str
    title: str
    parameters: dict[str, str]
    as_of: dict[str, datetime | None]
    """Per branch id: everything the branch's shard had committed before this is in the figures."""
    columns: list[Column]
    rows: list[list[Value]]
    truncated: bool
    """Whether more rows exist than `limit` let through."""

    @property
    def oldest(self) -> datetime | None:
        """The oldest of `as_of`, None if that of a branch is not known."""
        known = [each for each in self.as_of.values() if each is not None]
        return min(known) if known and len(known) == len(self.as_of) else None


@dataclass(frozen=True, slots=True)
class Found:
    """A statement's result: its column names and rows."""

    names: Sequence[str]
    rows: Sequence[Sequence[object]]


def make_answer(
    report: Report,
    found: Found,
    *,
    given: Mapping[str, str],
    as_of: Mapping[int, datetime | None],
    rows_max: int,
) -> Answer:
    """Put a result into its answer."""
    # The native format says nothing at all, not even the names, when there are no rows.
    if found.rows and tuple(found.names) != tuple(report.units):
        raise ValueError(f"{report.name} returns {tuple(found.names)}, not {tuple(report.units)}")
    rows = [[_plain(value) for value in row] for row in found.rows[:rows_max]]
    return Answer(
        report=report.name,
        title=report.title,
        parameters=dict(given),
        as_of={str(branch): as_of[branch] for branch in sorted(as_of)},
        columns=[Column(name, _type(name, unit), unit) for name, unit in report.units.items()],
        rows=rows,
        truncated=len(found.rows) > rows_max,
    )


def to_json(answer: Answer) -> bytes:
    """The answer as JSON, UTF-8."""
    return msgspec.json.encode(answer)


def to_csv(answer: Answer) -> bytes:
    """The rows as RFC 4180 CSV, UTF-8 with a byte order mark: without it Excel breaks Arabic."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    names = [column.name for column in answer.columns]
    currency = names.index("currency") if "currency" in names else None
    writer.writerow(names)
    for row in answer.rows:
        code = str(row[currency]) if currency is not None else ""
        writer.writerow(
            [_cell(value, column.unit, code) for value, column in zip(row, answer.columns, strict=True)]
        )
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def _type(name: str, unit: Unit) -> str:
    if unit == "id":
        return "string" if name == "product_id" else "integer"
    return _TYPES[unit]


def _plain(value: object) -> Value:
    if isinstance(value, datetime):
        aware = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
        return aware.isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    if value is None or isinstance(value, (str, int, bool)):
        return value
    raise TypeError(f"a report returned {type(value).__name__}")


def _cell(value: Value, unit: Unit, currency: str) -> str:
    if value is None:
        return ""
    if unit == "minor" and isinstance(value, int) and currency in CURRENCIES:
        return format_minor(value, currency)
    if unit == "thousandths" and isinstance(value, int):
        return format_quantity(value)
    text = str(value)
    if isinstance(value, str) and text.lstrip(" ").startswith(_FORMULA_STARTS):
        return f"'{text}"
    return text
