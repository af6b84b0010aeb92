"""A database without its guards, for tests of what is noticed when somebody got around them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

_GUARDS = "SELECT tgrelid::regclass::text AS name, tgname FROM pg_trigger WHERE tgenabled = 'A'"


@asynccontextmanager
async def unguarded(database: asyncpg.Pool | asyncpg.Connection) -> AsyncIterator[None]:
    """Within the block nothing is recorded and nothing refused; for a role that owns the tables."""
    guards = await database.fetch(_GUARDS)
    for guard in guards:
        await database.execute(f"ALTER TABLE {guard['name']} DISABLE TRIGGER {guard['tgname']}")
    try:
        yield
    finally:
        for guard in guards:
            await database.execute(f"ALTER TABLE {guard['name']} ENABLE ALWAYS TRIGGER {guard['tgname']}")
