"""Reports for the gateway's API: /api/v1/reports, read-only, scope `reports:read`."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Request, Response, Router, get
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, QueryParameter

from octonext.edge.authentication import needs
from octonext.edge.errors import InvalidRequest, Unavailable
from octonext.edge.tokens import REPORTS_READ

from .remote import AS_OF_HEADER, TRUNCATED_HEADER, ReportingClient

FILTERS = frozenset({"from", "to", "region", "branch", "limit", "format"})
QUERY_CHARACTERS_MAX = 2_000


def provide_reporting(state: State) -> ReportingClient:
    """The process' client, kept in `app.state.reporting`. Raises Unavailable while there is none."""
    client: ReportingClient | None = state.get("reporting")
    if client is None:
        raise Unavailable("This gateway has no reporting.")
    return client


@get("/", opt=needs(REPORTS_READ), summary="The reports there are")
async def list_reports(reporting: NamedDependency[ReportingClient]) -> Response[bytes]:
    """Each report's name, title, filters and columns."""
    return Response(await reporting.reports(), media_type="application/json")


@get("/{name:str}", opt=needs(REPORTS_READ), summary="One report")
async def read_report(
    name: FromPath[str],
    request: Request[Any, Any, Any],
    reporting: NamedDependency[ReportingClient],
    first: Annotated[str | None, QueryParameter(name="from", description="First day, 2026-03-01.")] = None,
    last: Annotated[str | None, QueryParameter(name="to", description="Last day, included.")] = None,
    region: Annotated[str | None, QueryParameter(name="region", description="Region code.")] = None,
    branch: Annotated[str | None, QueryParameter(name="branch", description="Branch code or id.")] = None,
    limit: Annotated[str | None, QueryParameter(name="limit", description="Rows at most.")] = None,
    form: Annotated[str | None, QueryParameter(name="format", description="json or csv.")] = None,
) -> Response[bytes]:
    """JSON has money in minor units and quantities in thousandths; CSV has them as decimals.

    `as_of` says for each branch up to when its shard's sales are in the figures; the header
    `OctoNext-As-Of`, with CSV too, is the oldest of them or `unknown`. `Accept: text/csv`
    asks for CSV as `format=csv` does. Without `limit` 1000 rows are answered at most.
    """
    unknown = sorted(set(request.query_params) - FILTERS)
    if unknown or len(request.url.query) > QUERY_CHARACTERS_MAX:
        raise InvalidRequest(
            f"There is no filter {unknown[0][:64]!r}." if unknown else "The filters are too long.",
            remedy=f"The filters are: {', '.join(sorted(FILTERS))}.",
        )
    if form is None and "text/csv" in request.headers.get("accept", ""):
        form = "csv"
    asked = {"from": first, "to": last, "region": region, "branch": branch, "limit": limit, "format": form}
    found = await reporting.report(name, {key: value for key, value in asked.items() if value is not None})
    headers = {
        "Cache-Control": "no-store",
        "Vary": "Accept, Authorization",
        AS_OF_HEADER: found.as_of,
        TRUNCATED_HEADER: found.truncated,
    }
    # The framework names the charset of a text itself.
    media_type, _, _ = found.media_type.partition(";")
    if media_type.startswith("text/csv"):
        # The name was just accepted as a report's, so it holds nothing that a header must not.
        headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return Response(found.body, media_type=media_type, headers=headers)


def reports_router(path: str = "/api/v1/reports") -> Router:
    """The routes, to be given to `edge.application`; set `app.state.reporting` to a ReportingClient."""
    return Router(
        path,
        route_handlers=[list_reports, read_report],
        dependencies={"reporting": Provide(provide_reporting, sync_to_thread=False)},
        tags=["reports"],
    )
