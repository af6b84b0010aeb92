"""Sealing journal entries, and wrapping the key that seals them for its two readers.

An entry is encrypted once, with the shift's key (AES-256-GCM, NIST SP 800-38D); the bytes a till
stores are the bytes it sends. The shift key is wrapped for the shard (ephemeral ECDH on P-256,
HKDF-SHA256, AES-256-GCM) and for the till itself (a key derived from the PIN). Associated data and
key derivation bind every sealed thing to its device and shift, so that nothing can be moved to
another place and still open.
"""

import os
from dataclasses import dataclass

from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from .errors import EnvelopeRefused, InvalidKey
from .signature import load_public

PROTOCOL = "octonext.sync.v1"
KEY_BYTES = 32
NONCE_BYTES = 12
TAG_BYTES = 16
SALT_BYTES = 16
DEVICE_SHARE_BYTES = 32
ENTRY_OVERHEAD_BYTES = NONCE_BYTES + TAG_BYTES
WRAP_VERSION = 1

_POINT_BYTES = 65
_SHARD_WRAP_BYTES = 1 + _POINT_BYTES + NONCE_BYTES + KEY_BYTES + TAG_BYTES
_TILL_WRAP_BYTES = 1 + NONCE_BYTES + KEY_BYTES + TAG_BYTES

ShardPrivateKey = ec.EllipticCurvePrivateKey


@dataclass(frozen=True, slots=True)
class Argon2Cost:
    """What one guess at a PIN costs: passes, memory in KiB, lanes (RFC 9106)."""

    time: int = 3
    memory_kib: int = 65_536
    lanes: int = 4


RECOMMENDED_COST = Argon2Cost()
"""The second recommended choice of RFC 9106, section 4: 3 passes, 64 MiB, 4 lanes."""


def new_shift_key() -> bytes:
    """A random data key for one shift: 32 bytes."""
    return os.urandom(KEY_BYTES)


def new_nonce() -> bytes:
    """A random nonce for `seal_entry`: 12 bytes. A shift key seals far fewer than 2**32 entries."""
    return os.urandom(NONCE_BYTES)


def seal_entry(dek: bytes, *, device: int, shift: str, seq: int, plaintext: bytes, nonce: bytes) -> bytes:
    """Seals one entry: `nonce (12) || ciphertext || tag (16)`.

    The associated data is `octonext.sync.v1|entry|{device}|{shift}|{seq}` in UTF-8. A nonce is used
    once per key.
    """
    _require_length("nonce", nonce, NONCE_BYTES)
    return nonce + AESGCM(dek).encrypt(nonce, plaintext, _entry_binding(device, shift, seq))


def open_entry(dek: bytes, *, device: int, shift: str, seq: int, sealed: bytes) -> bytes:
    """The plaintext of `seal_entry`. Raises `EnvelopeRefused` when anything differs."""
    return EntryOpener(dek, device=device, shift=shift).open(seq, sealed)


class EntryOpener:
    """Opens the entries of one shift. Kept for a whole push: setting a key up costs more than opening
    an entry with it.
    """

    __slots__ = ("_binding", "_cipher")

    def __init__(self, dek: bytes, *, device: int, shift: str) -> None:
        self._cipher = AESGCM(dek)
        self._binding = _entry_binding(device, shift, "")

    def open(self, seq: int, sealed: bytes) -> bytes:
        """The plaintext of entry `seq`. Raises `EnvelopeRefused` when anything differs."""
        if len(sealed) < ENTRY_OVERHEAD_BYTES:
            raise EnvelopeRefused(f"Entry {seq} is too short to be a sealed entry.")
        try:
            return self._cipher.decrypt(
                sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], b"%b%d" % (self._binding, seq)
            )
        except InvalidTag as error:
            raise EnvelopeRefused(
                f"Entry {seq} does not open with the key of its shift: "
                "it was altered, or it belongs to another device, shift or number."
            ) from error


def wrap_for_shard(
    dek: bytes,
    shard_public_spki: bytes,
    *,
    device: int,
    key_id: str,
    ephemeral: ec.EllipticCurvePrivateKey | None = None,
    nonce: bytes | None = None,
) -> bytes:
    """Wraps a shift key so that only the shard can open it (126 bytes).

    `version (1) || ephemeral public point, uncompressed (65) || nonce (12) || ciphertext (32) || tag (16)`.
    The wrapping key is HKDF-SHA256 (RFC 5869) of the ECDH secret (the x coordinate, SEC 1) with the
    ephemeral point as salt and `octonext.sync.v1|wrap|{device}|{key_id}` as info; AES-256-GCM without
    associated data. `ephemeral` and `nonce` are given only to reproduce test vectors.
    """
    ephemeral = ephemeral or ec.generate_private_key(ec.SECP256R1())
    nonce = new_nonce() if nonce is None else nonce
    _require_length("nonce", nonce, NONCE_BYTES)
    point = ephemeral.public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )
    shared = ephemeral.exchange(ec.ECDH(), load_public(shard_public_spki))
    key = _shard_wrapping_key(shared, point, device, key_id)
    return bytes([WRAP_VERSION]) + point + nonce + AESGCM(key).encrypt(nonce, dek, None)


def unwrap_for_shard(wrapped: bytes, shard_private: ShardPrivateKey, *, device: int, key_id: str) -> bytes:
    """The shift key of `wrap_for_shard`. Raises `EnvelopeRefused` when it does not open."""
    _require_wrap(wrapped, _SHARD_WRAP_BYTES)
    point = wrapped[1 : 1 + _POINT_BYTES]
    nonce = wrapped[1 + _POINT_BYTES : 1 + _POINT_BYTES + NONCE_BYTES]
    try:
        public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    except ValueError as error:
        raise EnvelopeRefused("The wrapped shift key holds no point on P-256.") from error
    key = _shard_wrapping_key(shard_private.exchange(ec.ECDH(), public), point, device, key_id)
    return _unwrap(key, nonce, wrapped[1 + _POINT_BYTES + NONCE_BYTES :], None)


def derive_kek(pin: str, salt: bytes, device_share: bytes, cost: Argon2Cost = RECOMMENDED_COST) -> bytes:
    """The key that wraps shift keys on the till: 32 bytes.

    HKDF-SHA256 of `Argon2id(pin, salt) || device_share`, with `salt` (16 bytes) as salt and
    `octonext.sync.v1|kek` as info. The PIN alone is guessable; the share makes the guess need the
    device, and the shard can withdraw it.
    """
    _require_length("salt", salt, SALT_BYTES)
    _require_length("device share", device_share, DEVICE_SHARE_BYTES)
    stretched = hash_secret_raw(
        pin.encode(),
        salt,
        time_cost=cost.time,
        memory_cost=cost.memory_kib,
        parallelism=cost.lanes,
        hash_len=KEY_BYTES,
        type=Type.ID,
    )
    return _hkdf(stretched + device_share, salt, f"{PROTOCOL}|kek")


def wrap_for_till(kek: bytes, dek: bytes, *, device: int, key_id: str, nonce: bytes | None = None) -> bytes:
    """Wraps a shift key for the till itself (61 bytes): `version (1) || nonce (12) || ciphertext || tag`.

    AES-256-GCM with associated data `octonext.sync.v1|till|{device}|{key_id}`.
    """
    nonce = new_nonce() if nonce is None else nonce
    _require_length("nonce", nonce, NONCE_BYTES)
    return bytes([WRAP_VERSION]) + nonce + AESGCM(kek).encrypt(nonce, dek, _till_binding(device, key_id))


def unwrap_for_till(kek: bytes, wrapped: bytes, *, device: int, key_id: str) -> bytes:
    """The shift key of `wrap_for_till`. Raises `EnvelopeRefused`: most often the PIN was wrong."""
    _require_wrap(wrapped, _TILL_WRAP_BYTES)
    nonce = wrapped[1 : 1 + NONCE_BYTES]
    return _unwrap(kek, nonce, wrapped[1 + NONCE_BYTES :], _till_binding(device, key_id))


def generate_shard_key() -> ShardPrivateKey:
    """A new ECDH private key on P-256 for a shard."""
    return ec.generate_private_key(ec.SECP256R1())


def shard_public_spki(private: ShardPrivateKey) -> bytes:
    """Return the public half as SubjectPublicKeyInfo DER: what tills wrap their shift keys for."""
    return private.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def shard_key_to_pem(private: ShardPrivateKey) -> bytes:
    """The shard's private key as unencrypted PKCS #8 PEM, for a file only its owner can read."""
    return private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def load_shard_key(pem: bytes) -> ShardPrivateKey:
    """Reads a shard's private key from PEM. Raises `InvalidKey` unless it is on P-256."""
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except (ValueError, TypeError) as error:
        raise InvalidKey("The shard's sync key cannot be read: it is not an unencrypted PEM key.") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise InvalidKey("The shard's sync key is not an ECDH key on P-256.")
    return key


def _entry_binding(device: int, shift: str, seq: int | str) -> bytes:
    return f"{PROTOCOL}|entry|{device}|{shift}|{seq}".encode()


def _till_binding(device: int, key_id: str) -> bytes:
    return f"{PROTOCOL}|till|{device}|{key_id}".encode()


def _shard_wrapping_key(shared: bytes, point: bytes, device: int, key_id: str) -> bytes:
    return _hkdf(shared, point, f"{PROTOCOL}|wrap|{device}|{key_id}")


def _hkdf(secret: bytes, salt: bytes, info: str) -> bytes:
    return HKDF(hashes.SHA256(), length=KEY_BYTES, salt=salt, info=info.encode()).derive(secret)


def _unwrap(key: bytes, nonce: bytes, sealed: bytes, binding: bytes | None) -> bytes:
    try:
        return AESGCM(key).decrypt(nonce, sealed, binding)
    except InvalidTag as error:
        raise EnvelopeRefused("The wrapped shift key does not open with this key.") from error


def _require_wrap(wrapped: bytes, length: int) -> None:
    if not wrapped or wrapped[0] != WRAP_VERSION:
        raise EnvelopeRefused(f"The wrapped shift key is not of version {WRAP_VERSION}.")
    if len(wrapped) != length:
        raise EnvelopeRefused(f"The wrapped shift key has {len(wrapped)} bytes instead of {length}.")


def _require_length(name: str, value: bytes, length: int) -> None:
    if len(value) != length:
        raise ValueError(f"a {name} has {length} bytes, not {len(value)}")
