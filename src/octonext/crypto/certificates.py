"""A server's certificate and key as an operator installs them: read as a pair, and judged before use."""

from __future__ import annotations

import datetime as dt
import hashlib
import ipaddress
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa

from octonext.base.errors import OctoNextError

FILE_BYTES_MAX = 1024 * 1024
WARN_DAYS = 21
"""Fewer days left than this are shown as a warning: an authority's own renewal comes a month before."""
ALARM_DAYS = 7
_OTHERS_MAY_READ = 0o004


class CertificateUnusable(OctoNextError):
    """A certificate or its key cannot be used for a listener."""

    code = "certificate_unusable"


@dataclass(frozen=True)
class Pair:
    """A certificate chain, the leaf first, and the leaf's private key; both PEM."""

    chain: bytes
    key: bytes = field(repr=False)
    leaf: x509.Certificate

    @property
    def expires(self) -> dt.datetime:
        return self.leaf.not_valid_after_utc

    @property
    def mark(self) -> str:
        """Tells this pair from any other: SHA-256 of both files, which gives neither away."""
        return hashlib.sha256(self.chain + b"\0" + self.key).hexdigest()

    def days_left(self, now: dt.datetime) -> int:
        """Whole days until it expires, negative afterwards."""
        return (self.expires - now).days

    def names(self) -> frozenset[str]:
        """The host names and addresses that it is for."""
        try:
            found = self.leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        except x509.ExtensionNotFound:
            return frozenset()
        return frozenset(
            [name.lower() for name in found.get_values_for_type(x509.DNSName)]
            + [str(address) for address in found.get_values_for_type(x509.IPAddress)]
        )

    def check(self, names: Iterable[str], *, now: dt.datetime) -> None:
        """Raise CertificateUnusable unless it is valid now and for each of `names`."""
        if now >= self.expires:
            raise CertificateUnusable(
                f"The certificate expired on {self.expires:%Y-%m-%d %H:%M} UTC.",
                remedy="Install one that is valid.",
            )
        if now < self.leaf.not_valid_before_utc:
            raise CertificateUnusable(
                f"The certificate is not valid before {self.leaf.not_valid_before_utc:%Y-%m-%d %H:%M} UTC.",
                remedy="Install one that is valid now, or put this machine's clock right.",
            )
        missing = sorted(name for name in names if not self._is_for(name))
        if missing:
            raise CertificateUnusable(
                f"The certificate is not for {', '.join(missing)}.",
                remedy="Install one that names every host under which tills and browsers come.",
            )

    def _is_for(self, name: str) -> bool:
        own, wanted = self.names(), _plain(name)
        # RFC 6125, 6.4.3: a star stands for exactly one label, the leftmost.
        _, dot, parent = wanted.partition(".")
        return wanted in own or bool(dot and f"*.{parent}" in own)


def read_pair(certificate: Path, key: Path) -> Pair:
    """Read the two files. Raises CertificateUnusable when they cannot be read or do not belong together."""
    (chain, _), (secret, mode) = _read(certificate), _read(key)
    if mode & _OTHERS_MAY_READ:
        raise CertificateUnusable(
            f"Everybody on this machine may read the private key {key}.", remedy=f"chmod 600 {key}"
        )
    try:
        leaf = x509.load_pem_x509_certificates(chain)[0]
        # Parsed when first asked for: what is wrong with them is to be told here.
        _ = leaf.extensions, leaf.public_key()
    except (ValueError, IndexError, UnsupportedAlgorithm, x509.DuplicateExtension):
        raise CertificateUnusable(
            f"{certificate} holds no certificate.", remedy="It must be PEM, the server's certificate first."
        ) from None
    try:
        private = serialization.load_pem_private_key(secret, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise CertificateUnusable(
            f"{key} holds no private key.", remedy="It must be PEM, and without a passphrase."
        ) from None
    if not isinstance(
        private,
        rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey,
    ):
        raise CertificateUnusable(f"{key} is of a kind that no TLS 1.3 server uses.")
    if private.public_key() != leaf.public_key():
        raise CertificateUnusable(
            f"{certificate} and {key} do not belong together.",
            remedy="Install the certificate with the key that it was issued for.",
        )
    return Pair(chain, secret, leaf)


def _read(path: Path) -> tuple[bytes, int]:
    """A file's content and mode. Of one file: while it is read, another may be put in its place."""
    try:
        with path.open("rb") as file:
            return file.read(FILE_BYTES_MAX), os.fstat(file.fileno()).st_mode
    except OSError as error:
        raise CertificateUnusable(
            f"{path} cannot be read: {error.strerror}.", remedy="Correct [gateway.tls], or the file's rights."
        ) from None


def _plain(name: str) -> str:
    try:
        return str(ipaddress.ip_address(name))
    except ValueError:
        return name.lower().rstrip(".")
