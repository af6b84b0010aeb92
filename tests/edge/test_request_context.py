"""Every answer, found or not, carries an id and the headers that browsers obey."""

from __future__ import annotations

import httpx
import pytest

from octonext.edge.headers import API_POLICY, PAGE_POLICY, SECURITY_HEADERS, secured


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


async def test_a_fault_a_refusal_and_a_wrong_method_carry_them_too(
    open_api: httpx.AsyncClient, api: httpx.AsyncClient
) -> None:
    answers = [
        await open_api.post("/regions", json={}),
        await api.request("TRACE", "/regions"),
        await api.post("/organisations", content=b"{", headers={"Content-Type": "application/json"}),
        await api.post("/organisations", content=b"x" * (17 * 2**20)),
        await api.post("/organisations", json={}, headers={"Origin": "https://evil.example"}),
    ]
    assert [answer.status_code for answer in answers] == [401, 405, 400, 413, 403]
    for answer in answers:
        for name, value in SECURITY_HEADERS:
            assert answer.headers[name.decode()] == value.decode()


def test_a_page_may_load_what_the_gateway_serves_and_an_answer_of_the_api_nothing() -> None:
    page = dict(secured([(b"Content-Type", b"text/html; charset=utf-8")]))
    assert page[b"content-security-policy"] == PAGE_POLICY
    assert dict(secured([(b"content-type", b"application/json")]))[b"content-security-policy"] == API_POLICY


def test_what_an_answer_says_itself_is_left_to_it() -> None:
    said = secured([(b"Cache-Control", b"max-age=60")])
    assert [value for name, value in said if name.lower() == b"cache-control"] == [b"max-age=60"]
