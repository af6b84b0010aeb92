"""The status report as tables for a terminal."""

from __future__ import annotations

import time
from collections.abc import Iterable

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from octonext.processes.backup.state import ArchiveStatus
from octonext.processes.supervisor.storage import told

from .certificates import database_certificates, gateway_certificate
from .report import (
    DatabaseReport,
    StatusReport,
    failing,
    objects,
    region_waited_for,
    silent_tills,
    unsealed,
    went_back,
)

COLOURS = {
    "running": "green",
    "starting": "yellow",
    "waiting": "dim",
    "not answering": "red",
    "backing off": "red",
    "stopping": "yellow",
    "stopped": "dim",
}
MONTHS_AHEAD_MIN = 1
OLD_TRANSACTION_S = 30.0
LATE_FEED_S = 10.0
LANES_MAX = 64
BREAKER_COLOURS = {"closed": "green", "half_open": "yellow", "half open": "yellow", "open": "red"}


def show(report: StatusReport, console: Console, *, now: float | None = None) -> None:
    """Print the report; `now` is Unix time in seconds."""
    moment = time.time() if now is None else now
    state = report.installation
    if report.running and state is not None:
        head = f"[green]running[/] for {span(moment - state.started_at)}, process {state.pid}"
    else:
        head = "[red]not running[/]"
    console.print(f"[bold]{escape(state.name if state is not None else 'OctoNext')}[/]: {head}")
    if report.running and state is not None:
        console.print(_processes(report, moment))
    console.print(_databases(report.databases))
    for line in database_certificates(report.databases):
        console.print(line, soft_wrap=True)
    if report.protections:
        console.print(_storage(report))
        for line in told(report.protections):
            if line.startswith("NOT "):
                console.print(f"[bold red]{escape(line)}[/]")
    for archive in report.backups:
        console.print(_archive(archive, moment), soft_wrap=True)
    if report.relay is not None:
        console.print(_feeds(report.relay))
    if report.sealer is not None:
        console.print(_seals(report.sealer))
    _show_gateways(report, console)
    silent = silent_tills(report)
    if silent:
        console.print(_silent(silent))


def span(seconds: float) -> str:
    """A duration for people, such as "2 h 05 min"."""
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    if whole < 86400:
        return f"{whole // 3600} h {whole % 3600 // 60:02} min"
    return f"{whole // 86400} d {whole % 86400 // 3600} h"


def _show_gateways(report: StatusReport, console: Console) -> None:
    for address, answer in report.gateways.items():
        if answer is None:
            console.print(f"gateway {address}: [red]no answer[/]")
        else:
            console.print(f"gateway {address}: {answer.get('tills_connected', '?')} tills connected")
            for line in gateway_certificate(answer):
                console.print(line, soft_wrap=True)
            console.print(_lanes(answer))


def _processes(report: StatusReport, moment: float) -> Table:
    # Without addresses: gateways are named below with theirs, and socket paths would fold into pieces.
    table = Table(title="Processes", title_justify="left")
    for column in ("process", "state", "pid", "for", "restarts", "remark"):
        table.add_column(column, overflow="fold")
    for process in report.installation.processes if report.installation is not None else []:
        colour = COLOURS.get(process.state, "white")
        table.add_row(
            process.name,
            f"[{colour}]{process.state}[/]",
            str(process.pid or "-"),
            span(moment - process.since) if process.since else "-",
            str(process.restarts),
            escape(process.detail),
        )
    return table


def _databases(databases: Iterable[DatabaseReport]) -> Table:
    table = Table(title="Databases", title_justify="left")
    for column in ("database", "answers", "schema", "partitions", "oldest transaction", "size", "remark"):
        table.add_column(column, overflow="fold")
    for each in databases:
        table.add_row(
            f"{each.kind} {each.name}" if each.kind == "shard" else each.name,
            f"[green]{each.latency_ms} ms[/]" if each.reachable else "[red]no[/]",
            _schema(each),
            _partitions(each),
            _oldest(each),
            f"{each.size_bytes / 1e6:.1f} MB" if each.size_bytes is not None else "-",
            escape(each.problem),
        )
    return table


def _storage(report: StatusReport) -> Table:
    table = Table(title="Storage", title_justify="left")
    for column in ("database", "encrypted by", "where", "remedy"):
        table.add_column(column, overflow="fold")
    for name, each in report.protections.items():
        colour = "green" if each.proven else "bold red" if name in report.unprotected else "red"
        table.add_row(name, f"[{colour}]{escape(each.shown)}[/]", escape(each.detail), escape(each.remedy))
    return table


def _archive(each: ArchiveStatus, moment: float) -> str:
    """One line for one database's backups."""
    problem = each.problem if each.state == "failing" else each.backup_problem
    if problem:
        return f"[bold red]NOT BACKED UP: {each.database}: {escape(problem)}[/]"
    archived = f"archived to {span(moment - each.complete_until)} ago" if each.complete_until else each.state
    made = f"{span(moment - each.backed_up_at)} ago" if each.backed_up_at else "not made yet"
    return f"backup {each.database}: log {archived}, base backup {made}"


def _schema(each: DatabaseReport) -> str:
    if each.schema_version is None:
        return "-"
    text = f"{each.schema_version} of {each.schema_known}"
    return text if each.schema_version == each.schema_known else f"[red]{text}[/]"


def _partitions(each: DatabaseReport) -> str:
    if each.months_ahead is None:
        return "-"
    text = f"to {each.partitions_until} (+{each.months_ahead})"
    return text if each.months_ahead >= MONTHS_AHEAD_MIN else f"[red]{text}[/]"


def _oldest(each: DatabaseReport) -> str:
    if each.oldest_transaction_s is None:
        return "-"
    text = f"{each.oldest_transaction_s:.1f} s, {each.oldest_snapshot_xids} xids"
    return text if each.oldest_transaction_s < OLD_TRANSACTION_S else f"[red]{text}[/]"


def _seals(sealer: dict[str, object]) -> Table:
    """The sealer's answer: one row for each database."""
    table = Table(title="Seals", title_justify="left")
    for column in ("database", "head", "lag", "canary", "copies behind", "remark"):
        table.add_column(column, overflow="fold")
    for seal in objects(sealer, "seals"):
        behind = ", ".join(
            f"{_text(each, 'target')} {_text(each, 'behind')}" for each in objects(seal, "copies")
        )
        remark = str(seal.get("refused") or seal.get("last_error") or "")
        if seal.get("canary_recorded") is False:
            remark = f"the trail does not show the last canary. {remark}"
        if seal.get("clock_went_back"):
            remark = f"the clock was set back. {remark}"
        canary = seal.get("canary_age_seconds")
        table.add_row(
            _text(seal, "database"),
            _text(seal, "head"),
            _lag(seal),
            f"{span(canary)} ago" if isinstance(canary, int | float) else "-",
            behind,
            f"[bold red]{escape(remark)}[/]" if unsealed(seal) else escape(remark),
        )
    return table


def _feeds(relay: dict[str, object]) -> Table:
    """The relay's answer: one row for each feed between a source and a sink."""
    table = Table(title="Feeds", title_justify="left")
    for column in ("feed", "from", "to", "lag", "rows", "failures", "remark"):
        table.add_column(column, overflow="fold")
    for feed in objects(relay, "feeds"):
        region = region_waited_for(feed)
        if went_back(feed):
            source = _text(feed, "source")
            shown = "[bold red]WENT BACK[/]"
            remark = f"[red]{source} was restored from a copy: octonext feeds reset --source {source}[/]"
        elif region is not None:
            shown = "[yellow]waiting[/]"
            remark = f"waiting: create region {escape(region)}"
        else:
            shown, remark = _lag(feed), _text(feed, "last_error")
        failures = _text(feed, "failures")
        table.add_row(
            _text(feed, "name"),
            _text(feed, "source"),
            _text(feed, "target"),
            shown,
            _text(feed, "rows"),
            f"[red]{failures}[/]" if failing(feed) else failures,
            remark,
        )
    return table


def _lag(feed: dict[str, object]) -> str:
    lag = feed.get("lag_seconds")
    if not isinstance(lag, int | float):
        return "[red]unknown[/]"
    return f"[red]{lag:.1f} s[/]" if lag > LATE_FEED_S else f"[green]{lag:.1f} s[/]"


def _silent(tills: list[dict[str, object]]) -> Table:
    """Tills that somebody should go and look at."""
    table = Table(title="[bold red]Silent tills[/]", title_justify="left")
    for column in ("till", "branch", "shard", "why", "heard last", "on the shard", "told"):
        table.add_column(column, overflow="fold")
    keys = ("branch_id", "shard_id", "why", "seen_at", "head_seq", "told_seq")
    for each in tills:
        name = f"{_text(each, 'code')} ({_text(each, 'device_id')})"
        table.add_row(name, *(_text(each, key) for key in keys))
    return table


def _lanes(gateway: dict[str, object]) -> Table:
    """A gateway's answer: one row for each shard's lane, with whatever numbers it gives."""
    table = Table(title="Lanes", title_justify="left")
    lanes = list(objects(gateway, "shards"))[:LANES_MAX]
    columns = list(dict.fromkeys(column for lane in lanes for column in lane))
    for column in columns:
        table.add_column(column.replace("_", " "), overflow="fold")
    for lane in lanes:
        table.add_row(*(_text(lane, column) for column in columns))
    return table


def _text(each: dict[str, object], key: str) -> str:
    value = each.get(key)
    if value is None:
        return "-"
    shown = f"{value:.3f}" if isinstance(value, float) else str(value)
    colour = BREAKER_COLOURS.get(shown) if key == "breaker" else None
    return f"[{colour}]{escape(shown)}[/]" if colour else escape(shown)
