"""A till may cut its journal into pushes as it likes: what the shard makes of it must not depend on it."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from octonext.sync.domain import OpenedEntry, translate
from octonext.sync.store import begin_session, ingest_push
from unguarded import unguarded

from .conftest import Twins
from .histories import Call
from .scripted_till import BEGINNING, RULES, ScriptedTill
from .twins import TABLES, Tables, in_transaction, real_tables

#: Entries of one journal.
ENTRIES = 160
RECEIVED_AT = BEGINNING + timedelta(days=365)


@pytest.mark.parametrize("seed", range(4))
async def test_a_journal_comes_to_the_same_however_it_is_cut(twins: Twins, seed: int) -> None:
    chance = random.Random(seed)
    till = ScriptedTill(1, 1, chance, [])
    for _ in range(ENTRIES):
        till.write()
    connection = await twins.real.connect()
    whole = await _booked(twins.owner, connection, till, [till.entries])
    one_by_one = await _booked(twins.owner, connection, till, [[entry] for entry in till.entries])
    by_chance = await _booked(twins.owner, connection, till, _cut(till.entries, chance))
    await connection.close()
    for table, rows in one_by_one.items():
        assert whole[table] == rows, table
        assert by_chance[table] == rows, table


def _cut(entries: list[OpenedEntry], chance: random.Random) -> list[list[OpenedEntry]]:
    """Pushes of one to twelve entries, some of which repeat the end of the one before."""
    pushes, at = [], 0
    while at < len(entries):
        end = at + chance.randint(1, 12)
        pushes.append(entries[max(0, at - chance.choice([0, 0, 3])) : end])
        at = end
    return pushes


async def _booked(
    owner: asyncpg.Connection, connection: Any, till: ScriptedTill, pushes: list[list[OpenedEntry]]
) -> Tables:
    """Every table after these pushes into an empty shard."""
    names = ", ".join(table for table in TABLES if table not in {"sale_tax", "stock_movement"})
    async with unguarded(owner):
        await owner.execute(f"TRUNCATE {names}, stock_adjustment")
    session = await begin_session(
        connection,
        branch=till.branch,
        device=till.device,
        seq=len(till.entries),
        hash_=till.hash_at(len(till.entries)),
        app="till 1",
        clock_offset=timedelta(0),
    )
    for entries in pushes:
        result = await in_transaction(connection, _push(till, session.epoch, entries))
        assert result.status == "accepted"
    tables = await real_tables(owner)
    del tables["push"]
    return tables


def _push(till: ScriptedTill, epoch: int, entries: list[OpenedEntry]) -> Call:
    rules = RULES[till.branch]
    postings = translate(entries, rules, received_at=RECEIVED_AT, clock_offset=timedelta(0))

    async def call(connection: Any) -> Any:
        return await ingest_push(
            connection,
            rules=rules,
            device=till.device,
            epoch=epoch,
            first=entries[0].seq,
            prev=till.hash_at(entries[0].seq - 1),
            keys=[],
            postings=postings,
        )

    return call
