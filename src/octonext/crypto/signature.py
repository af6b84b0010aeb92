"""Device keys: ECDSA on P-256 with SHA-256 (FIPS 186-5), signatures in the form WebCrypto uses.

A signature is `r || s`, 32 bytes each, big-endian (IEEE P1363), so that a browser's
`crypto.subtle.sign` and this module can be exchanged. Public keys travel as DER
SubjectPublicKeyInfo (RFC 5480). What is signed is the protocol's business.
"""

from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from .errors import InvalidKey

DevicePrivateKey = ec.EllipticCurvePrivateKey

SIGNATURE_BYTES = 64
_COORDINATE_BYTES = 32
_ECDSA = ec.ECDSA(hashes.SHA256())
# Decoding a point costs about as much as half a verification; a gateway sees the same tills again.
_PUBLIC_KEYS_CACHED = 4096


def generate_device_key() -> DevicePrivateKey:
    """A new private key on P-256, from the operating system's random source."""
    return ec.generate_private_key(ec.SECP256R1())


def public_spki(private: DevicePrivateKey) -> bytes:
    """The public half as DER SubjectPublicKeyInfo (91 bytes for P-256)."""
    return private.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def private_to_der(private: DevicePrivateKey) -> bytes:
    """The private key as unencrypted PKCS #8 DER (RFC 5958); the caller keeps it where only it can read."""
    return private.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def private_from_der(der: bytes) -> DevicePrivateKey:
    """Reads what `private_to_der` wrote. Raises `InvalidKey` for anything but a P-256 private key."""
    try:
        key = serialization.load_der_private_key(der, password=None)
    except (ValueError, TypeError) as error:
        raise InvalidKey("The device key cannot be read.") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise InvalidKey("The device key is not an ECDSA key on P-256.")
    return key


def sign(private: DevicePrivateKey, message: bytes) -> bytes:
    """Signature over `message`: 64 bytes, `r || s`."""
    r, s = decode_dss_signature(private.sign(message, _ECDSA))
    return r.to_bytes(_COORDINATE_BYTES, "big") + s.to_bytes(_COORDINATE_BYTES, "big")


def verify(public_spki: bytes, signature: bytes, message: bytes) -> bool:
    """Whether `signature` (64 bytes, `r || s`) over `message` was made by the key of `public_spki`.

    A signature of another length or form is simply not valid. Raises `InvalidKey` when the public
    key itself is not a P-256 key: that is a fault of the register, not of the till.
    """
    key = load_public(public_spki)
    if len(signature) != SIGNATURE_BYTES:
        return False
    r = int.from_bytes(signature[:_COORDINATE_BYTES], "big")
    s = int.from_bytes(signature[_COORDINATE_BYTES:], "big")
    try:
        key.verify(encode_dss_signature(r, s), message, _ECDSA)
    except InvalidSignature:
        return False
    return True


@lru_cache(maxsize=_PUBLIC_KEYS_CACHED)
def load_public(spki: bytes) -> ec.EllipticCurvePublicKey:
    """A public key from DER SubjectPublicKeyInfo. Raises `InvalidKey` unless it is on P-256."""
    try:
        key = serialization.load_der_public_key(spki)
    except (ValueError, TypeError) as error:
        raise InvalidKey("The public key cannot be read: it is not DER SubjectPublicKeyInfo.") from error
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise InvalidKey("The public key is not an elliptic curve key on P-256.")
    return key
