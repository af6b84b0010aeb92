"""Structured logs: one JSON object a line, without secrets or personal data.

What is logged is chosen by the caller; this module is the net below: values under telling keys are
replaced, and an exception is written with its place and first line only, because PostgreSQL's DETAIL
lines quote rows.
"""

from __future__ import annotations

import logging
import logging.handlers
import os
import re
import sys
import traceback
from collections.abc import MutableMapping
from io import TextIOWrapper
from pathlib import Path
from typing import Any

import structlog

from octonext.base.cards import mask_card_numbers

FILE_BYTES_MAX = 16 * 1024 * 1024
FILES_KEPT = 4
FILE_MODE = 0o640
VALUE_CHARACTERS_MAX = 2_000
TRACEBACK_FRAMES_MAX = 25

REDACTED = "[redacted]"
_TELLING = frozenset(
    {
        "secret",
        "password",
        "passphrase",
        "pin",
        "token",
        "code",
        "name",
        "names",
        "phone",
        "email",
        "address",
        "authorization",
        "cookie",
        "pem",
        "dek",
        "kek",
        "dsn",
        "customer",
    }
)
# Codes and names of our own vocabulary, which is what an operator searches for.
_HARMLESS = frozenset(
    {
        "error_code",
        "status_code",
        "exit_code",
        "close_code",
        "currency_code",
        "branch_code",
        "device_code",
        "region_code",
        "logger_name",
        "process_name",
        "application_name",
        "migration_name",
        "file_name",
        "feed_name",
    }
)
_WORD = re.compile(r"[a-z]+")

Event = MutableMapping[str, Any]


def configure(
    process: str, *, level: str = "info", file: Path | None = None, json: bool | None = None
) -> None:
    """Send every log line of this process, our own and libraries', to `file` or to stderr.

    JSON by default in a file, readable text by default on stderr. Calling it again replaces what
    was configured before.
    """
    as_json = file is not None if json is None else json
    structlog.contextvars.clear_contextvars()
    structlog.configure(
        processors=[*_shared_processors(process), structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    renderer: Any = (
        structlog.processors.JSONRenderer(sort_keys=False)
        if as_json
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_shared_processors(process),
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
    )
    handler = _handler(file)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
        old.close()
    root.addHandler(handler)
    root.setLevel(level.upper())
    # Libraries below warning are noise at any level, and some log addresses or whole requests.
    for noisy in ("asyncio", "httpx", "httpcore", "websockets", "urllib3", "clickhouse_connect"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def redact(_logger: object, _method: str, event: Event) -> Event:
    """Replace values under telling keys, also in nested mappings; cut long text."""
    return {key: _clean(key, value) for key, value in event.items()}


def brief_exception(_logger: object, _method: str, event: Event) -> Event:
    """Turn `exc_info` into `exception`: kind, first line, frames; never the rows it quotes."""
    found = event.pop("exc_info", None)
    if not found:
        return event
    error = found if isinstance(found, BaseException) else None
    if error is None:
        error = found[1] if isinstance(found, tuple) else sys.exc_info()[1]
    if error is not None:
        event["exception"] = _describe(error)
    return event


def _describe(error: BaseException) -> dict[str, Any]:
    frames = traceback.extract_tb(error.__traceback__)[-TRACEBACK_FRAMES_MAX:]
    described: dict[str, Any] = {
        "kind": type(error).__name__,
        "message": (str(error).splitlines() or [""])[0][:VALUE_CHARACTERS_MAX],
        "frames": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
    }
    if isinstance(error, BaseExceptionGroup):
        described["group"] = [_describe(member) for member in error.exceptions[:5]]
    elif error.__cause__ is not None:
        described["cause"] = _describe(error.__cause__)
    return described


def _shared_processors(process: str) -> list[Any]:
    def name_process(_logger: object, _method: str, event: Event) -> Event:
        event["process"] = process
        return event

    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        brief_exception,
        redact,
        name_process,
    ]


def _handler(file: Path | None) -> logging.Handler:
    if file is None:
        return logging.StreamHandler(sys.stderr)
    file.parent.mkdir(parents=True, exist_ok=True)
    return _PrivateFileHandler(file, maxBytes=FILE_BYTES_MAX, backupCount=FILES_KEPT, encoding="utf-8")


class _PrivateFileHandler(logging.handlers.RotatingFileHandler):
    """Every file that it opens, also after a rotation, is closed to others, whatever the umask."""

    def _open(self) -> TextIOWrapper:
        stream = super()._open()
        os.fchmod(stream.fileno(), FILE_MODE)
        return stream


def _clean(key: str, value: Any) -> Any:
    lowered = key.lower()
    if lowered not in _HARMLESS and not _TELLING.isdisjoint(_WORD.findall(lowered)):
        return REDACTED
    if isinstance(value, dict):
        return {str(inner): _clean(str(inner), each) for inner, each in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(key, each) for each in value]
    if isinstance(value, str):
        # A library's message, an exception's first line: whoever wrote it did not ask what it quotes.
        value = mask_card_numbers(value)
        if len(value) > VALUE_CHARACTERS_MAX and key != "event":
            return value[:VALUE_CHARACTERS_MAX] + "…"
    return value
