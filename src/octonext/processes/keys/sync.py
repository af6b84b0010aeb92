"""The sync keys of the shards: which generation is the present one, and noticing that it changed.

A shard's key is in the keyring, unless the settings name a source for it. A configured key is the
present one, and each that was ever configured is remembered in the keyring: so exchanging it in its
source leaves what was wrapped for the old one readable.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

import structlog

from octonext.base.errors import OctoNextError
from octonext.crypto.envelope import (
    ShardPrivateKey,
    generate_shard_key,
    load_shard_key,
    shard_key_to_pem,
    shard_public_spki,
)
from octonext.crypto.keyring import Keyring, keyring_file
from octonext.crypto.keyring_errors import RECOVER, KeyMissing
from octonext.runtime.layout import Layout

if TYPE_CHECKING:  # a command that looks at keys need not wait for what a gateway is made of
    from octonext.sync.service import ShardSync

PURPOSE = "sync"
log = structlog.get_logger(__name__)

Announce = Callable[["ShardSync"], Awaitable[None]]


def ensure_sync_keys(layout: Layout, keyring: Keyring) -> None:
    """Make the keys that are missing, and remember those that are configured.

    Raises SecretUnavailable, InvalidKey, and what the keyring raises.
    """
    for shard in layout.settings.shards:
        if shard.sync_key is not None:
            remember_sync_key(keyring, shard.id, load_shard_key(shard.sync_key.read().encode()))
        elif keyring.find(PURPOSE, shard.id) is None:
            add_sync_key(keyring, shard.id)


def add_sync_key(keyring: Keyring, shard_id: str) -> ShardPrivateKey:
    """A new generation of a shard's key, durable; the older ones stay."""
    private = generate_shard_key()
    keyring.put(PURPOSE, shard_id, shard_key_to_pem(private))
    return private


def remember_sync_key(keyring: Keyring, shard_id: str, private: ShardPrivateKey) -> bool:
    """Keep a key that came from elsewhere, unless it is known; whether it is new."""
    known = [shard_public_spki(load_shard_key(pem)) for pem in keyring.generations(PURPOSE, shard_id)]
    if shard_public_spki(private) in known:
        return False
    keyring.put(PURPOSE, shard_id, shard_key_to_pem(private))
    return True


def sync_keys(layout: Layout, keyring: Keyring, shard_id: str) -> list[ShardPrivateKey]:
    """Every generation of a shard's key, the present one first.

    Raises KeyMissing, SecretUnavailable, InvalidKey, and what the keyring raises.
    """
    source = layout.settings.shard(shard_id).sync_key
    found = [] if source is None else [load_shard_key(source.read().encode())]
    found += [load_shard_key(pem) for pem in keyring.generations(PURPOSE, shard_id)]
    if not found:
        raise KeyMissing(
            f"Shard {shard_id} has no sync key in the keyring.",
            remedy="`octonext up` makes one. If there was one: " + RECOVER,
        )
    return list({shard_public_spki(each): each for each in found}.values())


class SyncKeyWatch:
    """Notices that the keyring was changed, and gives the shards of a gateway their keys anew."""

    def __init__(self, layout: Layout, keyring: Keyring) -> None:
        self._layout = layout
        self._keyring = keyring
        self._announce: Announce | None = None
        self._shards: Sequence[ShardSync] = ()
        self._untold: list[ShardSync] = []
        self._turn = asyncio.Lock()
        self._seen = self._mark()

    def watch(self, shards: Sequence[ShardSync], announce: Announce) -> None:
        """Say whose keys these are; `announce` hears of each shard whose present key is another one."""
        self._shards, self._announce = shards, announce

    async def tend(self) -> None:
        """Look, and tell the tills. Waits for tills that do not read, so no push may wait for this."""
        await self.look()
        while self._untold and self._announce is not None:
            await self._announce(self._untold.pop(0))

    async def look(self) -> None:
        """Read the keys if the keyring was written since the last time."""
        if self._mark() == self._seen:
            return
        async with self._turn:
            mark = self._mark()
            if mark == self._seen:
                return
            try:
                await self._read()
            except OctoNextError as error:
                # With the keys that it has a gateway goes on; `octonext keys check` says what is wrong.
                log.error("sync_keys_not_read", error_code=error.code, reason=error.message)  # noqa: TRY400
            self._seen = mark

    async def _read(self) -> None:
        for shard in self._shards:
            keys = await asyncio.to_thread(sync_keys, self._layout, self._keyring, shard.shard_id)
            if shard.use_keys(keys):
                log.info("sync_key_rotated", shard=shard.shard_id, generations=len(keys))
                self._untold.append(shard)

    def _mark(self) -> tuple[int, int] | None:
        try:
            found = keyring_file(self._layout.keys).stat()
        except OSError:
            return None
        # Each writing is a new file, moved into place.
        return found.st_ino, found.st_mtime_ns
