"""`octonext till-code`: a new till of a branch, and the code that enrols it."""

from __future__ import annotations

from typing import Annotated

import typer

from octonext.base.errors import OctoNextError

from .client import Api, Authority, DataFolder, TokenFile, Url, connect


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
        draft = {"branch_id": branch_id(api, branch), "name": name} | ({"code": code} if code else {})
        made = api.post("/tills", draft)
    typer.echo(
        f"{branch} {made['till']['code']}: {made['enrolment_code']} (until {made['expires_at'][:16]} UTC)"
    )


def branch_id(api: Api, code: str) -> int:
    """The number of the branch with this code. Raises UnknownBranch."""
    for row in api.pages("/branches"):
        if row["code"] == code:
            number: int = row["branch_id"]
            return number
    raise UnknownBranch(f"There is no branch {code}.")
