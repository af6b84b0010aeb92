"""The commands of a till. Each opens the journal, does one thing, prints the receipt, and is done."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from octonext.base.money import parse_minor
from octonext.till.domain.numbers import parse_receipt
from octonext.till.remote import enrol as enrol_till
from octonext.till.service import Receipt, Till
from octonext.till.store import Journal

from .status import show_status
from .sync import sync_till
from .typed import PIN_VARIABLE, ask_pin, parse_items, parse_tenders

app = typer.Typer(help="A till: enrol it, sell with it, sync it.", no_args_is_help=True)
shift_app = typer.Typer(help="Open and close shifts.", no_args_is_help=True)
app.add_typer(shift_app, name="shift")

Dir = Annotated[Path, typer.Option("--dir", help="The till's folder.", envvar="OCTONEXT_TILL")]
Pin = Annotated[
    str | None,
    typer.Option("--pin", help="Better left out: it is asked for.", envvar=PIN_VARIABLE, show_envvar=True),
]
Items = Annotated[list[str], typer.Argument(metavar="BARCODE[xQUANTITY]...")]
Reason = Annotated[str | None, typer.Option(help="Why, in a few words.")]


@app.command()
def enrol(
    directory: Dir,
    url: Annotated[str, typer.Option(help="https://host:port of a gateway.")],
    code: Annotated[str, typer.Option(help="The one-time code from head office.")],
    ca: Annotated[Path | None, typer.Option(help="Root certificate of the installation (PEM).")] = None,
    name: Annotated[str, typer.Option(help="What people call this till; default: head office's name.")] = "",
) -> None:
    """Make this folder a till of the chain."""
    journal = asyncio.run(enrol_till(directory, url=url, ca=ca, code=code, name=name))
    identity = journal.identity
    journal.close()
    typer.echo(f"Enrolled as {identity.device_code} of {identity.branch_code} {identity.branch_name_en}.")


@shift_app.command("open")
def shift_open(
    directory: Dir,
    cashier: Annotated[str, typer.Option(help="The cashier's code.")],
    opening_float: Annotated[str, typer.Option("--float", help="Cash put into the drawer.")] = "0",
    pin: Pin = None,
) -> None:
    """Sign a cashier in and open a shift."""
    with _open_till(directory) as till:
        amount = parse_minor(opening_float, till.identity.currency)
        _print(till.open_shift(cashier, ask_pin(pin), amount), till)


@shift_app.command("close")
def shift_close(
    directory: Dir,
    counted: Annotated[str, typer.Option(help="What was counted in the drawer.")],
    pin: Pin = None,
) -> None:
    """Count the drawer and close the shift."""
    with _unlocked(directory, pin) as (till, _):
        _print(till.close_shift(parse_minor(counted, till.identity.currency)), till)


@app.command()
def sell(
    directory: Dir,
    items: Items,
    tender: Annotated[list[str] | None, typer.Option(help="cash=20.000, card, ...; repeatable.")] = None,
    note: Annotated[str | None, typer.Option()] = None,
    pin: Pin = None,
) -> None:
    """Sell what was scanned; without a tender it is paid in cash, exactly."""
    with _unlocked(directory, pin) as (till, _):
        tenders = parse_tenders(tender or [], till.identity.currency)
        _print(till.sell(parse_items(items), tenders, note), till)


@app.command("return")
def take_back(
    directory: Dir,
    receipt: Annotated[str, typer.Argument(help="The receipt's number, or `none`.")],
    items: Annotated[list[str] | None, typer.Argument(metavar="[BARCODE[xQUANTITY]...]")] = None,
    tender: Annotated[str, typer.Option(help="How the money is handed out.")] = "cash",
    reason: Reason = None,
    pin: Pin = None,
) -> None:
    """Take goods back; of a receipt of this till, without barcodes, everything on it."""
    with _unlocked(directory, pin) as (till, secret):
        original = None if receipt == "none" else parse_receipt(receipt, till.identity)
        back = till.take_back(original, parse_items(items or []), tender, pin=secret, reason=reason)
        _print(back, till)


@app.command()
def void(directory: Dir, items: Items, reason: Reason = None, pin: Pin = None) -> None:
    """Note that a cart was given up before it was paid."""
    with _unlocked(directory, pin) as (till, _):
        _print(till.void(parse_items(items), reason), till)


@app.command()
def cash(
    directory: Dir,
    amount: Annotated[str, typer.Argument(help="Put into the drawer; with --out, taken out.")],
    out: Annotated[bool, typer.Option("--out")] = False,
    reason: Reason = None,
    pin: Pin = None,
) -> None:
    """Move cash between the safe and the drawer."""
    with _unlocked(directory, pin) as (till, _):
        minor = parse_minor(amount, till.identity.currency)
        _print(till.move_cash(-minor if out else minor, reason), till)


@app.command()
def count(directory: Dir, items: Items, pin: Pin = None) -> None:
    """Note what was counted on the shelf; the book follows."""
    with _unlocked(directory, pin) as (till, _):
        _print(till.count_stock(parse_items(items)), till)


@app.command()
def adjust(
    directory: Dir,
    items: Annotated[list[str], typer.Argument(metavar="BARCODEx[+-]QUANTITY...")],
    why: Annotated[str, typer.Option(help="opening, damage, write_off, found, ...")],
    note: Annotated[str | None, typer.Option()] = None,
    pin: Pin = None,
) -> None:
    """Note stock that came or went without a sale."""
    with _unlocked(directory, pin) as (till, _):
        _print(till.adjust_stock(parse_items(items), why, note), till)


@app.command()
def sync(
    directory: Dir,
    url: Annotated[list[str] | None, typer.Option(help="Other gateways; repeatable.")] = None,
    follow: Annotated[bool, typer.Option("--follow", help="Stay connected until Ctrl-C.")] = False,
    timeout_s: Annotated[float, typer.Option("--timeout", min=1, help="Seconds to try.")] = 60.0,
) -> None:
    """Hand over what was sold, and fetch prices and cashiers. Needs no PIN."""
    journal = Journal.open(directory)
    try:
        asyncio.run(sync_till(journal, urls=url or [], follow=follow, timeout_s=timeout_s))
    finally:
        journal.close()


@app.command()
def status(
    directory: Dir,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Show the till, its shift, what waits to be sent, and its alarms."""
    journal = Journal.open(directory, readonly=True)
    try:
        show_status(journal, directory, as_json=as_json)
    finally:
        journal.close()


@app.command()
def receipt(
    directory: Dir,
    number: Annotated[str, typer.Argument(help="The receipt's number or its seq.")],
    pin: Pin = None,
) -> None:
    """Print a receipt of this till again."""
    journal = Journal.open(directory, readonly=True)
    try:
        till = Till(journal)
        wanted = parse_receipt(number, till.identity)
        typer.echo(till.print_receipt(wanted.seq, ask_pin(pin)))
    finally:
        journal.close()


@contextmanager
def _open_till(directory: Path) -> Iterator[Till]:
    journal = Journal.open(directory)
    try:
        yield Till(journal)
    finally:
        journal.close()


@contextmanager
def _unlocked(directory: Path, pin: str | None) -> Iterator[tuple[Till, str]]:
    with _open_till(directory) as till:
        till.require_shift()
        secret = ask_pin(pin)
        till.unlock(secret)
        yield till, secret


def _print(printed: Receipt, till: Till) -> None:
    typer.echo(printed.text)
    waiting = till.journal.place.seq - till.journal.acked.seq
    if waiting:
        typer.echo(f"({waiting} to send)", err=True)
