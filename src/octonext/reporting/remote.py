"""The reporting process as others see it: over its Unix socket, or https to another machine."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import httpx
import msgspec

from octonext.base.clock import Clock
from octonext.base.errors import OctoNextError
from octonext.edge.errors import Unavailable
from octonext.feeds.domain import Cursor, Outcome, Page

from .domain.batches import encode_delivery, split_pages

CONNECT_TIMEOUT_S = 1.0
REPORT_TIMEOUT_S = 20.0
"""A little more than a report may take in the store, so that its own refusal arrives."""
INGEST_TIMEOUT_S = 15.0
RESET_TIMEOUT_S = 600.0
"""Deleting a source's rows rewrites what they lie in."""
CONNECTIONS_MAX = 16
PATIENCE_S = 1.0
"""How long a read may take before reporting is asked whether it answers at all."""
PROBE_TIMEOUT_S = 1.5
"""How long it has to say so. A long report is no reason for silence: they run beside the answering."""
QUIET_S = 2.0
"""After a failure callers are refused at once for this long, then one of them asks again."""
AS_OF_HEADER = "OctoNext-As-Of"
TRUNCATED_HEADER = "OctoNext-Truncated"


class ReportRefused(OctoNextError):
    """The reporting process refused a request; `code` says why, as everywhere."""

    def __init__(self, code: str, message: str, *, remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.code = code


class _Refusal(msgspec.Struct):
    code: str
    message: str
    remedy: str = ""


class HeldSeals(msgspec.Struct):
    """Heads of a source's seals as reporting keeps them; nothing of them is believed yet."""

    newest: int
    heads: list[tuple[int, str, str]]
    """Number, bytes (ASCII), signature (hex)."""


class _Outcome(msgspec.Struct):
    cursor: str
    applied: bool
    error: str = ""


class ReportFile(NamedTuple):
    """A report as it was asked for, JSON or CSV."""

    body: bytes
    media_type: str
    as_of: str
    """Everything that the shards of all its branches had committed before this is in it; or "unknown"."""
    truncated: str
    """Whether more rows exist than `limit` let through, "true" or "false"."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where the reporting process is: a Unix socket, or an https URL with the token it asks for."""

    socket: Path | None = None
    url: str = "http://reporting"
    token: str | None = None


class ReportingClient:
    """One process' connections to reporting. Fails quickly while reporting is down."""

    def __init__(self, address: Address, clock: Clock) -> None:
        self._clock = clock
        self._failing = False
        self._quiet_until = 0.0
        headers = {} if address.token is None else {"authorization": f"Bearer {address.token}"}
        self._client = httpx.AsyncClient(
            base_url=address.url,
            headers=headers,
            transport=_transport(address),
            timeout=httpx.Timeout(REPORT_TIMEOUT_S, connect=CONNECT_TIMEOUT_S),
            trust_env=False,
        )
        # Connections of their own: reports that take long must not keep the question waiting.
        self._prober = httpx.AsyncClient(
            base_url=address.url,
            headers=headers,
            transport=_transport(address),
            timeout=httpx.Timeout(PROBE_TIMEOUT_S),
            trust_env=False,
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()
        await self._prober.aclose()

    async def report(self, name: str, filters: Mapping[str, str]) -> ReportFile:
        """A report as asked for. Raises Unavailable, ReportRefused."""
        response = await self._get(f"/reports/{quote(name, safe='')}", filters)
        said = response.headers
        return ReportFile(
            response.content,
            said.get("content-type", "application/json"),
            said.get(AS_OF_HEADER, "unknown"),
            said.get(TRUNCATED_HEADER, "false"),
        )

    async def reports(self) -> bytes:
        """The list of reports, JSON. Raises Unavailable."""
        return (await self._get("/reports")).content

    async def status(self) -> bytes:
        """The status of the reporting process, JSON. Raises Unavailable."""
        return (await self._get("/status")).content

    async def cursors(self, source: str, feeds: Sequence[str]) -> dict[str, Cursor]:
        """Where each of `feeds` of a source stands. Raises Unavailable, ReportRefused."""
        found = msgspec.json.decode(
            _checked(await self._send("GET", f"/cursors/{source}")).content, type=dict[str, str]
        )
        return {feed: Cursor.parse(found[feed]) for feed in feeds}

    async def seals(self, source: str, after: int) -> HeldSeals:
        """A page of the heads behind a number, and the newest one's. Raises Unavailable, ReportRefused."""
        response = await self._get(f"/seals/{source}", {"after": str(after)})
        try:
            return msgspec.json.decode(response.content, type=HeldSeals)
        except msgspec.DecodeError:
            raise _unavailable() from None

    async def holds_seal(self, source: str, digest: bytes) -> bool:
        """Whether a head with that hash is there. Raises Unavailable, ReportRefused."""
        response = await self._get(f"/seals/{source}/{digest.hex()}")
        try:
            return msgspec.json.decode(response.content, type=dict[str, bool]).get("found", False)
        except msgspec.DecodeError:
            raise _unavailable() from None

    async def reset(self, source: str) -> None:
        """Let all of a source be deleted, so that it is read again. Raises Unavailable, ReportRefused."""
        _checked(await self._send("POST", f"/reset/{source}", timeout_s=RESET_TIMEOUT_S))

    async def mark(self, word: str) -> None:
        """Let a marker of 64 hexadecimal characters be written to disk. Raises Unavailable, ReportRefused."""
        _checked(await self._send("POST", f"/marker/{word}", timeout_s=INGEST_TIMEOUT_S))

    async def deliver(self, source: str, pages: Sequence[Page], as_of: datetime | None) -> dict[str, Outcome]:
        """Hand over pages; what became of each. Raises Unavailable, ReportRefused."""
        outcomes: dict[str, Outcome] = {}
        parts = split_pages(pages)
        for number, part in enumerate(parts, start=1):
            last = number == len(parts)
            response = await self._send(
                "POST",
                f"/ingest/{source}",
                content=encode_delivery(part, as_of if last else None),
                timeout_s=INGEST_TIMEOUT_S,
            )
            found = msgspec.json.decode(_checked(response).content, type=dict[str, _Outcome])
            for feed, each in found.items():
                outcomes[feed] = Outcome(Cursor.parse(each.cursor), each.applied, each.error)
        return outcomes

    async def _get(self, path: str, filters: Mapping[str, str] | None = None) -> httpx.Response:
        """A read for somebody who waits: refused at once while reporting is known to be down.

        A process that hangs is found by asking it something easy, so that it costs seconds, not the
        time that a report may take.
        """
        if self._failing:
            if self._clock.monotonic() < self._quiet_until:
                raise _unavailable()
            self._quiet_until = self._clock.monotonic() + PROBE_TIMEOUT_S + QUIET_S
            await self._probe()
        reading = asyncio.ensure_future(self._send("GET", path, filters=filters))
        try:
            while not (await asyncio.wait({reading}, timeout=PATIENCE_S))[0]:
                await self._probe()
            response = reading.result()
        except Unavailable:
            self._fail()
            raise
        finally:
            reading.cancel()
        self._failing = False
        return _checked(response)

    async def _probe(self) -> None:
        """Ask whether reporting answers at all. Raises Unavailable."""
        try:
            await self._prober.get("/healthz")
        except httpx.HTTPError as error:
            self._fail()
            raise _unavailable() from error
        self._failing = False

    def _fail(self) -> None:
        self._failing = True
        self._quiet_until = self._clock.monotonic() + QUIET_S

    async def _send(
        self,
        method: str,
        path: str,
        *,
        filters: Mapping[str, str] | None = None,
        content: bytes | None = None,
        timeout_s: float = REPORT_TIMEOUT_S,
    ) -> httpx.Response:
        try:
            return await self._client.request(
                method,
                path,
                params=dict(filters or {}),
                content=content,
                timeout=httpx.Timeout(timeout_s, connect=CONNECT_TIMEOUT_S),
            )
        except httpx.HTTPError as error:
            raise _unavailable() from error


def _transport(address: Address) -> httpx.AsyncHTTPTransport:
    limits = httpx.Limits(max_connections=CONNECTIONS_MAX, max_keepalive_connections=4)
    if address.socket is not None:
        return httpx.AsyncHTTPTransport(uds=str(address.socket), limits=limits)
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    return httpx.AsyncHTTPTransport(verify=context, limits=limits)


def _checked(response: httpx.Response) -> httpx.Response:
    if response.status_code < 400:
        return response
    try:
        refusal = msgspec.json.decode(response.content, type=_Refusal)
    except msgspec.DecodeError:
        raise _unavailable() from None
    if response.status_code >= 500:
        raise Unavailable(refusal.message, retry_after_s=int(QUIET_S))
    raise ReportRefused(refusal.code, refusal.message, remedy=refusal.remedy)


def _unavailable() -> Unavailable:
    return Unavailable("Reporting does not answer now; sales go on.", retry_after_s=int(QUIET_S) + 1)
