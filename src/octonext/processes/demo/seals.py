"""The demo's last proof: what was sold is under signed heads, and nobody has touched it since."""

from __future__ import annotations

import asyncio
import time

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from octonext.processes.audit.verify import DatabaseResult, exit_code, verify_all
from octonext.processes.chain import Chain

SEALED_TIMEOUT_S = 60.0
"""So long a database may take to be readable and to have its first head."""
RETRY_PAUSE_S = 0.5


async def check_seals(chain: Chain, console: Console) -> bool:
    """Compare every row of trail, journal and ledger with what was sealed; whether all is as it was."""
    ends = time.monotonic() + SEALED_TIMEOUT_S
    while True:
        results = await verify_all(chain.layout, "", None, [])
        sealed = exit_code(results) == 0 and all(each.heads for each in results)
        # What is found stays found; what could not be read proves nothing either way.
        if sealed or any(each.findings for each in results) or time.monotonic() > ends:
            break
        await asyncio.sleep(RETRY_PAUSE_S)
    console.rule("octonext audit verify: trail, journal and ledger as they were sealed", style="dim")
    _print(results, console)
    return sealed


def _print(results: list[DatabaseResult], console: Console) -> None:
    table = Table(box=None, padding=(0, 1), pad_edge=False, show_header=False)
    for _ in range(2):
        table.add_column()
    for each in results:
        if each.problem:
            word = f"[yellow]not read: {escape(each.problem)}[/]"
        elif each.findings:
            word = f"[bold red]{len(each.findings)} found[/]"
        else:
            word = (
                f"[green]as sealed[/]: {each.rows:,} rows under {each.heads:,} signed heads, "
                f"copies at {', '.join(each.copies) or 'none'}"
            )
        table.add_row(each.database, word)
        for one in each.findings:
            table.add_row("", f"[red]{escape(one.table)} {escape(one.key)}: {escape(one.what)}[/]")
    console.print(table)
