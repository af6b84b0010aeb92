"""Looks for payment card numbers where none should be: in a database's text, and in log files.

PostgreSQL finds what has enough digits in a row; what is a card number is judged here. Bytes are looked at
as well: journals keep the till's JSON as bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from octonext.base.cards import (
    DIGITS_MIN,
    OTHER_NUMBERS,
    contains_card_number,
    fields_with_cards,
    mask_card_numbers,
)

from .postgres import Connection, transaction
from .sql import load_queries

FOUND_MAX = 100
"""Per column and per file: whoever has so many must look at all of it anyway."""
FETCHED_ROWS = 1_000
SHOWN_CHARACTERS_MAX = 80
LINE_BYTES_MAX = 1024 * 1024

_QUERIES = load_queries("octonext.runtime", "card_scan.sql")
# As wide as what base.cards takes for a separator, and wider: there it is judged.
_DIGIT = "[0-9\u0660-\u0669\u06f0-\u06f9\uff10-\uff19]"
_ENOUGH_DIGITS = f"{_DIGIT}([^0-9A-Za-z]{{0,3}}{_DIGIT}){{{DIGITS_MIN - 1},}}"


@dataclass(frozen=True)
class CardFound:
    """A place that holds a card number; `shown` is what stands there, masked and cut."""

    place: str
    """"table.column at (block,row)", or "file:line"."""
    shown: str


async def scan_database(connection: Connection) -> list[CardFound]:
    """Every text of every table of a database (HQ or a shard), as its owner sees it.

    Reads whole tables in one transaction that changes nothing; the connection should have no
    statement timeout.
    """
    found: list[CardFound] = []
    async with transaction(connection, readonly=True) as reader:
        for column in await reader.fetch(_QUERIES["text_columns"]):
            if column["column_name"] not in OTHER_NUMBERS:
                found += await _scan_column(reader, *column.values())
    return found


def scan_file(path: Path) -> Iterator[CardFound]:
    """The lines of one log file that hold a card number. Raises OSError."""
    count = 0
    with path.open("rb") as file:
        number = 0
        while count < FOUND_MAX and (line := file.readline(LINE_BYTES_MAX)):
            number += 1
            text = line.decode("utf-8", "replace")
            if contains_card_number(text):
                count += 1
                yield CardFound(f"{path}:{number}", _shown(text))


def scan_logs(folder: Path) -> Iterator[CardFound]:
    """Every log file below `folder`, rotated ones included; those that cannot be read are left out."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            try:
                yield from scan_file(path)
            except OSError:
                continue


async def _scan_column(reader: Connection, table: str, column: str, kind: str) -> list[CardFound]:
    quoted = '"{}"'.format(column.replace('"', '""'))
    # 'escape' shows every byte of ASCII as it is, which digits and JSON are.
    text = f"encode({quoted}, 'escape')" if kind == "bytea" else f"{quoted}::text"
    # Names come from the catalogue, quoted; there is no other way to name a column.
    query = (
        f"SELECT tableoid::regclass::text || ' at ' || ctid::text AS place, {text} AS found"  # noqa: S608
        f' FROM "{table}" WHERE {text} ~ $1'
    )
    found: list[CardFound] = []
    async for row in reader.cursor(query, _ENOUGH_DIGITS, prefetch=FETCHED_ROWS):
        where = _judge(row["found"], is_document=kind in ("json", "jsonb", "bytea"))
        if where is not None:
            found.append(CardFound(f"{table}.{column}{where} in {row['place']}", _shown(row["found"])))
            if len(found) == FOUND_MAX:
                break
    return found


def _judge(text: str, *, is_document: bool) -> str | None:
    """Empty, or the path within a JSON document, where there is a card number; None where there is none."""
    document: Any = None
    if is_document:
        try:
            document = msgspec.json.decode(text)
        except (msgspec.DecodeError, RecursionError):
            document = None
    if isinstance(document, dict | list):
        path = next(fields_with_cards(document), None)
        return None if path is None else f" ({path})"
    return "" if contains_card_number(text) else None


def _shown(text: str) -> str:
    """The part around the first masked digit, on one line."""
    masked = " ".join(mask_card_numbers(text).split())
    place = max(0, masked.find("****") - SHOWN_CHARACTERS_MAX // 2)
    return masked[place : place + SHOWN_CHARACTERS_MAX]
