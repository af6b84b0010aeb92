"""How rows get into the store: as the text that a source wrote, in one statement a page.

The embedded store reads them from a file that lies beside its own data, so on the same encrypted
disk; a server gets them with the request. Both say in one SELECT what is stored of them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import uuid4

from clickhouse_connect.driver.client import Client

from octonext.runtime.sql import load_queries

from ..domain.batches import FeedTable
from .clients import Chdb, ClickHouse

_queries = load_queries("octonext.reporting")


class Spool:
    """Where rows wait while they are inserted."""

    def __init__(self, engine: Chdb | ClickHouse) -> None:
        self._folder: Path | None = engine.path.with_name("incoming") if isinstance(engine, Chdb) else None
        self._types: dict[tuple[str, str], str] = {}

    def open(self, client: Client) -> None:
        """Learn the columns' types, and clear away what a crash left."""
        found = client.query(_queries["column_types"]).result_rows
        self._types = {(table, column): of for table, column, of in found}
        if self._folder is not None:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for left in self._folder.iterdir():
                left.unlink()

    def insert(self, client: Client, table: FeedTable, rows: bytes, settings: dict[str, Any]) -> None:
        """Insert `rows`, COPY text. Raises ClickHouseError, OSError."""
        shape = _quoted(", ".join(f"{column} {self._types[table.name, column]}" for column in table.columns))
        if self._folder is None:
            statement, parameters = _statement(table, f"input({shape})", rows)
            client.command(
                f"{statement} FORMAT TabSeparated", parameters=parameters, data=rows, settings=settings
            )
            return
        file = self._folder / uuid4().hex
        try:
            file.write_bytes(rows)
            origin = f"file({_quoted(str(file))}, 'TabSeparated', {shape})"
            statement, parameters = _statement(table, origin, rows)
            client.command(statement, parameters=parameters, settings=settings)
        finally:
            file.unlink(missing_ok=True)


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _statement(table: FeedTable, origin: str, rows: bytes) -> tuple[str, dict[str, object]]:
    columns = ", ".join(table.columns)
    if table.name != "sale_line":
        return f"INSERT INTO {table.name} ({columns}) SELECT {columns} FROM {origin}", {}  # noqa: S608 -- names of our own
    # A page may begin within a receipt: then the one before brought its first lines, and it is of the
    # same transaction, for a push is one.
    xid, row_id, source, _ = rows.split(b"\t", 3)
    first_of_product = _queries["first_of_product"]
    return (
        f"INSERT INTO sale_line ({columns}, first_of_product) "  # noqa: S608 -- names of our own
        f"SELECT {columns}, {first_of_product} FROM {origin}"
    ), {"xid": int(xid), "id": int(row_id), "source": source.decode()}
