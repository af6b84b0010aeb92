"""Every report against plain Python over the same rows, whatever happened to the store on the way."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from clickhouse_connect.driver.client import Client

from octonext.base.clock import SystemClock
from octonext.feeds.domain import Cursor, Page
from octonext.reporting.domain.batches import TABLES, Delivery
from octonext.reporting.domain.periods import FIRST_DAY, LAST_DAY, Span
from octonext.reporting.domain.queries import REPORTS, Filters
from octonext.reporting.service import Reporting
from octonext.reporting.store import Chdb, Olap
from octonext.reporting.store.olap import _QUERY_SETTINGS
from octonext.reporting.store.ranking import rank
from octonext.runtime.sql import load_queries

from .brute_force import Asked, Chain, answer
from .conftest import MakePage

FEEDS = ("sale", "sale_line", "payment", "movement", "ledger")
CURRENCY = {1: "KWD", 2: "SAR"}
BRANCHES = {7: ("KW7", 1), 3: ("KW3", 1), 9: ("SA9", 2), 30: ("", 0)}
SOURCE = {7: "kw-1", 3: "kw-1", 9: "sa-1", 30: "sa-1"}
PRODUCTS = [f"0199c0de-0000-7000-8000-{number:012x}" for number in range(12)]
LAST = date(2026, 4, 17)
PUSH = 8
"""Receipts of one transaction."""
Row = dict[str, Any]


def receipt(choice: random.Random, branch: int, seq: int, *, latest: date = LAST) -> dict[str, list[Row]]:
    """A receipt with all that follows from it; some lines name a product twice."""
    day = latest - timedelta(days=int(choice.random() ** 2 * 460))
    sign = -1 if choice.random() < 0.15 else 1
    currency = CURRENCY[2 if branch in (9, 30) else 1]
    at = f"{day} {choice.randrange(24):02}:15:00"
    key = {"branch_id": branch, "device_id": branch * 10 + choice.randrange(2), "seq": seq}
    lines: list[Row] = []
    moves: list[Row] = []
    for number in range(1, choice.randrange(1, 6) + 1):
        total, tax = sign * choice.randrange(1, 9000), sign * choice.randrange(50)
        line: Row = key | {
            "line_no": number, "kind": "sale" if sign > 0 else "return", "business_date": str(day),
            "product_id": choice.choice(PRODUCTS[:4] if choice.random() < 0.5 else PRODUCTS),
            "quantity": sign * choice.randrange(1, 5000), "discount": choice.choice((0, 0, 7)),
            "net": total - tax, "tax": tax, "total": total, "tax_code": choice.choice(("S", "Z")),
            "currency": currency,
        }  # fmt: skip
        lines.append(line)
        moves.append(key | {
            "line_no": number, "product_id": line["product_id"], "quantity": -line["quantity"],
            "reason": line["kind"], "occurred_at": at,
        })  # fmt: skip
    sums = {figure: sum(line[figure] for line in lines) for figure in ("total", "net", "tax", "discount")}
    sale = key | sums | {
        "kind": "sale" if sign > 0 else "return", "business_date": str(day), "occurred_at": at,
        "occurred_local": at, "currency": currency, "rounding": choice.choice((0, -2, 3)),
        "line_count": len(lines), "foreign_original": "f",
    }  # fmt: skip
    if sign < 0 and choice.random() < 0.7:
        origin = choice.choice((branch, 3, 9))
        sale |= {"original_branch_id": origin, "original_device_id": 1, "original_seq": 5,
                 "foreign_original": "t" if SOURCE[origin] != SOURCE[branch] else "f"}  # fmt: skip
    cash = sums["total"] // 2
    payments = [
        key | {"payment_no": number, "tender": tender, "amount": amount, "business_date": str(day),
               "currency": currency}
        for number, tender, amount in ((1, "cash", cash), (2, "card", sums["total"] - cash))
    ]  # fmt: skip
    ledger = [
        key | {"line_no": number, "account": account, "debit": max(amount, 0), "credit": max(-amount, 0),
               "currency": currency, "business_date": str(day)}
        for number, account, amount in ((1, 1010, sums["total"]), (2, 4010, -sums["total"]))
    ]  # fmt: skip
    return {"sale": [sale], "sale_line": lines, "payment": payments, "movement": moves, "ledger": ledger}


class Source:
    """One shard's feeds, written in transactions and read in pages that are cut anywhere."""

    def __init__(self, name: str, make_page: MakePage) -> None:
        self.name = name
        self._make_page = make_page
        self.rows: dict[str, list[tuple[Cursor, Row]]] = defaultdict(list)
        self._xid = 100

    def push(self, receipts: list[dict[str, list[Row]]]) -> None:
        self._xid += 3
        for feed in FEEDS:
            new = [row for each in receipts for row in each[feed]]
            self.rows[feed] += [(Cursor(self._xid, number), row) for number, row in enumerate(new, start=1)]

    def page(self, feed: str, start: Cursor, size: int) -> Page | None:
        waiting = [(place, row) for place, row in self.rows[feed] if place > start][:size]
        if not waiting:
            return None
        whole = self._make_page(feed, *(row for _, row in waiting), start=start, source=self.name)
        lines = [
            f"{place.xid}\t{place.id}\t{line.split(chr(9), 2)[2]}\n"
            for (place, _), line in zip(waiting, whole.rows.decode().splitlines(), strict=True)
        ]
        return Page(feed, start, waiting[-1][0], len(lines), "".join(lines).encode(), full=True)


async def carry(
    reporting: Reporting,
    source: Source,
    choice: random.Random,
    *,
    rounds: int = 10**6,
    sizes: tuple[int, ...] = (1, 7, 20, 61),
) -> None:
    """Hand over pages of odd sizes until nothing waits, or for some rounds."""
    for _ in range(rounds):
        cursors = reporting.cursors(source.name)
        pages = [source.page(feed, cursors[feed], choice.choice(sizes)) for feed in FEEDS]
        if not any(pages):
            return
        outcomes = await reporting.take(source.name, Delivery(tuple(page for page in pages if page), None))
        assert all(outcome.applied for outcome in outcomes.values())


async def tear(reporting: Reporting, olap: Olap, source: Source, choice: random.Random) -> Reporting:
    """Pages arrive without their cursor, as when the process dies in between; then it starts again."""
    for feed in choice.sample(FEEDS, 3):
        page = source.page(feed, reporting.cursors(source.name)[feed], 25)
        if page is not None:
            await olap.insert(TABLES[feed], page.rows)
    restarted = Reporting(olap, SystemClock())
    await restarted.start()
    return restarted


async def merge(olap: Olap) -> None:
    def work(client: Client) -> None:
        for feed in FEEDS:
            client.command(f"OPTIMIZE TABLE {feed} FINAL")

    await olap._writers.run(work)


def known(names: Page) -> dict[int, tuple[str, str, str, str]]:
    """The branches of the fixture `dimensions`, and one of this test's."""
    assert names.count
    return {
        7: ("KW7", "Salmiya", "السالمية", "KW"),
        9: ("SA9", "Olaya", "العليا", "SA"),
        3: ("KW3", "Fahaheel", "الفحيحيل", "KW"),
    }


async def assert_equal_to_brute_force(reporting: Reporting, sources: list[Source], names: Page) -> None:
    rows: dict[str, list[Mapping[str, Any]]] = {
        feed: [row for source in sources for _, row in source.rows[feed]] for feed in FEEDS
    }
    chain = Chain(
        rows,
        known(names),
        {PRODUCTS[1]: "DATES-1", PRODUCTS[2]: "=MILK"},
        {("KW", PRODUCTS[1]): (801, "KWD")},
    )
    ranges = [
        (FIRST_DAY, LAST_DAY), (LAST, LAST), (date(2026, 1, 1), LAST), (date(2026, 3, 1), date(2026, 3, 31)),
        (date(2025, 11, 20), date(2026, 2, 3)), (date(2026, 2, 10), date(2026, 2, 20)),
    ]  # fmt: skip
    places: list[tuple[Mapping[str, str], frozenset[int] | None]] = [
        ({}, None), ({"region": "KW"}, frozenset({3, 7})), ({"branch": "SA9"}, frozenset({9})),
    ]  # fmt: skip
    for name, report in REPORTS.items():
        if name == "till-health":
            continue
        for place, branches in places:
            for first, last in ranges if report.dated else ranges[:1]:
                days = {"from": str(first), "to": str(last)} if report.dated else {}
                found = await reporting.report(name, {**place, **days, "limit": "5000"})
                columns = [column.name for column in found.columns]
                expected = answer(name, chain, Asked(first, last, branches))
                kept = [column for column in columns if not expected or column in expected[0]]
                got = [dict(zip(columns, row, strict=True)) for row in found.rows]
                assert [{c: row[c] for c in kept} for row in got] == [
                    {c: row.get(c, 0) for c in kept} for row in expected
                ], (name, place, first, last)


async def test_every_report_is_what_plain_python_finds_after_crashes_late_days_and_merges(
    olap: Olap, make_page: MakePage, dimensions: Page
) -> None:
    choice = random.Random(20)
    reporting = Reporting(olap, SystemClock())
    await reporting.start()
    await reporting.take("hq", Delivery((dimensions,), None))
    more = make_page(
        "dimension",
        {"kind": "branch", "key": "3", "branch_id": 3, "region_id": 1, "code": "KW3", "shard_id": "kw-1",
         "name_en": "Fahaheel", "name_ar": "الفحيحيل"},
        start=dimensions.end,
        source="hq",
    )  # fmt: skip
    await reporting.take("hq", Delivery((more,), None))
    sources = [Source("kw-1", make_page), Source("sa-1", make_page)]
    seq = 0
    for step in range(4):
        for source in sources:
            for _ in range(3):
                branches = [branch for branch in BRANCHES if SOURCE[branch] == source.name]
                seq += PUSH
                source.push([receipt(choice, choice.choice(branches), seq + n) for n in range(PUSH)])
            await carry(reporting, source, choice, rounds=1)
            reporting = await tear(reporting, olap, source, choice)
            await carry(reporting, source, choice)
        if step % 2:
            await merge(olap)
        if step in (1, 2):
            # A torn page that a merge took in before anybody noticed.
            sources[0].push([receipt(choice, 7, seq + 500 + step)])
            reporting = await tear(reporting, olap, sources[0], choice)
            await carry(reporting, sources[0], choice)
    await assert_equal_to_brute_force(reporting, sources, dimensions)


PROJECTIONS = {
    "sales-by-branch": "by_day",
    "sales-by-day": "by_day",
    "sales-by-hour": "by_hour",
    "top-products": "by_year",
    "payment-mix": "by_day",
    "tax": "by_day",
    "returns": "by_day",
    "ledger": "by_day",
    "totals": "by_day",
    "stock-totals": "by_reason",
}


async def test_reports_are_answered_from_the_sums_that_are_kept_for_them(
    olap: Olap, make_page: MakePage
) -> None:
    reporting = Reporting(olap, SystemClock())
    source = Source("kw-1", make_page)
    choice = random.Random(3)
    source.push([receipt(choice, 7, seq) for seq in range(1, 400)])
    await carry(reporting, source, choice, sizes=(10_000,))
    await merge(olap)
    parameters = Filters(date(2026, 1, 1), date(2026, 3, 31), None, 10, {}).parameters()

    def plan(statement: str, more: Mapping[str, Any]) -> Callable[[Client], str]:
        def work(client: Client) -> str:
            asked = {**parameters, **more}
            found = client.query(f"EXPLAIN {statement}", parameters=asked, settings=_QUERY_SETTINGS)
            return "\n".join(str(row[0]) for row in found.result_rows)

        return work

    for name, projection in PROJECTIONS.items():
        statement = olap._reports[REPORTS[name].resource]
        more: dict[str, Any] = {}
        if REPORTS[name].ranked:
            year = Span("years", date(2026, 1, 1), date(2026, 12, 31))
            months = Span("months", date(2025, 11, 1), date(2025, 12, 1))
            statement, more = rank(statement, ["KWD", "SAR"], [year, months])
            assert "ReadFromMergeTree (by_month)" in await olap._writers.run(plan(statement, more))
        found = await olap._writers.run(plan(statement, more))
        assert f"ReadFromMergeTree ({projection})" in found, (name, found)
    currencies = load_queries("octonext.reporting", "ranking.sql")["currencies"]
    assert "ReadFromMergeTree (by_day)" in await olap._writers.run(plan(currencies, {}))


class LateSales(Olap):
    """A store to which something of a later day comes as soon as the newest day was looked up."""

    late: Callable[[], Awaitable[None]] | None = None

    async def newest_day(self) -> date:
        day = await super().newest_day()
        if self.late is not None:
            late, self.late = self.late, None
            await late()
        return day


async def test_a_sale_of_a_later_day_that_comes_in_while_products_are_ranked_is_not_counted(
    tmp_path: Path, make_page: MakePage
) -> None:
    olap = await LateSales.open(Chdb(tmp_path / "late"))
    assert isinstance(olap, LateSales)
    reporting = Reporting(olap, SystemClock())
    source = Source("kw-1", make_page)
    choice = random.Random(5)
    source.push([receipt(choice, 7, seq, latest=date(2026, 4, 16)) for seq in range(1, 60)])
    await carry(reporting, source, choice)
    await merge(olap)
    asked = {"from": "2026-04-01", "to": "2026-04-16"}
    before = await reporting.report("top-products", asked)

    async def late() -> None:
        of_april_17 = receipt(choice, 7, 99)
        for feed in ("sale", "sale_line", "payment", "ledger"):
            for row in of_april_17[feed]:
                row["business_date"] = "2026-04-17"
        source.push([of_april_17])
        await carry(reporting, source, choice)

    olap.late = late
    during = await reporting.report("top-products", asked)
    after = await reporting.report("top-products", asked | {"to": "2026-04-17"})
    await olap.close()
    assert during.rows == before.rows
    assert after.rows != before.rows
