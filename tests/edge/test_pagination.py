"""Cursors come back as they were given, and nothing else is taken for one."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octonext.edge.errors import InvalidRequest
from octonext.edge.pagination import decode_cursor, decode_number_cursor, encode_cursor, page_of


@given(st.text(st.characters(exclude_characters="\0", codec="utf-8"), min_size=1))
def test_a_cursor_gives_its_key_back(key: str) -> None:
    assert decode_cursor(encode_cursor(key)) == key


@given(st.text(max_size=60))
def test_any_text_as_a_cursor_is_a_key_or_a_refusal(text: str) -> None:
    with suppress(InvalidRequest):
        decode_cursor(text)


@pytest.mark.parametrize("key", ["-1", "1.5", "²", "99999999999", "x"])
def test_a_number_cursor_takes_only_numbers(key: str) -> None:
    with pytest.raises(InvalidRequest):
        decode_number_cursor(encode_cursor(key))


def test_the_row_beyond_the_limit_only_tells_that_there_is_more() -> None:
    page = page_of(["a", "b", "c"], 2, lambda row: row)
    assert page.items == ["a", "b"]
    assert decode_cursor(page.next_cursor) == "b"
    assert page_of(["a", "b"], 2, lambda row: row).next_cursor is None
