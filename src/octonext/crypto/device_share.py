"""The device share: the server's half of what opens a till's records, derived and never stored.

The same till gets the same share at enrolment and whenever one of its cashiers signs in online. Whoever
steals the till has no share, unless somebody signs in; whoever copies head office's database has none either.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Callable, Sequence

from .envelope import DEVICE_SHARE_BYTES
from .keyring_errors import RECOVER, KeyMissing

LABEL = b"octonext.device-share.v1"

ReadKeys = Callable[[], Sequence[bytes]]
"""Every key of this installation that shares were ever derived from, the present one first; may block."""


def device_share(key: bytes, *, device: int, generation: int) -> bytes:
    """32 bytes: HMAC-SHA256 over the label, the device and its generation, joined by "|"."""
    share = hmac.digest(key, b"|".join((LABEL, b"%d" % device, b"%d" % generation)), "sha256")
    assert len(share) == DEVICE_SHARE_BYTES
    return share


def fingerprint(key: bytes) -> str:
    """By which a key is known again, 16 hex digits; says nothing about it."""
    return hmac.digest(key, LABEL + b"|fingerprint", "sha256")[:8].hex()


class DeviceShares:
    """Derives shares; knows the keys that were read last, and reads them again for one it does not know.

    A till is bound to a key by its fingerprint: with another key a gateway gives no share, never a wrong one.
    """

    def __init__(self, read: ReadKeys) -> None:
        self._read = read
        self._keys: dict[str, bytes] = {}

    async def newest(self) -> str:
        """The fingerprint of the key that new tills get. Raises KeyMissing, and what reading raises."""
        await self._look()
        if not self._keys:
            raise KeyMissing("There is no key for the shares of tills.", remedy=RECOVER)
        return next(iter(self._keys))

    async def share(self, *, device: int, key: str, generation: int) -> bytes:
        """A till's share under the key of that fingerprint. Raises KeyMissing."""
        if key not in self._keys:
            await self._look()
        if key not in self._keys:
            raise KeyMissing(
                f"The key that the share of till {device} was derived from is not here.", remedy=RECOVER
            )
        return device_share(self._keys[key], device=device, generation=generation)

    async def _look(self) -> None:
        self._keys = {fingerprint(key): key for key in await asyncio.to_thread(self._read)}

    def __reduce__(self) -> str:
        raise TypeError("keys are not serialised")
