"""The statements of sync: sessions, pushes, wrapped keys and the reference feed for tills."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import msgspec

from octonext.base.cards import mask_card_numbers
from octonext.runtime.actor import Actor, claim_of
from octonext.runtime.postgres import Connection
from octonext.runtime.sql import load_queries

from .domain import BranchRules, Cursor, Postings
from .messages import Head, Outcome, PushedKey

_SQL = load_queries(__package__)


@dataclass(frozen=True, slots=True)
class Session:
    """Where a till's journal stands, and the epoch that its pushes must carry."""

    is_fork: bool
    head_seq: int
    head_hash: bytes
    epoch: int


@dataclass(frozen=True, slots=True)
class PushResult:
    """What became of a push: `status` is accepted, gap, fork or fenced."""

    status: str
    head_seq: int
    head_hash: bytes
    outcomes: list[Outcome]


@dataclass(frozen=True, slots=True)
class ReferenceRow:
    """One row of the reference feed; `payload` is JSON text, None for a deleted row."""

    kind: str
    key: str
    payload: str | None
    cursor: Cursor


async def begin_session(
    connection: Connection,
    *,
    branch: int,
    device: int,
    seq: int,
    hash_: bytes,
    app: str,
    clock_offset: timedelta,
    actor: Actor | None = None,
) -> Session:
    """Start a till's session: older ones are fenced from here on. `actor` is for the audit trail."""
    offset_ms = clock_offset // timedelta(milliseconds=1)
    row = await connection.fetchrow(
        _SQL["begin_session"],
        branch,
        device,
        seq,
        hash_,
        mask_card_numbers(app),
        offset_ms,
        claim_of(actor),
    )
    assert row is not None
    return Session(row["is_fork"], row["head_seq"], row["head_hash"], row["epoch"])


async def open_went_back_case(
    connection: Connection, *, branch: int, device: int, told: Head, held: Head
) -> bool:
    """Open the case of a shard that holds `held` where a till was told `told`; whether it is new."""
    evidence = {
        "found_in": "hello",
        "till_told_seq": told.seq,
        "till_told_hash": told.hash.hex(),
        "shard_seq": held.seq,
        "shard_hash": held.hash.hex(),
    }
    opened = await connection.fetchval(
        _SQL["open_went_back_case"], branch, device, told.seq, msgspec.json.encode(evidence).decode()
    )
    return bool(opened)


async def ingest_push(
    connection: Connection,
    *,
    rules: BranchRules,
    device: int,
    epoch: int,
    first: int,
    prev: bytes,
    keys: Sequence[PushedKey],
    postings: Postings,
) -> PushResult:
    """Book one push. Raises asyncpg.DataError or IntegrityConstraintViolationError for a row that
    SQL does not take although the domain did.
    """
    row = await connection.fetchrow(
        _SQL["ingest_push"],
        rules.branch_id,
        device,
        epoch,
        first,
        prev,
        rules.currency,
        rules.time_zone,
        rules.shard_branches,
        [(key.id, key.wrapped) for key in keys],
        postings.entries,
        postings.sales,
        postings.lines,
        postings.payments,
        postings.ledger,
        postings.adjustments,
        postings.counts,
        postings.shifts,
        postings.cases,
    )
    assert row is not None
    return PushResult(row["status"], row["head_seq"], row["head_hash"], row["outcomes"] or [])


async def wrapped_keys(
    connection: Connection, *, branch: int, device: int, key_ids: Sequence[str]
) -> dict[str, bytes]:
    """Return those of `key_ids` that the till has given this shard, as it wrapped them."""
    rows = await connection.fetch(_SQL["wrapped_keys"], branch, device, list(key_ids))
    return {row["key_id"]: row["wrapped"] for row in rows}


async def reference_changes(connection: Connection, after: Cursor, *, limit: int) -> list[ReferenceRow]:
    """Return devices, branches, regions and taxes that changed after a cursor, oldest first."""
    return _rows(await connection.fetch(_SQL["reference_changes"], str(after[0]), after[1], limit))


async def reference_head(connection: Connection) -> Cursor:
    """Return the position of the newest visible reference row, (0, 0) for none."""
    row = await connection.fetchrow(_SQL["reference_head"])
    return (0, 0) if row is None else (row["xid"], row["id"])


async def reference_mark(connection: Connection, xid: int) -> str:
    """Return what the history of this copy was at a transaction: 12 hex digits, "" before its first."""
    return str(await connection.fetchval(_SQL["reference_mark"], str(xid)))


async def reference_page(
    connection: Connection, after: Cursor, *, branch: int, limit: int
) -> list[ReferenceRow]:
    """Return the next rows for the tills of `branch`, oldest first."""
    return _rows(await connection.fetch(_SQL["reference_page"], str(after[0]), after[1], branch, limit))


def _rows(records: Sequence[object]) -> list[ReferenceRow]:
    return [ReferenceRow(r["kind"], r["key"], r["payload"], (r["xid"], r["id"])) for r in records]  # type: ignore[index]
