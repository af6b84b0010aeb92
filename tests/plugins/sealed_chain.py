"""A shard with sales whose chain of heads is sealed, and everything a test does to it as a superuser."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import asyncpg

from octonext.audit.sealing.domain.head import SealingKey, SignedHead
from octonext.audit.sealing.domain.rows import DatabaseKind
from octonext.audit.sealing.service.sealing import Memory, seal, write_canary

KEY = SealingKey(hashlib.sha256(b"a test's sealing key").digest())
OTHER_KEY = SealingKey(hashlib.sha256(b"another one's").digest())

# A push of sales, each with its entry in the journal and two lines in the ledger.
PUSH = """
WITH pushed AS (
    INSERT INTO push (branch_id, device_id, first_seq, last_seq, hash, posted_at)
    VALUES (7, $1, $2, $3, sha256('push'), now()) RETURNING 1
), journaled AS (
    INSERT INTO device_journal (branch_id, device_id, seq, hash, key_id, kind, bytes, outcome, till_at, hlc,
                                received_at)
    SELECT 7, $1, seq, sha256(seq::text::bytea), 'key', 'sale',
           convert_to(format('{"seq": %s}', seq), 'UTF8'), 'posted', now(), 1, now()
      FROM generate_series($2::bigint, $3::bigint) seq
)
INSERT INTO ledger_line (branch_id, device_id, seq, line_no, account, debit, credit, currency, business_date,
                         posted_at)
SELECT 7, $1, seq, line, 1010 + line * 1000, CASE line WHEN 1 THEN 1250 ELSE 0 END,
       CASE line WHEN 1 THEN 0 ELSE 1250 END, 'KWD', current_date, now()
  FROM generate_series($2::bigint, $3::bigint) seq, generate_series(1, 2) line
"""


class SetClock:
    """A clock that a test sets."""

    def __init__(self, now: datetime | None = None) -> None:
        self.moment = now or datetime.now(UTC)
        self.passed = 0.0

    def now(self) -> datetime:
        return self.moment

    def monotonic(self) -> float:
        return self.passed

    def pass_time(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)
        self.passed += seconds


@dataclass
class Chain:
    """A database that is sealed whenever the test says so."""

    connection: asyncpg.Connection
    database: str = "kw-1"
    clock: SetClock = field(default_factory=SetClock)
    memory: Memory = field(default_factory=Memory)
    key: SealingKey = KEY
    seq: int = 0

    async def sell(self, sales: int = 1, device: int = 1) -> None:
        await self.connection.execute(PUSH, device, self.seq + 1, self.seq + sales)
        self.seq += sales

    async def seal(self) -> SignedHead | None:
        # The catalogue is read at every head.
        self.clock.pass_time(15.0)
        kind: DatabaseKind = "hq" if self.database == "hq" else "shard"
        return await seal(self.connection, self.database, kind, self.key, self.clock, self.memory)

    async def canary(self) -> bool:
        return (await write_canary(self.connection))[1]
