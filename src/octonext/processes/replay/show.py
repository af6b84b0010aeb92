"""The reconciliation as tables: what every place says, and whether they agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from octonext.base.money import format_minor
from octonext.base.quantity import format_quantity

from .domain.invoices import Deed
from .domain.plan import Kind, Plan
from .domain.reconciliation import Source
from .domain.rows import CURRENCY
from .service import Outcome

#: What is shown of each place; opening stock is no row of the file and has a line of its own.
_COLUMNS: Mapping[str, str] = {
    "sales": "sales",
    "returns": "returns",
    "lines": "lines",
    "money": CURRENCY,
    "quantity": "pieces",
    "adjusted": "adjusted",
}


def show(outcome: Outcome, console: Console, *, report: str) -> None:
    """Print the whole outcome, 80 columns wide."""
    _print_rows(outcome, console, report)
    console.print(_places(outcome.sources))
    console.print(_branches(outcome))
    for difference in outcome.differences:
        values = ", ".join(f"{name} {value}" for name, value in difference.values.items())
        console.print(f"[bold red]differs:[/] {difference.measure} of branch {difference.branch}: {values}")
    _print_timing(outcome, console)
    broken = [each for each in outcome.verification.checks if each.state == "broken"]
    for verdict in broken:
        console.print(f"[bold red]{verdict.check}[/]: {escape(verdict.title)} - {verdict.broken} findings")
        for finding in verdict.findings:
            console.print(f"  {escape(finding.place)} {escape(finding.what)}", soft_wrap=True)
    if outcome.verification.holds:
        console.print("The invariants of docs/sync-protocol.md hold, as far as data at rest can show them.")
    elif not broken:
        console.print("[bold red]Not every invariant could be checked; see `octonext verify`.[/]")
    if outcome.agrees:
        console.print("[bold green]File = journals = shards = reports, in money and quantity.[/]")
    else:
        console.print("[bold red]Not everything agrees.[/]")


def _print_rows(outcome: Outcome, console: Console, report: str) -> None:
    file, plan = outcome.file, outcome.plan
    console.print(
        f"\nRows in [bold]{file.rows:,}[/] = applied [bold]{file.applied:,}[/] "
        f"+ reported [bold]{file.reported:,}[/]"
    )
    console.print(f"  applied: {_counted(_deeds(plan))}")
    reasons = Counter(each.reason for each in plan.reported)
    console.print(f"  reported in {escape(report)}: {_counted(reasons) or 'nothing'}", soft_wrap=True)
    written_off = f" + not paid {_money(file.money_adjusted)}" if file.money_adjusted else ""
    console.print(
        f"{CURRENCY} in the file {_money(file.money)} = applied {_money(file.money_applied)} "
        f"+ reported {_money(file.money_reported)}{written_off}"
    )
    console.print(f"Entries on shards: {_counted(_summed(outcome.verification.outcomes.values()))}")
    cases = _summed(outcome.verification.cases.values())
    if cases:
        console.print(f"Cases opened: {_counted(cases)}")
    opening = outcome.sources[0].total("opening") or 0
    console.print(f"Opening stock, for goods that will be sold: {_pieces(opening)} pieces")


def _places(sources: Iterable[Source]) -> Table:
    table = Table(title="\nWhat every place says", title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("")
    for title in _COLUMNS.values():
        table.add_column(title, justify="right", no_wrap=True)
    for source in sources:
        table.add_row(source.name, *(_cell(measure, source.total(measure)) for measure in _COLUMNS))
    return table


def _branches(outcome: Outcome) -> Table:
    table = Table(title="By branch", title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("")
    for title in _COLUMNS.values():
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("the same everywhere")
    broken = {difference.branch for difference in outcome.differences}
    file = outcome.sources[0]
    for branch, code in zip(outcome.retailer.branch_ids, outcome.retailer.branch_codes, strict=True):
        cells = [_cell(measure, file.values[measure].get(branch, 0)) for measure in _COLUMNS]
        table.add_row(code, *cells, "[bold red]NO[/]" if branch in broken else "[green]yes[/]")
    return table


def _print_timing(outcome: Outcome, console: Console) -> None:
    seconds = outcome.seconds
    total = sum(seconds.values())
    console.print(f"[bold]{total:.1f} s[/] in all:")
    for name, value in seconds.items():
        console.print(f"  {value:6.1f} s  {name}")
    selling = max(seconds.get("sell and sync", 0.0), 0.001)
    sales = outcome.sources[0].total("sales") or 0
    console.print(
        f"While selling {outcome.file.applied / selling:,.0f} rows/s and {sales / selling:,.0f} sales/s; "
        f"end to end {outcome.file.rows / total:,.0f} rows/s"
    )


def _deeds(plan: Plan) -> dict[str, int]:
    kinds = {Deed.SOLD: Kind.SALE, Deed.RETURNED: Kind.RETURN, Deed.ADJUSTED: Kind.ADJUSTED}
    return {str(deed): sum(1 for _ in plan.rows(kind)) for deed, kind in kinds.items()}


def _summed(counts: Iterable[Mapping[str, int]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for each in counts:
        total.update(each)
    return total


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in counts.items())


def _cell(measure: str, value: int | None) -> str:
    if value is None:
        return ""
    if measure == "money":
        return _money(value)
    return _pieces(value) if measure in ("quantity", "adjusted") else f"{value:,}"


def _money(amount: int) -> str:
    return _grouped(format_minor(amount, CURRENCY))


def _pieces(quantity: int) -> str:
    return _grouped(format_quantity(quantity))


def _grouped(number: str) -> str:
    """Thousands apart: -1234.50 as -1,234.50."""
    sign = "-" if number.startswith("-") else ""
    whole, point, fraction = number.removeprefix("-").partition(".")
    return f"{sign}{int(whole):,}{point}{fraction}"
