"""An OLAP store of a test's own, and rows for it in the form in which a shard writes them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest
import pytest_asyncio

from octonext.base.clock import SystemClock
from octonext.feeds.domain import START, Cursor, Page
from octonext.reporting.domain.answers import Answer
from octonext.reporting.domain.batches import TABLES, Delivery
from octonext.reporting.service import Reporting
from octonext.reporting.store import Chdb, Olap

DATES = "0199c0de-0000-7000-8000-000000000001"
MILK = "0199c0de-0000-7000-8000-000000000002"
UNLISTED = "0199c0de-0000-7000-8000-0000000000ff"
SHIFT = "0199c0de-0000-7000-8000-00000000aaaa"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)

Rows = list[Mapping[str, object]]
MakePage = Callable[..., Page]

_DEFAULTS: dict[str, dict[str, object]] = {
    "sale": {
        "branch_id": 7, "device_id": 1, "seq": 1, "kind": "sale", "shift_id": SHIFT, "cashier_id": SHIFT,
        "occurred_at": "2026-03-01 09:15:00", "occurred_local": "2026-03-01 12:15:00",
        "till_at": "2026-03-01 09:15:00", "posted_at": "2026-03-01 09:15:01.5",
        "business_date": "2026-03-01", "currency": "KWD", "total": 1250, "net": 1250, "tax": 0,
        "discount": 0, "rounding": 0, "line_count": 1, "foreign_original": "f",
    },
    "sale_line": {
        "branch_id": 7, "device_id": 1, "seq": 1, "line_no": 1, "kind": "sale",
        "business_date": "2026-03-01", "occurred_at": "2026-03-01 09:15:00", "product_id": DATES,
        "quantity": 1000, "unit_price": 1250, "discount": 0, "net": 1250, "tax": 0, "total": 1250,
        "tax_code": "KW-N", "currency": "KWD",
    },
    "payment": {
        "branch_id": 7, "device_id": 1, "seq": 1, "payment_no": 1, "business_date": "2026-03-01",
        "occurred_at": "2026-03-01 09:15:00", "tender": "cash", "amount": 1250, "currency": "KWD",
    },
    "movement": {
        "branch_id": 7, "device_id": 1, "seq": 1, "line_no": 1, "product_id": DATES, "quantity": -1000,
        "reason": "sale", "occurred_at": "2026-03-01 09:15:00",
    },
    "ledger": {
        "branch_id": 7, "device_id": 1, "seq": 1, "line_no": 1, "account": 1010, "debit": 1250, "credit": 0,
        "currency": "KWD", "business_date": "2026-03-01",
    },
    "device": {
        "branch_id": 7, "device_id": 1, "seq": 1, "hash": "ab" * 32, "till_at": "2026-03-01 09:15:00",
        "received_at": "2026-03-01 09:15:01", "clock_offset_ms": -40, "quarantined": 0, "cases": 0,
    },
    "dimension": {"kind": "product", "key": DATES, "present": "t"},
}  # fmt: skip

DIMENSIONS: Rows = [
    {"kind": "region", "key": "1", "region_id": 1, "code": "KW", "name_en": "Kuwait", "name_ar": "الكويت"},
    {"kind": "region", "key": "2", "region_id": 2, "code": "SA", "name_en": "Riyadh", "name_ar": "الرياض"},
    {"kind": "branch", "key": "7", "branch_id": 7, "region_id": 1, "code": "KW7", "shard_id": "kw-1",
     "name_en": "Salmiya", "name_ar": "السالمية"},
    {"kind": "branch", "key": "9", "branch_id": 9, "region_id": 2, "code": "SA9", "shard_id": "sa-1",
     "name_en": "Olaya", "name_ar": "العليا"},
    {"kind": "device", "key": "1", "branch_id": 7, "code": "T1", "name_en": "Front", "status": "enrolled"},
    {"kind": "product", "key": DATES, "code": "DATES-1", "name_en": "Dates", "name_ar": "تمر", "unit": "kg"},
    {"kind": "product", "key": MILK, "code": "=MILK", "name_en": '"Fresh", 1 l', "name_ar": "حليب",
     "unit": "piece"},
    {"kind": "cost", "key": f"1:{DATES}", "region_id": 1, "product_id": DATES, "cost": 801,
     "currency": "KWD"},
]  # fmt: skip


def delivery(*pages: Page, as_of: datetime | None = None) -> Delivery:
    """What a relay hands over in one go, as if nothing that was committed before `as_of` were missing."""
    return Delivery(pages, as_of)


def as_dicts(answer: Answer) -> list[dict[str, object]]:
    """The rows of a report by the names of its columns."""
    names = [column.name for column in answer.columns]
    return [dict(zip(names, row, strict=True)) for row in answer.rows]


async def sale_count(reporting: Reporting) -> int:
    """The receipts of all branches and days."""
    rows = as_dicts(await reporting.report("totals", {}))
    return sum(int(str(row["sale_count"])) for row in rows)


@pytest.fixture
def make_page() -> MakePage:
    """make_page(feed, *rows, start=…, xid=…, source=…): a page as a relay would hand it over."""

    def make(
        feed: str,
        *rows: Mapping[str, object],
        start: Cursor = START,
        xid: int | None = None,
        source: str = "kw-1",
    ) -> Page:
        xid = start.xid + 1 if xid is None else xid
        columns = TABLES[feed].columns
        lines = []
        for number, row in enumerate(rows, start=1):
            known = _DEFAULTS[feed] | dict(row) | {"feed_xid": xid, "feed_id": number, "source": source}
            assert set(known) <= set(columns), set(known) - set(columns)
            lines.append("\t".join(_text(known.get(column)) for column in columns) + "\n")
        end = Cursor(xid, len(rows)) if rows else start
        return Page(feed, start, end, len(rows), "".join(lines).encode(), full=False)

    return make


@pytest.fixture
def dimensions(make_page: MakePage) -> Page:
    """Two regions with a branch each, a till, two products, one cost."""
    return make_page("dimension", *DIMENSIONS, source="hq")


@pytest.fixture
def chdb(tmp_path: Path) -> Chdb:
    return Chdb(tmp_path / "chdb")


@pytest_asyncio.fixture
async def olap(chdb: Chdb) -> AsyncIterator[Olap]:
    store = await Olap.open(chdb)
    yield store
    await store.close()


@pytest_asyncio.fixture
async def reporting(olap: Olap) -> Reporting:
    started = Reporting(olap, SystemClock())
    await started.start()
    return started


def _text(value: object) -> str:
    return "\\N" if value is None else str(value).replace("\\", "\\\\").replace("\t", "\\t")
