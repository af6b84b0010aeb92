"""An installation of servers that others run: settings only, nothing is started."""

from __future__ import annotations

from pathlib import Path

from octonext.runtime.layout import Layout
from octonext.runtime.settings import decode

#: A server that is not there.
NOWHERE = "postgresql://octonext@/octonext?host=/nowhere"


def production(hq: str, **shards: str) -> Layout:
    """An installation whose databases all have an address of their own."""
    document = {
        "name": "test",
        "hq": {"dsn": hq, "at_rest": "none"},
        "shards": [
            {"id": name, "region": "KW", "jurisdiction": "KW", "dsn": dsn, "at_rest": "none"}
            for name, dsn in shards.items()
        ],
    }
    return Layout("/nowhere", decode(document, folder=Path("/"), source="test"))
