"""The same store through ClickHouse's HTTP interface: the real client, the same SQL."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from octonext.base.clock import SystemClock
from octonext.feeds.domain import Cursor, Page
from octonext.reporting.domain.batches import TABLES, Delivery
from octonext.reporting.domain.queries import REPORTS
from octonext.reporting.service import Reporting
from octonext.reporting.store import ClickHouse, Olap, OlapUnavailable

from .conftest import MakePage

pytestmark = pytest.mark.cluster


@pytest.fixture
def clickhouse(tmp_path: Path) -> Iterator[ClickHouse]:
    bridge = Path(__file__).with_name("clickhouse_bridge.py")
    process = subprocess.Popen([sys.executable, str(bridge), str(tmp_path / "ch")], stdout=subprocess.PIPE)
    assert process.stdout is not None
    port = int(process.stdout.readline())
    # Plain HTTP is for this loopback test only: settings refuse it.
    yield ClickHouse(f"http://127.0.0.1:{port}", database="octonext")
    process.kill()
    process.wait()
    process.stdout.close()


@pytest_asyncio.fixture
async def olap_over_http(clickhouse: ClickHouse) -> AsyncIterator[Olap]:
    olap = await Olap.open(clickhouse)
    yield olap
    await olap.close()


async def test_rows_cursors_clean_up_and_every_report_work_over_http(
    olap_over_http: Olap, make_page: MakePage, dimensions: Page
) -> None:
    reporting = Reporting(olap_over_http, SystemClock())
    await reporting.start()
    await reporting.take("hq", Delivery((dimensions,), None))
    back = {"seq": 5, "kind": "return", "total": -1250, "net": -1250}
    pages = (
        make_page("sale", {}, back),
        *(make_page(feed, {}) for feed in ("sale_line", "payment", "movement", "ledger", "device")),
    )
    outcomes = await reporting.take("kw-1", Delivery(pages, None))
    assert all(outcome.applied for outcome in outcomes.values()), outcomes
    await olap_over_http.insert(TABLES["sale"], make_page("sale", {"seq": 9}, xid=9).rows)

    restarted = Reporting(olap_over_http, SystemClock())
    await restarted.start()
    assert restarted.cursors("kw-1")["sale"] == Cursor(1, 2)
    for name in REPORTS:
        answer = await restarted.report(name, {"branch": "KW7"})
        assert len(answer.rows) >= 1, name
    totals = await restarted.report("totals", {"region": "KW"})
    assert totals.rows[0][:5] == [7, "KWD", 1, 1, 1]


async def test_a_refused_batch_over_http_is_an_error_of_its_feed(
    olap_over_http: Olap, make_page: MakePage
) -> None:
    reporting = Reporting(olap_over_http, SystemClock())
    await reporting.start()
    bad = make_page("sale", {"business_date": "yesterday"})
    assert (await reporting.take("kw-1", Delivery((bad,), None)))["sale"].error
    good = make_page("sale", {})
    assert (await reporting.take("kw-1", Delivery((good,), None)))["sale"].applied


async def test_an_absent_server_is_said_in_a_sentence() -> None:
    with pytest.raises(OlapUnavailable, match="ClickHouse cannot be used"):
        await Olap.open(ClickHouse("http://127.0.0.1:9"))
