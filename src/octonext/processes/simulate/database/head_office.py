"""A simulated head office: the reference feed, which is all of it that others read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from octonext.feeds.domain import REFERENCE_ROWS_MAX
from octonext.runtime.sql import load_queries

from .cluster import Cluster
from .connection import Database, Procedure
from .copy_text import copy_line
from .dialling import SimulatedCopySource, SimulatedReferenceSource, dimension_source
from .engine import Engine, Transaction
from .feeds import snapshot
from .marks import marks_of
from .pace import Pace
from .reference import put_reference, rows_behind, write_page
from .rows import ReferenceRow
from .schema import ReferenceTables

DIMENSION_KINDS = frozenset(("region", "branch", "device", "category", "product", "cost"))


class HeadOfficeDatabase(Cluster):
    """Head office's cluster, which can be crashed, frozen, copied and restored."""

    def __init__(self, *, pace: Pace, mutations: frozenset[str] = frozenset()) -> None:
        self.tables = ReferenceTables()
        self.engine = Engine(self.tables.all(), pace=pace, mutations=mutations)
        self.database = Database(self.engine, _procedures(self.tables))

    async def publish(
        self,
        kind: str,
        key: str,
        payload: object,
        *,
        region_id: int | None = None,
        branch_id: int | None = None,
    ) -> None:
        """Publish the newest version of one row, None for a deleted one, in a transaction of its own.

        Raises OSError and asyncpg.PostgresError while head office is away.
        """
        text = None if payload is None else msgspec.json.encode(payload).decode()
        await self.engine.serve(self._publish(kind, key, text, region_id, branch_id))

    async def _publish(
        self, kind: str, key: str, text: str | None, region_id: int | None, branch_id: int | None
    ) -> None:
        transaction = self.engine.begin(await self.engine.admit())
        try:
            await transaction.step("statement")
            await transaction.lock(self.tables.reference, (kind, key))
            before = transaction.get(self.tables.reference, (kind, key))
            # what has not changed is not published again
            if before is None or before[2:5] != (region_id, branch_id, text):
                put_reference(transaction, self.tables, kind, key, text, region_id, branch_id)
        except BaseException:
            self.engine.end(transaction)
            raise
        await self.engine.commit(transaction)

    def source(self, region_code: str, *, rows_max: int = REFERENCE_ROWS_MAX) -> SimulatedReferenceSource:
        """The source of one region's master data, so many rows at once."""
        return SimulatedReferenceSource(self.database, region_code, rows_max=rows_max)

    def dimension_source(self) -> SimulatedCopySource:
        """The source of names and costs, for reporting."""
        return dimension_source(self.database)


def _procedures(tables: ReferenceTables) -> Mapping[str, Procedure]:
    def probe(transaction: Transaction, xid: str, row_id: int) -> list[dict[str, Any]]:
        waiting = bool(rows_behind(transaction, tables, int(xid), row_id))
        return [snapshot(transaction) | {"dimension": waiting}]

    def copy_dimension(transaction: Transaction, xid: str, row_id: int, limit: int, source: str) -> bytes:
        rows = rows_behind(transaction, tables, int(xid), row_id)[:limit]
        return b"".join(_dimension_line(row, source) for row in rows)

    def read_reference(
        transaction: Transaction, xid: str, row_id: int, limit: int, region_code: str
    ) -> list[dict[str, Any]]:
        region = _region_id(tables, region_code)
        behind = rows_behind(transaction, tables, int(xid), row_id)
        page = behind[:limit]
        found: dict[str, Any] = {"region_id": region, "end_xid": None, "end_id": None, "count": len(page)}
        found["more"] = len(behind) > limit
        if page:
            found |= {"end_xid": str(page[-1].xid), "end_id": page[-1].id}
        found["rows"] = write_page([row for row in page if row.region_id in {None, region}])
        return [snapshot(transaction) | found]

    queries = load_queries("octonext.feeds")
    return {
        queries["walk_indexes"]: lambda _: [],
        queries["reference_marks"]: marks_of(tables.history),
        queries["probe_dimension"]: probe,
        queries["copy_dimension"]: copy_dimension,
        queries["read_reference"]: read_reference,
    }


def _region_id(tables: ReferenceTables, code: str) -> int | None:
    for row in tables.reference.rows.values():
        if row.kind == "region" and row.payload is not None:
            region = msgspec.json.decode(row.payload)
            if region.get("code") == code:
                return int(region["region_id"])
    return None


def _dimension_line(row: ReferenceRow, source: str) -> bytes:
    """What reporting may know of a row; people and prices travel as blanks."""
    known = row.kind in DIMENSION_KINDS
    payload: dict[str, Any] = msgspec.json.decode(row.payload) if known and row.payload else {}

    def first(*names: str) -> object:
        return next((payload[name] for name in names if payload.get(name) is not None), None)

    return copy_line(
        (
            *(row.xid, row.id, source, row.kind if known else "", row.key if known else ""),
            known and row.payload is not None,
            *(first("region_id"), first("branch_id"), first("sku", "code"), first("name_en", "name")),
            *(first("name_ar"), first("category_id", "parent_id"), first("product_id"), first("unit")),
            *(first("currency"), first("cost"), first("shard_id"), first("status")),
        )
    )
