"""Rows of the trail as lines of a file: JSON Lines for programs, CSV for a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from typing import Any, Literal

import msgspec

Format = Literal["csv", "jsonl"]

COLUMNS = (
    "at", "database", "region", "transaction", "number", "operation", "table", "event",
    "key", "before", "after",
    "actor.kind", "actor.id", "actor.name", "actor.ip", "actor.device_id", "actor.key_thumbprint",
    "actor.user_agent", "actor.app_version", "actor.request_id", "actor.claim",
    "connection.login_role", "connection.session_role", "connection.set_role", "connection.address",
    "connection.application", "connection.pid", "connection.replication_role",
)  # fmt: skip

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""A cell that begins so is run by a spreadsheet (OWASP, "CSV Injection"), full-width forms included."""

Line = Callable[[Mapping[str, Any]], str]


def line_writer(form: Format) -> tuple[str, Line]:
    """What a file of that form begins with, and how a row of the API becomes its next line."""
    return ("", _json_line) if form == "jsonl" else (_csv(COLUMNS), _csv_line)


def harmless(text: str) -> str:
    """A cell that no spreadsheet takes for a formula: an apostrophe before it makes it a text."""
    return "'" + text if text.lstrip(" ").startswith(FORMULA_STARTS) else text


def _json_line(row: Mapping[str, Any]) -> str:
    return msgspec.json.encode(row).decode() + "\n"


def _csv_line(row: Mapping[str, Any]) -> str:
    return _csv([_cell(row, column) for column in COLUMNS])


def _cell(row: Mapping[str, Any], column: str) -> str:
    value: Any = row
    for name in column.split("."):
        value = None if value is None else value[name]
    if value is None:
        return ""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _csv(cells: tuple[str, ...] | list[str]) -> str:
    line = io.StringIO()
    csv.writer(line, quoting=csv.QUOTE_ALL).writerow([harmless(cell) for cell in cells])
    return line.getvalue()
