"""`octonext audit prove`, `consistency`, `check-proof` and `resume`."""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from octonext.audit.sealing.domain import proofs
from octonext.audit.sealing.domain.head import BadHead, SignedHead, key_id, signed_by
from octonext.audit.sealing.domain.proofs import Consistency, Inclusion
from octonext.audit.sealing.service.proving import prove_consistency, prove_row
from octonext.audit.sealing.service.sealing import resume as resume_chain
from octonext.audit.sealing.service.sources import CopySource, DatabaseCopies, FileCopies
from octonext.audit.sealing.store import newest_signed_copy
from octonext.base.clock import SystemClock
from octonext.processes.keys import open_keyring
from octonext.processes.options import Data
from octonext.processes.sealer.keys import public_key_file, read_public_key, sealing_key
from octonext.runtime.layout import Layout

from .databases import chosen, holder_of, opened

Database = Annotated[str, typer.Option("--database", help="hq, or a shard's id.")]


def prove(
    row: Annotated[
        str, typer.Argument(help="TABLE/KEY, such as device_journal/7-1-55 or audit_change/801-12.")
    ],
    data: Data,
    database: Database,
) -> None:
    """Print a proof that a row is under a signed head; check it anywhere with `check-proof`."""
    _print(asyncio.run(_prove(Layout(data), database, row)))


def consistency(
    old: Annotated[int, typer.Argument(min=1, help="Number of the older head.")],
    new: Annotated[int, typer.Argument(min=1, help="Number of the newer head.")],
    data: Data,
    database: Database,
) -> None:
    """Print a proof that one head continues another: nothing that the older one held was changed."""
    _print(asyncio.run(_consistency(Layout(data), database, old, new)))


def check_proof(
    file: Annotated[
        Path, typer.Argument(help="A proof, as `prove` and `consistency` print it; - reads standard input.")
    ],
    key: Annotated[
        Path | None,
        typer.Option("--key", metavar="FILE", help="The database's public key, sealing-NAME.pub."),
    ] = None,
) -> None:
    """Check a proof, offline. Exit code 0: it holds."""
    text = sys.stdin.buffer.read(proofs.PROOF_BYTES_MAX + 1) if str(file) == "-" else file.read_bytes()
    keys = None
    if key is not None:
        public = read_public_key(key)
        keys = {key_id(public): public}
    proven = proofs.check(proofs.read(text), keys)
    console = Console(highlight=False, soft_wrap=True)
    console.print(
        f"[green]It holds:[/] {escape(proven.database)}: {escape(proven.statement)}; key {proven.key}"
    )
    if keys is None:
        console.print(
            "[yellow]Checked with the key inside it: compare its id with one you trust, or give --key.[/]"
        )


def resume(data: Data, database: Database) -> None:
    """Accept that a database was restored and lost heads: sealing goes on, and the loss stays on record."""
    signed = asyncio.run(_resume(Layout(data), database))
    Console(highlight=False).print(
        f"{database}: sealed on from head {signed.head.continues} with head {signed.number}; "
        "`octonext audit verify` shows the loss as accepted."
    )


async def _prove(layout: Layout, database: str, row: str) -> Inclusion:
    ((kind, name),) = chosen(layout, database or "?")
    public = read_public_key(public_key_file(layout, name))
    async with opened(layout, kind, name) as connection:
        return await prove_row(connection, row, public)


async def _consistency(layout: Layout, database: str, old: int, new: int) -> Consistency:
    ((kind, name),) = chosen(layout, database or "?")
    public = read_public_key(public_key_file(layout, name))
    async with opened(layout, kind, name) as connection:
        return await prove_consistency(connection, old, new, public)


async def _resume(layout: Layout, database: str) -> SignedHead:
    ((kind, name),) = chosen(layout, database or "?")
    key = sealing_key(layout, open_keyring(layout), name)
    lost: list[SignedHead] = []
    holder_kind, holder = holder_of(layout, kind)
    async with opened(layout, kind, name) as connection, opened(layout, holder_kind, holder) as copies:
        ends: list[tuple[CopySource, int]] = []
        held = await newest_signed_copy(copies, name, key.public)
        if held is not None:
            ends.append((DatabaseCopies(holder, copies, name), held[0] - 1))
        files = [each.file for each in layout.settings.audit.copies if each.file is not None]
        ends += [(FileCopies(file, name), 0) for file in files if file.exists()]
        for source, start in ends:
            after = start
            # What somebody else wrote there is no loss, and must not be in the way of accepting one.
            while page := await source.page(after):
                for stored in page:
                    with suppress(BadHead):
                        signed = SignedHead.read(stored.encoded, stored.signature)
                        if signed_by(signed, key.public):
                            lost = [max([*lost, signed], key=lambda each: each.number)]
                after = page[-1].number
        return await resume_chain(connection, name, key, SystemClock(), lost)


def _print(proof: Inclusion | Consistency) -> None:
    sys.stdout.write(proofs.write(proof).decode())
