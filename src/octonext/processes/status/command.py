"""The command: collect, then tables or JSON. Exit code 0 when everything runs, 3 when something does not."""

from __future__ import annotations

import asyncio
from typing import Annotated

import msgspec
import typer
from rich.console import Console

from octonext.processes.options import Data
from octonext.runtime.layout import Layout

from .certificates import certificates_well
from .collect import collect
from .report import StatusReport, failing, objects, unsealed
from .tables import show

EXIT_NOT_WELL = 3  # as in LSB: the program is not running


def status(
    data: Data,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of tables.")] = False,
) -> None:
    """Show every process, database, feed and breaker. Works while everything is down, too."""
    report = asyncio.run(collect(Layout(data)))
    if as_json:
        typer.echo(msgspec.json.format(msgspec.json.encode(report), indent=2).decode())
    else:
        show(report, Console(highlight=False))
    if not well(report):
        raise typer.Exit(EXIT_NOT_WELL)


def well(report: StatusReport) -> bool:
    """Whether everything that should run does and answers, is up to date, and every feed flows."""
    state = report.installation
    processes_well = (
        report.running
        and state is not None
        and state.stage == "running"
        and all(process.state == "running" for process in state.processes)
    )
    databases_well = all(
        each.reachable and each.schema_version == each.schema_known for each in report.databases
    )
    archived = not any(each.state == "failing" or each.backup_problem for each in report.backups)
    return (
        archived
        and processes_well
        and databases_well
        and not report.unprotected
        and certificates_well(report)
        and _answers_well(report)
    )


def _answers_well(report: StatusReport) -> bool:
    """Whether gateways, relay and sealer tell of themselves, and nothing of theirs has failed for long."""
    processes = report.installation.processes if report.installation is not None else []
    relay_well = report.relay is not None or not any(process.kind == "relay" for process in processes)
    gateways_well = all(answer is not None for answer in report.gateways.values())
    sealer_well = report.sealer is not None or not any(process.kind == "sealer" for process in processes)
    sealed = sealer_well and not any(unsealed(seal) for seal in objects(report.sealer, "seals"))
    flowing = not any(failing(feed) for feed in objects(report.relay, "feeds"))
    return relay_well and gateways_well and sealed and flowing
