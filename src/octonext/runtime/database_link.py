"""A database over a network: TLS 1.3, the right server, SCRAM, or no connection at all.

The driver would answer a server that asks for a password in the clear, or hashed with MD5, and says of a
certificate only that it does not like it. So the first words are spoken here: reach the server, ask for
TLS, look at its certificate, and hear which proof of the password it wants, without giving any. Only then
the driver connects, with the same TLS context, and the server is asked what it thinks of that connection.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import asyncpg

from octonext.base.errors import OctoNextError

from .settings import is_network_dsn

PORT = 5432
PROBE_TIMEOUT_S = 5.0
GREETING_BYTES_MAX = 64 * 1024
"""Of a server's first answer; a real one has some hundred bytes."""
SYSTEM_AUTHORITIES = "system"

# PostgreSQL's frontend/backend protocol, chapter 55.7 of its documentation.
_SSL_REQUEST = struct.pack("!ii", 8, 80877103)
_PROTOCOL_3 = 196608
_ASKED_FOR = {
    0: "no password at all",
    2: "Kerberos",
    3: "the password in the clear",
    5: "an MD5 hash",
    7: "GSSAPI",
    9: "SSPI",
}
_SASL = 10
# OpenSSL's verification results that a person can act upon (x509_vfy.h).
_NOT_YET_VALID, _EXPIRED, _WRONG_NAME, _WRONG_ADDRESS, _REVOKED = 9, 10, 62, 64, 23

_ABOUT_ME = (
    "SELECT s.ssl, s.version, current_setting('password_encryption') AS hashing"
    " FROM pg_stat_ssl s WHERE s.pid = pg_backend_pid()"
)


class DatabaseUnreachable(OctoNextError):
    """PostgreSQL did not accept a connection in time."""

    code = "database_unreachable"


class DatabaseLinkRefused(DatabaseUnreachable):
    """A server answers, but not as a connection over a network must be: TLS 1.3, its own name, SCRAM."""


@dataclass(frozen=True)
class Address:
    """Where a network DSN leads, and how it is trusted."""

    servers: tuple[tuple[str, int], ...]
    user: str
    database: str
    authorities: str
    """A file of PEM certificates, or "system"."""
    revoked: str | None = None
    certificate: str | None = None
    key: str | None = None


@dataclass(frozen=True)
class Link:
    """What one server showed: its TLS, and until when its certificate is good."""

    host: str
    port: int
    tls: str
    cipher: str
    expires: datetime


def network_address(dsn: str) -> Address | None:
    """Where a DSN leads over a network; None for a Unix socket, which stays on this machine."""
    if not is_network_dsn(dsn):
        return None
    parts = urlsplit(dsn)
    query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    user, _, network = parts.netloc.rpartition("@")
    hosts = [unquote(each) for each in (network or query.get("host", "")).split(",") if each] or ["localhost"]
    ports = [int(port) for port in query.get("port", "").split(",") if port] or [PORT]
    return Address(
        servers=tuple(_server(host, ports[min(n, len(ports) - 1)]) for n, host in enumerate(hosts)),
        user=unquote(user.partition(":")[0]) or query.get("user", ""),
        database=unquote(parts.path.lstrip("/")),
        authorities=query.get("sslrootcert", SYSTEM_AUTHORITIES),
        revoked=query.get("sslcrl"),
        certificate=query.get("sslcert"),
        key=query.get("sslkey"),
    )


async def connect_encrypted(dsn: str, **options: Any) -> asyncpg.Connection:
    """Connect like asyncpg.connect; over a network only as the module says. For pools and connections.

    With several servers in the DSN each is tried in its order, as libpq does. Raises DatabaseLinkRefused,
    DatabaseUnreachable, and what asyncpg raises.
    """
    address = network_address(dsn)
    if address is None:
        return await asyncpg.connect(dsn, **options)
    faults: list[Exception] = []
    for host, port in address.servers:
        try:
            await probe(address, host, port, timeout_s=options.get("timeout") or PROBE_TIMEOUT_S)
            connection = await asyncpg.connect(
                dsn, host=host, port=port, ssl=tls_context(address), direct_tls=False, **options
            )
        except (OctoNextError, OSError, TimeoutError, asyncpg.TargetServerAttributeNotMatched) as error:
            faults.append(error)
            continue
        try:
            await _check_from_its_side(connection, host)
        except BaseException:
            connection.terminate()
            raise
        return connection
    # A server that is merely down says less than one that was refused.
    raise next((each for each in faults if isinstance(each, DatabaseLinkRefused)), faults[-1])


async def look(dsn: str, *, timeout_s: float = PROBE_TIMEOUT_S) -> list[Link]:
    """What each reachable server of a network DSN shows; empty for a Unix socket.

    Raises DatabaseLinkRefused, or DatabaseUnreachable when none is reached.
    """
    address = network_address(dsn)
    if address is None:
        return []
    links, away = [], None
    for host, port in address.servers:
        try:
            links.append(await probe(address, host, port, timeout_s=timeout_s))
        except DatabaseLinkRefused:
            raise
        except DatabaseUnreachable as error:
            away = error
    if not links and away is not None:
        raise away
    return links


def tls_context(address: Address) -> ssl.SSLContext:
    """TLS 1.3, the server's name checked, trusting what the DSN says. Raises DatabaseLinkRefused.

    Made for each connection: a renewed file counts without a restart.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    if address.authorities == SYSTEM_AUTHORITIES:
        context.load_default_certs(ssl.Purpose.SERVER_AUTH)
    else:
        _load(context, "sslrootcert", address.authorities)
    if address.revoked is not None:
        _load(context, "sslcrl", address.revoked)
        context.verify_flags |= ssl.VERIFY_CRL_CHECK_CHAIN
    if address.certificate is not None:
        try:
            context.load_cert_chain(address.certificate, address.key)
        except (OSError, ssl.SSLError) as error:
            raise DatabaseLinkRefused(
                f"The client certificate {address.certificate} cannot be used: {_reason(error)}.",
                remedy="Correct sslcert and sslkey in the dsn.",
            ) from None
    return context


async def probe(address: Address, host: str, port: int, *, timeout_s: float = PROBE_TIMEOUT_S) -> Link:
    """Speak to one server up to its question for the password, which is not answered.

    Raises DatabaseLinkRefused, DatabaseUnreachable.
    """
    context, at = tls_context(address), f"PostgreSQL at {host}:{port}"
    try:
        async with asyncio.timeout(timeout_s):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                link = await _greet(reader, writer, context, address, host, port)
            finally:
                writer.transport.abort()
            if await _takes_older_tls(host, port):
                raise DatabaseLinkRefused(
                    f"{at} would also accept TLS 1.2.",
                    remedy="Set ssl_min_protocol_version = 'TLSv1.3' on that server and reload it.",
                )
            return link
    except ssl.SSLCertVerificationError as error:
        raise _bad_certificate(error, at, host, address) from None
    except ssl.SSLError as error:
        raise DatabaseLinkRefused(
            f"{at} does not speak TLS 1.3 ({_reason(error)}).",
            remedy="Give the server PostgreSQL 12 or newer on OpenSSL 1.1.1 or newer, and set "
            "ssl_min_protocol_version = 'TLSv1.3' and no lower ssl_max_protocol_version.",
        ) from None
    except socket.gaierror:
        raise DatabaseUnreachable(f"PostgreSQL cannot be reached: {host} has no address.") from None
    except ConnectionRefusedError:
        raise DatabaseUnreachable(
            f"PostgreSQL cannot be reached: no server is listening at {host}:{port}."
        ) from None
    except (OSError, TimeoutError, asyncio.IncompleteReadError) as error:
        reason = "it hung up" if isinstance(error, asyncio.IncompleteReadError) else _reason(error)
        raise DatabaseUnreachable(f"{at} cannot be reached: {reason}.") from None


async def _greet(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    context: ssl.SSLContext,
    address: Address,
    host: str,
    port: int,
) -> Link:
    at = f"PostgreSQL at {host}:{port}"
    writer.write(_SSL_REQUEST)
    if await reader.readexactly(1) != b"S":
        raise DatabaseLinkRefused(
            f"{at} offers no TLS.",
            remedy="Set ssl = on, ssl_cert_file and ssl_key_file on that server and reload it.",
        )
    await writer.start_tls(context, server_hostname=host)
    secure = writer.get_extra_info("ssl_object")
    words = [b"user", address.user.encode(), b"database", address.database.encode(), b"", b""]
    body = struct.pack("!i", _PROTOCOL_3) + b"\0".join(words[:-1]) + b"\0"
    writer.write(struct.pack("!i", len(body) + 4) + body)
    kind, length = struct.unpack("!ci", await reader.readexactly(5))
    if not 4 <= length <= GREETING_BYTES_MAX:
        raise DatabaseLinkRefused(f"{at} does not speak PostgreSQL's protocol.")
    answer = await reader.readexactly(length - 4)
    if kind == b"E":
        raise DatabaseUnreachable(f"{at} refuses {address.user!r}: {_error_text(answer)}.")
    _check_method(at, address, struct.unpack_from("!i", answer)[0], answer[4:])
    certificate = secure.getpeercert()
    expires = datetime.fromtimestamp(ssl.cert_time_to_seconds(certificate["notAfter"]), UTC)
    return Link(host, port, str(secure.version()), str(secure.cipher()[0]), expires)


def _check_method(at: str, address: Address, asked_for: int, rest: bytes) -> None:
    if asked_for == _SASL and any(name.startswith(b"SCRAM-SHA-256") for name in rest.split(b"\0")):
        return
    # A client certificate is a proof of its own, and a better one.
    if asked_for == 0 and address.certificate is not None:
        return
    raise DatabaseLinkRefused(
        f"{at} asks {address.user!r} for {_ASKED_FOR.get(asked_for, f'method {asked_for}')}, not for SCRAM.",
        remedy="On that server set password_encryption = 'scram-sha-256', give the role its password anew, "
        "and use the method scram-sha-256 in pg_hba.conf (hostssl lines only).",
    )


async def _takes_older_tls(host: str, port: int) -> bool:
    """Whether the server would speak an older TLS with somebody else.

    Tried, not asked: ssl_min_protocol_version is told to few roles, and a proxy may stand before it.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # Nothing is said over this connection, so it does not matter to whom; any certificate will do.
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(_SSL_REQUEST)
        if await reader.readexactly(1) != b"S":
            return False
        await writer.start_tls(context, server_hostname=host)
    except (ssl.SSLError, ConnectionError):
        return False
    finally:
        writer.transport.abort()
    return True


async def _check_from_its_side(connection: asyncpg.Connection, host: str) -> None:
    """What the server says of this very connection; a proxy between us would show here."""
    row = await connection.fetchrow(_ABOUT_ME)
    if row is None or not row["ssl"] or row["version"] != "TLSv1.3":
        found = row["version"] if row is not None and row["ssl"] else "no TLS"
        raise DatabaseLinkRefused(
            f"PostgreSQL at {host} sees this connection with {found}, not with TLSv1.3.",
            remedy="Something between here and the server ends the TLS connection: let it use TLS 1.3 as "
            "well, or connect to the server itself.",
        )
    if row["hashing"] != "scram-sha-256":
        raise DatabaseLinkRefused(
            f"PostgreSQL at {host} stores new passwords as {row['hashing']}.",
            remedy="Set password_encryption = 'scram-sha-256' on that server and reload it.",
        )


def _bad_certificate(
    error: ssl.SSLCertVerificationError, at: str, host: str, address: Address
) -> DatabaseLinkRefused:
    code = error.verify_code
    if code in (_WRONG_NAME, _WRONG_ADDRESS):
        problem = f"is not for {host}"
        remedy = (
            f"Give the server a certificate that names {host}, or write its certificate's name in the dsn."
        )
    elif code == _EXPIRED:
        problem = "has expired"
        remedy = "Renew the server's certificate (ssl_cert_file) and reload the server."
    elif code == _NOT_YET_VALID:
        problem = "is not valid yet"
        remedy = "Compare the clocks of the two machines."
    elif code == _REVOKED:
        problem = "was revoked"
        remedy = "Give the server a new certificate."
    else:
        problem = f"is not vouched for by {_named(address.authorities)} ({error.verify_message})"
        remedy = "Let sslrootcert in the dsn name the authority that issued the server's certificate."
    return DatabaseLinkRefused(f"The certificate of {at} {problem}.", remedy=remedy)


def _named(authorities: str) -> str:
    return "the system's authorities" if authorities == SYSTEM_AUTHORITIES else authorities


def _load(context: ssl.SSLContext, option: str, file: str) -> None:
    try:
        context.load_verify_locations(cafile=file)
    except (OSError, ssl.SSLError) as error:
        found = "is not there" if not Path(file).exists() else f"cannot be read ({_reason(error)})"
        raise DatabaseLinkRefused(
            f"{file}, which the dsn names as {option}, {found}.",
            remedy=f"Let {option} name a PEM file that this process can read, with its absolute path.",
        ) from None


def _server(host: str, port: int) -> tuple[str, int]:
    """One entry of a host list: `name`, `name:port`, `[address]` or `[address]:port`."""
    name, colon, number = host.rpartition(":")
    if colon and number.isdigit() and (":" not in name or name.endswith("]")):
        host, port = name, int(number)
    return host.strip("[]"), port


def _reason(error: BaseException) -> str:
    text = getattr(error, "reason", None) or getattr(error, "strerror", None) or str(error)
    return str(text or "no answer in time").splitlines()[0].rstrip(".")


def _error_text(answer: bytes) -> str:
    """The message of an ErrorResponse: fields of one letter and a text each."""
    fields: Sequence[bytes] = answer.split(b"\0")
    with contextlib.suppress(StopIteration):
        return next(each[1:] for each in fields if each[:1] == b"M").decode(errors="replace")
    return "without saying why"
