"""The words on the screen, read from the page's own dictionaries: a test finds what a person would read."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

SOURCES = Path(__file__).resolve().parents[2] / "web" / "apps" / "pos" / "src"
#: `"key": "text"`, or the `other` form of a plural.
_ENTRY = re.compile(r'"([\w.]+)":\s*(?:\{[^{}]*?\bother:\s*)?("(?:[^"\\]|\\.)*")', re.DOTALL)


class Words:
    """The dictionary of one language; `{name}` in a text is filled by `params`."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._texts: dict[str, str] = {}
        for path in sorted(SOURCES.rglob("*.ts")):
            if path.stem == language or path.stem.endswith(f".{language}") or path.parent.name == language:
                for key, text in _ENTRY.findall(path.read_text(encoding="utf-8")):
                    self._texts[key] = json.loads(text)

    def __call__(self, key: str, **params: str) -> str:
        text = self._texts[key]
        for name, value in params.items():
            text = text.replace("{" + name + "}", value)
        return text

    def pattern(self, key: str) -> re.Pattern[str]:
        """The text with anything where it is to be filled in."""
        return re.compile(re.sub(r"\\\{\w+\\\}", ".+", re.escape(self._texts[key])))


@cache
def words(language: str) -> Words:
    return Words(language)
