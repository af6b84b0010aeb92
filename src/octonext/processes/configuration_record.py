"""Tells the audit trail that an installation was started, and which keys of its configuration changed.

Head office keeps a digest of every key, so the trail shows that one was changed and when; no value leaves
the configuration.
"""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Iterator
from typing import Any

import msgspec

from octonext.runtime.audit import record_event
from octonext.runtime.postgres import Pool, transaction
from octonext.runtime.settings import Settings
from octonext.runtime.sql import load_queries

KEY_CHARACTERS_MAX = 200

_QUERIES = load_queries("octonext.processes", "configuration_record.sql")


def key_digests(settings: Settings) -> dict[str, bytes]:
    """SHA-256 of every key's value, by dotted name: `gateway.port`, `shards.kw-1.region`."""
    values = msgspec.to_builtins(settings, enc_hook=str)
    return {
        key[:KEY_CHARACTERS_MAX]: hashlib.sha256(msgspec.json.encode(value)).digest()
        for key, value in _flat(values, "")
    }


async def record_start(pool: Pool, settings: Settings, machine: str | None = None) -> list[str]:
    """Record a start on this machine; the names of the keys that changed since the last one."""
    machine = machine or socket.gethostname() or "unnamed"
    digests = key_digests(settings)
    async with transaction(pool) as connection:
        arguments = machine, list(digests), list(digests.values())
        rows = await connection.fetch(_QUERIES["replace_digests"], *arguments)
        changed = sorted(row["key"] for row in rows)
        await record_event(
            connection,
            "installation_started",
            machine=machine,
            configuration_sha256=_whole(digests),
            changed_keys=changed,
        )
    return changed


def _whole(digests: dict[str, bytes]) -> str:
    joined = b"".join(key.encode() + b"\0" + digests[key] for key in sorted(digests))
    return hashlib.sha256(joined).hexdigest()


def _flat(value: Any, name: str) -> Iterator[tuple[str, Any]]:
    """Every leaf with its dotted name; a list's entries are known by their id where they have one."""
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _flat(inner, f"{name}.{key}" if name else str(key))
    elif isinstance(value, list | tuple) and value and all(isinstance(entry, dict) for entry in value):
        for index, entry in enumerate(value):
            yield from _flat(entry, f"{name}.{entry.get('id', index)}")
    else:
        yield name, value
