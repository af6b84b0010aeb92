"""A database as the gateway sees it: through the role that it has there, and with its grants only."""

from __future__ import annotations

import re

OWNER = re.compile(r"://octonext(?=[:@])")


def as_application(dsn: str) -> str:
    """The same database's address for the gateway's role; `dsn` is the owner's, with a password or not."""
    as_gateway, count = OWNER.subn("://octonext_app", dsn)
    assert count == 1, "not an owner's address"
    return as_gateway
