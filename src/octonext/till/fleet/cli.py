"""`octonext fleet ...`: enrol many tills, and let them sell."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console

from octonext.base.money import format_minor
from octonext.base.quantity import format_quantity
from octonext.till.domain.numbers import reference_of
from octonext.till.domain.pen import Written
from octonext.till.domain.totals import Totals
from octonext.till.errors import NotUnderstood, SyncStopped
from octonext.till.store import Identity

from .counters import Counters
from .fleet import Fleet
from .member import OnReceipts
from .shopper import Pace

app = typer.Typer(help="Many tills from one process.", no_args_is_help=True)

READY_TIMEOUT_S = 60.0
REPORT_EVERY_S = 1.0
#: As many as a printed receipt shows.
RECEIPT_HASH_DIGITS = 8

Dir = Annotated[Path, typer.Option("--dir", help="Folder of the fleet's journals.")]
Url = Annotated[list[str], typer.Option(help="https://host:port of a gateway; repeatable.")]
Ca = Annotated[Path | None, typer.Option(help="Root certificate of the installation (PEM).")]


@app.command()
def enrol(
    directory: Dir,
    url: Url,
    codes: Annotated[Path, typer.Option(help="One-time codes, one a line.")],
    ca: Ca = None,
) -> None:
    """Make a till for every code."""
    try:
        lines = [line.strip() for line in codes.read_text(encoding="utf-8").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise NotUnderstood(f"{codes} cannot be read: {error}.") from error
    made = asyncio.run(Fleet.enrol(directory, [line for line in lines if line], url=url[0], ca=ca))
    typer.echo(f"{len(made)} tills enrolled.")


@app.command()
def run(
    directory: Dir,
    url: Url,
    ca: Ca = None,
    per_s: Annotated[
        float, typer.Option("--rate", min=0, help="Visits a second and till; 0: flat out.")
    ] = 0.2,
    batch: Annotated[int, typer.Option(min=1, max=256, help="Visits written at once.")] = 1,
    limit: Annotated[int | None, typer.Option(min=1, help="Visits per till.")] = None,
    duration_s: Annotated[float, typer.Option("--duration", min=1, help="Seconds to sell.")] = 60.0,
    offline: Annotated[float, typer.Option(min=0, max=0.95, help="Part of the time without network.")] = 0.0,
    seed: Annotated[int, typer.Option(help="The same seed, the same baskets.")] = 0,
    drain_s: Annotated[float, typer.Option("--drain", min=1, help="Seconds to hand over the rest.")] = 120.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the sums for programs.")] = False,
    receipts: Annotated[
        bool, typer.Option("--receipts", help="Print each receipt's number and hash when it is shown.")
    ] = False,
) -> None:
    """Open every shift, sell, close, hand over, and print what the journals add up to."""
    pace = Pace(per_s=per_s or None, batch=batch, limit=limit)
    totals, drained = asyncio.run(
        _run(
            directory,
            url,
            ca,
            pace,
            duration_s=duration_s,
            offline=offline,
            seed=seed,
            drain_s=drain_s,
            on_receipts=_print_receipts if receipts else None,
        )
    )
    if as_json:
        typer.echo(msgspec.json.encode(totals, enc_hook=str, order="sorted").decode())
    else:
        _print_totals(totals)
    if not drained:
        raise SyncStopped(
            "Not every journal could be handed over.", remedy="`octonext till status --dir ...` says why."
        )


async def _run(
    directory: Path,
    url: list[str],
    ca: Path | None,
    pace: Pace,
    *,
    duration_s: float,
    offline: float,
    seed: int,
    drain_s: float,
    on_receipts: OnReceipts | None,
) -> tuple[Totals, bool]:
    async with Fleet.running(directory, urls=url, ca=ca, seed=seed, on_receipts=on_receipts) as fleet:
        await fleet.ready(READY_TIMEOUT_S)
        await fleet.open_shifts()
        reporting = asyncio.create_task(_report(fleet))
        try:
            fleet.start_selling(pace, offline=offline)
            try:
                async with asyncio.timeout(duration_s):
                    await fleet.sold_out()
            except TimeoutError:
                pass
            await fleet.stop_selling()
            await fleet.close_shifts()
            drained = await fleet.drain(drain_s)
        finally:
            reporting.cancel()
        return await asyncio.to_thread(fleet.totals), drained


def _print_receipts(till: Identity, written: Sequence[Written]) -> None:
    # At once, as a printer would: whoever reads along must not know less than the customer.
    for item in written:
        typer.echo(f"{reference_of(till, item.sealed.seq)} {item.sealed.hash.hex()[:RECEIPT_HASH_DIGITS]}")


async def _report(fleet: Fleet) -> None:
    console = Console(stderr=True, highlight=False)
    while True:
        console.print(_line(fleet.counters()))
        await asyncio.sleep(REPORT_EVERY_S)


def _line(counters: Counters) -> str:
    latency = ", ".join(f"{shard} {seen.p95_ms:.0f} ms" for shard, seen in counters.latency.items())
    return (
        f"{counters.online} online, {counters.offline} offline, {counters.stopped} stopped; "
        f"{counters.sales} sales ({counters.sales_per_s:.0f}/s), {counters.backlog} waiting, "
        f"{counters.acked} acked ({counters.acked_per_s:.0f}/s); p95 {latency or 'unknown'}"
    )


def _print_totals(totals: Totals) -> None:
    typer.echo(f"{totals.entries} entries")
    for branch_id, branch in sorted(totals.branches.items()):
        tenders = ", ".join(
            f"{tender} {format_minor(amount, branch.currency)}"
            for tender, amount in sorted(branch.tenders.items())
        )
        typer.echo(
            f"branch {branch_id}: {branch.sale_count} sales, {branch.return_count} returns, "
            f"{format_minor(branch.total, branch.currency)} {branch.currency}, "
            f"{format_quantity(branch.quantity)} units; {tenders or 'no payments'}"
        )
