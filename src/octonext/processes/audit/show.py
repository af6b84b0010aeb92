"""`octonext audit show` and `octonext audit export`: the trail as the API gives it to one token."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, TextIO

import msgspec
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from octonext.audit.reading.export import Format, line_writer
from octonext.base.errors import OctoNextError
from octonext.processes.admin.client import PAGE_ROWS, Api, Authority, DataFolder, TokenFile, Url, connect

from . import filters

CHANGE_CHARACTERS_MAX = 160


class TrailIncomplete(OctoNextError):
    """A database did not answer, so its rows are missing from what was shown."""

    code = "trail_incomplete"


class TrailFileExists(OctoNextError):
    """An export would overwrite a file."""

    code = "trail_file_exists"


def show(
    url: Url = "",
    token_file: TokenFile = None,
    ca: Authority = None,
    data: DataFolder = None,
    database: filters.Database = None,
    region: filters.Region = None,
    table: filters.Table = None,
    key: filters.Key = None,
    operation: filters.Operation = None,
    event: filters.Event = None,
    user: filters.User = None,
    actor: filters.Actor = None,
    device: filters.Device = None,
    ip: filters.Ip = None,
    since: filters.Since = None,
    until: filters.Until = None,
    rows: Annotated[int, typer.Option("--rows", min=1, max=10_000, help="How many, the newest first.")] = 50,
) -> None:
    """Show who changed what, when and from where; the newest first. The reading is recorded."""
    wanted = filters.parameters(
        database=database, region=region, table=table, key=key, operation=operation, event=event, user=user,
        actor=actor, device=device, ip=ip, since=since, until=until,
    )  # fmt: skip
    missing: dict[str, str] = {}
    shown = Table(
        Column("when, UTC", no_wrap=True),
        Column("where", no_wrap=True),
        "who",
        *(Column(name, overflow="fold") for name in ("what", "change")),
    )
    with connect(url, token_file, ca, data) as api:
        for row in _rows(api, wanted, missing, rows):
            shown.add_row(*(escape(cell) for cell in cells(row)))
    Console().print(shown)
    _insist(missing)


def export(
    url: Url = "",
    token_file: TokenFile = None,
    ca: Authority = None,
    data: DataFolder = None,
    database: filters.Database = None,
    region: filters.Region = None,
    table: filters.Table = None,
    key: filters.Key = None,
    operation: filters.Operation = None,
    event: filters.Event = None,
    user: filters.User = None,
    actor: filters.Actor = None,
    device: filters.Device = None,
    ip: filters.Ip = None,
    since: filters.Since = None,
    until: filters.Until = None,
    form: Annotated[Format, typer.Option("--format", help="jsonl or csv.")] = "jsonl",
    out: Annotated[
        Path | None, typer.Option("--out", help="A new file, for its owner only; default: standard output.")
    ] = None,
) -> None:
    """Write every row that the filters leave, the newest first, as JSON Lines or CSV."""
    wanted = filters.parameters(
        database=database, region=region, table=table, key=key, operation=operation, event=event, user=user,
        actor=actor, device=device, ip=ip, since=since, until=until,
    )  # fmt: skip
    with connect(url, token_file, ca, data) as api, _output(out) as file:
        count, missing = write_rows(api, wanted, form, file)
    if out is not None:
        typer.echo(f"{count} rows are in {out}.")
    _insist(missing)


def write_rows(api: Api, wanted: dict[str, Any], form: Format, file: TextIO) -> tuple[int, dict[str, str]]:
    """Write every row, a page in memory at a time; how many, and which databases are missing and why."""
    missing: dict[str, str] = {}
    head, line = line_writer(form)
    file.write(head)
    count = 0
    for row in _rows(api, wanted, missing, None):
        file.write(line(row))
        count += 1
    return count, missing


def cells(row: Mapping[str, Any]) -> tuple[str, str, str, str, str]:
    """A row of the API as five short texts: when, where, who, what, and the change."""
    actor, connection = row["actor"] or {}, row["connection"] or {}
    who = [f"{actor['kind']} {actor['name'] or actor['id'] or ''}".strip()] if actor else ["unknown"]
    who += [actor["ip"]] if actor.get("ip") else []
    if actor.get("kind") in (None, "none", "malformed") and connection:
        who.append(f"as {connection['login_role']} by {connection['application'] or 'an unnamed program'}")
    if connection.get("replication_role", "origin") != "origin":
        who.append("triggers asleep")
    if row["operation"] == "event":
        return row["at"][:19], row["database"], ", ".join(who), str(row["event"]), _short(row["after"])
    change = " -> ".join(_short(side) for side in (row["before"], row["after"]) if side is not None)
    what = f"{row['operation']} {row['table']} {_short(row['key'])}"
    return row["at"][:19], row["database"], ", ".join(who), what, change


def _rows(
    api: Api, wanted: dict[str, Any], missing: dict[str, str], rows_max: int | None
) -> Iterator[Mapping[str, Any]]:
    """Row by row, a page in memory at a time. `missing` gathers the databases that were left out, and why."""
    cursor: dict[str, str] = {}
    left = rows_max
    while left is None or left > 0:
        page = api.get("/audit", limit=min(PAGE_ROWS, left or PAGE_ROWS), **wanted, **cursor)
        missing.update({each["database"]: each["reason"] for each in page["incomplete"]})
        yield from page["items"]
        if page["next_cursor"] is None:
            return
        cursor = {"cursor": page["next_cursor"]}
        left = None if left is None else left - len(page["items"])


def _insist(missing: Mapping[str, str]) -> None:
    if missing:
        reasons = "; ".join(f"{database}: {reason}" for database, reason in sorted(missing.items()))
        raise TrailIncomplete(
            f"Rows are missing of {reasons}.",
            remedy="Everything else is there; ask again for these databases.",
        )


@contextmanager
def _output(out: Path | None) -> Iterator[TextIO]:
    if out is None:
        yield sys.stdout
        return
    try:
        handle = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise TrailFileExists(f"{out} is there already.", remedy="Name a new file.") from None
    with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
        yield file


def _short(value: Any) -> str:
    text = msgspec.json.encode(value).decode() if value is not None else ""
    return text if len(text) <= CHANGE_CHARACTERS_MAX else text[: CHANGE_CHARACTERS_MAX - 1] + "…"
