"""A store with the sales of a chain in it, for `bench/reports`: made by SQL, and pages that come in later."""

from __future__ import annotations

import random
from calendar import monthrange
from collections.abc import Callable, Mapping
from datetime import date
from itertools import count
from pathlib import Path
from typing import Any

from clickhouse_connect.driver.client import Client

from octonext.feeds.domain import Cursor, Page
from octonext.reporting.domain.batches import TABLES
from octonext.runtime.sql import parse_queries

MONTHS = tuple((2025 + month // 12, month % 12 + 1) for month in range(6, 24))
"""July 2025 to December 2026, so that the running year is a whole one: the dearest day to ask."""
TODAY = date(2026, 12, 31)
LINES_A_RECEIPT = 3
SOURCES = tuple(f"s-{region}" for region in range(1, 9))
BEHIND_ALL = Cursor(10**8, 0)
"""Where every source stands that was filled."""
RECEIPTS_A_PUSH = 32
_MONTHLY = ("make_lines", "make_receipts", "make_payments", "make_movements", "make_ledger")
_ONCE = (
    "make_regions", "make_branches", "make_tills", "make_heads", "make_categories", "make_products",
    "make_costs",
)  # fmt: skip


def statements() -> Mapping[str, str]:
    """Those of reports.sql, by name."""
    file = Path(__file__).with_name("reports.sql")
    return parse_queries(file.read_text(encoding="utf-8"), source=file.name)


def fill(client: Client, lines: int, seed: int, say: Callable[[str], None]) -> int:
    """Fill the empty store; how many sale lines there are then."""
    queries = statements()
    receipts = lines // LINES_A_RECEIPT // len(MONTHS)
    for number, (year, month) in enumerate(MONTHS):
        days = monthrange(year, month)[1]
        parameters = {
            "seed": seed,
            "first": number * receipts,
            "count": receipts,
            "days": days,
            "first_day": date(year, month, 1),
            "last_day": date(year, month, days),
        }
        for name in _MONTHLY:
            client.command(queries[name], parameters=parameters)
        say(f"{(number + 1) * receipts * LINES_A_RECEIPT:,} lines")
    for name in _ONCE:
        client.command(queries[name])
    return receipts * LINES_A_RECEIPT * len(MONTHS)


class Pages:
    """Today's sales of one shard, as its relay would bring them."""

    def __init__(self, seed: int, source: str = "s-1") -> None:
        self.source = source
        self._choice = random.Random(seed)
        self._xid = count(10**9)
        self._seq = count(10**9)

    def make(self, receipts: int, starts: Mapping[str, Cursor]) -> list[Page]:
        """A page of each feed with that many receipts, after `starts`."""
        rows: dict[str, list[str]] = {feed: [] for feed in starts}
        xid = 0
        for number in range(receipts):
            if number % RECEIPTS_A_PUSH == 0:
                xid = next(self._xid)
            self._add(rows, xid)
        end = Cursor(xid, 2**62)
        return [
            Page(feed, start, end, len(rows[feed]), "".join(rows[feed]).encode(), full=False)
            for feed, start in starts.items()
            if rows[feed]
        ]

    def _add(self, rows: dict[str, list[str]], xid: int) -> None:
        choice, seq = self._choice, next(self._seq)
        at = f"{TODAY} {choice.randrange(8, 22):02}:{choice.randrange(60):02}:00"
        branch = choice.randrange(38) * 8 + 1
        common: dict[str, Any] = {
            "feed_xid": xid, "source": self.source, "branch_id": branch, "device_id": branch * 10, "seq": seq,
            "kind": "sale", "business_date": TODAY, "occurred_at": at, "occurred_local": at, "posted_at": at,
            "currency": "KWD", "tax": 0, "discount": 0, "rounding": 0, "foreign_original": "f",
        }  # fmt: skip
        total = 0
        for line in range(1, LINES_A_RECEIPT + 1):
            price = choice.randrange(250, 10_000)
            total += price
            product = f"0199c0de-0000-7000-8000-{int(60_000 * choice.random() ** 3):012x}"
            of_line = common | {
                "feed_id": seq * 4096 + line, "line_no": line, "product_id": product, "unit_price": price,
                "quantity": 1000, "net": price, "total": price, "tax_code": "KW-N",
            }  # fmt: skip
            rows["sale_line"].append(_text("sale_line", of_line))
            rows["movement"].append(_text("movement", of_line | {"quantity": -1000, "reason": "sale"}))
        of_sale = common | {
            "feed_id": seq * 4096, "total": total, "net": total, "line_count": LINES_A_RECEIPT,
            "payment_no": 1, "tender": "cash", "amount": total,
        }  # fmt: skip
        rows["sale"].append(_text("sale", of_sale))
        rows["payment"].append(_text("payment", of_sale))
        for line, account, debit, credit in ((1, 1010, total, 0), (2, 4010, 0, total)):
            posted = {"line_no": line, "account": account, "debit": debit, "credit": credit}
            rows["ledger"].append(_text("ledger", common | {"feed_id": seq * 4096 + line} | posted))


def _text(feed: str, row: Mapping[str, object]) -> str:
    return "\t".join(str(row.get(column, "\\N")) for column in TABLES[feed].columns) + "\n"
