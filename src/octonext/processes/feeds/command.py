"""`octonext feeds reset`: fills the readers of a source again, after it was restored from a copy."""

from __future__ import annotations

import asyncio
from typing import Annotated

import asyncpg
import typer
from rich.console import Console
from rich.markup import escape

from octonext.base.clock import SystemClock
from octonext.base.errors import OctoNextError
from octonext.feeds.store import refill_reference
from octonext.processes.local_service import reporting_address
from octonext.processes.options import Data
from octonext.reporting.remote import ReportingClient
from octonext.runtime.audit import record_event
from octonext.runtime.layout import OWNER_ROLE, Layout
from octonext.runtime.postgres import connect, transaction

from .numbers import raise_numbers

app = typer.Typer(help="The feeds between head office, shards and reporting.", no_args_is_help=True)

HQ = "hq"
REPORTING = "reporting"


class NoSuchFeed(OctoNextError):
    """Nothing is carried from that source to that sink."""

    code = "no_such_feed"


class NotReset(OctoNextError):
    """Some readers could not be reset because they did not answer."""

    code = "feeds_not_reset"


@app.callback()
def main() -> None:
    """The feeds between head office, shards and reporting."""


@app.command()
def reset(
    data: Data,
    source: Annotated[str, typer.Option("--source", help="What was restored: hq, or a shard's id.")],
    sink: Annotated[
        str, typer.Option("--sink", help="Only this reader: reporting, or a shard's id. Default: all.")
    ] = "",
) -> None:
    """Let the readers of a source forget what they read, so that the relay fills them again.

    Sales go on meanwhile. Reports lack the source until it is read again; a shard keeps its copy of head
    office's rows until the last one has come again. May be repeated at any time.
    """
    asyncio.run(reset_feeds(Layout(data), source, sink, Console(highlight=False, soft_wrap=True)))


def sinks_of(layout: Layout, source: str) -> list[str]:
    """Who reads a source. Raises NoSuchFeed."""
    shards = [shard.id for shard in layout.settings.shards]
    if source == HQ:
        return [REPORTING, *shards]
    if source in shards:
        return [REPORTING]
    raise NoSuchFeed(f"There is no source {source}.", remedy=f"Sources are {', '.join((HQ, *shards))}.")


async def reset_feeds(layout: Layout, source: str, sink: str, console: Console) -> None:
    """Raises NoSuchFeed, NotReset."""
    readers = sinks_of(layout, source)
    if sink and sink not in readers:
        raise NoSuchFeed(
            f"{sink} reads nothing from {source}.", remedy=f"Readers of {source} are {', '.join(readers)}."
        )
    failed = {}
    if source == HQ:
        # Before the copies lose what head office forgot.
        away = await raise_numbers(layout, lambda line: console.print(escape(line)))
        failed = dict.fromkeys(away, "its numbers could not be compared")
    for reader in [sink] if sink else readers:
        try:
            await _reset_one(layout, source, reader)
        except (OctoNextError, asyncpg.PostgresError, OSError, TimeoutError) as error:
            failed[reader] = str(error) or "no answer in time"
        else:
            console.print(escape(f"{reader}: is filled again from {source}"))
    if failed:
        raise NotReset(
            "; ".join(f"{name}: {why}" for name, why in failed.items()),
            remedy="Run it again when they answer.",
        )


async def _reset_one(layout: Layout, source: str, reader: str) -> None:
    if reader == REPORTING:
        client = ReportingClient(reporting_address(layout, layout.settings), SystemClock())
        try:
            await client.reset(source)
        finally:
            await client.close()
        await _record_reset(layout, source)
        return
    connection = await connect(
        layout.dsn("shard", reader, role=OWNER_ROLE), application_name="octonext-feeds"
    )
    try:
        await refill_reference(connection)
    finally:
        connection.terminate()


async def _record_reset(layout: Layout, source: str) -> None:
    """Reporting has no trail of its own: its source's tells that it was read again."""
    dsn = layout.dsn("hq" if source == HQ else "shard", None if source == HQ else source, role=OWNER_ROLE)
    connection = await connect(dsn, application_name="octonext-feeds")
    try:
        async with transaction(connection) as writer:
            await record_event(writer, "feed_reset", reader=REPORTING)
    finally:
        connection.terminate()
