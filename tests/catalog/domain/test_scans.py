"""spec/vectors/scan.json: what a code says besides which goods it is on."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from octonext.catalog.domain.scans import ScaleRule, expand_upc_e, parse_elements, read_scale_label

VECTORS = json.loads((Path(__file__).parents[3] / "spec/vectors/scan.json").read_text(encoding="utf-8"))


def test_upc_e_stands_for_upc_a() -> None:
    # Published pairs: GS1 General Specifications, 5.2.1.4, and the number systems 0 and 1.
    assert expand_upc_e("01234565") == "012345000065"
    assert expand_upc_e("04252614") == "042100005264"
    for each in VECTORS["upc_e"]:
        assert expand_upc_e(each["code"]) == each["upca"], each


@pytest.mark.parametrize("each", VECTORS["scale"], ids=lambda each: each["code"])
def test_a_scales_label_holds_a_weight_or_a_price(each: dict[str, Any]) -> None:
    label = read_scale_label(each["code"], ScaleRule(**each["rule"]), each["exponent"])
    assert (label and asdict(label)) == each["label"]


@pytest.mark.parametrize("each", VECTORS["elements"], ids=lambda each: ascii(each["text"]))
def test_an_element_string_is_read_in_all_its_forms(each: dict[str, Any]) -> None:
    elements = parse_elements(each["text"], each["year"])
    expected = each["elements"]
    if expected is None or elements is None:
        assert elements is expected
        return
    price = expected["price"]
    assert asdict(elements) == {**expected, "price": price and (price["value"], price["decimals"])}
