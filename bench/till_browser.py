"""A Chromium for the benchmark of the till: its page, its worker, its processes, and how slow they are."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from playwright.async_api import BrowserContext, CDPSession, Page, Worker, async_playwright

from octonext.processes.os_process import die_with_parent, end, everyone, send

from .harness import LeftOut
from .slower import renderers

EXECUTABLES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)
SCRIPT = Path(__file__).with_name("till_page.js")
VIEWPORT = {"width": 1280, "height": 800}
STEP_TIMEOUT_MS = 60_000
STOP_TIMEOUT_S = 10.0
#: What is kept of the words on a page that is stuck.
WORDS_MAX = 200


class Stuck(RuntimeError):
    """The page did not do in time what was asked of it."""


@dataclass
class Browser:
    """One profile, open."""

    context: BrowserContext
    pid: int
    page: Page

    @property
    def worker(self) -> Worker:
        """The till's worker."""
        return self.page.workers[0]

    async def bench(self, call: str, *, timeout_s: float = STEP_TIMEOUT_MS / 1000) -> Any:
        """What an expression on the page's `bench` (till_page.js) gives. Raises Stuck."""
        try:
            async with asyncio.timeout(timeout_s):
                return await self.page.evaluate(f"bench.{call}")
        except TimeoutError:
            shown = " ".join((await self.page.evaluate("document.body.innerText")).split())
            raise Stuck(
                f"{call} takes longer than {timeout_s:g} s; the page shows: {shown[-WORDS_MAX:]}"
            ) from None

    async def reached(self, test: str, *, timeout_s: float = STEP_TIMEOUT_MS / 1000) -> float:
        """Wait until an expression about the engine's `state` holds; when that was, in the page's time."""
        reached: float = await self.bench(f"reached((state) => {test})", timeout_s=timeout_s)
        return reached

    async def engine(self, method: str, *given: object) -> Any:
        """A method of the till's engine, as the page calls it."""
        return await self.page.evaluate("([method, given]) => bench.call(method, ...given)", [method, given])

    async def anew(self, url: str) -> None:
        """The till in a new tab, with every worker of the service stopped: a cold start."""
        page = await self.context.new_page()
        await self.page.close()
        self.page = page
        session = await self.context.new_cdp_session(page)
        await session.send("ServiceWorker.enable")
        await session.send("ServiceWorker.stopAllWorkers")
        await session.detach()
        await page.goto(url, wait_until="commit")

    def renderer(self) -> int:
        """The renderer with the till: the biggest one."""
        return max(renderers(self.pid), key=pss)


@asynccontextmanager
async def browsing(profile: Path, trusted: str) -> AsyncIterator[Browser]:
    """A browser that trusts one certificate, with the script on every page. Raises LeftOut."""
    path = next((found for name in EXECUTABLES if (found := shutil.which(name))), None)
    if path is None:
        raise LeftOut("There is no Chromium here: `scripts/system-packages test` installs it.")
    async with async_playwright() as playwright:
        context = await playwright.chromium.launch_persistent_context(
            str(profile),
            executable_path=path,
            args=[*FLAGS, f"--ignore-certificate-errors-spki-list={trusted}"],
            headless=True,
            locale="en-GB",
            viewport=VIEWPORT,  # type: ignore[arg-type]
        )
        try:
            context.set_default_timeout(STEP_TIMEOUT_MS)
            await context.add_init_script(path=SCRIPT)
            yield Browser(context, _pid(profile), context.pages[0])
        finally:
            with suppress(Exception):
                await context.close()


@contextmanager
def slowed(browser: Browser, rate: float) -> Iterator[None]:
    """Every renderer of the browser runs `rate` times slower while the block runs."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.slower", str(browser.pid), str(rate)],
        stdout=subprocess.PIPE,
        preexec_fn=die_with_parent(signal.SIGTERM),  # noqa: PLW1509 -- no thread runs yet
    )
    assert process.stdout is not None, "it was started with a pipe"
    try:
        if not process.stdout.readline():
            raise RuntimeError("what makes pages slower did not start")
        yield
    finally:
        end([process.pid], signal.SIGTERM, STOP_TIMEOUT_S)
        process.wait()
        # Were it killed, it left them as they were.
        send(renderers(browser.pid), signal.SIGCONT)


async def memory(browser: Browser) -> dict[str, float]:
    """MiB, after a garbage collection: heap and buffers of page and worker, and what the process takes."""
    session = await browser.context.new_cdp_session(browser.page)
    try:
        target = await _attach(session)
        await session.send("HeapProfiler.collectGarbage")
        await _ask(session, target, "HeapProfiler.collectGarbage")
        page = await session.send("Runtime.getHeapUsage")
        worker = await _ask(session, target, "Runtime.getHeapUsage")
    finally:
        await session.detach()
    return {
        "page": _bytes(page) / 2**20,
        "worker": _bytes(worker) / 2**20,
        "renderer": pss(browser.renderer()) / 2**20,
    }


def _bytes(usage: dict[str, Any]) -> float:
    used: float = usage["usedSize"] + usage["embedderHeapUsedSize"] + usage["backingStorageSize"]
    return used


async def refuses_throttling(browser: Browser) -> str | None:
    """What DevTools answer when a worker is to be slowed down; None when they do it."""
    session = await browser.context.new_cdp_session(browser.page)
    try:
        target = await _attach(session)
        await _ask(session, target, "Emulation.setCPUThrottlingRate", rate=1)
    except RuntimeError as refusal:
        return str(refusal)
    finally:
        await session.detach()
    return None


async def _attach(session: CDPSession) -> str:
    async with _Heard(session, "Target.attachedToTarget") as heard:
        await session.send(
            "Target.setAutoAttach", {"autoAttach": True, "waitForDebuggerOnStart": False, "flatten": False}
        )
        found = await heard.first(lambda event: event["targetInfo"]["type"] == "worker")
    target: str = found["sessionId"]
    return target


async def _ask(session: CDPSession, target: str, method: str, **params: object) -> dict[str, Any]:
    async with _Heard(session, "Target.receivedMessageFromTarget") as heard:
        message = json.dumps({"id": 1, "method": method, "params": params})
        await session.send("Target.sendMessageToTarget", {"sessionId": target, "message": message})
        found = await heard.first(lambda event: json.loads(event["message"]).get("id") == 1)
    answer = json.loads(found["message"])
    if "error" in answer:
        raise RuntimeError(answer["error"]["message"])
    result: dict[str, Any] = answer["result"]
    return result


class _Heard:
    """Events of a session while the block runs."""

    def __init__(self, session: CDPSession, name: str) -> None:
        self._session, self._name = session, name
        self._events: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def __aenter__(self) -> Self:
        self._session.on(self._name, self._events.put_nowait)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._session.remove_listener(self._name, self._events.put_nowait)

    async def first(self, fits: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        async with asyncio.timeout(STEP_TIMEOUT_MS / 1000):
            while not fits(event := await self._events.get()):
                pass
        return event


def pss(pid: int) -> int:
    """Bytes of a process, its share of what others use too."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0


def spki_digest(certificate: bytes) -> str:
    """What Chromium is told to trust: SHA-256 of a PEM certificate's public key, base64."""
    key = x509.load_pem_x509_certificate(certificate).public_key()
    spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(spki).digest()).decode()


def _pid(profile: Path) -> int:
    """The browser's first process: the one with this profile that is no child of another such."""
    mark = os.fsencode(f"--user-data-dir={profile}")
    for each in everyone():
        with suppress(OSError):
            words = Path(f"/proc/{each.pid}/cmdline").read_bytes().split(b"\0")
            if mark in words and not any(word.startswith(b"--type=") for word in words):
                return each.pid
    raise RuntimeError("the browser that was started is not there")
