"""A till in the hand: writes a journal and signs pushes, without any network or disk."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio

from application_role import as_application
from octonext.base.clock import SystemClock
from octonext.base.ids import new_uuid7
from octonext.crypto.chain import GENESIS, link
from octonext.crypto.device_share import fingerprint
from octonext.crypto.envelope import (
    generate_shard_key,
    new_nonce,
    new_shift_key,
    seal_entry,
    shard_public_spki,
    wrap_for_shard,
)
from octonext.crypto.signature import DevicePrivateKey, generate_device_key, public_spki, sign
from octonext.runtime.metrics import Registry
from octonext.sales.entries import (
    AnyEntry,
    Line,
    Payment,
    ReceiptReference,
    Return,
    Sale,
    ShiftClosed,
    ShiftOpened,
    encode_entry,
)
from octonext.shards.lane import Lane, LaneMetrics
from octonext.sync.messages import (
    Ack,
    Head,
    Hello,
    Nack,
    Push,
    PushedEntry,
    PushedKey,
    hello_message,
    push_message,
)
from octonext.sync.metrics import SyncMetrics
from octonext.sync.service import ShardSync, TillSession

from .gateway import Gateway, open_gateway

SHARD_KEY = generate_shard_key()
#: What the shares of the tills here are derived from.
SHARE_KEY = bytes(range(32))
CASHIER = UUID("01900000-0000-7000-8000-000000000001")
MILK = UUID("01900000-0000-7000-8000-00000000000a")
RICE = UUID("01900000-0000-7000-8000-00000000000b")


@dataclass
class JournalWriter:
    """Writes entries as a till would: `entries` holds (bytes, hash, ciphertext, key id)."""

    branch: int = 1
    device: int = 1
    private: DevicePrivateKey = field(default_factory=generate_device_key)
    shift: UUID = field(default_factory=new_uuid7)
    entries: list[tuple[bytes, bytes, bytes, str]] = field(default_factory=list)
    key: bytes = field(default_factory=new_shift_key)
    cash: int = 0
    keys: dict[str, bytes] = field(default_factory=dict)

    @property
    def seq(self) -> int:
        return len(self.entries)

    @property
    def head(self) -> Head:
        return Head(self.seq, self.hash_at(self.seq))

    def hash_at(self, seq: int) -> bytes:
        return self.entries[seq - 1][1] if seq else GENESIS

    def common(self, at: datetime | None = None) -> dict[str, Any]:
        return {
            "seq": self.seq + 1,
            "shift": self.shift,
            "cashier": CASHIER,
            "at": at or datetime.now(UTC),
            "hlc": self.seq + 1,
        }

    def write(self, entry: AnyEntry | bytes) -> int:
        data = entry if isinstance(entry, bytes) else encode_entry(entry)
        seq, key_id = self.seq + 1, str(self.shift)
        self.keys[key_id] = self.key
        sealed = seal_entry(
            self.key, device=self.device, shift=key_id, seq=seq, plaintext=data, nonce=new_nonce()
        )
        self.entries.append((data, link(self.hash_at(self.seq), data), sealed, key_id))
        return seq

    def open_shift(self, opening_float: int = 20_000) -> int:
        self.shift, self.key, self.cash = new_uuid7(), new_shift_key(), opening_float
        return self.write(ShiftOpened(**self.common(), currency="KWD", opening_float=opening_float))

    def sell(self, *quantities: tuple[UUID, int], price: int = 500, tender: str = "cash") -> int:
        lines = [self._line(product, quantity, price) for product, quantity in quantities]
        total = sum(line.total for line in lines)
        if tender == "cash":
            self.cash += total
        payments = [Payment(tender=tender, amount=total)]
        return self.write(
            Sale(**self.common(), currency="KWD", lines=lines, payments=payments, total=total, tax=0)
        )

    def take_back(
        self, original: ReceiptReference | None, *quantities: tuple[UUID, int], price: int = 500
    ) -> int:
        lines = [self._line(product, quantity, price) for product, quantity in quantities]
        total = sum(line.total for line in lines)
        self.cash -= total
        return self.write(
            Return(
                **self.common(),
                currency="KWD",
                lines=lines,
                payments=[Payment(tender="cash", amount=total)],
                total=total,
                tax=0,
                original=original,
            )
        )

    def close_shift(self, counted: int | None = None) -> int:
        return self.write(
            ShiftClosed(
                **self.common(),
                currency="KWD",
                counted=self.cash if counted is None else counted,
                expected=self.cash,
            )
        )

    def _line(self, product: UUID, quantity: int, price: int) -> Line:
        return Line(
            product=product,
            quantity=quantity * 1000,
            unit_price=price,
            tax_code="KW-N",
            rate_ppm=0,
            tax=0,
            total=price * quantity,
        )

    def push(self, first: int = 1, last: int | None = None, *, keys: bool = True) -> Push:
        chosen = self.entries[first - 1 : last]
        entries = [PushedEntry(k=key, h=hash_, c=sealed) for _, hash_, sealed, key in chosen]
        wrapped = [
            PushedKey(
                id=key_id,
                wrapped=wrap_for_shard(
                    self.keys[key_id], shard_public_spki(SHARD_KEY), device=self.device, key_id=key_id
                ),
            )
            for key_id in sorted({entry.k for entry in entries})
        ]
        return self.signed(first, entries, wrapped if keys else [])

    def signed(self, first: int, entries: list[PushedEntry], keys: list[PushedKey]) -> Push:
        digest = hashlib.sha256(
            b"".join(len(entry.c).to_bytes(4, "big") + entry.c for entry in entries)
        ).digest()
        message = push_message(self.device, first, entries[-1].h, digest)
        return Push(
            first=first,
            prev=self.hash_at(first - 1),
            entries=entries,
            keys=keys,
            signature=sign(self.private, message),
        )

    def hello(self, nonce: bytes, **changes: Any) -> Hello:
        message = hello_message(nonce, self.device, self.seq, self.head.hash)
        fields: dict[str, Any] = {
            "device": self.device,
            "branch": self.branch,
            "head": self.head,
            "clock_ms": int(datetime.now(UTC).timestamp() * 1000),
            "signature": sign(self.private, message),
        }
        return Hello(**(fields | changes))


@dataclass
class Shard:
    """A real shard database with its lane and sync service, and the tills enrolled on it."""

    pool: asyncpg.Pool
    lane: Lane
    sync: ShardSync

    async def enrol(self, *tills: JournalWriter, status: str = "enrolled", **more: Any) -> None:
        for till in tills:
            await self.put_reference(
                "device",
                str(till.device),
                {
                    "device_id": till.device,
                    "branch_id": till.branch,
                    "code": f"T{till.device:02}",
                    "status": status,
                    "share_key": fingerprint(SHARE_KEY),
                    "public_key": base64.b64encode(public_spki(till.private)).decode(),
                }
                | more,
            )
        await self.sync.refresh()

    async def put_reference(self, kind: str, key: str, payload: object) -> None:
        cursor = await self.pool.fetchrow("SELECT xid::text, id FROM feed_cursor WHERE feed = 'test'")
        xid, row_id = (cursor["xid"], cursor["id"]) if cursor else ("0", 0)
        applied = await self.pool.fetchval(
            "SELECT apply_reference('test', $1::text::xid8, $2::bigint, $1::text::xid8,"
            " $2::bigint + 1, $3::jsonb)",
            xid,
            row_id,
            json.dumps([{"kind": kind, "key": key, "payload": payload}]),
        )
        assert applied == 1

    async def connect(self, till: JournalWriter) -> TillSession:
        nonce = b"n" * 32
        session = await self.sync.open_session(till.hello(nonce), nonce)
        assert isinstance(session, TillSession), session
        return session

    async def value(self, query: str, *arguments: object) -> Any:
        return await self.pool.fetchval(query, *arguments)

    async def cases(self) -> list[str]:
        rows = await self.pool.fetch("SELECT kind FROM opened_case ORDER BY branch_id, device_id, seq, kind")
        return [row["kind"] for row in rows]


def nack(answer: Ack | Nack) -> str:
    """The reason of a refusal. Fails where there is none."""
    assert isinstance(answer, Nack), answer
    return answer.reason


async def accepted(shard: Shard, till: JournalWriter, first: int = 1) -> list[str]:
    """Push all entries from `first` on; their outcomes. Fails where they are not all taken."""
    answer = await shard.sync.push(await shard.connect(till), till.push(first))
    assert isinstance(answer, Ack), answer
    assert answer.acked == till.head
    return list(answer.outcomes)


async def fill(shard: Shard, count: int) -> None:
    """So many products and prices, as one page of head office's rows brings them."""
    await shard.pool.execute(
        "INSERT INTO reference (kind, key, payload)"
        " SELECT 'product', md5(n::text)::uuid::text, jsonb_build_object("
        " 'product_id', md5(n::text)::uuid, 'sku', 'S' || n,"
        " 'name_en', 'Product ' || n, 'name_ar', 'منتج ' || n,"
        " 'unit', 'piece', 'category_id', NULL, 'tax_class', 'standard', 'active', true,"
        " 'barcodes', jsonb_build_array(lpad((n * 7919 % 9999999999999)::text, 13, '0')))"
        " FROM generate_series(1, $1::int) n",
        count,
    )
    await shard.pool.execute("INSERT INTO reference_history DEFAULT VALUES")
    await shard.sync.refresh()


@pytest_asyncio.fixture
async def shard(shard_dsn: str, shard_database: asyncpg.Pool) -> AsyncIterator[Shard]:
    """A shard with branches 1 and 2 in Kuwait, reached as the gateway reaches it."""
    clock, registry = SystemClock(), Registry()
    await shard_database.execute("SELECT ensure_month_partitions(current_date, 2)")
    app_dsn = as_application(shard_dsn)
    lane = Lane("kw-1", app_dsn, clock=clock, metrics=LaneMetrics(registry))
    sync = ShardSync(lane, [SHARD_KEY], clock=clock, metrics=SyncMetrics(registry))
    shard = Shard(shard_database, lane, sync)
    for branch in (1, 2, 9):
        await shard.put_reference(
            "branch",
            str(branch),
            {
                "branch_id": branch,
                "code": f"KW{branch:02}",
                "shard_id": "kw-1" if branch < 9 else "sa-1",
                "currency": "KWD",
                "time_zone": "Asia/Kuwait",
                "jurisdiction": "KW",
            },
        )
    await shard.put_reference(
        "tax", "KW:none", {"jurisdiction": "KW", "tax_class": "none", "tax_code": "KW-N", "rate_ppm": 0}
    )
    yield shard
    await lane.close()


@pytest_asyncio.fixture
async def gateway(shard: Shard, tmp_path: Path) -> AsyncIterator[Gateway]:
    """A gateway in this process, on a real port, with this shard behind it."""
    async with open_gateway(shard, tmp_path / "tls") as opened:
        yield opened


@pytest.fixture
def till() -> JournalWriter:
    return JournalWriter()
