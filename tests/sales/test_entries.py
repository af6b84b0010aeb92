"""What a journal entry may say in its codes, and that remembering good ones has an end."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from octonext.sales import entries
from octonext.sales.entries import CODES_MET_MAX, DrawerOpened, Sale, decode_entry

ID = "01900000-0000-7000-8000-000000000001"


def sale(*, tax_code: str = "SA-S", tender: str = "cash") -> bytes:
    line = {
        "product": ID,
        "quantity": 1000,
        "unit_price": 1150,
        "tax_code": tax_code,
        "rate_ppm": 150_000,
        "tax": 150,
        "total": 1150,
    }
    return msgspec.json.encode(
        _common("sale")
        | {"currency": "SAR", "lines": [line], "total": 1150, "tax": 150}
        | {"payments": [{"tender": tender, "amount": 1150}]}
    )


def _common(kind: str) -> dict[str, Any]:
    at = "2026-03-01T08:00:00Z"
    return {"kind": kind, "v": 1, "seq": 1, "shift": ID, "cashier": ID, "at": at, "hlc": 1}


BAD = ["two words", "caf\u00e9", "a\n", "semi;colon", "nul\0"]


@pytest.mark.parametrize("code", BAD)
@pytest.mark.parametrize("member", ["tax_code", "tender"])
def test_a_code_of_other_characters_is_not_understood(member: str, code: str) -> None:
    for _ in range(2):  # a bad one is not remembered as good
        with pytest.raises(msgspec.ValidationError, match="is not a code"):
            decode_entry(sale(**{member: code}))


@pytest.mark.parametrize("code", BAD)
def test_a_reason_of_other_characters_is_not_understood(code: str) -> None:
    adjusted = {"reason": code, "lines": [{"product": ID, "quantity": -1000}]}
    with pytest.raises(msgspec.ValidationError, match="is not a code"):
        decode_entry(msgspec.json.encode(_common("stock_adjusted") | adjusted))


@pytest.mark.parametrize("scope", ["line\n", "cart\n", "", "goods"])
def test_a_void_of_something_else_is_not_understood(scope: str) -> None:
    with pytest.raises(msgspec.ValidationError, match="scope"):
        decode_entry(msgspec.json.encode(_common("void") | {"scope": scope, "amount": 5}))


@pytest.mark.parametrize("text", ["a\0", "a\0\n", "\0\n"])
def test_a_text_with_nul_is_not_understood(text: str) -> None:
    with pytest.raises(msgspec.ValidationError, match="reason"):
        decode_entry(msgspec.json.encode(_common("drawer_opened") | {"reason": text}))


def test_a_text_may_have_more_than_one_line() -> None:
    entry = decode_entry(msgspec.json.encode(_common("drawer_opened") | {"reason": "a\nb\n"}))
    assert isinstance(entry, DrawerOpened)
    assert entry.reason == "a\nb\n"


def test_codes_that_nobody_made_do_not_fill_the_memory() -> None:
    for number in range(CODES_MET_MAX + 10):
        entry = decode_entry(sale(tax_code=f"X-{number}"))
        assert isinstance(entry, Sale)
    assert len(entries._codes_met) <= CODES_MET_MAX
