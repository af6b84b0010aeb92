"""`python -m bench`: runs the benchmarks one after the other and writes the page.

Exit code 0: all were measured (or left out for a reason that the page gives); 1: one failed;
2: the arguments cannot be used; 130: interrupted. What was measured until then is on the page.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.status import Status

from octonext.base.errors import OctoNextError

from .machine import this_machine
from .names import NAMES
from .page import write_page
from .record import Record, UnreadableRecords, merge, read, write
from .runner import Circumstances, run_one

EXIT_FAILED = 1
EXIT_BAD_ARGUMENTS = 2
EXIT_INTERRUPTED = 130
FIGURES_FILE = Path("benchmarks") / "figures.json"
ROOT = Path(__file__).resolve().parent.parent


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the arguments ask for; the exit code."""
    parser = _parser()
    given = parser.parse_args(arguments)
    if given.data_file is not None and not given.data_file.is_file():
        parser.error(f"there is no file {given.data_file}")
    if given.out.suffix != ".md":
        parser.error(f"--out is the page, a .md file, not {given.out}")
    if given.work is not None and not given.work.is_dir():
        parser.error(f"there is no folder {given.work}")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    console = Console(highlight=False)
    try:
        return _run(given, console)
    except UnreadableRecords as error:
        parser.error(str(error))
    except OctoNextError as error:
        console.print(f"[red]{escape(str(error))}[/]", soft_wrap=True)
        return EXIT_FAILED
    except KeyboardInterrupt:
        console.print("Interrupted; what was measured before is on the page.")
        return EXIT_INTERRUPTED


def _run(given: argparse.Namespace, console: Console) -> int:
    out: Path = given.out.absolute()
    figures = out.parent / FIGURES_FILE
    records = read(figures)
    chosen = [name for name in NAMES if name in given.only] if given.only else list(NAMES)
    began = time.monotonic()
    failed = []
    with _work_folder(given.work) as folder:
        around = Circumstances(
            given.quick,
            given.seed,
            given.data_file.absolute() if given.data_file else None,
            folder,
            this_machine(folder),
        )
        for number, name in enumerate(chosen, start=1):
            record = _one(name, f"{number}/{len(chosen)}", around, console)
            if record.state == "failed":
                failed.append(name)
            records = merge(records, record, NAMES)
            # After each one: an hour of measuring must not hang on the last minute.
            write(figures, records)
            write_page(out, records, command=_command(given), expected=NAMES)
    console.print(f"{given.out} after {time.monotonic() - began:.0f} s")
    if failed:
        console.print(f"[red]failed: {', '.join(failed)}[/]")
        return EXIT_FAILED
    return 0


def _one(name: str, place: str, around: Circumstances, console: Console) -> Record:
    began = time.monotonic()
    said = "begins"

    def say(line: str) -> None:
        nonlocal said
        said = line
        if not console.is_terminal:
            console.print(f"{place} {name} {time.monotonic() - began:6.1f} s  {escape(line)}", soft_wrap=True)

    with Status("", console=console) as status:

        def look() -> None:
            status.update(f"{place} [bold]{name}[/] {time.monotonic() - began:.0f} s  [dim]{escape(said)}[/]")

        record, faults = run_one(name, around, say, look)
    if record.state == "failed":
        console.print(f"[red]failed[/]   {name}: {escape(record.why)}", soft_wrap=True)
        console.print(escape(faults), style="dim", soft_wrap=True)
        return record
    if record.state == "left out":
        console.print(f"[yellow]left out[/] {name}: {escape(record.why)}", soft_wrap=True)
        return record
    console.print(f"[green]measured[/] {name} in {record.seconds:.0f} s")
    for figure in record.figures:
        ratio = "" if figure.ratio is None else f", ratio {figure.ratio:.3g}"
        met = {None: "", True: ", met", False: ", [red]not met[/]"}[figure.met]
        console.print(f"  {escape(figure.name)}: {figure.value:,.4g} {escape(figure.unit)}{ratio}{met}")
    return record


@contextmanager
def _work_folder(chosen: Path | None) -> Iterator[Path]:
    # As root /tmp, whatever TMPDIR says: PostgreSQL's own user must be able to pass through.
    parent = chosen or Path("/tmp" if os.geteuid() == 0 else tempfile.gettempdir())  # noqa: S108
    folder = Path(tempfile.mkdtemp(prefix="octonext-bench-", dir=parent.absolute()))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _command(given: argparse.Namespace) -> str:
    """The command to write on the page; a path is this machine's and nobody else's."""
    words = ["python -m bench"]
    words += ["--quick"] if given.quick else []
    words += ["--only", *given.only] if given.only else []
    words += [f"--data-file {given.data_file.name}"] if given.data_file else []
    words += [f"--seed {given.seed}"]
    return " ".join(words)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench", description="Measure OctoNext and write the page of benchmarks."
    )
    parser.add_argument("--quick", action="store_true", help="the whole page in five minutes")
    parser.add_argument(
        "--only", nargs="+", choices=NAMES, metavar="NAME", default=[],
        help=f"measure these and keep the page's other sections: {', '.join(NAMES)}",
    )  # fmt: skip
    parser.add_argument("--data-file", type=Path, metavar="FILE", help="a retailer's transactions, to replay")
    parser.add_argument(
        "--out", type=Path, metavar="FILE", default=ROOT / "docs" / "benchmarks.md", help="the page to write"
    )
    parser.add_argument("--seed", type=int, default=1, help="what is sold comes from it")
    parser.add_argument("--work", type=Path, metavar="DIR", help="where databases are made (and deleted)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
