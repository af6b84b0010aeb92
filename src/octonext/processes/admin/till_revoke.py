"""`octonext till-revoke`: a till that may not sync any more, because it is gone, or stolen."""

from __future__ import annotations

from typing import Annotated

import typer

from octonext.base.errors import OctoNextError

from .client import Authority, DataFolder, TokenFile, Url, connect
from .till_code import branch_id


class UnknownTill(OctoNextError):
    """No till of the branch has this code."""

    code = "unknown_till"


def till_revoke(
    branch: Annotated[str, typer.Argument(help="Code of the branch.")],
    till: Annotated[str, typer.Argument(help="Code of the till, such as T01.")],
    url: Url = "",
    token_file: TokenFile = None,
    ca: Authority = None,
    data: DataFolder = None,
    stolen: Annotated[
        bool, typer.Option("--stolen", help="It is in strange hands: nobody gets its share any more.")
    ] = False,
) -> None:
    """End a till for good; a connected one is told within about a second, and wipes its keys."""
    with connect(url, token_file, ca, data) as api:
        tills = api.pages("/tills", branch_id=branch_id(api, branch))
        found = [row["device_id"] for row in tills if row["code"] == till]
        if not found:
            raise UnknownTill(f"There is no till {till} in branch {branch}.")
        ended = api.post(
            f"/tills/{found[0]}/revoke", {"reason": "stolen" if stolen else "revoked"}, repeat=True
        )
    typer.echo(f"{branch} {till} (till {ended['device_id']}) is revoked: {ended['reason']}.")
