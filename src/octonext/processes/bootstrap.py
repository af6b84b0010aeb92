"""First start: what head office must hold before anything can talk to it."""

from __future__ import annotations

from collections.abc import Callable

import asyncpg
import structlog

from octonext.crypto.envelope import shard_public_spki
from octonext.identity.service import bootstrap as create_administrator
from octonext.runtime.layout import Layout
from octonext.runtime.postgres import DatabaseUnreachable, close_pool, open_pool
from octonext.runtime.settings import Settings
from octonext.shards.directory.domain import ShardRegistration
from octonext.shards.directory.service import register

from .configuration_record import record_start
from .keys.opening import open_keyring
from .keys.sync import sync_keys

log = structlog.get_logger(__name__)


async def bootstrap(layout: Layout, settings: Settings, show_secret: Callable[[str], None]) -> None:
    """Register the shards of the settings and create the administrator, whose secret is shown once.

    The audit trail learns of the start, and of which keys of the configuration changed.

    A head office elsewhere may be away: then it has been set up before, or will be at the next start,
    and the tills of this machine's shards must not wait for it. Raises ShardMoved, SecretUnavailable,
    and DatabaseUnreachable for an embedded head office.
    """
    pool = await open_pool(layout.dsn("hq"), application_name="octonext-bootstrap", max_size=1)
    try:
        await record_start(pool, settings)
        await register(pool, registrations(layout, settings))
        secret = await create_administrator(pool)
    except (OSError, TimeoutError, asyncpg.PostgresConnectionError) as error:
        reason = str(error) or "timeout"
        if settings.hq.embedded:
            raise DatabaseUnreachable(f"Head office's database does not answer: {reason}.") from None
        log.warning("head office was not reached, its set-up waits for the next start", reason=reason)
        return
    finally:
        await close_pool(pool)
    if secret is not None:
        show_secret(secret)


def registrations(layout: Layout, settings: Settings) -> list[ShardRegistration]:
    """The shards as head office is to know them, with their present public keys."""
    keyring = open_keyring(layout)
    return [
        ShardRegistration(
            shard_id=shard.id,
            region_code=shard.region,
            jurisdiction=shard.jurisdiction,
            sync_public_key=shard_public_spki(sync_keys(layout, keyring, shard.id)[0]),
        )
        for shard in settings.shards
    ]
