from __future__ import annotations

import asyncio
import datetime as dt
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest

from octonext.crypto.errors import InvalidKey
from octonext.crypto.tls import (
    ServerFiles,
    client_context,
    days_left,
    ensure_server_certificate,
    pinned_context,
)
from tls_listener import listening_context

NOW = dt.datetime.now(dt.UTC)


async def handshake(server: ssl.SSLContext, client: ssl.SSLContext, name: str) -> str | None:
    async def answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    listener = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=server)
    async with listener:
        port = listener.sockets[0].getsockname()[1]
        _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=client, server_hostname=name)
        version = writer.get_extra_info("ssl_object").version()
        writer.transport.abort()
        return str(version)


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "gateway.example"])
async def test_a_client_that_trusts_the_root_connects_with_tls_1_3(tmp_path: Path, name: str) -> None:
    files = ensure_server_certificate(tmp_path, ["gateway.example"], now=NOW)
    assert await handshake(listening_context(files), client_context(files.root), name) == "TLSv1.3"


async def test_another_name_is_refused(tmp_path: Path) -> None:
    files = ensure_server_certificate(tmp_path, [], now=NOW)
    with pytest.raises(ssl.SSLCertVerificationError):
        await handshake(listening_context(files), client_context(files.root), "elsewhere.example")


async def test_another_authority_is_refused(tmp_path: Path) -> None:
    files = ensure_server_certificate(tmp_path / "one", [], now=NOW)
    other = ensure_server_certificate(tmp_path / "other", [], now=NOW)
    with pytest.raises(ssl.SSLCertVerificationError):
        await handshake(listening_context(files), client_context(other.root), "localhost")


@pytest.mark.parametrize(
    "client", [lambda files: client_context(files.root), lambda files: pinned_context(files.certificate)]
)
async def test_a_server_of_an_older_tls_is_refused(
    tmp_path: Path, client: Callable[[ServerFiles], ssl.SSLContext]
) -> None:
    files = ensure_server_certificate(tmp_path, [], now=NOW)
    old = listening_context(files)
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await handshake(old, client(files), "localhost")


async def test_a_pinned_client_accepts_exactly_that_certificate(tmp_path: Path) -> None:
    files = ensure_server_certificate(tmp_path / "one", [], now=NOW)
    other = ensure_server_certificate(tmp_path / "other", [], now=NOW)
    pinned = pinned_context(files.certificate)
    assert await handshake(listening_context(files), pinned, "any.example") == "TLSv1.3"
    with pytest.raises(ssl.SSLCertVerificationError):
        await handshake(listening_context(other), pinned, "any.example")


def test_keys_are_for_their_owner_only(tmp_path: Path) -> None:
    files = ensure_server_certificate(tmp_path, [], now=NOW)
    for key in (files.key, tmp_path / "root.key"):
        assert key.stat().st_mode & 0o777 == 0o600
        assert key.read_text().startswith("-----BEGIN PRIVATE KEY-----")


def test_nothing_changes_while_the_certificate_is_good(tmp_path: Path) -> None:
    files = ensure_server_certificate(tmp_path, ["a.example"], now=NOW)
    before = files.certificate.read_bytes()
    ensure_server_certificate(tmp_path, ["a.example"], now=NOW + dt.timedelta(days=300))
    assert files.certificate.read_bytes() == before


def test_a_certificate_is_renewed_before_it_ends_and_the_root_stays(tmp_path: Path) -> None:
    files = ensure_server_certificate(tmp_path, [], now=NOW)
    root = files.root.read_bytes()
    later = NOW + dt.timedelta(days=370)
    assert days_left(files.certificate, later) < 30
    ensure_server_certificate(tmp_path, [], now=later)
    assert days_left(files.certificate, later) > 390
    assert files.root.read_bytes() == root


def test_a_new_name_or_a_foreign_key_renews_the_certificate(tmp_path: Path) -> None:
    files = ensure_server_certificate(tmp_path / "one", [], now=NOW)
    first = files.certificate.read_bytes()
    ensure_server_certificate(tmp_path / "one", ["new.example"], now=NOW)
    second = files.certificate.read_bytes()
    assert first != second
    other = ensure_server_certificate(tmp_path / "other", [], now=NOW)
    files.key.write_bytes(other.key.read_bytes())
    ensure_server_certificate(tmp_path / "one", ["new.example"], now=NOW)
    assert files.certificate.read_bytes() != second
    listening_context(files)


def test_an_unreadable_authority_is_a_clear_fault(tmp_path: Path) -> None:
    files = ensure_server_certificate(tmp_path, [], now=NOW)
    files.root.write_text("not a certificate")
    with pytest.raises(InvalidKey, match=r"root\.crt"):
        ensure_server_certificate(tmp_path, [], now=NOW)
    with pytest.raises(InvalidKey):
        client_context(files.root)
