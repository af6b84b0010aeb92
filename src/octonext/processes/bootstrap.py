"""First start: what head office must hold before anything can talk to it."""

from __future__ import annotations

from collections.abc import Callable

from octonext.crypto.envelope import load_shard_key, shard_public_spki
from octonext.identity.service import bootstrap as create_administrator
from octonext.runtime.layout import Layout
from octonext.runtime.postgres import close_pool, open_pool
from octonext.runtime.settings import Settings
from octonext.shards.directory.domain import ShardRegistration
from octonext.shards.directory.service import register


async def bootstrap(layout: Layout, settings: Settings, show_secret: Callable[[str], None]) -> None:
    """Register the shards of the settings and create the administrator, whose secret is shown once.

    Raises ShardMoved, DatabaseUnreachable, SecretUnavailable.
    """
    pool = await open_pool(layout.dsn("hq"), application_name="octonext-bootstrap", max_size=1)
    try:
        await register(
            pool,
            [
                ShardRegistration(
                    shard_id=shard.id,
                    region_code=shard.region,
                    jurisdiction=shard.jurisdiction,
                    sync_public_key=shard_public_spki(load_shard_key(layout.shard_key_pem(shard.id))),
                )
                for shard in settings.shards
            ],
        )
        secret = await create_administrator(pool)
        if secret is not None:
            show_secret(secret)
    finally:
        await close_pool(pool)
