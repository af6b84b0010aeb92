"""The OLAP store's schema: numbered files, applied in order, each remembered with its checksum."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from importlib.resources import files

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from octonext.base.errors import OctoNextError
from octonext.runtime.sql import load_queries

from .clients import ClickHouse, OlapUnavailable, brief, connect_http

_queries = load_queries("octonext.reporting")
_MIGRATION = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql")


class OlapIsNewer(OctoNextError):
    """The OLAP store was written by a newer release, or its schema files were edited."""

    code = "database_is_newer"


def create_database(engine: ClickHouse) -> None:
    try:
        # The user's own default database: the one we want may not be there yet.
        client = connect_http(engine, database=None)
        client.command(
            "CREATE DATABASE IF NOT EXISTS {name:Identifier}", parameters={"name": engine.database}
        )
        client.close()
    except (ClickHouseError, OSError) as error:
        raise OlapUnavailable(f"ClickHouse cannot be used: {brief(error)}") from error


def migrate(client: Client) -> None:
    """Apply the schema files that are missing; each statement may run twice, so a crash is no harm."""
    client.command(_queries["create_migrations"])
    applied = {
        version: (name, checksum)
        for version, name, checksum in client.query(_queries["applied_migrations"]).result_rows
    }
    brought = dict(_schema_files())
    for version, (name, checksum) in applied.items():
        if version not in brought or _checksum(brought[version][1]) != checksum:
            raise OlapIsNewer(
                f"The OLAP store has the schema {version:04d}_{name}, which this release does not know.",
                remedy="Run the release that wrote it, or empty the store: the shards fill it again.",
            )
    for version, (name, text) in sorted(brought.items()):
        if version in applied:
            continue
        for statement in _statements(text):
            client.command(statement)
        client.command(
            _queries["record_migration"],
            parameters={"version": version, "name": name, "checksum": _checksum(text)},
        )


def _schema_files() -> list[tuple[int, tuple[str, str]]]:
    found = []
    for path in files("octonext.reporting").joinpath("schema").iterdir():
        match = _MIGRATION.fullmatch(path.name)
        if match:
            found.append((int(match[1]), (match[2], path.read_text(encoding="utf-8"))))
    return found


def _statements(text: str) -> Sequence[str]:
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("--")]
    return [part.strip() for part in "\n".join(lines).split(";") if part.strip()]


def _checksum(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
