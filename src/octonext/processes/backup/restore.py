"""`octonext restore`: one database back to a time; its old data is kept until told otherwise."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from octonext.base.errors import OctoNextError
from octonext.processes.cluster.binaries import check_reachable, choose_user, reachable_programs
from octonext.processes.cluster.server import PostgresServer
from octonext.processes.options import Data
from octonext.processes.supervisor.lock import hold, holder
from octonext.processes.supervisor.stopped import is_stopped, worked_on
from octonext.processes.supervisor.storage import opened
from octonext.runtime.layout import Layout

from . import recover
from .domain import Wish, parse_time
from .sources import Vault, chosen
from .swap import before, forget

Say = recover.Say


class WishUnclear(OctoNextError):
    """What to restore to is not said, or said twice."""

    code = "wish_unclear"


def restore(
    data: Data,
    database: Annotated[str, typer.Option("--database", metavar="NAME", help="hq, or a shard's id.")],
    at: Annotated[str, typer.Option("--at", metavar="TIME", help="As it was at this time (UTC).")] = "",
    latest: Annotated[bool, typer.Option("--latest", help="As late as the archived log reaches.")] = False,
    backup: Annotated[str, typer.Option("--backup", metavar="ID", help="From this backup.")] = "",
    forget_old: Annotated[
        bool, typer.Option("--forget", help="Only delete what was kept from before the last restore.")
    ] = False,
) -> None:
    """Bring one stopped database back to a time; the others go on.

    With --backup alone it becomes what it was when that backup ended.
    """
    console = Console(highlight=False, soft_wrap=True)

    def say(line: str) -> None:
        console.print(f"[dim]{time.strftime('%H:%M:%S')}[/] {escape(line)}")

    layout = Layout(data)
    chosen(layout.settings, [database])
    if forget_old:
        with ExitStack() as stack:
            # While it runs, its volume is open, and not ours to close.
            if holder(layout.lock) is None or is_stopped(layout, database):
                stack.enter_context(_alone(layout, database))
                stack.enter_context(opened(layout, database))
            gone = forget(layout.postgres_data(database))
        say("deleted" if gone else "there is nothing from before a restore")
        return
    if bool(at) + latest > 1 or not (at or latest or backup):
        raise WishUnclear("To which time?", remedy="Say --at TIME, --latest, or --backup ID.")
    wish = Wish(backup=backup or None, at=parse_time(at, now=time.time()) if at else None)
    vault = Vault.of(layout)
    with _alone(layout, database), opened(layout, database):
        server = _server(layout, database)
        done = asyncio.run(recover.restore(vault.folder(database), server, wish, latest=latest, say=say))
        kept = before(server.data_dir).exists()
    say(f"{database} is restored from {done.backup}; its last transaction is of {done.last_transaction}")
    if kept:
        say(f"what it was before is kept: octonext restore --database {database} --forget")
    start = f"octonext up --database {database}" if is_stopped(layout, database) else "octonext up"
    say(
        f"next: {start}; octonext feeds reset --source {database}; "
        f"octonext audit resume --database {database}; octonext verify"
    )


@contextmanager
def _alone(layout: Layout, database: str) -> Iterator[None]:
    """Nobody starts the database meanwhile. Raises StillRuns, WorkedOn, AlreadyRunning."""
    with ExitStack() as stack:
        if holder(layout.lock) is None:
            layout.prepare()
            stack.enter_context(hold(layout.lock))
        elif is_stopped(layout, database):
            stack.enter_context(worked_on(layout, database))
        else:
            raise recover.StillRuns(
                f"{database} runs.",
                remedy=f"Stop it alone with `octonext down --database {database}`, or everything with "
                "`octonext down`.",
            )
        yield


def _server(layout: Layout, database: str) -> PostgresServer:
    settings = layout.settings
    existing = next(
        (
            folder
            for name in (database, "hq", *(shard.id for shard in settings.shards))
            if (folder := layout.postgres_data(name)).exists()
        ),
        None,
    )
    user = choose_user(settings.postgres_user, existing=existing)
    if user.switch:
        check_reachable(layout.data_dir, user)
    return PostgresServer(
        name=database,
        data_dir=layout.postgres_data(database),
        socket_dir=layout.database_socket_dir(database),
        log_dir=layout.postgres_log(database),
        bin_dir=reachable_programs(user, layout.binaries),
        user=user,
    )
