"""spec/vectors/frame.json: both sides read and write the same frames."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from octonext.sync.messages import decode_from_server, decode_from_till, encode

VECTORS = json.loads((Path(__file__).parents[2] / "spec/vectors/frame.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("frame", VECTORS["from_server"], ids=lambda frame: frame["t"])
def test_a_servers_frame_is_what_this_server_writes(frame: dict[str, Any]) -> None:
    assert json.loads(encode(decode_from_server(json.dumps(frame)))) == frame


@pytest.mark.parametrize("frame", VECTORS["from_till"], ids=lambda frame: frame["t"])
def test_a_tills_frame_is_read_with_and_without_what_is_null(frame: dict[str, Any]) -> None:
    message = decode_from_till(json.dumps(frame))
    assert json.loads(encode(message)) == frame
    plain = {name: value for name, value in frame.items() if value is not None}
    assert decode_from_till(json.dumps(plain)) == message


def test_every_kind_of_message_is_among_them() -> None:
    kinds = {frame["t"] for frame in VECTORS["from_server"] + VECTORS["from_till"]}
    assert kinds == {
        *(
            "challenge",
            "welcome",
            "shard_key",
            "ack",
            "nack",
            "delta",
            "drain",
            "ping",
            "pong",
            "hello",
            "push",
        ),
        *("delta_ack", "sign_in", "signed_in", "find_receipt", "receipt", "rescue", "rescued", "refused"),
    }
