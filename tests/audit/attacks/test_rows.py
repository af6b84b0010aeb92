"""Rows that were changed, deleted or added behind the seal: each is found, and named."""

# ruff: noqa: S608 -- the statements are the attacker's own

from __future__ import annotations

from datetime import timedelta

import asyncpg
import pytest

from octonext.audit.sealing.service import trail
from octonext.audit.sealing.service.verifying import verify

from .hostile import KEYS, Attacked, found

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("attacks")]


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
