"""Every text of every request of the API refuses a card number, whatever struct it would have become."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator
from typing import Any

import asyncpg
import httpx
import msgspec
import pytest
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler

from octonext.base.cards import OTHER_NUMBERS

CARD = "4111 1111 1111 1111"
CARDS = ("4111111111111111", CARD, "3782-822463-10005", "٤١١١ ١١١١ ١١١١ ١١١١")
PLACES = {"uuid": "01900000-0000-7000-8000-000000000001", "int": "1", "str": "x", "date": "2026-01-01"}


def handlers(app: Litestar) -> list[tuple[str, str, HTTPRouteHandler]]:
    """Method, path and handler of everything that takes a body."""
    found = []
    for route in app.routes:
        for handler in getattr(route, "route_handlers", ()):
            if isinstance(handler, HTTPRouteHandler) and "data" in handler.parsed_fn_signature.parameters:
                path = route.path_format if hasattr(route, "path_format") else route.path
                found += [(str(method), path, handler) for method in handler.http_methods]
    return found


def texts(kind: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The path of every text in a struct, lists by their first place."""
    origin = typing.get_origin(kind)
    if origin is typing.Annotated:
        yield from texts(typing.get_args(kind)[0], path)
    elif origin in (typing.Union, types.UnionType):
        for each in typing.get_args(kind):
            yield from texts(each, path)
    elif origin in (list, tuple, set, frozenset):
        yield from texts(typing.get_args(kind)[0], (*path, 0))
    elif origin is dict:
        yield from texts(typing.get_args(kind)[1], (*path, "any name"))
    elif kind is str:
        yield path
    elif isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        for field in msgspec.structs.fields(kind):
            yield from texts(field.type, (*path, field.encode_name))


def document(path: tuple[str | int, ...], text: str) -> Any:
    """A body that holds nothing but `text` at `path`."""
    value: Any = text
    for step in reversed(path):
        value = [value] if isinstance(step, int) else {step: value}
    return value


def shown(path: tuple[str | int, ...]) -> str:
    name = ""
    for step in path:
        name += f"[{step}]" if isinstance(step, int) else f"{'.' if name else ''}{step}"
    return name


async def test_every_text_of_every_body_refuses_a_card_number_or_is_excused(
    rest_app: Litestar, api: httpx.AsyncClient
) -> None:
    asked: set[str] = set()
    excused: set[str] = set()
    for method, path, handler in handlers(rest_app):
        body = handler.parsed_fn_signature.parameters["data"].annotation
        for place in texts(body):
            (name,) = [step for step in place if isinstance(step, str)][-1:]
            if name in OTHER_NUMBERS:
                excused.add(name)
                continue
            address = path.removeprefix("/api/v1")
            while "{" in address:
                before, _, rest = address.partition("{")
                inside, _, after = rest.partition("}")
                kind = "int" if inside.endswith(("branch_id", "region_id", "device_id")) else "uuid"
                address = before + PLACES[kind] + after
            answer = await api.request(method, address, json=document(place, CARD))
            assert answer.status_code == 400, (method, address, place, answer.text)
            told = answer.json()
            assert told["code"] == "card_number", (method, address, place, told)
            assert told["errors"] == [{"message": "looks like a payment card number", "field": shown(place)}]
            assert "4111" not in answer.text
            asked.add(f"{handler}.{shown(place)}")
    assert len(asked) > 20, "the walk found hardly anything: has the API changed its form?"
    assert excused >= {"barcodes", "sku"}


@pytest.mark.parametrize("text", CARDS)
async def test_a_card_number_is_refused_however_it_is_written(api: httpx.AsyncClient, text: str) -> None:
    answer = await api.post("/organisations", json={"name_en": f"Paid by {text}", "name_ar": ""})
    assert answer.json()["code"] == "card_number"
    assert answer.json()["remedy"]


async def test_a_field_that_the_api_does_not_know_is_looked_at_as_well(api: httpx.AsyncClient) -> None:
    answer = await api.post("/organisations", json={"unheard_of": {"deep": [[CARD]]}, CARD: 1})
    told = answer.json()
    assert sorted(each["field"] for each in told["errors"]) == [
        "a name in the document",
        "unheard_of.deep[0][0]",
    ]
    assert "4111" not in answer.text


async def test_who_may_not_ask_is_told_only_that(open_api: httpx.AsyncClient) -> None:
    assert (await open_api.post("/organisations", json={"name_en": CARD})).status_code == 401


@pytest.mark.parametrize("body", [b"", b"{", b"4111111111111111 ", b"\xff\xfe"])
async def test_what_is_no_json_is_left_to_who_decodes_it(api: httpx.AsyncClient, body: bytes) -> None:
    answer = await api.post("/organisations", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid_request"


async def test_an_ordinary_request_is_as_it_was(api: httpx.AsyncClient) -> None:
    answer = await api.get("/regions")
    assert answer.status_code == 200
    assert len(answer.headers["x-request-id"]) == 32


async def test_what_is_searched_for_and_what_a_client_calls_itself_is_kept_without_a_card_number(
    api: httpx.AsyncClient, hq_database: asyncpg.Pool
) -> None:
    """The trail records who read what, with which program, and under which id."""
    answer = await api.get("/audit", params={"user": CARD, "database": "hq"})
    assert (answer.status_code, answer.json()["code"]) == (400, "card_number")
    assert answer.json()["errors"][0]["field"] == "user"
    assert "4111" not in answer.text
    headers = {"User-Agent": f"till {CARD}", "X-Request-Id": "4111111111111111"}
    made = await api.post("/organisations", json={"code": "SHOP", "name_en": "A"}, headers=headers)
    assert made.status_code == 201
    assert made.headers["x-request-id"] != "4111111111111111"
    kept = await hq_database.fetch("SELECT t::text AS text FROM audit_transaction t")
    assert [row for row in kept if "till ****" in row["text"]]
    # Eight digits of it: four may well stand in a random id.
    assert not [row for row in kept if "41111111" in row["text"]]
