"""The result as tables for a terminal: invariants first, then what is wrong and where."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from .domain.findings import State, Verdict
from .service import Verification

_WORDS: dict[State, str] = {
    "holds": "[green]holds[/]",
    "broken": "[bold red]BROKEN[/]",
    "unchecked": "[yellow]not checked[/]",
}


def show(found: Verification, console: Console, *, seconds: float) -> None:
    """Print the result."""
    console.print(_invariants(found))
    console.print(_checks(found.checks))
    for verdict in found.checks:
        if verdict.findings:
            _print_findings(verdict, console)
    for shard, cases in found.cases.items():
        if cases:
            listed = ", ".join(f"{count} {kind}" for kind, count in cases.items())
            console.print(f"[dim]Cases on {shard}:[/] {listed}")
    if found.waiting:
        console.print(f"[dim]{found.waiting} entries wait on the tills for their shards.[/]")
    verdict_line = (
        "[bold green]Everything that was checked holds.[/]"
        if found.holds
        else "[bold red]Not everything holds.[/]"
        if any(each.state == "broken" for each in found.checks)
        else "[bold yellow]Nothing broken was found, but not everything could be checked.[/]"
    )
    console.print(f"{verdict_line} [dim]{seconds:.1f} s[/]")


def _invariants(found: Verification) -> Table:
    table = Table(title="Invariants of docs/sync-protocol.md", title_justify="left")
    for column in ("", "invariant", "verdict", "remark"):
        table.add_column(column, overflow="fold")
    for each in found.invariants:
        table.add_row(str(each.number), escape(each.title), _WORDS[each.state], escape(each.reason))
    return table


def _checks(verdicts: list[Verdict]) -> Table:
    table = Table(title="Checks", title_justify="left")
    for column in ("check", "what", "verdict", "looked at", "remark"):
        table.add_column(column, overflow="fold", justify="right" if column == "looked at" else "left")
    for each in verdicts:
        remark = f"{each.broken} findings" if each.broken else each.reason
        table.add_row(
            each.check, escape(each.title), _WORDS[each.state], f"{each.examined:,}", escape(remark)
        )
    return table


def _print_findings(verdict: Verdict, console: Console) -> None:
    console.print(f"\n[bold red]{verdict.check}[/]: {escape(verdict.title)}")
    for finding in verdict.findings:
        console.print(f"  {escape(finding.place):<24} {escape(finding.what)}", soft_wrap=True)
    if verdict.broken > len(verdict.findings):
        console.print(f"  … and {verdict.broken - len(verdict.findings)} more")
