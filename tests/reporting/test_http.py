"""Reports through the gateway's routes and the real client, to a reporting process' app on a Unix socket."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from octonext.base.clock import SystemClock
from octonext.crypto.secrets import token_digest
from octonext.edge.application import application
from octonext.edge.tokens import CATALOG_READ, REPORTS_READ, Principal, TokenCache
from octonext.feeds.domain import START, Page
from octonext.processes.local_service import serve_on_socket
from octonext.reporting import remote
from octonext.reporting.domain.answers import Answer
from octonext.reporting.domain.batches import Delivery
from octonext.reporting.http import reports_router
from octonext.reporting.remote import REPORT_TIMEOUT_S, Address, ReportingClient, ReportRefused
from octonext.reporting.service import Reporting
from octonext.reporting.socket import ReportingApp

from .conftest import NOON, MakePage

Serve = Callable[..., AbstractAsyncContextManager[None]]
READER, OTHER = "on_reader", "on_other"


@pytest.fixture
def socket(traversable_dir: Path, tmp_path: Path) -> Path:
    return traversable_dir / f"r{abs(hash(tmp_path)) % 10**8}.sock"


@pytest.fixture
def serve(reporting: Reporting, socket: Path) -> Serve:
    @asynccontextmanager
    async def served(token: str | None = None) -> AsyncIterator[None]:
        stop = asyncio.Event()
        task = asyncio.create_task(serve_on_socket(ReportingApp(reporting, token=token), socket, stop))
        transport = httpx.AsyncHTTPTransport(uds=str(socket), retries=50)
        async with httpx.AsyncClient(transport=transport, base_url="http://r") as client:
            await client.get("/healthz")
        yield
        stop.set()
        await task

    return served


@pytest_asyncio.fixture
async def gateway(socket: Path) -> AsyncIterator[httpx.AsyncClient]:
    known = {
        token_digest(READER): Principal("reader", frozenset({REPORTS_READ})),
        token_digest(OTHER): Principal("other", frozenset({CATALOG_READ})),
    }

    async def lookup(digest: bytes) -> Principal | None:
        return known.get(digest)

    reporting = ReportingClient(Address(socket=socket), SystemClock())
    app = application(
        [reports_router()],
        tokens=TokenCache(lookup, SystemClock()),
        title="test",
        version="0",
        state={"reporting": reporting},
    )
    headers = {"authorization": f"Bearer {READER}"}
    transport = httpx.ASGITransport(app)  # type: ignore[arg-type]  # on the test's own loop, where the reporting app runs too
    async with httpx.AsyncClient(transport=transport, base_url="https://gateway", headers=headers) as client:
        yield client
    await reporting.close()


async def test_a_report_is_answered_as_json_or_csv(
    serve: Serve,
    gateway: httpx.AsyncClient,
    reporting: Reporting,
    make_page: MakePage,
    dimensions: Page,
) -> None:
    await reporting.take("hq", Delivery((dimensions,), None))
    await reporting.take("kw-1", Delivery((make_page("sale", {}),), NOON))
    await reporting.take("sa-1", Delivery((), NOON + timedelta(minutes=3)))
    async with serve():
        answer = await gateway.get("/api/v1/reports/sales-by-branch?region=KW&from=2026-03-01")
        assert answer.status_code == 200
        assert answer.headers["octonext-as-of"] == "2026-03-01T12:00:00Z"
        assert answer.json()["rows"][0][:4] == [7, "KW7", "Salmiya", "السالمية"]
        for asked in ({"params": {"format": "csv"}}, {"headers": {"accept": "text/csv"}}):
            text = await gateway.get("/api/v1/reports/sales-by-branch", **asked)  # type: ignore[arg-type]
            assert text.headers["content-type"] == "text/csv; charset=utf-8"
            assert text.headers["octonext-as-of"] == "2026-03-01T12:00:00Z"
            assert text.headers["octonext-truncated"] == "false"
            assert "sales-by-branch.csv" in text.headers["content-disposition"]
            assert "السالمية" in text.content.decode("utf-8-sig")
            assert "1.250" in text.text
        names = [report["report"] for report in (await gateway.get("/api/v1/reports")).json()]
        assert "till-health" in names


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/api/v1/reports/profit", 404, "not_found"),
        ("/api/v1/reports/stock?from=2026-01-01", 400, "invalid_request"),
        ("/api/v1/reports/stock?limit=0", 400, "invalid_request"),
        ("/api/v1/reports/stock?colour=red", 400, "invalid_request"),
        ("/api/v1/reports/stock?format=pdf", 400, "invalid_request"),
    ],
)
async def test_a_wrong_question_is_a_problem_document(
    serve: Serve,
    gateway: httpx.AsyncClient,
    path: str,
    status: int,
    code: str,
) -> None:
    async with serve():
        answer = await gateway.get(path)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert answer.json()["remedy"]


async def test_reports_need_their_scope(gateway: httpx.AsyncClient) -> None:
    assert (
        await gateway.get("/api/v1/reports", headers={"authorization": f"Bearer {OTHER}"})
    ).status_code == 403
    assert (await gateway.get("/api/v1/reports", headers={"authorization": "Bearer x"})).status_code == 401


async def test_while_reporting_is_down_the_answer_is_a_quick_503_and_then_reports_return(
    serve: Serve,
    gateway: httpx.AsyncClient,
) -> None:
    for _ in range(3):
        began = time.monotonic()
        answer = await gateway.get("/api/v1/reports/totals")
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) >= 1
        assert time.monotonic() - began < REPORT_TIMEOUT_S / 2
    async with serve():
        deadline = time.monotonic() + 60
        while (await gateway.get("/api/v1/reports/totals")).status_code != 200:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.05)


async def test_a_branch_that_was_never_read_makes_the_age_of_a_report_unknown(
    serve: Serve, gateway: httpx.AsyncClient, reporting: Reporting, dimensions: Page
) -> None:
    await reporting.take("hq", Delivery((dimensions,), None))
    await reporting.take("kw-1", Delivery((), NOON))
    async with serve():
        assert (await gateway.get("/api/v1/reports/totals")).headers["octonext-as-of"] == "unknown"
        asked = "/api/v1/reports/totals?region=KW"
        assert (await gateway.get(asked)).headers["octonext-as-of"] == "2026-03-01T12:00:00Z"


async def test_a_reporting_process_that_hangs_costs_moments_and_then_nothing(
    gateway: httpx.AsyncClient, socket: Path
) -> None:
    # It takes connections and never answers, as a stopped process does.
    never = asyncio.Event()

    async def silent(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await never.wait()
        writer.close()

    server = await asyncio.start_unix_server(silent, socket)
    began = time.monotonic()
    answers = await asyncio.gather(*(gateway.get("/api/v1/reports/totals") for _ in range(5)))
    assert time.monotonic() - began < REPORT_TIMEOUT_S / 2
    for answer in (*answers, await gateway.get("/api/v1/reports/totals")):
        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
        assert int(answer.headers["retry-after"]) >= 1
    never.set()
    server.close()


async def test_a_long_report_is_waited_for_while_reporting_answers(
    serve: Serve,
    gateway: httpx.AsyncClient,
    reporting: Reporting,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    probes = 0
    known = ReportingClient._probe

    async def counted(client: ReportingClient) -> None:
        nonlocal probes
        await known(client)
        probes += 1

    async def long(_name: str, _given: object) -> Answer:
        while probes < 2:
            await asyncio.sleep(0.01)
        return Answer("totals", "", {}, {}, [], [], truncated=False)

    monkeypatch.setattr(ReportingClient, "_probe", counted)
    monkeypatch.setattr(remote, "PATIENCE_S", 0.01)
    async with serve():
        monkeypatch.setattr(reporting, "report", long)
        assert (await gateway.get("/api/v1/reports/totals")).status_code == 200


async def test_the_relays_client_delivers_and_learns_of_a_refusal(
    serve: Serve, socket: Path, make_page: MakePage
) -> None:
    client = ReportingClient(Address(socket=socket), SystemClock())
    async with serve():
        page = make_page("sale", {})
        assert (await client.deliver("kw-1", [page], None))["sale"].applied
        assert await client.cursors("kw-1", ["sale", "shift"]) == {"sale": page.end, "shift": START}
        assert not (await client.deliver("kw-1", [page], None))["sale"].applied
        with pytest.raises(ReportRefused) as refused:
            await client.deliver("KW!", [page], None)
        assert refused.value.code == "bad_delivery"
    await client.close()


async def test_with_a_token_nobody_without_it_is_answered(serve: Serve, socket: Path) -> None:
    stranger = ReportingClient(Address(socket=socket), SystemClock())
    known = ReportingClient(Address(socket=socket, token="s3cret"), SystemClock())
    async with serve("s3cret"):
        with pytest.raises(ReportRefused) as refused:
            await stranger.report("totals", {})
        assert refused.value.code == "unauthenticated"
        assert (await known.report("totals", {}))[1] == "application/json"
    await stranger.close()
    await known.close()
