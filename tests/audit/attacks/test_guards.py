"""Triggers, functions and sessions that write past the guards: each is found, and named."""

from __future__ import annotations

import asyncpg
import pytest

from .hostile import Attacked, found

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("attacks")]


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
