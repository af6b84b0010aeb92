"""How long the certificates of the databases are still good, as this process sees them over the network."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC

import structlog

from octonext.base.clock import Clock
from octonext.runtime.database_link import DatabaseLinkRefused, DatabaseUnreachable, look
from octonext.runtime.metrics import Registry

EVERY_S = 3600.0

log = structlog.get_logger(__name__)


class DatabaseCertificates:
    """Looks at each database's certificate now and then; a Unix socket has none, and no number."""

    def __init__(self, dsns: Mapping[str, str], *, clock: Clock, registry: Registry) -> None:
        """`dsns` by name of database: "hq", or a shard's id."""
        self._dsns = dsns
        self._clock = clock
        self._days_left = registry.gauge(
            "database_certificate_days_left",
            "Whole days until the certificate of a database's server expires; negative when it has.",
            ("database",),
        )

    async def look(self) -> None:
        """Look at all of them once. One that is away keeps its number; one that is refused is logged."""
        for name, dsn in self._dsns.items():
            try:
                links = await look(dsn)
            except DatabaseLinkRefused as error:
                log.warning("database link refused", database=name, why=str(error))
                continue
            except DatabaseUnreachable:
                continue
            if links:
                now = self._clock.now().astimezone(UTC)
                self._days_left.labels(name).set(min((link.expires - now).days for link in links))
