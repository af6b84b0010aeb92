"""The key that the device shares of all tills are derived from.

It is in the keyring, unless the settings name a source for it, as gateways on several machines need: each
must give a till the same share. A configured key is the present one, and each that ever was is remembered.
"""

from __future__ import annotations

import re

from octonext.crypto.device_share import DeviceShares
from octonext.crypto.keyring import Keyring
from octonext.crypto.keyring_document import KEY_BYTES
from octonext.crypto.keyring_errors import MasterKeyMalformed
from octonext.runtime.layout import Layout
from octonext.runtime.secrets import SecretSource

PURPOSE = "till"
NAME = "shares"

_HEX = re.compile(r"[0-9a-fA-F]{64}")


class ShareKeyMalformed(MasterKeyMalformed):
    """The configured source gives no key."""

    code = "share_key_malformed"


def ensure_share_key(layout: Layout, keyring: Keyring) -> None:
    """Make the key, or remember the configured one, so that the next recovery document holds it.

    Raises ShareKeyMalformed, SecretUnavailable, and what the keyring raises.
    """
    source = layout.settings.keys.shares
    if source is None:
        keyring.key(PURPOSE, NAME)
        return
    key = _configured(source)
    if key not in keyring.generations(PURPOSE, NAME):
        keyring.put(PURPOSE, NAME, key)


def device_shares(layout: Layout, keyring: Keyring) -> DeviceShares:
    """The shares of this installation's tills."""

    def read() -> list[bytes]:
        # `octonext up` did so before, unless it was started by a version without shares.
        ensure_share_key(layout, keyring)
        source = layout.settings.keys.shares
        present = [] if source is None else [_configured(source)]
        return [*present, *keyring.generations(PURPOSE, NAME)]

    return DeviceShares(read)


def _configured(source: SecretSource) -> bytes:
    text = source.read()
    if not _HEX.fullmatch(text):
        raise ShareKeyMalformed(
            f"The key of device shares from {source.describe()} is no {2 * KEY_BYTES} hexadecimal digits.",
            remedy="Make one with `openssl rand -hex 32`, the same for every machine.",
        )
    return bytes.fromhex(text)
