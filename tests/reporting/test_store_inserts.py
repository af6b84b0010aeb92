"""What an insert into the embedded store must take."""

from __future__ import annotations

from octonext.reporting.domain.batches import TABLES
from octonext.reporting.store import Olap

from .conftest import MakePage

#: Each is a part of its own; chDB takes a hundred in one insert unless it is told to take all.
YEARS = range(1950, 2051)


async def test_a_till_whose_clock_was_wrong_may_book_into_any_number_of_years(
    olap: Olap, make_page: MakePage
) -> None:
    page = make_page("payment", *({"seq": year, "business_date": f"{year}-06-01"} for year in YEARS))
    await olap.insert(TABLES["payment"], page.rows)
    assert (await olap.newest_rows(TABLES["payment"]))["kw-1"] == page.end
