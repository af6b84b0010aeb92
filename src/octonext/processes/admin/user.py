"""`octonext user`: people at the API. A password is asked for, or read from a file or standard input."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any, get_args

import typer
from rich.console import Console
from rich.table import Table

from octonext.base.errors import OctoNextError
from octonext.identity.passwords import PASSWORD_CHARACTERS_MAX, PASSWORD_CHARACTERS_MIN
from octonext.identity.users.domain import OfficeRole
from octonext.runtime.secrets import SecretSource

from .client import Api, Authority, DataFolder, TokenFile, Url, connect

ROLES = ", ".join(get_args(OfficeRole))

app = typer.Typer(help="People at the API; needs a token with the scope admin.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="Name that the user signs in with.")]
Roles = Annotated[list[str] | None, typer.Option("--role", help=f"Repeatable: {ROLES}.")]
Regions = Annotated[
    list[str] | None, typer.Option("--region", help="Repeatable: limit to this region; default: all.")
]
PasswordFile = Annotated[
    Path | None,
    typer.Option(
        "--password-file",
        help="Holds the password (mode 0600); -: standard input. Default: it is asked for.",
    ),
]


class UnknownUser(OctoNextError):
    """Nobody has this name."""

    code = "unknown_user"


class NoPassword(OctoNextError):
    """There was no password where one was to be read."""

    code = "no_password"


@app.callback()
def user() -> None:
    """People at the API."""


@app.command()
def add(
    name: Name,
    role: Roles = None,
    region: Regions = None,
    full_name: Annotated[str, typer.Option("--full-name", help="What people call the user.")] = "",
    password_file: PasswordFile = None,
    url: Url = "",
    token_file: TokenFile = None,
    ca: Authority = None,
    data: DataFolder = None,
) -> None:
    """Add a user."""
    with connect(url, token_file, ca, data) as api:
        made = api.post(
            "/users",
            {
                "name": name, "full_name": full_name, "roles": role or [], "regions": region or None,
                "password": read_password(password_file),
            },
        )  # fmt: skip
    typer.echo(f"{name} may: {', '.join(made['scopes'])}.")


@app.command("list")
def show(url: Url = "", token_file: TokenFile = None, ca: Authority = None, data: DataFolder = None) -> None:
    """List users and what they may do."""
    table = Table("name", "full name", "roles", "regions", "signs in")
    with connect(url, token_file, ca, data) as api:
        for each in api.pages("/users"):
            regions = "all" if each["regions"] is None else " ".join(each["regions"])
            active = "yes" if each["active"] else "no"
            table.add_row(each["name"], each["full_name"], " ".join(each["roles"]), regions, active)
    Console().print(table)


@app.command()
def change(
    name: Name,
    role: Roles = None,
    region: Regions = None,
    all_regions: Annotated[bool, typer.Option("--all-regions", help="End the limit to regions.")] = False,
    full_name: Annotated[str | None, typer.Option("--full-name", help="What people call the user.")] = None,
    enable: Annotated[bool, typer.Option("--enable", help="Let a disabled user sign in again.")] = False,
    url: Url = "",
    token_file: TokenFile = None,
    ca: Authority = None,
    data: DataFolder = None,
) -> None:
    """Change a user's roles, regions or full name; --role names every role that the user has then."""
    wanted: dict[str, Any] = {}
    if role:
        wanted["roles"] = role
    if region or all_regions:
        wanted["regions"] = region or None
    if full_name is not None:
        wanted["full_name"] = full_name
    if enable:
        wanted["active"] = True
    with connect(url, token_file, ca, data) as api:
        changed = api.patch(f"/users/{_id(api, name)}", wanted)
    typer.echo(f"{name} has the roles {', '.join(changed['roles'])}.")


@app.command()
def disable(
    name: Name,
    url: Url = "",
    token_file: TokenFile = None,
    ca: Authority = None,
    data: DataFolder = None,
) -> None:
    """Let a user sign in no more; every session of the user ends."""
    with connect(url, token_file, ca, data) as api:
        api.patch(f"/users/{_id(api, name)}", {"active": False})
    typer.echo(f"{name} is disabled; every gateway knows within seconds.")


@app.command("reset-password")
def reset_password(
    name: Name,
    password_file: PasswordFile = None,
    url: Url = "",
    token_file: TokenFile = None,
    ca: Authority = None,
    data: DataFolder = None,
) -> None:
    """Give a user a new password; every session of the user ends."""
    with connect(url, token_file, ca, data) as api:
        address = f"/users/{_id(api, name)}/password"
        api.post(address, {"password": read_password(password_file)}, repeat=True)
    typer.echo(f"{name} has a new password.")


def read_password(file: Path | None) -> str:
    """The password from a prompt, a file that only its owner may read, or the first line of standard input.

    Never from the command line, which every user of the machine can list. Raises NoPassword,
    SecretUnavailable.
    """
    if file is None:
        typer.echo(f"A password of at least {PASSWORD_CHARACTERS_MIN} characters.", err=True)
        return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))
    if str(file) != "-":
        return SecretSource(file=file.absolute()).read()
    password = sys.stdin.readline(PASSWORD_CHARACTERS_MAX + 2).rstrip("\r\n")
    if not password:
        raise NoPassword("Standard input holds no password.", remedy="Its first line is the password.")
    return password


def _id(api: Api, name: str) -> str:
    for each in api.pages("/users"):
        if each["name"] == name:
            return str(each["user_id"])
    raise UnknownUser(f"There is no user {name}.", remedy="`octonext user list` shows who there is.")
