"""TLS 1.3 on every port that an installation opens, and certificates exchanged while its tills sell."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import shutil
import socket
import ssl
import subprocess
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import connect as connect_websocket
from websockets.exceptions import InvalidStatus

from octonext.crypto.certificates import read_pair
from octonext.crypto.tls import client_context, ensure_server_certificate
from octonext.sync.messages import PROTOCOL, Challenge
from octonext.till.fleet import Fleet

from .conftest import Installation, octonext, sell_more, wait_for
from .neighbours import selling
from .raw_till import PATH, RawLine, line_of

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("tls")]

GATEWAYS = 2
LISTENING = "0A"
ANSWER_S = 60.0
RELOADED_S = 60.0


def listeners(installation: Installation) -> dict[tuple[str, int], str]:
    """Every TCP address on which a process of the installation listens, and which process it is.

    From the kernel's own tables, so that nobody can add a port and forget it here.
    """
    inodes: dict[str, tuple[str, int]] = {}
    for table, family in (("tcp", socket.AF_INET), ("tcp6", socket.AF_INET6)):
        for row in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = row.split()
            if fields[3] == LISTENING:
                address, _, port = fields[1].partition(":")
                words = [int(address[n : n + 8], 16).to_bytes(4, "little") for n in range(0, len(address), 8)]
                inodes[fields[9]] = socket.inet_ntop(family, b"".join(words)), int(port, 16)
    found = {}
    for pid, what in installation.processes().items():
        for handle in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(OSError):
                target = str(handle.readlink())
                if target.startswith("socket:[") and target[8:-1] in inodes:
                    found[inodes[target[8:-1]]] = what
    return found


def test_nothing_listens_but_the_gateways(shared_installation: Installation) -> None:
    ports = {int(url.rpartition(":")[2]) for url in shared_installation.state.gateways}
    assert len(ports) == GATEWAYS
    assert {port for _, port in listeners(shared_installation)} == ports


@pytest.fixture(params=["openssl", "python"])
def older(request: pytest.FixtureRequest) -> str:
    if request.param == "openssl" and shutil.which("openssl") is None:
        pytest.skip("needs the program openssl (apt install openssl)")
    return str(request.param)


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_every_listener_speaks_tls_1_3_and_refuses_1_2(
    shared_installation: Installation, older: str, version: str
) -> None:
    found = listeners(shared_installation)
    assert found
    for host, port in found:
        speaks = speaks_by_openssl if older == "openssl" else speaks_by_python
        assert speaks(host, port, version) is (version == "1.3"), (host, port, found[host, port])


def speaks_by_openssl(host: str, port: int, version: str) -> bool:
    done = subprocess.run(
        ["openssl", "s_client", "-connect", f"{host}:{port}", f"-tls{version.replace('.', '_')}"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=ANSWER_S,
        check=False,
    )
    refused = "protocol version" in done.stderr
    assert refused or f"New, TLSv{version}" in done.stdout, done.stderr
    return not refused


def speaks_by_python(host: str, port: int, version: str) -> bool:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.maximum_version = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}[version]
    with socket.create_connection((host, port), ANSWER_S) as plain:
        if version == "1.2":
            with pytest.raises(ssl.SSLError, match="PROTOCOL_VERSION"):
                context.wrap_socket(plain)
            return False
        with context.wrap_socket(plain) as secure:
            assert secure.version() == f"TLSv{version}"
            return True


def test_a_client_without_tls_is_not_answered(shared_installation: Installation) -> None:
    for address in listeners(shared_installation):
        with socket.create_connection(address, ANSWER_S) as plain:
            plain.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert not plain.recv(1000).startswith(b"HTTP")


# --- where a browser may come from ------------------------------------------------------------------


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://localhost", "https://localhost.evil.example"]
)
async def test_a_browser_from_elsewhere_gets_no_websocket(
    shared_installation: Installation, origin: str
) -> None:
    url = shared_installation.state.gateways[0]
    context = client_context(shared_installation.layout.root_certificate)
    with pytest.raises(InvalidStatus) as refused:
        async with connect_websocket(
            url.replace("https", "wss", 1) + PATH, ssl=context, subprotocols=[PROTOCOL],  # type: ignore[list-item]
            additional_headers={"Origin": origin}, proxy=None,
        ):  # fmt: skip
            pass
    assert refused.value.response.status_code == 403


async def test_a_page_of_the_gateway_itself_and_a_till_get_one(shared_installation: Installation) -> None:
    url = shared_installation.state.gateways[0]
    context = client_context(shared_installation.layout.root_certificate)
    async with connect_websocket(
        url.replace("https", "wss", 1) + PATH, ssl=context, subprotocols=[PROTOCOL],  # type: ignore[list-item]
        additional_headers={"Origin": url}, proxy=None,
    ) as connection:  # fmt: skip
        assert isinstance(await RawLine(connection).receive(), Challenge)
    async with line_of(shared_installation) as line:
        assert isinstance(await line.receive(), Challenge)


# --- certificates -----------------------------------------------------------------------------------


async def shown_by(url: str, root: Path) -> str:
    """The serial number of the certificate that a gateway shows now."""
    host, _, port = url.removeprefix("https://").rpartition(":")
    _, writer = await asyncio.open_connection(host, int(port), ssl=client_context(root))
    try:
        return str(writer.get_extra_info("ssl_object").getpeercert()["serialNumber"])
    finally:
        writer.transport.abort()


async def is_shown(url: str, root: Path, serials: list[str]) -> bool:
    """Whether one of these is still shown; a greeting that the exchange itself cuts tells nothing yet."""
    try:
        return await shown_by(url, root) in serials
    except ConnectionResetError:
        return True


async def test_a_renewed_certificate_is_shown_by_every_gateway_while_tills_sell(
    shared_installation: Installation, shared_fleet: Fleet
) -> None:
    layout, urls = shared_installation.layout, shared_installation.state.gateways
    root = layout.root_certificate
    pids = [shared_installation.pid(f"gateway-{n}") for n in range(GATEWAYS)]
    before = [await shown_by(url, root) for url in urls]
    assert before[0] == before[1]
    async with selling(shared_installation, shared_fleet):
        await sell_more(shared_fleet, 5)
        wanted = ["new.example", *names(layout.tls)]
        ensure_server_certificate(layout.tls, wanted, now=dt.datetime.now(dt.UTC))
        async with asyncio.timeout(RELOADED_S):
            while any([await is_shown(url, root, before) for url in urls]):
                await asyncio.sleep(0.05)
        await sell_more(shared_fleet, 5)
        # The same processes, and no till was told anything but to come back.
        assert [shared_installation.pid(f"gateway-{n}") for n in range(GATEWAYS)] == pids
    assert shared_fleet.counters().stopped == 0


def told(installation: Installation) -> str:
    """The output of `octonext status`, as an operator reads it."""
    return octonext("status", "--data", str(installation.data_dir)).stdout


async def test_a_pair_that_cannot_be_served_is_not_and_status_says_why(
    shared_installation: Installation,
) -> None:
    layout, urls = shared_installation.layout, shared_installation.state.gateways
    before = await shown_by(urls[0], layout.root_certificate)
    good = (layout.tls / "server.key").read_bytes()
    other = ensure_server_certificate(layout.data_dir / "other", [], now=dt.datetime.now(dt.UTC))
    (layout.tls / "server.key").write_bytes(other.key.read_bytes())
    try:
        await wait_for(lambda: "do not belong together" in told(shared_installation), RELOADED_S)
        assert await shown_by(urls[0], layout.root_certificate) == before
    finally:
        (layout.tls / "server.key").write_bytes(good)
    await wait_for(lambda: "not taken over" not in told(shared_installation), RELOADED_S)


async def test_status_and_metrics_tell_how_long_the_certificate_is_good(
    shared_installation: Installation,
) -> None:
    layout, url = shared_installation.layout, shared_installation.state.gateways[0]
    assert "certificate good for 39" in told(shared_installation)
    async with httpx.AsyncClient(verify=client_context(layout.root_certificate), timeout=ANSWER_S) as client:
        token = layout.monitor_token.read_text().strip()
        numbers = (await client.get(f"{url}/metrics", headers={"Authorization": f"Bearer {token}"})).text
    assert "octonext_gateway_certificate_days_left 39" in numbers
    assert "octonext_gateway_certificate_refused 0.0" in numbers


def names(tls: Path) -> list[str]:
    return sorted(read_pair(tls / "server.crt", tls / "server.key").names())
