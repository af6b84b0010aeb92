"""Command-line options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Data = Annotated[
    Path,
    typer.Option("--data", metavar="DIR", envvar="OCTONEXT_DATA", help="Folder of the installation."),
]
