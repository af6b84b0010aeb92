"""Where everything of one installation lies on this machine: every path under DATA, named once."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import stat
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from octonext.base.errors import OctoNextError

from .settings import Database, SecretSource, Settings, is_network_dsn, load

DATABASE = "octonext"
OWNER_ROLE = "octonext"
APP_ROLE = "octonext_app"

SOCKET_PATH_BYTES_MAX = 107
"""sockaddr_un.sun_path less its closing zero byte, on Linux."""
POSTGRES_SOCKET_NAME = ".s.PGSQL.5432"


class RuntimeFolderUnusable(OctoNextError):
    """A folder that the processes need cannot be used, or not safely."""

    code = "runtime_folder"


class Layout:
    """Paths and database addresses of the installation in `data_dir`.

    `settings` are read from DATA/octonext.toml when first needed, unless given.
    """

    def __init__(self, data_dir: Path | str, settings: Settings | None = None) -> None:
        self.data_dir = Path(data_dir).expanduser().resolve()
        if settings is not None:
            self.__dict__["settings"] = settings

    @cached_property
    def settings(self) -> Settings:
        return load(self.config)

    @property
    def config(self) -> Path:
        return self.data_dir / "octonext.toml"

    @property
    def hq(self) -> Path:
        return self.data_dir / "hq"

    def shard(self, shard_id: str) -> Path:
        return self.data_dir / "shards" / shard_id

    @property
    def reporting(self) -> Path:
        return self.data_dir / "reporting"

    def database(self, name: str) -> Path:
        """The folder of everything that one database writes: where its encrypted volume is mounted.

        `name` is "hq", "reporting" or a shard's id.
        """
        return {"hq": self.hq, "reporting": self.reporting}.get(name) or self.shard(name)

    def postgres_data(self, name: str) -> Path:
        """PGDATA of the embedded server of "hq" or a shard."""
        return self.database(name) / "data"

    def postgres_log(self, name: str) -> Path:
        """The folder of that server's own logs: inside of what is encrypted, for they may quote rows."""
        return self.database(name) / "log"

    @property
    def chdb(self) -> Path:
        """The embedded OLAP store."""
        return self.reporting / "chdb"

    def cipher(self, name: str) -> Path:
        """The encrypted files of a database's volume, which `database(name)` shows decrypted."""
        return self.data_dir / "encrypted" / name

    @property
    def keys(self) -> Path:
        return self.data_dir / "keys"

    @property
    def tls(self) -> Path:
        return self.data_dir / "tls"

    @property
    def root_certificate(self) -> Path:
        """The local authority's root, for browsers and tills to trust."""
        return self.tls / "root.crt"

    @property
    def logs(self) -> Path:
        return self.data_dir / "logs"

    def log(self, process: str) -> Path:
        return self.logs / f"{process}.log"

    @property
    def secrets(self) -> Path:
        return self.data_dir / "secrets"

    @property
    def monitor_token(self) -> Path:
        return self.secrets / "monitor.token"

    @property
    def binaries(self) -> Path:
        """PostgreSQL's programs, copied here when their user cannot reach the installed ones."""
        return self.data_dir / "postgresql"

    @property
    def run(self) -> Path:
        return self.data_dir / "run"

    @property
    def lock(self) -> Path:
        return self.run / "supervisor.lock"

    @property
    def state(self) -> Path:
        """JSON written by the supervisor: pids, ports, started_at."""
        return self.run / "state.json"

    @property
    def ports(self) -> Path:
        """JSON: the gateways' ports, the same again at the next start when they are free."""
        return self.run / "ports.json"

    def gateway_certificate(self, index: int) -> Path:
        """What gateway `index` shows, without its key: written by it for who checks its health."""
        return self.run / f"gateway-{index}.crt"

    @property
    def certificate_lock(self) -> Path:
        """Held by the one gateway that is exchanging its certificate."""
        return self.run / "certificate.lock"

    def gateway_port(self, index: int) -> int:
        """The port that the supervisor chose for gateway worker `index`.

        Raises RuntimeFolderUnusable before the first start.
        """
        try:
            return int(json.loads(self.ports.read_bytes())["gateway"][index])
        except (OSError, ValueError, KeyError, IndexError):
            raise RuntimeFolderUnusable(
                f"No port was chosen for gateway {index} of {self.data_dir}.",
                remedy="Start it with `octonext up`.",
            ) from None

    @cached_property
    def socket_dir(self) -> Path:
        """The short folder of every Unix socket, outside DATA because of the 107-byte limit."""
        return self._remembered_socket_dir() or self._default_socket_dir()

    def socket(self, process: str) -> Path:
        """The Unix socket of `reporting` or `relay`."""
        return self.socket_dir / f"{process}.sock"

    def database_socket_dir(self, database: str) -> Path:
        """The socket folder of one PostgreSQL: `hq`, or a shard's id."""
        return self.socket_dir / "pg" / database

    def dsn(
        self,
        database: Literal["hq", "shard"],
        shard_id: str | None = None,
        *,
        role: str = APP_ROLE,
    ) -> str:
        """An asyncpg DSN: the configured one, else the embedded server's socket.

        With role "octonext" the schema's owner is meant: `owner_dsn` when one is configured.
        A network DSN speaks TLS 1.3 or nothing. Raises SettingsError, SecretUnavailable.
        """
        if database == "shard":
            if shard_id is None:
                raise ValueError("a shard's dsn needs its id")
            part: Database = self.settings.shard(shard_id)
        else:
            part = self.settings.hq
        if part.dsn is None:
            folder = self.database_socket_dir(shard_id if shard_id is not None else "hq")
            return socket_dsn(folder, role=role)
        if role == OWNER_ROLE and part.owner_dsn is not None:
            return _configured_dsn(part.owner_dsn, part.owner_password)
        return _configured_dsn(part.dsn, part.password)

    def prepare(self) -> None:
        """Create the folders that must exist before anything starts.

        DATA itself stays traversable (0711): as root, PostgreSQL's own user must pass through it.
        Raises RuntimeFolderUnusable.
        """
        try:
            self.data_dir.mkdir(mode=0o711, parents=True, exist_ok=True)
            found = self.data_dir.stat()
            if found.st_uid == os.geteuid() == 0:
                self.data_dir.chmod(stat.S_IMODE(found.st_mode) | 0o011)
            for folder, mode in (
                (self.keys, 0o700),
                (self.secrets, 0o700),
                (self.tls, 0o755),
                (self.logs, 0o711),
                (self.run, 0o755),
                (self.data_dir / "shards", 0o711),
                # As root, gocryptfs runs as PostgreSQL's user and must pass through to its own volume.
                (self.data_dir / "encrypted", 0o711),
            ):
                folder.mkdir(mode=mode, exist_ok=True)
                folder.chmod(mode)
            for file in (self.lock, self.state, self.log("supervisor")):
                if file.exists() and not os.access(file, os.W_OK):
                    raise PermissionError(errno.EACCES, "it belongs to another user", str(file))
        except OSError as error:
            raise RuntimeFolderUnusable(
                f"{error.filename or self.data_dir} cannot be used: {error.strerror}.",
                remedy="Start OctoNext as the user who made it, or choose another --data.",
            ) from None

    def prepare_sockets(self) -> None:
        """Create the socket folder and remember it, so that every later process finds it."""
        folder = self.socket_dir
        # As root PostgreSQL's user must reach its own folder inside, and nothing else.
        mode = 0o711 if os.geteuid() == 0 else 0o700
        longest = folder / "pg" / ("x" * 16) / POSTGRES_SOCKET_NAME
        if len(os.fsencode(longest)) > SOCKET_PATH_BYTES_MAX:
            raise RuntimeFolderUnusable(
                f"{folder} is too long for Unix sockets.", remedy="Set XDG_RUNTIME_DIR to a short path."
            )
        for each in (folder, folder / "pg"):
            _own_folder(each, mode)
        remembered = self.run / "sockets"
        remembered.write_text(f"{self.data_dir}\n{folder}\n", encoding="utf-8")

    def remove_sockets(self) -> None:
        """Remove the socket folder once nobody listens; what is not ours stays, and the folder with it."""
        folder = self.socket_dir
        databases = [each for each in (folder / "pg").glob("*") if each.is_dir() and not each.is_symlink()]
        ours = [*folder.glob("*.sock"), *(each for one in databases for each in one.glob(".s.PGSQL.*"))]
        for each in ours:
            with suppress(OSError):
                each.unlink()
        for each in (*databases, folder / "pg", folder):
            with suppress(OSError):
                each.rmdir()

    def _remembered_socket_dir(self) -> Path | None:
        try:
            remembered_in = self.run / "sockets"
            data_dir, folder = remembered_in.read_text(encoding="utf-8").splitlines()
            owner = remembered_in.stat().st_uid
        except (OSError, ValueError):
            return None
        # A copied DATA must not share the sockets of the original; and what another user's
        # runtime folder or a reboot took away is chosen anew.
        if data_dir != str(self.data_dir):
            return None
        remembered = Path(folder)
        # The folder is made, chmodded and removed: a line that names any other one is not believed.
        own = {f"octonext-{self._mark}", f"octonext-{owner}-{self._mark}"}
        named = remembered.is_absolute() and ".." not in remembered.parts and remembered.name in own
        return remembered if named and _usable_parent(remembered.parent) else None

    @property
    def _mark(self) -> str:
        return hashlib.sha256(os.fsencode(self.data_dir)).hexdigest()[:10]

    def _default_socket_dir(self) -> Path:
        mark = self._mark
        if os.geteuid() == 0:
            if _usable_parent(Path("/run")):
                return Path("/run") / f"octonext-{mark}"
        else:
            own = os.environ.get("XDG_RUNTIME_DIR", "")
            room = SOCKET_PATH_BYTES_MAX - len(f"/octonext-{mark}/pg/{'x' * 16}/") - len(POSTGRES_SOCKET_NAME)
            if own.startswith("/") and len(os.fsencode(own)) <= room and _usable_parent(Path(own)):
                return Path(own) / f"octonext-{mark}"
        return Path("/tmp") / f"octonext-{os.geteuid()}-{mark}"  # noqa: S108 -- `_own_folder` checks it


def socket_dsn(folder: Path, *, role: str, database: str = DATABASE) -> str:
    """The DSN of a PostgreSQL that listens in `folder`."""
    return f"postgresql://{role}@/{database}?host={quote(str(folder))}&port=5432"


def _configured_dsn(dsn: str, password: SecretSource | None) -> str:
    parts = urlsplit(dsn)
    query = dict(parse_qsl(parts.query))
    if is_network_dsn(dsn):
        query["ssl_min_protocol_version"] = "TLSv1.3"
    network = parts.netloc
    if password is not None:
        user, at, hosts = network.rpartition("@")
        network = f"{user or OWNER_ROLE}:{quote(password.read(), safe='')}{at or '@'}{hosts}"
    return urlunsplit((parts.scheme, network, parts.path, urlencode(query), ""))


def _usable_parent(folder: Path) -> bool:
    return folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)


def _own_folder(folder: Path, mode: int) -> None:
    folder.mkdir(mode=mode, exist_ok=True)
    found = folder.lstat()
    # In /tmp somebody else could have made the folder first and would then own our sockets.
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise RuntimeFolderUnusable(
            f"{folder} belongs to somebody else.",
            remedy="Remove it, or set XDG_RUNTIME_DIR to a folder of your own.",
        )
    folder.chmod(mode)
