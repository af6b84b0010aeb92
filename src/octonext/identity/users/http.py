"""Users and roles over HTTP: thin handlers, one service call each."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from litestar import Request, Router, get, patch, post, put
from litestar.params import FromPath, JSONBody
from litestar.status_codes import HTTP_200_OK, HTTP_204_NO_CONTENT
from litestar.types import ControllerRouterHandler

from octonext.edge.authentication import any_token, needs
from octonext.edge.dependencies import HeadOffice, ProcessClock
from octonext.edge.limits import SIGN_IN, SIGN_IN_NAME
from octonext.edge.pagination import DEFAULT_LIMIT, Page, PageCursor, PageLimit, decode_cursor, page_of
from octonext.edge.throttling import attempt_succeeded, begin_attempt
from octonext.edge.tokens import ADMIN, DIRECTORY_READ

from . import service
from .domain import NewPassword, OwnPassword, Role, TillPermissions, TillRole, User, UserChange, UserDraft


@post("/users", opt=needs(ADMIN))
async def create_user(data: JSONBody[UserDraft], hq: HeadOffice) -> User:
    """Create a user with a password and roles."""
    return await service.create_user(hq, data)


@get("/users", opt=needs(ADMIN))
async def list_users(
    hq: HeadOffice, limit: PageLimit = DEFAULT_LIMIT, cursor: PageCursor = None
) -> Page[User]:
    """List users by name."""
    rows = await service.list_users(hq, decode_cursor(cursor), limit + 1)
    return page_of(rows, limit, lambda row: row.name)


@get("/users/me", opt=any_token())
async def get_own_user(request: Request[Any, Any, Any], hq: HeadOffice) -> User:
    """Whose session this is, and what it may do."""
    return await service.get_user(hq, service.user_of(request.user))


@post("/users/me/password", opt=any_token(), status_code=HTTP_204_NO_CONTENT)
async def change_own_password(
    request: Request[Any, Any, Any], data: JSONBody[OwnPassword], hq: HeadOffice, clock: ProcessClock
) -> None:
    """Replace one's own password; one's other sessions end."""
    whose = str(service.user_of(request.user))
    await begin_attempt(request, SIGN_IN)
    await begin_attempt(request, SIGN_IN_NAME, whose)
    await service.change_own_password(hq, request.user, data, clock)
    attempt_succeeded(request, SIGN_IN)
    attempt_succeeded(request, SIGN_IN_NAME, whose)
    request.app.state.tokens.forget_user(request.user.user_id)


@get("/users/{user_id:uuid}", opt=needs(ADMIN))
async def get_user(user_id: FromPath[UUID], hq: HeadOffice) -> User:
    """One user."""
    return await service.get_user(hq, user_id)


@patch("/users/{user_id:uuid}", opt=needs(ADMIN))
async def change_user(
    request: Request[Any, Any, Any],
    user_id: FromPath[UUID],
    data: JSONBody[UserChange],
    hq: HeadOffice,
    clock: ProcessClock,
) -> User:
    """Change a user's roles, regions or full name, or switch the user off, which ends every session."""
    user = await service.change_user(hq, user_id, data, clock)
    request.app.state.tokens.forget_user(user_id)
    return user


@post("/users/{user_id:uuid}/password", opt=needs(ADMIN), status_code=HTTP_200_OK)
async def reset_password(
    request: Request[Any, Any, Any],
    user_id: FromPath[UUID],
    data: JSONBody[NewPassword],
    hq: HeadOffice,
    clock: ProcessClock,
) -> User:
    """Give a user a new password; every session of the user ends."""
    user = await service.reset_password(hq, user_id, data, clock)
    request.app.state.tokens.forget_user(user_id)
    return user


@get("/roles", opt=needs(DIRECTORY_READ))
async def list_roles(hq: HeadOffice) -> list[Role]:
    """Every role with what it may do at tills and at the API."""
    return await service.list_roles(hq)


@put("/roles/{role:str}/till-permissions", opt=needs(ADMIN))
async def set_till_permissions(
    role: FromPath[TillRole], data: JSONBody[TillPermissions], hq: HeadOffice
) -> Role:
    """Decide what a role may do at a till without approval; every connected till hears of it."""
    return await service.set_till_permissions(hq, role, data)


def routes() -> list[ControllerRouterHandler]:
    """The handlers, to be mounted below API_PATH of an `edge.application`."""
    return [
        Router(
            "/",
            route_handlers=[
                create_user, list_users, get_own_user, change_own_password, get_user, change_user,
                reset_password, list_roles, set_till_permissions,
            ],
            tags=["Users"],
        )
    ]  # fmt: skip
