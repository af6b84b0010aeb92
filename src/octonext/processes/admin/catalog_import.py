"""Products from a CSV file into the catalogue: streamed, in batches, every bad row reported.

rows in = applied + refused, always; a row that was repaired on the way is noted as well.
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from io import BufferedReader, TextIOWrapper
from pathlib import Path
from typing import Any

from octonext.base.errors import OctoNextError
from octonext.catalog.domain.csv_rows import RowReader, resolve_columns
from octonext.catalog.domain.resources import BATCH_ROWS_MAX

from .client import Api

FILE_ROWS_MAX = 5_000_000
"""Every sku of the file is remembered to find duplicates; this many take about a gigabyte."""


class UnreadableFile(OctoNextError):
    """The CSV file cannot be opened or is not what its name says."""

    code = "unreadable_file"


@dataclass
class Tally:
    """What became of the rows so far."""

    rows: int = 0
    applied: int = 0
    created: int = 0
    refused: int = 0
    notes: int = 0


@dataclass(frozen=True)
class _Line:
    """A row on its way: the line it ends on, and the product it became."""

    number: int
    product: dict[str, Any]


def import_products(
    file: Path,
    api: Api,
    *,
    mapping: dict[str, str],
    report: Path,
    progress: Callable[[Tally, int], None],
) -> Tally:
    """Send every row of `file` (CSV, perhaps .gz, UTF-8, with a header line) to the API.

    `report` becomes a CSV of `line, sku, outcome, code, message`; outcome is refused or note.
    `progress` gets the tally and how many bytes of the file were read. Raises UnreadableFile,
    InvalidRequest for a header that cannot be used, ApiRefused, ApiUnreachable.
    """
    tally = Tally()
    batch: list[_Line] = []
    with (
        closing(_Source(file)) as source,
        report.open("w", encoding="utf-8", newline="") as report_file,
    ):
        writer = csv.writer(report_file)
        writer.writerow(["line", "sku", "outcome", "code", "message"])
        rows = source.rows()
        header = next(rows, (0, None))[1]
        if not header:
            raise UnreadableFile(f"{file} has no header line.")
        reader = RowReader(resolve_columns(header, mapping), len(header))
        for number, cells in rows:
            tally.rows += 1
            if tally.rows > FILE_ROWS_MAX:
                raise UnreadableFile(f"{file} has more than {FILE_ROWS_MAX} rows.", remedy="Split it.")
            if cells is None:
                tally.refused += 1
                writer.writerow([number, "", "refused", "not_csv", "The line is not CSV."])
                continue
            read = reader.read(cells)
            if read.refusal is not None:
                tally.refused += 1
                writer.writerow([number, "", "refused", *read.refusal])
                continue
            assert read.product is not None  # a row is refused or a product
            if read.note:
                tally.notes += 1
                writer.writerow([number, read.product["sku"], "note", "repaired", read.note])
            batch.append(_Line(number, read.product))
            if len(batch) == BATCH_ROWS_MAX:
                _send(api, batch, tally, writer)
                batch = []
                progress(tally, source.bytes_read)
        if batch:
            _send(api, batch, tally, writer)
        progress(tally, source.bytes_read)
    return tally


def _send(api: Api, batch: list[_Line], tally: Tally, writer: Any) -> None:
    # The same batch twice changes nothing the second time, so it may be repeated.
    result = api.post("/products:batch", {"rows": [line.product for line in batch]}, repeat=True)
    tally.applied += result["applied"]
    tally.created += result["created"]
    tally.refused += len(result["errors"])
    for error in result["errors"]:
        line = batch[error["index"]]
        writer.writerow([line.number, line.product["sku"], "refused", error["code"], error["message"]])


class _Source:
    """The file as numbered CSV rows, knowing how far it has been read."""

    def __init__(self, file: Path) -> None:
        self._file = file
        try:
            self._raw: BufferedReader = file.open("rb")
        except OSError as error:
            raise UnreadableFile(f"{file} cannot be read: {error.strerror}.") from None
        compressed = self._raw.peek(2)[:2] == b"\x1f\x8b"
        stream: Any = gzip.GzipFile(fileobj=self._raw) if compressed else self._raw
        # Bytes that are not UTF-8 become lone surrogates, so that their row can be named and refused.
        self._text = TextIOWrapper(stream, encoding="utf-8-sig", errors="surrogateescape", newline="")

    @property
    def bytes_read(self) -> int:
        """Of the file as it lies on the disk, compressed or not."""
        return self._raw.tell()

    def rows(self) -> Iterator[tuple[int, list[str] | None]]:
        """Line number and cells; None for what is not CSV. Blank lines are no rows."""
        reader = csv.reader(self._text, strict=False)
        while True:
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error:
                yield reader.line_num, None
                continue
            except (OSError, EOFError) as error:
                raise UnreadableFile(f"{self._file} breaks off: {error}.") from None
            if cells:
                yield reader.line_num, cells

    def close(self) -> None:
        self._text.close()
        self._raw.close()
