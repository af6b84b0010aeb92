"""The hash chain, and the vectors every language must satisfy."""

import json
from pathlib import Path

import pytest

from octonext.crypto import chain

VECTORS = Path(__file__).parents[2] / "spec" / "vectors" / "chain.json"


def test_every_vector_links_to_its_hash() -> None:
    prev = chain.GENESIS
    for entry in json.loads(VECTORS.read_text(encoding="utf-8"))["entries"]:
        assert prev.hex() == entry["prev_hash"]
        prev = chain.link(prev, entry["bytes_utf8"].encode())
        assert prev.hex() == entry["hash"]


def test_linking_all_equals_linking_one_by_one() -> None:
    first = chain.link(chain.GENESIS, b"one")
    assert chain.link_all(chain.GENESIS, [b"one", b"two"]) == [first, chain.link(first, b"two")]


def test_a_short_previous_hash_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        chain.link(b"short", b"entry")
