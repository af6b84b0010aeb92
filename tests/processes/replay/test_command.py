"""`octonext replay` from end to end on a small file with every kind of line, and what it leaves behind."""

from __future__ import annotations

import asyncio
import csv
import gzip
import os
import subprocess
import sys
import time
from pathlib import Path

import asyncpg
import msgspec
import pytest

from octonext.processes.os_process import everyone
from octonext.processes.replay.command import BadRequest, read_share
from octonext.processes.replay.domain.rows import COLUMNS
from octonext.processes.supervisor.service import Supervisor
from octonext.processes.verify.service import Options, Verification, verify_installation
from octonext.runtime.layout import OWNER_ROLE, Layout

HEART, LANTERN, POST = "85123A,HEART", "71053,LANTERN", "POST,POSTAGE"
LINES = [
    f"536365,{HEART},6,2010-12-01 08:26:00,2.55,17850.0,United Kingdom",
    f"536365,{HEART},1,2010-12-01 08:26:00,2.55,17850.0,United Kingdom",
    f"536365,{POST},1,2010-12-01 08:26:00,18.0,17850.0,France",
    "536366,71053,LANTERN,12,2010-12-02 09:00:00,3.39,,United Kingdom",
    "536367,71053,lantern,1,2010-12-09 09:00:00,0.0,,United Kingdom",
    "536368,85123a,,-4,2010-12-10 09:00:00,0.0,,United Kingdom",
    "536369,71053,LANTERN,x,2010-12-10 09:01:00,3.39,,United Kingdom",
    "A536370,B,Adjust bad debt,1,2010-12-10 09:02:00,-11062.06,,United Kingdom",
    "C536371,85123A,HEART,-2,2011-01-03 10:00:00,2.55,17850.0,United Kingdom",
    "C536372,71053,LANTERN,-1,2011-01-04 10:00:00,3.39,,United Kingdom",
    "C536373,AMAZONFEE,AMAZON FEE,-1,2011-01-05 10:00:00,13541.33,,United Kingdom",
    *(
        f"{537000 + n},{code},{1 + n % 5},2011-02-{1 + n % 28:02} 12:00:00,1.25,{13000 + n % 7}.0,UK"
        for n in range(40)
        for code in (HEART, LANTERN)
    ),
]


def run(*arguments: str, timeout_s: float = 180) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "octonext.processes.cli", "replay", *arguments],
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
        env=os.environ | {"COLUMNS": "100"},
    )


def processes_of(folder: Path) -> list[str]:
    """Processes that name the folder: the installation's own."""
    found = []
    for process in everyone():
        try:
            line = Path(f"/proc/{process.pid}/cmdline").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if str(folder) in line and "octonext" in line and process.pid != os.getpid():
            found.append(line)
    return found


@pytest.fixture
def transactions(tmp_path: Path) -> Path:
    path = tmp_path / "transactions.csv.gz"
    path.write_bytes(gzip.compress("\n".join([",".join(COLUMNS), *LINES, ""]).encode()))
    return path


@pytest.mark.cluster
@pytest.mark.xdist_group("cluster")
def test_a_file_is_replayed_reconciled_and_its_installation_can_be_verified_again(
    transactions: Path, data_dir: Path, tmp_path: Path
) -> None:
    report = tmp_path / "report.csv"
    done = run(
        str(transactions), "--branches", "3", "--tills", "5", "--data", str(data_dir), "--report", str(report)
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "Rows in 91 = applied 88 + reported 3" in done.stdout
    assert "File = journals = shards = reports, in money and quantity." in done.stdout
    assert [row[:2] for row in csv.reader(report.open(encoding="utf-8"))] == [
        ["line", "reason"],
        ["8", "invalid_quantity"],
        ["9", "bad_debt"],
        ["12", "company_cost"],
    ]
    assert processes_of(data_dir) == []
    asyncio.run(_verify_again(data_dir))
    asyncio.run(_verify_without_relay(data_dir))
    assert processes_of(data_dir) == []


async def _verify_again(data_dir: Path) -> None:
    """A second start finds everything; then rows are hidden from the feed, and reports differ."""
    supervisor = Supervisor(Layout(data_dir))
    try:
        await supervisor.start()
        code, said = await _octonext_verify(data_dir, "--json")
        found = msgspec.json.decode(said, type=Verification)
        assert (code, found.holds) == (0, True), said
        assert {each.number: each.state for each in found.invariants} == {
            **dict.fromkeys((1, 2, 3, 4, 5, 6, 8, 9, 10), "holds"),
            **dict.fromkeys((7, 11), "unchecked"),
        }
        await _write_behind_the_cursor(supervisor.layout)
        code, said = await _octonext_verify(data_dir)
        assert code == 2
        assert "Not everything holds." in said
        for check in ("totals", "payments", "taxes", "ledger", "stock", "tills"):
            assert f"\nreport-{check}: Reports" in said, said
    finally:
        await supervisor.stop()


async def _verify_without_relay(data_dir: Path) -> None:
    """Nobody carries the feed: the verification waits, gives up, and says how far reports are behind."""
    supervisor = Supervisor(Layout(data_dir), parts=("reporting",))
    try:
        await supervisor.start()
        owner = await asyncpg.connect(supervisor.layout.dsn("shard", "gb-1", role=OWNER_ROLE))
        columns = await _columns(owner, "sale_line")
        await owner.execute(
            f"INSERT INTO sale_line (seq, {columns}) SELECT 4000001, {columns} FROM sale_line"  # noqa: S608
            " WHERE seq = 4000000 AND line_no = 1"
        )
        await _push(owner, 4000001, "pg_current_xact_id()")
        await owner.close()
        found = await verify_installation(supervisor.layout, Options(reports_wait_s=0.5))
        [feed] = [each for each in found.checks if each.check == "feed-complete"]
        assert feed.state == "unchecked"
        behind = "gb-1: 1 receipt lines (feeds sale_line, movement)"
        assert feed.reason == f"reporting is behind after 0.5 s: {behind}"
    finally:
        await supervisor.stop()


async def _octonext_verify(data_dir: Path, *more: str) -> tuple[int | None, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "octonext.processes.cli", "verify"),
        *("--data", str(data_dir), "--journals", str(data_dir / "tills"), *more),
        stdout=subprocess.PIPE,
    )
    said, _ = await process.communicate()
    return process.returncode, said.decode()


async def _write_behind_the_cursor(layout: Layout) -> None:
    """Rows that a reader of `id > last` would have missed, too: their place in the feed is in the past."""
    owner = await asyncpg.connect(layout.dsn("shard", "gb-1", role=OWNER_ROLE))
    try:
        for table in ("sale", "sale_line", "sale_payment", "ledger_line"):
            columns = await _columns(owner, table)
            entry = "(SELECT min(seq) FROM sale_payment WHERE branch_id = 1 AND device_id = 1)"
            inserted = await owner.execute(
                f"INSERT INTO {table} (seq, {columns}) SELECT 4000000, {columns} FROM {table}"  # noqa: S608
                f" WHERE branch_id = 1 AND device_id = 1 AND seq = {entry}"
            )
            assert not inserted.endswith(" 0"), table
        await _push(owner, 4000000, "'3'")
        # The relay has passed this row already; setting it back hides the change from the feed.
        await owner.execute(
            "UPDATE device_head SET case_count = case_count + 1, xid = '3' WHERE device_id = 1"
        )
    finally:
        await owner.close()


async def _columns(owner: asyncpg.Connection, table: str) -> str:
    """The columns of a table but seq, as SQL."""
    return str(
        await owner.fetchval(
            "SELECT string_agg(quote_ident(attname), ', ') FROM pg_attribute"
            " WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped AND attname <> 'seq'",
            table,
        )
    )


async def _push(owner: asyncpg.Connection, seq: int, xid: str) -> None:
    """Give an entry of device 1 a place in the feeds."""
    await owner.execute(
        "INSERT INTO push (xid, branch_id, device_id, first_seq, last_seq, hash, posted_at)"  # noqa: S608
        f" SELECT {xid}, branch_id, device_id, seq, seq, sha256('push'), posted_at FROM sale_line"
        f" WHERE branch_id = 1 AND device_id = 1 AND seq = {seq} LIMIT 1"
    )


@pytest.mark.cluster
@pytest.mark.xdist_group("cluster")
def test_ctrl_c_stops_everything_and_leaves_nothing(transactions: Path, tmp_path: Path) -> None:
    folders = set(Path("/tmp").glob("octonext-replay-*"))
    process = subprocess.Popen(
        [
            sys.executable, "-m", "octonext.processes.cli", "replay", str(transactions),
            "--report", str(tmp_path / "report.csv"),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )  # fmt: skip
    assert process.stdout is not None
    for line in process.stdout:
        if "starting PostgreSQL" in line:
            break
    process.send_signal(2)
    said = process.stdout.read()
    assert process.wait(60) == 130, said
    ends = time.monotonic() + 10
    while new := set(Path("/tmp").glob("octonext-replay-*")) - folders:
        assert time.monotonic() < ends, new
        time.sleep(0.1)
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nothing.csv"], "There is no file nothing.csv."),
        (["{file}", "--branches", "1"], "at least a branch per shard"),
        (["{file}", "--offline", "lots"], "is not a part of the time"),
        (["{file}", "--data", "{folder}"], "is not an empty folder"),
        (["{wrong}"], "has the columns one, two"),
        (["{torn}"], "is damaged"),
    ],
)
def test_a_mistake_is_one_clear_line(
    tmp_path: Path, transactions: Path, arguments: list[str], words: str
) -> None:
    wrong, torn = tmp_path / "wrong.csv", tmp_path / "torn.csv.gz"
    wrong.write_text("one,two\n1,2\n")
    torn.write_bytes(transactions.read_bytes()[:15])
    names = {"file": transactions, "folder": tmp_path, "wrong": wrong, "torn": torn}
    done = run(*(argument.format(**names) for argument in arguments), timeout_s=60)
    assert done.returncode == 1
    assert words in done.stderr
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize(("text", "per_mille"), [("30%", 300), ("0", 0), ("12.5 %", 125), ("90%", 900)])
def test_a_share_of_the_time_is_read(text: str, per_mille: int) -> None:
    assert read_share(text) == per_mille


@pytest.mark.parametrize("text", ["", "-1", "91%", "1e1", "30,5%"])
def test_what_is_no_share_is_refused(text: str) -> None:
    with pytest.raises(BadRequest):
        read_share(text)
