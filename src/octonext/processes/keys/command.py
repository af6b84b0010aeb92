"""`octonext keys`: make, check, rotate and recover the keys of an installation."""

from __future__ import annotations

import asyncio
import os
import shlex
from pathlib import Path
from typing import Annotated

import asyncpg
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from octonext.base.errors import OctoNextError
from octonext.crypto.keyring import Keyring, keyring_file
from octonext.crypto.keyring_errors import RecoveryRefused
from octonext.crypto.keyring_recovery import PASSPHRASE_CHARACTERS_MIN, read_recovery, write_recovery
from octonext.processes.options import Data
from octonext.processes.os_process import forbid_inspection
from octonext.runtime.layout import Layout
from octonext.runtime.secrets import SecretSource

from .checking import EXPORT, KeyReport, check_keys
from .opening import master_source, open_keyring, require_nothing_encrypted
from .rotation import accept_sync, rotate_master, rotate_sync, tell_head_office
from .sources import SOURCE_HELP, as_setting, parse_source

app = typer.Typer(help="The keys of everything that is encrypted.", no_args_is_help=True)

EXIT_PROBLEM = 1
PassphraseFile = Annotated[
    Path | None,
    typer.Option("--passphrase-file", help="Holds the passphrase (mode 0600); default: it is asked for."),
]


@app.callback()
def main() -> None:
    """The keys of everything that is encrypted."""
    # What is held here opens everything; no debugger of the same user need read it.
    forbid_inspection()


@app.command()
def init(
    data: Data,
    recover: Annotated[Path | None, typer.Option("--recover", help="A recovery document to restore.")] = None,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Make the keys of a new installation, or restore those of a recovery document."""
    layout, console = _opened(data), _console()
    layout.prepare()
    if recover is not None:
        passphrase = _passphrase(passphrase_file, confirm=False)
        recovered = read_recovery(_read_document(recover), passphrase)
        keyring = Keyring.restore(layout.keys, master_source(layout), recovered)
        console.print(f"Restored: {len(keyring.entries())} keys open. Check them: octonext keys check.")
        _tell_head_office(layout, console, "keys_restored", fingerprint=keyring.fingerprint)
        return
    require_nothing_encrypted(layout)
    Keyring.create(layout.keys, master_source(layout))
    console.print(
        f"Made {keyring_file(layout.keys)}; the master key is in {master_source(layout).describe()}."
    )
    console.print(
        f"[bold]Without it nothing can be read again.[/] After the first start, keep a copy elsewhere: "
        f"{escape(EXPORT.format(data=shlex.quote(str(data))))}"
    )


@app.command()
def rotate(
    data: Data,
    sync: Annotated[
        str | None, typer.Option("--sync", metavar="SHARD", help="A shard's sync key instead.")
    ] = None,
    to: Annotated[
        str | None, typer.Option("--to", help=f"Where the new master key is: {SOURCE_HELP}.")
    ] = None,
    old: Annotated[
        str | None, typer.Option("--from", help="Where the old one is, if the settings name the new.")
    ] = None,
) -> None:
    """Exchange the master key (nothing is encrypted anew), or a shard's sync key (old ones stay readable)."""
    layout, console = _opened(data), _console()
    if sync is not None:
        rotate_sync(layout, open_keyring(layout), sync)
        console.print(
            f"{escape(sync)} has a new sync key. Its gateways tell the tills; older keys stay readable."
        )
        _tell_head_office(layout, console, "sync_key_rotated", registers=True, shard=sync)
    else:
        target = parse_source(to) if to else None
        keyring = rotate_master(layout, parse_source(old) if old else None, target)
        console.print(f"The keyring is under a new master key, fingerprint {keyring.fingerprint}.")
        _tell_head_office(layout, console, "master_key_rotated", fingerprint=keyring.fingerprint)
        if target is not None and target != master_source(layout):
            console.print(f"[bold]Now set in {escape(str(layout.config))}:[/]\n")
            console.print(escape(f"[keys]\nmaster = {as_setting(target)}\n"))
    console.print(
        f"Older recovery documents lack what is new: {escape(EXPORT.format(data=shlex.quote(str(data))))}"
    )


@app.command()
def accept(
    data: Data,
    shard: Annotated[str, typer.Argument(help="The shard's id.")],
    source: Annotated[str, typer.Option("--from", help=f"The coming private key, PEM: {SOURCE_HELP}.")],
) -> None:
    """Let this machine read what tills wrap for a sync key that other machines already use."""
    layout = _opened(data)
    is_new = accept_sync(layout, open_keyring(layout), shard, parse_source(source))
    _console().print("Accepted: gateways of this machine open it." if is_new else "It was accepted before.")


@app.command("export-recovery")
def export_recovery(
    data: Data,
    out: Annotated[Path | None, typer.Option("--out", help="A new file; default: it is printed.")] = None,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Write every key, under a passphrase, as text to keep far from this machine."""
    layout = _opened(data)
    if out is not None and out.exists():
        raise RecoveryRefused(f"{out} is there already.", remedy="Name a new file.")
    keyring = Keyring.open(layout.keys, master_source(layout))
    entries = keyring.entries()
    title = f"{layout.settings.name}, master key {keyring.fingerprint}, {len(entries)} keys"
    passphrase = _passphrase(passphrase_file, confirm=True)
    text = write_recovery(*keyring.contents(), passphrase, title=title)
    if out is not None:
        with os.fdopen(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        text = _read_document(out)
    # A document that was never opened is a hope.
    read_recovery(text, passphrase)
    if out is None:
        typer.echo(text)
    keyring.mark_exported(entries)
    console = Console(stderr=out is None, highlight=False, soft_wrap=True)
    console.print(f"It opens, and holds {len(entries)} keys. Take it away from this machine.")
    _tell_head_office(layout, console, "recovery_exported", fingerprint=keyring.fingerprint)
    console.print(
        "If the keys here are lost, and it or its passphrase too, then everything that is encrypted on this "
        "machine is lost, and every backup."
    )


@app.command()
def check(data: Data) -> None:
    """Open every key, and say what would be lost with it. Exit code 1 when something is to be put right."""
    report = check_keys(_opened(data))
    _show(report, _console())
    if report.problems:
        raise typer.Exit(EXIT_PROBLEM)


def _show(report: KeyReport, console: Console) -> None:
    console.print(f"Master key: {escape(report.source)}, fingerprint {report.fingerprint}.")
    console.print(f"Recovery document: {report.exported_at or 'none holds this master key'}.")
    table = Table("key", Column("generations", justify="right"), "newest", "recoverable", "lost without it")
    for line in report.keys:
        recoverable = "yes" if line.exported else "[bold red]no[/]"
        table.add_row(
            escape(f"{line.purpose}/{line.name}"),
            str(line.generations),
            line.since[:16],
            recoverable,
            escape(line.lost),
        )
    console.print(table)
    for remark in report.remarks:
        console.print(escape(remark))
    for problem in report.problems:
        console.print(f"[bold red]{escape(problem)}[/]")
    if not report.problems:
        console.print("Every key opens, is recoverable, and is nobody else's to read.")


def _tell_head_office(
    layout: Layout, console: Console, event: str, *, registers: bool = False, **detail: str
) -> None:
    try:
        asyncio.run(tell_head_office(layout, event, registers=registers, **detail))
    except (OSError, TimeoutError, asyncpg.PostgresError, OctoNextError):
        # A key is exchanged when something is wrong, so also while head office is away. Tills that enrol
        # meanwhile get the old public key, and what they wrap for it opens as before.
        console.print("Head office was not reached: its audit trail does not show this.")
        if registers:
            console.print("It hears of the public key at the next `octonext up`.")


def _opened(data: Path) -> Layout:
    layout = Layout(data)
    layout.settings  # noqa: B018 -- a wrong configuration is told before anything is touched
    return layout


def _passphrase(file: Path | None, *, confirm: bool) -> str:
    if file is not None:
        return SecretSource(file=file.absolute()).read()
    if confirm:
        typer.echo(f"A passphrase of at least {PASSPHRASE_CHARACTERS_MIN} characters.", err=True)
    return str(typer.prompt("Passphrase", hide_input=True, confirmation_prompt=confirm, err=True))


def _read_document(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise RecoveryRefused(f"{path} cannot be read: {error.strerror}.") from None


def _console() -> Console:
    return Console(highlight=False, soft_wrap=True)
