"""The installation's keyring, made at its first start, never silently a second time."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from contextlib import suppress

from octonext.crypto.keyring import Keyring, keyring_file
from octonext.crypto.keyring_errors import RECOVER, KeyringExists, KeyringMissing
from octonext.runtime.layout import Layout
from octonext.runtime.secrets import SecretSource

EXPORT_NOW = (
    "new keys: without them nothing here can be read again. "
    "Keep a copy elsewhere, now: octonext keys export-recovery --data {data}"
)


def master_source(layout: Layout) -> SecretSource:
    """Where the master key comes from: as configured, else DATA/keys/master.key."""
    return layout.settings.keys.master or SecretSource(file=layout.keys / "master.key")


def open_keyring(layout: Layout, say: Callable[[str], None] = lambda _line: None) -> Keyring:
    """Open the keyring; an installation that holds nothing encrypted yet gets one, and `say` hears of it.

    Raises KeyringMissing when something encrypted is there without a keyring, and what `Keyring.open`
    raises.
    """
    source = master_source(layout)
    if not keyring_file(layout.keys).exists():
        require_nothing_encrypted(layout)
        with suppress(KeyringExists):  # another process was quicker
            Keyring.create(layout.keys, source)
            say(EXPORT_NOW.format(data=shlex.quote(str(layout.data_dir))))
    return Keyring.open(layout.keys, source)


def require_nothing_encrypted(layout: Layout) -> None:
    """Refuse to make new keys beside data that only the old ones open. Raises KeyringMissing."""
    encrypted = layout.data_dir / "encrypted"
    # An empty disk of its own may have been mounted there before the first start.
    if any(encrypted.glob("*/gocryptfs.conf")):
        raise KeyringMissing(
            f"{encrypted} holds encrypted data, and its keyring {keyring_file(layout.keys)} is gone.",
            remedy=f"A new keyring would not open it. {RECOVER}",
        )
