"""Debian's PostgreSQL 15 on a loopback port, with TLS and a certificate of an authority of the test's own.

`network_server` starts one for a test module; `configured(...)` changes what it offers and waits until that
holds. It is skipped, with the reason, where those programs are not installed.
"""

from __future__ import annotations

import datetime as dt
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from octonext.crypto.tls import ServerFiles, ensure_server_certificate
from octonext.processes.cluster.binaries import OsUser, choose_user
from octonext.processes.os_process import die_with_parent, end, tree

PROGRAMS = Path("/usr/lib/postgresql/15/bin")
START_TIMEOUT_S = 60.0
POLL_S = 0.02
PASSWORD = "correct-horse"
#: No certificate of the test names this address, though it is the same machine.
UNNAMED = "127.0.0.2"

ACCESS = """
local   all all       trust
hostssl all legacy    127.0.0.0/8 md5
hostssl all cleartext 127.0.0.0/8 password
hostssl all trusted   127.0.0.0/8 trust
hostssl all all       127.0.0.0/8 scram-sha-256
"""
ROLES = f"""
CREATE ROLE octonext_app LOGIN PASSWORD '{PASSWORD}';
CREATE ROLE cleartext LOGIN PASSWORD '{PASSWORD}';
CREATE ROLE trusted LOGIN;
ALTER ROLE octonext PASSWORD '{PASSWORD}';
SET password_encryption = 'md5';
CREATE ROLE legacy LOGIN PASSWORD '{PASSWORD}';
"""


@dataclass
class NetworkServer:
    """A running server. `good` is its certificate with the authority that vouches for it."""

    folder: Path
    user: OsUser
    port: int
    good: ServerFiles

    def dsn(
        self,
        database: str = "postgres",
        *,
        user: str = "octonext",
        host: str = "localhost",
        root: Path | str | None = None,
    ) -> str:
        """With the password, as the layout makes it from a password source."""
        return (
            f"postgresql://{user}:{PASSWORD}@{host}:{self.port}/{database}"
            f"?sslmode=verify-full&sslrootcert={root or self.good.root}"
        )

    def configure(self, **settings: str) -> None:
        """Offer exactly this beside the defaults, from the next connection on."""
        # An order that the server has surely read: it reports the name that it was given last.
        mark = f"offer-{time.monotonic_ns()}"
        wanted = {
            "ssl": "on",
            "ssl_min_protocol_version": "TLSv1.3",
            "ssl_max_protocol_version": "",
            "password_encryption": "scram-sha-256",
            "ssl_cert_file": str(self.good.certificate),
            "ssl_key_file": str(self.good.key),
            "octonext.offer": mark,
        } | settings
        lines = "".join(f"{name} = '{value}'\n" for name, value in wanted.items())
        (self.folder / "data" / "offer.conf").write_text(lines)
        pid = int((self.folder / "data" / "postmaster.pid").read_text().split()[0])
        os.kill(pid, signal.SIGHUP)
        ends = time.monotonic() + START_TIMEOUT_S
        while self.sql("SHOW octonext.offer") != mark:
            assert time.monotonic() < ends, "the server does not read its configuration"
            time.sleep(POLL_S)

    def sql(self, statement: str, database: str = "postgres") -> str:
        """The answer of one statement, by the local socket."""
        done = self.run("psql", *self._local(), "-d", database, "-Atqc", statement)
        return done.stdout.strip()

    def run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # type: ignore[call-overload, no-any-return]
            [PROGRAMS / program, *arguments],
            capture_output=True,
            check=True,
            text=True,
            cwd="/",
            env={"PATH": os.defpath, "LC_ALL": "C"},
            **self.user.popen_arguments(),
        )

    def certificate(self, name: str, *, now: dt.datetime) -> ServerFiles:
        """Another pair of another authority, made at `now`, that the server can read."""
        return self.own(ensure_server_certificate(self.folder / name, [], now=now))

    def own(self, files: ServerFiles) -> ServerFiles:
        if self.user.switch:
            for file in (files.certificate, files.key):
                os.chown(file, self.user.uid, self.user.gid)
        return files

    def _local(self) -> tuple[str, ...]:
        return ("-h", str(self.folder), "-p", str(self.port), "-U", "octonext")


@pytest.fixture(scope="module")
def network_server() -> Iterator[NetworkServer]:
    if not (PROGRAMS / "postgres").exists():
        pytest.skip(f"needs Debian's PostgreSQL 15 in {PROGRAMS} (apt install postgresql)")
    folder = Path(tempfile.mkdtemp(prefix="octonext-network-", dir="/tmp"))
    folder.chmod(0o755)
    user = choose_user(None)
    good = ensure_server_certificate(folder / "good", [], now=dt.datetime.now(dt.UTC))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = NetworkServer(folder, user, port, good)
    server.own(good)
    if user.switch:
        os.chown(folder, user.uid, user.gid)
    process: subprocess.Popen[bytes] | None = None
    try:
        server.run("initdb", "-D", str(folder / "data"), "-U", "octonext", "-E", "UTF8", "--no-sync")
        (folder / "data" / "pg_hba.conf").write_text(ACCESS)
        with (folder / "data" / "postgresql.conf").open("a") as settings:
            settings.write(
                f"listen_addresses = '127.0.0.1,{UNNAMED}'\nport = {port}\nfsync = off\n"
                f"unix_socket_directories = '{folder}'\nmax_locks_per_transaction = 256\n"
                "include_if_exists 'offer.conf'\n"
            )
        with (folder / "log").open("wb") as said:
            process = subprocess.Popen(  # type: ignore[call-overload]
                [PROGRAMS / "postgres", "-D", str(folder / "data")],
                stdout=said,
                stderr=said,
                cwd="/",
                env={"PATH": os.defpath, "LC_ALL": "C"},
                preexec_fn=die_with_parent(signal.SIGINT),  # noqa: PLW1509 -- the main thread, as elsewhere
                **user.popen_arguments(),
            )
        _wait_until_ready(server)
        server.sql(ROLES)
        server.configure()
        yield server
    finally:
        if process is not None:
            end(tree(process.pid)[:1], signal.SIGINT, START_TIMEOUT_S)
            process.wait(START_TIMEOUT_S)
        shutil.rmtree(folder, ignore_errors=True)


def _wait_until_ready(server: NetworkServer) -> None:
    ends = time.monotonic() + START_TIMEOUT_S
    while True:
        try:
            server.sql("SELECT 1")
        except subprocess.CalledProcessError:
            assert time.monotonic() < ends, (server.folder / "log").read_text()
            time.sleep(POLL_S)
        else:
            return
