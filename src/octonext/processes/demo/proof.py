"""After closing time: what was measured, the reckoning of the three books, and the protocol's invariants."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import asyncpg
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from octonext.processes.chain import Chain
from octonext.processes.reckoning import (
    JOURNALS,
    REPORTS,
    SHARDS,
    BranchFigures,
    Comparison,
    Key,
    Place,
    compare,
    from_journals,
    from_reports,
    from_shard,
    print_reckoning,
)
from octonext.processes.verify.domain.findings import State
from octonext.processes.verify.service import Options, Verification, verify_installation
from octonext.runtime.postgres import DatabaseUnreachable
from octonext.till.domain.totals import Totals
from octonext.till.fleet import Latency

from .meter import LagMeter, percentile
from .stage import Branch, Stage
from .wording import span

READABLE_TIMEOUT_S = 90.0
"""So long shards and reports may take to be readable and complete: a killed process may just be starting."""
RETRY_PAUSE_S = 0.5
_VERDICTS: Mapping[State, tuple[str, str]] = {
    "holds": ("green", "holds"),
    "broken": ("bold red", "BROKEN"),
    "unchecked": ("dim", "-"),
}


def print_measured(stage: Stage, lags: Mapping[str, LagMeter], console: Console) -> None:
    """How long the shards and the reports took."""
    before, during = stage.measured.get("before"), stage.measured.get("during")
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    table.add_column("Measured")
    for name in ("median", "95 %", "of"):
        table.add_column(name, justify="right")
    for what, latency in (("before", before), ("while Riyadh's shard was frozen", during)):
        if latency is not None:
            table.add_row(f"Push to ack in Kuwait, {what}", *_latency(latency))
    for shard_id, meter in lags.items():
        seen = sorted(lag for _, lag in meter.lags)
        table.add_row(
            f"Ack of a sale to a report with it, {shard_id}",
            span(percentile(seen, 50)),
            span(percentile(seen, 95)),
            f"{len(seen):,}",
        )
    console.print(table)
    console.print()


async def reckon(chain: Chain, totals: Totals, branches: Sequence[Branch], console: Console) -> Comparison:
    """Compare journals, shards and reports, and print how they compare. Raises what reading raises."""
    places = {each.branch_id: Place(each.code, each.name_en, each.currency) for each in branches}
    ends = time.monotonic() + READABLE_TIMEOUT_S
    shards = await _from_shards(chain, places, ends)
    while True:
        reports = await from_reports(chain.head_office.get, places)
        # Stock and ledger are feeds of their own and may arrive a moment after the sales.
        if compare({SHARDS: shards, REPORTS: reports}).agrees or time.monotonic() > ends:
            break
        await asyncio.sleep(RETRY_PAUSE_S)
    books = {JOURNALS: from_journals(totals), SHARDS: shards, REPORTS: reports}
    comparison = compare(books)
    console.rule(f"The reckoning: {totals.entries:,} journal entries", style="dim")
    print_reckoning(console, books, comparison, places)
    console.print()
    return comparison


async def check_invariants(chain: Chain, journals: Path, console: Console) -> bool:
    """Every check of `octonext verify`, summed up by invariant; whether everything holds."""
    ends = time.monotonic() + READABLE_TIMEOUT_S
    while True:
        found = await verify_installation(chain.layout, Options(journals=(journals,)))
        broken = any(check.state == "broken" for check in found.checks)
        if found.holds or broken or time.monotonic() > ends:
            break
        # Something could not be read just now; that proves nothing either way.
        await asyncio.sleep(RETRY_PAUSE_S)
    console.rule("octonext verify: the protocol's invariants", style="dim")
    _print_invariants(found, console)
    return found.holds


def print_verdict(
    console: Console, comparison: Comparison, *, drained: bool, holds: bool, sealed: bool
) -> bool:
    """The last word, in one line; whether it is a good one."""
    wrong = [
        text
        for well, text in (
            (drained, "some tills could not hand over everything"),
            (comparison.agrees, f"{len(comparison.differences):,} figures differ"),
            (holds, "not every invariant holds"),
            (sealed, "not everything is as it was sealed"),
        )
        if not well
    ]
    if wrong:
        console.print(f"[bold red]Not proven:[/] {', '.join(wrong)}.")
    else:
        console.print(
            f"[bold green]Proven:[/] {comparison.compared:,} figures agree, every invariant that can be "
            "read off them holds, and all is as it was sealed."
        )
    return not wrong


def _print_invariants(found: Verification, console: Console) -> None:
    table = Table(box=None, padding=(0, 1), pad_edge=False, show_header=False)
    table.add_column(justify="right")
    table.add_column(justify="right")
    table.add_column()
    for each in found.invariants:
        style, word = _VERDICTS[each.state]
        remark = f" [dim]({escape(each.reason)})[/]" if each.reason and each.state == "unchecked" else ""
        table.add_row(f"[{style}]{word}[/]", str(each.number), f"{escape(each.title)}{remark}")
    console.print(table)
    looked_at = sum(check.examined for check in found.checks)
    console.print(f"{looked_at:,} things were looked at in {len(found.checks)} checks.")
    for check in found.checks:
        if check.state == "unchecked":
            console.print(f"[yellow]{check.check} was not checked: {escape(check.reason)}[/]")
        for finding in check.findings:
            console.print(f"[red]{check.check}: {escape(finding.place)} {escape(finding.what)}[/]")
    for shard_id, cases in found.cases.items():
        listed = ", ".join(f"{count} {kind.replace('_', ' ')}" for kind, count in cases.items())
        if listed:
            console.print(f"For somebody to look at on {shard_id}: {escape(listed)}.")


async def _from_shards(chain: Chain, places: Mapping[int, Place], ends: float) -> dict[Key, BranchFigures]:
    found: dict[Key, BranchFigures] = {}
    for shard in chain.layout.settings.shards:
        while True:
            try:
                found |= await from_shard(chain.layout.dsn("shard", shard.id), places)
                break
            except (DatabaseUnreachable, asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
                if time.monotonic() > ends:
                    raise
            await asyncio.sleep(RETRY_PAUSE_S)
    return found


def _latency(latency: Latency) -> tuple[str, str, str]:
    return f"{latency.p50_ms:.0f} ms", f"{latency.p95_ms:.0f} ms", f"{latency.count:,}"
