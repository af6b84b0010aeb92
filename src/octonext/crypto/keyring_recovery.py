"""The recovery document: master key and keyring under a passphrase, as text that can be printed.

The passphrase is stretched with Argon2id (RFC 9106) to the key of AES-256-GCM. Whoever has the document
and the passphrase has every key; whoever has one of them has nothing.
"""

from __future__ import annotations

import base64
import json
import os
import re
import textwrap
from dataclasses import dataclass
from typing import Any

import msgspec
from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from .envelope import Argon2Cost
from .keyring_document import Document, MasterKey, decode
from .keyring_errors import RecoveryRefused
from .keyring_master import parse_master

PASSPHRASE_CHARACTERS_MIN = 12
"""An attacker who holds the document guesses as long as they like."""
COST = Argon2Cost(time=3, memory_kib=131_072, lanes=4)
"""Twice the memory of the second recommended choice of RFC 9106, section 4; half a second of a core."""
COST_MAX = Argon2Cost(time=64, memory_kib=2_097_152, lanes=64)
"""A damaged document must not make this machine compute for days."""
DOCUMENT_CHARACTERS_MAX = 32 * 1024 * 1024
LINE_CHARACTERS = 64

_FORMAT = "octonext recovery"
_VERSION = 1
_BEGIN, _END = "-----BEGIN OCTONEXT RECOVERY-----", "-----END OCTONEXT RECOVERY-----"
_SALT_BYTES, _NONCE_BYTES, _KEY_BYTES = 16, 12, 32
_BODY = re.compile(f"{_BEGIN}\\s+(.*?)\\s+{_END}", re.DOTALL)


class _Sealed(msgspec.Struct, forbid_unknown_fields=True):
    format: str
    version: int
    time: int
    memory_kib: int
    lanes: int
    salt: str
    sealed: str


class _Content(msgspec.Struct, forbid_unknown_fields=True):
    master: str
    keyring: str


@dataclass(frozen=True, slots=True)
class Recovered:
    """What a recovery document holds; `stored` are the bytes of the keyring."""

    master: MasterKey
    document: Document
    stored: bytes


def write_recovery(
    master: MasterKey, stored: bytes, passphrase: str, *, title: str, cost: Argon2Cost = COST
) -> str:
    """The document, as text. Raises RecoveryRefused for a passphrase that is too short."""
    if len(passphrase) < PASSPHRASE_CHARACTERS_MIN:
        raise RecoveryRefused(
            f"The passphrase has less than {PASSPHRASE_CHARACTERS_MIN} characters.",
            remedy="Take several words that belong together for nobody else.",
        )
    content = json.dumps({"master": master.reveal().hex(), "keyring": stored.decode()}).encode()
    salt, nonce = os.urandom(_SALT_BYTES), os.urandom(_NONCE_BYTES)
    sealed = nonce + AESGCM(_stretch(passphrase, salt, cost)).encrypt(nonce, content, _binding(salt, cost))
    body = {
        "format": _FORMAT,
        "version": _VERSION,
        "time": cost.time,
        "memory_kib": cost.memory_kib,
        "lanes": cost.lanes,
        "salt": base64.b64encode(salt).decode(),
        "sealed": base64.b64encode(sealed).decode(),
    }
    lines = textwrap.wrap(base64.b64encode(json.dumps(body).encode()).decode(), LINE_CHARACTERS)
    return "\n".join(
        [
            f"OctoNext recovery document: {title}",
            "",
            "With its passphrase this restores the keys of the installation:",
            "    octonext keys init --recover FILE --data DIR",
            "Keep it where a fire or a thief cannot take it together with the machine, and the",
            "passphrase apart from it. Keys that are made later are not in it: export it anew then.",
            "If this, the passphrase or the machine's own keys are lost, the others still do; if this",
            "or the passphrase is lost together with the machine's own keys, everything encrypted is lost.",
            "",
            _BEGIN,
            *lines,
            _END,
            "",
        ]
    )


def read_recovery(text: str, passphrase: str) -> Recovered:
    """What is in the document. Raises RecoveryRefused, and never says which part was wrong."""
    found = _parse(text)
    cost = Argon2Cost(found.time, found.memory_kib, found.lanes)
    within = (
        1 <= cost.time <= COST_MAX.time
        and 1 <= cost.lanes <= COST_MAX.lanes
        and 8 * cost.lanes <= cost.memory_kib <= COST_MAX.memory_kib
    )
    if not within:
        raise _damaged()
    try:
        salt = base64.b64decode(found.salt, validate=True)
        sealed = base64.b64decode(found.sealed, validate=True)
        opened = AESGCM(_stretch(passphrase, salt, cost)).decrypt(
            sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], _binding(salt, cost)
        )
    except (InvalidTag, ValueError):
        raise RecoveryRefused(
            "The recovery document does not open with this passphrase.",
            remedy="Type it as it was chosen, or take another copy of the document: one of them is wrong.",
        ) from None
    content = msgspec.json.decode(opened, type=_Content)
    master = parse_master(content.master, "the recovery document")
    stored = content.keyring.encode()
    return Recovered(master, decode(stored, master, source="the recovery document"), stored)


def _parse(text: str) -> _Sealed:
    body = _BODY.search(text[:DOCUMENT_CHARACTERS_MAX])
    if body is None:
        raise RecoveryRefused(
            "This is no recovery document, or only a part of one.",
            remedy=f"It holds everything from {_BEGIN} to {_END}.",
        )
    try:
        # White space that a printer, a scanner or a mail program brought in means nothing.
        packed = base64.b64decode("".join(body[1].split()), validate=True)
        found = msgspec.json.decode(packed, type=_Sealed)
    except (ValueError, msgspec.DecodeError):
        raise _damaged() from None
    if (found.format, found.version) != (_FORMAT, _VERSION):
        raise _damaged()
    return found


def _damaged() -> RecoveryRefused:
    return RecoveryRefused(
        "The recovery document is damaged.", remedy="Take another copy of it; one character is enough."
    )


def _stretch(passphrase: str, salt: bytes, cost: Argon2Cost) -> bytes:
    return hash_secret_raw(
        passphrase.encode(),
        salt,
        time_cost=cost.time,
        memory_cost=cost.memory_kib,
        parallelism=cost.lanes,
        hash_len=_KEY_BYTES,
        type=Type.ID,
    )


def _binding(salt: bytes, cost: Argon2Cost) -> bytes:
    parts: tuple[Any, ...] = ("octonext.recovery.v1", salt.hex(), cost.time, cost.memory_kib, cost.lanes)
    return "|".join(str(part) for part in parts).encode()
