"""Frames that no till sends, made from a seed."""

from __future__ import annotations

import base64
import json
from random import Random
from typing import Any

from .wild_line import BINARY, CLOSE, PING, PONG, TEXT, frame, length_of

_TAGS = ("hello", "push", "delta_ack", "ping", "pong", "ack", "welcome", "challenge", "drain", "", "HELLO")
_MEMBERS = ("device", "branch", "schema", "head", "cursors", "app", "clock_ms", "signature", "first", "prev")
_MORE_MEMBERS = ("entries", "keys", "feed", "cursor", "t", "seq", "hash", "k", "h", "c", "id", "wrapped")
_NUMBERS = (0, -1, 1, 2**31, 2**53, 2**63 - 1, -(2**63), 2**64, 1e308, -0.0, 10**400, 0.1)
_TEXTS = ("", "\0", "\ud800", "\u202e", "A" * 10_000, "ß" * 100, "../../etc/passwd", "' OR 1=1 --", "١٢")
_DEPTH = 50_000


def garbage(random: Random) -> bytes:
    """One frame, or what stands in the place of one."""
    return random.choice(_KINDS)(random)


def _bytes(random: Random) -> bytes:
    return random.randbytes(random.choice((1, 2, 10, 1000)))


def _text(random: Random) -> bytes:
    return frame(TEXT, random.randbytes(random.randrange(200)))


def _binary(random: Random) -> bytes:
    return frame(BINARY, random.randbytes(random.randrange(1, 200)))


def _wrong_shape(random: Random) -> bytes:
    members = {name: _value(random, 3) for name in random.sample(_MEMBERS + _MORE_MEMBERS, 8)}
    text = json.dumps({"t": random.choice(_TAGS)} | members)
    return frame(TEXT, text.encode("utf-8", "surrogatepass"))


def _nearly_a_hello(random: Random) -> bytes:
    hello = {
        "t": "hello",
        "device": random.choice((0, 1, 2, 2**31 - 1)),
        "branch": random.choice((1, 2, 404)),
        "head": {"seq": 0, "hash": base64.b64encode(bytes(32)).decode()},
        "clock_ms": random.choice((0, 2**53)),
        "signature": base64.b64encode(random.randbytes(64)).decode(),
    }
    hello[random.choice(_MEMBERS)] = _value(random, 1)
    return frame(TEXT, json.dumps(hello).encode("utf-8", "surrogatepass"))


def _deep(random: Random) -> bytes:
    opening = random.choice((b"[", b'{"t":', b'{"t":"ping","x":['))
    return frame(TEXT, opening * _DEPTH if opening == b"[" else opening + b"[" * _DEPTH)


def _huge_number(random: Random) -> bytes:
    digits = str(random.randrange(1, 10)) * random.choice((400, 5_000, 200_000))
    return frame(TEXT, b'{"t":"push","first":' + digits.encode() + b"}")


def _fragments(random: Random) -> bytes:
    parts = [frame(random.choice((TEXT, BINARY)), b'{"t":', is_last=False)]
    parts += [frame(0, random.randbytes(random.randrange(20)), is_last=False) for _ in range(5)]
    return b"".join([*parts, frame(0, b"}", is_last=random.random() < 0.5)])


def _broken_frame(random: Random) -> bytes:
    return random.choice(
        (
            frame(0, b"continues nothing"),
            frame(random.choice((3, 7, 11, 15)), b"reserved"),
            frame(PING, bytes(126)),
            frame(PONG, b"nobody asked"),
            frame(CLOSE, random.randbytes(random.randrange(10))),
            bytes([0xF1]) + length_of(3) + bytes(7),
            b"\x81\x05plain",
            b"\x81\xff" + b"\xff" * 8 + bytes(10),
        )
    )


def _value(random: Random, depth: int) -> Any:
    kind = random.randrange(7 if depth else 5)
    if kind == 0:
        return random.choice(_NUMBERS)
    if kind == 1:
        return random.choice(_TEXTS)
    if kind == 2:
        return base64.b64encode(random.randbytes(random.choice((0, 12, 32, 64, 500)))).decode()
    if kind in (3, 4):
        return random.choice((None, True, False))
    if kind == 5:
        return [_value(random, depth - 1) for _ in range(random.randrange(4))]
    return {random.choice(_MORE_MEMBERS): _value(random, depth - 1) for _ in range(3)}


_KINDS = (
    _bytes,
    _text,
    _binary,
    _wrong_shape,
    _wrong_shape,
    _nearly_a_hello,
    _nearly_a_hello,
    _deep,
    _huge_number,
    _fragments,
    _broken_frame,
)
