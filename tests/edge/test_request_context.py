"""Every answer, found or not, carries an id and the headers that browsers obey."""

from __future__ import annotations

import httpx
import pytest

from octonext.edge.request_context import SECURITY_HEADERS


async def test_a_callers_request_id_is_echoed(open_api: httpx.AsyncClient) -> None:
    answer = await open_api.get("/regions", headers={"X-Request-Id": "till-17.attempt-3"})
    assert answer.headers["x-request-id"] == "till-17.attempt-3"


@pytest.mark.parametrize("hostile", ["short", "x" * 65, "has space inside", "<script>alert</script>"])
async def test_an_id_that_could_forge_a_log_line_is_replaced(
    open_api: httpx.AsyncClient, hostile: str
) -> None:
    answer = await open_api.get("/regions", headers={"X-Request-Id": hostile})
    assert answer.headers["x-request-id"] != hostile
    assert len(answer.headers["x-request-id"]) == 32


@pytest.mark.parametrize("path", ["/regions", "/nowhere"])
async def test_security_headers_are_on_every_answer(open_api: httpx.AsyncClient, path: str) -> None:
    answer = await open_api.get(path)
    for name, value in SECURITY_HEADERS:
        assert answer.headers[name.decode()] == value.decode()
