"""A head: what is signed of a tree, and how heads follow each other.

A head is lines of ASCII, each a name, a space and a value, in the order of `Head`'s fields, the first saying
what it is. The same head always gives the same bytes; its hash is SHA-256 of them, and Ed25519 (RFC 8032)
signs them. Times are UTC with six digits after the second's point. A value that is absent is `-`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

TITLE = "octonext-seal 1"
NO_HEAD = bytes(32)
"""What the first head of a chain names as the one before it."""
KEY_ID_DIGITS = 16
SIGNATURE_BYTES = 64
HEAD_BYTES_MAX = 4096
_TIME = "%Y-%m-%dT%H:%M:%S.%fZ"
_HASH = re.compile(r"[0-9a-f]{64}")
_NUMBER = re.compile(r"0|[1-9][0-9]{0,19}")
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,15}")
_KEY_ID = re.compile(rf"[0-9a-f]{{{KEY_ID_DIGITS}}}")


class BadHead(ValueError):
    """The bytes are not a head."""


@dataclass(frozen=True)
class Head:
    """What is signed. See the module for its bytes."""

    database: str
    """`hq`, or a shard's id."""
    number: int
    """From 1, one more than the head before; after a restore one more than the highest ever signed."""
    previous: bytes
    """Hash of the head with the number before."""
    continues: int
    """The head whose tree this one continues: `number - 1`, or less after a restore that was accepted."""
    size: int
    """Leaves in the tree."""
    root: bytes
    leaves: bytes
    """SHA-256 of this head's manifest: its own leaves, with the names of their rows."""
    watermark: int
    """Every row of a transaction below it is in the tree."""
    sealed_at: datetime
    """By the sealer's clock, but never before the head that it follows."""
    clock: datetime
    """The sealer's clock as it stood."""
    database_clock: datetime
    """The database's clock as it stood."""
    catalogue: bytes
    """SHA-256 of the audit catalogue; see `catalogue`."""
    system: str
    """PostgreSQL's system identifier: another one is another cluster."""
    timeline: int
    canary: int
    """Canaries written so far."""
    key: str
    """Which key signs; see `key_id`."""
    next_key: bytes | None = None
    """The public key that signs from the next head on, when it changes."""

    def encode(self) -> bytes:
        """The bytes that are hashed and signed."""
        values = {
            "database": self.database,
            "number": str(self.number),
            "previous": self.previous.hex(),
            "continues": str(self.continues),
            "size": str(self.size),
            "root": self.root.hex(),
            "leaves": self.leaves.hex(),
            "watermark": str(self.watermark),
            "sealed_at": _written(self.sealed_at),
            "clock": _written(self.clock),
            "database_clock": _written(self.database_clock),
            "catalogue": self.catalogue.hex(),
            "system": self.system,
            "timeline": str(self.timeline),
            "canary": str(self.canary),
            "key": self.key,
            "next_key": "-" if self.next_key is None else self.next_key.hex(),
        }
        return "".join([TITLE, "\n", *(f"{name} {value}\n" for name, value in values.items())]).encode(
            "ascii"
        )

    @property
    def hash(self) -> bytes:
        return sha256(self.encode()).digest()


@dataclass(frozen=True)
class SignedHead:
    """A head, the bytes that it was read from, and the signature over them."""

    head: Head
    encoded: bytes
    signature: bytes

    @property
    def hash(self) -> bytes:
        return sha256(self.encoded).digest()

    @property
    def number(self) -> int:
        return self.head.number

    @classmethod
    def read(cls, encoded: bytes, signature: bytes) -> SignedHead:
        """Raises BadHead; whether the signature is good is another question."""
        return cls(decode(encoded), encoded, signature)


def decode(encoded: bytes) -> Head:
    """Read a head's bytes, and only those that `encode` would write. Raises BadHead."""
    if len(encoded) > HEAD_BYTES_MAX:
        raise BadHead("a head is never that long")
    try:
        title, *lines, last = encoded.decode("ascii").split("\n")
        values = dict(line.split(" ", 1) for line in lines)
        if title != TITLE or last:
            raise BadHead(f"a head begins with {TITLE!r} and ends with its last line")
        head = Head(
            database=_matched(_NAME, values["database"]),
            number=_number(values["number"]),
            previous=_hash(values["previous"]),
            continues=_number(values["continues"]),
            size=_number(values["size"]),
            root=_hash(values["root"]),
            leaves=_hash(values["leaves"]),
            watermark=_number(values["watermark"]),
            sealed_at=_time(values["sealed_at"]),
            clock=_time(values["clock"]),
            database_clock=_time(values["database_clock"]),
            catalogue=_hash(values["catalogue"]),
            system=_matched(_NUMBER, values["system"]),
            timeline=_number(values["timeline"]),
            canary=_number(values["canary"]),
            key=_matched(_KEY_ID, values["key"]),
            next_key=None if values["next_key"] == "-" else _hash(values["next_key"]),
        )
    except (KeyError, ValueError) as error:
        raise BadHead(f"the bytes are not a head: {error}") from None
    if head.encode() != encoded:
        raise BadHead("the head is not written in its one form")
    return head


def key_id(public: bytes) -> str:
    """Short name of an Ed25519 public key (32 bytes)."""
    return sha256(public).hexdigest()[:KEY_ID_DIGITS]


@dataclass(frozen=True, repr=False)
class SealingKey:
    """A database's sealing key: the 32 bytes of an Ed25519 seed. Never shown."""

    seed: bytes

    @property
    def public(self) -> bytes:
        return Ed25519PrivateKey.from_private_bytes(self.seed).public_key().public_bytes_raw()

    @property
    def id(self) -> str:
        return key_id(self.public)

    def sign(self, head: Head) -> SignedHead:
        """Sign; the head then names this key."""
        signed = replace(head, key=self.id)
        encoded = signed.encode()
        return SignedHead(signed, encoded, Ed25519PrivateKey.from_private_bytes(self.seed).sign(encoded))


def signed_by(signed: SignedHead, public: bytes) -> bool:
    """Whether the key of `public` (32 bytes) signed this head's bytes."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signed.signature, signed.encoded)
    except (InvalidSignature, ValueError):
        return False
    return True


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime(_TIME)


def _time(text: str) -> datetime:
    return datetime.strptime(text, _TIME).replace(tzinfo=UTC)


def _matched(form: re.Pattern[str], text: str) -> str:
    if not form.fullmatch(text):
        raise ValueError(f"{text[:80]!r} cannot stand in a head")
    return text


def _number(text: str) -> int:
    return int(_matched(_NUMBER, text))


def _hash(text: str) -> bytes:
    return bytes.fromhex(_matched(_HASH, text))
