"""The topology of one installation, read from ONE TOML file.

The same file describes a laptop (embedded parts) and production (DSNs and hosts): a part that has an
address is used where it is, a part that has none is started by `octonext up`. Settings are built once
per process and passed down; where things lie on this machine is `layout`'s business.
"""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec

from octonext.base.errors import OctoNextError

from .secrets import SecretSource, SecretUnavailable

__all__ = ["SecretSource", "SecretUnavailable"]

SHARDS_MAX = 64
"""More PostgreSQL clusters than this on one configuration is a mistake, not a plan."""
GATEWAY_WORKERS_MAX = 32

RESERVED_SHARD_IDS = frozenset({"hq", "gateway", "relay", "reporting", "sealer", "supervisor"})
"""Names that processes, logs and socket folders already use."""

Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]
SHARD_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,14}[a-z0-9]")
REGION_CODE = re.compile(r"[A-Z][A-Z0-9-]{1,15}")
JURISDICTION_CODE = re.compile(r"[A-Z]{2}")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._ -]{0,62}")

AtRest = Literal["gocryptfs", "fscrypt", "luks", "pg_tde", "declared", "none"]
"""What encrypts a database's storage. "declared" is an operator's word that nothing here can prove."""
AT_REST_ANYWHERE: tuple[AtRest, ...] = ("pg_tde", "declared", "none")
"""What can be said of a database whose files are on another machine."""
BACKUPS_KEPT_MAX = 1_000
AUDIT_COPIES_MAX = 16
MINUTES_MAX = 7 * 24 * 60

DSN_FILES = ("sslrootcert", "sslcrl", "sslcert", "sslkey")
DSN_REFUSED = ("sslnegotiation", "sslpassword", "service", "servicefile", "passfile")
"""What would lead elsewhere than the dsn says, or hide a password in it."""

ORIGIN = re.compile(r"https://[A-Za-z0-9.\[\]:-]{1,255}")

T = TypeVar("T")


class SettingsError(OctoNextError):
    """The configuration cannot be used; the message names the file and the key."""

    code = "settings"


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


class Database(_Part, frozen=True, kw_only=True):
    """One PostgreSQL database; embedded when it has no `dsn`."""

    dsn: str | None = None
    owner_dsn: str | None = None
    """For migrations, when another role owns the schema; `dsn` otherwise."""
    password: SecretSource | None = None
    """Of `dsn`'s user, so that no password stands in this file."""
    owner_password: SecretSource | None = None
    at_rest: AtRest | None = None
    """What encrypts its storage; an embedded one's default is gocryptfs. A start proves it."""

    def __post_init__(self) -> None:
        for dsn in (self.dsn, self.owner_dsn):
            if dsn is not None:
                check_dsn(dsn)
        if self.owner_dsn is not None and self.dsn is None:
            raise ValueError("owner_dsn needs dsn")
        if self.dsn is not None:
            self._check_at_rest(self.dsn)

    def _check_at_rest(self, dsn: str) -> None:
        if self.at_rest is None:
            raise ValueError(
                "a database with a dsn must say what encrypts its storage: at_rest = "
                + " or ".join(f'"{kind}"' for kind in AT_REST_ANYWHERE)
            )
        if is_network_dsn(dsn) and self.at_rest not in AT_REST_ANYWHERE:
            raise ValueError(
                f'at_rest = "{self.at_rest}" cannot be proven of another machine; say '
                + " or ".join(f'"{kind}"' for kind in AT_REST_ANYWHERE)
            )

    @property
    def storage(self) -> AtRest:
        """What its storage must be, the default filled in."""
        return self.at_rest or "gocryptfs"

    @property
    def embedded(self) -> bool:
        return self.dsn is None


class Shard(Database, frozen=True, kw_only=True):
    """A shard: the database of a cluster of branches of one region."""

    id: str
    region: str
    jurisdiction: str
    sync_key: SecretSource | None = None
    """ECDH P-256 private key, PEM. Default: a key of its own in the keyring."""

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
    at_rest: AtRest | None = None
    """Of the embedded store, which is on its own encrypted disk besides; default gocryptfs."""

    def __post_init__(self) -> None:
        if self.engine == "clickhouse" and not self.url:
            raise ValueError('engine = "clickhouse" needs url')
        if self.engine == "chdb" and self.url:
            raise ValueError('url is only for engine = "clickhouse"')
        if self.at_rest == "pg_tde":
            raise ValueError('at_rest = "pg_tde" is PostgreSQL\'s')
        for value, key in ((self.address, "address"), (self.url, "url")):
            if value is not None and not value.startswith("https://"):
                raise ValueError(f"{key} must begin with https:// (TLS 1.3 or nothing)")
        if self.address is not None and self.token is None:
            raise ValueError("address needs token: a reporting process elsewhere answers nobody without one")

    @property
    def storage(self) -> AtRest:
        """What the embedded store's storage must be, the default filled in."""
        return self.at_rest or "gocryptfs"


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
    origins: tuple[str, ...] = ()
    """Web origins (https://shop.example) that browsers may call from, besides the gateway's own names."""
    silent_backlog_minutes: Annotated[int, msgspec.Meta(ge=1, le=MINUTES_MAX)] = 15
    """A till that announced entries and did not deliver them for so long is an alarm."""
    silent_shift_minutes: Annotated[int, msgspec.Meta(ge=1, le=MINUTES_MAX)] = 60
    """A till with an open shift that nobody has heard for so long is an alarm."""

    def __post_init__(self) -> None:
        for origin in self.origins:
            if not ORIGIN.fullmatch(origin):
                raise ValueError(f"origin {origin!r} must be https:// and a host, without a path")


class Relay(_Part, frozen=True, kw_only=True):
    """The feed reader. One per installation; `enabled = false` where another machine runs it."""

    enabled: bool = True


class Keys(_Part, frozen=True, kw_only=True):
    """Where the master key comes from, which wraps every other key; default: a file in DATA/keys."""

    master: SecretSource | None = None
    shares: SecretSource | None = None
    """The key of the device shares, for gateways on several machines; default: one in the keyring."""


class Backup(_Part, frozen=True, kw_only=True):
    """Where backups go and how many are kept. Best on another disk, better on another machine's."""

    folder: Path | None = None
    """Default: DATA/backups."""
    keep: Annotated[int, msgspec.Meta(ge=1, le=BACKUPS_KEPT_MAX)] = 7
    """Of each database; older ones are removed after a newer one was verified."""
    every_hours: Annotated[float, msgspec.Meta(gt=0, le=8_784)] | None = None
    """How often `octonext up` makes one by itself; without it, only `octonext backup` does."""


class AuditCopy(_Part, frozen=True, kw_only=True):
    """A place outside the databases for signed tree heads: exactly one of a file, a URL or a command."""

    file: Path | None = None
    """Each head is a line at its end."""
    url: str | None = None
    """Each head is an object below it, by HTTPS PUT."""
    command: tuple[str, ...] | None = None
    """Each head is the standard input of one run."""

    def __post_init__(self) -> None:
        if sum(place is not None for place in (self.file, self.url, self.command)) != 1:
            raise ValueError("a copy needs exactly one of file, url or command")
        if self.url is not None and not self.url.startswith("https://"):
            raise ValueError("a copy's url must begin with https:// (TLS 1.3 or nothing)")
        if self.command is not None and not self.command:
            raise ValueError("a copy's command must name a program")


class Audit(_Part, frozen=True, kw_only=True):
    """Sealing of the audit trail, the journal and the ledger."""

    seal_every_s: Annotated[float, msgspec.Meta(ge=0.2, le=3_600)] = 2.0
    canary_every_s: Annotated[float, msgspec.Meta(ge=1, le=3_600)] = 60.0
    copies: tuple[AuditCopy, ...] = ()
    keep_months: Annotated[int, msgspec.Meta(ge=1, le=600)] = 12
    """Whole months of the trail that stay in the databases: `octonext audit archive` refuses younger ones."""

    def __post_init__(self) -> None:
        if len(self.copies) > AUDIT_COPIES_MAX:
            raise ValueError(f"at most {AUDIT_COPIES_MAX} copies of the tree heads")


class Settings(_Part, frozen=True, kw_only=True):
    """Everything an operator decides."""

    name: str
    hq: Database = Database()
    shards: tuple[Shard, ...]
    reporting: Reporting = Reporting()
    gateway: Gateway = Gateway()
    relay: Relay = Relay()
    keys: Keys = Keys()
    backup: Backup = Backup()
    audit: Audit = Audit()
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


def toml_string(value: str) -> str:
    """A basic string of TOML 1.0, which is JSON's but for DEL. Raises SettingsError."""
    try:
        value.encode()
    except UnicodeEncodeError:
        raise SettingsError(f"{value!r} is not text in UTF-8.") from None
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


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
    for key in DSN_FILES:
        for file in query.get(key, []):
            # Processes start in "/", and a file that is not found there would only be missed later.
            if not file.startswith("/") and not (key == "sslrootcert" and file == "system"):
                raise ValueError(f"a dsn's {key} must be an absolute path")
    for key in DSN_REFUSED:
        if key in query:
            raise ValueError(f"a dsn must not say {key}")
    if re.search(r":(?!\d+(,|$))[^\]]*$", parts.netloc.rpartition("@")[2]):
        raise ValueError("a dsn's port must be a number")
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
