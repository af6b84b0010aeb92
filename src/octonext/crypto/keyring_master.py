"""The master key's text, and how the one in a file is replaced without a moment in which none fits.

A new key is first written beside the old one (`master.key.next`), then the keyring is written under it,
then the new file takes the old one's place. Whoever comes in between finds the key that fits.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from octonext.runtime.secrets import SecretSource, SecretUnavailable

from .keyring_document import MASTER_BYTES, MasterKey
from .keyring_errors import RECOVER, MasterKeyMalformed
from .keyring_files import move, read_private, write_private

MASTER_CHARACTERS = 2 * MASTER_BYTES
LOST = (
    "This is the master key: bring it back to where [keys] master says (docs/keys.md). Without it everything "
    f"that is encrypted here is lost, and every backup, unless there is a recovery document. {RECOVER}"
)
_HEX = re.compile(r"[0-9a-fA-F]{64}")


def new_master() -> MasterKey:
    """A random master key."""
    return MasterKey(os.urandom(MASTER_BYTES))


def read_master(source: SecretSource) -> MasterKey:
    """The key that `source` gives. Raises SecretUnavailable, MasterKeyMalformed."""
    try:
        text = source.read()
    except SecretUnavailable as error:
        raise SecretUnavailable(error.message, remedy=error.remedy or LOST) from None
    return parse_master(text, source.describe())


def parse_master(text: str, described: str) -> MasterKey:
    """The key in `text`, 64 hexadecimal characters. Raises MasterKeyMalformed, which never repeats it."""
    if not _HEX.fullmatch(text):
        what = "is cut short" if len(text) < MASTER_CHARACTERS else "is no master key"
        raise MasterKeyMalformed(
            f"The master key from {described} {what}: {len(text)} characters "
            f"instead of {MASTER_CHARACTERS} hexadecimal ones.",
            remedy="Give the key that `octonext keys init` made, or restore the recovery document.",
        )
    return MasterKey(bytes.fromhex(text))


def write_master(path: Path, master: MasterKey) -> None:
    """Put a master key into a file that only its owner reads. Raises KeyringUnsafe."""
    write_private(path, master.reveal().hex().encode() + b"\n")


def waiting_file(path: Path) -> Path:
    """Where a new master key waits until the keyring is under it."""
    return path.with_name(path.name + ".next")


def read_waiting(path: Path) -> MasterKey | None:
    """The key that a rotation of `path` left waiting, if any."""
    found = read_private(waiting_file(path))
    return None if found is None else parse_master(found.decode(errors="replace").strip(), str(path))


def put_in_place(path: Path) -> None:
    """Let the waiting key take the place of the one in `path`."""
    move(waiting_file(path), path)
