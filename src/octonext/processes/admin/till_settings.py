"""`octonext till-settings`: what the tills of a region or a branch obey, as a JSON file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from octonext.base.errors import OctoNextError

from .client import Api, Authority, DataFolder, TokenFile, Url, connect
from .till_code import branch_id

FILE_BYTES_MAX = 64 * 1024

Region = Annotated[str, typer.Option("--region", help="Code of a region: for all of its tills.")]
Branch = Annotated[str, typer.Option("--branch", help="Code of a branch: for its tills alone.")]

app = typer.Typer(
    help="What tills obey: rounding, tenders, scale labels, limits, receipts.", no_args_is_help=True
)


class PlaceUnclear(OctoNextError):
    """The command does not say whose settings it is about."""

    code = "place_unclear"


class SettingsUnreadable(OctoNextError):
    """The file holds no settings."""

    code = "settings_unreadable"


@app.callback()
def till_settings() -> None:
    """What tills obey: rounding, tenders, scale labels, limits, receipts."""


@app.command()
def show(
    region: Region = "",
    branch: Branch = "",
    url: Url = "",
    token_file: TokenFile = None,
    ca: Authority = None,
    data: DataFolder = None,
    effective: Annotated[
        bool, typer.Option("--effective", help="Of a branch: with what it takes over from its region.")
    ] = False,
) -> None:
    """Print the settings as JSON, as `set` takes them."""
    with connect(url, token_file, ca, data) as api:
        place = _address(api, region, branch)
        settings = api.get(f"{place}/effective" if effective and branch else place)["settings"]
    typer.echo(msgspec.json.format(msgspec.json.encode(settings)).decode())


@app.command("set")
def put(
    file: Annotated[Path, typer.Argument(help="JSON with every setting; - reads standard input.")],
    region: Region = "",
    branch: Branch = "",
    url: Url = "",
    token_file: TokenFile = None,
    ca: Authority = None,
    data: DataFolder = None,
) -> None:
    """Set everything from a file; what is not in it is not set any more."""
    settings = _read(file)
    with connect(url, token_file, ca, data) as api:
        set_now = api.put(_address(api, region, branch), settings)
    members = ", ".join(sorted(set_now["settings"])) or "nothing"
    typer.echo(f"Set for {set_now['scope']} {region or branch}: {members}.")


def _address(api: Api, region: str, branch: str) -> str:
    if bool(region) == bool(branch):
        raise PlaceUnclear("Whose settings?", remedy="Give --region CODE or --branch CODE.")
    if branch:
        return f"/branches/{branch_id(api, branch)}/till-settings"
    for row in api.pages("/regions"):
        if row["code"] == region:
            return f"/regions/{row['region_id']}/till-settings"
    raise PlaceUnclear(f"There is no region {region}.")


def _read(file: Path) -> Any:
    try:
        if str(file) == "-":
            text = sys.stdin.buffer.read(FILE_BYTES_MAX + 1)
        else:
            with file.open("rb") as source:
                text = source.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        raise SettingsUnreadable(f"{file} cannot be read: {error.strerror}.") from None
    if len(text) > FILE_BYTES_MAX:
        raise SettingsUnreadable(f"{file} has more than {FILE_BYTES_MAX} bytes.")
    try:
        settings = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SettingsUnreadable(f"{file} is not JSON: {error}.") from None
    if not isinstance(settings, dict):
        raise SettingsUnreadable(f"{file} is no JSON object.", remedy='Such as {"cash_rounding": 5}.')
    return settings
