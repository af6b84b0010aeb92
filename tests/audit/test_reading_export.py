"""Lines of an export: nothing in a cell runs, nothing is lost, and a reader of the screen sees who it was."""

from __future__ import annotations

import csv
import io
from typing import Any

import msgspec
import pytest

from octonext.audit.reading.export import COLUMNS, line_writer
from octonext.processes.audit.filters import parameters
from octonext.processes.audit.show import cells

ROW: dict[str, Any] = {
    "database": "kw-1", "region": "KW", "at": "2026-03-31T12:00:00.000001Z", "transaction": "812",
    "number": 5, "operation": "update", "table": "branch", "event": None, "key": {"branch_id": 7},
    "before": {"name_en": "A"}, "after": {"name_en": '=HYPERLINK("x")'},
    "actor": {
        "kind": "token", "id": "t", "name": "=1+1", "ip": "10.1.2.3", "device_id": None,
        "key_thumbprint": None, "user_agent": "@SUM(A1)", "app_version": None,
        "request_id": " -r", "claim": None,
    },
    "connection": {
        "login_role": "octonext_app", "session_role": "octonext_app", "set_role": "none", "address": None,
        "application": "+gateway", "pid": 9, "replication_role": "origin",
    },
}  # fmt: skip


def csv_row(row: dict[str, Any]) -> dict[str, str]:
    head, line = line_writer("csv")
    [read] = csv.DictReader(io.StringIO(head + line(row), newline=""))
    return read


def test_no_cell_begins_like_a_formula() -> None:
    read = csv_row(ROW)
    assert read["actor.name"] == "'=1+1"
    assert read["actor.user_agent"] == "'@SUM(A1)"
    assert read["actor.request_id"] == "' -r"
    assert read["connection.application"] == "'+gateway"
    assert not any(cell.lstrip(" ").startswith(tuple("=+-@\t\r\n＝＋－＠")) for cell in read.values())


@pytest.mark.parametrize("text", ["a,b", 'a"b', "a\nb", "a\r\nb", "a;b", "كاري"])
def test_a_cell_may_hold_what_separates_cells(text: str) -> None:
    assert csv_row({**ROW, "actor": {**ROW["actor"], "name": text}})["actor.name"] == text


def test_every_member_of_a_row_has_its_column_and_an_absent_actor_leaves_cells_empty() -> None:
    names = [name for name in ROW if name not in ("actor", "connection")]
    names += [f"{part}.{name}" for part in ("actor", "connection") for name in ROW[part]]
    assert sorted(COLUMNS) == sorted(names)
    read = csv_row({**ROW, "actor": None, "connection": None})
    assert read["actor.kind"] == read["connection.pid"] == ""
    assert read["key"] == '{"branch_id":7}'


def test_a_line_of_json_is_the_row_itself() -> None:
    _, line = line_writer("jsonl")
    text = line({**ROW, "event": "a\nb"})
    assert text.count("\n") == 1
    assert msgspec.json.decode(text) == {**ROW, "event": "a\nb"}


def test_the_screen_says_who_it_was_and_when_triggers_slept() -> None:
    assert cells(ROW)[2] == "token =1+1, 10.1.2.3"
    nobody = {
        **ROW,
        "actor": {**dict.fromkeys(ROW["actor"]), "kind": "none"},
        "connection": {**ROW["connection"], "login_role": "postgres", "replication_role": "replica"},
    }
    assert cells(nobody)[2] == "none, as postgres by +gateway, triggers asleep"
    assert cells({**ROW, "actor": None, "connection": None})[2] == "unknown"


def test_a_day_is_midnight_utc_and_an_offset_stays() -> None:
    given = parameters(since="2026-03-31", until="2026-03-31 12:00+03:00", table=None, device=7)
    assert given == {"since": "2026-03-31T00:00:00Z", "until": "2026-03-31T12:00+03:00", "device": 7}
    assert parameters(since="2026-03-31T12:00:00") == {"since": "2026-03-31T12:00:00Z"}
