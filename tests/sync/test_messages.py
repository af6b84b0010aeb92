"""The forms of what a till sends: what is refused before anybody looks at what it means."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from octonext.sync.messages import Hello, Push, decode_from_till

#: 32, 64 and 100 zero bytes.
HASH, SIGNATURE, WRAPPED = ("A" * 43 + "=", "A" * 86 + "==", "A" * 134 + "==")


def push(key_id: str) -> dict[str, Any]:
    entry = {"k": key_id, "h": HASH, "c": "A" * 40}
    return {"t": "push", "first": 1, "prev": HASH, "entries": [entry], "signature": SIGNATURE}


def hello(app: str) -> dict[str, Any]:
    head = {"seq": 0, "hash": HASH}
    said = {"t": "hello", "device": 1, "branch": 1, "head": head, "clock_ms": 0, "signature": SIGNATURE}
    return said | {"app": app}


def test_a_key_id_is_letters_digits_and_hyphens() -> None:
    message = decode_from_till(msgspec.json.encode(push("01900000-0000-7000-8000-00000000000a")))
    assert isinstance(message, Push)


@pytest.mark.parametrize("key_id", ["", "a b", "a\n", "\na", "a\nb", "ä", "x" * 65])
def test_any_other_key_id_is_refused(key_id: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=r"\.k`"):
        decode_from_till(msgspec.json.encode(push(key_id)))
    given = push("a") | {"keys": [{"id": key_id, "wrapped": WRAPPED}]}
    with pytest.raises(msgspec.ValidationError, match=r"\.id`"):
        decode_from_till(msgspec.json.encode(given))


@pytest.mark.parametrize("app", ["", "till 1.2\n", "صندوق ١"])
def test_the_name_of_a_tills_program_is_text(app: str) -> None:
    assert isinstance(decode_from_till(msgspec.json.encode(hello(app))), Hello)


@pytest.mark.parametrize("app", ["\0", "till\0", "till\0\n", "x" * 65])
def test_a_program_with_nul_in_its_name_is_refused(app: str) -> None:
    with pytest.raises(msgspec.ValidationError, match="app"):
        decode_from_till(msgspec.json.encode(hello(app)))
