"""Every report once more, as slowly and plainly as it can be said, from the rows that count."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Chain:
    """The rows of each feed, and who the branches are: id to (code, English name, Arabic name, region)."""

    rows: Mapping[str, list[Row]]
    branches: Mapping[int, tuple[str, str, str, str]]
    skus: Mapping[str, str] = field(default_factory=dict)
    costs: Mapping[tuple[str, str], tuple[int, str]] = field(default_factory=dict)
    """(region, product) to cost and currency."""


@dataclass(frozen=True, slots=True)
class Asked:
    first: date
    last: date
    branches: frozenset[int] | None

    def has(self, row: Row) -> bool:
        return self.has_branch(row) and str(self.first) <= row["business_date"] <= str(self.last)

    def has_branch(self, row: Row) -> bool:
        return self.branches is None or row["branch_id"] in self.branches


def answer(name: str, chain: Chain, asked: Asked) -> list[dict[str, Any]]:
    """The report's rows in its order; till-health is left out, it shows rows as they are."""
    return _REPORTS[name](chain, asked)


def _add(found: Iterable[tuple[tuple[Any, ...], dict[str, int]]]) -> dict[tuple[Any, ...], dict[str, int]]:
    sums: dict[tuple[Any, ...], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for key, figures in found:
        for figure, value in figures.items():
            sums[key][figure] += value
    return sums


def _turnover(sale: Row) -> dict[str, int]:
    back = sale["kind"] == "return"
    return {
        "sale_count": int(not back),
        "return_count": int(back),
        "sold": 0 if back else sale["total"],
        "returned": sale["total"] if back else 0,
        "discount": -sale["discount"] if back else sale["discount"],
        **{figure: sale[figure] for figure in ("total", "net", "tax", "rounding")},
    }


def _who(chain: Chain, branch: int) -> dict[str, Any]:
    code, english, arabic, _ = chain.branches.get(branch, ("", "", "", ""))
    return {"branch_id": branch, "branch": code, "name_en": english, "name_ar": arabic}


def _region(chain: Chain, branch: int) -> str:
    return chain.branches.get(branch, ("", "", "", ""))[3]


def _sales_by_branch(chain: Chain, asked: Asked) -> list[dict[str, Any]]:
    sums = _add(((s["branch_id"], s["currency"]), _turnover(s)) for s in chain.rows["sale"] if asked.has(s))
    rows = [
        _who(chain, branch) | {"region": _region(chain, branch), "currency": currency} | figures
        for (branch, currency), figures in sums.items()
    ]
    return sorted(rows, key=lambda r: (r["region"], r["branch"], r["branch_id"], r["currency"]))


def _sales_by_day(chain: Chain, asked: Asked) -> list[dict[str, Any]]:
    sums = _add(
        ((s["business_date"], s["currency"]), _turnover(s)) for s in chain.rows["sale"] if asked.has(s)
    )
    return [{"business_date": day, "currency": code} | sums[day, code] for day, code in sorted(sums)]


def _sales_by_hour(chain: Chain, asked: Asked) -> list[dict[str, Any]]:
    sums = _add(
        ((int(s["occurred_local"][11:13]), s["currency"]), _turnover(s))
        for s in chain.rows["sale"]
        if asked.has(s)
    )
    return [{"hour": hour, "currency": code} | sums[hour, code] for hour, code in sorted(sums)]


def _top_products(chain: Chain, asked: Asked) -> list[dict[str, Any]]:
    lines = [line for line in chain.rows["sale_line"] if asked.has(line)]
    figures = ("quantity", "total", "net", "tax")
    sums = _add(((x["product_id"], x["currency"]), {figure: x[figure] for figure in figures}) for x in lines)
    receipts: dict[tuple[str, str], set[tuple[int, int, int]]] = defaultdict(set)
    for x in lines:
        if x["kind"] == "sale":
            receipts[x["product_id"], x["currency"]].add((x["branch_id"], x["device_id"], x["seq"]))
    rows: list[dict[str, Any]] = []
    for currency in sorted({code for _, code in sums}):
        # As ClickHouse compares UUIDs: the first half, then the second; these differ in the second.
        order = sorted(
            (key for key in sums if key[1] == currency), key=lambda key: (-sums[key]["total"], key[0])
        )
        rows += [
            {"product_id": key[0], "sku": chain.skus.get(key[0], ""), "currency": currency, "rank": rank}
            | {"receipt_count": len(receipts[key])}
            | sums[key]
            for rank, key in enumerate(order, start=1)
        ]
    return sorted(rows, key=lambda r: (r["rank"], r["currency"]))


def _payment_mix(chain: Chain, asked: Asked) -> list[dict[str, Any]]:
    sums = _add(
        (
            (p["tender"], p["currency"]),
            {
                "payment_count": 1,
                "received": max(p["amount"], 0),
                "refunded": min(p["amount"], 0),
                "amount": p["amount"],
            },
        )
        for p in chain.rows["payment"]
        if asked.has(p)
    )
    rows = [{"tender": tender, "currency": code} | sums[tender, code] for tender, code in sums]
    return sorted(rows, key=lambda r: (r["currency"], -r["amount"], r["tender"]))


def _tax(chain: Chain, asked: Asked) -> list[dict[str, Any]]:
    sums = _add(
        (
            (_region(chain, x["branch_id"]), x["tax_code"], x["currency"]),
            {"line_count": 1, "net": x["net"], "tax": x["tax"], "total": x["total"]},
        )
        for x in chain.rows["sale_line"]
        if asked.has(x)
    )
    return [
        {"region": region, "tax_code": code, "currency": currency} | sums[region, code, currency]
        for region, code, currency in sorted(sums)
    ]


def _returns(chain: Chain, asked: Asked) -> list[dict[str, Any]]:
    def figures(s: Row) -> dict[str, int]:
        back = s["kind"] == "return"
        other = s.get("original_branch_id") not in (None, s["branch_id"])
        return {
            "return_count": int(back),
            "returned": s["total"] * back,
            "tax_returned": s["tax"] * back,
            "sale_count": int(not back),
            "sold": s["total"] * (not back),
            "other_branch_count": int(back and other),
            "other_shard_count": int(back and s["foreign_original"] == "t"),
            "without_receipt_count": int(back and s.get("original_seq") is None),
        }

    sums = _add(((s["branch_id"], s["currency"]), figures(s)) for s in chain.rows["sale"] if asked.has(s))
    rows = [
        _who(chain, branch) | {"currency": code} | found
        for (branch, code), found in sums.items()
        if found["return_count"]
    ]
    return sorted(rows, key=lambda r: (r["branch"], r["branch_id"], r["currency"]))


def _ledger(chain: Chain, asked: Asked) -> list[dict[str, Any]]:
    sums = _add(
        (
            (x["branch_id"], x["account"], x["currency"]),
            {"line_count": 1, "debit": x["debit"], "credit": x["credit"]},
        )
        for x in chain.rows["ledger"]
        if asked.has(x)
    )
    rows = [
        {"branch_id": branch, "branch": _who(chain, branch)["branch"], "account": account, "currency": code}
        | sums[branch, account, code]
        for branch, account, code in sums
    ]
    return sorted(rows, key=lambda r: (r["branch"], r["branch_id"], r["account"], r["currency"]))


def _stock(chain: Chain, asked: Asked) -> list[dict[str, Any]]:
    sums = _add(
        ((m["branch_id"], m["product_id"]), {"on_hand": m["quantity"]})
        for m in chain.rows["movement"]
        if asked.has_branch(m)
    )
    rows = []
    for (branch, product), found in sums.items():
        cost, currency = chain.costs.get((_region(chain, branch), product), (None, ""))
        on_hand = found["on_hand"]
        value = None
        if cost is not None:
            value = (abs(on_hand) * cost + 500) // 1000 * (1 if on_hand > 0 else -1 if on_hand < 0 else 0)
        rows.append(
            {
                "branch_id": branch,
                "branch": _who(chain, branch)["branch"],
                "product_id": product,
                "sku": chain.skus.get(product, ""),
                "on_hand": on_hand,
                "currency": currency,
                "cost": cost,
                "value": value,
            }
        )
    return sorted(rows, key=lambda r: (r["branch"], r["branch_id"], r["sku"], r["product_id"]))


def _totals(chain: Chain, asked: Asked) -> list[dict[str, Any]]:
    def all_figures() -> Iterable[tuple[tuple[int, str], dict[str, int]]]:
        for s in chain.rows["sale"]:
            if asked.has(s):
                found = _turnover(s)
                yield (
                    (s["branch_id"], s["currency"]),
                    {k: found[k] for k in found if k not in ("sold", "returned")},
                )
        for x in chain.rows["sale_line"]:
            if asked.has(x):
                yield (x["branch_id"], x["currency"]), {
                    "line_count": 1, "quantity": x["quantity"],
                    "line_total": x["total"], "line_tax": x["tax"],
                }  # fmt: skip
        for p in chain.rows["payment"]:
            if asked.has(p):
                yield (p["branch_id"], p["currency"]), {"payment_count": 1, "paid": p["amount"]}
        for x in chain.rows["ledger"]:
            if asked.has(x):
                yield (x["branch_id"], x["currency"]), {
                    "ledger_line_count": 1, "debit": x["debit"], "credit": x["credit"],
                }  # fmt: skip

    sums = _add(all_figures())
    return [{"branch_id": branch, "currency": code} | sums[branch, code] for branch, code in sorted(sums)]


def _stock_totals(chain: Chain, asked: Asked) -> list[dict[str, Any]]:
    sums = _add(
        ((m["branch_id"], m["reason"]), {"movement_count": 1, "quantity": m["quantity"]})
        for m in chain.rows["movement"]
        if asked.has_branch(m)
    )
    return [{"branch_id": branch, "reason": reason} | sums[branch, reason] for branch, reason in sorted(sums)]


_REPORTS = {
    "sales-by-branch": _sales_by_branch,
    "sales-by-day": _sales_by_day,
    "sales-by-hour": _sales_by_hour,
    "top-products": _top_products,
    "payment-mix": _payment_mix,
    "tax": _tax,
    "returns": _returns,
    "ledger": _ledger,
    "stock": _stock,
    "totals": _totals,
    "stock-totals": _stock_totals,
}
