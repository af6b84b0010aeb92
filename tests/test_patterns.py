"""A pattern of any struct means the whole text: Python's `$` alone would let a last line break pass."""

from __future__ import annotations

import re
import sys
import types
import typing
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

# Whatever callers and tills may send is imported with it.
import octonext.processes.gateway
from octonext.shards.directory.domain import Jurisdiction

#: Texts of every form that our patterns describe: each pattern must take one of these.
SAMPLES = ("KW", "12345", "A1", "KW-1", "kw-1", "SA-15")
IMPORTED = octonext.processes.gateway


def patterns() -> dict[str, str]:
    """Every pattern of a field of a struct in the package, by where it stands."""
    found: dict[str, str] = {}
    for name in sorted(name for name in sys.modules if name.startswith("octonext.")):
        for each in vars(sys.modules[name]).values():
            if isinstance(each, type) and issubclass(each, msgspec.Struct):
                for field in msgspec.structs.fields(each):
                    for pattern in patterns_of(field.type):
                        found[f"{each.__module__}.{each.__name__}.{field.name}: {pattern}"] = pattern
    return found


def patterns_of(kind: Any) -> Iterator[str]:
    for extra in getattr(kind, "__metadata__", ()):
        if isinstance(extra, msgspec.Meta) and extra.pattern is not None:
            yield extra.pattern
    if typing.get_origin(kind) is not None or isinstance(kind, types.UnionType):
        for inner in typing.get_args(kind):
            yield from patterns_of(inner)


def test_no_pattern_of_any_struct_takes_a_line_break_at_the_end() -> None:
    found = patterns()
    assert len(found) > 20, "the walk found hardly anything"
    for place, pattern in found.items():
        taken = [text for text in SAMPLES if re.search(pattern, text)]
        assert taken, f"no sample fits {place}"
        # A text that may hold a line break in its middle may end in one.
        strict = [text for text in taken if re.search(pattern, f"{text}\n{text}") is None]
        assert not [text for text in strict if re.search(pattern, text + "\n")], place


@pytest.mark.parametrize("text", ["KW\n", "KW\r", "KW ", "\nKW"])
def test_the_decoder_refuses_what_stands_around_a_code(text: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(text, type=Jurisdiction)
