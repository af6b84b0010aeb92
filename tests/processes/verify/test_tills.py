"""Tills' journals against their shard: what a till lost, changed, or deleted too early is found."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest

from octonext.crypto.chain import GENESIS, link
from octonext.processes.verify.domain.findings import Findings
from octonext.processes.verify.journals import BadJournal, NoJournals, TillJournal, find_journals
from octonext.processes.verify.service import Options, Work, check_shard, verify_installation
from octonext.processes.verify.shard import reading
from octonext.runtime.layout import Layout
from octonext.till.store.journal import FILE_NAME
from unguarded import unguarded

from .conftest import CASHIER, DAY, PIN, Shop, write_day

ENTRIES = DAY["closed"]


def edit(shop: Shop, device: int, *statements: str) -> None:
    """Change a till's file behind its back."""
    shop.close_journals()
    connection = sqlite3.connect(shop.folder / f"till-{device}" / FILE_NAME)
    for statement in statements:
        assert connection.execute(statement).rowcount, statement
    connection.commit()
    connection.close()


async def test_journals_of_tills_that_synced_hold(shop: Shop) -> None:
    verdicts = await shop.verify(journals=True)
    for check in ("till-heads", "till-hashes", "till-acked"):
        assert verdicts[check].state == "holds"
    assert verdicts["till-hashes"].examined == 2 * ENTRIES


async def test_entries_that_wait_on_a_till_are_no_fault(empty_shop: Shop) -> None:
    till = await empty_shop.enrol(1)
    write_day(till)
    await empty_shop.push(till, last=6)
    verdicts = await empty_shop.verify(journals=True)
    assert not [name for name, verdict in verdicts.items() if verdict.state == "broken"]
    assert verdicts["till-hashes"].examined == 6


async def test_a_pruned_journal_holds(shop: Shop) -> None:
    assert shop.tills[0].journal.prune(keep=3) == ENTRIES - 3
    verdicts = await shop.verify(journals=True)
    assert not [name for name, verdict in verdicts.items() if verdict.state == "broken"]
    assert verdicts["till-hashes"].examined == 3 + ENTRIES


async def test_tills_that_sell_and_sync_meanwhile_are_no_fault(shop: Shop) -> None:
    [first, _] = [found for found in find_journals([shop.folder]) if isinstance(found, TillJournal)]
    till = shop.tills[0]
    till.begin_shift(CASHIER, PIN, 0)
    await shop.push(till)
    till.journal.prune(keep=1)
    till.move_cash(500)

    work = Work(Findings(), journals={(first.branch, first.device): first})
    async with reading("sa-1", shop.dsn) as reader:
        await check_shard(reader, work)
    assert [verdict for verdict in work.findings.verdicts() if verdict.state == "broken"] == []
    assert work.waiting == 1


async def test_a_changed_hash_on_the_till_is_found(shop: Shop) -> None:
    edit(shop, 1, "UPDATE entry SET hash = zeroblob(32) WHERE seq = 4")
    assert await shop.broken(journals=True) == {"till-hashes": ["sa-1 1-1-4"]}


async def test_a_till_that_lost_its_last_entries_is_found(shop: Shop) -> None:
    edit(shop, 1, "DELETE FROM entry WHERE seq > 12")
    assert await shop.broken(journals=True) == {"till-heads": ["sa-1 1-1-12"]}


async def test_a_till_that_deleted_what_nobody_acked_is_found(empty_shop: Shop) -> None:
    till = await empty_shop.enrol(1)
    write_day(till)
    await empty_shop.push(till, last=4)
    edit(empty_shop, 1, "DELETE FROM entry WHERE seq <= 6")
    assert await empty_shop.broken(journals=True) == {"till-acked": ["sa-1 1-1-6"]}


async def test_an_ack_that_the_shard_does_not_know_is_found(empty_shop: Shop) -> None:
    till = await empty_shop.enrol(1)
    write_day(till)
    await empty_shop.push(till, last=4)
    till.journal.mark_acked(6, till.journal.entries(6, 6)[0].hash, 5, [])
    assert await empty_shop.broken(journals=True) == {"till-acked": ["sa-1 1-1-6"]}


async def test_a_shard_that_lost_an_entry_is_found_from_the_till(shop: Shop) -> None:
    assert DAY["drawer"] == 9
    await shop.damage("DELETE FROM device_journal WHERE device_id = 1 AND seq = 9")
    broken = await shop.broken(journals=True)
    assert broken["till-hashes"] == ["sa-1 1-1-9"]


async def test_a_rewritten_past_that_agrees_with_itself_is_found_from_the_till(shop: Shop) -> None:
    rows = await shop.owner.fetch(
        "SELECT seq, hash, bytes FROM device_journal WHERE device_id = 1 ORDER BY seq"
    )
    previous = GENESIS
    async with unguarded(shop.owner):
        for row in rows:
            # The note of a sale is booked nowhere: nothing but the journal itself holds it.
            altered = row["bytes"].replace(b"office", b"orfice")
            previous = link(previous, altered)
            await shop.owner.execute(
                "UPDATE device_journal SET hash = $1, bytes = $2 WHERE device_id = 1 AND seq = $3",
                *(previous, altered, row["seq"]),
            )
        await shop.owner.execute("UPDATE device_head SET hash = $1 WHERE device_id = 1", previous)

    assert await shop.broken() == {}
    broken = await shop.broken(journals=True)
    assert broken["till-hashes"] == [f"sa-1 1-1-{seq}" for seq in range(DAY["sale"], DAY["closed"] + 1)]
    assert broken["till-acked"] == [f"sa-1 1-1-{DAY['closed']}"]


# --- what an installation's verification says of journals, with no shard to compare with ---------


@pytest.fixture
def away(tmp_path: Path) -> Layout:
    """An installation of which nothing runs."""
    data = tmp_path / "data"
    layout = Layout(data)
    data.mkdir()
    layout.config.write_text(
        'name = "away"\n[hq]\n[[shards]]\nid = "sa-1"\nregion = "SA"\njurisdiction = "SA"\n'
    )
    return layout


async def test_a_gap_and_a_clone_are_found_without_any_shard(shop: Shop, away: Layout) -> None:
    edit(shop, 1, "DELETE FROM entry WHERE seq = 3")
    shutil.copytree(shop.folder / "till-2", shop.folder / "copy-of-2")
    found = await verify_installation(away, Options(journals=(shop.folder,), reports=False))
    [verdict] = [each for each in found.checks if each.check == "till-journals"]
    said = sorted(finding.what for finding in verdict.findings)
    assert "two journals of one till" in said[1]
    assert f"holds {ENTRIES - 1} entries between 1 and {ENTRIES}" in said[0]


async def test_a_shard_that_is_away_proves_nothing(shop: Shop, away: Layout) -> None:
    shop.close_journals()
    found = await verify_installation(away, Options(journals=(shop.folder,), reports=False))
    assert not found.holds
    states = {each.check: each.state for each in found.checks}
    assert states["sales"] == states["till-hashes"] == states["reference-copies"] == "unchecked"
    assert "broken" not in states.values()


def test_a_file_that_is_no_journal_is_named(tmp_path: Path) -> None:
    (tmp_path / "till").mkdir()
    (tmp_path / "till" / FILE_NAME).write_text("not a database, but long enough to be looked at" * 30)
    [found] = find_journals([tmp_path])
    assert isinstance(found, BadJournal)
    assert found.reason


def test_a_folder_without_journals_is_a_mistake_and_said(tmp_path: Path) -> None:
    with pytest.raises(NoJournals, match="no till's journal"):
        find_journals([tmp_path])


async def test_a_till_that_never_synced_only_waits(empty_shop: Shop) -> None:
    till = await empty_shop.enrol(1)
    till.begin_shift(CASHIER, PIN, 0)
    verdicts = await empty_shop.verify(journals=True)
    assert not [name for name, verdict in verdicts.items() if verdict.state == "broken"]
