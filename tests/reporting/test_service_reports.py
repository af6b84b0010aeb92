"""What reports say of the figures that were taken: currencies, returns, stock, filters, freshness, limits."""

from __future__ import annotations

import pytest

from octonext.feeds.domain import Page
from octonext.reporting.domain.batches import BadDelivery
from octonext.reporting.domain.queries import REPORTS, InvalidReportFilter, UnknownReport
from octonext.reporting.service import Reporting

from .conftest import DATES, MILK, NOON, UNLISTED, MakePage, as_dicts, delivery


async def test_a_till_is_shown_in_its_newest_state(
    reporting: Reporting, make_page: MakePage, dimensions: Page
) -> None:
    await reporting.take("hq", delivery(dimensions))
    first = make_page("device", {"seq": 5})
    await reporting.take("kw-1", delivery(first))
    await reporting.take("kw-1", delivery(make_page("device", {"seq": 8, "cases": 1}, start=first.end)))
    (till,) = as_dicts(await reporting.report("till-health", {}))
    assert (till["head_seq"], till["case_count"], till["till"], till["status"]) == (8, 1, "T1", "enrolled")
    assert till["last_contact"] == "2026-03-01T09:15:01Z"
    assert till["clock_offset_ms"] == -40


async def test_currencies_are_never_added_together(
    reporting: Reporting, make_page: MakePage, dimensions: Page
) -> None:
    await reporting.take("hq", delivery(dimensions))
    await reporting.take(
        "kw-1",
        delivery(
            make_page(
                "sale", {"seq": 1}, {"seq": 2, "currency": "SAR", "total": 1150, "net": 1000, "tax": 150}
            ),
            make_page("sale_line", {}, {"seq": 2, "currency": "SAR", "total": 1150, "net": 1000, "tax": 150}),
            make_page("payment", {}, {"seq": 2, "currency": "SAR", "amount": 1150}),
        ),
    )
    for name in ("sales-by-branch", "sales-by-day", "sales-by-hour", "top-products", "tax", "totals"):
        rows = as_dicts(await reporting.report(name, {}))
        assert {(row["currency"], row["total"]) for row in rows} == {("KWD", 1250), ("SAR", 1150)}, name
    mix = as_dicts(await reporting.report("payment-mix", {}))
    assert {(row["currency"], row["amount"]) for row in mix} == {("KWD", 1250), ("SAR", 1150)}


async def test_returns_lower_turnover_and_are_told_apart(
    reporting: Reporting, make_page: MakePage, dimensions: Page
) -> None:
    back = {"kind": "return", "total": -1250, "net": -1250}
    await reporting.take("hq", delivery(dimensions))
    await reporting.take(
        "kw-1",
        delivery(
            make_page(
                "sale",
                {"seq": 1},
                {"seq": 2},
                back | {"seq": 3, "original_branch_id": 7, "original_device_id": 1, "original_seq": 1},
                back | {"seq": 4, "original_branch_id": 9, "original_seq": 1, "foreign_original": "t"},
            )
        ),
    )
    (branch,) = as_dicts(await reporting.report("sales-by-branch", {}))
    assert (branch["sale_count"], branch["return_count"], branch["total"]) == (2, 2, 0)
    assert (branch["sold"], branch["returned"], branch["region"], branch["name_ar"]) == (
        2500, -2500, "KW", "السالمية",
    )  # fmt: skip
    (returns,) = as_dicts(await reporting.report("returns", {}))
    assert returns["other_branch_count"] == returns["other_shard_count"] == 1
    assert returns["without_receipt_count"] == 0


async def test_stock_is_the_sum_of_movements_valued_at_cost_and_unknown_products_keep_their_id(
    reporting: Reporting, make_page: MakePage, dimensions: Page
) -> None:
    await reporting.take("hq", delivery(dimensions))
    await reporting.take(
        "kw-1",
        delivery(
            make_page(
                "movement",
                {"quantity": 3000, "reason": "count"},
                {"line_no": 2, "quantity": -1500},
                {"line_no": 3, "product_id": UNLISTED, "quantity": -2000},
            )
        ),
    )
    unlisted, dates = as_dicts(await reporting.report("stock", {"branch": "KW7"}))
    assert (dates["sku"], dates["on_hand"], dates["cost"], dates["currency"]) == ("DATES-1", 1500, 801, "KWD")
    assert dates["value"] == 1202  # 1201.5 rounded half up
    assert (unlisted["product_id"], unlisted["on_hand"]) == (UNLISTED, -2000)
    assert (unlisted["cost"], unlisted["value"], unlisted["sku"]) == (None, None, "")


async def test_filters_narrow_by_day_region_and_branch(
    reporting: Reporting, make_page: MakePage, dimensions: Page
) -> None:
    await reporting.take("hq", delivery(dimensions))
    sales = make_page("sale", {"seq": 1}, {"seq": 2, "business_date": "2026-03-05"})
    await reporting.take("kw-1", delivery(sales))
    await reporting.take(
        "sa-1", delivery(make_page("sale", {"branch_id": 9, "currency": "SAR"}, source="sa-1"))
    )

    async def counted(**given: str) -> int:
        filters = {key.rstrip("_"): value for key, value in given.items()}
        return sum(int(str(row["sale_count"])) for row in as_dicts(await reporting.report("totals", filters)))

    assert await counted() == 3
    assert await counted(from_="2026-03-02") == 1
    assert await counted(to="2026-03-01") == 2
    assert await counted(region="KW") == 2
    assert await counted(branch="SA9") == await counted(branch="9") == 1
    with pytest.raises(InvalidReportFilter, match="no branch 'SA9' in the region KW"):
        await counted(region="KW", branch="SA9")


async def test_as_of_is_told_per_branch_also_when_nothing_is_sold(
    reporting: Reporting, make_page: MakePage, dimensions: Page
) -> None:
    await reporting.take("hq", delivery(dimensions))
    await reporting.take("kw-1", delivery(as_of=NOON))
    answer = await reporting.report("sales-by-day", {})
    assert answer.as_of == {"7": NOON, "9": None}
    assert (await reporting.report("sales-by-day", {"branch": "KW7"})).as_of == {"7": NOON}


async def test_an_answer_says_when_it_was_cut(reporting: Reporting, make_page: MakePage) -> None:
    days = [{"seq": day, "business_date": f"2026-03-{day:02}"} for day in range(1, 4)]
    await reporting.take("kw-1", delivery(make_page("sale", *days)))
    cut = await reporting.report("sales-by-day", {"limit": "2"})
    assert (len(cut.rows), cut.truncated) == (2, True)
    whole = await reporting.report("sales-by-day", {"limit": "3"})
    assert (len(whole.rows), whole.truncated) == (3, False)


async def test_every_report_answers_an_empty_store_with_its_declared_columns(reporting: Reporting) -> None:
    for name, report in REPORTS.items():
        answer = await reporting.report(name, {})
        assert [column.name for column in answer.columns] == list(report.units)
        assert answer.rows == []


async def test_an_unknown_report_and_a_bad_source_are_refused(reporting: Reporting) -> None:
    with pytest.raises(UnknownReport, match="sales-by-branch"):
        await reporting.report("profit", {})
    with pytest.raises(BadDelivery):
        await reporting.take("../kw", delivery())


async def test_a_discount_that_is_taken_back_is_none(reporting: Reporting, make_page: MakePage) -> None:
    sold = {"seq": 1, "discount": 100}
    back = {"seq": 2, "kind": "return", "total": -1250, "net": -1250, "discount": 30}
    await reporting.take("kw-1", delivery(make_page("sale", sold, back)))
    for name in ("sales-by-branch", "sales-by-day", "sales-by-hour", "totals"):
        (row,) = as_dicts(await reporting.report(name, {}))
        assert row["discount"] == 70, name


async def test_a_new_branch_is_known_from_its_till_or_its_name_at_once(
    reporting: Reporting, make_page: MakePage, dimensions: Page
) -> None:
    assert (await reporting.report("totals", {})).as_of == {}
    await reporting.take("kw-1", delivery(make_page("device", {"branch_id": 12}), as_of=NOON))
    assert (await reporting.report("totals", {})).as_of == {"12": NOON}
    await reporting.take("hq", delivery(dimensions))
    assert (await reporting.report("totals", {"branch": "KW7"})).as_of == {"7": NOON}


async def test_stock_is_cut_at_its_limit_in_the_order_of_branches(
    reporting: Reporting, make_page: MakePage, dimensions: Page
) -> None:
    await reporting.take("hq", delivery(dimensions))
    moves = [
        {"branch_id": branch, "product_id": product} for branch in (9, 7, 12) for product in (DATES, MILK)
    ]
    await reporting.take("kw-1", delivery(make_page("movement", *moves)))
    whole = await reporting.report("stock", {})
    assert [row[0] for row in whole.rows] == [12, 12, 7, 7, 9, 9]
    for limit in range(1, 6):
        cut = await reporting.report("stock", {"limit": str(limit)})
        assert (cut.rows, cut.truncated) == (whole.rows[:limit], True)
