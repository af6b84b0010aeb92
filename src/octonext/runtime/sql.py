"""Named SQL statements, kept in .sql files beside the code that runs them.

A file is a row of statements, each as

    -- name: newest_sale
    -- The last sale of a branch, or no row.
    SELECT ... ;

The sentence is required: whoever reads the file learns what each statement is for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType

_NAME = re.compile(r"^-- name:[ \t]*(?P<name>\S*)[ \t]*$", re.MULTILINE)
_IDENTIFIER = re.compile(r"^[a-z][a-z0-9_]*$")


class BadQueryFile(ValueError):
    """A .sql file breaks the form; a mistake of the program, found when it starts."""


@cache
def load_queries(package: str, resource: str = "store.sql") -> Mapping[str, str]:
    """The statements of `resource` in `package` by name, without their closing semicolon."""
    text = files(package).joinpath(resource).read_text(encoding="utf-8")
    return MappingProxyType(parse_queries(text, source=f"{package}/{resource}"))


def parse_queries(text: str, *, source: str) -> dict[str, str]:
    """Split a file's text. Raises BadQueryFile naming `source`."""
    marks = list(_NAME.finditer(text))
    if not marks:
        raise BadQueryFile(f"{source}: no `-- name:` line")
    before = [line for line in text[: marks[0].start()].splitlines() if line.strip()]
    if any(not line.startswith("--") for line in before):
        raise BadQueryFile(f"{source}: a statement stands before the first name")
    queries: dict[str, str] = {}
    ends = [mark.start() for mark in marks[1:]] + [len(text)]
    for mark, end in zip(marks, ends, strict=True):
        name = mark["name"]
        if not _IDENTIFIER.match(name):
            raise BadQueryFile(f"{source}: {name!r} is not a name")
        if name in queries:
            raise BadQueryFile(f"{source}: {name} is there twice")
        queries[name] = _statement(text[mark.end() : end], f"{source}: {name}")
    return queries


def _statement(block: str, where: str) -> str:
    lines = block.strip().splitlines()
    sentence = 0
    while sentence < len(lines) and lines[sentence].startswith("--"):
        sentence += 1
    if sentence == 0 or not lines[0].removeprefix("--").strip():
        raise BadQueryFile(f"{where} has no sentence that says what it is for")
    statement = "\n".join(lines[sentence:]).strip().removesuffix(";").strip()
    if not statement:
        raise BadQueryFile(f"{where} is empty")
    return statement
