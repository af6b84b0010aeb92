"""`octonext audit`: every command on the audit trail, each in a module of its own."""

from __future__ import annotations

import typer

from .archive import archive, verify_archive
from .prove import check_proof, consistency, prove, resume
from .show import export, show
from .verify import verify

app = typer.Typer(help="Read, keep and prove the audit trail.", no_args_is_help=True)
app.command("show")(show)
app.command("export")(export)
app.command("archive")(archive)
app.command("verify-archive")(verify_archive)
app.command("verify")(verify)
app.command("prove")(prove)
app.command("consistency")(consistency)
app.command("check-proof")(check_proof)
app.command("resume")(resume)
