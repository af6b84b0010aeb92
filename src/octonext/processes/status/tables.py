"""The status report as tables for a terminal."""

from __future__ import annotations

import time
from collections.abc import Iterable

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from .report import DatabaseReport, StatusReport, failing, objects, region_waited_for, went_back

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
    if report.relay is not None:
        console.print(_feeds(report.relay))
    for address, answer in report.gateways.items():
        if answer is None:
            console.print(f"gateway {address}: [red]no answer[/]")
        else:
            console.print(f"gateway {address}: {answer.get('tills_connected', '?')} tills connected")
            console.print(_lanes(answer))


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
