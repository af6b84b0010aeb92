"""The same sums from every place that knows them: file, journals, shards and reports must agree.

Money is minor units, quantities thousandths; what was returned counts negative.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from octonext.ledger.domain import Account
from octonext.till.domain.totals import Totals

from .drafts import FOUND, OPENING, WRITE_OFF
from .plan import Kind, Plan
from .rows import Reported, Row

REVENUE = (Account.SALES, Account.SALES_RETURNS, Account.VAT_PAYABLE)

#: The measures of a branch, in the order in which they are shown.
MEASURES: Mapping[str, str] = {
    "sales": "sales",
    "returns": "returns",
    "lines": "receipt lines",
    "money": "money",
    "quantity": "pieces sold",
    "adjusted": "pieces adjusted",
    "opening": "opening stock",
}


@dataclass(slots=True)
class Source:
    """What one place says: measure -> branch -> value. A measure it does not know is left out."""

    name: str
    values: dict[str, dict[int, int]] = field(default_factory=dict)

    def add(self, measure: str, branch: int, value: int) -> None:
        branches = self.values.setdefault(measure, {})
        branches[branch] = branches.get(branch, 0) + value

    def total(self, measure: str) -> int | None:
        branches = self.values.get(measure)
        return None if branches is None else sum(branches.values())


def of_file(plan: Plan, branch_ids: Sequence[int]) -> Source:
    """What the file says of the rows that were applied, straight from its quantities and prices."""
    source = _with_measures("file", MEASURES)
    for entries in plan.tills:
        for entry in entries:
            branch = branch_ids[plan.chain.branch_of_till(entry.till)]
            if entry.kind is Kind.OPENING_STOCK:
                source.add("opening", branch, sum(quantity for _, quantity in entry.stock))
            elif entry.kind is Kind.ADJUSTED:
                source.add("adjusted", branch, sum(row.quantity for row in entry.rows))
            elif entry.kind in (Kind.SALE, Kind.RETURN):
                source.add("sales" if entry.kind is Kind.SALE else "returns", branch, 1)
                source.add("lines", branch, len(entry.rows))
                source.add("money", branch, sum(row.amount for row in entry.rows))
                source.add("quantity", branch, sum(row.quantity for row in entry.rows))
    return source


def of_journals(totals: Totals) -> Source:
    """What the tills' journals say, decrypted and read back from their disks."""
    source = _with_measures("journals", ("sales", "returns", "lines", "money", "quantity"))
    for branch, sums in totals.branches.items():
        source.add("sales", branch, sums.sale_count)
        source.add("returns", branch, sums.return_count)
        source.add("lines", branch, sums.line_count)
        source.add("money", branch, sums.total)
        source.add("quantity", branch, sums.quantity)
    return source


def of_totals(name: str, rows: Iterable[Mapping[str, Any]]) -> Source:
    """What the shards' sales, or the report `totals`, say."""
    source = _with_measures(name, ("sales", "returns", "lines", "money", "quantity"))
    for row in rows:
        branch = row["branch_id"]
        source.add("sales", branch, row["sale_count"])
        source.add("returns", branch, row["return_count"])
        source.add("lines", branch, row["line_count"])
        source.add("money", branch, row["total"])
        source.add("quantity", branch, row["quantity"])
    return source


def of_ledger(rows: Iterable[Mapping[str, Any]]) -> Source:
    """What the accounts say: revenue and tax less what was given back."""
    source = _with_measures("ledger", ("money",))
    for row in rows:
        if row["account"] in REVENUE:
            source.add("money", row["branch_id"], row["credit"] - row["debit"])
    return source


def of_movements(name: str, rows: Iterable[Mapping[str, Any]]) -> Source:
    """What stock movements, or their report, say: goods that were sold left the shelf."""
    source = _with_measures(name, ("quantity", "adjusted", "opening"))
    for row in rows:
        branch, quantity = row["branch_id"], row["quantity"]
        match row["reason"]:
            case "sale" | "return":
                source.add("quantity", branch, -quantity)
            case reason if reason == OPENING:
                source.add("opening", branch, quantity)
            case reason if reason in (FOUND, WRITE_OFF):
                source.add("adjusted", branch, quantity)
    return source


@dataclass(frozen=True, slots=True)
class Difference:
    """Two places that do not agree on a branch."""

    measure: str
    branch: int
    values: Mapping[str, int]


def differences(sources: Sequence[Source]) -> list[Difference]:
    """Every measure and branch on which those who know it do not agree."""
    found = []
    for measure in MEASURES:
        knowing = [source for source in sources if measure in source.values]
        for branch in sorted({branch for source in knowing for branch in source.values[measure]}):
            values = {source.name: source.values[measure].get(branch, 0) for source in knowing}
            if len(set(values.values())) > 1:
                found.append(Difference(measure, branch, values))
    return found


@dataclass(frozen=True, slots=True)
class FileSums:
    """The whole file, whatever became of its rows: nothing is lost between applied and reported."""

    rows: int
    applied: int
    reported: int
    money: int
    money_applied: int
    money_reported: int
    money_adjusted: int
    """What write-offs would come to at their price; no money moves for them."""

    @property
    def agrees(self) -> bool:
        parts = self.money_applied + self.money_reported + self.money_adjusted
        return self.rows == self.applied + self.reported and self.money == parts


def sum_file(records: Iterable[Row | Reported], plan: Plan) -> FileSums:
    """Add up the file three ways. A line that could not even be read has no money that is known."""
    rows = {record.line: record for record in records if isinstance(record, Row)}
    reported = [each.line for each in plan.reported]
    return FileSums(
        rows=plan.rows_in,
        applied=plan.rows_applied,
        reported=len(reported),
        money=sum(row.amount for row in rows.values()),
        money_applied=sum(row.amount for row in plan.rows(Kind.SALE, Kind.RETURN)),
        money_reported=sum(rows[line].amount for line in reported if line in rows),
        money_adjusted=sum(row.amount for row in plan.rows(Kind.ADJUSTED)),
    )


def _with_measures(name: str, measures: Iterable[str]) -> Source:
    return Source(name, {measure: {} for measure in measures})
