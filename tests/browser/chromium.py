"""Chromium with a profile of its own that trusts the installation's certificate, and can be killed."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import os
import re
import shutil
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from playwright.async_api import BrowserContext, ConsoleMessage, Page, Playwright, async_playwright

from octonext.processes.os_process import everyone, send, tree, wait_until_gone

EXECUTABLES = ("chromium", "chromium-browser", "google-chrome")
#: A page's own step; generous, because two test processes share the machine with databases.
STEP_TIMEOUT_MS = 30_000
GONE_TIMEOUT_S = 20
DESKTOP = {"width": 1280, "height": 800}
#: What Chromium itself writes into the console when a connection fails; the page cannot keep it from that.
LINE_BROKEN = re.compile(
    r"console: (WebSocket connection to 'wss://\S+' failed: .*|Failed to load resource: net::ERR_\w+)",
    re.DOTALL,
)
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)


def executable() -> str | None:
    """Where Chromium is on this machine, None without one."""
    return next((found for name in EXECUTABLES if (found := shutil.which(name))), None)


def spki_digest(certificate: bytes) -> str:
    """What Chromium is told to trust: SHA-256 of a PEM certificate's public key, base64."""
    key = x509.load_pem_x509_certificate(certificate).public_key()
    spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(spki).digest()).decode()


@dataclass
class Chromium:
    """
    One profile: opened, killed, opened again. What pages complained of is kept in `complaints`, without what
    the test said that it expects.
    """

    playwright: Playwright
    profile: Path
    trusted: str
    language: str = "en"
    complaints: list[str] = field(default_factory=list)
    expected: list[re.Pattern[str]] = field(default_factory=list)
    #: More of Chromium's flags, for its next start.
    flags: tuple[str, ...] = ()
    #: Done to each new context before it shows a page.
    prepare: Callable[[BrowserContext], Awaitable[None]] | None = None
    context: BrowserContext | None = None

    async def open(self, url: str, *, touch: bool = False, viewport: dict[str, int] | None = None) -> Page:
        """Start the browser on this profile and show `url`."""
        path = executable()
        assert path is not None
        self.context = await self.playwright.chromium.launch_persistent_context(
            str(self.profile),
            executable_path=path,
            args=[*QUIET, *self.flags, f"--ignore-certificate-errors-spki-list={self.trusted}"],
            headless=True,
            has_touch=touch,
            locale={"en": "en-GB", "ar": "ar-KW"}[self.language],
            timezone_id="Asia/Kuwait",
            viewport=viewport or DESKTOP,  # type: ignore[arg-type]
        )
        self.context.set_default_timeout(STEP_TIMEOUT_MS)
        if self.prepare is not None:
            await self.prepare(self.context)
        page = self.context.pages[0] if self.context.pages else await self.context.new_page()
        self.listen(page)
        await page.goto(url)
        return page

    async def another_page(self, url: str) -> Page:
        """A second tab of the same profile."""
        assert self.context is not None
        page = await self.context.new_page()
        self.listen(page)
        await page.goto(url)
        return page

    def listen(self, page: Page) -> None:
        page.on("pageerror", lambda error: self._complain(f"page error: {error}"))
        page.on("console", self._heard)

    def line_may_break(self) -> None:
        """Connections that fail are no complaint from now on."""
        self.expected.append(LINE_BROKEN)

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self._complain(f"console: {message.text}")

    def _complain(self, complaint: str) -> None:
        if not any(each.fullmatch(complaint) for each in self.expected):
            self.complaints.append(complaint)

    async def close(self) -> None:
        if self.context is not None:
            with suppress(Exception):
                await self.context.close()
            self.context = None

    async def kill(self) -> None:
        """`kill -9` of the browser and everything it started: nothing of it gets to say goodbye."""
        found = await asyncio.to_thread(pids_of, self.profile)
        # What holds the databases open may be a child that does not name the profile.
        pids = sorted({each for pid in found for each in tree(pid)})
        send(pids, signal.SIGKILL)
        assert not wait_until_gone(pids, GONE_TIMEOUT_S)
        await self.close()
        # What says that a browser still has this profile open; it is dead.
        for name in ("SingletonLock", "SingletonCookie", "SingletonSocket"):
            (self.profile / name).unlink(missing_ok=True)


def pids_of(profile: Path) -> list[int]:
    """The processes of the browser that has this profile open."""
    mark = os.fsencode(f"--user-data-dir={profile}")
    pids = []
    for each in everyone():
        with suppress(OSError):
            if mark in Path(f"/proc/{each.pid}/cmdline").read_bytes().split(b"\0"):
                pids.append(each.pid)
    return pids


@asynccontextmanager
async def chromium(profile: Path, trusted: str, language: str = "en") -> AsyncIterator[Chromium]:
    """A browser that is gone when the block ends."""
    async with async_playwright() as playwright:
        browser = Chromium(playwright, profile, trusted, language)
        try:
            yield browser
        finally:
            await browser.close()
            await browser.kill()
