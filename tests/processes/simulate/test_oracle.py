"""The oracle's comparisons can fail: each finds what was changed behind the program's back."""

from __future__ import annotations

import pytest

from octonext.feeds.domain import Cursor, Page, Reading, Snapshot
from octonext.processes.simulate.mutations import applied
from octonext.processes.simulate.oracle.reports import check_reports, reports_behind
from octonext.processes.simulate.plan import Plan, small_world
from octonext.processes.simulate.world import World


def _lived(plan: Plan) -> World:
    plan.faults, plan.busy_s = {}, 25.0
    world = World(plan)
    with applied(plan):
        world.run()
    assert not list(reports_behind(world))
    assert not list(check_reports(world))
    return world


@pytest.fixture(scope="module")
def plan() -> Plan:
    return small_world(5)


@pytest.mark.parametrize("feed", ["sale", "sale_line", "payment", "movement", "ledger", "device", "shift"])
def test_a_row_that_reporting_lacks_is_found(plan: Plan, feed: str) -> None:
    world = _lived(plan)
    row = world.olap_rows(feed, next(iter(world.shards)))[-1]
    place = str(row["feed_xid"]), str(row["feed_id"])
    for part in world.olap._disk.parts[feed]:
        part[:] = [other for other in part if (other[0], other[1]) != place]
    assert any(feed in detail for _, detail in check_reports(world))
    assert any(feed in detail for _, detail in reports_behind(world))


def test_a_name_that_reporting_lacks_is_found(plan: Plan) -> None:
    world = _lived(plan)
    world.olap._disk.parts["dimension"].pop()
    assert any("dimension" in detail for _, detail in check_reports(world))


def test_master_data_that_a_shard_lacks_is_found(plan: Plan) -> None:
    world = _lived(plan)
    shard = next(iter(world.shards.values()))
    key, row = next((key, row) for key, row in shard.tables.reference.rows.items() if row.kind == "price")
    shard.tables.reference.rows[key] = row._replace(payload=None)
    assert [rule for rule, _ in check_reports(world)] == ["9 master data reaches every shard"]


def test_a_row_that_comes_in_behind_a_cursor_is_found(plan: Plan) -> None:
    world = _lived(plan)
    name, shard = next(iter(world.shards.items()))
    pushes = shard.pushes()
    end = Cursor(pushes[-1].place, pushes[-1].last_seq * 4096 + 4095)
    there = len(shard.sales())
    for count, found in ((there, 0), (there - 1, 1)):
        page = Page("sale", Cursor(0, 0), end, count, b"", full=False)
        world.oracle.readings.add(name, Reading(Snapshot(world.now(), end.xid + 1, end.xid + 1), (page,)))
        assert len(list(world.oracle.readings.check_all())) == found
    assert not list(world.oracle.readings.check_all()), "each page is compared once"
