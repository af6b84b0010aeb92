"""TLS 1.3 or nothing: an embedded installation's own certificate authority, and the contexts of clients.

The authority lives in one folder (DATA/tls): `root.crt` is for browsers and tills to trust,
`root.key` never leaves the folder, `server.crt` and `server.key` are what gateways show.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from octonext.runtime.durable import replace_file

from .errors import InvalidKey

ROOT_LIFETIME = dt.timedelta(days=3652)
SERVER_LIFETIME = dt.timedelta(days=397)
"""Browsers refuse longer ones (CA/Browser Forum ballot SC31: 398 days)."""
RENEW_BEFORE = dt.timedelta(days=30)
BACKDATED = dt.timedelta(hours=24)
"""Tills' clocks may run behind ours when they first see a certificate."""
ALWAYS_NAMED = ("localhost", "127.0.0.1", "::1")

# X509_V_FLAG_NO_CHECK_TIME of OpenSSL's x509_vfy.h, which Python does not name.
_NO_CHECK_TIME = ssl.VerifyFlags(0x200000)


@dataclass(frozen=True)
class ServerFiles:
    """A certificate (with the chain that is sent), its PKCS#8 key, and the root that vouches for it."""

    certificate: Path
    key: Path
    root: Path


def ensure_server_certificate(
    folder: Path, names: Iterable[str], *, now: dt.datetime, installation: str = "OctoNext"
) -> ServerFiles:
    """The authority and a server certificate for `names`, made or renewed when needed.

    Renewed when less than RENEW_BEFORE is left, when a name is missing, or when key and certificate
    do not belong together. The root is kept as long as it lasts: clients trust it by hand.
    Raises InvalidKey when a file of the authority cannot be read.
    """
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    files = ServerFiles(folder / "server.crt", folder / "server.key", folder / "root.crt")
    root_key, root = _ensure_root(folder, installation, now)
    wanted = tuple(dict.fromkeys((*ALWAYS_NAMED, *names)))
    if not _still_good(files, root, wanted, now):
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _server_certificate(key, wanted, root_key, root, now)
        # The key first: a crash in between leaves a pair that does not match, which is renewed.
        replace_file(files.key, _key_pem(key))
        replace_file(files.certificate, _pem(certificate), 0o644)
    return files


def client_context(ca: Path | None = None) -> ssl.SSLContext:
    """A client's context: TLS 1.3 only, host name checked, trusting `ca` alone or the system's roots.

    Raises InvalidKey when `ca` holds no certificate.
    """
    try:
        context = ssl.create_default_context(cafile=str(ca) if ca is not None else None)
    except (OSError, ssl.SSLError) as error:
        raise InvalidKey(f"No certificate authority can be read from {ca}: {error}.") from None
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    return context


def pinned_context(certificate: Path) -> ssl.SSLContext:
    """Trusts exactly the server that shows `certificate`, under whatever name it is reached.

    For the supervisor, which reaches a gateway by address while its certificate names a public host; that it
    has expired is told by `status`, and does not make a gateway that answers look dead. A file may hold
    several certificates: then any of them will do.
    """
    context = client_context(certificate)
    context.check_hostname = False
    # The file's first certificate is a leaf; without this only self-signed roots end a chain.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN | _NO_CHECK_TIME
    return context


def days_left(certificate: Path, now: dt.datetime) -> int:
    """Whole days until it expires, negative afterwards. Raises InvalidKey."""
    return (_load_certificate(certificate).not_valid_after_utc - now).days


def _ensure_root(
    folder: Path, installation: str, now: dt.datetime
) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    key_file, certificate_file = folder / "root.key", folder / "root.crt"
    if key_file.exists() and certificate_file.exists():
        key, certificate = _load_key(key_file), _load_certificate(certificate_file)
        if certificate.public_key() != key.public_key():
            raise InvalidKey(
                f"{certificate_file} and {key_file} do not belong together.",
                remedy="Restore the pair, or remove both and trust the new root.crt everywhere.",
            )
        if certificate.not_valid_after_utc - now > SERVER_LIFETIME:
            return key, certificate
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{installation} local authority"[:64])])
    certificate = (
        _builder(name, name, key.public_key(), now, ROOT_LIFETIME)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .sign(key, hashes.SHA256())
    )
    replace_file(certificate_file, _pem(certificate), 0o644)
    replace_file(key_file, _key_pem(key))
    return key, certificate


def _server_certificate(
    key: ec.EllipticCurvePrivateKey,
    names: tuple[str, ...],
    root_key: ec.EllipticCurvePrivateKey,
    root: x509.Certificate,
    now: dt.datetime,
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0][:64])])
    return (
        _builder(subject, root.subject, key.public_key(), now, SERVER_LIFETIME)
        .add_extension(x509.SubjectAlternativeName([_general_name(name) for name in names]), False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()), critical=False
        )
        .sign(root_key, hashes.SHA256())
    )


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    public_key: ec.EllipticCurvePublicKey,
    now: dt.datetime,
    lifetime: dt.timedelta,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        # The whole span counts against the browsers' limit, so backdating shortens the end.
        .not_valid_after(now - BACKDATED + lifetime)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    )


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _still_good(files: ServerFiles, root: x509.Certificate, names: tuple[str, ...], now: dt.datetime) -> bool:
    try:
        certificate, key = _load_certificate(files.certificate), _load_key(files.key)
        certificate.verify_directly_issued_by(root)
        named = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except Exception:  # noqa: BLE001 -- whatever is wrong with the pair, a new one puts it right
        return False
    return (
        certificate.public_key() == key.public_key()
        and certificate.not_valid_after_utc - now >= RENEW_BEFORE
        and all(_general_name(name) in named for name in names)
    )


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _load_key(path: Path) -> ec.EllipticCurvePrivateKey:
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise InvalidKey(f"{path} is not a readable private key: {type(error).__name__}.") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise InvalidKey(f"{path} is not an elliptic-curve key.")
    return key


def _load_certificate(path: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError) as error:
        raise InvalidKey(f"{path} is not a readable certificate: {type(error).__name__}.") from None


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
