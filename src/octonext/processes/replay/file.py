"""The files of a replay: the transactions that are read, and the report of lines that became nothing."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from octonext.base.errors import OctoNextError

from .domain.rows import COLUMNS, Reported, Row, read_row

if TYPE_CHECKING:
    import _csv

_GZIP_MAGIC = b"\x1f\x8b"
#: Descriptions are short; a longer field is a missing quotation mark that swallows the file.
FIELD_CHARACTERS_MAX = 10_000
PROGRESS_ROWS = 5_000

Progress = Callable[[int], None]


class TransactionsUnreadable(OctoNextError):
    """The file is not a transactions file."""

    code = "transactions_unreadable"


def check_transactions(path: Path) -> None:
    """Look at the beginning of the file, to refuse a wrong one at once. Raises TransactionsUnreadable."""
    with _translated(path), _opened(path) as text:
        _check_header(path, next(csv.reader(text), []))


def read_transactions(
    path: Path, *, limit: int | None = None, progress: Progress | None = None
) -> list[Row | Reported]:
    """Every record of the file, at most `limit`, in order. Raises TransactionsUnreadable."""
    records: list[Row | Reported] = []
    with _translated(path), _opened(path) as text, _field_limit():
        reader = csv.reader(text)
        _check_header(path, next(reader, []))
        for line, fields in _numbered(reader):
            if fields == []:
                continue  # an empty line is no record
            if limit is not None and len(records) >= limit:
                break
            records.append(fields if isinstance(fields, Reported) else read_row(line, fields))
            if progress is not None and len(records) % PROGRESS_ROWS == 0:
                progress(len(records))
    return records


def write_report(path: Path, reported: Iterable[Reported]) -> None:
    """Write the lines that were not applied: line number, reason, detail. Raises TransactionsUnreadable."""
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(("line", "reason", "detail"))
            writer.writerows(reported)
    except OSError as error:
        raise TransactionsUnreadable(f"{path} cannot be written: {error.strerror}.") from None


@contextmanager
def _opened(path: Path) -> Iterator[io.TextIOBase]:
    with path.open("rb") as raw:
        packed = raw.read(len(_GZIP_MAGIC)) == _GZIP_MAGIC
        raw.seek(0)
        stream = gzip.GzipFile(fileobj=raw) if packed else raw
        # The byte order mark of a spreadsheet is not part of the first column's name.
        with io.TextIOWrapper(stream, encoding="utf-8-sig", newline="") as text:
            yield text


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise TransactionsUnreadable(f"There is no file {path}.") from None
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise TransactionsUnreadable(
            f"{path} is damaged: {error}.", remedy="Copy or download it again."
        ) from None
    except UnicodeDecodeError as error:
        raise TransactionsUnreadable(
            f"{path} is not UTF-8 text: {error.reason}.", remedy="Convert it, for example with iconv."
        ) from None
    except OSError as error:
        raise TransactionsUnreadable(f"{path} cannot be read: {error.strerror or error}.") from None


def _check_header(path: Path, header: list[str]) -> None:
    if tuple(name.strip() for name in header) != COLUMNS:
        raise TransactionsUnreadable(
            f"{path} has the columns {', '.join(header)[:200] or 'of an empty file'}.",
            remedy=f"Expected are: {', '.join(COLUMNS)}.",
        )


@contextmanager
def _field_limit() -> Iterator[None]:
    before = csv.field_size_limit(FIELD_CHARACTERS_MAX)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _numbered(reader: _csv.Reader) -> Iterator[tuple[int, list[str] | Reported]]:
    """Records with the line on which each begins: a quoted field may hold line breaks."""
    while True:
        line = reader.line_num + 1
        try:
            yield line, next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            # The reader goes on behind what it could not take.
            yield line, Reported(line, "not_csv", str(error))
