from __future__ import annotations

import csv
import gzip
from pathlib import Path

import pytest

from octonext.processes.replay.domain.rows import COLUMNS, Reported, Row
from octonext.processes.replay.file import (
    TransactionsUnreadable,
    check_transactions,
    read_transactions,
    write_report,
)

HEAD = ",".join(COLUMNS)
LINE = "536365,85123A,HOLDER,6,2010-12-01 08:26:00,2.55,17850.0,United Kingdom"


def write(folder: Path, text: str | bytes, name: str = "file.csv") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_plain_and_packed_files_are_read_alike(tmp_path: Path, end: str) -> None:
    text = end.join([HEAD, LINE, LINE, ""])
    plain = read_transactions(write(tmp_path, text))
    packed = read_transactions(write(tmp_path, gzip.compress(text.encode()), "file.csv.gz"))
    assert plain == packed
    assert [record.line for record in plain] == [2, 3]
    assert all(isinstance(record, Row) for record in plain)


def test_a_byte_order_mark_and_empty_lines_are_no_data(tmp_path: Path) -> None:
    path = write(tmp_path, b"\xef\xbb\xbf" + f"{HEAD}\n\n{LINE}\n\n".encode())
    assert [record.line for record in read_transactions(path)] == [3]


def test_a_record_over_several_lines_is_named_by_its_first(tmp_path: Path) -> None:
    broken = LINE.replace("HOLDER", '"TWO\nLINES"')
    records = read_transactions(write(tmp_path, f"{HEAD}\n{broken}\n{LINE}\n"))
    assert [record.line for record in records] == [2, 4]


def test_bad_lines_are_reported_and_the_rest_is_read(tmp_path: Path) -> None:
    text = "\n".join([HEAD, "only,three,fields", LINE, LINE.replace("2.55", "?"), LINE])
    records = read_transactions(write(tmp_path, text))
    assert [record.reason if isinstance(record, Reported) else "row" for record in records] == [
        "wrong_columns", "row", "invalid_amount", "row",
    ]  # fmt: skip


def test_a_quotation_mark_that_swallows_the_file_is_one_report(tmp_path: Path) -> None:
    text = "\n".join([HEAD, LINE.replace("HOLDER", '"HOLDER'), *[LINE] * 400])
    records = read_transactions(write(tmp_path, text))
    assert isinstance(records[0], Reported)
    assert (records[0].line, records[0].reason) == (2, "not_csv")
    assert csv.field_size_limit() > 100_000  # other readers of this process keep their limit


def test_only_so_many_records_are_read(tmp_path: Path) -> None:
    assert len(read_transactions(write(tmp_path, "\n".join([HEAD, *[LINE] * 5])), limit=3)) == 3


@pytest.mark.parametrize(
    ("content", "name", "message"),
    [
        (b"", "file.csv", "has the columns of an empty file"),
        (b"a,b,c\n1,2,3\n", "file.csv", "has the columns a, b, c"),
        (b"\x1f\x8bnot gzip at all", "file.csv.gz", "is damaged"),
        (gzip.compress(f"{HEAD}\n{LINE}\n".encode() * 50)[:-20], "file.csv.gz", "is damaged"),
        (f"{HEAD}\n".encode() + b"\xa3\xff\n", "file.csv", "is not UTF-8"),
    ],
)
def test_what_is_no_transactions_file_is_refused_in_one_line(
    tmp_path: Path, content: bytes, name: str, message: str
) -> None:
    path = write(tmp_path, content, name)
    with pytest.raises(TransactionsUnreadable, match=message) as caught:
        read_transactions(path)
    assert "\n" not in str(caught.value)


def test_a_missing_file_or_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TransactionsUnreadable, match="There is no file"):
        check_transactions(tmp_path / "nothing.csv")
    with pytest.raises(TransactionsUnreadable, match="cannot be read"):
        check_transactions(tmp_path)


def test_the_report_names_line_reason_and_detail(tmp_path: Path) -> None:
    path = tmp_path / "report.csv"
    write_report(path, [Reported(7, "bad_debt", 'says "so"')])
    assert list(csv.reader(path.open(encoding="utf-8"))) == [
        ["line", "reason", "detail"],
        ["7", "bad_debt", 'says "so"'],
    ]


def test_a_report_that_cannot_be_written_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(TransactionsUnreadable, match="cannot be written"):
        write_report(tmp_path / "no" / "folder.csv", [])
