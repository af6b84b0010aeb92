"""The browser till as files: what is open, how it is cached, and that nothing else can be named."""

from __future__ import annotations

import gzip
from pathlib import Path

import httpx
import pytest
from litestar import Litestar
from litestar.routes import BaseRoute

from octonext.base.clock import SystemClock
from octonext.edge import static
from octonext.edge.application import application
from octonext.edge.headers import APP_POLICY
from octonext.edge.static import BuiltApp
from octonext.edge.tokens import TokenCache
from octonext.processes.gateway import build
from octonext.runtime.metrics import Registry
from octonext.sync.metrics import SyncMetrics
from octonext.sync.socket import SyncServer

SCRIPT = b"export const till = 1;\n" * 200
HASHED = "assets/main-Ab3_x-9Z.js"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A build as Vite leaves it, with a secret beside it that must stay out of reach."""
    built = tmp_path / "till"
    (built / "assets").mkdir(parents=True)
    (built / "index.html").write_bytes(b"<!doctype html><title>Till</title>")
    (built / "sw.js").write_bytes(SCRIPT)
    (built / "manifest.webmanifest").write_bytes(b"{}")
    (built / HASHED).write_bytes(SCRIPT)
    (built / "assets/hash-wasm-12345678.wasm").write_bytes(b"\0asm")
    (tmp_path / "secret.txt").write_text("secret")
    (built / "link.txt").symlink_to(tmp_path / "secret.txt")
    return built


async def _nobody(_digest: bytes) -> None:
    return None


def client(app: BuiltApp | None) -> httpx.AsyncClient:
    made = application(
        static.routes(),
        tokens=TokenCache(_nobody, SystemClock()), title="t", version="0", state={"app": app},
    )  # fmt: skip
    transport = httpx.ASGITransport(made)  # type: ignore[arg-type]  # Litestar's own ASGI types
    return httpx.AsyncClient(transport=transport, base_url="https://till")


@pytest.fixture
def till(folder: Path) -> httpx.AsyncClient:
    return client(BuiltApp.read(folder))


async def test_the_way_to_the_app_leads_below_its_service_workers_scope(till: httpx.AsyncClient) -> None:
    for path in ("/", "/till"):
        answer = await till.get(path)
        assert (answer.status_code, answer.headers["location"]) == (302, "/till/")
    page = await till.get("/till/")
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["cache-control"] == "no-cache"


async def test_every_file_of_the_app_carries_the_policy_that_a_worker_lives_under(
    till: httpx.AsyncClient,
) -> None:
    for path in ("/till/", "/till/sw.js", f"/till/{HASHED}"):
        headers = (await till.get(path)).headers
        assert headers["content-security-policy"] == APP_POLICY
        assert "unsafe-inline" not in headers["content-security-policy"]
        assert "camera=(self)" in headers["permissions-policy"]
        assert "microphone=()" in headers["permissions-policy"]
        assert headers["cross-origin-opener-policy"] == "same-origin"
        assert headers["cross-origin-embedder-policy"] == "require-corp"
        assert headers["x-content-type-options"] == "nosniff"


async def test_a_name_with_a_hash_is_kept_for_ever_and_any_other_is_asked_for_again(
    till: httpx.AsyncClient,
) -> None:
    assert "immutable" in (await till.get(f"/till/{HASHED}")).headers["cache-control"]
    for path in ("/till/", "/till/sw.js", "/till/manifest.webmanifest"):
        assert (await till.get(path)).headers["cache-control"] == "no-cache"


async def test_files_come_compressed_to_whoever_takes_it_and_each_form_has_its_own_tag(
    till: httpx.AsyncClient,
) -> None:
    packed = await till.get("/till/sw.js", headers={"Accept-Encoding": "br, gzip"})
    plain = await till.get("/till/sw.js", headers={"Accept-Encoding": "gzip;q=0, br"})
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) < len(SCRIPT)
    assert "content-encoding" not in plain.headers
    assert packed.content == plain.content == SCRIPT
    assert packed.headers["etag"] != plain.headers["etag"]
    assert packed.headers["vary"] == plain.headers["vary"] == "Accept-Encoding"
    small = await till.get("/till/", headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in small.headers
    wasm = await till.get("/till/assets/hash-wasm-12345678.wasm")
    assert wasm.headers["content-type"] == "application/wasm"


async def test_a_browser_that_has_the_file_is_told_so_and_sent_nothing(till: httpx.AsyncClient) -> None:
    for accepted in ("gzip", "identity"):
        headers = {"Accept-Encoding": accepted}
        tag = (await till.get("/till/sw.js", headers=headers)).headers["etag"]
        for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
            again = await till.get("/till/sw.js", headers={**headers, "If-None-Match": known})
            assert (again.status_code, again.content) == (304, b"")
            assert again.headers["etag"] == tag
        changed = await till.get("/till/sw.js", headers={**headers, "If-None-Match": '"other"'})
        assert changed.status_code == 200


async def test_head_says_what_get_would_send_and_nothing_can_be_written(till: httpx.AsyncClient) -> None:
    said = await till.head("/till/sw.js", headers={"Accept-Encoding": "identity"})
    assert (said.status_code, said.content) == (200, b"")
    assert said.headers["content-length"] == str(len(SCRIPT))
    for method in ("POST", "PUT", "DELETE"):
        for path in ("/", "/till/", "/till/sw.js"):
            assert (await till.request(method, path)).status_code == 405


@pytest.mark.parametrize(
    "path",
    [
        "/till/../secret.txt",
        "/till/%2e%2e/secret.txt",
        "/till/..%2fsecret.txt",
        "/till/assets/../../secret.txt",
        "/till/%2fetc/passwd",
        "/till//etc/passwd",
        "/till/..\\secret.txt",
        "/till/link.txt",
        "/till/sw.js%00.txt",
        "/till/nothing",
        "/till/assets",
    ],
)
async def test_nothing_but_the_files_of_the_app_can_be_named(till: httpx.AsyncClient, path: str) -> None:
    answer = await till.get(path)
    assert answer.status_code == 404
    assert "secret" not in answer.json().get("detail", "")


async def test_without_a_build_the_answer_names_what_builds_it(tmp_path: Path) -> None:
    for app in (None, BuiltApp.read(tmp_path), BuiltApp.read(tmp_path / "missing")):
        answer = await client(app).get("/till/")
        assert answer.status_code == 404
        assert "make web" in answer.json()["remedy"]


async def test_a_folder_that_is_no_build_of_ours_is_not_taken_into_memory(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(static, "FILES_BYTES_MAX", len(SCRIPT))
    assert (await client(BuiltApp.read(folder)).get("/till/")).status_code == 404


def test_all_gateways_serve_the_same_bytes_under_one_tag(folder: Path) -> None:
    first, second = (BuiltApp.read(folder).find("sw.js") for _ in range(2))
    assert first == second
    assert first.compressed is not None
    assert gzip.decompress(first.compressed) == SCRIPT


def _open(app: Litestar) -> set[str]:
    """The paths of handlers that the guard lets anybody through to, by what their `opt` says."""
    marks = {"credential_in_request", "open_to_all"}

    def handlers(route: BaseRoute) -> list[object]:
        found = getattr(route, "route_handlers", None)
        return list(found) if found is not None else [route.route_handler]  # type: ignore[attr-defined]

    return {
        route.path
        for route in app.routes
        for handler in handlers(route)
        if marks & {value for value in handler.opt.values() if isinstance(value, str)}  # type: ignore[attr-defined]
    }


def test_what_is_open_is_the_program_and_what_brings_its_own_credential() -> None:
    registry = Registry()
    app = build(
        tokens=TokenCache(_nobody, SystemClock()), hq=None, lanes=[], reporting=None, registry=registry,
        sync=SyncServer([], clock=SystemClock(), metrics=SyncMetrics(registry)),
    )  # fmt: skip
    assert _open(app) == {
        "/", "/till", "/till/{path:path}",
        "/sync/v1", "/api/v1/enrolments", "/api/v1/sessions",
    }  # fmt: skip
