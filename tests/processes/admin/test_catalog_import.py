"""A dirty file goes in: every row is applied or reported with its line, none is lost."""

from __future__ import annotations

import asyncio
import csv
import gzip
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from litestar import Litestar
from typer.testing import CliRunner

from api_fixtures import BridgeTransport
from octonext.edge.errors import InvalidRequest
from octonext.processes.admin import catalog
from octonext.processes.admin.catalog_import import Tally, UnreadableFile, import_products
from octonext.processes.admin.client import Api

DIRTY = (
    "\ufeffean,product_name\r\n"
    "4006381333931,Pens\r\n"
    "4006381333932,Wrong check digit\r\n"
    '0000000000017,"Two\nlines, a comma and a "" quote"\r\n'
    "\r\n"
    "4006381333931,Pens again\r\n"
    ",No code\r\n"
    "5280122341129,كاري 🍛\r\n"
    "73513537\r\n"
    "036000291452,\r\n"
)


async def imported(rest_app: Litestar, secret: str, file: Path, report: Path) -> Tally:
    transport = BridgeTransport(rest_app, asyncio.get_running_loop())

    def work() -> Tally:
        with Api("https://hq", secret, None, transport=transport) as api:
            return import_products(file, api, mapping={}, report=report, progress=lambda *_: None)

    return await asyncio.to_thread(work)


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
async def test_rows_in_are_rows_applied_plus_rows_reported(
    rest_app: Litestar,
    admin_secret: str,
    api: httpx.AsyncClient,
    tmp_path: Path,
    pack: Callable[[bytes], bytes],
) -> None:
    file, report = tmp_path / "products", tmp_path / "report.csv"
    file.write_bytes(pack(DIRTY.encode() + b"0012345678905,caf\xe9\r\n"))
    tally = await imported(rest_app, admin_secret, file, report)
    assert (tally.rows, tally.applied, tally.refused) == (9, 3, 6)
    with report.open(encoding="utf-8", newline="") as lines:
        reported = [(row["line"], row["outcome"], row["code"]) for row in csv.DictReader(lines)]
    assert sorted(reported) == [
        ("10", "refused", "wrong_shape"),
        ("11", "refused", "invalid_row"),
        ("12", "refused", "not_utf8"),
        ("3", "refused", "invalid_barcode"),
        ("5", "note", "repaired"),
        ("7", "refused", "duplicate_sku"),
        ("8", "refused", "no_identity"),
    ]
    products = {row["sku"]: row for row in (await api.get("/products")).json()["items"]}
    assert products["0000000000017"]["name_en"] == 'Two lines, a comma and a " quote'
    assert products["5280122341129"]["name_ar"] == "كاري 🍛"


@pytest.mark.parametrize(("rows", "code"), [("TEA,Tea\n", 0), ("TEA,Tea\n,No code\n", 3)])
async def test_the_command_fails_when_a_row_was_refused(
    rest_app: Litestar,
    admin_secret: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    rows: str,
    code: int,
) -> None:
    transport = BridgeTransport(rest_app, asyncio.get_running_loop())
    monkeypatch.setattr(
        catalog, "connect", lambda *_: Api("https://hq", admin_secret, None, transport=transport)
    )
    file, report = tmp_path / "products.csv", tmp_path / "report.csv"
    file.write_text(f"sku,name\n{rows}", encoding="utf-8")
    arguments = ["import", str(file), "--report", str(report)]
    result = await asyncio.to_thread(CliRunner().invoke, catalog.app, arguments)
    assert result.exit_code == code, result.output
    assert f"1 applied (1 new) + {1 if code else 0} refused" in result.output
    assert len(report.read_text(encoding="utf-8").splitlines()) == (2 if code else 1)


async def test_importing_a_file_again_changes_nothing(
    rest_app: Litestar, admin_secret: str, tmp_path: Path
) -> None:
    file = tmp_path / "products.csv"
    file.write_text("sku,name\n" + "".join(f"{number},Bread\n" for number in range(2500)))
    first = await imported(rest_app, admin_secret, file, tmp_path / "r1.csv")
    second = await imported(rest_app, admin_secret, file, tmp_path / "r2.csv")
    assert (first.applied, first.created) == (2500, 2500)
    assert (second.applied, second.created) == (2500, 0)


async def test_a_file_that_cannot_be_used_says_so(
    rest_app: Litestar, admin_secret: str, tmp_path: Path
) -> None:
    report = tmp_path / "report.csv"
    with pytest.raises(UnreadableFile, match="cannot be read"):
        await imported(rest_app, admin_secret, tmp_path / "missing.csv", report)
    empty = tmp_path / "empty.csv"
    empty.write_bytes(b"")
    with pytest.raises(UnreadableFile, match="no header"):
        await imported(rest_app, admin_secret, empty, report)
    broken = tmp_path / "broken.csv.gz"
    broken.write_bytes(gzip.compress(b"sku,name\n" + b"1,Tea\n" * 50_000)[:300])
    with pytest.raises(UnreadableFile, match="breaks off"):
        await imported(rest_app, admin_secret, broken, report)
    strange = tmp_path / "strange.csv"
    strange.write_text("colour,weight\nred,1\n")
    with pytest.raises(InvalidRequest, match="name"):
        await imported(rest_app, admin_secret, strange, report)
