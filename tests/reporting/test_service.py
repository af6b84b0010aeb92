"""What the reporting service takes: every row once, whatever is sent again, torn, reset or given up."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace

import pytest
from clickhouse_connect.driver.client import Client

from live_files import holding
from octonext.base.clock import SystemClock
from octonext.feeds.domain import START, Cursor, Page
from octonext.reporting.domain.batches import TABLES
from octonext.reporting.service import Reporting
from octonext.reporting.store import Chdb, Olap, OlapUnavailable

from .conftest import NOON, MakePage, as_dicts, delivery, sale_count


async def test_a_batch_counts_once_however_often_it_is_sent(
    reporting: Reporting, make_page: MakePage
) -> None:
    page = make_page("sale", {"seq": 1}, {"seq": 2})
    first = await reporting.take("kw-1", delivery(page))
    again = await reporting.take("kw-1", delivery(page))
    assert first["sale"].applied
    assert not again["sale"].applied
    assert again["sale"].cursor == page.end
    assert again["sale"].error == ""
    assert await sale_count(reporting) == 2


async def test_a_relay_that_stands_elsewhere_cannot_say_how_fresh_the_figures_are(
    reporting: Reporting, make_page: MakePage
) -> None:
    read = make_page("sale", {"seq": 1}, xid=50)
    await reporting.take("kw-1", delivery(read))
    place = Page("sale", read.end, read.end, 0, b"", full=False)
    await reporting.reset("kw-1")
    outcomes = await reporting.take("kw-1", delivery(place, as_of=NOON))
    assert (outcomes["sale"].applied, outcomes["sale"].cursor) == (False, START)
    assert reporting.status()["sources"]["kw-1"]["as_of"] is None  # type: ignore[index]
    await reporting.take("kw-1", delivery(read))
    assert (await reporting.take("kw-1", delivery(place, as_of=NOON)))["sale"].applied
    assert reporting.status()["sources"]["kw-1"]["as_of"] == NOON  # type: ignore[index]


async def test_a_stale_relay_is_told_where_to_read_on(reporting: Reporting, make_page: MakePage) -> None:
    await reporting.take("kw-1", delivery(make_page("sale", {"seq": 1}, xid=50)))
    ahead = make_page("sale", {"seq": 9}, start=Cursor(70, 0))
    outcome = (await reporting.take("kw-1", delivery(ahead)))["sale"]
    assert (outcome.applied, outcome.cursor) == (False, Cursor(50, 1))
    assert reporting.cursors("kw-1")["sale"] == Cursor(50, 1)
    assert await sale_count(reporting) == 1


async def test_an_empty_batch_moves_the_cursor_and_adds_nothing(
    reporting: Reporting, olap: Olap, make_page: MakePage
) -> None:
    empty = Page("sale", START, Cursor(40, 0), 0, b"", full=False)
    assert (await reporting.take("kw-1", delivery(empty)))["sale"].applied
    assert (await olap.cursors())["kw-1", "sale"] == Cursor(40, 0)
    assert await sale_count(reporting) == 0


async def test_rows_beyond_the_cursor_are_gone_after_a_restart(
    reporting: Reporting, olap: Olap, make_page: MakePage
) -> None:
    taken = make_page("sale", {"seq": 1}, xid=10)
    await reporting.take("kw-1", delivery(taken))
    torn = make_page("sale", {"seq": 2}, {"seq": 3}, start=taken.end, xid=11)
    other = make_page("sale", {"seq": 1, "branch_id": 9}, xid=99, source="sa-1")
    # The process dies here: rows on disk, cursor not.
    await olap.insert(TABLES["sale"], torn.rows)
    await olap.insert(TABLES["sale"], other.rows)

    restarted = Reporting(olap, SystemClock())
    await restarted.start()
    assert await sale_count(restarted) == 1
    assert restarted.cursors("kw-1")["sale"] == taken.end
    assert restarted.cursors("sa-1")["sale"] == START
    assert (await restarted.take("kw-1", delivery(torn)))["sale"].applied
    assert await sale_count(restarted) == 3


async def test_a_source_that_is_reset_is_forgotten_and_filled_again(
    reporting: Reporting, olap: Olap, make_page: MakePage
) -> None:
    other = make_page("sale", {"seq": 1, "branch_id": 9}, source="sa-1")
    await reporting.take("sa-1", delivery(other))
    pages = [make_page("sale", {"seq": 1}, {"seq": 2}, xid=50), make_page("device", {}, xid=60)]
    marked = [replace(page, end=replace(page.end, mark="a" * 32)) for page in pages]
    await reporting.take("kw-1", delivery(*marked, as_of=NOON))
    assert (await olap.cursors())["kw-1", "sale"].mark == "a" * 32

    await reporting.reset("kw-1")
    assert await sale_count(reporting) == 1
    assert reporting.cursors("kw-1")["sale"] == START
    assert set(await olap.cursors()) == {("sa-1", "sale")}
    assert set(await olap.as_of()) <= {"sa-1"}

    # The restored shard's transactions are older than what was forgotten.
    again = [make_page("sale", {"seq": 1}, xid=20), make_page("device", {"seq": 7}, xid=21)]
    assert all(each.applied for each in (await reporting.take("kw-1", delivery(*again))).values())
    assert await sale_count(reporting) == 2
    (till,) = as_dicts(await reporting.report("till-health", {"branch": "7"}))
    assert till["head_seq"] == 7


async def test_while_a_source_is_being_forgotten_no_report_claims_to_be_fresh(
    reporting: Reporting, olap: Olap, make_page: MakePage, monkeypatch: pytest.MonkeyPatch
) -> None:
    await reporting.take("kw-1", delivery(make_page("device", {}, xid=60), as_of=NOON))
    assert (await reporting.report("totals", {})).as_of == {"7": NOON}
    finish, seen = olap.finish_reset, []

    async def look_and_finish(source: str) -> None:
        seen.append((await reporting.report("totals", {})).as_of)
        await finish(source)

    monkeypatch.setattr(olap, "finish_reset", look_and_finish)
    await reporting.reset("kw-1")
    assert seen == [{"7": None}]


async def test_a_reset_that_was_interrupted_is_finished_at_the_next_start(
    reporting: Reporting, olap: Olap, make_page: MakePage
) -> None:
    page = make_page("sale", {"seq": 1}, {"seq": 2}, xid=50)
    await reporting.take("kw-1", delivery(page))
    # The process dies here: begun, and only the cursors are gone.
    await olap.begin_reset("kw-1")
    restarted = Reporting(olap, SystemClock())
    await restarted.start()
    assert await sale_count(restarted) == 0
    assert restarted.cursors("kw-1")["sale"] == START
    assert (await restarted.take("kw-1", delivery(page)))["sale"].applied
    assert await sale_count(restarted) == 2
    assert await olap.resets_begun() == []


async def test_a_batch_that_cannot_be_read_is_cleaned_up_and_stops_only_its_own_feed(
    reporting: Reporting, make_page: MakePage
) -> None:
    good = make_page("payment", {"seq": 1})
    bad = make_page("sale", {"seq": 1}, {"seq": 2, "business_date": "yesterday"})
    outcomes = await reporting.take("kw-1", delivery(bad, good))
    assert outcomes["payment"].applied
    assert outcomes["sale"].error
    assert "yesterday" not in outcomes["sale"].error
    assert reporting.cursors("kw-1")["sale"] == START
    assert (await reporting.take("kw-1", delivery(make_page("sale", {"seq": 1}))))["sale"].applied
    assert await sale_count(reporting) == 1


async def test_figures_and_cursors_survive_closing_and_opening(chdb: Chdb, make_page: MakePage) -> None:
    olap = await Olap.open(chdb)
    reporting = Reporting(olap, SystemClock())
    await reporting.start()
    page = make_page("sale", {"seq": 1})
    await reporting.take("kw-1", delivery(page, as_of=NOON))
    await reporting.stop()
    await olap.close()

    olap = await Olap.open(chdb)
    reopened = Reporting(olap, SystemClock())
    await reopened.start()
    assert reopened.cursors("kw-1")["sale"] == page.end
    assert await sale_count(reopened) == 1
    assert reopened.status()["sources"]["kw-1"]["as_of"] == NOON  # type: ignore[index]
    await olap.close()


@pytest.mark.parametrize("fault", [OlapUnavailable("x"), OSError("reset by peer"), KeyError("a bug")])
async def test_a_fault_after_the_cursor_was_written_loses_no_row(
    reporting: Reporting,
    olap: Olap,
    make_page: MakePage,
    monkeypatch: pytest.MonkeyPatch,
    fault: Exception,
) -> None:
    page = make_page("sale", {"seq": 1}, {"seq": 2})
    with monkeypatch.context() as broken:

        async def written_then_failed(source: str, cursors: Mapping[str, Cursor]) -> None:
            await Olap.record_cursors(olap, source, cursors)
            raise fault

        broken.setattr(olap, "record_cursors", written_then_failed)
        with suppress(OSError, KeyError):
            assert not (await reporting.take("kw-1", delivery(page)))["sale"].applied
    again = (await reporting.take("kw-1", delivery(page)))["sale"]
    assert (again.applied, again.cursor) == (False, page.end)
    assert await sale_count(reporting) == 2


async def test_what_was_given_up_is_ended_before_the_cursors_are_believed(
    reporting: Reporting, olap: Olap, make_page: MakePage, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = make_page("sale", {"seq": 1})
    late: list[Mapping[str, Cursor]] = []

    async def given_up(_source: str, cursors: Mapping[str, Cursor]) -> None:
        late.append(cursors)
        raise OlapUnavailable("no answer in time")

    async def ended() -> None:
        # The server finished it in the moment in which it was told to end.
        await Olap.record_cursors(olap, "kw-1", late.pop())

    with monkeypatch.context() as slow:
        slow.setattr(olap, "record_cursors", given_up)
        await reporting.take("kw-1", delivery(page))
    monkeypatch.setattr(olap, "end_given_up", ended)
    assert (await reporting.take("kw-1", delivery(page)))["sale"].cursor == page.end
    assert await sale_count(reporting) == 1


async def test_many_small_pages_are_all_taken_and_merged_away(
    reporting: Reporting, olap: Olap, make_page: MakePage
) -> None:
    pages = 80
    start = START
    for seq in range(1, pages + 1):
        page = make_page("sale", {"seq": seq}, start=start)
        assert (await reporting.take("kw-1", delivery(page)))["sale"].applied
        start = page.end
    assert await sale_count(reporting) == pages

    def parts(client: Client) -> int:
        query = "SELECT count() FROM system.parts WHERE active AND table = 'sale'"
        return int(client.query(query).result_rows[0][0])

    deadline = time.monotonic() + 60
    while await olap._writers.run(parts) > pages // 4:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.1)
    assert await sale_count(reporting) == pages


async def test_rows_wait_for_the_store_beside_it_and_are_gone_afterwards(
    reporting: Reporting, chdb: Chdb, make_page: MakePage
) -> None:
    await reporting.take("kw-1", delivery(make_page("sale", {"seq": 1})))
    await reporting.take("kw-1", delivery(make_page("payment", {"amount": "much"})))
    incoming = chdb.path.with_name("incoming")
    assert list(incoming.iterdir()) == []
    (incoming / "left-by-a-crash").write_text("rows")
    await (await Olap.open(chdb)).close()
    assert list(incoming.iterdir()) == []


async def test_a_marker_stands_in_a_file_of_a_plain_store_as_it_is(reporting: Reporting, chdb: Chdb) -> None:
    """So that the doctor, who finds it nowhere in an encrypted one, knows that encryption hides it."""
    word = secrets.token_hex(32)
    await reporting.mark(word)
    assert holding(chdb.path, word.encode())
    assert list(chdb.path.with_name("incoming").iterdir()) == []
