"""Names stay what they are; what breaks a receipt is taken out."""

from __future__ import annotations

import re

import pytest

from octonext.base.text import PRINTABLE_PATTERN, has_controls, without_controls


@pytest.mark.parametrize("text", ["a\nb", "a\n", "\x00", "a\x85b", "tab\there", "a\u2028b", "\x7f"])
def test_control_characters_are_found_and_become_one_space(text: str) -> None:
    assert has_controls(text)
    assert re.search(PRINTABLE_PATTERN, text) is None
    assert not has_controls(without_controls(text))


@pytest.mark.parametrize("text", ["", "قهوة\u200f عربية", "👨‍👩‍👧 Family", 'Quote " and, comma', "می‌خواهم"])
def test_joiners_direction_marks_and_emoji_are_kept(text: str) -> None:
    assert not has_controls(text)
    assert re.search(PRINTABLE_PATTERN, text) is not None
    assert without_controls(text) == text


def test_a_run_of_controls_is_one_space() -> None:
    assert without_controls("\tTea\r\n\x00 100 bags\n") == "Tea  100 bags"
