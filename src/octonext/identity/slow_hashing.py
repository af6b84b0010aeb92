"""Argon2id off the event loop, few at a time: it is slow on purpose, and nobody else must wait for it."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

from octonext.crypto.secrets import PIN_COST, hash_secret, verify_secret

HASHES_AT_ONCE_MAX = 2
"""A password's takes 64 MiB and a core: more at once would only wait for each other."""

# Checked when nobody has the name or the code, so that a wrong one takes as long as a wrong secret. No
# secret that anybody could find belongs to them.
_NOBODY = "$argon2id$v=19$m=65536,t=3,p=4$b2N0b25leHQtbm9ib2R5$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
_NO_CASHIER = (
    "$argon2id$v=19$m=19456,t=2,p=1$b2N0b25leHQtbm9ib2R5$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
)

_threads = ThreadPoolExecutor(HASHES_AT_ONCE_MAX, thread_name_prefix="argon2")


async def hashed_password(password: str) -> str:
    """The Argon2id hash of a password in PHC string form."""
    return await asyncio.get_running_loop().run_in_executor(_threads, hash_secret, password)


async def hashed_pin(pin: str) -> str:
    """The Argon2id hash of a PIN, at the cost that a till's browser can pay (PIN_COST)."""
    return await asyncio.get_running_loop().run_in_executor(_threads, hash_secret, pin, PIN_COST)


async def is_password(password: str, known_hash: str | None) -> bool:
    """Whether the password is the one hashed; None, for nobody's, takes as long and is never right."""
    return await _matches(password, known_hash, _NOBODY)


async def is_pin(pin: str, known_hash: str | None) -> bool:
    """Whether the PIN is the one hashed, at whatever cost; None takes as long as a PIN's present cost."""
    return await _matches(pin, known_hash, _NO_CASHIER)


async def _matches(secret: str, known_hash: str | None, nobody: str) -> bool:
    loop = asyncio.get_running_loop()
    right = await loop.run_in_executor(_threads, verify_secret, secret, known_hash or nobody)
    return right and known_hash is not None
