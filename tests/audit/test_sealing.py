"""Sealing a real database: what a head covers, and what it never waits for or breaks."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from octonext.audit.sealing import store
from octonext.audit.sealing.domain import proofs
from octonext.audit.sealing.domain.archived import Archived
from octonext.audit.sealing.domain.head import SealingKey, SignedHead
from octonext.audit.sealing.domain.manifest import decode
from octonext.audit.sealing.domain.proofs import BadProof
from octonext.audit.sealing.domain.rows import microseconds_of
from octonext.audit.sealing.errors import ForgedHead, WentBack
from octonext.audit.sealing.remote import CommandTarget, CopyFailed, DatabaseTarget, FileTarget, UrlTarget
from octonext.audit.sealing.service.copying import copy
from octonext.audit.sealing.service.proving import NotSealed, prove_consistency, prove_row
from octonext.audit.sealing.service.sealing import Memory, resume, seal
from octonext.audit.sealing.service.sources import DatabaseCopies, FileCopies
from octonext.audit.sealing.service.verifying import verify
from octonext.audit.sealing.store import StoredHead
from sealed_chain import KEY, OTHER_KEY, PUSH, Chain

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("attacks")]

KEYS = {KEY.id: KEY.public}


@pytest_asyncio.fixture
async def chain(shard_dsn: str) -> AsyncIterator[Chain]:
    connection = await asyncpg.connect(shard_dsn)
    await connection.execute("SELECT ensure_month_partitions(current_date, 1)")
    yield Chain(connection)
    connection.terminate()


@pytest_asyncio.fixture
async def other(shard_dsn: str) -> AsyncIterator[asyncpg.Connection]:
    """A second connection to the same database."""
    connection = await asyncpg.connect(shard_dsn)
    yield connection
    connection.terminate()


async def sealed_entries(chain: Chain) -> list[str]:
    """Every journal entry that a head names, in the order of leaves."""
    return [
        group.table.key_text(key)
        for head in await store.heads_after(chain.connection, 0)
        for group in decode(head.leaves or b"")
        if group.table.name == "device_journal"
        for key in group.keys
    ]


async def test_a_head_covers_each_row_once_and_names_the_head_before(chain: Chain) -> None:
    await chain.sell(3)
    first = await chain.seal()
    await chain.sell(2)
    second = await chain.seal()
    assert first is not None
    assert second is not None
    assert second.head.previous == first.hash
    assert second.head.size > first.head.size
    assert await sealed_entries(chain) == ["7-1-1", "7-1-2", "7-1-3", "7-1-4", "7-1-5"]


async def test_nothing_new_makes_no_head(chain: Chain) -> None:
    await chain.sell(1)
    assert await chain.seal() is not None
    assert await chain.seal() is None


async def test_rows_wait_for_an_older_transaction_and_are_sealed_when_it_has_ended(
    chain: Chain, other: asyncpg.Connection
) -> None:
    await chain.seal()
    older = other.transaction()
    await older.start()
    await other.execute(PUSH, 2, 1, 1)
    await chain.sell(1)
    await chain.seal()
    assert await sealed_entries(chain) == []
    await older.commit()
    await chain.seal()
    assert sorted(await sealed_entries(chain)) == ["7-1-1", "7-2-1"]


async def test_a_push_never_waits_for_a_head_that_is_being_written(
    chain: Chain, other: asyncpg.Connection
) -> None:
    await chain.sell(2)
    signed = await chain.seal()
    assert signed is not None
    await chain.sell(1)
    # Everything that sealing does, held open in the middle: read, hashed, appended, and not committed.
    async with chain.connection.transaction():
        groups = await store.leaves(
            chain.connection, "shard", signed.head.watermark, signed.head.watermark + 1000
        )
        assert groups
        await store.append(
            chain.connection,
            KEY.sign(replace(signed.head, number=2, continues=1, previous=signed.hash)),
            store.edge_of(0, b""),
            b"",
            "items",
            signed,
        )
        await other.execute("SET lock_timeout = '1s'")
        await other.execute(PUSH, 3, 1, 1)


async def test_two_sealers_write_one_chain(chain: Chain, other: asyncpg.Connection) -> None:
    await chain.sell(1)
    second = Chain(other, clock=chain.clock)
    for _ in range(4):
        await chain.sell(1)
        await asyncio.gather(chain.seal(), second.seal())
    verified = await verify(chain.connection, "kw-1", "shard", KEYS)
    assert verified.findings.named == []
    assert await sealed_entries(chain) == [f"7-1-{seq}" for seq in range(1, 6)]


async def test_a_sealer_that_dies_before_its_commit_leaves_nothing_behind(chain: Chain) -> None:
    class Dying(SealingKey):
        def sign(self, head: object) -> SignedHead:  # noqa: ARG002 -- it dies whatever it signs
            raise RuntimeError("killed")

    await chain.sell(1)
    with pytest.raises(RuntimeError, match="killed"):
        await seal(chain.connection, "kw-1", "shard", Dying(KEY.seed), chain.clock, Memory())
    assert await store.newest_number(chain.connection) == 0
    assert await chain.seal() is not None
    assert await sealed_entries(chain) == ["7-1-1"]


async def test_a_backlog_becomes_several_heads_and_a_large_push_still_one(chain: Chain) -> None:
    await chain.sell(30)
    for _ in range(5):
        await chain.sell(1)
    seen = await store.look(chain.connection)
    reached, heads = 0, 0
    while reached < seen.watermark:
        following = await store.reach(
            chain.connection, "shard", reached, seen.watermark, entries=10, transactions=2
        )
        assert following > reached
        reached, heads = following, heads + 1
    assert heads >= 3


async def test_a_head_by_another_key_is_never_continued(chain: Chain) -> None:
    await chain.sell(1)
    await chain.seal()
    chain.key, chain.memory = OTHER_KEY, Memory()
    await chain.sell(1)
    with pytest.raises(ForgedHead, match="not signed"):
        await chain.seal()


async def test_a_sealer_notices_that_its_newest_head_is_gone(chain: Chain) -> None:
    await chain.sell(1)
    await chain.seal()
    await chain.connection.execute(
        """ALTER TABLE seal_head DISABLE TRIGGER append_only;
           ALTER TABLE seal_leaves DISABLE TRIGGER append_only;
           DELETE FROM seal_leaves; DELETE FROM seal_head"""
    )
    with pytest.raises(WentBack, match="there no more"):
        await chain.seal()


async def test_a_restore_is_noticed_by_the_copies_and_accepted_only_with_the_key(
    chain: Chain, hq_dsn: str
) -> None:
    target = DatabaseTarget("hq", lambda: hq_dsn)
    for _ in range(3):
        await chain.sell(1)
        await chain.seal()
        await copy(chain.connection, "kw-1", target, KEY.public)
    await chain.connection.execute(
        """ALTER TABLE seal_head DISABLE TRIGGER append_only;
           ALTER TABLE seal_leaves DISABLE TRIGGER append_only;
           DELETE FROM seal_leaves WHERE number = 3; DELETE FROM seal_head WHERE number = 3;
           ALTER TABLE seal_head ENABLE ALWAYS TRIGGER append_only;
           ALTER TABLE seal_leaves ENABLE ALWAYS TRIGGER append_only"""
    )
    with pytest.raises(WentBack, match="head 3"):
        await copy(chain.connection, "kw-1", target, KEY.public)
    hq = await asyncpg.connect(hq_dsn)
    try:
        (lost,) = await store.copies_after(hq, "kw-1", 2)
        end = SignedHead.read(lost.encoded, lost.signature)
        with pytest.raises(ForgedHead):
            await resume(chain.connection, "kw-1", OTHER_KEY, chain.clock, [end])
        accepted = await resume(chain.connection, "kw-1", KEY, chain.clock, [end])
        assert (accepted.head.number, accepted.head.continues) == (4, 2)
        chain.memory = Memory()
        await chain.sell(1)
        assert await chain.seal() is not None
        assert await copy(chain.connection, "kw-1", target, KEY.public) == 2
        verified = await verify(chain.connection, "kw-1", "shard", KEYS, [DatabaseCopies("hq", hq, "kw-1")])
    finally:
        target.abort()
        await hq.close()
    assert {each.kind for each in verified.findings.named} <= {"trigger"}, "only that guards were off"
    assert any("accepted" in notice for notice in verified.findings.notices)


async def test_a_file_of_copies_survives_a_line_that_was_cut_short(chain: Chain, tmp_path: Path) -> None:
    file = tmp_path / "heads.jsonl"
    await chain.sell(1)
    await chain.seal()
    await copy(chain.connection, "kw-1", FileTarget(file), KEY.public)
    whole = file.read_bytes()
    await chain.sell(1)
    await chain.seal()
    await copy(chain.connection, "kw-1", FileTarget(file), KEY.public)
    # The machine dies in the middle of the second line; another sealer goes on with the file.
    file.write_bytes(file.read_bytes()[: len(whole) + 40])
    assert await copy(chain.connection, "kw-1", FileTarget(file), KEY.public) == 1
    assert await FileCopies(file, "kw-1").newest() == 2
    assert (await verify(chain.connection, "kw-1", "shard", KEYS, [FileCopies(file, "kw-1")])).holds
    assert file.stat().st_mode & 0o777 == 0o600


async def test_what_somebody_wrote_where_copies_are_kept_stops_no_sealing(
    chain: Chain, hq_dsn: str, tmp_path: Path
) -> None:
    """Junk with a high number, and a well-formed head by another key: neither is a history of ours."""
    signed = await chain.seal()
    assert signed is not None
    forged = OTHER_KEY.sign(replace(signed.head, number=900))
    junk = StoredHead(901, b"no head", bytes(64), b"")
    theirs = StoredHead(900, forged.encoded, forged.signature, b"")
    hq, target, file = (
        await asyncpg.connect(hq_dsn),
        DatabaseTarget("hq", lambda: hq_dsn),
        FileTarget(tmp_path / "heads.jsonl"),
    )
    try:
        await target.put("kw-1", [theirs])
        await hq.execute(
            "INSERT INTO seal_head_copy (database, number, head, signature, hash, leaves) "
            "VALUES ('kw-1', $1, $2, $3, sha256(''), '')", junk.number, junk.encoded, junk.signature,
        )  # fmt: skip
        await file.put("kw-1", [theirs, junk])
        for place in (target, file):
            assert await copy(chain.connection, "kw-1", place, KEY.public) == 1
            assert await place.newest("kw-1", KEY.public) == (1, signed.hash)
            assert await copy(chain.connection, "kw-1", place, KEY.public) == 0
        told = await verify(chain.connection, "kw-1", "shard", KEYS, [DatabaseCopies("hq", hq, "kw-1")])
        assert {each.key for each in told.findings.named if each.kind == "forged"} == {"900", "901"}
    finally:
        target.abort()
        hq.terminate()


async def test_a_command_gets_each_head_once_and_again_when_it_fails(chain: Chain, tmp_path: Path) -> None:
    kept, away = tmp_path / "kept", tmp_path / "away"
    script = (
        "import pathlib, sys; sys.exit(3) if pathlib.Path(sys.argv[2]).exists() else "
        "pathlib.Path(sys.argv[1]).open('a').write(sys.stdin.read() + '\\n')"
    )
    command = (sys.executable, "-c", script, str(kept), str(away))
    await chain.sell(1)
    await chain.seal()
    assert await copy(chain.connection, "kw-1", CommandTarget(command, tmp_path), KEY.public) == 1
    away.touch()
    await chain.sell(1)
    await chain.seal()
    with pytest.raises(CopyFailed, match="code 3"):
        await copy(chain.connection, "kw-1", CommandTarget(command, tmp_path), KEY.public)
    away.unlink()
    assert await copy(chain.connection, "kw-1", CommandTarget(command, tmp_path), KEY.public) == 1
    assert [json.loads(line)["number"] for line in kept.read_text().splitlines()] == [1, 2]


async def test_an_address_that_is_away_is_told_as_such(chain: Chain, tmp_path: Path) -> None:
    await chain.sell(1)
    await chain.seal()
    with pytest.raises(CopyFailed, match="not reached"):
        await copy(chain.connection, "kw-1", UrlTarget("https://127.0.0.1:1/heads", tmp_path), KEY.public)


async def test_every_sealed_row_and_every_two_heads_are_proven(chain: Chain) -> None:
    for _ in range(3):
        await chain.sell(3)
        await chain.canary()
        await chain.seal()
    for row in ("device_journal/7-1-5", "ledger_line/7-1-9-2"):
        proof = await prove_row(chain.connection, row, KEY.public)
        assert proofs.check(proofs.read(proofs.write(proof)), KEYS).database == "kw-1"
        with pytest.raises(BadProof, match="not leaf"):
            proofs.check(replace_hex(proof), KEYS)
        with pytest.raises(BadProof, match="not signed"):
            proofs.check(proof, {OTHER_KEY.id: OTHER_KEY.public})
    xid, number = await chain.connection.fetchrow(
        "SELECT xid::text, id FROM audit_change WHERE table_name = 'seal_canary' ORDER BY xid LIMIT 1"
    )
    proofs.check(await prove_row(chain.connection, f"audit_change/{xid}-{number}", KEY.public), KEYS)
    consistency = await prove_consistency(chain.connection, 1, 3, KEY.public)
    assert "continues head 1" in proofs.check(consistency).statement
    with pytest.raises(BadProof, match="rewritten"):
        proofs.check(
            type(consistency)(consistency.old, consistency.new, consistency.path[:-1], consistency.public_key)
        )
    with pytest.raises(NotSealed, match="under no head"):
        await prove_row(chain.connection, "device_journal/7-1-99", KEY.public)
    with pytest.raises(NotSealed, match="no sealed table"):
        await prove_row(chain.connection, "price/1", KEY.public)
    with pytest.raises(NotSealed, match="names no row"):
        await prove_row(chain.connection, "device_journal/x", KEY.public)


def replace_hex(proof: proofs.Inclusion) -> proofs.Inclusion:
    """The same proof of a row of which one byte differs."""
    at = len(proof.record) // 2
    digit = "0" if proof.record[at] != "0" else "1"
    record = proof.record[:at] + digit + proof.record[at + 1 :]
    return proofs.Inclusion(
        proof.table, proof.row, record, proof.json, proof.index, proof.path, proof.signed, proof.public_key
    )


async def archive_by_hand(chain: Chain, key: SealingKey) -> None:
    """Take this month's trail out, and say that it is in a file."""
    month = datetime.now(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    end = month + timedelta(days=40)
    for table in ("audit_transaction", "audit_change"):
        partition = f"{table}_{month:%Y_%m}"
        claim = Archived(
            table, partition, microseconds_of(month), microseconds_of(end), 1, "a.archive", bytes(32), 1
        )
        await chain.connection.execute(f"ALTER TABLE {table} DETACH PARTITION {partition}")
        await chain.connection.execute(f"DROP TABLE {partition}")
        await chain.connection.execute(
            """INSERT INTO seal_archive (table_name, partition_name, from_at, until_at, row_count, file_name,
                                         file_sha256, tree_size, signature)
               VALUES ($1, $2, $3, $4, 1, 'a.archive', $5, 1, $6)""",
            table, partition, month, end, bytes(32), claim.signed("kw-1", key),
        )  # fmt: skip


async def test_a_month_in_an_archive_is_not_missed(chain: Chain) -> None:
    await chain.canary()
    await chain.seal()
    await archive_by_hand(chain, KEY)
    verified = await verify(chain.connection, "kw-1", "shard", KEYS)
    assert verified.findings.named == []
    assert sum("only in the archive a.archive" in notice for notice in verified.findings.notices) == 2


async def test_a_dropped_month_with_a_forged_claim_that_it_is_archived_is_missed(chain: Chain) -> None:
    await chain.canary()
    await chain.seal()
    await archive_by_hand(chain, OTHER_KEY)
    verified = await verify(chain.connection, "kw-1", "shard", KEYS)
    told = {(each.table, each.kind) for each in verified.findings.named}
    assert {("audit_transaction", "missing"), ("audit_change", "missing")} <= told
    assert any("did not sign" in each.what for each in verified.findings.named)
    assert any("was dropped" in each.what for each in verified.findings.named)


async def test_a_month_that_only_claims_to_be_archived_is_missed(chain: Chain) -> None:
    await chain.canary()
    await chain.seal()
    await chain.connection.execute(
        """ALTER TABLE audit_change DISABLE TRIGGER append_only;
           DELETE FROM audit_change;
           INSERT INTO seal_archive (table_name, partition_name, from_at, until_at, row_count, file_name,
                                     file_sha256, tree_size, signature)
           VALUES ('audit_change', 'audit_change' || to_char(now() AT TIME ZONE 'UTC', '_YYYY_MM'),
                   now() - interval '1 day', now() + interval '1 hour', 1, 'a.archive', sha256(''), 1,
                   sha256('') || sha256(''))"""
    )
    counts = (await verify(chain.connection, "kw-1", "shard", KEYS)).findings.counts
    assert counts["audit_change", "missing"] >= 1
    assert any(kind == "partition" for _, kind in counts)
