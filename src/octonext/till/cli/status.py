"""`octonext till status`: what the till knows of itself, without its PIN."""

from __future__ import annotations

from pathlib import Path

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from octonext.crypto.at_rest import prove
from octonext.till.domain.numbers import receipt_number_of
from octonext.till.store import Journal

ALARMS_SHOWN = 5


def show_status(journal: Journal, directory: Path, *, as_json: bool) -> None:
    """Print it for people, or as one JSON object for programs."""
    facts = _facts(journal) | {"storage": _storage(directory)}
    if as_json:
        typer.echo(msgspec.json.encode(facts).decode())
        return
    table = Table(show_header=False, box=None, pad_edge=False)
    for name, value in facts.items():
        table.add_row(name.replace("_", " "), _plain(value))
    Console(highlight=False).print(table)


def _storage(directory: Path) -> str:
    """What protects the folder: entries are sealed, but prices, cashiers and the device key are not."""
    found = prove(directory, "none")
    return f"{found.shown}: {found.detail}" if found.proven else f"{found.shown}: only the journal is sealed"


def _facts(journal: Journal) -> dict[str, object]:
    identity = journal.identity
    return {
        "till": f"{identity.device_code} ({identity.device_id})",
        "branch": f"{identity.branch_code} {identity.branch_name_en}".strip(),
        "shard": identity.shard_id,
        "gateway": identity.url,
        "shift": None if journal.shift is None else str(journal.shift.shift),
        "last_receipt": receipt_number_of(identity, journal.place.seq) if journal.place.seq else None,
        "last_hash": journal.place.hash.hex(),
        "entries": journal.place.seq,
        "acked": journal.acked.seq,
        "waiting": journal.place.seq - journal.acked.seq,
        "outcomes": journal.outcomes(),
        "reference": journal.reference.counts(),
        "alarms": [
            {"at": at, "reason": reason, "detail": detail}
            for at, reason, detail in journal.alarms(ALARMS_SHOWN)
        ],
    }


def _plain(value: object) -> str:
    if value is None or value in ({}, []):
        return "none"
    if isinstance(value, dict):
        return ", ".join(f"{count} {name}" for name, count in value.items())
    if isinstance(value, list):
        return "\n".join(f"{alarm['at']} {alarm['reason']}: {alarm['detail']}" for alarm in value)
    return str(value)
