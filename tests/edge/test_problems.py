"""Every refusal is a problem document with a stable code, and none shows the server's inside."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import asyncpg
import httpx
import pytest
from litestar import get
from structlog.testing import capture_logs

import octonext.catalog.service.products
import octonext.identity.service
import octonext.shards.directory.service  # noqa: F401 -- their errors must be known here
from octonext.base.clock import SystemClock
from octonext.base.errors import OctoNextError
from octonext.edge.application import application
from octonext.edge.authentication import any_token
from octonext.edge.errors import Conflict, Unavailable
from octonext.edge.problems import STATUS, status_of
from octonext.edge.tokens import Principal, TokenCache


def subclasses(kind: type[OctoNextError]) -> Iterator[type[OctoNextError]]:
    for each in kind.__subclasses__():
        yield each
        yield from subclasses(each)


CALLERS_FAULTS = (
    "octonext.edge",
    "octonext.catalog",
    "octonext.identity",
    "octonext.compliance",
    "octonext.shards.directory.domain",
)


def test_every_refusal_an_api_caller_can_meet_has_its_row_in_the_table() -> None:
    errors = [each for each in subclasses(OctoNextError) if each.__module__.startswith(CALLERS_FAULTS)]
    assert len(errors) > 8
    assert {each.code for each in errors} - set(STATUS) == set()


def test_an_unlisted_code_is_the_callers_fault() -> None:
    assert status_of("something_new") == 400


async def answer_to(error: Exception) -> httpx.Response:
    @get("/", opt=any_token())
    async def fails() -> None:
        raise error

    async def anybody(_: bytes) -> Principal:
        return Principal("x", frozenset({"admin"}))

    app = application([fails], tokens=TokenCache(anybody, SystemClock()), title="t", version="0")
    transport: Any = httpx.ASGITransport(app)  # type: ignore[arg-type]  # Litestar's own ASGI types
    async with httpx.AsyncClient(transport=transport, base_url="https://hq") as client:
        return await client.get("/", headers={"Authorization": "Bearer x"})


async def test_a_refusal_tells_what_and_what_to_do() -> None:
    answer = await answer_to(Conflict("The code is taken.", remedy="Choose another."))
    assert answer.status_code == 409
    assert answer.headers["content-type"].startswith("application/problem+json")
    body = answer.json()
    assert body["type"] == "urn:octonext:problem:conflict"
    assert body["status"] == 409
    assert body["detail"] == "The code is taken."
    assert body["remedy"] == "Choose another."
    assert body["request_id"] == answer.headers["x-request-id"]


@pytest.mark.parametrize("error", [Unavailable("down"), ConnectionRefusedError(), TimeoutError()])
async def test_a_database_that_does_not_answer_is_503_with_retry_after(error: Exception) -> None:
    answer = await answer_to(error)
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0


async def test_a_bug_is_a_500_that_tells_nothing_of_it() -> None:
    answer = await answer_to(ZeroDivisionError("password=hunter2"))
    assert answer.status_code == 500
    assert "hunter2" not in answer.text
    assert "Zero" not in answer.text


async def test_what_the_framework_refuses_is_a_problem_too(api: httpx.AsyncClient) -> None:
    for method, path, content, status in (
        ("GET", "/nowhere", None, 404),
        ("DELETE", "/regions", None, 405),
        ("POST", "/regions", b"{not json", 400),
        ("POST", "/regions", b'{"code": 1}', 400),
        ("GET", "/regions?limit=100000", None, 400),
        ("POST", "/regions", b" " * 300_000, 413),
    ):
        answer = await api.request(
            method, path, content=content, headers={"Content-Type": "application/json"}
        )
        assert answer.status_code == status, (method, path, answer.text)
        assert answer.headers["content-type"].startswith("application/problem+json"), path
        assert answer.json()["request_id"]


async def test_an_unknown_field_is_refused_rather_than_ignored(api: httpx.AsyncClient) -> None:
    body = {"code": "A", "name_en": "A", "colour": "red"}
    answer = await api.post("/categories", json=body)
    assert answer.status_code == 400
    assert "colour" in answer.text


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/sessions", {"name": "ad\0min", "password": "hunter2"}),
        ("GET", "/cashiers?region_id=99999999999999", None),
        ("GET", f"/cashiers?region_id=-{2**63}", None),
    ],
)
async def test_a_value_that_postgresql_cannot_hold_is_the_callers_fault_and_not_logged(
    api: httpx.AsyncClient, method: str, path: str, body: Any
) -> None:
    with capture_logs() as lines:
        answer = await api.request(method, path, json=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request"), answer.text
    (line,) = [line for line in lines if line["event"] == "value_refused"]
    assert line["kind"].endswith("Error")
    assert "exc_info" not in line
    for told in (str(lines), answer.text):
        assert "99999" not in told
        assert str(2**63) not in told
        assert "0x00" not in told


async def test_a_refused_parameter_is_named_and_the_address_is_not_repeated(api: httpx.AsyncClient) -> None:
    answer = await api.get("/audit", params={"user": "somebody", "limit": "many"})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
    assert [error["field"] for error in answer.json()["errors"]] == ["limit"]
    assert "somebody" not in answer.text
    assert "/audit" not in answer.text


async def test_a_value_that_the_driver_refuses_is_the_callers_fault_too() -> None:
    answer = await answer_to(asyncpg.DataError("invalid input for query argument $1: 'hunter2'"))
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
    assert "hunter2" not in answer.text
