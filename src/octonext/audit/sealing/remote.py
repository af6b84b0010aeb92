"""Where copies of heads go: another database, a file, an address, a command.

A copy is the head with its leaves and, where it is new, the catalogue's text: all that is needed to name a
row that was changed. In files and on the way it is one JSON object (`document`).
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from threading import Lock

import httpx

from octonext.base.errors import OctoNextError
from octonext.crypto.tls import client_context
from octonext.runtime.durable import sync_folder
from octonext.runtime.kept_connection import kept_connection
from octonext.runtime.postgres import transaction
from octonext.runtime.settings import AuditCopy

from . import store
from .domain.head import BadHead, SignedHead, signed_by
from .store import StoredHead

PUT_TIMEOUT_S = 30.0
COMMAND_TIMEOUT_S = 60.0
FILE_MODE = 0o600


class CopyFailed(OctoNextError):
    """A target did not take a head; it is tried again."""

    code = "seal_copy_failed"


class DatabaseTarget:
    """`seal_head_copy` of another database."""

    def __init__(self, name: str, dsn: Callable[[], str]) -> None:
        self.name = name
        self._database = kept_connection(dsn, application_name="octonext-sealer")

    async def newest(self, database: str, public: bytes) -> tuple[int, bytes] | None:
        return await store.newest_signed_copy(await self._database.open(), database, public)

    async def put(self, database: str, heads: list[StoredHead]) -> None:
        async with transaction(await self._database.open()) as open_transaction:
            await store.insert_copies(open_transaction, database, heads)

    async def register_key(self, database: str, key_id: str, public: bytes) -> None:
        """Make a public key known there."""
        async with transaction(await self._database.open()) as open_transaction:
            await store.register_key(open_transaction, database, key_id, public)

    def abort(self) -> None:
        self._database.abort()


class FileTarget:
    """Lines at the end of a file, each durable before it counts. A line that a crash cut short is closed by
    a line end and never read; its head is written again.
    """

    def __init__(self, path: Path) -> None:
        self.name = f"file {path.name}"
        self._path = path
        self._read = 0
        self._publics: dict[str, bytes] = {}
        self._newest: dict[str, tuple[int, bytes]] = {}
        # Databases share a file, and each writes in a thread of its own.
        self._alone = Lock()

    async def newest(self, database: str, public: bytes) -> tuple[int, bytes] | None:
        await asyncio.to_thread(self._catch_up, database, public)
        return self._newest.get(database)

    async def put(self, database: str, heads: list[StoredHead]) -> None:
        lines = b"".join(document(database, each) + b"\n" for each in heads)
        await asyncio.to_thread(self._append, lines)

    def abort(self) -> None:
        """A file holds nothing open."""

    def _catch_up(self, database: str, public: bytes) -> None:
        with self._alone:
            if self._publics.get(database) != public:
                # Lines of a database count only with its key: read again what was passed over without it.
                self._publics[database] = public
                self._read, self._newest = 0, {}
            self._read_on()

    def _read_on(self) -> None:
        if not self._path.exists():
            self._read, self._newest = 0, {}
            return
        if self._path.stat().st_size < self._read:
            # Cut off or exchanged: whoever keeps it decides what it is worth, we fill it again.
            self._read, self._newest = 0, {}
        with self._path.open("rb") as file:
            file.seek(self._read)
            for line in file:
                if not line.endswith(b"\n"):
                    break
                self._read += len(line)
                with suppress(BadHead, ValueError, KeyError):
                    database, head = parse(line)
                    public = self._publics.get(database)
                    signed = SignedHead.read(head.encoded, head.signature)
                    if public is not None and signed_by(signed, public):
                        self._newest[database] = (signed.number, signed.hash)

    def _append(self, lines: bytes) -> None:
        with self._alone:
            self._write(lines)

    def _write(self, lines: bytes) -> None:
        new = not self._path.exists()
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, FILE_MODE)
        try:
            size = os.fstat(descriptor).st_size
            if size and os.pread(descriptor, 1, size - 1) != b"\n":
                lines = b"\n" + lines
            rest = memoryview(lines)
            while rest:
                rest = rest[os.write(descriptor, rest) :]
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if new:
            sync_folder(self._path.parent)


class _Remembering(ABC):
    """A target that cannot be asked what it has: its place is kept in a file of ours, written after it took
    a head. Lost, it is given all heads again, which changes nothing there.
    """

    def __init__(self, name: str, identity: str, folder: Path) -> None:
        self.name = name
        self._folder = folder
        self._mark = sha256(identity.encode()).hexdigest()[:16]

    async def newest(self, database: str, public: bytes) -> tuple[int, bytes] | None:  # noqa: ARG002
        return await asyncio.to_thread(self._remembered, database)

    async def put(self, database: str, heads: list[StoredHead]) -> None:
        for each in heads:
            await self.send(database, each)
            await asyncio.to_thread(self._remember, database, each)

    @abstractmethod
    async def send(self, database: str, head: StoredHead) -> None:
        """Hand over one head. Raises CopyFailed."""

    def abort(self) -> None:  # noqa: B027 -- nothing is kept open
        """Nothing to let go of."""

    def _remembered(self, database: str) -> tuple[int, bytes] | None:
        try:
            number, digest = json.loads(self._state(database).read_bytes())
            return int(number), bytes.fromhex(digest)
        except (OSError, ValueError, TypeError):
            return None

    def _remember(self, database: str, head: StoredHead) -> None:
        state = self._state(database)
        written = state.with_suffix(".new")
        written.write_text(json.dumps([head.number, sha256(head.encoded).hexdigest()]), encoding="utf-8")
        written.replace(state)

    def _state(self, database: str) -> Path:
        return self._folder / f"seal-copy-{self._mark}-{database}.json"


class UrlTarget(_Remembering):
    """An object for each head below an address, by HTTPS PUT."""

    def __init__(self, url: str, folder: Path) -> None:
        super().__init__("url", url, folder)
        self._url = url.rstrip("/")

    async def send(self, database: str, head: StoredHead) -> None:
        where = f"{self._url}/{database}/{head.number:012}.json"
        try:
            async with httpx.AsyncClient(verify=client_context(), timeout=PUT_TIMEOUT_S) as client:
                answer = await client.put(
                    where, content=document(database, head), headers={"content-type": "application/json"}
                )
        except httpx.HTTPError as error:
            raise CopyFailed(f"{self._url} was not reached: {type(error).__name__}.") from None
        if not answer.is_success:
            raise CopyFailed(f"{self._url} answered {answer.status_code}.")


class CommandTarget(_Remembering):
    """A command that is run with each head on its standard input; exit code 0 says that it was kept."""

    def __init__(self, command: tuple[str, ...], folder: Path) -> None:
        super().__init__(f"command {Path(command[0]).name}", "\0".join(command), folder)
        self._command = command

    async def send(self, database: str, head: StoredHead) -> None:
        try:
            process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
            )
        except OSError as error:
            raise CopyFailed(f"{self.name} cannot be run: {error.strerror}.") from None
        try:
            async with asyncio.timeout(COMMAND_TIMEOUT_S):
                await process.communicate(document(database, head))
        except TimeoutError:
            raise CopyFailed(f"{self.name} did not end within {COMMAND_TIMEOUT_S:g} s.") from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode != 0:
            raise CopyFailed(f"{self.name} ended with code {process.returncode}.")


def target_of(copy: AuditCopy, folder: Path) -> FileTarget | UrlTarget | CommandTarget:
    """The target that the settings describe; `folder` holds what must be remembered."""
    if copy.file is not None:
        return FileTarget(copy.file)
    if copy.url is not None:
        return UrlTarget(copy.url, folder)
    assert copy.command is not None, "settings hold exactly one of the three"
    return CommandTarget(copy.command, folder)


def document(database: str, head: StoredHead) -> bytes:
    """A copy as one line of JSON."""
    return json.dumps(
        {
            "database": database,
            "number": head.number,
            "head": head.encoded.decode("ascii"),
            "signature": head.signature.hex(),
            "leaves": base64.b64encode(head.leaves or b"").decode("ascii"),
            "catalogue": head.catalogue,
        },
        separators=(",", ":"),
    ).encode()


def parse(line: bytes) -> tuple[str, StoredHead]:
    """The inverse of `document`. Raises ValueError, KeyError."""
    found = json.loads(line)
    if not isinstance(found, dict):
        raise ValueError("a copy is a JSON object")  # noqa: TRY004 -- the form of a text is wrong, not a type
    return str(found["database"]), StoredHead(
        number=int(found["number"]),
        encoded=str(found["head"]).encode("ascii"),
        signature=bytes.fromhex(found["signature"]),
        leaves=base64.b64decode(found["leaves"]),
        catalogue=found.get("catalogue"),
    )


def read_file(path: Path) -> Iterator[tuple[str, StoredHead]]:
    """Every copy in a file; lines that are none are passed over, for a crash may cut one short."""
    with path.open("rb") as file:
        for line in file:
            with suppress(ValueError, KeyError):
                yield parse(line)
