"""The application as a whole: its description, and what it says without head office."""

from __future__ import annotations

import httpx
from litestar import Litestar


async def test_the_api_describes_itself_to_whoever_has_a_token(api: httpx.AsyncClient) -> None:
    document = (await api.get("/openapi.json")).json()
    assert document["openapi"].startswith("3.1")
    batch = document["paths"]["/api/v1/products:batch"]["post"]
    assert "1,000" in batch["description"]


async def test_without_head_office_master_data_answers_503_with_retry_after(
    api: httpx.AsyncClient, rest_app: Litestar
) -> None:
    assert (await api.get("/regions")).status_code == 200
    rest_app.state.hq = None
    answer = await api.get("/regions")
    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    assert answer.json()["code"] == "unavailable"


async def test_the_description_names_the_licence_and_where_the_source_is_due(api: httpx.AsyncClient) -> None:
    info = (await api.get("/openapi.json")).json()["info"]
    assert info["license"]["identifier"] == "AGPL-3.0-or-later"
    assert "source of version 0" in info["description"]
