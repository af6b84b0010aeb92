"""`octonext token`: API tokens for programs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Column, Table

from octonext.base.errors import OctoNextError
from octonext.edge.tokens import SCOPES

from .client import Authority, DataFolder, TokenFile, Url, connect
from .reset_admin import reset_admin

app = typer.Typer(
    help="API tokens for programs; all but reset-admin need a token with the scope admin.",
    no_args_is_help=True,
)
app.command("reset-admin")(reset_admin)


class FileExists(OctoNextError):
    """A secret would overwrite a file."""

    code = "file_exists"


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="What the token is for.")],
    scope: Annotated[list[str], typer.Option("--scope", help=f"Repeatable: {', '.join(SCOPES)}.")],
    url: Url = "",
    token_file: TokenFile = None,
    ca: Authority = None,
    data: DataFolder = None,
    region: Annotated[
        list[str] | None,
        typer.Option(
            "--region", help="Repeatable: limit the token to the audit trail of this region; default: all."
        ),
    ] = None,
    days: Annotated[int | None, typer.Option("--days", help="Days until it ends; default: never.")] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Write the secret into this new file instead of showing it.")
    ] = None,
) -> None:
    """Make a token. Its secret is shown once."""
    if out is not None and out.exists():
        raise FileExists(f"{out} is there already.", remedy="Name a new file; the secret is shown once.")
    with connect(url, token_file, ca, data) as api:
        made = api.post(
            "/tokens", {"name": name, "scopes": scope, "regions": region or None, "expires_in_days": days}
        )
    if out is None:
        typer.echo(made["secret"])
        return
    with os.fdopen(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(made["secret"] + "\n")
    typer.echo(f"Token {made['token']['token_id']} is in {out}.")


@app.command("list")
def show(url: Url = "", token_file: TokenFile = None, ca: Authority = None, data: DataFolder = None) -> None:
    """List tokens, without their secrets."""
    table = Table(Column("id", no_wrap=True), "name", "scopes", "regions", "made", "ends", "revoked")
    with connect(url, token_file, ca, data) as api:
        for token in api.pages("/tokens"):
            moments = [(token[key] or "")[:16] for key in ("created_at", "expires_at", "revoked_at")]
            regions = "all" if token["regions"] is None else " ".join(token["regions"])
            table.add_row(token["token_id"], token["name"], " ".join(token["scopes"]), regions, *moments)
    Console().print(table)


@app.command()
def revoke(
    token_id: Annotated[str, typer.Argument(help="Its id, from `octonext token list`.")],
    url: Url = "",
    token_file: TokenFile = None,
    ca: Authority = None,
    data: DataFolder = None,
) -> None:
    """Revoke a token; every gateway stops accepting it within seconds."""
    with connect(url, token_file, ca, data) as api:
        api.delete(f"/tokens/{token_id}")
    typer.echo("Revoked.")
