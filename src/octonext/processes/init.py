"""`octonext init`: writes the configuration of a new installation."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from octonext.runtime.layout import Layout
from octonext.runtime.settings import AtRest, SettingsError, decode, toml_string

from .options import Data


def init(
    data: Data,
    name: Annotated[str, typer.Option(help="Name of the installation.")] = "octonext",
    shard: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ID:REGION[:JURISDICTION]",
            help="One embedded shard, such as kw-1:KW:KW. May be given several times.",
        ),
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Of the gateway; 0 = a free one.")] = 0,
    host: Annotated[str, typer.Option(help="Address the gateway listens on.")] = "127.0.0.1",
    workers: Annotated[int, typer.Option(min=0, help="Number of gateway processes.")] = 1,
    at_rest: Annotated[
        Literal["gocryptfs", "none"],
        typer.Option(help="What encrypts the databases: gocryptfs, or none (they stand in plain files)."),
    ] = "gocryptfs",
) -> None:
    """Write DIR/octonext.toml for an installation with embedded databases."""
    path = write_configuration(
        data,
        name=name,
        shards=shard or ["kw-1:KW:KW"],
        port=port,
        host=host,
        workers=workers,
        at_rest=at_rest,
    )
    Console(highlight=False).print(
        f"Wrote {path}. Start it with: octonext up --data {shlex.quote(str(data))}"
    )


def write_configuration(
    data_dir: Path,
    *,
    name: str,
    shards: list[str],
    port: int = 0,
    host: str = "127.0.0.1",
    workers: int = 1,
    at_rest: AtRest = "gocryptfs",
) -> Path:
    """Create DATA/octonext.toml; `shards` as "ID:REGION[:JURISDICTION]".

    `at_rest` is written for each database by name, so that a change of mind is one line for one of them.
    Raises SettingsError when a value is not allowed or a configuration is already there.
    """
    layout = Layout(data_dir)
    if layout.config.exists():
        raise SettingsError(
            f"{layout.config} is already there.",
            remedy="Edit it, start it with `octonext up`, or choose another --data.",
        )
    parsed = [_shard(text) for text in shards]
    gateway = {"host": host, "port": port, "workers": workers}
    document = {"name": name, "shards": parsed, "gateway": gateway}
    decode(document, folder=layout.data_dir, source="octonext init")
    protected = f"at_rest = {toml_string(at_rest)}\n"
    blocks = "".join(
        f"\n[[shards]]\nid = {toml_string(each['id'])}\nregion = {toml_string(each['region'])}\n"
        f"jurisdiction = {toml_string(each['jurisdiction'])}\n{protected}"
        for each in parsed
    )
    text = (
        "# One installation of OctoNext. A database without a dsn is embedded: `octonext up` runs it.\n"
        f"name = {toml_string(name)}\n\n[hq]\n{protected}{blocks}\n"
        f'[reporting]\nengine = "chdb"\n{protected}\n'
        f"[gateway]\nhost = {toml_string(host)}\nport = {port}\nworkers = {workers}\n"
    )
    layout.prepare()
    layout.config.write_text(text, encoding="utf-8")
    return layout.config


def _shard(text: str) -> dict[str, str]:
    parts = text.split(":")
    if len(parts) not in (2, 3):
        raise SettingsError(
            f"{text!r} does not name a shard.", remedy="Write ID:REGION:JURISDICTION, such as kw-1:KW:KW."
        )
    return {"id": parts[0], "region": parts[1], "jurisdiction": parts[-1]}
