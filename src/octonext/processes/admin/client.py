"""The API as a command sees it: one token, TLS 1.3, and patience with a busy server."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Annotated, Any, Self

import httpx
import msgspec
import typer

from octonext.base.errors import OctoNextError
from octonext.crypto.tls import client_context
from octonext.runtime.layout import Layout

ATTEMPTS_MAX = 6
RETRY_WAIT_S_MAX = 15.0
TIMEOUT_S = 60.0
PAGE_ROWS = 500

Url = Annotated[
    str, typer.Option("--url", envvar="OCTONEXT_URL", help="Gateway, such as https://hq.example:8443.")
]
TokenFile = Annotated[
    Path | None,
    typer.Option("--token-file", envvar="OCTONEXT_TOKEN_FILE", help="File that holds an API token."),
]
Authority = Annotated[
    Path | None,
    typer.Option("--ca", envvar="OCTONEXT_CA", help="Root certificate to trust; default: the system's."),
]
DataFolder = Annotated[
    Path | None,
    typer.Option(
        "--data", envvar="OCTONEXT_DATA", help="Folder of a local installation, for --url and --ca."
    ),
]


class ApiRefused(OctoNextError):
    """The API answered with a problem."""

    code = "api_refused"


class ApiUnreachable(OctoNextError):
    """The gateway did not answer."""

    code = "api_unreachable"


class Api:
    """A connection to /api/v1. Close it, or use it as a context manager."""

    def __init__(
        self, url: str, token: str, ca: Path | None, *, transport: httpx.BaseTransport | None = None
    ) -> None:
        self._client = httpx.Client(
            base_url=f"{url.rstrip('/')}/api/v1",
            headers={"Authorization": f"Bearer {token}"},
            verify=client_context(ca),
            timeout=TIMEOUT_S,
            trust_env=False,
            transport=transport,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def get(self, path: str, **parameters: str | int) -> Any:
        """Read. Raises ApiRefused, ApiUnreachable."""
        return self._call("GET", path, parameters=parameters, repeat=True)

    def pages(self, path: str, **parameters: str | int) -> Iterator[Any]:
        """Every row of a list, page by page."""
        page = self.get(path, limit=PAGE_ROWS, **parameters)
        yield from page["items"]
        while page["next_cursor"] is not None:
            page = self.get(path, limit=PAGE_ROWS, cursor=page["next_cursor"], **parameters)
            yield from page["items"]

    def post(self, path: str, body: Any = None, *, repeat: bool = False) -> Any:
        """Change. With `repeat`, for what may safely be said twice, a busy server is asked again."""
        return self._call("POST", path, body=body, repeat=repeat)

    def put(self, path: str, body: Any) -> Any:
        """Set. Raises ApiRefused, ApiUnreachable."""
        return self._call("PUT", path, body=body, repeat=True)

    def patch(self, path: str, body: Any) -> Any:
        """Change what is named. Raises ApiRefused, ApiUnreachable."""
        return self._call("PATCH", path, body=body, repeat=True)

    def delete(self, path: str) -> None:
        """Remove or revoke. Raises ApiRefused, ApiUnreachable."""
        self._call("DELETE", path, repeat=True)

    def _call(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        parameters: dict[str, str | int] | None = None,
        repeat: bool,
    ) -> Any:
        content = None if body is None else msgspec.json.encode(body)
        headers = {} if body is None else {"Content-Type": "application/json"}
        for attempt in range(1, ATTEMPTS_MAX + 1):
            last = not repeat or attempt == ATTEMPTS_MAX
            try:
                answer = self._client.request(
                    method, path, content=content, headers=headers, params=parameters
                )
            except httpx.HTTPError as error:
                if last:
                    raise ApiUnreachable(
                        f"{self._client.base_url} does not answer: {str(error) or type(error).__name__}.",
                        remedy="Is it running, and is --ca its root certificate?",
                    ) from None
                time.sleep(_wait_s(attempt, None))
                continue
            if answer.is_success:
                return msgspec.json.decode(answer.content) if answer.content else None
            if last or answer.status_code not in (409, 429, 503):
                raise _refusal(answer)
            time.sleep(_wait_s(attempt, answer.headers.get("retry-after")))
        raise AssertionError("the last attempt returns or raises")


@contextmanager
def connect(url: str, token_file: Path | None, ca: Path | None, data: Path | None) -> Iterator[Api]:
    """The API that the options name. Raises ApiUnreachable when they name none."""
    if data is not None:
        layout = Layout(data)
        url = url or f"https://127.0.0.1:{layout.gateway_port(0)}"
        ca = ca or layout.root_certificate
    if not url or token_file is None:
        raise ApiUnreachable(
            "This needs the gateway's address and a token.",
            remedy="Give --url (or --data of a local installation) and --token-file.",
        )
    try:
        token = token_file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ApiUnreachable(f"The token file {token_file} cannot be read: {error}.") from None
    with Api(url, token, ca) as api:
        yield api


def _refusal(answer: httpx.Response) -> ApiRefused:
    try:
        problem = msgspec.json.decode(answer.content, type=dict[str, Any])
    except msgspec.MsgspecError:
        return ApiRefused(f"The gateway answered {answer.status_code}.")
    details = [str(error.get("message", "")) for error in problem.get("errors", [])][:5]
    message = " ".join([str(problem.get("detail", answer.status_code)), *details])
    return ApiRefused(message, remedy=str(problem.get("remedy", "")))


def _wait_s(attempt: int, retry_after: str | None) -> float:
    if retry_after is not None and retry_after.isdigit():
        return min(float(retry_after), RETRY_WAIT_S_MAX)
    return min(float(2**attempt) / 2, RETRY_WAIT_S_MAX)
