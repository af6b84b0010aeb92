"""The directory over HTTP: thin handlers, one service call each."""

from __future__ import annotations

from typing import Any

from litestar import Request, Router, get, patch, post
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.status_codes import HTTP_200_OK
from litestar.types import ControllerRouterHandler

from octonext.crypto.device_share import DeviceShares
from octonext.edge.authentication import credential_in_request, needs
from octonext.edge.dependencies import HeadOffice, ProcessClock
from octonext.edge.errors import Unavailable
from octonext.edge.limits import ENROLMENT
from octonext.edge.pagination import (
    DEFAULT_LIMIT,
    Page,
    PageCursor,
    PageLimit,
    decode_cursor,
    decode_number_cursor,
    page_of,
)
from octonext.edge.throttling import attempt_succeeded, begin_attempt
from octonext.edge.tokens import DIRECTORY_READ, DIRECTORY_WRITE

from . import service
from .domain import (
    Branch,
    BranchChange,
    BranchDraft,
    Enrolment,
    EnrolmentRequest,
    Organisation,
    OrganisationDraft,
    Region,
    RegionDraft,
    Shard,
    Till,
    TillDraft,
    TillRevocation,
    TillWithCode,
)

READ, WRITE = needs(DIRECTORY_READ), needs(DIRECTORY_WRITE)


@post("/organisations", opt=WRITE)
async def create_organisation(data: JSONBody[OrganisationDraft], hq: HeadOffice) -> Organisation:
    """Create an organisation."""
    return await service.create_organisation(hq, data)


@get("/organisations", opt=READ)
async def list_organisations(
    hq: HeadOffice, limit: PageLimit = DEFAULT_LIMIT, cursor: PageCursor = None
) -> Page[Organisation]:
    """List organisations by code."""
    rows = await service.list_organisations(hq, decode_cursor(cursor), limit + 1)
    return page_of(rows, limit, lambda row: row.code)


@post("/regions", opt=WRITE)
async def create_region(data: JSONBody[RegionDraft], hq: HeadOffice) -> Region:
    """Create a region."""
    return await service.create_region(hq, data)


@get("/regions", opt=READ)
async def list_regions(
    hq: HeadOffice, limit: PageLimit = DEFAULT_LIMIT, cursor: PageCursor = None
) -> Page[Region]:
    """List regions."""
    rows = await service.list_regions(hq, decode_number_cursor(cursor), limit + 1)
    return page_of(rows, limit, lambda row: str(row.region_id))


@get("/shards", opt=READ)
async def list_shards(
    hq: HeadOffice, limit: PageLimit = DEFAULT_LIMIT, cursor: PageCursor = None
) -> Page[Shard]:
    """List shards; they are made in the settings."""
    rows = await service.list_shards(hq, decode_cursor(cursor), limit + 1)
    return page_of(rows, limit, lambda row: row.shard_id)


@post("/branches", opt=WRITE)
async def create_branch(data: JSONBody[BranchDraft], hq: HeadOffice) -> Branch:
    """Place a branch on a shard of its jurisdiction."""
    return await service.create_branch(hq, data)


@get("/branches", opt=READ)
async def list_branches(
    hq: HeadOffice, limit: PageLimit = DEFAULT_LIMIT, cursor: PageCursor = None
) -> Page[Branch]:
    """List branches."""
    rows = await service.list_branches(hq, decode_number_cursor(cursor), limit + 1)
    return page_of(rows, limit, lambda row: str(row.branch_id))


@get("/branches/{branch_id:int}", opt=READ)
async def get_branch(branch_id: FromPath[int], hq: HeadOffice) -> Branch:
    """One branch."""
    return await service.get_branch(hq, branch_id)


@patch("/branches/{branch_id:int}", opt=WRITE)
async def change_branch(branch_id: FromPath[int], data: JSONBody[BranchChange], hq: HeadOffice) -> Branch:
    """Rename a branch, or switch it off or on."""
    return await service.change_branch(hq, branch_id, data)


@post("/tills", opt=WRITE)
async def create_till(data: JSONBody[TillDraft], hq: HeadOffice, clock: ProcessClock) -> TillWithCode:
    """Create a till; the answer holds its one-time enrolment code."""
    return await service.create_till(hq, data, clock)


@get("/tills", opt=READ)
async def list_tills(
    hq: HeadOffice,
    branch_id: FromQuery[int | None] = None,
    limit: PageLimit = DEFAULT_LIMIT,
    cursor: PageCursor = None,
) -> Page[Till]:
    """List tills, of one branch or of all."""
    rows = await service.list_tills(hq, decode_number_cursor(cursor), limit + 1, branch_id)
    return page_of(rows, limit, lambda row: str(row.device_id))


@get("/tills/{device_id:int}", opt=READ)
async def get_till(device_id: FromPath[int], hq: HeadOffice) -> Till:
    """One till."""
    return await service.get_till(hq, device_id)


@post("/tills/{device_id:int}/enrolment-code", opt=WRITE)
async def renew_code(device_id: FromPath[int], hq: HeadOffice, clock: ProcessClock) -> TillWithCode:
    """A new code for a pending till."""
    return await service.renew_code(hq, device_id, clock)


@post("/tills/{device_id:int}/revoke", opt=WRITE, status_code=HTTP_200_OK)
async def revoke_till(
    device_id: FromPath[int], hq: HeadOffice, data: JSONBody[TillRevocation | None] = None
) -> Till:
    """Stop a till from syncing, for good; with `reason` `stolen` nobody gets its share any more."""
    return await service.revoke_till(hq, device_id, (data or TillRevocation()).reason)


@post("/tills/{device_id:int}/unlock", opt=WRITE, status_code=HTTP_200_OK)
async def unlock_till(device_id: FromPath[int], hq: HeadOffice) -> Till:
    """Let cashiers sign in again where too many PINs were wrong."""
    return await service.unlock_till(hq, device_id)


@post("/enrolments", opt=credential_in_request(), security=[{}])
async def enrol(
    request: Request[Any, Any, Any],
    data: JSONBody[EnrolmentRequest],
    hq: HeadOffice,
    clock: ProcessClock,
) -> Enrolment:
    """Enrol a till with its one-time code; needs no token."""
    await begin_attempt(request, ENROLMENT)
    shares: DeviceShares | None = request.app.state.get("shares")
    if shares is None:
        raise Unavailable("This server cannot give a till its share now.")
    enrolment = await service.enrol(hq, data, clock, shares)
    attempt_succeeded(request, ENROLMENT)
    return enrolment


def routes() -> list[ControllerRouterHandler]:
    """The handlers, to be mounted below API_PATH of an `edge.application`."""
    return [
        Router(
            "/",
            route_handlers=[
                create_organisation, list_organisations, create_region, list_regions, list_shards,
                create_branch, list_branches, get_branch, change_branch,
                create_till, list_tills, get_till, renew_code, revoke_till, unlock_till, enrol,
            ],
            tags=["Directory"],
        )
    ]  # fmt: skip
