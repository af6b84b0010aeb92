from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from octonext.runtime.logging import REDACTED, configure


@pytest.fixture
def lines(tmp_path: Path) -> Iterator[Callable[[], list[dict[str, Any]]]]:
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    for handler in before:
        root.removeHandler(handler)
    file = tmp_path / "logs" / "test.log"
    configure("test", level="info", file=file)
    yield lambda: [json.loads(line) for line in file.read_text().splitlines()]
    for handler in list(root.handlers):
        root.removeHandler(handler)
        handler.close()
    for handler in before:
        root.addHandler(handler)
    root.setLevel(level)
    structlog.reset_defaults()


def test_a_line_is_one_json_object_that_names_its_process(lines: Callable[[], list[dict[str, Any]]]) -> None:
    structlog.get_logger("octonext.test").info("push_applied", shard="kw-1", entries=3)
    (line,) = lines()
    assert line["process"] == "test"
    assert (line["event"], line["shard"], line["entries"]) == ("push_applied", "kw-1", 3)


def test_libraries_write_into_the_same_file(lines: Callable[[], list[dict[str, Any]]]) -> None:
    logging.getLogger("some.library").warning("slow: %d ms", 12)
    assert lines()[0]["event"] == "slow: 12 ms"


@pytest.mark.parametrize(
    "key", ["password", "pin", "api_token", "customer_name", "phone", "enrolment_code", "name_ar", "dsn"]
)
def test_telling_keys_are_replaced(lines: Callable[[], list[dict[str, Any]]], key: str) -> None:
    structlog.get_logger().info("x", **{key: "value", "inner": {key: "value"}, "error_code": "gap"})
    (line,) = lines()
    assert (line[key], line["inner"][key], line["error_code"]) == (REDACTED, REDACTED, "gap")


def test_an_exception_shows_its_place_but_not_the_rows_it_quotes(
    lines: Callable[[], list[dict[str, Any]]],
) -> None:
    try:
        raise ValueError("duplicate key\nDETAIL: Key (phone)=(+965 5555 1234) already exists.")
    except ValueError:
        structlog.get_logger().exception("failed")
        logging.getLogger("library").exception("failed")
    for line in lines():
        assert line["exception"]["kind"] == "ValueError"
        assert line["exception"]["message"] == "duplicate key"
        assert "test_logging.py" in line["exception"]["frames"][-1]
        assert "5555" not in json.dumps(line)


def test_lines_below_the_level_are_left_out(lines: Callable[[], list[dict[str, Any]]]) -> None:
    structlog.get_logger().debug("x")
    assert lines() == []


def test_every_file_is_closed_to_others_also_after_a_rotation(
    tmp_path: Path, lines: Callable[[], list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("octonext.runtime.logging.FILE_BYTES_MAX", 300)
    before = os.umask(0o022)
    try:
        configure("test", file=tmp_path / "logs" / "small.log")
        for number in range(12):
            structlog.get_logger().info("line", number=number)
    finally:
        os.umask(before)
    modes = {file.name: file.stat().st_mode & 0o777 for file in (tmp_path / "logs").glob("small.log*")}
    assert len(modes) > 2
    assert set(modes.values()) == {0o640}


def test_a_card_number_is_masked_wherever_it_stands(lines: Callable[[], list[dict[str, Any]]]) -> None:
    card = "4111 1111 1111 1111"
    structlog.get_logger().info("x", detail=f"not {card}", inner={"said": [card]})
    logging.getLogger("some.library").warning("refused: %s", card)
    try:
        raise ValueError(f"{card} is no date")
    except ValueError:
        structlog.get_logger().exception("failed")
    for line in lines():
        assert "4111 1111" not in json.dumps(line)
        assert "**** **** **** 1111" in json.dumps(line)
