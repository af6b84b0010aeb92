"""Shift keys, opened once per gateway process and kept in memory while their tills are about.

A shard's sync key has generations: a till wraps for the newest that it was told, and what it wrapped
before a rotation must open afterwards. The wrapped bytes do not say which one they are for, so each is
tried, the newest first.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Sequence

from octonext.crypto.envelope import ShardPrivateKey, unwrap_for_shard
from octonext.crypto.errors import EnvelopeRefused
from octonext.shards.lane import Lane

from ..messages import PushedKey
from ..store import wrapped_keys

#: Opened keys kept per shard: two shifts of each of 10,000 tills. 32 bytes each.
KEYS_MAX = 20_000

#: What stands for a key that was given but does not open: its entries are quarantined.
UNOPENABLE = b""

#: Generations of a sync key that are tried. A till that sends keys which open with none costs a gateway so
#: many times 0.1 ms each.
GENERATIONS_TRIED = 32

LookForKeys = Callable[[], Awaitable[None]]
"""Finds out whether the sync key was rotated, and gives the new generations to `ShardSync.use_keys`."""


async def no_other_keys() -> None:
    """For a sync key that is never rotated while its gateway runs."""


class ShiftKeys:
    """The opened shift keys of one shard's tills, the least recently used dropped first.

    `privates` are the generations of the shard's sync key, the newest first; `look` is asked for newer
    ones before a key is given up.
    """

    def __init__(
        self, lane: Lane, privates: Sequence[ShardPrivateKey], look: LookForKeys = no_other_keys
    ) -> None:
        self._lane = lane
        self.privates = tuple(privates)
        self._look = look
        self._opened: OrderedDict[tuple[int, str], bytes] = OrderedDict()

    def use(self, privates: Sequence[ShardPrivateKey]) -> None:
        """Take other generations; what opened with none of the old ones is tried anew."""
        self.privates = tuple(privates)
        for known in [known for known, key in self._opened.items() if key == UNOPENABLE]:
            del self._opened[known]

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
                found[key_id] = await self._open(device, key_id, given[key_id])
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

    async def _open(self, device: int, key_id: str, wrapped: bytes) -> bytes:
        tried = self.privates
        opened = _open_with(tried, device, key_id, wrapped)
        if opened == UNOPENABLE:
            # Another gateway may have told the till of a key that this one has not read yet.
            await self._look()
            if self.privates is not tried:
                opened = _open_with(self.privates, device, key_id, wrapped)
        return opened


def _open_with(privates: Sequence[ShardPrivateKey], device: int, key_id: str, wrapped: bytes) -> bytes:
    for private in privates[:GENERATIONS_TRIED]:
        try:
            return unwrap_for_shard(wrapped, private, device=device, key_id=key_id)
        except EnvelopeRefused:
            continue
    return UNOPENABLE
