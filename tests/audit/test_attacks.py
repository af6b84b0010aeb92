"""Everything that a superuser can do to a sealed database, one by one: each is found, and names the row.

A superuser is whoever may switch a guard off. The honest chain is made once; every attack works on a copy
of that database, and the copies of its heads lie in a file that the attacker cannot write to.
"""

# ruff: noqa: S608 -- the statements are the attacker's own

from __future__ import annotations

import asyncio
import importlib.util
import shutil
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from octonext.audit.sealing import store
from octonext.audit.sealing.domain.findings import Finding
from octonext.audit.sealing.domain.head import SignedHead
from octonext.audit.sealing.domain.rows import TABLES
from octonext.audit.sealing.remote import FileTarget
from octonext.audit.sealing.service import trail
from octonext.audit.sealing.service.copying import copy
from octonext.audit.sealing.service.sources import FileCopies
from octonext.audit.sealing.service.verifying import Verified, verify
from octonext.processes.cluster.server import PostgresServer
from octonext.processes.cluster.temporary import TEMPLATE
from sealed_chain import KEY, OTHER_KEY, Chain, SetClock

ROOT = Path(__file__).parents[2]


def load_second() -> Any:
    """The second verifier, which is a script."""
    spec = importlib.util.spec_from_file_location("verify_audit", ROOT / "scripts" / "verify_audit.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("attacks")]

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
        await self.sql.execute(
            f"""DO $$ DECLARE t record; BEGIN
            FOR t IN SELECT relid FROM pg_partition_tree('{table}') LOOP
                EXECUTE format('ALTER TABLE %s DISABLE TRIGGER append_only', t.relid::regclass);
            END LOOP; END $$"""
            if await self.is_partitioned(table)
            else f"ALTER TABLE {table} DISABLE TRIGGER append_only"
        )
        await self.sql.execute(statement)
        await self.sql.execute(
            f"""DO $$ DECLARE t record; BEGIN
            FOR t IN SELECT relid FROM pg_partition_tree('{table}') LOOP
                EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER append_only', t.relid::regclass);
            END LOOP; END $$"""
            if await self.is_partitioned(table)
            else f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER append_only"
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


@pytest.fixture(scope="module")
def honest(shard_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Honest]:
    copies = tmp_path_factory.mktemp("copies") / "heads.jsonl"
    made: list[Honest] = []

    async def make() -> None:
        await shard_server.create_database(HONEST, template=TEMPLATE)
        connection = await asyncpg.connect(shard_server.dsn(database=HONEST))
        await connection.execute("SELECT ensure_month_partitions((now() - interval '40 days')::date, 4)")
        chain, target = Chain(connection), FileTarget(copies)
        newest = None
        for number in (1, 2, 3):
            await chain.sell(2)
            assert await chain.canary()
            newest = await chain.seal()
            await copy(connection, "kw-1", target, KEY.public)
            if number == 2:
                await connection.close()
                await shard_server.create_database(YESTERDAY, template=HONEST)
                chain.connection = connection = await asyncpg.connect(shard_server.dsn(database=HONEST))
        await connection.close()
        assert newest is not None
        assert newest.number == 3
        made.append(Honest(shard_server, copies, chain.clock, newest, chain.seq))

    async def drop() -> None:
        admin = await asyncpg.connect(shard_server.dsn(database="postgres"))
        for name in (HONEST, YESTERDAY):
            await admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        await admin.close()

    try:
        asyncio.run(make())
        yield made[0]
    finally:
        asyncio.run(drop())


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


@pytest_asyncio.fixture
async def attacked(honest: Honest, tmp_path: Path) -> AsyncIterator[Attacked]:
    async for each in take(honest, HONEST, tmp_path):
        yield each


@pytest_asyncio.fixture
async def restored(honest: Honest, tmp_path: Path) -> AsyncIterator[Attacked]:
    """The database as it was at head 2, under the same name."""
    async for each in take(honest, YESTERDAY, tmp_path):
        yield each


def found(verified: Verified, kind: str, table: str = "", key: str = "") -> Finding:
    """The finding of that kind, on that table, for that row. Fails when there is none."""
    for each in verified.findings.named:
        if each.kind == kind and table in ("", each.table) and key in ("", each.key):
            return each
    raise AssertionError(f"no {kind} {table} {key} in {verified.findings.named}")


async def test_an_honest_database_has_no_finding(attacked: Attacked) -> None:
    verified = await attacked.verify()
    assert verified.findings.named == []
    assert verified.holds
    assert verified.heads == 3
    assert verified.rows > 20


async def test_a_changed_journal_entry_is_named(attacked: Attacked) -> None:
    await attacked.unguarded("device_journal", "UPDATE device_journal SET bytes = 'another' WHERE seq = 3")
    verified = await attacked.verify()
    found(verified, "changed", "device_journal", "7-1-3")
    found(verified, "trigger", "catalogue", f"{await attacked.partition('device_journal')}.append_only")


async def test_a_changed_ledger_line_is_named(attacked: Attacked) -> None:
    # Both lines, so that the books still balance.
    await attacked.unguarded(
        "ledger_line", "UPDATE ledger_line SET debit = debit / 2, credit = credit / 2 WHERE seq = 4"
    )
    verified = await attacked.verify()
    found(verified, "changed", "ledger_line", "7-1-4-1")
    found(verified, "changed", "ledger_line", "7-1-4-2")


async def test_a_changed_record_of_the_trail_is_named(attacked: Attacked) -> None:
    xid, number = await attacked.sql.fetchrow(
        "SELECT xid::text, id FROM audit_change WHERE table_name = 'seal_canary' ORDER BY xid DESC LIMIT 1"
    )
    await attacked.unguarded(
        "audit_change", f"""UPDATE audit_change SET key = '{{"only_row": false}}' WHERE id = {number}"""
    )
    found(await attacked.verify(), "changed", "audit_change", f"{xid}-{number}")


async def test_another_actor_in_the_trail_is_named(attacked: Attacked) -> None:
    xid = await attacked.sql.fetchval("SELECT max(xid)::text FROM audit_transaction")
    await attacked.unguarded(
        "audit_transaction", f"UPDATE audit_transaction SET login_role = 'somebody' WHERE xid = '{xid}'"
    )
    found(await attacked.verify(), "changed", "audit_transaction", xid)


async def test_a_deleted_row_is_named(attacked: Attacked) -> None:
    await attacked.unguarded("ledger_line", "DELETE FROM ledger_line WHERE seq = 2")
    verified = await attacked.verify()
    found(verified, "missing", "ledger_line", "7-1-2-1")
    found(verified, "missing", "ledger_line", "7-1-2-2")
    assert {each.table for each in verified.findings.named if each.kind == "missing"} == {"ledger_line"}


async def test_a_deleted_push_does_not_hide_that_its_entries_are_still_there(attacked: Attacked) -> None:
    await attacked.unguarded("push", "DELETE FROM push WHERE first_seq = 3")
    missing = [each for each in (await attacked.verify()).findings.named if each.kind == "missing"]
    assert [each.table for each in missing] == ["push"]
    assert missing[0].key.endswith("-7-1")


async def test_a_back_dated_entry_without_a_push_is_named(attacked: Attacked) -> None:
    await attacked.sql.execute(
        """INSERT INTO device_journal
               (branch_id, device_id, seq, hash, key_id, kind, bytes, outcome, received_at)
           VALUES (7, 9, 1, sha256(''), 'key', 'sale', '', 'posted', now() - interval '1 day')"""
    )
    found(await attacked.verify(), "inserted", "device_journal", "7-9-1")


async def test_rows_of_a_transaction_long_sealed_are_named(attacked: Attacked) -> None:
    xid, at = await attacked.sql.fetchrow("SELECT xid::text, posted_at FROM push ORDER BY xid LIMIT 1")
    await attacked.sql.execute(
        f"""INSERT INTO push (xid, branch_id, device_id, first_seq, last_seq, hash, posted_at)
            VALUES ('{xid}', 7, 9, 1, 1, sha256(''), $1)""",
        at,
    )
    await attacked.sql.execute(
        """INSERT INTO device_journal
               (branch_id, device_id, seq, hash, key_id, kind, bytes, outcome, received_at)
           VALUES (7, 9, 1, sha256(''), 'key', 'sale', '', 'posted', $1)""",
        at,
    )
    verified = await attacked.verify()
    found(verified, "inserted", "push", f"{xid}-7-9")
    found(verified, "inserted", "device_journal", "7-9-1")


async def test_a_push_of_today_that_says_yesterday_is_named_before_and_after_it_is_sealed(
    attacked: Attacked,
) -> None:
    at = await attacked.sql.fetchval("SELECT now() - interval '1 day'")
    await attacked.sql.execute(
        """INSERT INTO push (branch_id, device_id, first_seq, last_seq, hash, posted_at)
           VALUES (7, 9, 1, 1, sha256(''), $1)""",
        at,
    )
    xid = await attacked.sql.fetchval("SELECT max(xid)::text FROM push")
    found(await attacked.verify(), "back-dated", "push", f"{xid}-7-9")
    assert await attacked.chain.seal() is not None
    found(await attacked.verify(), "back-dated", "push", f"{xid}-7-9")


async def test_a_transaction_that_is_still_to_come_is_named(attacked: Attacked) -> None:
    await attacked.sql.execute(
        """INSERT INTO push (xid, branch_id, device_id, first_seq, last_seq, hash, posted_at)
           VALUES ('900000000000', 7, 9, 1, 1, sha256(''), now())"""
    )
    found(await attacked.verify(), "inserted", "push", "900000000000-7-9")


async def test_a_truncated_table_names_its_rows(attacked: Attacked) -> None:
    await attacked.unguarded("device_journal", "TRUNCATE device_journal")
    verified = await attacked.verify()
    found(verified, "missing", "device_journal", "7-1-1")
    assert verified.findings.counts["device_journal", "missing"] == 6


async def test_a_disabled_trigger_is_named(attacked: Attacked) -> None:
    await attacked.sql.execute("ALTER TABLE ledger_line DISABLE TRIGGER append_only")
    verified = await attacked.verify()
    assert "DISABLED" in found(verified, "trigger", "catalogue", "ledger_line.append_only").what
    found(verified, "trigger", "ledger_line", "append_only")


async def test_a_trigger_made_ordinary_is_named(attacked: Attacked) -> None:
    await attacked.sql.execute("ALTER TABLE stock_balance ENABLE TRIGGER audit_update")
    assert (
        "ordinary"
        in found(await attacked.verify(), "trigger", "catalogue", "stock_balance.audit_update").what
    )


async def test_a_dropped_trigger_is_named(attacked: Attacked) -> None:
    await attacked.sql.execute("DROP TRIGGER audit_delete ON stock_balance")
    assert "gone" in found(await attacked.verify(), "trigger", "catalogue", "stock_balance.audit_delete").what


async def test_a_trigger_that_was_off_between_two_heads_is_named(attacked: Attacked) -> None:
    await attacked.sql.execute("ALTER TABLE stock_balance DISABLE TRIGGER audit_update")
    await attacked.sql.execute("ALTER TABLE stock_balance ENABLE ALWAYS TRIGGER audit_update")
    assert await attacked.chain.seal() is not None, "the catalogue changed, so there is a head"
    finding = found(await attacked.verify(), "trigger", "catalogue", "stock_balance.audit_update")
    assert "off and on again" in finding.what
    assert "between heads 3 and 4" in finding.what


async def test_an_audit_function_that_does_nothing_is_named_and_so_is_the_canary(attacked: Attacked) -> None:
    await attacked.sql.execute(
        "CREATE OR REPLACE FUNCTION audit_rows() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'"
    )
    assert not await attacked.chain.canary(), "the sealer notices it at once"
    assert await attacked.chain.seal() is not None
    verified = await attacked.verify()
    assert "replaced" in found(verified, "function", "catalogue", "audit_rows()").what
    found(verified, "canary", "audit_change", "canary 4")


async def test_an_audit_function_that_was_put_back_is_named(attacked: Attacked) -> None:
    original = await attacked.sql.fetchval("SELECT pg_get_functiondef('audit_rows'::regproc)")
    await attacked.sql.execute(
        "CREATE OR REPLACE FUNCTION audit_rows() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'"
    )
    await attacked.sql.execute(original)
    assert "put back" in found(await attacked.verify(), "function", "catalogue", "audit_rows()").what


async def test_a_session_as_replica_is_named(attacked: Attacked) -> None:
    async with attacked.sql.transaction():
        await attacked.sql.execute("SET LOCAL session_replication_role = replica")
        await attacked.sql.execute(
            "UPDATE device_head SET seq = 1; INSERT INTO stock_balance VALUES (7, gen_random_uuid(), 5)"
        )
        xid = await attacked.sql.fetchval("SELECT pg_current_xact_id()::text")
        with pytest.raises(asyncpg.PostgresError, match="only ever grows"):
            async with attacked.sql.transaction():
                await attacked.sql.execute("UPDATE ledger_line SET debit = 1")
    found(await attacked.verify(), "replica", "audit_transaction", xid)


async def test_a_stored_setting_that_makes_sessions_replicas_is_named(attacked: Attacked) -> None:
    name = await attacked.sql.fetchval("SELECT current_database()")
    await attacked.sql.execute(f'ALTER DATABASE "{name}" SET session_replication_role = replica')
    found(await attacked.verify(), "replica", "catalogue", "setting of all in this")


async def test_a_detached_partition_is_named_with_its_rows(attacked: Attacked) -> None:
    name = await attacked.partition("ledger_line")
    await attacked.sql.execute(f"ALTER TABLE ledger_line DETACH PARTITION {name}")
    verified = await attacked.verify()
    assert "detached" in found(verified, "partition", name).what
    found(verified, "missing", "ledger_line", "7-1-1-1")


async def test_a_dropped_partition_is_named_with_its_rows(attacked: Attacked) -> None:
    name = await attacked.partition("audit_change")
    await attacked.sql.execute(f"DROP TABLE {name}")
    verified = await attacked.verify()
    assert "dropped" in found(verified, "partition", name).what
    found(verified, "missing", "audit_change")


async def cut(attacked: Attacked, numbers: str) -> list[int]:
    """Delete heads with all the rows that they sealed; the entries that are gone."""
    first, last = await attacked.sql.fetchrow(
        f"""SELECT (SELECT max(watermark)::text FROM seal_head WHERE number < min(h.number)),
                   max(watermark)::text FROM seal_head h WHERE number IN ({numbers})"""
    )
    inside = f"xid >= '{first}'::xid8 AND xid < '{last}'::xid8"
    gone = [
        row[0]
        for row in await attacked.sql.fetch(
            f"SELECT generate_series(first_seq, last_seq) FROM push WHERE {inside} ORDER BY 1"
        )
    ]
    seqs = ", ".join(map(str, gone))
    await attacked.unguarded("ledger_line", f"DELETE FROM ledger_line WHERE seq IN ({seqs})")
    await attacked.unguarded("device_journal", f"DELETE FROM device_journal WHERE seq IN ({seqs})")
    await attacked.unguarded("push", f"DELETE FROM push WHERE {inside}")
    await attacked.unguarded("audit_change", f"DELETE FROM audit_change WHERE {inside}")
    await attacked.unguarded("audit_transaction", f"DELETE FROM audit_transaction WHERE {inside}")
    await attacked.unguarded("seal_leaves", f"DELETE FROM seal_leaves WHERE number IN ({numbers})")
    await attacked.unguarded("seal_head", f"DELETE FROM seal_head WHERE number IN ({numbers})")
    return gone


async def test_a_tail_that_was_cut_off_is_named_from_a_copy(attacked: Attacked) -> None:
    gone = await cut(attacked, "3")
    verified = await attacked.verify()
    assert "ends with head 2" in found(verified, "tail", "seal_head", "3").what
    for seq in gone:
        found(verified, "missing", "device_journal", f"7-1-{seq}")
        found(verified, "missing", "ledger_line", f"7-1-{seq}-1")


async def test_heads_deleted_together_with_their_rows_are_named(attacked: Attacked) -> None:
    gone = await cut(attacked, "2")
    verified = await attacked.verify()
    found(verified, "head missing", "seal_head", "2")
    assert gone == [3, 4]
    found(verified, "missing", "device_journal", "7-1-3")
    found(verified, "missing", "device_journal", "7-1-4")


async def test_heads_deleted_together_with_their_rows_are_missed_without_any_copy(attacked: Attacked) -> None:
    await cut(attacked, "2")
    attacked.copies.unlink()
    assert "no copy" in found(await attacked.verify(), "head missing", "seal_head", "2").what


async def test_a_database_restored_to_yesterday_names_what_it_lost(restored: Attacked) -> None:
    verified = await restored.verify()
    assert "ends with head 2" in found(verified, "tail", "seal_head", "3").what
    found(verified, "missing", "device_journal", "7-1-5")
    found(verified, "missing", "ledger_line", "7-1-6-2")


async def test_a_restored_database_that_went_on_shows_two_histories(restored: Attacked) -> None:
    restored.chain.clock.pass_time(3600.0)
    await restored.chain.sell(1)
    assert await restored.chain.seal() is not None
    verified = await restored.verify()
    found(verified, "fork", "seal_head", "3")
    found(verified, "fork", "device_journal", "7-1-5")


async def test_a_forged_head_is_named_and_the_row_that_it_covers_up(attacked: Attacked) -> None:
    """Whoever holds the database, but not the key, writes the whole last head anew around a changed row."""
    await attacked.unguarded("device_journal", "UPDATE device_journal SET bytes = 'another' WHERE seq = 6")
    await attacked.unguarded("seal_leaves", "DELETE FROM seal_leaves WHERE number = 3")
    await attacked.unguarded("seal_head", "DELETE FROM seal_head WHERE number = 3")
    forger = Chain(attacked.sql, clock=attacked.chain.clock, key=OTHER_KEY)
    honest_two = (await store.heads_after(attacked.sql, 1))[0]
    resigned = OTHER_KEY.sign(SignedHead.read(honest_two.encoded, honest_two.signature).head)
    await attacked.unguarded(
        "seal_head",
        f"""UPDATE seal_head SET head = '\\x{resigned.encoded.hex()}',
            signature = '\\x{resigned.signature.hex()}',
            hash = '\\x{resigned.hash.hex()}' WHERE number = 2""",
    )
    assert (await forger.seal()) is not None
    verified = await attacked.verify()
    found(verified, "forged", "seal_head", "2")
    found(verified, "forged", "seal_head", "3")
    found(verified, "changed", "device_journal", "7-1-6")


async def test_altered_leaves_are_named_and_the_row_with_them(attacked: Attacked) -> None:
    await attacked.unguarded(
        "seal_leaves", "UPDATE seal_leaves SET leaves = leaves || '\\x00' WHERE number = 2"
    )
    await attacked.unguarded("device_journal", "DELETE FROM device_journal WHERE seq = 3")
    verified = await attacked.verify()
    found(verified, "forged", "seal_leaves", "2")
    found(verified, "missing", "device_journal", "7-1-3")


async def test_forked_views_are_named_although_the_true_key_signed_both(attacked: Attacked) -> None:
    await attacked.unguarded("seal_leaves", "DELETE FROM seal_leaves WHERE number = 3")
    await attacked.unguarded("seal_head", "DELETE FROM seal_head WHERE number = 3")
    await attacked.unguarded("device_journal", "UPDATE device_journal SET bytes = 'another' WHERE seq = 6")
    assert await attacked.chain.seal() is not None
    verified = await attacked.verify()
    found(verified, "fork", "seal_head", "3")
    assert "different" in found(verified, "fork", "device_journal", "7-1-6").what


async def test_a_clock_that_was_set_back_is_named(attacked: Attacked) -> None:
    attacked.chain.clock.moment -= timedelta(hours=5)
    await attacked.chain.sell(1)
    signed = await attacked.chain.seal()
    assert signed is not None
    assert attacked.chain.memory.clock_went_back
    assert "set back" in found(await attacked.verify(), "clock", "seal_head", "4").what


async def test_a_catalogue_text_that_was_altered_is_named(attacked: Attacked) -> None:
    attacked.copies.unlink()
    await attacked.unguarded("seal_catalogue", "UPDATE seal_catalogue SET items = items || 'x'")
    found(await attacked.verify(), "catalogue", "seal_catalogue")


async def test_an_empty_database_that_was_sealed_before_is_missing_everything(attacked: Attacked) -> None:
    await attacked.unguarded("seal_leaves", "DELETE FROM seal_leaves")
    await attacked.unguarded("seal_head", "DELETE FROM seal_head")
    attacked.copies.unlink()
    found(await attacked.verify(), "unsealed", "seal_head")


SWALLOW = """
CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN IF NEW.table_name = 'stock_balance' THEN RETURN NULL; END IF; RETURN NEW; END $$
"""


async def test_a_trigger_on_a_partition_that_swallows_some_rows_is_named(attacked: Attacked) -> None:
    # The function of another schema: nothing in ours changes but the partition's triggers.
    await attacked.sql.execute("CREATE SCHEMA elsewhere; SET search_path = elsewhere")
    await attacked.sql.execute(SWALLOW)
    await attacked.sql.execute("RESET search_path")
    partition = await attacked.partition("audit_change")
    await attacked.sql.execute(
        f"CREATE TRIGGER quiet BEFORE INSERT ON {partition} FOR EACH ROW EXECUTE FUNCTION elsewhere.swallow()"
    )
    await attacked.sql.execute(f"ALTER TABLE {partition} ENABLE ALWAYS TRIGGER quiet")
    # The canary, which is all that a sealer looks at, is not among them.
    assert await attacked.chain.canary()
    verified = await attacked.verify()
    assert "came" in found(verified, "trigger", "catalogue", f"{partition}.quiet").what
    assert "came" in found(verified, "function", "catalogue", "elsewhere.swallow()").what


async def test_a_month_that_comes_with_a_trigger_of_its_own_is_named(attacked: Attacked) -> None:
    await attacked.sql.execute("SELECT ensure_month_partitions('2031-04-01', 1)")
    assert (await attacked.verify()).holds
    await attacked.sql.execute(SWALLOW)
    await attacked.sql.execute("SELECT ensure_month_partitions('2031-05-01', 1)")
    await attacked.sql.execute(
        "CREATE TRIGGER quiet BEFORE INSERT ON audit_change_2031_05 FOR EACH ROW EXECUTE FUNCTION swallow()"
    )
    verified = await attacked.verify()
    found(verified, "trigger", "catalogue", "audit_change_2031_05.quiet")


async def test_a_forged_table_that_is_attached_as_a_month_is_named(attacked: Attacked) -> None:
    await attacked.sql.execute("CREATE UNLOGGED TABLE ledger_line_2031_06 (LIKE ledger_line INCLUDING ALL)")
    await attacked.sql.execute(
        "ALTER TABLE ledger_line ATTACH PARTITION ledger_line_2031_06 FOR VALUES FROM ('2031-06-01') "
        "TO ('2031-07-01')"
    )
    verified = await attacked.verify()
    found(verified, "catalogue", "catalogue", "ledger_line_2031_06")
    found(verified, "trigger", "ledger_line_2031_06", "append_only")


async def test_a_function_that_is_called_in_place_of_ours_is_named(attacked: Attacked) -> None:
    """pg_catalog is looked up first, and a function there whose arguments fit exactly wins."""
    await attacked.sql.execute("SET allow_system_table_mods = on")
    await attacked.sql.execute(
        """CREATE FUNCTION pg_catalog.audit_statement(oid, text, text[]) RETURNS text LANGUAGE sql AS
           $$ SELECT CASE WHEN $1 = 'public.seal_canary'::regclass
                          THEN public.audit_statement($1::regclass, $2, $3) ELSE 'SELECT WHERE 0=1' END $$"""
    )
    before = await attacked.sql.fetchval("SELECT count(*) FROM audit_change")
    await attacked.sql.execute("INSERT INTO stock_balance VALUES (7, gen_random_uuid(), 1000)")
    assert await attacked.sql.fetchval("SELECT count(*) FROM audit_change") == before
    assert await attacked.chain.canary()
    found(await attacked.verify(), "function", "catalogue", "audit_statement(oid,text,text[])")


async def test_a_table_an_operator_and_a_cast_in_the_way_of_ours_are_named(attacked: Attacked) -> None:
    await attacked.sql.execute("SET allow_system_table_mods = on")
    await attacked.sql.execute("CREATE TABLE pg_catalog.audit_change (LIKE public.audit_change)")
    await attacked.sql.execute(
        "CREATE FUNCTION public.never(json, json) RETURNS boolean LANGUAGE sql AS 'SELECT false'"
    )
    await attacked.sql.execute(
        "CREATE OPERATOR public.<> (FUNCTION = public.never, LEFTARG = json, RIGHTARG = json)"
    )
    await attacked.sql.execute("CREATE CAST (bytea AS json) WITH INOUT")
    verified = await attacked.verify()
    found(verified, "catalogue", "catalogue", "pg_catalog.audit_change")
    found(verified, "catalogue", "catalogue", "<>(json,json)")
    found(verified, "catalogue", "catalogue", "bytea to json")


async def test_a_subscription_which_writes_past_triggers_for_statements_is_named(attacked: Attacked) -> None:
    await attacked.sql.execute(
        "CREATE SUBSCRIPTION inwards CONNECTION 'dbname=elsewhere' PUBLICATION theirs "
        "WITH (connect = false, slot_name = NONE)"
    )
    try:
        found(await attacked.verify(), "catalogue", "catalogue", "inwards")
    finally:
        await attacked.sql.execute("DROP SUBSCRIPTION inwards")


async def test_a_function_of_postgres_that_was_replaced_is_named(attacked: Attacked) -> None:
    await attacked.sql.execute("SET allow_system_table_mods = on")
    await attacked.sql.execute(
        "CREATE OR REPLACE FUNCTION pg_catalog.quote_ident(text) RETURNS text LANGUAGE sql IMMUTABLE STRICT "
        "AS 'SELECT $1'"
    )
    found(await attacked.verify(), "function", "catalogue", "and operators of PostgreSQL")


async def test_a_grant_on_a_function_of_postgres_is_no_finding(attacked: Attacked) -> None:
    await attacked.sql.execute("GRANT EXECUTE ON FUNCTION pg_catalog.pg_stat_get_activity(integer) TO public")
    await attacked.sql.execute("VACUUM (FREEZE, ANALYZE)")
    await attacked.sql.execute("REINDEX TABLE audit_change")
    await attacked.sql.execute("CREATE SCHEMA reports")
    await attacked.sql.execute("CREATE FUNCTION reports.one() RETURNS integer LANGUAGE sql AS 'SELECT 1'")
    assert (await attacked.verify()).holds


async def test_a_push_of_tomorrow_is_named(attacked: Attacked) -> None:
    await attacked.sql.execute(
        """INSERT INTO push (branch_id, device_id, first_seq, last_seq, hash, posted_at)
           VALUES (7, 9, 1, 1, sha256(''), now() + interval '1 day')"""
    )
    xid = await attacked.sql.fetchval("SELECT max(xid)::text FROM push")
    assert await attacked.chain.seal() is not None
    found(await attacked.verify(), "post-dated", "push", f"{xid}-7-9")


async def test_rows_that_nobody_seals_are_told(attacked: Attacked, monkeypatch: pytest.MonkeyPatch) -> None:
    """A transaction that stays open keeps everything after it from being sealed."""
    holder = await asyncpg.connect(attacked.dsn)
    try:
        await holder.execute("BEGIN")
        await holder.execute("SELECT pg_current_xact_id()")
        await attacked.chain.sell(1)
        await attacked.chain.seal()
        assert (await verify(attacked.sql, "kw-1", "shard", KEYS)).holds
        monkeypatch.setattr(trail, "UNSEALED_AFTER", timedelta(0))
        verified = await verify(attacked.sql, "kw-1", "shard", KEYS)
        found(verified, "unsealed", "seal_head", "4" if verified.heads == 4 else "3")
        await holder.execute("ROLLBACK")
    finally:
        holder.terminate()
    await attacked.chain.seal()
    assert (await verify(attacked.sql, "kw-1", "shard", KEYS)).holds


async def test_a_column_beside_the_heads_bytes_stops_no_sealer(
    attacked: Attacked,
) -> None:
    await attacked.unguarded("seal_head", "UPDATE seal_head SET hash = sha256('') WHERE number IN (2, 3)")
    await attacked.chain.sell(1)
    signed = await attacked.chain.seal()
    assert signed is not None
    assert signed.number == 4
    await attacked.unguarded("seal_leaves", "DELETE FROM seal_leaves WHERE number = 1")
    await attacked.unguarded("seal_head", "DELETE FROM seal_head WHERE number = 1")
    verified = await attacked.verify()
    found(verified, "head missing", "seal_head", "1")
    assert not any("accepted" in notice for notice in verified.findings.notices)
