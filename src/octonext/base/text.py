"""Text that people read: on receipts, screens and in logs, where control characters do harm."""

from __future__ import annotations

import re

# Characters that print nothing and break receipts, logs and terminals. Joiners and direction marks
# (Unicode category Cf) are not among them: Arabic, Persian and emoji need those.
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")

PRINTABLE_PATTERN = r"^[^\u0000-\u001f\u007f-\u009f\u2028\u2029]*(?!\n)$"
"""The same as a pattern of a schema. `$` alone would let a last line break pass in Python."""


def has_controls(text: str) -> bool:
    """Whether the text holds a control character, a line break included."""
    return _CONTROLS.search(text) is not None


def without_controls(text: str) -> str:
    """The text with each run of control characters as one space, and no space around it."""
    return _CONTROLS.sub(" ", text).strip()
