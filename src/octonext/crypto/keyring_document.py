"""The keyring as a value: keys wrapped under a master key, and the whole sealed. No files here.

A key is wrapped with AES-256-GCM; its associated data names the keyring, the key's purpose, name and
generation, so that no wrapped key can stand in another's place. The document as a whole is sealed with
HMAC-SHA256: a key that was removed or put back is noticed, too. Wrapping key, sealing key and fingerprint
are each derived from the master key (HKDF-SHA256, RFC 5869), which is itself used for nothing else.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import re
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from .keyring_errors import RECOVER, KeyringDamaged, MasterKeyWrong

FORMAT = "octonext keyring"
VERSION = 1
MASTER_BYTES = 32
KEY_BYTES = 32
SECRET_BYTES_MAX = 4_096
"""The longest secret is a private key in PEM, of some 250 bytes."""
KEYS_MAX = 10_000
"""A key a day for each of 7 kept backups would need 2,555 a year if none were ever removed."""
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}")

_NONCE_BYTES = 12
_CONTEXT = "octonext.keyring.v1"


@dataclass(frozen=True, slots=True)
class KeyEntry:
    """One generation of one key, without the key. `exported`: a recovery document holds it."""

    purpose: str
    name: str
    generation: int
    created_at: str
    exported: bool = False
    wrapped: bytes = field(default=b"", repr=False)

    @property
    def binding(self) -> tuple[str, str, int]:
        return self.purpose, self.name, self.generation


class _StoredKey(msgspec.Struct, forbid_unknown_fields=True):
    purpose: str
    name: str
    generation: int
    created_at: str
    exported: bool
    wrapped: str


class _Stored(msgspec.Struct, forbid_unknown_fields=True):
    format: str
    version: int
    id: str
    master: str
    created_at: str
    exported_at: str | None
    keys: list[_StoredKey]
    seal: str


class MasterKey:
    """32 bytes, and what is derived from them. Shows its fingerprint only."""

    __slots__ = ("_secret", "fingerprint")

    def __init__(self, secret: bytes) -> None:
        if len(secret) != MASTER_BYTES:
            raise ValueError(f"a master key has {MASTER_BYTES} bytes")
        self._secret = secret
        self.fingerprint = self.derive("fingerprint")[:8].hex()

    def derive(self, use: str) -> bytes:
        return HKDF(hashes.SHA256(), length=32, salt=None, info=f"{_CONTEXT}|{use}".encode()).derive(
            self._secret
        )

    def reveal(self) -> bytes:
        """The key itself, for the recovery document and nothing else."""
        return self._secret

    def __repr__(self) -> str:
        return f"MasterKey({self.fingerprint})"

    def __reduce__(self) -> Any:
        raise TypeError("a master key is not serialised")


@dataclass(frozen=True, slots=True)
class Document:
    """The keyring's content. `master`: the fingerprint of the key it is wrapped under."""

    id: str
    master: str
    created_at: str
    exported_at: str | None = None
    keys: tuple[KeyEntry, ...] = ()

    def generations(self, purpose: str, name: str) -> list[KeyEntry]:
        """Every generation of a key, the newest first."""
        found = [each for each in self.keys if (each.purpose, each.name) == (purpose, name)]
        return sorted(found, key=lambda each: each.generation, reverse=True)


def new_document(master: MasterKey, now: str) -> Document:
    """An empty keyring under `master`, with an identity of its own."""
    return Document(os.urandom(16).hex(), master.fingerprint, now)


def wrap(document: Document, master: MasterKey, entry: KeyEntry, secret: bytes) -> KeyEntry:
    """The entry with `secret` wrapped in it."""
    nonce = os.urandom(_NONCE_BYTES)
    sealed = AESGCM(master.derive("wrap")).encrypt(nonce, secret, _binding(document.id, entry))
    return replace(entry, wrapped=nonce + sealed)


def unwrap(document: Document, master: MasterKey, entry: KeyEntry) -> bytes:
    """The key of an entry. Raises KeyringDamaged."""
    try:
        return AESGCM(master.derive("wrap")).decrypt(
            entry.wrapped[:_NONCE_BYTES], entry.wrapped[_NONCE_BYTES:], _binding(document.id, entry)
        )
    except (InvalidTag, ValueError):
        raise KeyringDamaged(
            f"The key {entry.purpose}/{entry.name} of the keyring does not open.", remedy=RECOVER
        ) from None


def rewrap(document: Document, old: MasterKey, new: MasterKey) -> Document:
    """The same keys under another master key, which no recovery document holds yet."""
    keys = tuple(wrap(document, new, each, unwrap(document, old, each)) for each in document.keys)
    return replace(document, master=new.fingerprint, exported_at=None, keys=keys)


def encode(document: Document, master: MasterKey) -> bytes:
    """The document as it is stored: JSON, sealed."""
    body: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "id": document.id,
        "master": document.master,
        "created_at": document.created_at,
        "exported_at": document.exported_at,
        "keys": [
            {
                "purpose": each.purpose,
                "name": each.name,
                "generation": each.generation,
                "created_at": each.created_at,
                "exported": each.exported,
                "wrapped": base64.b64encode(each.wrapped).decode(),
            }
            for each in document.keys
        ],
    }
    body["seal"] = _seal(body, master)
    return json.dumps(body, indent=1).encode() + b"\n"


def decode(stored: bytes, master: MasterKey, *, source: str) -> Document:
    """The document in `stored`. Raises MasterKeyWrong and KeyringDamaged, naming `source`."""
    try:
        found = msgspec.json.decode(stored, type=_Stored)
        keys = tuple(
            KeyEntry(
                each.purpose,
                each.name,
                each.generation,
                each.created_at,
                each.exported,
                base64.b64decode(each.wrapped, validate=True),
            )
            for each in found.keys
        )
    except (msgspec.DecodeError, ValueError):
        raise KeyringDamaged(f"{source} is not a keyring, or only a part of one.", remedy=RECOVER) from None
    if (found.format, found.version) != (FORMAT, VERSION):
        raise KeyringDamaged(
            f"{source} is of version {found.version}, which this OctoNext does not know.",
            remedy="Use the OctoNext that wrote it, or a newer one.",
        )
    if found.master != master.fingerprint:
        raise MasterKeyWrong(
            f"The master key (fingerprint {master.fingerprint}) is not the one that {source} "
            f"is wrapped under (fingerprint {found.master}).",
            remedy="Give the right one in [keys] master, or restore: `octonext keys init --recover FILE`.",
        )
    body = json.loads(stored)
    if not hmac.compare_digest(body.pop("seal").encode(), _seal(body, master).encode()):
        raise KeyringDamaged(f"{source} was altered after OctoNext wrote it.", remedy=RECOVER)
    return Document(found.id, found.master, found.created_at, found.exported_at, keys)


def _seal(body: dict[str, Any], master: MasterKey) -> str:
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":")).encode()
    return hmac.new(master.derive("seal"), canonical, hashlib.sha256).hexdigest()


def _binding(keyring_id: str, entry: KeyEntry) -> bytes:
    # No part may hold a bar: NAME and the list of purposes see to it.
    return f"{_CONTEXT}|{keyring_id}|{entry.purpose}|{entry.name}|{entry.generation}".encode()
