"""Every error as a problem document (RFC 9457), and the one table from error code to HTTP status."""

from __future__ import annotations

import math
import traceback
from collections.abc import Mapping
from typing import Any

import asyncpg
import msgspec
import structlog
from litestar import Request, Response
from litestar.connection import ASGIConnection
from litestar.exceptions import HTTPException, ValidationException
from litestar.types import ExceptionHandlersMap

from octonext.base.errors import OctoNextError
from octonext.runtime.actor import current_actor

from .errors import UNAVAILABLE_ERRORS, InvalidRequest, Unavailable
from .refused_attempts import RefusedAttempts
from .request_context import current_request_id

MEDIA_TYPE = "application/problem+json"
FIELD_ERRORS_MAX = 50
STATUS_OF_OTHERS = 400
"""An OctoNextError is something the caller can put right, so a code without a row is a 400."""

STATUS: Mapping[str, int] = {
    "invalid_request": 400,
    "invalid_amount": 400,
    "invalid_quantity": 400,
    "invalid_barcode": 400,
    "invalid_key": 400,
    "invalid_cursor": 400,
    "card_number": 400,
    "password_refused": 400,
    "invalid_till_settings": 400,
    "unauthenticated": 401,
    "enrolment_refused": 401,
    "sign_in_refused": 401,
    "forbidden": 403,
    "foreign_origin": 403,
    "not_found": 404,
    "request_too_slow": 408,
    "conflict": 409,
    "residency": 409,
    "wrong_shard": 409,
    "request_too_large": 413,
    "unknown_reference": 422,
    "too_many_attempts": 429,
    "unavailable": 503,
    "database_unreachable": 503,
    "shard_unavailable": 503,
}

_TITLES = {
    400: "The request cannot be understood",
    401: "A credential is needed",
    403: "The credential does not allow this",
    404: "There is no such thing",
    405: "The method is not allowed here",
    408: "The request took too long to arrive",
    409: "The request collides with what is there",
    413: "The request is too large",
    415: "The media type is not supported",
    422: "The request names something unknown",
    429: "Too many requests",
    500: "The server made a mistake",
    503: "A part of the system does not answer",
}

FRAMES_LOGGED_MAX = 10

_log = structlog.get_logger(__name__)


class FieldError(msgspec.Struct, omit_defaults=True):
    """One value of the request that was refused: `field` is its path."""

    message: str
    field: str = ""


class Problem(msgspec.Struct, omit_defaults=True):
    """RFC 9457 problem details, with our stable `code` and the request's id as extensions."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str = ""
    remedy: str = ""
    errors: list[FieldError] = []


def status_of(code: str) -> int:
    """The HTTP status that the error `code` is answered with."""
    return STATUS.get(code, STATUS_OF_OTHERS)


def problem_response(
    status: int,
    code: str,
    detail: str,
    *,
    remedy: str = "",
    errors: list[FieldError] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response[Problem]:
    """The one place where a problem document is made; also for code that answers without raising."""
    headers = dict(headers or {})
    if status == 401:
        headers.setdefault("WWW-Authenticate", 'Bearer realm="octonext"')
    body = Problem(
        type=f"urn:octonext:problem:{code}",
        title=_TITLES.get(status, "The request was refused"),
        status=status,
        detail=detail,
        code=code,
        request_id=current_request_id(),
        remedy=remedy,
        errors=errors or [],
    )
    return Response(body, status_code=status, media_type=MEDIA_TYPE, headers=headers)


def exception_handlers() -> ExceptionHandlersMap:
    """What a Litestar application needs so that no error leaves in any other form."""
    handlers: dict[Any, Any] = {
        OctoNextError: _refused,
        HTTPException: _http,
        asyncpg.DataError: _unstorable,
        Exception: _fault,
    }
    for kind in UNAVAILABLE_ERRORS:
        handlers[kind] = _unavailable
    return handlers


def asked(connection: ASGIConnection[Any, Any, Any, Any]) -> dict[str, str]:
    """Method and route of a request. Not its path, which may hold what identifies somebody."""
    scope: Any = connection.scope
    return {"method": scope.get("method", ""), "route": scope.get("path_template") or "unmatched"}


def _note_refusal(request: Request[Any, Any, Any], error: OctoNextError) -> None:
    refused: RefusedAttempts | None = request.app.state.get("refused")
    if refused is None:
        return
    actor = current_actor()
    address = request.client.host if request.client is not None else "local"
    who = "" if actor is None else f"{actor.kind} {actor.id} "
    refused.note("authorisation_refused", who + address, actor, why=error.message, **asked(request))


def _refused(request: Request[Any, Any, Any], error: OctoNextError) -> Response[Problem]:
    if status_of(error.code) == 403:
        _note_refusal(request, error)
    headers = {}
    retry_after_s = getattr(error, "retry_after_s", None)
    if retry_after_s is None and status_of(error.code) == 503:
        retry_after_s = 5
    if retry_after_s is not None:
        # Whole seconds, and never 0: that would invite a storm (RFC 9110, section 10.2.3).
        headers["Retry-After"] = str(max(1, math.ceil(retry_after_s)))
    return problem_response(
        status_of(error.code),
        error.code,
        error.message,
        remedy=error.remedy,
        errors=getattr(error, "field_errors", None),
        headers=headers,
    )


def _unavailable(request: Request[Any, Any, Any], error: Exception) -> Response[Problem]:
    _log.warning("database_unavailable", exc_info=error)
    return _refused(request, Unavailable("A database that this needs does not answer now."))


def _unstorable(request: Request[Any, Any, Any], error: asyncpg.DataError) -> Response[Problem]:
    """A value that its type allows and PostgreSQL does not: a NUL in a text, a number too large."""
    # Kind and place only: the driver's message quotes the parameter, which may be a secret.
    frames = traceback.extract_tb(error.__traceback__)[-FRAMES_LOGGED_MAX:]
    places = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
    _log.warning("value_refused", kind=type(error).__name__, frames=places)
    return _refused(
        request,
        InvalidRequest(
            "A value of the request cannot be stored or compared.",
            remedy="Send texts without NUL characters, and numbers and dates within their range.",
        ),
    )


def _http(_: Request[Any, Any, Any], error: HTTPException) -> Response[Problem]:
    """What the framework refused itself: unknown paths, wrong methods, bodies that do not decode."""
    codes = {
        401: "unauthenticated",
        403: "forbidden",
        404: "not_found",
        405: "method_not_allowed",
        413: "request_too_large",
        415: "unsupported_media_type",
    }
    code = codes.get(error.status_code, "invalid_request" if error.status_code < 500 else "internal")
    if error.status_code >= 500:
        _log.error("framework_error", exc_info=error)
        return problem_response(error.status_code, code, "The server could not answer.")
    # The framework's own sentence repeats the whole address, in which there may be what identifies somebody.
    is_invalid = isinstance(error, ValidationException)
    detail = "The request does not have the form that this address takes." if is_invalid else error.detail
    return problem_response(
        error.status_code, code, detail, errors=_field_errors(error), headers=error.headers
    )


def _fault(_: Request[Any, Any, Any], error: Exception) -> Response[Problem]:
    """A bug: logged with its place, told without it."""
    _log.error("unexpected_error", exc_info=error)
    return problem_response(
        500,
        "internal",
        "Something went wrong in the server; it was logged.",
        remedy="Give the request id to whoever runs this installation.",
    )


def _field_errors(error: HTTPException) -> list[FieldError]:
    if not isinstance(error.extra, list):
        return []
    found = [entry for entry in error.extra if isinstance(entry, dict)]
    return [
        FieldError(message=str(entry.get("message", "")), field=str(entry.get("key", "")))
        for entry in found[:FIELD_ERRORS_MAX]
    ]
