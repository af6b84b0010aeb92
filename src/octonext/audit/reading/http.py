"""The audit trail over HTTP: one thin handler."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from litestar import Request, get
from litestar.params import FromQuery, QueryParameter
from litestar.types import ControllerRouterHandler

from octonext.edge.authentication import needs
from octonext.edge.errors import Unavailable
from octonext.edge.pagination import DEFAULT_LIMIT, PageCursor, PageLimit, decode_cursor, encode_cursor
from octonext.edge.tokens import AUDIT_READ

from .domain import (
    KEY_BYTES_MAX,
    NUMBER_MAX,
    TEXT_CHARACTERS_MAX,
    ActorKind,
    Filter,
    Operation,
    TrailPage,
    moment,
    network,
    row_key,
)
from .service import Trail


def _text(description: str) -> Any:
    return QueryParameter(min_length=1, max_length=TEXT_CHARACTERS_MAX, description=description)


@get("/audit", opt=needs(AUDIT_READ, by_region=True), tags=["Audit"], summary="Read the audit trail")
async def read_trail(
    request: Request[Any, Any, Any],
    database: Annotated[str | None, _text("`hq`, or a shard's id.")] = None,
    region: Annotated[str | None, _text("Code of the region whose shards are read.")] = None,
    table: Annotated[str | None, _text("Table whose rows changed; `event` for events.")] = None,
    key: Annotated[
        str | None,
        QueryParameter(
            max_length=KEY_BYTES_MAX, description='Primary key of a row as JSON, such as {"branch_id": 7}.'
        ),
    ] = None,
    operation: FromQuery[Operation | None] = None,
    event: Annotated[str | None, _text("Kind of event, such as `sign_in_failed`.")] = None,
    user: Annotated[str | None, _text("Id or name of whoever acted.")] = None,
    actor: FromQuery[ActorKind | None] = None,
    device: Annotated[
        int | None, QueryParameter(ge=0, le=2**31 - 1, description="Number of the till that acted.")
    ] = None,
    ip: Annotated[
        str | None, _text("Address, or range such as 10.1.0.0/16, of the client or of the connection.")
    ] = None,
    transaction: Annotated[
        int | None, QueryParameter(ge=0, le=NUMBER_MAX, description="Rows of one transaction.")
    ] = None,
    since: FromQuery[datetime | None] = None,
    until: FromQuery[datetime | None] = None,
    limit: PageLimit = DEFAULT_LIMIT,
    cursor: PageCursor = None,
) -> TrailPage:
    """Who changed what, when, from where, in head office's and every shard's database, newest first.

    `since` is the first moment that is shown, `until` the first one after. A token that is limited to
    regions sees their shards only, and nothing of head office. `incomplete` names each database that did
    not answer: its rows of this time are on no later page. Reading is recorded in the trail itself.
    """
    trail: Trail | None = request.app.state.get("trail")
    if trail is None:
        raise Unavailable("The audit trail cannot be read here.")
    wanted = Filter(
        database=database, region=region, table=table, key=row_key(key), operation=operation, event=event,
        user=user, actor=actor, device=device, ip=network(ip), transaction=transaction,
        since=moment(since), until=moment(until),
    )  # fmt: skip
    page = await trail.page(request.user, wanted, limit=limit, after=decode_cursor(cursor))
    if page.next_cursor is not None:
        page.next_cursor = encode_cursor(page.next_cursor)
    return page


def routes() -> list[ControllerRouterHandler]:
    """The handler, to be mounted below API_PATH of an `edge.application` whose state holds `trail`."""
    return [read_trail]
