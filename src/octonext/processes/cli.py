"""The `octonext` command: every subcommand lives in a module of its own and is registered here."""

from __future__ import annotations

import importlib
import logging
import os
import sys
import tempfile
import traceback
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

import typer
from rich.console import Console
from rich.markup import escape

from octonext.base.errors import OctoNextError
from octonext.processes.os_process import forbid_core_dumps
from octonext.runtime.actor import act_as, operator_actor

EXIT_FAULT = 1
EXIT_BUG = 70  # EX_SOFTWARE of sysexits.h
EXIT_INTERRUPTED = 130

app = typer.Typer(
    name="octonext",
    help="ERP and point of sale for retail chains: the cluster, tills, data and checks.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

COMMANDS = (
    ("octonext.processes.init", "init"),
    ("octonext.processes.up", "up"),
    ("octonext.processes.up", "down"),
    ("octonext.processes.migrate", "migrate"),
    ("octonext.processes.status", "status"),
    ("octonext.processes.backup.restore", "restore"),
    ("octonext.processes.doctor", "doctor"),
    ("octonext.processes.verify", "verify"),
    ("octonext.processes.replay", "replay"),
    ("octonext.processes.admin.till_code", "till_code"),
    ("octonext.processes.admin.till_revoke", "till_revoke"),
    ("octonext.processes.demo", "demo"),
    ("octonext.processes.simulate", "simulate"),
)
GROUPS: tuple[tuple[str, str], ...] = (
    ("octonext.processes.admin.catalog", "catalog"),
    ("octonext.processes.admin.till_settings", "till-settings"),
    ("octonext.processes.admin.token", "token"),
    ("octonext.processes.admin.user", "user"),
    ("octonext.processes.audit.command", "audit"),
    ("octonext.processes.feeds.command", "feeds"),
    ("octonext.processes.keys.command", "keys"),
    ("octonext.processes.backup.command", "backup"),
    ("octonext.till.cli", "till"),
    ("octonext.till.fleet.cli", "fleet"),
)


@app.command("version")
def show_version() -> None:
    """Print the version of this OctoNext."""
    try:
        typer.echo(version("octonext"))
    except PackageNotFoundError:
        typer.echo("unreleased")


def register(only: str | None = None) -> None:
    """Attach the subcommand named `only`, or every one when no such is known; done once.

    A till's command should not wait for the import of what only a gateway needs.
    """
    names = {name.replace("_", "-") for _, name in (*COMMANDS, *GROUPS)}
    chosen = {only} if only in names else names
    for module, name in COMMANDS:
        if name.replace("_", "-") in chosen:
            app.command(name.replace("_", "-"))(getattr(importlib.import_module(module), name))
    for module, name in GROUPS:
        if name in chosen and find_spec(module) is not None:
            app.add_typer(importlib.import_module(module).app, name=name)


def main() -> None:
    """Run the command line. Faults become a red line and exit code 1, never a traceback."""
    logging.getLogger().setLevel(logging.CRITICAL)
    forbid_core_dumps()
    act_as(operator_actor())
    try:
        register(sys.argv[1] if len(sys.argv) > 1 else None)
        app()
    except OctoNextError as error:
        console = Console(stderr=True, highlight=False, soft_wrap=True)
        console.print(f"[bold red]{escape(error.message)}[/]")
        if error.remedy:
            console.print(escape(error.remedy))
        sys.exit(EXIT_FAULT)
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)
    except BrokenPipeError:
        # `octonext … | head` closed our output; nothing more can be said there.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(EXIT_FAULT)
    except OSError as error:
        # A full disk, a file of another user: the system's own words say it best.
        console = Console(stderr=True, highlight=False, soft_wrap=True)
        console.print(f"[bold red]{escape(str(error))}[/]")
        console.print(f"The details are in {_keep_traceback(error)}.")
        sys.exit(EXIT_FAULT)
    except Exception as error:  # noqa: BLE001 -- the outermost edge: no user ever sees a traceback
        console = Console(stderr=True, highlight=False, soft_wrap=True)
        console.print(f"[bold red]OctoNext stopped because of an error of its own:[/] {type(error).__name__}")
        console.print(f"The details are in {_keep_traceback(error)}; please report them.")
        sys.exit(EXIT_BUG)


def _keep_traceback(error: BaseException) -> Path:
    handle, path = tempfile.mkstemp(prefix="octonext-error-", suffix=".log")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write("".join(traceback.format_exception(error)))
    return Path(path)


if __name__ == "__main__":
    main()
