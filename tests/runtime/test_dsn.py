"""What a DSN over a network may not say is refused when the configuration is read."""

from __future__ import annotations

import pytest

from octonext.runtime.settings import check_dsn

NETWORK = "postgresql://app@db.example:5432/octonext?sslmode=verify-full"


@pytest.mark.parametrize(
    ("dsn", "reason"),
    [
        (f"{NETWORK}&sslrootcert=ca.crt", "sslrootcert must be an absolute path"),
        (f"{NETWORK}&sslcrl=../revoked.pem", "sslcrl must be an absolute path"),
        (f"{NETWORK}&sslcert=app.crt&sslkey=/etc/app.key", "sslcert must be an absolute path"),
        (f"{NETWORK}&sslkey=~/app.key", "sslkey must be an absolute path"),
        (f"{NETWORK}&sslnegotiation=direct", "must not say sslnegotiation"),
        (f"{NETWORK}&sslpassword=secret", "must not say sslpassword"),
        (f"{NETWORK}&service=other", "must not say service"),
        (f"{NETWORK}&passfile=/etc/passwords", "must not say passfile"),
        ("postgresql://app@db.example:post/octonext?sslmode=verify-full", "port must be a number"),
        ("postgresql://app@one:5432,two:/octonext?sslmode=verify-full", "port must be a number"),
    ],
)
def test_it_is_refused_with_the_reason(dsn: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        check_dsn(dsn)


@pytest.mark.parametrize(
    "dsn",
    [
        NETWORK,
        f"{NETWORK}&sslrootcert=/etc/octonext/db-ca.crt",
        f"{NETWORK}&sslrootcert=system",
        f"{NETWORK}&sslcert=/etc/app.crt&sslkey=/etc/app.key&sslcrl=/etc/revoked.pem",
        "postgresql://app@[::1]/octonext?sslmode=verify-full",
        "postgresql://app@[::1]:5432,two/octonext?sslmode=verify-full",
    ],
)
def test_the_rest_is_accepted(dsn: str) -> None:
    check_dsn(dsn)
