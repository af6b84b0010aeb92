"""Heads that were cut off, forged, forked or set back: each is found, and named."""

# ruff: noqa: S608 -- the statements are the attacker's own

from __future__ import annotations

from datetime import timedelta

import pytest

from octonext.audit.sealing import store
from octonext.audit.sealing.domain.head import SignedHead
from sealed_chain import OTHER_KEY, Chain

from .hostile import Attacked, found

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("attacks")]


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
