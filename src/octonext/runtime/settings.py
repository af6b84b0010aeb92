"""The topology of one installation, read from ONE TOML file.

The same file describes a laptop (embedded parts) and production (DSNs and hosts): a part that has an
address is used where it is, a part that has none is started by `octonext up`. Settings are built once
per process and passed down; where things lie on this machine is `layout`'s business.
"""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec

from octonext.base.errors import OctoNextError

SHARDS_MAX = 64
"""More PostgreSQL clusters than this on one configuration is a mistake, not a plan."""
GATEWAY_WORKERS_MAX = 32
SECRET_BYTES_MAX = 64 * 1024
SECRET_COMMAND_TIMEOUT_S = 20

RESERVED_SHARD_IDS = frozenset({"hq", "gateway", "relay", "reporting", "supervisor"})
"""Names that processes, logs and socket folders already use."""

Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]
SHARD_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,14}[a-z0-9]")
REGION_CODE = re.compile(r"[A-Z][A-Z0-9-]{1,15}")
JURISDICTION_CODE = re.compile(r"[A-Z]{2}")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._ -]{0,62}")

T = TypeVar("T")


class SettingsError(OctoNextError):
    """The configuration cannot be used; the message names the file and the key."""

    code = "settings"


class SecretUnavailable(OctoNextError):
    """A secret's file, environment variable or command gave nothing."""

    code = "secret_unavailable"


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


class SecretSource(_Part, frozen=True, kw_only=True):
    """Where a secret comes from: exactly one of a file, an environment variable or a command.

    The command is an argument list (no shell); its standard output is the secret, for a KMS.
    """

    file: Path | None = None
    env: str | None = None
    command: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        if sum(source is not None for source in (self.file, self.env, self.command)) != 1:
            raise ValueError("a secret needs exactly one of file, env or command")
        if self.command is not None and not self.command:
            raise ValueError("a secret's command must name a program")

    def read(self) -> str:
        """The secret without surrounding white space. Raises SecretUnavailable; never logs it."""
        if self.file is not None:
            secret = _read_secret_file(self.file)
        elif self.env is not None:
            secret = os.environ.get(self.env, "")
        else:
            secret = _run_secret_command(self.command or ())
        secret = secret.strip()
        if not secret:
            raise SecretUnavailable(f"The secret from {self.describe()} is empty.")
        return secret

    def describe(self) -> str:
        """Where the secret comes from, for messages; never the secret."""
        if self.file is not None:
            return f"file {self.file}"
        if self.env is not None:
            return f"environment variable {self.env}"
        return f"command {(self.command or ('?',))[0]}"


class Database(_Part, frozen=True, kw_only=True):
    """One PostgreSQL database; embedded when it has no `dsn`."""

    dsn: str | None = None
    owner_dsn: str | None = None
    """For migrations, when another role owns the schema; `dsn` otherwise."""
    password: SecretSource | None = None
    """Of `dsn`'s user, so that no password stands in this file."""
    owner_password: SecretSource | None = None

    def __post_init__(self) -> None:
        for dsn in (self.dsn, self.owner_dsn):
            if dsn is not None:
                check_dsn(dsn)
        if self.owner_dsn is not None and self.dsn is None:
            raise ValueError("owner_dsn needs dsn")

    @property
    def embedded(self) -> bool:
        return self.dsn is None


class Shard(Database, frozen=True, kw_only=True):
    """A shard: the database of a cluster of branches of one region."""

    id: str
    region: str
    jurisdiction: str
    sync_key: SecretSource | None = None
    """ECDH P-256 private key, PEM. Embedded default: DATA/keys/shard-<id>.pem."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not SHARD_ID.fullmatch(self.id):
            raise ValueError(f"shard id {self.id!r} must be 2 to 16 of a-z, 0-9 and - (such as kw-1)")
        if self.id in RESERVED_SHARD_IDS:
            raise ValueError(f"shard id {self.id!r} is reserved")
        if not REGION_CODE.fullmatch(self.region):
            raise ValueError(f"region {self.region!r} must be a code of capitals (such as KW)")
        if not JURISDICTION_CODE.fullmatch(self.jurisdiction):
            raise ValueError(
                f"jurisdiction {self.jurisdiction!r} must be a country's two capitals (ISO 3166-1)"
            )


class Reporting(_Part, frozen=True, kw_only=True):
    """The OLAP store and the process that answers report queries."""

    engine: Literal["chdb", "clickhouse"] = "chdb"
    url: str | None = None
    """ClickHouse's address; only with engine = "clickhouse"."""
    user: str = "default"
    password: SecretSource | None = None
    database: str = "octonext"
    address: str | None = None
    """https:// address of a reporting process elsewhere; without it, `up` starts one here."""
    token: SecretSource | None = None
    """What this installation shows to the reporting process at `address`, which therefore needs one."""

    def __post_init__(self) -> None:
        if self.engine == "clickhouse" and not self.url:
            raise ValueError('engine = "clickhouse" needs url')
        if self.engine == "chdb" and self.url:
            raise ValueError('url is only for engine = "clickhouse"')
        for value, key in ((self.address, "address"), (self.url, "url")):
            if value is not None and not value.startswith("https://"):
                raise ValueError(f"{key} must begin with https:// (TLS 1.3 or nothing)")
        if self.address is not None and self.token is None:
            raise ValueError("address needs token: a reporting process elsewhere answers nobody without one")


class TlsFiles(_Part, frozen=True, kw_only=True):
    """A certificate chain and its private key, PEM files."""

    certificate: Path
    key: Path


class Gateway(_Part, frozen=True, kw_only=True):
    """What tills and browsers talk to. `workers = 0`: gateways run on other machines."""

    host: str = "127.0.0.1"
    port: Port = 0
    """0 = a free one, remembered in DATA/run. Worker n listens on port + n."""
    workers: Annotated[int, msgspec.Meta(ge=0, le=GATEWAY_WORKERS_MAX)] = 1
    names: tuple[str, ...] = ()
    """Further host names and addresses for the local certificate."""
    tls: TlsFiles | None = None


class Relay(_Part, frozen=True, kw_only=True):
    """The feed reader. One per installation; `enabled = false` where another machine runs it."""

    enabled: bool = True


class Settings(_Part, frozen=True, kw_only=True):
    """Everything an operator decides."""

    name: str
    hq: Database = Database()
    shards: tuple[Shard, ...]
    reporting: Reporting = Reporting()
    gateway: Gateway = Gateway()
    relay: Relay = Relay()
    postgres_user: str | None = None
    """As root, embedded PostgreSQL runs as this OS user (default: octonext, postgres or nobody)."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.name):
            raise ValueError(f"name {self.name!r} must be 1 to 63 letters, digits, spaces and . _ -")
        if not 1 <= len(self.shards) <= SHARDS_MAX:
            raise ValueError(f"between 1 and {SHARDS_MAX} shards are needed")
        ids = [shard.id for shard in self.shards]
        for shard_id in ids:
            if ids.count(shard_id) > 1:
                raise ValueError(f"shard id {shard_id!r} is used twice")

    def shard(self, shard_id: str) -> Shard:
        """The shard of that id. Raises SettingsError."""
        for shard in self.shards:
            if shard.id == shard_id:
                return shard
        known = ", ".join(shard.id for shard in self.shards)
        raise SettingsError(f"There is no shard {shard_id!r}.", remedy=f"The shards are: {known}.")


def load(path: Path) -> Settings:
    """Read the configuration. Relative paths in it are relative to its folder.

    Raises SettingsError, with the file, the key and the reason.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SettingsError(
            f"There is no configuration at {path}.", remedy="Create one with `octonext init`."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} cannot be read: {error}.") from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path} is not valid TOML: {error}.") from None
    return decode(document, folder=path.resolve().parent, source=str(path))


def decode(document: dict[str, Any], *, folder: Path, source: str) -> Settings:
    """Check a decoded TOML document. Raises SettingsError naming `source`."""

    def read_path(kind: type[T], value: object) -> T:
        if kind is Path and isinstance(value, str):
            return folder / Path(value).expanduser()  # type: ignore[return-value]
        raise ValueError("expected a path")

    try:
        return msgspec.convert(document, Settings, dec_hook=read_path)
    except (msgspec.ValidationError, ValueError) as error:
        raise SettingsError(
            f"{source}: {error}.", remedy="Correct that key; unknown keys are refused on purpose."
        ) from None


def check_dsn(dsn: str) -> None:
    """Refuse (ValueError) what is not a PostgreSQL URL, holds a password, or leaves without TLS 1.3.

    A Unix socket stays on the machine, so it needs no TLS; anything else needs
    `sslmode=verify-full`, the only mode in which an impostor is noticed.
    """
    parts = urlsplit(dsn)
    if parts.scheme not in ("postgresql", "postgres"):
        raise ValueError("a dsn must begin with postgresql://")
    query = parse_qs(parts.query)
    if parts.password or "password" in query:
        raise ValueError("a dsn must not hold a password; use password = { file = ... }")
    if not _is_unix_socket(dsn) and query.get("sslmode") != ["verify-full"]:
        raise ValueError("a network dsn needs sslmode=verify-full")
    for key in ("ssl_min_protocol_version", "ssl_max_protocol_version"):
        # An empty value counts: the driver would take it as it stands.
        if parse_qs(parts.query, keep_blank_values=True).get(key, ["TLSv1.3"]) != ["TLSv1.3"]:
            raise ValueError(f"a dsn's {key} must be TLSv1.3, or left out")


def is_network_dsn(dsn: str) -> bool:
    """Whether connecting may leave this machine."""
    return not _is_unix_socket(dsn)


def _is_unix_socket(dsn: str) -> bool:
    parts = urlsplit(dsn)
    network = parts.netloc.rpartition("@")[2]
    hosts = [unquote(host) for host in network.split(",") if host]
    for value in parse_qs(parts.query).get("host", []):
        hosts += value.split(",")
    # Without any host the driver would fall back to localhost over TCP, so that is not a socket.
    return bool(hosts) and all(host.startswith("/") for host in hosts)


def _read_secret_file(path: Path) -> str:
    try:
        with path.open(encoding="utf-8") as file:
            return file.read(SECRET_BYTES_MAX)
    except (OSError, UnicodeDecodeError) as error:
        raise SecretUnavailable(f"The secret file {path} cannot be read: {error}.") from None


def _run_secret_command(command: tuple[str, ...]) -> str:
    try:
        done = subprocess.run(
            command, capture_output=True, timeout=SECRET_COMMAND_TIMEOUT_S, check=False, text=True
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SecretUnavailable(f"The secret command {command[0]} failed: {error}.") from None
    if done.returncode != 0:
        raise SecretUnavailable(f"The secret command {command[0]} ended with {done.returncode}.")
    return done.stdout[:SECRET_BYTES_MAX]
