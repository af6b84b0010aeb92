"""`octonext till sync`: hand over the journal, fetch reference data, say how it went."""

from __future__ import annotations

import asyncio
import ssl
import tempfile
from collections.abc import Sequence
from pathlib import Path

import typer

from octonext.crypto.tls import client_context
from octonext.till.domain.connection import Connection, State
from octonext.till.errors import GatewayUnreachable, SyncStopped
from octonext.till.remote import Link
from octonext.till.store import Journal

#: An up-to-date till is sent no delta, so silence this long after the welcome means there is none.
QUIET_S = 1.0
_POLL_S = 0.05


def context_of(journal: Journal) -> ssl.SSLContext:
    """TLS 1.3 with the authority that enrolment recorded, or the system's."""
    pem = journal.identity.ca_pem
    if not pem:
        return client_context(None)
    with tempfile.NamedTemporaryFile("w", suffix=".pem", encoding="ascii") as file:
        file.write(pem)
        file.flush()
        return client_context(Path(file.name))


async def sync_till(journal: Journal, *, urls: Sequence[str], follow: bool, timeout_s: float) -> None:
    """Raises `SyncStopped` when a person has to look, `GatewayUnreachable` when time ran out."""
    link = Link(journal, urls=urls or [journal.identity.url], context=context_of(journal))
    waiting = link.connection.backlog
    running = asyncio.create_task(link.run())
    try:
        async with asyncio.timeout(None if follow else timeout_s):
            await _until_in_step(link, running, follow=follow)
    except TimeoutError:
        raise _unreachable(link, timeout_s) from None
    finally:
        running.cancel()
        await asyncio.wait({running})
    sent = waiting - link.connection.backlog
    typer.echo(f"In step with {journal.identity.shard_id}: {sent} entries handed over, none waiting.")
    for outcome, count in journal.outcomes().items():
        typer.echo(f"{count} of all entries were {outcome.replace('_', ' ')}.")


async def _until_in_step(link: Link, running: asyncio.Task[None], *, follow: bool) -> None:
    loop = asyncio.get_running_loop()
    quiet_since = loop.time()
    before: object = None
    while True:
        if running.done():
            running.result()
            stopped = link.connection.stopped
            raise SyncStopped(
                f"Syncing has stopped: {stopped.detail.rstrip('.') if stopped else 'the till was closed'}.",
                remedy="The journal is kept. A person has to look at this before it can go on.",
            )
        now = (link.connection.state, link.connection.backlog, link.journal.reference.cursors())
        if now != before:
            before, quiet_since = now, loop.time()
        quiet = loop.time() - quiet_since >= QUIET_S
        if not follow and link.connection.drained and (link.connection.feeds_current or quiet):
            return
        await asyncio.sleep(_POLL_S)


def _unreachable(link: Link, timeout_s: float) -> GatewayUnreachable:
    connection: Connection = link.connection
    where = "no gateway could be reached" if connection.state is not State.ONLINE else "the shard is busy"
    why = f" ({link.last_failure})" if link.last_failure else ""
    return GatewayUnreachable(
        f"Not in step after {timeout_s:.0f} s: {where}{why}. {connection.backlog} entries wait.",
        remedy="They are safe in the journal; the till can go on selling. Try again later.",
    )
