"""Settings that tills could not obey are refused, each with its place; a branch's win over its region's."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from octonext.sales.till_settings.domain import TillSettings, TillSettingsInvalid, check, merged

WEIGHT = {"prefix": "21", "item_digits": 5, "holds": "weight", "value_digits": 5, "decimals": 3}


def settings(**members: Any) -> TillSettings:
    return msgspec.convert(members, TillSettings)


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"cash_rounding": 5, "tenders": ["cash", "knet", "card", "on_account"]},
        {"cash_rounding": None, "scale_rules": []},
        {"scale_rules": [WEIGHT, WEIGHT | {"prefix": "22", "holds": "price", "decimals": 2}]},
        {"scale_rules": [WEIGHT | {"item_digits": 4, "value_digits": 6}]},
        {"discount_limit_ppm": {"cashier": 0, "supervisor": 0, "manager": 1_000_000}},
        {"idle_lock_seconds": 15, "blind_count": False, "receipt": {"footer_ar": "شكرا"}},
    ],
)
def test_what_tills_can_obey_is_taken(members: dict[str, Any]) -> None:
    check(settings(**members))


@pytest.mark.parametrize(
    ("members", "why"),
    [
        ({"tenders": ["cash", "shells"]}, "'shells' is none; there are cash, card"),
        ({"tenders": ["cash", "exchange"]}, "'exchange' is none"),
        ({"tenders": ["cash", "card", "card"]}, "twice"),
        ({"tenders": ["card"]}, "cash must be among them"),
        ({"scale_rules": [WEIGHT | {"prefix": "2"}]}, "two digits from 20 to 29"),
        ({"scale_rules": [WEIGHT | {"prefix": "30"}]}, "two digits from 20 to 29"),
        ({"scale_rules": [WEIGHT | {"prefix": "٢١"}]}, "two digits from 20 to 29"),
        ({"scale_rules": [WEIGHT | {"value_digits": 4}]}, "make 12 digits, an EAN-13 has 13"),
        ({"scale_rules": [WEIGHT | {"item_digits": 8, "value_digits": 2}]}, "more decimals than digits"),
        ({"scale_rules": [WEIGHT | {"decimals": 4}]}, "three decimals"),
        ({"scale_rules": [WEIGHT, WEIGHT]}, "two rules for the prefix 21"),
        ({"discount_limit_ppm": {"cashier": 2, "supervisor": 1, "manager": 3}}, "no less than a cashier"),
    ],
)
def test_what_tills_could_not_obey_is_refused_with_its_place(members: dict[str, Any], why: str) -> None:
    with pytest.raises(TillSettingsInvalid) as caught:
        check(settings(**members))
    assert why in caught.value.message


def test_every_fault_is_told_at_once() -> None:
    with pytest.raises(TillSettingsInvalid, match=r"tenders: .*scale_rules, rule 1: "):
        check(settings(tenders=["card"], scale_rules=[WEIGHT | {"prefix": "30"}]))


@pytest.mark.parametrize(
    "members",
    [
        {"cash_rounding": 0}, {"cash_rounding": 201}, {"cash_rounding": 5.5}, {"tenders": []},
        {"idle_lock_seconds": 14}, {"idle_lock_seconds": 3601}, {"blind_count": "yes"},
        {"discount_limit_ppm": {"cashier": 0, "supervisor": 0}}, {"surprise": 1},
        {"discount_limit_ppm": {"cashier": 0, "supervisor": 0, "manager": 1_000_001}},
        {"receipt": {"footer_en": "x" * 201}}, {"receipt": {"footer_en": "a\nb\x00"}},
        {"scale_rules": [WEIGHT | {"holds": "volume"}]},
    ],
)  # fmt: skip
def test_what_is_no_such_value_does_not_decode(members: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        settings(**members)


def test_a_branchs_members_win_and_a_null_is_a_member() -> None:
    region = settings(cash_rounding=5, tenders=["cash", "knet"], receipt={"phone": "1", "footer_en": "Bye"})
    branch = settings(cash_rounding=None, receipt={"phone": "2"})
    assert msgspec.to_builtins(merged(region, branch)) == {
        "cash_rounding": None, "tenders": ["cash", "knet"], "receipt": {"phone": "2", "footer_en": "Bye"},
    }  # fmt: skip
    assert merged(region, TillSettings()) == region
    assert merged(TillSettings(), TillSettings()) == TillSettings()
