"""The command line of a till, from the folder's first day to a handed-over journal."""

from __future__ import annotations

import asyncio
import base64
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from octonext.base.errors import OctoNextError
from octonext.crypto import tls
from octonext.till.cli import app
from octonext.till.errors import (
    EnrolmentRefused,
    GatewayUnreachable,
    JournalInUse,
    NotEnrolled,
    NotUnderstood,
    ShiftNotOpen,
    WrongPin,
)
from octonext.till.service import Till
from octonext.till.store import Journal
from tls_listener import listening_context

MILK, PIN = "6291003100018", "4711"


def run(*arguments: str, pin: str | None = PIN) -> str:
    """The output of `octonext till ...`; what goes wrong is raised."""
    result = CliRunner(env={"OCTONEXT_PIN": pin}).invoke(app, list(arguments))
    if isinstance(result.exception, OctoNextError):
        raise result.exception
    assert result.exit_code == 0, result.output
    assert PIN not in result.output
    return result.output


@pytest.fixture
def folder(till: Till, tmp_path: Path) -> str:
    till.journal.close()
    return str(tmp_path / "till")


def test_a_day_on_the_command_line(folder: str) -> None:
    assert "20.000 KWD" in run("shift", "open", "--dir", folder, "--cashier", "C1", "--float", "20")
    sold = run("sell", "--dir", folder, f"{MILK}x2", "DATE-1x0.5", "--tender", "cash=5")
    assert "KW01-T01-2" in sold
    assert "1.950" in sold
    assert "3.050" in sold
    assert "RETURN" in run("return", "--dir", folder, "KW01-T01-2", MILK, "--reason", "sour")
    assert "-1.500" in run("cash", "--dir", folder, "1.5", "--out")
    assert "24" in run("count", "--dir", folder, f"{MILK}x24")
    assert "-2" in run("adjust", "--dir", folder, f"{MILK}x-2", "--why", "damage")
    run("void", "--dir", folder, MILK)
    assert "KW01-T01-2" in run("receipt", "--dir", folder, "2")
    closed = run("shift", "close", "--dir", folder, "--counted", "20.100")
    assert "Difference" in closed
    assert "0.000 KWD" in closed
    facts = json.loads(run("status", "--dir", folder, "--json"))
    assert (facts["entries"], facts["waiting"], facts["shift"]) == (8, 8, None)


def test_what_is_wrong_is_said_in_a_sentence(folder: str, tmp_path: Path) -> None:
    with pytest.raises(NotEnrolled, match="enrol"):
        run("status", "--dir", str(tmp_path / "nothing"))
    with pytest.raises(ShiftNotOpen):
        run("sell", "--dir", folder, MILK)
    with pytest.raises(WrongPin):
        run("shift", "open", "--dir", folder, "--cashier", "C1", pin="1")
    run("shift", "open", "--dir", folder, "--cashier", "C1")
    with pytest.raises(WrongPin, match="PIN is needed"):
        run("sell", "--dir", folder, MILK, pin=None)
    with pytest.raises(NotUnderstood):
        run("sell", "--dir", folder, "a b")
    journal = Journal.open(Path(folder))
    with pytest.raises(JournalInUse):
        run("sell", "--dir", folder, MILK)
    journal.close()


def test_a_fault_is_no_traceback(folder: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "octonext.processes.cli", "till", "sell", "--dir", folder, MILK],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "No shift is open" in done.stderr
    assert "Traceback" not in done.stderr + done.stdout


def test_no_gateway_leaves_everything_in_the_journal(folder: str) -> None:
    run("shift", "open", "--dir", folder, "--cashier", "C1")
    with pytest.raises(GatewayUnreachable, match="1 entries wait"):
        run("sync", "--dir", folder, "--url", "https://127.0.0.1:1", "--timeout", "1")


@pytest.mark.asyncio
async def test_enrol_sync_and_sell(tmp_path: Path, shard: Any, gateway: Any) -> None:
    folder = str(tmp_path / "new")
    async with enrolling(tmp_path, shard) as (url, ca):
        said = await asyncio.to_thread(
            run, "enrol", "--dir", folder, "--url", url, "--ca", str(ca), "--code", "good"
        )
        assert "T01 of KW01 Salmiya" in said
    journal = Journal.open(Path(folder))
    shard.identity = journal.identity
    journal.close()
    async with gateway(shard) as (url, _):
        await asyncio.to_thread(run, "sync", "--dir", folder, "--url", url)
        await asyncio.to_thread(run, "shift", "open", "--dir", folder, "--cashier", "C1")
        await asyncio.to_thread(run, "sell", "--dir", folder, MILK)
        said = await asyncio.to_thread(run, "sync", "--dir", folder, "--url", url)
    assert "2 entries handed over, none waiting" in said
    assert len(shard.plaintexts) == 2


@pytest.mark.asyncio
async def test_a_used_code_is_refused_and_makes_no_till(tmp_path: Path, shard: Any) -> None:
    folder = tmp_path / "new"
    async with enrolling(tmp_path, shard) as (url, ca):
        with pytest.raises(EnrolmentRefused, match="used already"):
            await asyncio.to_thread(
                run, "enrol", "--dir", str(folder), "--url", url, "--ca", str(ca), "--code", "used"
            )
        with pytest.raises(GatewayUnreachable, match="certificate"):
            await asyncio.to_thread(run, "enrol", "--dir", str(folder), "--url", url, "--code", "good")
    assert list(folder.iterdir()) == []


def test_an_address_without_tls_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EnrolmentRefused, match="https"):
        run("enrol", "--dir", str(tmp_path), "--url", "http://127.0.0.1", "--code", "good")


@asynccontextmanager
async def enrolling(tmp_path: Path, shard: Any) -> AsyncIterator[tuple[str, Path]]:
    """An HTTPS listener that knows one answer."""
    identity = shard.identity
    good = {
        "device_id": 7,
        "device_code": "T01",
        "branch": {"branch_id": 3, "code": "KW01", "name_en": "Salmiya", "name_ar": "السالمية"},
        "shard_id": "kw-1",
        "shard_public_key": base64.b64encode(identity.shard_public_key).decode(),
        "device_share": base64.b64encode(bytes(32)).decode(),
        "jurisdiction": "KW",
        "currency": "KWD",
        "time_zone": "Asia/Kuwait",
        "server_time": "2026-01-01T00:00:00Z",
    }

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        [length] = [line.split(b":")[1] for line in head.lower().splitlines() if b"content-length" in line]
        asked = json.loads(await reader.readexactly(int(length)))
        ok = asked["code"] == "good"
        body = json.dumps(good if ok else {"detail": "This code was used already."}).encode()
        status = "201 Created" if ok else "409 Conflict"
        writer.write(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
        await writer.drain()
        writer.close()

    files = tls.ensure_server_certificate(tmp_path / "tls", [], now=datetime.now(UTC))
    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=listening_context(files))
    async with server:
        yield f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}", files.root
