"""`octonext till-code`: a new till of a branch, and the code that enrols it."""

from __future__ import annotations

from typing import Annotated

import typer

from octonext.base.errors import OctoNextError

from .client import Authority, DataFolder, TokenFile, Url, connect


class UnknownBranch(OctoNextError):
    """No branch has this code."""

    code = "unknown_branch"


def till_code(
    branch: Annotated[str, typer.Argument(help="Code of the branch.")],
    url: Url = "",
    token_file: TokenFile = None,
    ca: Authority = None,
    data: DataFolder = None,
    code: Annotated[
        str | None, typer.Option("--code", help="Code of the till; default: the next T01.")
    ] = None,
    name: Annotated[str, typer.Option("--name", help="What the till is called.")] = "",
) -> None:
    """Create a till and show its one-time enrolment code, for `octonext till enrol`."""
    with connect(url, token_file, ca, data) as api:
        found = [row for row in api.pages("/branches") if row["code"] == branch]
        if not found:
            raise UnknownBranch(f"There is no branch {branch}.")
        draft = {"branch_id": found[0]["branch_id"], "name": name} | ({"code": code} if code else {})
        made = api.post("/tills", draft)
    typer.echo(
        f"{branch} {made['till']['code']}: {made['enrolment_code']} (until {made['expires_at'][:16]} UTC)"
    )
