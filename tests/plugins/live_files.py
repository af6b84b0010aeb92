"""Files below a folder that somebody may be writing in: what goes while we look is passed over."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path


def files_below(folder: Path) -> Iterator[Path]:
    """Every file that is no link. pathlib raises when a folder goes between being found and being listed."""
    for inside, _, names in os.walk(folder):
        for name in names:
            file = Path(inside, name)
            if file.is_file() and not file.is_symlink():
                yield file


def contents_below(folder: Path) -> Iterator[tuple[Path, bytes]]:
    """Each of these files with what is in it."""
    for file in files_below(folder):
        with suppress(FileNotFoundError):
            yield file, file.read_bytes()


def holding(folder: Path, text: bytes, *, least: int = 1) -> list[Path]:
    """The files that hold `text`, of at least so many that were read: a search of nothing finds nothing."""
    read, found = 0, []
    for file, content in contents_below(folder):
        read += 1
        if text in content:
            found.append(file)
    assert read >= least, f"only {read} files were read below {folder}"
    return found
