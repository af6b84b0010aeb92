"""Till settings over HTTP: thin handlers, one service call each."""

from __future__ import annotations

from litestar import Router, get, put
from litestar.params import FromPath, JSONBody
from litestar.types import ControllerRouterHandler

from octonext.edge.authentication import needs
from octonext.edge.dependencies import HeadOffice
from octonext.edge.tokens import DIRECTORY_READ, DIRECTORY_WRITE

from . import service
from .domain import PlacedTillSettings, TillSettings

READ, WRITE = needs(DIRECTORY_READ), needs(DIRECTORY_WRITE)


@get("/regions/{region_id:int}/till-settings", opt=READ)
async def get_region_settings(region_id: FromPath[int], hq: HeadOffice) -> PlacedTillSettings:
    """What is set for all tills of a region."""
    return await service.get_settings(hq, "region", region_id)


@put("/regions/{region_id:int}/till-settings", opt=WRITE)
async def put_region_settings(
    region_id: FromPath[int], data: JSONBody[TillSettings], hq: HeadOffice
) -> PlacedTillSettings:
    """Set everything for all tills of a region; what is left out is not set any more."""
    return await service.put_settings(hq, "region", region_id, data)


@get("/branches/{branch_id:int}/till-settings", opt=READ)
async def get_branch_settings(branch_id: FromPath[int], hq: HeadOffice) -> PlacedTillSettings:
    """What is set for the tills of a branch alone."""
    return await service.get_settings(hq, "branch", branch_id)


@get("/branches/{branch_id:int}/till-settings/effective", opt=READ)
async def get_effective_settings(branch_id: FromPath[int], hq: HeadOffice) -> PlacedTillSettings:
    """What holds at the tills of a branch: its own settings, and its region's where it has none."""
    return await service.effective_settings(hq, branch_id)


@put("/branches/{branch_id:int}/till-settings", opt=WRITE)
async def put_branch_settings(
    branch_id: FromPath[int], data: JSONBody[TillSettings], hq: HeadOffice
) -> PlacedTillSettings:
    """Set everything for the tills of a branch; what is left out is taken from the region."""
    return await service.put_settings(hq, "branch", branch_id, data)


def routes() -> list[ControllerRouterHandler]:
    """The handlers, to be mounted below API_PATH of an `edge.application`."""
    return [
        Router(
            "/",
            route_handlers=[
                get_region_settings, put_region_settings, get_branch_settings, get_effective_settings,
                put_branch_settings,
            ],
            tags=["Till settings"],
        )
    ]  # fmt: skip
