"""`octonext token reset-admin`: a new secret for the administrator when the old one is lost.

It needs no token, so it does not ask the API: whoever may use head office's database as its owner may
do this. It runs beside `octonext up`, or without it where that database is elsewhere.
"""

from __future__ import annotations

import asyncio

import asyncpg
import typer

from octonext.base.clock import SystemClock
from octonext.base.errors import OctoNextError
from octonext.identity.service import reset_administrator
from octonext.processes.options import Data
from octonext.runtime.layout import OWNER_ROLE, Layout
from octonext.runtime.postgres import DatabaseUnreachable, close_pool, open_pool


class HeadOfficeUnreachable(OctoNextError):
    """Head office's database does not answer, so no new secret was made."""

    code = "head_office_unreachable"


class NoAdministrator(OctoNextError):
    """Head office has no administrator yet."""

    code = "no_administrator"


def reset_admin(data: Data) -> None:
    """Replace the administrator's lost secret; needs no token, only this machine's installation."""
    secret = asyncio.run(_reset(Layout(data)))
    typer.echo(f"administrator: name admin, password (and API token) {secret} - shown this once")
    typer.echo("The old password and its tokens have ended; every gateway knows within seconds.")


async def _reset(layout: Layout) -> str:
    try:
        # Connects at once, so that nothing is hashed for a head office that is away.
        pool = await open_pool(
            layout.dsn("hq", role=OWNER_ROLE), application_name="octonext-reset", min_size=1, max_size=1
        )
    except DatabaseUnreachable as error:
        raise _unreachable(error.message) from None
    try:
        secret = await reset_administrator(pool, SystemClock())
    except (OSError, asyncpg.PostgresConnectionError) as error:
        raise _unreachable(str(error) or "It gave no answer in time.") from None
    finally:
        await close_pool(pool)
    if secret is None:
        raise NoAdministrator(
            "Head office has no administrator yet.", remedy="`octonext up` makes one and shows its secret."
        )
    return secret


def _unreachable(reason: str) -> HeadOfficeUnreachable:
    return HeadOfficeUnreachable(
        f"Head office cannot be reached, so nothing was reset. {reason}",
        remedy="Start it with `octonext up`, and run this on the same machine as the same user.",
    )
