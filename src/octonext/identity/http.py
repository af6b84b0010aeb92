"""Sessions, tokens and cashiers over HTTP: thin handlers, one service call each."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from litestar import Request, Router, delete, get, patch, post
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.types import ControllerRouterHandler

from octonext.edge.authentication import any_token, credential_in_request, needs
from octonext.edge.dependencies import HeadOffice, ProcessClock
from octonext.edge.errors import InvalidRequest
from octonext.edge.limits import SIGN_IN, SIGN_IN_NAME
from octonext.edge.pagination import DEFAULT_LIMIT, Page, PageCursor, PageLimit, decode_cursor, page_of
from octonext.edge.throttling import attempt_succeeded, begin_attempt
from octonext.edge.tokens import ADMIN, DIRECTORY_READ, DIRECTORY_WRITE

from . import service
from .domain import Cashier, CashierChange, CashierDraft, NewToken, SignIn, Token, TokenDraft


@post("/sessions", opt=credential_in_request(), security=[{}])
async def sign_in(
    request: Request[Any, Any, Any], data: JSONBody[SignIn], hq: HeadOffice, clock: ProcessClock
) -> NewToken:
    """Sign in with a name and a password; needs no token."""
    await begin_attempt(request, SIGN_IN)
    await begin_attempt(request, SIGN_IN_NAME, data.name)
    session = await service.sign_in(hq, data, clock)
    attempt_succeeded(request, SIGN_IN)
    attempt_succeeded(request, SIGN_IN_NAME, data.name)
    return session


@delete("/sessions/current", opt=any_token())
async def sign_out(request: Request[Any, Any, Any], hq: HeadOffice, clock: ProcessClock) -> None:
    """Sign out: the token that asks ends."""
    await service.sign_out(hq, request.user, clock)
    request.app.state.tokens.forget(request.user.token_id)


@post("/tokens", opt=needs(ADMIN))
async def create_token(data: JSONBody[TokenDraft], hq: HeadOffice, clock: ProcessClock) -> NewToken:
    """Make a token; its secret is in the answer only."""
    return await service.create_token(hq, data, clock)


@get("/tokens", opt=needs(ADMIN))
async def list_tokens(
    hq: HeadOffice, limit: PageLimit = DEFAULT_LIMIT, cursor: PageCursor = None
) -> Page[Token]:
    """List tokens, without their secrets."""
    rows = await service.list_tokens(hq, _uuid_cursor(cursor), limit + 1)
    return page_of(rows, limit, lambda row: str(row.token_id))


@delete("/tokens/{token_id:uuid}", opt=needs(ADMIN))
async def revoke_token(
    request: Request[Any, Any, Any], token_id: FromPath[UUID], hq: HeadOffice, clock: ProcessClock
) -> None:
    """Revoke a token."""
    await service.revoke_token(hq, token_id, clock)
    request.app.state.tokens.forget(token_id)


@post("/cashiers", opt=needs(DIRECTORY_WRITE))
async def create_cashier(data: JSONBody[CashierDraft], hq: HeadOffice) -> Cashier:
    """Create a cashier with a PIN."""
    return await service.create_cashier(hq, data)


@get("/cashiers", opt=needs(DIRECTORY_READ))
async def list_cashiers(
    hq: HeadOffice,
    region_id: FromQuery[int | None] = None,
    limit: PageLimit = DEFAULT_LIMIT,
    cursor: PageCursor = None,
) -> Page[Cashier]:
    """List cashiers, of one region or of all."""
    rows = await service.list_cashiers(hq, _uuid_cursor(cursor), limit + 1, region_id)
    return page_of(rows, limit, lambda row: str(row.user_id))


@get("/cashiers/{user_id:uuid}", opt=needs(DIRECTORY_READ))
async def get_cashier(user_id: FromPath[UUID], hq: HeadOffice) -> Cashier:
    """One cashier."""
    return await service.get_cashier(hq, user_id)


@patch("/cashiers/{user_id:uuid}", opt=needs(DIRECTORY_WRITE))
async def change_cashier(user_id: FromPath[UUID], data: JSONBody[CashierChange], hq: HeadOffice) -> Cashier:
    """Change a cashier or the PIN."""
    return await service.change_cashier(hq, user_id, data)


def routes() -> list[ControllerRouterHandler]:
    """The handlers, to be mounted below API_PATH of an `edge.application`."""
    return [
        Router(
            "/",
            route_handlers=[
                sign_in, sign_out, create_token, list_tokens, revoke_token,
                create_cashier, list_cashiers, get_cashier, change_cashier,
            ],
            tags=["Identity"],
        )
    ]  # fmt: skip


def _uuid_cursor(cursor: str | None) -> UUID:
    key = decode_cursor(cursor)
    try:
        return UUID(key) if key else UUID(int=0)
    except ValueError:
        raise InvalidRequest("The cursor is not one that this API gave.") from None
