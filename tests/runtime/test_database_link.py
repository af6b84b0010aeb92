"""Connections over a network, against a real PostgreSQL 15 that offers what it should, or must not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest

from network_database import UNNAMED, NetworkServer, network_server
from octonext.runtime.database_link import (
    DatabaseLinkRefused,
    DatabaseUnreachable,
    look,
    network_address,
)
from octonext.runtime.postgres import close_pool, connect, open_pool, transaction

__all__ = ["network_server"]

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("network-database")]

NOW = dt.datetime.now(dt.UTC)


@pytest.fixture
def server(network_server: NetworkServer) -> Iterator[NetworkServer]:
    yield network_server
    network_server.configure()


async def refused(dsn: str) -> DatabaseLinkRefused:
    """Why a connection and a pool are both refused."""
    with pytest.raises(DatabaseLinkRefused) as one:
        await connect(dsn, application_name="octonext-test")
    with pytest.raises(DatabaseLinkRefused) as many:
        await open_pool(dsn, application_name="octonext-test", min_size=1, max_size=1)
    assert str(one.value) == str(many.value)
    assert one.value.remedy
    return one.value


async def test_tls_1_3_and_scram_to_the_named_server_connect(server: NetworkServer) -> None:
    connection = await connect(server.dsn(), application_name="octonext-test")
    try:
        row = await connection.fetchrow("SELECT * FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
        assert row["version"] == "TLSv1.3"
    finally:
        await connection.close()


async def test_a_pool_does_its_work_over_tls_1_3(server: NetworkServer) -> None:
    pool = await open_pool(server.dsn(), application_name="octonext-test", max_size=2)
    try:
        async with transaction(pool) as borrowed:
            assert await borrowed.fetchval("SELECT 1") == 1
    finally:
        await close_pool(pool)


async def test_a_look_tells_until_when_the_servers_certificate_is_good(server: NetworkServer) -> None:
    (link,) = await look(server.dsn())
    assert link.tls == "TLSv1.3"
    assert 390 < (link.expires - NOW).days < 398


async def test_a_certificate_for_another_host_is_refused(server: NetworkServer) -> None:
    error = await refused(server.dsn(host=UNNAMED))
    assert f"is not for {UNNAMED}" in error.message


async def test_another_authoritys_certificate_is_refused(server: NetworkServer) -> None:
    other = server.certificate("other", now=NOW)
    error = await refused(server.dsn(root=other.root))
    assert "is not vouched for by" in error.message
    assert "sslrootcert" in error.remedy


async def test_an_expired_certificate_is_refused(server: NetworkServer) -> None:
    old = server.certificate("expired", now=NOW - dt.timedelta(days=500))
    server.configure(ssl_cert_file=str(old.certificate), ssl_key_file=str(old.key))
    error = await refused(server.dsn(root=old.root))
    assert "has expired" in error.message


async def test_a_certificate_of_tomorrow_is_refused(server: NetworkServer) -> None:
    # Certificates are dated back by a day, so this one begins in two.
    early = server.certificate("early", now=NOW + dt.timedelta(days=3))
    server.configure(ssl_cert_file=str(early.certificate), ssl_key_file=str(early.key))
    assert "not valid yet" in (await refused(server.dsn(root=early.root))).message


async def test_a_server_without_tls_is_refused(server: NetworkServer) -> None:
    server.configure(ssl="off")
    error = await refused(server.dsn())
    assert "offers no TLS" in error.message
    assert "ssl = on" in error.remedy


async def test_a_server_that_speaks_tls_1_2_at_most_is_refused(server: NetworkServer) -> None:
    server.configure(ssl_min_protocol_version="TLSv1.2", ssl_max_protocol_version="TLSv1.2")
    error = await refused(server.dsn())
    assert "does not speak TLS 1.3" in error.message


async def test_a_server_that_would_also_speak_tls_1_2_is_refused(server: NetworkServer) -> None:
    server.configure(ssl_min_protocol_version="TLSv1.2")
    error = await refused(server.dsn())
    assert "would also accept TLS 1.2" in error.message
    assert "ssl_min_protocol_version = 'TLSv1.3'" in error.remedy


async def test_a_server_that_hashes_passwords_with_md5_is_refused(server: NetworkServer) -> None:
    server.configure(password_encryption="md5")
    assert "stores new passwords as md5" in (await refused(server.dsn())).message


@pytest.mark.parametrize(
    ("role", "asked_for"),
    [
        ("legacy", "an MD5 hash"),
        ("cleartext", "the password in the clear"),
        ("trusted", "no password at all"),
    ],
)
async def test_a_role_that_is_not_asked_for_scram_is_refused_before_it_says_its_password(
    server: NetworkServer, role: str, asked_for: str
) -> None:
    error = await refused(server.dsn(user=role))
    assert asked_for in error.message
    assert "scram-sha-256" in error.remedy


async def test_a_file_of_authorities_that_is_not_there_is_named(server: NetworkServer) -> None:
    error = await refused(server.dsn(root="/nowhere/ca.crt"))
    assert error.message == "/nowhere/ca.crt, which the dsn names as sslrootcert, is not there."


async def test_a_file_of_authorities_that_holds_none_is_named(server: NetworkServer) -> None:
    nonsense = server.folder / "nonsense.crt"
    nonsense.write_text("no certificate")
    assert "cannot be read" in (await refused(server.dsn(root=nonsense))).message


async def test_a_wrong_password_is_said_to_be_that(server: NetworkServer) -> None:
    wrong = server.dsn(user="octonext_app").replace("correct-horse", "battery-staple")
    with pytest.raises(DatabaseUnreachable, match="password authentication failed"):
        await connect(wrong, application_name="octonext-test")


async def test_a_server_that_is_away_is_passed_over_and_one_that_is_refused_is_told(
    server: NetworkServer,
) -> None:
    good = server.dsn()
    behind_one_that_is_away = good.replace("@localhost:", "@127.0.0.1:1,localhost:", 1)
    connection = await connect(behind_one_that_is_away, application_name="octonext-test")
    await connection.close()
    nobody = good.replace(f"@localhost:{server.port}", f"@127.0.0.1:1,{UNNAMED}:{server.port}", 1)
    with pytest.raises(DatabaseLinkRefused, match="is not for"):
        await connect(nobody, application_name="octonext-test")


async def test_no_server_at_all_is_not_mistaken_for_a_refusal() -> None:
    with pytest.raises(DatabaseUnreachable, match=r"no server is listening at localhost:1") as caught:
        await connect("postgresql://a@localhost:1/b?sslmode=verify-full", application_name="octonext-test")
    assert not isinstance(caught.value, DatabaseLinkRefused)


@pytest.mark.parametrize(
    ("dsn", "servers"),
    [
        ("postgresql://a@db.example/o?sslmode=verify-full", (("db.example", 5432),)),
        ("postgresql://a@one:1,two:2/o?sslmode=verify-full", (("one", 1), ("two", 2))),
        ("postgresql://a@[::1]:6/o?sslmode=verify-full", (("::1", 6),)),
        ("postgresql://a@[::1]/o?sslmode=verify-full&port=7", (("::1", 7),)),
        ("postgresql://a@one,two/o?port=1,2", (("one", 1), ("two", 2))),
        ("postgresql:///o?host=db.example&port=9", (("db.example", 9),)),
        ("postgresql:///o", (("localhost", 5432),)),
    ],
)
def test_every_way_to_write_a_server_is_understood(dsn: str, servers: tuple[tuple[str, int], ...]) -> None:
    address = network_address(dsn)
    assert address is not None
    assert address.servers == servers


def test_a_unix_socket_is_no_network() -> None:
    assert network_address("postgresql://a@/o?host=/run/postgresql") is None
