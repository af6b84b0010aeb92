"""Codes that survive being read aloud."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octonext.shards.directory.domain import (
    EnrolmentRefused,
    RegionDraft,
    UnknownTimeZone,
    check_region,
    enrolment_code,
    plain_code,
)


@given(st.binary(min_size=10, max_size=10))
def test_a_code_is_understood_however_it_is_typed(random: bytes) -> None:
    code = enrolment_code(random)
    plain = code.replace("-", "")
    assert len(plain) == 16
    for typed in (code, code.lower(), plain, f"  {code.replace('-', ' ')} "):
        assert plain_code(typed) == plain
    assert plain_code(code.replace("0", "o").replace("1", "l")) == plain


@given(st.text(max_size=40))
def test_any_other_text_is_a_whole_code_or_refused(text: str) -> None:
    with suppress(EnrolmentRefused):
        assert len(plain_code(text)) == 16


def test_a_region_needs_a_time_zone_that_exists() -> None:
    draft = RegionDraft(code="KW", jurisdiction="KW", currency="KWD", time_zone="Asia/Kuwaitt", name_en="K")
    with pytest.raises(UnknownTimeZone):
        check_region(draft)
