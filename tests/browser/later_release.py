"""
A later release of the server and of the page, as a till meets one: stands before the gateway, hands out
another build of the page's files, and says things that the till's own version has never heard of.

It ends the browser's TLS with a certificate of its own and speaks to the real gateway behind it, one
connection for each request.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import json
import re
import ssl
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from octonext.edge.headers import APP_FEATURES, APP_POLICY
from octonext.edge.static import BuiltApp

from .chromium import Chromium, spki_digest
from .shop import Shop

VERSION, LATER_VERSION = "0.1.0", "0.2.0"
#: What no version of today knows.
LATER_MEMBER = "said_by_a_later_version"
_TEXT_FRAME = 0x81
_CHUNK_BYTES = 64 * 1024


def later_build(built: Path, folder: Path) -> Path:
    """A copy of the built page as the next release: another version, and every hash in a name is another."""
    names = {path.name: _renamed(path.name) for path in (built / "assets").iterdir()}
    versions = 0
    for path in built.rglob("*"):
        if not path.is_file():
            continue
        content = path.read_bytes()
        for before, after in names.items():
            content = content.replace(before.encode(), after.encode())
        if path.suffix == ".js":
            # As the page gives it to its engine; elsewhere it would be something else's version.
            versions += content.count(f"appVersion:`{VERSION}`".encode())
            content = content.replace(
                f"appVersion:`{VERSION}`".encode(), f"appVersion:`{LATER_VERSION}`".encode()
            )
        target = folder / path.relative_to(built)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.with_name(names.get(path.name, path.name)).write_bytes(content)
    assert versions == 1
    # What has no hash in its name, the service worker knows by its revision.
    worker = folder / "service-worker.js"
    text, found = re.subn(
        r'("revision":")\w+(","url":"index\.html")',
        rf"\g<1>{_hashed((folder / 'index.html').read_text())}\g<2>",
        worker.read_text(),
    )
    assert found == 1
    worker.write_text(text)
    return folder


def _renamed(name: str) -> str:
    """Vite's "name-HASH.js" with another hash."""
    return re.sub(r"-([\w-]{8})(\.\w+)$", lambda found: f"-{_hashed(found[1])[:8]}{found[2]}", name)


def _hashed(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


class LaterRelease:
    """Stands in the gateway's place for every browser that it carries."""

    def __init__(self, shop: Shop, folder: Path) -> None:
        self._gateway = urlsplit(shop.url).port or 0
        self._folder = folder
        self._app = BuiltApp.read(folder)
        self._inside = ssl.create_default_context(cafile=str(shop.installation.layout.root_certificate))
        self._server: asyncio.Server | None = None
        self._carrying: set[asyncio.Task[None]] = set()
        self._trusted = ""
        #: Whether the page's files are those of the later build.
        self.is_out = False
        #: Whether what the server, or the till, says has members of a later version.
        self.is_later_server = self.is_later_till = False
        #: How many messages were said so, by who said them.
        self.said = {"server": 0, "till": 0}

    async def __aenter__(self) -> Self:
        pem = _certificate()
        file = self._folder.with_name("later.pem")
        file.write_bytes(pem)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(file)
        context.set_alpn_protocols(["http/1.1"])
        self._trusted = spki_digest(pem)
        self._server = await asyncio.start_server(self._took, "127.0.0.1", 0, ssl=context, limit=2**20)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        for each in self._carrying:
            each.cancel()
        if self._carrying:
            await asyncio.wait(self._carrying)
        await self._server.wait_closed()

    def carry(self, browser: Chromium) -> None:
        """From its next start on, the browser finds this in the gateway's place."""
        assert self._server is not None
        port = self._server.sockets[0].getsockname()[1]
        browser.flags = (
            *browser.flags, f"--host-resolver-rules=MAP 127.0.0.1:{self._gateway} 127.0.0.1:{port}",
        )  # fmt: skip
        browser.trusted = f"{browser.trusted},{self._trusted}"

    async def _took(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        carrying = asyncio.current_task()
        assert carrying is not None
        self._carrying.add(carrying)
        try:
            with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await self._answer(reader, writer)
        finally:
            self._carrying.discard(carrying)
            writer.transport.abort()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        path = head.split(b" ", 2)[1].decode().partition("?")[0]
        if self.is_out and path.startswith("/till/"):
            writer.write(self._file(path.removeprefix("/till/")))
            await _end(writer)
            return
        upgrade = re.search(rb"\r\nupgrade: websocket\r\n", head, re.IGNORECASE) is not None
        # Plain frames, and one request for each connection: else what follows would not come by here.
        unwanted = rb"\r\n(sec-websocket-extensions|connection): [^\r]*"
        head = re.sub(unwanted, b"", head, flags=re.IGNORECASE)
        head = head[:-2] + (b"Connection: Upgrade\r\n\r\n" if upgrade else b"Connection: close\r\n\r\n")
        far_reader, far_writer = await asyncio.open_connection(
            "127.0.0.1", self._gateway, ssl=self._inside, limit=2**20
        )
        try:
            far_writer.write(head)
            if upgrade:
                writer.write(await far_reader.readuntil(b"\r\n\r\n"))
                pumps = (self._say(far_reader, writer, "server"), self._say(reader, far_writer, "till"))
            else:
                pumps = (_copy(far_reader, writer), _copy(reader, far_writer))
            going = [asyncio.ensure_future(each) for each in pumps]
            await asyncio.wait(going, return_when=asyncio.FIRST_COMPLETED)
            for each in going:
                each.cancel()
            await asyncio.gather(*going, return_exceptions=True)
            await _end(writer)
        finally:
            far_writer.transport.abort()

    def _file(self, path: str) -> bytes:
        file = self._app.find(path)
        lines = (
            "HTTP/1.1 200 OK", f"Content-Type: {file.media_type}", f"Content-Length: {len(file.content)}",
            f"Cache-Control: {file.cache}", f"Content-Security-Policy: {APP_POLICY}",
            f"Permissions-Policy: {APP_FEATURES}", "Cross-Origin-Embedder-Policy: require-corp",
            "Cross-Origin-Opener-Policy: same-origin", "Cross-Origin-Resource-Policy: same-origin",
            "Connection: close",
        )  # fmt: skip
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + file.content

    async def _say(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, who: str) -> None:
        """Pass WebSocket frames on (RFC 6455, 5.2), with more in them when `who` is of a later version."""
        while True:
            first, second = await reader.readexactly(2)
            size = second & 0x7F
            if size >= 126:
                size = int.from_bytes(await reader.readexactly(2 if size == 126 else 8), "big")
            mask = await reader.readexactly(4) if second & 0x80 else b""
            payload = await reader.readexactly(size)
            is_later = self.is_later_server if who == "server" else self.is_later_till
            if is_later and first == _TEXT_FRAME:
                message = json.loads(_masked(payload, mask))
                payload = _masked(json.dumps(later(message)).encode(), mask)
                self.said[who] += 1
            writer.write(bytes([first]) + _length(len(payload), second & 0x80) + mask + payload)
            await writer.drain()


def later(message: dict[str, Any]) -> dict[str, Any]:
    """What a later version would say: the same, with members that are new, at the top and inside."""
    more: dict[str, Any] = {}
    for name, value in message.items():
        if name in ("acked", "credits", "head"):
            more[name] = value and {**value, LATER_MEMBER: [1, {"or": None}]}
        elif name == "accepts":
            more[name] = [*value, LATER_MEMBER]
        elif name == "cursors":
            more[name] = {**value, LATER_MEMBER: ""}
        else:
            more[name] = value
    return {**more, LATER_MEMBER: {"anything": [True, "at all"]}}


def _masked(payload: bytes, mask: bytes) -> bytes:
    if not mask:
        return payload
    whole = (mask * (len(payload) // 4 + 1))[: len(payload)]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(whole, "big")).to_bytes(len(payload), "big")


def _length(size: int, is_masked: int) -> bytes:
    if size < 126:
        return bytes([is_masked | size])
    if size < 2**16:
        return bytes([is_masked | 126]) + size.to_bytes(2, "big")
    return bytes([is_masked | 127]) + size.to_bytes(8, "big")


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(_CHUNK_BYTES):
        writer.write(data)
        await writer.drain()


async def _end(writer: asyncio.StreamWriter) -> None:
    await writer.drain()
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()


def _certificate() -> bytes:
    """A certificate for this machine and its key, PEM: nobody vouches for it, the browser is told its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "later release")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(Encoding.PEM) + key.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
