"""A sealed database in a superuser's hands: whoever may switch a guard off."""

# ruff: noqa: S608 -- the statements are the attacker's own

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from octonext.audit.sealing.domain.findings import Finding
from octonext.audit.sealing.domain.head import SignedHead
from octonext.audit.sealing.domain.rows import TABLES
from octonext.audit.sealing.service.sources import FileCopies
from octonext.audit.sealing.service.verifying import Verified, verify
from octonext.processes.cluster.server import PostgresServer
from sealed_chain import KEY, Chain, SetClock

ROOT = Path(__file__).parents[3]


def load_second() -> Any:
    """The second verifier, which is a script."""
    spec = importlib.util.spec_from_file_location("verify_audit", ROOT / "scripts" / "verify_audit.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


KEYS = {KEY.id: KEY.public}
#: What the short verifier does not look at.
ONLY_THE_FIRST = {"replica", "back-dated", "post-dated", "function", "canary", "catalogue", "partition"}
SECOND = load_second()
HONEST = "seal_honest"
YESTERDAY = "seal_yesterday"


@dataclass
class Honest:
    """The untouched database, its state one head earlier, and the copies of its heads."""

    server: PostgresServer
    copies: Path
    clock: SetClock
    newest: SignedHead
    seq: int


@dataclass
class Attacked:
    """A copy of the honest database in a superuser's hands."""

    chain: Chain
    copies: Path
    dsn: str

    @property
    def sql(self) -> asyncpg.Connection:
        return self.chain.connection

    async def verify(self) -> Verified:
        """What the verifier says. Fails where the second, independent one does not agree."""
        copies = self.copies if self.copies.exists() else None
        verified = await verify(
            self.sql, "kw-1", "shard", KEYS, [] if copies is None else [FileCopies(copies, "kw-1")]
        )
        kinds = {each.kind for each in verified.findings.named}
        second = await SECOND.verify(self.dsn, Ed25519PublicKey.from_public_bytes(KEY.public), copies)
        if kinds - ONLY_THE_FIRST or not kinds:
            assert bool(second.lines) == bool(kinds), (second.lines, verified.findings.named)
        spoken = " ".join(second.lines)
        for each in verified.findings.named:
            if each.kind in ("changed", "missing") and each.table in TABLES:
                assert f"{each.table} {each.key}: {each.kind}" in spoken
        return verified

    async def unguarded(self, table: str, statement: str) -> None:
        """Run a statement on a table whose guards are off, and put them back on as they were."""
        await self._guard(table, "DISABLE")
        await self.sql.execute(statement)
        await self._guard(table, "ENABLE ALWAYS")

    async def _guard(self, table: str, state: str) -> None:
        await self.sql.execute(
            f"""DO $$ DECLARE t record; BEGIN
            FOR t IN SELECT relid FROM pg_partition_tree('{table}') LOOP
                EXECUTE format('ALTER TABLE %s {state} TRIGGER append_only', t.relid::regclass);
            END LOOP; END $$"""
            if await self.is_partitioned(table)
            else f"ALTER TABLE {table} {state} TRIGGER append_only"
        )

    async def is_partitioned(self, table: str) -> bool:
        return bool(
            await self.sql.fetchval("SELECT relkind = 'p' FROM pg_class WHERE oid = $1::regclass", table)
        )

    async def partition(self, table: str) -> str:
        """This month's partition of a table."""
        return str(
            await self.sql.fetchval("SELECT format('%s_%s', $1::text, to_char(now(), 'YYYY_MM'))", table)
        )


async def take(honest: Honest, original: str, tmp_path: Path) -> AsyncIterator[Attacked]:
    name = f"attacked_{original}"
    await honest.server.create_database(name, template=original)
    connection = await asyncpg.connect(honest.server.dsn(database=name))
    copies = tmp_path / "heads.jsonl"
    shutil.copy(honest.copies, copies)
    clock = SetClock(honest.clock.moment)
    yield Attacked(Chain(connection, clock=clock, seq=honest.seq), copies, honest.server.dsn(database=name))
    await connection.close()
    admin = await asyncpg.connect(honest.server.dsn(database="postgres"))
    await admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    await admin.close()


def found(verified: Verified, kind: str, table: str = "", key: str = "") -> Finding:
    """The finding of that kind, on that table, for that row. Fails when there is none."""
    for each in verified.findings.named:
        if each.kind == kind and table in ("", each.table) and key in ("", each.key):
            return each
    raise AssertionError(f"no {kind} {table} {key} in {verified.findings.named}")
