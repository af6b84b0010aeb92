"""spec/vectors/card.json: what every language of the project must find and mask alike."""

from __future__ import annotations

import json
from pathlib import Path

from octonext.base.cards import contains_card_number, mask_card_numbers

VECTORS = json.loads((Path(__file__).parents[2] / "spec/vectors/card.json").read_text(encoding="utf-8"))


def test_card_numbers_are_masked_as_the_vectors_say() -> None:
    for each in VECTORS["masked"]:
        assert mask_card_numbers(each["text"]) == each["masked"], each
        assert contains_card_number(each["text"]) == (each["masked"] != each["text"]), each
