"""One simulated shard: a PostgreSQL cluster with the shard's schema and the statements of sync and feeds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from octonext.feeds.domain import PAGE_PUSHES_MAX, PAGE_ROWS_MAX
from octonext.runtime.sql import load_queries
from octonext.shards.lane import LaneMetrics

from .cluster import Cluster
from .connection import Database, Procedure
from .customers import customer_head, customer_mark
from .dialling import SimulatedCopySource, SimulatedReferenceSink, shard_source
from .engine import Engine, Transaction
from .feeds import copy_procedures, probe_shard, push_range
from .ingest import ingest_push
from .journal import begin_session, open_went_back_case, wrapped_keys
from .lane import LoopClock, SilentMetrics, SimulatedLane
from .marks import mark_of, marks_of
from .pace import Pace
from .pushed import Pushed
from .reference import (
    apply_reference,
    put_reference,
    reference_changes,
    reference_head,
    reference_page,
    refill_reference,
    sink_cursor,
)
from .rows import (
    AccountRow,
    BalanceRow,
    CaseRow,
    EventRow,
    ForkRow,
    HeadRow,
    JournalRow,
    LedgerRow,
    LineRow,
    MovementRow,
    PaymentRow,
    PushRow,
    SaleRow,
    ShiftRow,
    TaxRow,
)
from .schema import ShardTables


class ShardDatabase(Cluster):
    """A shard that can be crashed, frozen, copied and restored; `pace` is the world that does it."""

    def __init__(self, shard_id: str, *, pace: Pace, mutations: frozenset[str] = frozenset()) -> None:
        self.shard_id = shard_id
        self.tables: ShardTables = ShardTables()
        self.engine = Engine(self.tables.all(), pace=pace, mutations=mutations)
        self.database = Database(self.engine, _procedures(self.tables))
        self._clock = LoopClock(pace.now)

    def lane(self, *, metrics: LaneMetrics | None = None) -> SimulatedLane:
        """The lane of one gateway process to this shard."""
        return SimulatedLane(
            self.shard_id, self.database, clock=self._clock, metrics=metrics or SilentMetrics()
        )

    def source(
        self, *, rows_max: int = PAGE_ROWS_MAX, pushes_max: int = PAGE_PUSHES_MAX
    ) -> SimulatedCopySource:
        """This shard as the source of what reporting may know, a page of so many rows or pushes at once."""
        return shard_source(self.shard_id, self.database, rows_max=rows_max, pushes_max=pushes_max)

    def reference_sink(self) -> SimulatedReferenceSink:
        """This shard as the sink of master data."""
        return SimulatedReferenceSink(self.database)

    # ------------------------------------------------- what is committed, in the order of the keys

    def head(self, branch: int, device: int) -> HeadRow | None:
        """Where one till stands."""
        return self.tables.heads.rows.get((branch, device))

    def entry(self, branch: int, device: int, seq: int) -> JournalRow | None:
        """One entry of a till's journal."""
        return next(iter(self.tables.journal.rows.get((branch, device, seq), ())), None)

    def heads(self) -> list[HeadRow]:
        """Where each till stands."""
        return sorted(self.tables.heads.rows.values())

    def journal(self, branch: int, device: int) -> list[JournalRow]:
        """The entries of one till."""
        return self.tables.journal.of(branch, device)

    def sales(self) -> list[SaleRow]:
        """Sales and returns."""
        return self.tables.sales.all()

    def lines(self) -> list[LineRow]:
        """Lines of receipts."""
        return self.tables.lines.all()

    def taxes(self) -> list[TaxRow]:
        """Tax blocks of receipts."""
        return self.tables.taxes.all()

    def payments(self) -> list[PaymentRow]:
        """Payments."""
        return self.tables.payments.all()

    def movements(self) -> list[MovementRow]:
        """Stock movements."""
        return self.tables.movements.all()

    def ledger(self) -> list[LedgerRow]:
        """Ledger lines."""
        return self.tables.ledger.all()

    def events(self) -> list[EventRow]:
        """Events of tills."""
        return self.tables.events.all()

    def balances(self) -> list[BalanceRow]:
        """Stock on hand."""
        return sorted(self.tables.balances.rows.values())

    def accounts(self) -> list[AccountRow]:
        """What the ledger adds up to."""
        return sorted(self.tables.accounts.rows.values())

    def shifts(self) -> list[ShiftRow]:
        """Shifts."""
        rows = self.tables.shifts.rows
        return [rows[key] for key in sorted(rows)]

    def cases(self) -> list[CaseRow]:
        """Opened cases."""
        rows = self.tables.cases.rows
        return [rows[key] for key in sorted(rows)]

    def forks(self) -> list[ForkRow]:
        """Entries of other histories."""
        rows = self.tables.forks.rows
        return [rows[key] for key in sorted(rows)]

    def pushes(self) -> list[PushRow]:
        """Accepted pushes, in the order of their transactions."""
        return [self.tables.pushes.rows[xid] for xid in self.tables.pushes.xids]

    async def put_reference(
        self, kind: str, key: str, payload: str | None, branch_id: int | None = None
    ) -> None:
        """Write one reference row as if it had come from head office, in a transaction of its own."""
        transaction = self.engine.begin(self.engine.generation)
        put_reference(transaction, self.tables, kind, key, payload, None, branch_id)
        await self.engine.commit(transaction)


def _procedures(tables: ShardTables) -> Mapping[str, Procedure]:
    """The statements of sync and of the feeds, by their text."""

    async def ingest(transaction: Transaction, *arguments: Any) -> list[dict[str, Any]]:
        return [await ingest_push(transaction, tables, Pushed.read(arguments))]

    async def begin(transaction: Transaction, *arguments: Any) -> list[dict[str, Any]]:
        return [await begin_session(transaction, tables, *arguments)]

    sync, feeds = load_queries("octonext.sync"), load_queries("octonext.feeds")
    return {
        sync["begin_session"]: begin,
        sync["open_went_back_case"]: _bound(open_went_back_case, tables),
        sync["ingest_push"]: ingest,
        sync["wrapped_keys"]: _bound(wrapped_keys, tables),
        sync["reference_changes"]: _bound(reference_changes, tables),
        sync["reference_head"]: _bound(reference_head, tables),
        sync["reference_mark"]: _bound(mark_of, tables),
        sync["customer_head"]: _bound(customer_head, tables),
        sync["customer_mark"]: _bound(customer_mark, tables),
        sync["reference_page"]: _bound(reference_page, tables),
        feeds["probe_shard"]: _bound(probe_shard, tables),
        feeds["walk_indexes"]: lambda _: [],
        feeds["shard_marks"]: marks_of(tables.pushes),
        feeds["reference_marks"]: marks_of(tables.history),
        feeds["refill_reference"]: _bound(refill_reference, tables),
        feeds["push_range"]: _bound(push_range, tables),
        **{feeds[name]: procedure for name, procedure in copy_procedures(tables)},
        feeds["apply_reference"]: _bound(apply_reference, tables),
        feeds["sink_cursor"]: _bound(sink_cursor, tables),
    }


def _bound(procedure: Procedure, tables: ShardTables) -> Procedure:
    def call(transaction: Transaction, *arguments: Any) -> Any:
        return procedure(transaction, tables, *arguments)

    return call
