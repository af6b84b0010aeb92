"""The statements of sync: sessions, pushes, wrapped keys and the reference feed for tills."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, NamedTuple
from uuid import UUID

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


class SoldLineRow(NamedTuple):
    """A line of a receipt, positive."""

    number: int
    product: UUID
    quantity: int
    unit_price: int
    discount: int
    tax_code: str
    rate_ppm: int
    tax: int
    total: int


class ReturnedRow(NamedTuple):
    """What came back of a receipt in one line of a return; the original line is the till's word."""

    product: UUID
    original_line: int | None
    quantity: int


@dataclass(frozen=True, slots=True)
class ReceiptRow:
    """A booked sale or return, positive."""

    kind: Literal["sale", "return"]
    at: datetime
    currency: str
    total: int
    tax: int
    rounding: int
    customer: UUID | None
    lines: list[SoldLineRow]
    returns: list[ReturnedRow]


@dataclass(frozen=True, slots=True)
class SilentTill:
    """A till that should have been heard: what the shard holds of it, and what it has told."""

    branch_id: int
    device_id: int
    code: str | None
    head_seq: int
    told_seq: int
    seen_at: datetime
    received_at: datetime | None
    open_shift: UUID | None
    silent_since: datetime | None
    why: str


@dataclass(frozen=True, slots=True)
class ReferenceRow:
    """One row of the reference feed; `payload` is JSON text, None for a deleted row."""

    kind: str
    key: str
    payload: str | None
    cursor: Cursor


@dataclass(frozen=True, slots=True)
class SignInLimits:
    """Up to `…_free` wrong PINs in a row cost nothing; then each wait is twice the last, until `…_most`."""

    cashier_free: int
    cashier_most: int
    device_free: int
    device_most: int
    first: timedelta
    longest: timedelta
    #: How long after `…_most`; and after how long without a wrong one a count is forgotten.
    locked: timedelta


@dataclass(frozen=True, slots=True, repr=False)
class SignInCount:
    """Whether a PIN may be looked at, whose it would be, and how often it was wrong, this time included.

    `wait_ms`: how long to wait if it is locked out, or if this attempt turns out to be wrong.
    """

    status: Literal["ask", "locked_out", "fenced"]
    wait_ms: int
    user_id: UUID | None
    pin_hash: str | None
    cashier_failures: int
    device_failures: int


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
    epoch: int | None,
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
        postings.customers,
        postings.cases,
    )
    assert row is not None
    return PushResult(row["status"], row["head_seq"], row["head_hash"], row["outcomes"] or [])


async def rescued_clock(connection: Connection, *, branch: int, device: int) -> int:
    """Return how wrong a till's clock was when it last said hello, milliseconds; 0 if it never did."""
    return int(await connection.fetchval(_SQL["rescued_clock"], branch, device) or 0)


async def read_receipt(connection: Connection, *, branch: int, device: int, seq: int) -> ReceiptRow | None:
    """Return a receipt with its lines and what came back of it, None if it was not booked here."""
    row = await connection.fetchrow(_SQL["receipt"], branch, device, seq)
    if row is None:
        return None
    lines = await connection.fetch(_SQL["receipt_lines"], branch, device, seq)
    returns = await connection.fetch(_SQL["receipt_returns"], branch, device, seq)
    return ReceiptRow(
        row["kind"],
        row["till_at"],
        row["currency"],
        row["total"],
        row["tax"],
        row["rounding"],
        row["customer_id"],
        [SoldLineRow(*line.values()) for line in lines],
        [ReturnedRow(*each.values()) for each in returns],
    )


async def note_contacts(connection: Connection, tills: Iterable[tuple[int, int]]) -> None:
    """Note that these tills (branch, device) are connected."""
    pairs = sorted(tills)
    await connection.execute(_SQL["note_contacts"], [b for b, _ in pairs], [d for _, d in pairs])


async def note_silent_tills(connection: Connection, *, backlog: timedelta, shift: timedelta) -> int:
    """Note who has gone silent; return how many those are."""
    return int(await connection.fetchval(_SQL["note_silent_tills"], backlog, shift))


async def silent_tills(connection: Connection, *, backlog: timedelta, shift: timedelta) -> list[SilentTill]:
    """Return who is silent now."""
    rows = await connection.fetch(_SQL["silent_tills"], backlog, shift)
    return [SilentTill(**dict(row.items())) for row in rows]


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


async def reference_count(connection: Connection, after: Cursor, *, branch: int) -> int:
    """Return how many rows for the tills of `branch` come after a cursor."""
    return int(await connection.fetchval(_SQL["reference_count"], str(after[0]), after[1], branch))


async def customer_head(connection: Connection) -> Cursor:
    """Return the position of the newest visible customer, (0, 0) for none."""
    row = await connection.fetchrow(_SQL["customer_head"])
    return (0, 0) if row is None else (row["xid"], row["id"])


async def customer_mark(connection: Connection, xid: int) -> str:
    """Return what the history of this shard was at a transaction: 12 hex digits, "" before its first."""
    return str(await connection.fetchval(_SQL["customer_mark"], str(xid)))


async def customer_page(
    connection: Connection,
    after: Cursor,
    *,
    branch: int,  # noqa: ARG001 - customers are the whole shard's
    limit: int,
) -> list[ReferenceRow]:
    """Return the next customers, oldest change first."""
    return _rows(await connection.fetch(_SQL["customer_page"], str(after[0]), after[1], limit))


async def customer_count(connection: Connection, after: Cursor, *, branch: int) -> int:  # noqa: ARG001 - as above
    """Return how many customers come after a cursor."""
    return int(await connection.fetchval(_SQL["customer_count"], str(after[0]), after[1]))


async def begin_sign_in(
    connection: Connection, *, branch: int, device: int, epoch: int, code: str, limits: SignInLimits
) -> SignInCount:
    """Count an attempt of a code at a till as wrong, before its PIN is looked at."""
    row = await connection.fetchrow(
        _SQL["begin_sign_in"], branch, device, epoch, code,
        limits.cashier_free, limits.cashier_most, limits.device_free, limits.device_most,
        limits.first, limits.longest, limits.locked,
    )  # fmt: skip
    assert row is not None
    return SignInCount(
        row["status"], row["wait_ms"] or 0, row["user_id"], row["pin_hash"],
        row["cashier_failures"] or 0, row["device_failures"] or 0,
    )  # fmt: skip


async def name_actor(connection: Connection, actor: Actor) -> None:
    """Say who acts in this transaction, for its audit trail."""
    await connection.execute(_SQL["set_actor"], claim_of(actor))


async def end_sign_in(connection: Connection, *, branch: int, device: int, code: str) -> None:
    """The attempt was right."""
    await connection.execute(_SQL["end_sign_in"], branch, device, code)


def _rows(records: Sequence[object]) -> list[ReferenceRow]:
    return [ReferenceRow(r["kind"], r["key"], r["payload"], (r["xid"], r["id"])) for r in records]  # type: ignore[index]
