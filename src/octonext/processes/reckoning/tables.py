"""The reckoning for a terminal: three lines for each branch, its totals, and every difference."""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from octonext.base.money import CURRENCIES, format_minor
from octonext.base.quantity import THOUSANDTHS

from .figures import JOURNALS, REPORTS, SHARDS, Book, BranchFigures, Comparison, Difference, Place

DIFFERENCES_SHOWN_MAX = 40
_TOLD_BY = {JOURNALS: "tills' journals", SHARDS: "shard", REPORTS: "reports"}


def print_reckoning(
    console: Console, books: Mapping[str, Book], comparison: Comparison, places: Mapping[int, Place]
) -> None:
    """Print what each book says of each branch, then whether all agree; every difference in words."""
    table = Table(box=None, padding=(0, 1), pad_edge=False, header_style="bold")
    table.add_column("Branch", no_wrap=True, overflow="ellipsis", max_width=12)
    table.add_column("told by", no_wrap=True)
    for name in ("sales", "returns", "units", "total", "VAT"):
        table.add_column(name, justify="right", no_wrap=True)
    wrong = {difference.key for difference in comparison.differences}
    for key in sorted({key for book in books.values() for key in book}):
        place = places.get(key.branch_id)
        branch = escape(place.name_en if place is not None else f"branch {key.branch_id}")
        for name, book in books.items():
            first = name == next(iter(books))
            mark = "[red]" if key in wrong else "" if first else "[green]= "
            table.add_row(
                branch if first else "", f"{mark}{_TOLD_BY[name]}", *_cells(book.get(key), key.currency)
            )
    table.add_row()
    for currency in sorted({key.currency for book in books.values() for key in book}):
        table.add_row(f"[bold]All in {escape(currency)}", "", *_cells(_sum(books, currency), currency))
    console.print(table)
    console.print()
    _print_verdict(console, comparison, places)


def _print_verdict(console: Console, comparison: Comparison, places: Mapping[int, Place]) -> None:
    if comparison.agrees:
        console.print(
            f"[bold green]Nothing is lost and nothing counted twice:[/] {comparison.compared:,} figures "
            "agree - receipts, lines, units, totals, VAT, payments by tender, ledger balances, and the "
            "stock of every product in every branch."
        )
        return
    shown = comparison.differences[:DIFFERENCES_SHOWN_MAX]
    console.print(
        f"[bold red]{len(comparison.differences):,} of {comparison.compared:,} figures differ:[/]"
        if comparison.differences
        else "[bold red]There was nothing to compare.[/]"
    )
    for difference in shown:
        console.print(f"  {escape(_sentence(difference, places))}", style="red")
    if len(shown) < len(comparison.differences):
        console.print(f"  and {len(comparison.differences) - len(shown):,} more", style="red")


def _sentence(difference: Difference, places: Mapping[int, Place]) -> str:
    place = places.get(difference.key.branch_id)
    where = place.code if place is not None else f"branch {difference.key.branch_id}"
    said = ", ".join(
        f"{book} {'nothing' if figure is None else figure}" for book, figure in difference.said.items()
    )
    return f"{where} {difference.key.currency} {difference.figure}: {said}"


def _cells(figures: BranchFigures | None, currency: str) -> list[str]:
    if figures is None:
        return ["-"] * 5
    values = figures.values
    return [
        f"{values.get('sales', 0):,}",
        f"{values.get('returns', 0):,}",
        _units(values.get("quantity", 0)),
        f"{_money(values.get('total', 0), currency)} {currency}",
        _money(values.get("tax", 0), currency),
    ]


def _sum(books: Mapping[str, Book], currency: str) -> BranchFigures:
    """Of the first book: the others are shown beside it, and compared figure by figure."""
    first = next(iter(books.values()), {})
    total = BranchFigures()
    for key, figures in first.items():
        if key.currency == currency:
            for name, value in figures.values.items():
                total.values[name] = total.values.get(name, 0) + value
    return total


def _units(quantity: int) -> str:
    whole, fraction = divmod(abs(quantity), THOUSANDTHS)
    return f"{'-' if quantity < 0 else ''}{whole:,}.{fraction:03d}"


def _money(amount: int, currency: str) -> str:
    return _grouped(format_minor(amount, currency)) if currency in CURRENCIES else str(amount)


def _grouped(text: str) -> str:
    whole, point, fraction = text.partition(".")
    return f"{int(whole):,}{point}{fraction}" if whole.lstrip("-") != "0" else text
