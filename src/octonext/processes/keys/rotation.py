"""Rotating keys: the master key without touching what is encrypted, a sync key with its old ones kept."""

from __future__ import annotations

from octonext.base.errors import OctoNextError
from octonext.crypto.envelope import ShardPrivateKey, load_shard_key
from octonext.crypto.keyring import Keyring
from octonext.processes.supervisor.lock import holder
from octonext.runtime.layout import Layout
from octonext.runtime.secrets import SecretSource

from .opening import master_source
from .sync import add_sync_key, remember_sync_key


class RotationRefused(OctoNextError):
    """A key cannot be rotated this way, or not now."""

    code = "rotation_refused"


def rotate_master(layout: Layout, old: SecretSource | None, new: SecretSource | None) -> Keyring:
    """Wrap every key under another master key; `old` and `new` default to the configured source.

    Raises RotationRefused while processes run that would look for the key where it was.
    """
    configured = master_source(layout)
    target = new or configured
    followed = target == configured and target.env is None
    if not followed and (pid := holder(layout.lock)) is not None:
        raise RotationRefused(
            f"OctoNext runs (process {pid}), and its processes look for the master key where it was.",
            remedy="Stop it first: `octonext down`. A key in its own file is rotated while it runs.",
        )
    keyring = Keyring.open(layout.keys, old or configured)
    in_place = target == (old or configured)
    keyring.rotate_master(None if in_place else target)
    return keyring


def rotate_sync(layout: Layout, keyring: Keyring, shard_id: str) -> None:
    """Give a shard a new sync key. Gateways take it at once, tills when they next hear from one.

    Raises SettingsError for a shard that is not configured, RotationRefused for one whose key is.
    """
    source = layout.settings.shard(shard_id).sync_key
    if source is not None:
        raise RotationRefused(
            f"The sync key of {shard_id} comes from {source.describe()}.",
            remedy="Let every machine accept the new key first (`octonext keys accept`), then exchange it "
            "in its source, and restart: docs/keys.md.",
        )
    add_sync_key(keyring, shard_id)


def accept_sync(layout: Layout, keyring: Keyring, shard_id: str, source: SecretSource) -> bool:
    """Let gateways of this machine open what is wrapped for a key that will be configured; whether it is new.

    Raises RotationRefused when the shard's key is not configured: it would become the present one.
    """
    if layout.settings.shard(shard_id).sync_key is None:
        raise RotationRefused(
            f"The sync key of {shard_id} is in the keyring of this machine alone.",
            remedy="Rotate it with `octonext keys rotate --sync`; `accept` is for a configured sync_key.",
        )
    private: ShardPrivateKey = load_shard_key(source.read().encode())
    return remember_sync_key(keyring, shard_id, private)


async def tell_head_office(layout: Layout, event: str, *, registers: bool = False, **detail: str) -> None:
    """Write the event into head office's audit trail; with `registers`, first the present public keys.

    Raises what a connection raises.
    """
    # imported where they are needed: most uses of `octonext keys` reach no database
    from octonext.runtime.audit import record_event
    from octonext.runtime.postgres import close_pool, open_pool, transaction

    pool = await open_pool(layout.dsn("hq"), application_name="octonext-keys", max_size=1)
    try:
        if registers:  # tills that enrol from now on get these
            from octonext.processes.bootstrap import registrations
            from octonext.shards.directory.service import register

            await register(pool, registrations(layout, layout.settings))
        async with transaction(pool) as connection:
            await record_event(connection, event, **detail)
    finally:
        await close_pool(pool)
