"""A browser speaks to us from our own pages only; who is no browser tells no origin."""

from __future__ import annotations

from typing import Any

import pytest

from octonext.edge.origin import OriginCheck, own_origins

OWN = own_origins(["gateway.example", "127.0.0.1", "::1", "*.example"], [8443, 443])


async def outcome(kind: str, origins: list[str], method: str = "POST") -> str:
    """What happens: "in" when the application is reached, else what is answered."""
    reached = False
    sent: list[Any] = []

    async def app(*_: Any) -> None:
        nonlocal reached
        reached = True

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"origin", origin.encode()) for origin in origins]
    scope: Any = {"type": kind, "method": method, "headers": headers}
    await OriginCheck(app, OWN)(scope, receive, send)
    if reached:
        return "in"
    return str(sent[0].get("status") or sent[0]["type"])


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize(
    "origin",
    [
        "https://gateway.example",
        "https://GATEWAY.example:8443",
        "https://127.0.0.1:8443",
        "https://[::1]:8443",
    ],
)
async def test_our_own_pages_may(kind: str, origin: str) -> None:
    assert await outcome(kind, [origin]) == "in"


@pytest.mark.parametrize("kind", ["http", "websocket"])
async def test_who_tells_no_origin_is_no_browser_and_may(kind: str) -> None:
    assert await outcome(kind, []) == "in"


FOREIGN = [
    ["https://evil.example"],
    ["null"],
    [""],
    ["http://gateway.example"],
    ["https://gateway.example:8444"],
    ["https://gateway.example.evil.example"],
    ["https://other.example"],
    ["https://gateway.example", "https://gateway.example"],
]


@pytest.mark.parametrize("origins", FOREIGN)
async def test_pages_of_others_may_not(origins: list[str]) -> None:
    assert await outcome("websocket", origins) == "websocket.close"
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert await outcome("http", origins, method) == "403"


async def test_reading_changes_nothing_and_is_answered() -> None:
    for method in ("GET", "HEAD", "OPTIONS"):
        assert await outcome("http", ["https://evil.example"], method) == "in"


def test_a_wildcard_is_nobodys_origin() -> None:
    assert not any("*" in origin for origin in OWN)
