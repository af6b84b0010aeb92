"""Percona's pg_tde: a server that encrypts its own tables and log, asked over SQL.

Since version 2.2 it has AES-256 (`pg_tde.cipher = aes_256`); before, and by default, it uses 128 bits.
"""

from __future__ import annotations

import asyncpg
import msgspec

from octonext.runtime.sql import load_queries

from .protection import Protection

AES_256 = "AES-256"
_QUERIES = load_queries("octonext.crypto.at_rest", "pg_tde.sql")


class ServerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What a server says of its own encryption; a setting that it does not know is None."""

    table_access_method: str | None = None
    wal_encrypt: str | None = None
    cipher: str | None = None
    installed: bool = False
    plain_tables: int = 0


async def ask(connection: asyncpg.Connection) -> Protection:
    """What this server's pg_tde does for the database of this connection. Raises asyncpg's errors."""
    row = await connection.fetchrow(_QUERIES["encryption_settings"])
    return judge(ServerSettings(**dict(row or {})))


def judge(server: ServerSettings) -> Protection:
    """Proven when tables, indexes and the log are encrypted with 256 bits, and no table is left plain."""
    wanted = [
        (server.installed, "the extension is not in this database", "CREATE EXTENSION pg_tde"),
        (
            server.table_access_method == "tde_heap",
            f"new tables use {server.table_access_method}",
            "default_table_access_method = tde_heap",
        ),
        (server.wal_encrypt == "on", "the write-ahead log is plain", "pg_tde.wal_encrypt = on"),
        (
            server.cipher == "aes_256",
            f"the cipher is {server.cipher or 'AES with 128 bits'}",
            "pg_tde.cipher = aes_256 (pg_tde 2.2 or later)",
        ),
        (
            server.plain_tables == 0,
            f"{server.plain_tables} tables are plain",
            "ALTER TABLE ... SET ACCESS METHOD tde_heap",
        ),
    ]
    missing = [(told, remedy) for holds, told, remedy in wanted if not holds]
    if not missing:
        return Protection(
            kind="pg_tde",
            cipher=AES_256,
            proven=True,
            detail="The server says so: tables, indexes and write-ahead log; catalogues, statistics and "
            "temporary files stay plain.",
        )
    return Protection(
        kind="pg_tde" if server.installed else "none",
        cipher=server.cipher or "",
        detail=f"pg_tde: {'; '.join(told for told, _ in missing)}.",
        remedy=f"On the server: {'; '.join(remedy for _, remedy in missing)}.",
    )
