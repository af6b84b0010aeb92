"""What arrives in the OLAP store: the tables of the feeds, and the form in which a relay sends them.

One delivery is the pages that one look at one source found: a line of JSON that says what follows,
then the rows of every page as the source wrote them (COPY text), one page behind the other.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from octonext.base.errors import OctoNextError
from octonext.feeds.domain import Cursor, Page

DELIVERY_BYTES_MAX = 64 * 1024 * 1024
"""Far more than one full page of the widest feed; a larger one is not ours."""
PAGES_BYTES_MAX = 24 * 1024 * 1024
"""What a relay puts into one delivery, unless a single page is larger."""
DELIVERY_FORMAT = 1
"""Raised whenever a feed's columns change, so that a relay of another release is told so."""
SOURCES_MAX = 128
_SOURCE = re.compile(r"[a-z0-9][a-z0-9-]{0,15}")
_PLACE = ("feed_xid", "feed_id", "source")


class BadDelivery(OctoNextError):
    """A delivery is not in the form that this release reads."""

    code = "bad_delivery"


@dataclass(frozen=True, slots=True)
class FeedTable:
    """Where a feed's rows go: the columns in the order in which the source writes them."""

    name: str
    columns: tuple[str, ...]
    compacted: bool = False
    """Only the newest row of a key counts, so a row that arrives twice changes nothing."""


def _table(name: str, columns: str, *, compacted: bool = False) -> FeedTable:
    return FeedTable(name, (*_PLACE, *columns.split()), compacted)


TABLES: dict[str, FeedTable] = {
    table.name: table
    for table in (
        _table(
            "sale",
            "branch_id device_id seq kind shift_id cashier_id occurred_at occurred_local till_at "
            "posted_at business_date currency total net tax discount rounding line_count "
            "original_branch_id original_device_id original_seq foreign_original",
        ),
        _table(
            "sale_line",
            "branch_id device_id seq line_no kind business_date occurred_at product_id quantity "
            "unit_price discount net tax total tax_code currency",
        ),
        _table(
            "payment",
            "branch_id device_id seq payment_no business_date occurred_at tender amount currency",
        ),
        _table("movement", "branch_id device_id seq line_no product_id quantity reason occurred_at"),
        _table(
            "ledger",
            "branch_id device_id seq line_no account debit credit currency business_date",
        ),
        _table(
            "device",
            "branch_id device_id seq hash till_at received_at clock_offset_ms quarantined cases",
            compacted=True,
        ),
        _table(
            "shift",
            "branch_id device_id shift_id cashier_id opened_at closed_at opening_float "
            "cash_expected cash_counted sale_count sale_total return_count return_total currency",
            compacted=True,
        ),
        _table(
            "dimension",
            "kind key present region_id branch_id code name_en name_ar parent_id product_id unit "
            "currency cost shard_id status",
            compacted=True,
        ),
        _table("seal", "number tree_size sealed_at hash head signature"),
    )
}


class _Batch(msgspec.Struct, forbid_unknown_fields=True):
    feed: str
    start: str
    end: str
    count: int
    size: int


class _Manifest(msgspec.Struct, forbid_unknown_fields=True):
    format: int
    batches: list[_Batch]
    as_of: datetime | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """Pages of one source, and the time up to which everything of it has now arrived."""

    pages: tuple[Page, ...]
    as_of: datetime | None


def encode_delivery(pages: Sequence[Page], as_of: datetime | None) -> bytes:
    """Write a delivery down; `decode_delivery` is the inverse."""
    batches = [
        _Batch(page.feed, str(page.start), str(page.end), page.count, len(page.rows)) for page in pages
    ]
    manifest = msgspec.json.encode(_Manifest(DELIVERY_FORMAT, batches, as_of))
    return b"".join((manifest, b"\n", *(page.rows for page in pages)))


def split_pages(pages: Sequence[Page], *, bytes_max: int = PAGES_BYTES_MAX) -> list[list[Page]]:
    """Divide pages into deliveries that will not be refused for their size; at least one, maybe empty."""
    parts: list[list[Page]] = [[]]
    size = 0
    for page in pages:
        if parts[-1] and size + len(page.rows) > bytes_max:
            parts.append([])
            size = 0
        parts[-1].append(page)
        size += len(page.rows)
    return parts


def decode_delivery(body: bytes) -> Delivery:
    """Read a delivery. Raises BadDelivery, InvalidCursor."""
    head, _, rows = body.partition(b"\n")
    try:
        manifest = msgspec.json.decode(head, type=_Manifest)
    except msgspec.DecodeError as error:
        raise BadDelivery(f"The delivery's first line cannot be read: {error}.") from None
    if manifest.format != DELIVERY_FORMAT:
        raise BadDelivery(
            f"The delivery has format {manifest.format}; this release reads {DELIVERY_FORMAT}.",
            remedy="Run the relay and the reporting process of one release.",
        )
    if manifest.as_of is not None and manifest.as_of.tzinfo is None:
        raise BadDelivery("as_of has no time zone.")
    return Delivery(tuple(_split(manifest.batches, rows)), manifest.as_of)


def _split(batches: list[_Batch], rows: bytes) -> list[Page]:
    pages: list[Page] = []
    offset = 0
    for batch in batches:
        if batch.feed not in TABLES:
            raise BadDelivery(f"There is no feed {batch.feed[:50]!r}.")
        if any(page.feed == batch.feed for page in pages):
            raise BadDelivery(f"The feed {batch.feed} is there twice.")
        part = rows[offset : offset + batch.size] if batch.size >= 0 else b""
        start, end = Cursor.parse(batch.start), Cursor.parse(batch.end)
        if len(part) != batch.size or part.count(b"\n") != batch.count or end < start:
            raise BadDelivery(f"The batch of {batch.feed} is not what its first line says.")
        pages.append(Page(batch.feed, start, end, batch.count, part, full=False))
        offset += batch.size
    if offset != len(rows):
        raise BadDelivery("The delivery is longer than its first line says.")
    return pages


def check_source(name: str) -> str:
    """Return `name` if a source may be called so. Raises BadDelivery."""
    if not _SOURCE.fullmatch(name):
        raise BadDelivery(f"{name[:50]!r} is not the name of a source.")
    return name
