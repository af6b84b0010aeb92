"""A shard's copy of head office's rows: missing, changed and invented rows are found, newer ones are not."""

from __future__ import annotations

import json

import asyncpg
import pytest

from octonext.processes.verify.domain.findings import Findings, Verdict
from octonext.processes.verify.references import CHECK, check_copy


async def copy_all(hq: asyncpg.Pool, shard: asyncpg.Pool) -> None:
    """What the relay does, in one page."""
    rows = await hq.fetch(
        "SELECT kind, key, region_id, branch_id, payload::text AS payload, xid::text AS xid, id"
        " FROM reference WHERE region_id IS NULL OR region_id = 1 ORDER BY reference.xid, id"
    )
    page = [
        {
            "kind": row["kind"],
            "key": row["key"],
            "region_id": row["region_id"],
            "branch_id": row["branch_id"],
            "payload": None if row["payload"] is None else json.loads(row["payload"]),
        }
        for row in rows
    ]
    applied = await shard.fetchval(
        "SELECT apply_reference('reference', '0', 0, $1::text::xid8, $2, $3)",
        rows[-1]["xid"],
        rows[-1]["id"],
        json.dumps(page),
    )
    assert applied == len(rows)


@pytest.fixture
async def copied(hq_database: asyncpg.Pool, shard_database: asyncpg.Pool) -> None:
    await hq_database.execute(
        "INSERT INTO region (code, jurisdiction, currency, time_zone, name_en)"
        " VALUES ('SA', 'SA', 'SAR', 'Asia/Riyadh', 'Riyadh'), ('KW', 'KW', 'KWD', 'Asia/Kuwait', 'Kuwait')"
    )
    await hq_database.execute(
        "INSERT INTO category (category_id, code, name_en) SELECT gen_random_uuid(), 'C-' || n, 'ألبان'"
        " FROM generate_series(1, 50) n"
    )
    await copy_all(hq_database, shard_database)


async def check(hq: asyncpg.Pool, shard: asyncpg.Pool) -> Verdict:
    findings = Findings()
    async with hq.acquire() as source, shard.acquire() as copy:
        await check_copy(source, copy, "sa-1", "SA", findings)
    [verdict] = [verdict for verdict in findings.verdicts() if verdict.check == CHECK]
    return verdict


@pytest.mark.usefixtures("copied")
async def test_a_whole_copy_holds(hq_database: asyncpg.Pool, shard_database: asyncpg.Pool) -> None:
    verdict = await check(hq_database, shard_database)
    assert verdict.state == "holds"
    assert verdict.examined > 60  # the region's own rows, everybody's taxes and categories


@pytest.mark.usefixtures("copied")
async def test_a_row_that_head_office_forgot_and_the_shard_deleted_is_no_fault(
    hq_database: asyncpg.Pool, shard_database: asyncpg.Pool
) -> None:
    await shard_database.execute("INSERT INTO reference (kind, key) VALUES ('product', 'forgotten')")
    assert (await check(hq_database, shard_database)).state == "holds"


@pytest.mark.usefixtures("copied")
@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("DELETE FROM reference WHERE kind = 'region'", "is missing, although the cursor has passed it"),
        (
            "UPDATE reference SET payload = payload || '{\"currency\": \"USD\"}' WHERE kind = 'region'",
            "differs, although the cursor has passed it",
        ),
        ("UPDATE reference SET payload = NULL WHERE kind = 'region'", "differs"),
        (
            "INSERT INTO reference (kind, key, payload) VALUES ('region', '999', '{}')",
            "is not head office's",
        ),
    ],
)
async def test_a_wrong_copy_is_found(
    hq_database: asyncpg.Pool, shard_database: asyncpg.Pool, statement: str, words: str
) -> None:
    await shard_database.execute(statement)
    verdict = await check(hq_database, shard_database)
    assert (verdict.state, verdict.broken) == ("broken", 1)
    assert words in verdict.findings[0].what


@pytest.mark.usefixtures("copied")
async def test_rows_beyond_the_cursor_are_on_their_way_and_no_fault(
    hq_database: asyncpg.Pool, shard_database: asyncpg.Pool
) -> None:
    await hq_database.execute("UPDATE category SET name_en = 'Dairy'")
    await hq_database.execute("INSERT INTO category VALUES (gen_random_uuid(), 'NEW', NULL, 'New')")
    assert (await check(hq_database, shard_database)).state == "holds"
