"""Secrets people remember (hashed slowly) and tokens machines hold (hashed fast).

A PIN or a password is guessable, so each guess is made dear with Argon2id. A token is 256 random
bits, so a plain SHA-256 is enough and keeps every request cheap.
"""

import base64
import hashlib
import hmac
import os

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError
from argon2.profiles import RFC_9106_LOW_MEMORY

from .envelope import Argon2Cost

TOKEN_PREFIX = "on_"  # noqa: S105 - a prefix that scanners for leaked tokens look for
TOKEN_RANDOM_BYTES = 32

PIN_COST = Argon2Cost(time=2, memory_kib=19_456, lanes=1)
"""Of a cashier's PIN. A browser on a cheap tablet has to compute it, in one thread and little memory; what
protects a PIN is the lock-out, and the device share without which it opens nothing."""

_RECOMMENDED = PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)


def hash_secret(secret: str, cost: Argon2Cost | None = None) -> str:
    """Argon2id hash of a PIN or password in PHC string form (RFC 9106, 64 MiB unless told otherwise)."""
    return _hasher(cost).hash(secret)


def verify_secret(secret: str, hashed: str) -> bool:
    """Whether `secret` is the one hashed, at whatever cost. A damaged hash matches nothing."""
    try:
        return _RECOMMENDED.verify(hashed, secret)
    except (VerifyMismatchError, VerificationError, InvalidHashError):
        return False


def new_token() -> str:
    """A bearer token: `on_` and 32 random bytes in base64url without padding (46 characters)."""
    random = base64.urlsafe_b64encode(os.urandom(TOKEN_RANDOM_BYTES)).rstrip(b"=")
    return TOKEN_PREFIX + random.decode()


def token_digest(token: str) -> bytes:
    """What is stored of a token: its SHA-256, 32 bytes."""
    return hashlib.sha256(token.encode()).digest()


def same_secret(one: str | bytes, other: str | bytes) -> bool:
    """Whether two secrets are equal, in time that does not depend on where they differ."""
    return hmac.compare_digest(_bytes(one), _bytes(other))


def _hasher(cost: Argon2Cost | None) -> PasswordHasher:
    if cost is None:
        return _RECOMMENDED
    return PasswordHasher(time_cost=cost.time, memory_cost=cost.memory_kib, parallelism=cost.lanes)


def _bytes(value: str | bytes) -> bytes:
    return value.encode() if isinstance(value, str) else value
