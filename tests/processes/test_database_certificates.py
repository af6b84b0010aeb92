"""What the numbers of a gateway tell of the certificates of databases on other machines."""

from __future__ import annotations

import pytest

from network_database import UNNAMED, NetworkServer, network_server
from octonext.base.clock import SystemClock
from octonext.processes.database_certificates import DatabaseCertificates
from octonext.runtime.metrics import Registry

__all__ = ["network_server"]

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("network-database")]


async def test_each_database_on_a_network_has_its_days_and_the_others_have_none(
    network_server: NetworkServer,
) -> None:
    registry = Registry()
    dsns = {
        "hq": network_server.dsn(),
        "kw-1": "postgresql://octonext@/octonext?host=/nowhere",
        "sa-1": network_server.dsn(host=UNNAMED),
        "ae-1": "postgresql://octonext@localhost:1/octonext?sslmode=verify-full",
    }
    await DatabaseCertificates(dsns, clock=SystemClock(), registry=registry).look()
    lines = [line for line in registry.text().decode().splitlines() if not line.startswith("#")]
    (line,) = lines
    assert line.startswith('octonext_database_certificate_days_left{database="hq"} 39')
