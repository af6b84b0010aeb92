"""Shift keys, opened once per gateway process and kept in memory while their tills are about."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable

from octonext.crypto.envelope import ShardPrivateKey, unwrap_for_shard
from octonext.crypto.errors import EnvelopeRefused
from octonext.shards.lane import Lane

from ..messages import PushedKey
from ..store import wrapped_keys

#: Opened keys kept per shard: two shifts of each of 10,000 tills. 32 bytes each.
KEYS_MAX = 20_000

#: What stands for a key that was given but does not open: its entries are quarantined.
UNOPENABLE = b""


class KeyRing:
    """The opened shift keys of one shard's tills, the least recently used dropped first."""

    def __init__(self, lane: Lane, private: ShardPrivateKey) -> None:
        self._lane = lane
        self._private = private
        self._opened: OrderedDict[tuple[int, str], bytes] = OrderedDict()

    async def find(
        self, branch: int, device: int, key_ids: Iterable[str], pushed: Iterable[PushedKey]
    ) -> tuple[dict[str, bytes], list[str]]:
        """Return the opened keys by id, and the ids that the shard was never given.

        A key that does not open is returned as `UNOPENABLE`. Raises ShardUnavailable.
        """
        wanted = set(key_ids)
        given = {key.id: key.wrapped for key in pushed}
        found: dict[str, bytes] = {}
        for key_id in wanted:
            opened = self._opened.get((device, key_id))
            if opened is not None:
                self._opened.move_to_end((device, key_id))
                found[key_id] = opened
        absent = [key_id for key_id in wanted if key_id not in found and key_id not in given]
        if absent:
            given |= await self._lane.run(
                lambda connection: wrapped_keys(connection, branch=branch, device=device, key_ids=absent),
                readonly=True,
            )
        for key_id in wanted - found.keys():
            if key_id in given:
                found[key_id] = self._open(device, key_id, given[key_id])
        return found, sorted(wanted - found.keys())

    def remember(self, device: int, keys: dict[str, bytes]) -> None:
        """Keep opened keys; to be called when the shard has stored their wrapped form."""
        for key_id, key in keys.items():
            self._opened[(device, key_id)] = key
        while len(self._opened) > KEYS_MAX:
            self._opened.popitem(last=False)

    def forget(self, device: int) -> None:
        """Drop a till's keys: the shard may hold their wrapped form no more, and must be given it again."""
        for known in [known for known in self._opened if known[0] == device]:
            del self._opened[known]

    def _open(self, device: int, key_id: str, wrapped: bytes) -> bytes:
        try:
            return unwrap_for_shard(wrapped, self._private, device=device, key_id=key_id)
        except EnvelopeRefused:
            return UNOPENABLE
