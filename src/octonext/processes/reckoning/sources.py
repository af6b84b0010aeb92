"""Reads the three books: journals from the tills' own sums, shards by SQL, reports over HTTP."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from octonext.ledger.domain import Account
from octonext.payments.domain import TENDER_ACCOUNTS
from octonext.runtime.postgres import connect, transaction
from octonext.runtime.sql import load_queries
from octonext.till.domain.totals import BranchTotals, Totals

from .figures import BranchFigures, Key, Place, account_figures

COUNT = "count"
REPORT_ROWS_MAX = 100_000
STATEMENT_TIMEOUT_MS = 60_000

Ask = Callable[..., Awaitable[Any]]
"""`await ask("/reports/totals", limit=…)`: the decoded answer of head office's API."""

_QUERIES = load_queries("octonext.processes.reckoning", "shard.sql")


def from_journals(totals: Totals) -> dict[Key, BranchFigures]:
    """What the journals add up to, and what the ledger must have made of it."""
    return {
        Key(branch_id, branch.currency): BranchFigures(
            values={
                "sales": branch.sale_count,
                "returns": branch.return_count,
                "lines": branch.line_count,
                "quantity": branch.quantity,
                "total": branch.total,
                "tax": branch.tax,
                "rounding": branch.rounding,
                **{f"paid {tender}": amount for tender, amount in branch.tenders.items() if amount},
                **account_figures(_expected_balances(branch)),
            },
            moved={str(product): moved for product, moved in branch.stock.items() if moved},
        )
        for branch_id, branch in totals.branches.items()
    }


async def from_shard(dsn: str, places: Mapping[int, Place]) -> dict[Key, BranchFigures]:
    """What one shard holds, all of it at one moment; `places` by branch id. Raises DatabaseUnreachable."""
    connection = await connect(
        dsn, application_name="octonext-reckoning", statement_timeout_ms=STATEMENT_TIMEOUT_MS
    )
    try:
        async with transaction(connection, readonly=True, isolation="repeatable_read") as snapshot:
            rows = {name: await snapshot.fetch(statement) for name, statement in _QUERIES.items()}
    finally:
        await connection.close()
    return _shard_figures(rows, places)


async def from_reports(ask: Ask, places: Mapping[int, Place]) -> dict[Key, BranchFigures]:
    """What head office's reports say of `places`, by branch id. Raises what `ask` raises."""
    figures: dict[Key, BranchFigures] = defaultdict(BranchFigures)
    for row in await _rows(ask, "totals"):
        values = figures[Key(row["branch_id"], row["currency"])].values
        values |= {
            "sales": row["sale_count"],
            "returns": row["return_count"],
            "lines": row["line_count"],
            "line totals": row["line_total"],
            "line taxes": row["line_tax"],
            **{name: row[name] for name in ("quantity", "total", "tax", "rounding")},
        }
    balances: dict[Key, list[tuple[int, int]]] = defaultdict(list)
    for row in await _rows(ask, "ledger"):
        key = Key(row["branch_id"], row["currency"])
        balances[key].append((row["account"], row["debit"] - row["credit"]))
    for key, found in balances.items():
        figures[key].values |= account_figures(found)
    for branch_id, place in places.items():
        for row in await _rows(ask, "payment-mix", branch=place.code):
            if row["amount"]:
                key = Key(branch_id, row["currency"])
                figures[key].values[f"paid {row['tender']}"] = row["amount"]
    for row in await _rows(ask, "stock-totals"):
        if row["quantity"]:
            _of(figures, row, places).values[f"moved {row['reason']}"] = row["quantity"]
    for row in await _rows(ask, "stock"):
        if row["on_hand"]:
            _of(figures, row, places).on_hand[row["product_id"]] = row["on_hand"]
    return dict(figures)


def _expected_balances(branch: BranchTotals) -> Iterable[tuple[int, int]]:
    """The trial balance that these journals must lead to: (account, debit less credit)."""
    for tender, amount in branch.tenders.items():
        yield TENDER_ACCOUNTS[tender], amount
    yield Account.SALES, -(branch.total - branch.tax)
    yield Account.VAT_PAYABLE, -branch.tax
    yield Account.ROUNDING, -branch.rounding
    # What was counted above the book is cash that came from nowhere, and the other way round.
    yield Account.SAFE, branch.over_short
    yield Account.CASH_OVER_SHORT, -branch.over_short


def _shard_figures(
    rows: Mapping[str, Iterable[Mapping[str, Any]]], places: Mapping[int, Place]
) -> dict[Key, BranchFigures]:
    figures: dict[Key, BranchFigures] = defaultdict(BranchFigures)
    for row in rows["receipts"]:
        figures[Key(row["branch_id"], row["currency"])].values |= {
            name: row[name] for name in ("sales", "returns", "total", "tax", "rounding")
        }
    for row in rows["lines"]:
        figures[Key(row["branch_id"], row["currency"])].values |= {
            "lines": row["lines"],
            "quantity": row["quantity"],
            "line totals": row["line_total"],
            "line taxes": row["line_tax"],
        }
    for row in rows["payments"]:
        if row["amount"]:
            key = Key(row["branch_id"], row["currency"])
            figures[key].values[f"paid {row['tender']}"] = row["amount"]
    balances: dict[Key, list[tuple[int, int]]] = defaultdict(list)
    for row in rows["accounts"]:
        balances[Key(row["branch_id"], row["currency"])].append((row["account"], row["balance"]))
    for key, found in balances.items():
        figures[key].values |= account_figures(found)
    _add_stock(figures, rows, places)
    return dict(figures)


def _add_stock(
    figures: dict[Key, BranchFigures],
    rows: Mapping[str, Iterable[Mapping[str, Any]]],
    places: Mapping[int, Place],
) -> None:
    for row in rows["movements"]:
        branch, product, quantity = _of(figures, row, places), str(row["product_id"]), row["quantity"]
        reason = f"moved {row['reason']}"
        branch.values[reason] = branch.values.get(reason, 0) + quantity
        if row["reason"] != COUNT:
            branch.moved[product] = branch.moved.get(product, 0) + quantity
    for row in rows["balances"]:
        if row["on_hand"]:
            _of(figures, row, places).on_hand[str(row["product_id"])] = row["on_hand"]


def _of(
    figures: dict[Key, BranchFigures], row: Mapping[str, Any], places: Mapping[int, Place]
) -> BranchFigures:
    """Stock has no currency: it belongs to the branch's own."""
    branch_id = row["branch_id"]
    place = places.get(branch_id)
    return figures[Key(branch_id, "" if place is None else place.currency)]


async def _rows(ask: Ask, report: str, **filters: str) -> list[dict[str, Any]]:
    answer = await ask(f"/reports/{report}", limit=REPORT_ROWS_MAX, **filters)
    names = [column["name"] for column in answer["columns"]]
    return [dict(zip(names, row, strict=True)) for row in answer["rows"]]
