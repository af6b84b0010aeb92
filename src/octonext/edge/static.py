"""Serves the browser till as `make web` built it: files that were read once, and no path of the disk.

What a request names is looked up among the files that were read when the process started, so nothing
outside of them can be named. The files are open to everybody who reaches the gateway: they are the program,
the same for all, and hold nobody's data.
"""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
from litestar import Request, Response, route
from litestar.datastructures import State
from litestar.enums import HttpMethod
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from .authentication import open_to_all
from .errors import NotFound
from .headers import APP_FEATURES, APP_POLICY

#: Where the app lives; its service worker controls what lies below.
APP_PATH = "/till"
INDEX = "index.html"
#: A build is some hundred kilobytes; what is larger than this is no build of ours.
FILES_BYTES_MAX = 32 * 1024 * 1024
#: Compressed copies are made of what shrinks, and of nothing so small that a packet holds it anyway.
COMPRESSED_FROM_BYTES = 1_000

#: The whole content is in the name (Vite: "name-HASH.js"), so it never changes under it.
_HASHED = re.compile(r"assets/.+-[A-Za-z0-9_-]{8}\.[a-z0-9]+")
_FOR_EVER = "public, max-age=31536000, immutable"
_ASK_AGAIN = "no-cache"
#: Browsers are told never to guess (`nosniff`), so what they run must be named rightly.
_TYPES: Mapping[str, str] = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".css": "text/css",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
    ".wasm": "application/wasm",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}
_SHRINKING = frozenset({".html", ".js", ".mjs", ".css", ".json", ".webmanifest", ".svg", ".txt", ".wasm"})
_METHODS = [HttpMethod.GET, HttpMethod.HEAD]

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class BuiltFile:
    """One file of the app; `compressed` is its gzip, None where that is not smaller."""

    content: bytes
    compressed: bytes | None
    tag: str
    media_type: str
    cache: str


class BuiltApp:
    """The files of the app by their path below `APP_PATH`; none when it was not built."""

    def __init__(self, files: Mapping[str, BuiltFile] | None = None) -> None:
        self._files = dict(files or {})

    @classmethod
    def read(cls, folder: Path) -> BuiltApp:
        """Read and compress what `make web` has left in `folder`; links in it are not followed."""
        paths = sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
        size = sum(path.stat().st_size for path in paths)
        if size > FILES_BYTES_MAX:
            _log.error("the browser till is too large to be served", bytes=size, bytes_max=FILES_BYTES_MAX)
            return cls()
        return cls({path.relative_to(folder).as_posix(): _read(path, folder) for path in paths})

    def find(self, path: str) -> BuiltFile:
        """The file of a path below `APP_PATH`, "" for the page itself. Raises NotFound."""
        if INDEX not in self._files:
            raise NotFound(
                "The browser till was not built on this gateway.",
                remedy="Run `make web`, then restart the gateway.",
            )
        found = self._files.get(path or INDEX)
        if found is None:
            raise NotFound("The browser till has no such file.")
        return found


def routes() -> list[ControllerRouterHandler]:
    """What is open to everybody: the app's files, and the way to them. `app.state` holds `app: BuiltApp`."""
    return [_root, _page, _file]


@route("/", http_method=_METHODS, opt=open_to_all(), include_in_schema=False, sync_to_thread=False)
def _root() -> Response[bytes]:
    return _moved_to_app()


@route(APP_PATH, http_method=_METHODS, opt=open_to_all(), include_in_schema=False, sync_to_thread=False)
def _page(request: Request[Any, Any, Any], state: State) -> Response[bytes]:
    # The router sees no difference; a browser does: without the slash, the page would lie above its files
    # and beyond its own service worker.
    if not _asked_path(request).endswith(b"/"):
        return _moved_to_app()
    return _answer(request, _app(state).find(""))


@route(
    APP_PATH + "/{path:path}", http_method=_METHODS, opt=open_to_all(), include_in_schema=False,
    sync_to_thread=False,
)  # fmt: skip
def _file(request: Request[Any, Any, Any], state: State, path: FromPath[Path]) -> Response[bytes]:
    return _answer(request, _app(state).find(path.as_posix().lstrip("/")))


def _app(state: State) -> BuiltApp:
    app: BuiltApp | None = state.get("app")
    return app or BuiltApp()


def _asked_path(request: Request[Any, Any, Any]) -> bytes:
    raw: bytes = request.scope.get("raw_path") or b""
    return raw.partition(b"?")[0]


def _moved_to_app() -> Response[bytes]:
    # For now and not for ever: a browser that has remembered it could not be told otherwise.
    return Response(b"", status_code=302, headers={"Location": f"{APP_PATH}/", "Cache-Control": _ASK_AGAIN})


def _answer(request: Request[Any, Any, Any], file: BuiltFile) -> Response[bytes]:
    body, tag = file.content, file.tag
    headers = {
        "Cache-Control": file.cache,
        # Of every file and not of the page alone: a worker lives under the policy of its own script.
        "Content-Security-Policy": APP_POLICY,
        "Permissions-Policy": APP_FEATURES,
    }
    if file.compressed is not None:
        headers["Vary"] = "Accept-Encoding"
        if _takes_gzip(request.headers.get("accept-encoding", "")):
            body, tag = file.compressed, f"{file.tag}-gz"
            headers["Content-Encoding"] = "gzip"
    headers["ETag"] = f'"{tag}"'
    if _knows(request.headers.get("if-none-match", ""), tag):
        headers.pop("Content-Encoding", None)
        return Response(b"", status_code=304, headers=headers, media_type=file.media_type)
    headers["Content-Length"] = str(len(body))
    if request.method == HttpMethod.HEAD:
        body = b""
    return Response(body, status_code=200, headers=headers, media_type=file.media_type)


def _takes_gzip(accepted: str) -> bool:
    """Whether `Accept-Encoding` names gzip and does not weigh it with nothing (RFC 9110, section 12.5.3)."""
    for each in accepted.lower().split(","):
        name, _, weight = each.partition(";")
        if name.strip() == "gzip":
            return re.fullmatch(r"\s*q\s*=\s*0(\.0*)?\s*", weight) is None
    return False


def _knows(known: str, tag: str) -> bool:
    """Whether `If-None-Match` names the tag; compared weakly (RFC 9110, section 13.1.2)."""
    named = {each.strip().removeprefix("W/") for each in known.split(",")}
    return "*" in named or f'"{tag}"' in named


def _read(path: Path, folder: Path) -> BuiltFile:
    content = path.read_bytes()
    compressed = None
    if path.suffix in _SHRINKING and len(content) >= COMPRESSED_FROM_BYTES:
        # Without the time in its header, so that all gateways serve the same bytes under one tag.
        made = gzip.compress(content, 9, mtime=0)
        compressed = made if len(made) < len(content) else None
    name = path.relative_to(folder).as_posix()
    return BuiltFile(
        content=content,
        compressed=compressed,
        tag=hashlib.sha256(content).hexdigest()[:32],
        media_type=_TYPES.get(path.suffix, "application/octet-stream"),
        cache=_FOR_EVER if _HASHED.fullmatch(name) else _ASK_AGAIN,
    )
