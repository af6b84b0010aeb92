"""The reporting process' own HTTP, on a Unix socket: deliveries from the relay, questions from gateways.

POST /ingest/{source}, POST /reset/{source}, POST /marker/{word}, GET /cursors/{source}, GET /reports,
GET /reports/{name}, GET /seals/{source}?after=NUMBER, GET /seals/{source}/{hash}, GET /status, GET /healthz.
Errors are {"code", "message", "remedy"}; the gateway turns them into problem documents.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import msgspec
import structlog

from octonext.base.errors import OctoNextError
from octonext.crypto.secrets import same_secret

from .domain.answers import to_csv, to_json
from .domain.batches import DELIVERY_BYTES_MAX, BadDelivery, decode_delivery
from .domain.queries import REPORTS, InvalidReportFilter
from .remote import AS_OF_HEADER, TRUNCATED_HEADER
from .service import Reporting

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

JSON = "application/json"
CSV = "text/csv; charset=utf-8"
STATUS = {"not_found": 404, "bad_delivery": 400, "invalid_cursor": 400, "invalid_request": 400,
          "unauthenticated": 401, "unavailable": 503}  # fmt: skip
QUERY_BYTES_MAX = 2_000
_MARKER = re.compile(r"[0-9a-f]{64}")
NUMBER_DIGITS_MAX = 18


@dataclass(frozen=True, slots=True)
class Reply:
    """One response."""

    status: int
    body: bytes
    media_type: str = JSON
    headers: tuple[tuple[str, str], ...] = ()


class ReportingApp:
    """The ASGI application. With a `token`, every caller must show it as a bearer token."""

    def __init__(self, reporting: Reporting, *, token: str | None = None) -> None:
        self._reporting = reporting
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; never lets an exception out."""
        if scope["type"] != "http":
            return
        try:
            reply = await self._answer(scope, receive)
        except OctoNextError as error:
            reply = _refusal(STATUS.get(error.code, 400), error.code, error.message, error.remedy)
        except Exception:  # noqa: BLE001 -- the last line before the server's own plain 500
            structlog.get_logger().exception("reporting_fault", path=scope["path"])
            reply = _refusal(500, "internal", "The reporting process made a mistake; see its log.")
        headers = [
            (b"content-type", reply.media_type.encode()),
            (b"content-length", str(len(reply.body)).encode()),
            *((name.lower().encode(), value.encode()) for name, value in reply.headers),
        ]
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        await send({"type": "http.response.body", "body": reply.body})

    async def _answer(self, scope: Scope, receive: Receive) -> Reply:
        if not self._allowed(scope):
            return _refusal(401, "unauthenticated", "This needs the reporting token.")
        method = scope["method"]
        match [method, *scope["path"].strip("/").split("/")]:
            case ["POST", "ingest", source]:
                return await self._ingest(source, receive)
            case ["GET", "cursors", source]:
                cursors = self._reporting.cursors(source)
                return _json({feed: str(cursor) for feed, cursor in cursors.items()})
            case ["POST", "reset", source]:
                await self._reporting.reset(source)
                return _json({})
            case ["POST", "marker", word] if _MARKER.fullmatch(word):
                await self._reporting.mark(word)
                return _json({})
            case ["GET", "reports"]:
                return _json(report_list())
            case ["GET", "reports", name]:
                return await self._report(name, scope["query_string"])
            case ["GET", "seals", source]:
                return await self._seals(source, scope["query_string"])
            case ["GET", "seals", source, digest]:
                return _json({"found": await self._reporting.holds_seal(source, digest)})
            case ["GET", "status"]:
                return _json(self._reporting.status())
            case ["GET", "healthz"]:
                return _json({"status": "ok"})
            case _:
                return _refusal(404, "not_found", "There is nothing at this address.")

    def _allowed(self, scope: Scope) -> bool:
        if self._token is None:
            return True
        shown = dict(scope["headers"]).get(b"authorization", b"")
        return same_secret(shown, f"Bearer {self._token}".encode())

    async def _ingest(self, source: str, receive: Receive) -> Reply:
        outcomes = await self._reporting.take(source, decode_delivery(await _body(receive)))
        return _json(
            {
                feed: {"cursor": str(each.cursor), "applied": each.applied, "error": each.error}
                for feed, each in outcomes.items()
            }
        )

    async def _report(self, name: str, query: bytes) -> Reply:
        filters = _filters(query)
        form = filters.pop("format", "json")
        if form not in ("json", "csv"):
            raise InvalidReportFilter(f"There is no format {form[:20]!r}.", remedy="Use json or csv.")
        answer = await self._reporting.report(name, filters)
        oldest = answer.oldest
        headers = (
            (AS_OF_HEADER, "unknown" if oldest is None else oldest.isoformat().replace("+00:00", "Z")),
            (TRUNCATED_HEADER, "true" if answer.truncated else "false"),
        )
        if form == "csv":
            return Reply(200, to_csv(answer), CSV, headers)
        return Reply(200, to_json(answer), JSON, headers)

    async def _seals(self, source: str, query: bytes) -> Reply:
        after = _filters(query).get("after", "0")
        if not after.isdecimal() or len(after) > NUMBER_DIGITS_MAX:
            raise InvalidReportFilter("after is the number of a head.")
        found = await self._reporting.seals(source, int(after))
        return _json({"newest": found.newest, "heads": found.heads})


def report_list() -> list[dict[str, object]]:
    """What reports there are, with their filters and columns."""
    return [
        {
            "report": report.name,
            "title": report.title,
            "filters": [*(("from", "to") if report.dated else ()), "region", "branch", "limit"],
            "columns": [{"name": name, "unit": unit} for name, unit in report.units.items()],
        }
        for report in REPORTS.values()
    ]


async def _body(receive: Receive) -> bytes:
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise BadDelivery("The sender left before the delivery's end.")
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > DELIVERY_BYTES_MAX:
            raise BadDelivery(f"A delivery has at most {DELIVERY_BYTES_MAX} bytes.")
        if not message.get("more_body", False):
            return b"".join(parts)


def _filters(query: bytes) -> dict[str, str]:
    if len(query) > QUERY_BYTES_MAX:
        raise InvalidReportFilter("The filters are too long.")
    found: dict[str, str] = {}
    for key, value in parse_qsl(query.decode("ascii", "replace"), keep_blank_values=True):
        if key in found:
            raise InvalidReportFilter(f"The filter {key[:64]!r} is there twice.", remedy="Give it once.")
        found[key] = value
    return found


def _json(value: object) -> Reply:
    return Reply(200, msgspec.json.encode(value))


def _refusal(status: int, code: str, message: str, remedy: str = "") -> Reply:
    return Reply(status, msgspec.json.encode({"code": code, "message": message, "remedy": remedy}))
