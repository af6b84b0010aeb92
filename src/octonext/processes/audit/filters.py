"""The filters of the trail as options of a command, and as parameters of the API."""

from __future__ import annotations

from typing import Annotated, Any

import typer

DATABASE = typer.Option("--database", help="hq, or a shard's id.")
REGION = typer.Option("--region", help="Code of the region whose shards are read.")
KEY = typer.Option("--key", help='Primary key of a row as JSON: {"branch_id": 7}.')
SINCE = typer.Option("--since", help="First moment: 2026-03-31 or 2026-03-31T00:00:00+03:00; default UTC.")
UNTIL = typer.Option("--until", help="First moment that is not shown.")

Database = Annotated[str | None, DATABASE]
Region = Annotated[str | None, REGION]
Table = Annotated[str | None, typer.Option("--table", help="Table whose rows changed.")]
Key = Annotated[str | None, KEY]
Operation = Annotated[str | None, typer.Option("--operation", help="insert, update, delete or event.")]
Event = Annotated[str | None, typer.Option("--event", help="Kind of event, such as sign_in_failed.")]
User = Annotated[str | None, typer.Option("--user", help="Id or name of whoever acted.")]
Actor = Annotated[
    str | None,
    typer.Option("--actor", help="user, token, device, process, operator; none where nobody was named."),
]
Device = Annotated[int | None, typer.Option("--device", help="Number of the till that acted.")]
Ip = Annotated[str | None, typer.Option("--ip", help="Address or range: 10.1.2.3, 10.1.0.0/16.")]
Since = Annotated[str | None, SINCE]
Until = Annotated[str | None, UNTIL]


def parameters(**options: str | int | None) -> dict[str, Any]:
    """The API's parameters of the options that were given. A day or a time without a zone is UTC."""
    given = {name: value for name, value in options.items() if value is not None}
    return given | {
        name: zoned(value) for name in ("since", "until") if isinstance(value := given.get(name), str)
    }


def zoned(moment: str) -> str:
    """A moment with its offset: midnight of a day, UTC when none is named. What is no time stays so."""
    day, found, time = moment.strip().replace(" ", "T", 1).partition("T")
    if not found:
        return f"{day}T00:00:00Z"
    return f"{day}T{time}" if time[-1:] in ("Z", "z") or "+" in time or "-" in time else f"{day}T{time}Z"
