"""The sealing keys: private halves in the keyring, public ones in files that an auditor takes along."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from octonext.audit.sealing.domain.head import SealingKey, key_id
from octonext.base.errors import OctoNextError
from octonext.crypto.keyring import Keyring
from octonext.runtime.layout import Layout

PURPOSE = "sealing"


class NoSealingKey(OctoNextError):
    """There is no public sealing key to verify with."""

    code = "no_sealing_key"


class OtherSealingKey(OctoNextError):
    """The keyring's key is not the one that the database was sealed with."""

    code = "other_sealing_key"


def public_key_file(layout: Layout, database: str) -> Path:
    """Where the public half lies, as PEM."""
    return layout.keys / f"sealing-{database}.pub"


def sealing_key(layout: Layout, keyring: Keyring, database: str) -> SealingKey:
    """The database's key, made at first use; its public half is written down then, and never replaced.

    Raises OtherSealingKey when the file names another one: a lost keyring must not go unnoticed.
    """
    key = SealingKey(keyring.key(PURPOSE, database))
    file = public_key_file(layout, database)
    pem = Ed25519PublicKey.from_public_bytes(key.public).public_bytes(
        Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
    )
    if not file.exists():
        _write_once(file, pem)
    if read_public_key(file) != key.public:
        raise OtherSealingKey(
            f"The keyring's sealing key of {database} is not that of {file}.",
            remedy="Put the keyring back that sealed it; see docs/keys.md.",
        )
    return key


def _write_once(file: Path, content: bytes) -> None:
    """Whole or not at all, and never over another one: two sealers may start side by side."""
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}-")
    try:
        with os.fdopen(descriptor, "wb") as opened:
            opened.write(content)
            opened.flush()
            os.fsync(descriptor)
        with suppress(FileExistsError):
            os.link(name, file)
    finally:
        Path(name).unlink()


def read_public_key(file: Path) -> bytes:
    """The 32 bytes of an Ed25519 public key from PEM. Raises NoSealingKey."""
    try:
        key = load_pem_public_key(file.read_bytes())
    except (OSError, ValueError) as error:
        raise NoSealingKey(
            f"{file} is no public sealing key: {error}.",
            remedy="The sealer writes it at its first start; an auditor keeps a copy.",
        ) from None
    if not isinstance(key, Ed25519PublicKey):
        raise NoSealingKey(f"{file} holds another kind of key.", remedy="A sealing key is Ed25519.")
    return key.public_bytes_raw()


def public_keys(layout: Layout, database: str, folder: Path | None = None) -> Mapping[str, bytes]:
    """The keys to verify a database with, by id: from `folder`, where an auditor keeps them, or from DATA.

    Raises NoSealingKey.
    """
    file = public_key_file(layout, database)
    public = read_public_key(file if folder is None else folder / file.name)
    return {key_id(public): public}
