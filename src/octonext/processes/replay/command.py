"""The command: options, the folder of the installation, and the exit code."""

from __future__ import annotations

import asyncio
import re
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from octonext.base.errors import OctoNextError

from .domain.calendar import PER_MILLE
from .domain.places import Chain
from .service import Outcome, Request, replay_file
from .show import show
from .watch import Watch

EXIT_DIFFERS = 2
BRANCHES_MAX = 99
TILLS_MAX = 1_000
SHARDS_MAX = 8
OFFLINE_MAX_PER_MILLE = 900

_PERCENT = re.compile(r"(\d{1,3})(?:\.(\d))?\s*%?")


class BadRequest(OctoNextError):
    """An option of the command cannot be used as it is."""

    code = "bad_request"


def replay(
    file: Annotated[Path, typer.Argument(metavar="FILE.csv[.gz]", help="The transactions to replay.")],
    branches: Annotated[int, typer.Option(min=1, max=BRANCHES_MAX, help="Branches of the chain.")] = 8,
    tills: Annotated[int, typer.Option(min=1, max=TILLS_MAX, help="Tills, dealt to the branches.")] = 40,
    shards: Annotated[int, typer.Option(min=1, max=SHARDS_MAX, help="Shards the branches lie on.")] = 2,
    offline: Annotated[str, typer.Option(help="Part of the time that each till has no network.")] = "30%",
    data: Annotated[
        Path | None, typer.Option(metavar="DIR", help="An empty folder for the installation; it is kept.")
    ] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the installation's folder.")] = False,
    report: Annotated[
        Path, typer.Option(metavar="CSV", help="Where rows that became nothing are reported.")
    ] = Path("replay-report.csv"),
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first rows of the file.")] = None,
    seed: Annotated[int, typer.Option(help="Another seed deals invoices differently.")] = 1,
    end: Annotated[  # noqa: ARG001 -- it always ends; scripts may say so
        bool, typer.Option("--exit", help="End after the reconciliation (as it always does).")
    ] = False,
) -> None:
    """Replay a retailer's transactions through a new cluster, and reconcile. 0: all agree, 2: they differ."""
    if not shards <= branches <= tills:
        raise BadRequest("There must be at least a branch per shard and a till per branch.")
    console = Console(highlight=False)
    chain = Chain(branches=branches, tills=tills, shards=shards, seed=seed)
    with _folder(data, keep, console) as folder:
        request = Request(file, folder, report, chain, read_share(offline), limit)
        outcome = asyncio.run(_until_asked_to_stop(request, Watch(console)))
        show(outcome, console, report=str(report))
    if not outcome.agrees:
        raise typer.Exit(EXIT_DIFFERS)


def read_share(text: str) -> int:
    """Return what "30%", "30" or "12.5%" is in parts per thousand. Raises BadRequest."""
    match = _PERCENT.fullmatch(text.strip())
    share = int(match[1]) * 10 + int(match[2] or 0) if match else PER_MILLE
    if share > OFFLINE_MAX_PER_MILLE:
        raise BadRequest(f"{text!r} is not a part of the time.", remedy="Write it like 30%; at most 90%.")
    return share


async def _until_asked_to_stop(request: Request, watch: Watch) -> Outcome:
    task = asyncio.ensure_future(replay_file(request, watch))
    loop = asyncio.get_running_loop()
    # SIGINT as well: a script that starts us in the background has it ignored
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, task.cancel)
    try:
        return await task
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None


@contextmanager
def _folder(data: Path | None, keep: bool, console: Console) -> Iterator[Path]:
    """The installation's folder; one that nobody named is deleted in the end."""
    if data is not None:
        if data.exists() and (not data.is_dir() or any(data.iterdir())):
            raise BadRequest(f"{data} is not an empty folder.", remedy="Choose another --data.")
        yield data
        return
    # /tmp whatever TMPDIR says: as root, PostgreSQL's own user must be able to pass through.
    folder = Path(tempfile.mkdtemp(prefix="octonext-replay-", dir="/tmp"))
    try:
        yield folder
    finally:
        if keep:
            console.print(f"The installation is in {folder}; start it with: octonext up --data {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
