"""`octonext catalog`: bring products in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from octonext.catalog.domain.csv_rows import parse_mapping

from .catalog_import import Tally, import_products
from .client import Authority, DataFolder, TokenFile, Url, connect

app = typer.Typer(help="The catalogue at head office.", no_args_is_help=True)

#: The file was read to its end and not all of it was taken; 1 is an error, 2 a wrong argument.
EXIT_REFUSED = 3


@app.callback()
def catalog() -> None:
    """The catalogue at head office."""


@app.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(help="CSV with a header line, UTF-8; may be .gz.")],
    url: Url = "",
    token_file: TokenFile = None,
    ca: Authority = None,
    data: DataFolder = None,
    columns: Annotated[
        str, typer.Option("--columns", help="What columns are, as heading=field,...: ean=barcode.")
    ] = "",
    report: Annotated[
        Path | None,
        typer.Option("--report", help="Where refused rows are written. Default: FILE.report.csv here."),
    ] = None,
) -> None:
    """Create or change products from a CSV file; refused rows go into a report with their line.

    Ends with 3 when some were refused, so that no script takes half a file for a whole one.
    """
    mapping = parse_mapping(columns)
    report = report or Path(f"{file.name}.report.csv")
    console = Console()
    with (
        connect(url, token_file, ca, data) as api,
        Progress(
            TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn(),
            TextColumn("{task.fields[rows]} rows, {task.fields[refused]} refused"),
            console=console,
        ) as bar,
    ):  # fmt: skip
        total = file.stat().st_size if file.exists() else None
        task = bar.add_task(file.name, total=total, rows="0", refused="0")

        def show(tally: Tally, bytes_read: int) -> None:
            bar.update(task, completed=bytes_read, rows=f"{tally.rows:,}", refused=f"{tally.refused:,}")

        tally = import_products(file, api, mapping=mapping, report=report, progress=show)
    console.print(
        f"{tally.rows:,} rows in = {tally.applied:,} applied ({tally.created:,} new) "
        f"+ {tally.refused:,} refused; {tally.notes:,} repaired. Report: {report}",
        highlight=False, soft_wrap=True,
    )  # fmt: skip
    if tally.refused:
        raise typer.Exit(EXIT_REFUSED)
