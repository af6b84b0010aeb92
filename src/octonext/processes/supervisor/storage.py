"""What a database's files stand on: mounted and proven before it starts, unmounted after it ended."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg

from octonext.base.errors import OctoNextError
from octonext.crypto.at_rest import Protection, gocryptfs, pg_tde, prove, require
from octonext.crypto.at_rest.protection import AES_256_GCM
from octonext.crypto.keyring import Keyring
from octonext.crypto.volume import OpenVolume, Owner, Volume
from octonext.processes.cluster.binaries import OsUser, choose_user
from octonext.processes.keys import open_keyring
from octonext.runtime.layout import Layout
from octonext.runtime.metrics import Registry
from octonext.runtime.postgres import DatabaseUnreachable, connect
from octonext.runtime.settings import AtRest, Database, Reporting

from .databases import databases, owner_dsn

VOLUME_KEYS = "volume"
"""The purpose of a volume's key in the keyring; its name is the database's."""
REPORTING = "reporting"
EXAMINE_TIMEOUT_S = 20.0


class EncryptedFilesThere(OctoNextError):
    """The configuration says plain, and an encrypted volume of that database exists."""

    code = "encrypted_files"


class Storage:
    """The folder of one database: "hq", "reporting" or a shard's id. `keyring` is asked when it is needed."""

    def __init__(self, layout: Layout, name: str, keyring: Callable[[], Keyring]) -> None:
        self.name = name
        self.expected = expected(layout, name)
        self.protection: Protection | None = None
        """As proven at the last start."""
        self._folder = layout.database(name)
        self._volume = volume_of(layout, name)
        self._keyring = keyring
        self._open: OpenVolume | None = None

    def open(self) -> None:
        """Mount it, if it is a volume, and make its folder. Raises what Volume.open and a keyring raise."""
        if self._open is not None:
            self.close()
        if self.expected == "gocryptfs":
            self._open = self._volume.open(self._key)
            return
        if self._volume.exists:
            raise EncryptedFilesThere(
                f"{self._volume.cipher} holds {self.name} encrypted, and the configuration says "
                f'at_rest = "{self.expected}".',
                remedy=f'Say at_rest = "gocryptfs" for {self.name}, or move that folder away.',
            )
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # As root, PostgreSQL's user must pass through it.
        self._folder.chmod(0o711 if os.geteuid() == 0 else 0o700)

    def check(self, *folders: Path) -> None:
        """Prove what these folders are on. Raises StorageUnprotected."""
        for folder in folders:
            self.protection = prove(folder, self.expected)
            require(self.name, self.protection, self.expected)

    def close(self) -> None:
        """Unmount it; nothing of the database may run any more."""
        if self._open is not None:
            opened, self._open = self._open, None
            opened.close()

    async def lost(self) -> None:
        """Wait until its volume goes away under the running database; for ever, when it has none."""
        if self._open is None:
            await asyncio.Event().wait()
        else:
            await self._open.gone()

    def _key(self) -> bytes:
        keyring = self._keyring()
        # A new key would open nothing that is there already.
        ask = keyring.require if self._volume.exists else keyring.key
        return ask(VOLUME_KEYS, self.name)


@contextmanager
def opened(layout: Layout, name: str) -> Iterator[Path]:
    """The folder of a database that does not run, for a command that works on its files.

    Raises what a start raises.
    """
    storage = Storage(layout, name, lambda: open_keyring(layout))
    storage.open()
    try:
        storage.check(layout.database(name))
        yield layout.database(name)
    finally:
        storage.close()


def volume_of(layout: Layout, name: str) -> Volume:
    """The encrypted volume of a database, whether there is one or not."""
    return Volume(
        cipher=layout.cipher(name).resolve(),
        point=layout.database(name).resolve(),
        copy=layout.keys / f"volume-{name}.conf",
        output=layout.log(f"volume-{name}"),
        owner=_owner(layout, name),
    )


def database_user(layout: Layout) -> OsUser:
    """Who runs PostgreSQL, and gocryptfs for it. Raises ClusterUnusable."""
    settings = layout.settings
    for name in ("hq", *(shard.id for shard in settings.shards)):
        # Of an encrypted one, which may not be mounted now, the folder of its volume has the same owner.
        for folder in (layout.cipher(name), layout.postgres_data(name)):
            owner = _owner_of(folder)
            if owner is not None and (os.geteuid() != 0 or owner != 0):
                return choose_user(settings.postgres_user, existing=folder)
    return choose_user(settings.postgres_user)


def _owner_of(folder: Path) -> int | None:
    # A volume whose gocryptfs was killed answers nothing but errors.
    try:
        return folder.stat().st_uid
    except OSError:
        return None


def _owner(layout: Layout, name: str) -> Owner | None:
    # The reporting process runs as whoever we are.
    if name == REPORTING or os.geteuid() != 0:
        return None
    user = database_user(layout)
    return Owner(user.uid, user.gid)


def expected(layout: Layout, name: str) -> AtRest:
    """What the configuration says of a database's storage."""
    return _part(layout, name).storage


def examine(layout: Layout, name: str) -> Protection:
    """What protects the files of a database on this machine now, running or not."""
    wanted, volume = expected(layout, name), volume_of(layout, name)
    folder = layout.chdb if name == REPORTING else layout.postgres_data(name)
    if wanted == "gocryptfs" and volume.exists and not volume.is_mounted():
        return _closed(volume)
    return prove(folder if _owner_of(folder) is not None else layout.database(name), wanted)


def examine_all(layout: Layout) -> dict[str, Protection]:
    """The same of every database whose files are this installation's own."""
    names = [name for _, name in databases(layout) if _is_embedded(layout, name)]
    reporting = layout.settings.reporting
    if reporting.address is None and reporting.engine == "chdb":
        names.append(REPORTING)
    return {name: examine(layout, name) for name in names}


async def examine_servers(layout: Layout) -> dict[str, Protection]:
    """What protects every database with a DSN, by its name. Raises StorageUnprotected.

    One that does not answer keeps nobody from starting: `status` tells what protects it once it does.
    """
    found = {}
    for kind, name in databases(layout):
        wanted = expected(layout, name)
        if _is_embedded(layout, name):
            continue
        try:
            async with asyncio.timeout(EXAMINE_TIMEOUT_S):
                connection = await connect(owner_dsn(layout, kind, name), application_name="octonext-at-rest")
                try:
                    found[name] = await examine_server(connection, wanted)
                finally:
                    connection.terminate()
        except (DatabaseUnreachable, asyncpg.PostgresError, OSError, TimeoutError) as error:
            found[name] = Protection(kind=wanted, detail=f"Not reached: {str(error) or 'no answer in time'}")
            continue
        require(name, found[name], wanted)
    return found


def told(protections: dict[str, Protection]) -> list[str]:
    """What an operator must hear at every start: what is encrypted, and loudly what is not."""
    proven = [f"{name} ({each.shown})" for name, each in protections.items() if each.proven]
    plain = [name for name, each in protections.items() if not each.proven and each.kind == "none"]
    believed = [
        f"{name} ({each.kind})" for name, each in protections.items() if not each.proven and name not in plain
    ]
    lines = [f"encrypted at rest: {', '.join(proven)}"] if proven else []
    if believed:
        lines.append(f"NOT PROVEN at rest: {', '.join(believed)}")
    if plain:
        lines.append(f"NOT ENCRYPTED at rest: {', '.join(plain)}; whoever gets the disk can read them")
    return lines


def measure(registry: Registry, protections: dict[str, Protection]) -> None:
    """Write it to /metrics: 1 for what is proven, 0 for what is not."""
    gauge = registry.gauge(
        "storage_encrypted", "Whether a database's storage is proven to be AES-256.", ("database", "kind")
    )
    for name, each in protections.items():
        gauge.labels(name, each.kind).set(int(each.proven))


async def examine_server(connection: asyncpg.Connection, wanted: AtRest) -> Protection:
    """What protects the server behind a configured DSN. Raises asyncpg's errors."""
    if wanted == "pg_tde":
        return await pg_tde.ask(connection)
    if wanted in ("none", "declared"):
        return Protection(kind=wanted, detail="The configuration says so; nothing here can prove it.")
    # Such a dsn is a Unix socket (the settings see to it), so the folder is on this machine.
    directory = Path(await connection.fetchval("SHOW data_directory"))
    return await asyncio.to_thread(prove, directory, wanted)


def _closed(volume: Volume) -> Protection:
    cipher = ""
    with contextlib.suppress(OSError):
        cipher = gocryptfs.cipher_of((volume.cipher / gocryptfs.CONFIGURATION).read_bytes())
    with contextlib.suppress(OSError):
        if any(volume.point.iterdir()):
            return Protection(
                kind="none",
                detail=f"{volume.point} is not mounted and holds plain files.",
                remedy="Look at them and move them away: the database itself is in the encrypted folder.",
            )
    return Protection(
        kind="gocryptfs",
        cipher=cipher,
        proven=cipher == AES_256_GCM,
        detail=f"Not mounted now: {volume.cipher} holds it.",
    )


def _is_embedded(layout: Layout, name: str) -> bool:
    part = _part(layout, name)
    return isinstance(part, Database) and part.embedded


def _part(layout: Layout, name: str) -> Database | Reporting:
    settings = layout.settings
    if name == REPORTING:
        return settings.reporting
    return settings.hq if name == "hq" else settings.shard(name)
