"""Files of any length, sealed in chunks: read as a stream, never cut short, reordered or swapped unseen.

The STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár: "Online Authenticated-Encryption and its
Nonce-Reuse Misuse-Resistance", 2015) over AES-256-GCM, with a key of its own for every file:

    header   "OCTOSEAL" 01  length of key id (1)  key id  salt (32)  nonce prefix (7)  check (16)
    chunk    flag and length (4, big-endian; the top bit is the last chunk's)  ciphertext and tag

The file's key is HKDF-SHA256 of the named key with the salt, bound to the header and to `context`, which
says what the file is; `check` is HMAC-SHA256 of the header under it, cut to 16 bytes, so that a wrong key
and a file in another one's place are told from a damaged one. A chunk's nonce is prefix, number of the
chunk (4) and flag (1).
"""

from __future__ import annotations

import hashlib
import hmac
import os
import struct
from collections.abc import Callable, Iterator
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from octonext.base.errors import OctoNextError

MAGIC = b"OCTOSEAL\x01"
CHUNK_BYTES = 256 * 1024
"""Of plaintext; a sealed chunk that claims more is damaged."""
KEY_BYTES = 32
KEY_ID_BYTES_MAX = 255
RANDOM_BYTES = 32 + 7
"""A file's salt and nonce prefix."""
_SALT_BYTES = 32
_TAG_BYTES = 16
_CHECK_BYTES = 16
_LAST = 0x8000_0000
_CHUNKS_MAX = 2**32

Keys = Callable[[str], bytes | None]
"""The key of that id, 32 bytes, or None."""


class SealRefused(OctoNextError):
    """A sealed file does not open: damaged, cut short, in another's place, or under another key."""

    code = "seal_refused"


class SealKeyMissing(OctoNextError):
    """Nobody here has the key that a file was sealed with."""

    code = "seal_key_missing"


class Readable(Protocol):
    """A file or pipe to read from."""

    def read(self, size: int = ..., /) -> bytes: ...


class Writable(Protocol):
    """A file to write to."""

    def write(self, data: bytes, /) -> object: ...


class SealedWriter:
    """Seals what is written to it into `file`; without `finish` the file counts as cut short.

    `context` says what the file is and must be given again to open it; `randomness` (RANDOM_BYTES) is
    for test vectors only.
    """

    def __init__(
        self, file: Writable, key: bytes, *, key_id: str, context: str, randomness: bytes | None = None
    ) -> None:
        name = key_id.encode()
        if not 1 <= len(name) <= KEY_ID_BYTES_MAX:
            raise ValueError(f"a key's id has 1 to {KEY_ID_BYTES_MAX} bytes")
        random = os.urandom(RANDOM_BYTES) if randomness is None else randomness
        if len(random) != RANDOM_BYTES:
            raise ValueError(f"a sealed file takes {RANDOM_BYTES} random bytes")
        head = MAGIC + bytes([len(name)]) + name + random
        file_key = _file_key(key, head, context)
        self._file = file
        self._cipher = AESGCM(file_key)
        self._prefix = random[_SALT_BYTES:]
        self._number = 0
        self._waiting = bytearray()
        self._finished = False
        file.write(head + _check(file_key, head))

    def write(self, data: bytes) -> None:
        """Take plaintext; whole chunks go out sealed, the rest waits for more, `flush` or `finish`."""
        self._waiting += data
        # The last chunk must not be empty behind full ones only because the length happened to fit.
        while len(self._waiting) > CHUNK_BYTES:
            self._seal(bytes(self._waiting[:CHUNK_BYTES]), last=False)
            del self._waiting[:CHUNK_BYTES]

    def flush(self) -> None:
        """Seal what waits as a shorter chunk, for files that are read while they grow."""
        if self._waiting:
            self._seal(bytes(self._waiting), last=False)
            self._waiting.clear()

    def finish(self) -> None:
        """Seal the rest as the last chunk. Nothing can be written afterwards."""
        self._seal(bytes(self._waiting), last=True)
        self._waiting.clear()
        self._finished = True

    def _seal(self, plaintext: bytes, *, last: bool) -> None:
        if self._finished or self._number >= _CHUNKS_MAX:
            raise ValueError("this sealed file is complete")
        nonce = self._prefix + struct.pack(">IB", self._number, last)
        head = struct.pack(">I", len(plaintext) | (_LAST if last else 0))
        self._file.write(head + self._cipher.encrypt(nonce, plaintext, head))
        self._number += 1


def unseal(file: Readable, keys: Keys, *, context: str, unfinished: bool = False) -> Iterator[bytes]:
    """The plaintext of a sealed file, chunk by chunk; each is authentic when it comes.

    Only after the last chunk is it sure that nothing is missing: what was read before must be thrown away
    on an error. With `unfinished` a file that simply stops is taken as far as its whole chunks go: one
    that was still being written. Raises SealRefused, SealKeyMissing.
    """
    cipher, prefix = _open(file, keys, context)
    number = 0
    while True:
        head = _read(file, 4)
        if len(head) < 4:
            if unfinished:
                return
            raise SealRefused(f"{context} ends too early, after {number} chunks.")
        (value,) = struct.unpack(">I", head)
        last, length = bool(value & _LAST), value & ~_LAST
        if length > CHUNK_BYTES or (length == 0 and not last):
            if unfinished and not any(head) and not any(_read(file, CHUNK_BYTES)):
                return  # a file system that lost power may show zeros where nothing was written
            raise SealRefused(f"{context} is damaged at chunk {number}.")
        sealed = _read(file, length + _TAG_BYTES)
        if len(sealed) < length + _TAG_BYTES:
            if unfinished:
                return
            raise SealRefused(f"{context} ends too early, within chunk {number}.")
        try:
            plaintext = cipher.decrypt(prefix + struct.pack(">IB", number, last), sealed, head)
        except InvalidTag:
            raise SealRefused(f"{context} is damaged at chunk {number}.") from None
        if last and _read(file, 1):
            raise SealRefused(f"{context} goes on behind its end.")
        yield plaintext
        if last:
            return
        number += 1


def key_id(file: Readable) -> str:
    """The id of the key that a file was sealed with, as its header claims. Raises SealRefused."""
    return _header(file, "the file")[0]


def _open(file: Readable, keys: Keys, context: str) -> tuple[AESGCM, bytes]:
    name, head = _header(file, context)
    key = keys(name)
    if key is None:
        raise SealKeyMissing(
            f"The key {name!r}, which {context} is sealed with, is not in the keyring.",
            remedy="Bring back the keyring of the installation that wrote it.",
        )
    file_key = _file_key(key, head, context)
    if not hmac.compare_digest(_read(file, _CHECK_BYTES), _check(file_key, head)):
        raise SealRefused(
            f"{context} was sealed with another key {name!r}, is another file, or its header is damaged."
        )
    return AESGCM(file_key), head[-(RANDOM_BYTES - _SALT_BYTES) :]


def _header(file: Readable, context: str) -> tuple[str, bytes]:
    start = _read(file, len(MAGIC) + 1)
    if len(start) <= len(MAGIC) or not start.startswith(MAGIC):
        raise SealRefused(f"{context} is not a sealed file, or its beginning is lost.")
    rest = _read(file, start[-1] + RANDOM_BYTES)
    if len(rest) < start[-1] + RANDOM_BYTES:
        raise SealRefused(f"{context} ends too early, within its header.")
    return rest[: start[-1]].decode(errors="replace"), start + rest


def _file_key(key: bytes, head: bytes, context: str) -> bytes:
    if len(key) != KEY_BYTES:
        raise ValueError(f"a key has {KEY_BYTES} bytes")
    salt = head[-RANDOM_BYTES:][:_SALT_BYTES]
    info = b"octonext sealed stream\x00" + hashlib.sha256(head).digest() + context.encode()
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=salt, info=info).derive(key)


def _check(file_key: bytes, head: bytes) -> bytes:
    return hmac.digest(file_key, b"header\x00" + head, "sha256")[:_CHECK_BYTES]


def _read(file: Readable, size: int) -> bytes:
    """`size` bytes, fewer only at the end; a pipe gives less at a time than was asked for."""
    parts = []
    while size:
        part = file.read(size)
        if not part:
            break
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
