"""The three configuration files of an embedded server, written anew at every start."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from .binaries import OsUser

CONFIGURATION_FILE = "octonext.conf"
IDENT_MAP = "octonext"
CONNECTIONS_MAX = 120
IDLE_IN_TRANSACTION_MAX_S = 30
SLOW_STATEMENT_MS = 1_000


def server_settings(*, name: str, socket_dir: Path, log_dir: Path, durable: bool = True) -> dict[str, str]:
    """The settings of one server, tuned for several servers on one small machine.

    `durable=False` (tests only) gives up safety against power failure for speed.
    """
    settings = {
        "cluster_name": f"octonext-{name}",
        # Databases are reached over Unix sockets only; nothing listens on a network.
        "listen_addresses": "",
        "port": "5432",
        "unix_socket_directories": str(socket_dir),
        "unix_socket_permissions": "0700",
        "max_connections": str(CONNECTIONS_MAX),
        "shared_buffers": "96MB",
        "effective_cache_size": "768MB",
        "work_mem": "8MB",
        "maintenance_work_mem": "64MB",
        # Statements are short by design; a report must not take every core from the tills.
        "max_parallel_workers_per_gather": "0",
        "jit": "off",
        "io_workers": "1",
        # Month partitions make many relations per statement.
        "max_locks_per_transaction": "256",
        # An acknowledged push is on disk: never weaken these two.
        "synchronous_commit": "on",
        "fsync": "on",
        "full_page_writes": "on",
        "wal_level": "replica",
        "wal_compression": "pglz",
        "max_wal_size": "1GB",
        "min_wal_size": "96MB",
        "checkpoint_timeout": "10min",
        # What a subscription brings is written past the trail's triggers; nothing here subscribes.
        "max_logical_replication_workers": "0",
        # An archive that does not come may cost its continuity, never the room that sales need.
        "max_slot_wal_keep_size": "4GB",
        # A server that stops waits so long for an archive that has frozen.
        "wal_sender_timeout": "15s",
        # One forgotten transaction holds the feeds' watermark back, so it may not be forgotten long.
        "idle_in_transaction_session_timeout": f"{IDLE_IN_TRANSACTION_MAX_S}s",
        "client_connection_check_interval": "5s",
        "deadlock_timeout": "500ms",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "logging_collector": "on",
        "log_directory": str(log_dir),
        "log_filename": "postgresql-%a.log",
        "log_file_mode": "0640",
        "log_truncate_on_rotation": "on",
        "log_rotation_age": "1d",
        "log_rotation_size": "0",
        "log_line_prefix": "%m [%p] %q%u@%d %a ",
        "log_min_duration_statement": str(SLOW_STATEMENT_MS),
        "log_lock_waits": "on",
        # Rows hold people's names: no parameter, no statement of an error, no DETAIL is logged.
        "log_parameter_max_length": "0",
        "log_parameter_max_length_on_error": "0",
        "log_min_error_statement": "panic",
        "log_error_verbosity": "terse",
        "track_io_timing": "on",
    }
    if not durable:
        settings |= {
            "fsync": "off",
            "full_page_writes": "off",
            "synchronous_commit": "off",
            "shared_buffers": "32MB",
            "max_wal_size": "512MB",
            "autovacuum_naptime": "5min",
        }
    return settings


def write_configuration(data_dir: Path, settings: dict[str, str], user: OsUser, peers: Iterable[str]) -> None:
    """Write settings, who may connect (`peers`, by name of OS user), and how they are known."""
    head = "# Written by OctoNext at every start; changes are lost. See docs for the reasons.\n"
    lines = [f"{key} = '{_quoted(value)}'\n" for key, value in settings.items()]
    _write(data_dir / CONFIGURATION_FILE, head + "".join(lines), user)
    # An operator's own settings go into local.conf, which wins and is never written by us.
    include = f"{head}include '{CONFIGURATION_FILE}'\ninclude_if_exists 'local.conf'\n"
    _write(data_dir / "postgresql.conf", include, user)
    # `all` does not mean replication, by which backups read the server.
    known = "".join(f"local {which} all peer map={IDENT_MAP}\n" for which in ("all", "replication"))
    _write(data_dir / "pg_hba.conf", head + known, user)
    allowed = "".join(f'{IDENT_MAP} "{peer}" all\n' for peer in sorted(set(peers)))
    _write(data_dir / "pg_ident.conf", head + allowed, user)


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "''")


def _write(path: Path, text: str, user: OsUser) -> None:
    # The folder belongs to an unprivileged user while we may be root: create anew and never
    # follow what that user could have put there, then move it into place in one step.
    unfinished = path.with_name(f".{path.name}.new")
    unfinished.unlink(missing_ok=True)
    handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        if user.switch:
            os.fchown(file.fileno(), user.uid, user.gid)
    unfinished.replace(path)
