"""Which pair on disk a running gateway takes over, and which it leaves where it is."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from octonext.base.clock import SystemClock
from octonext.crypto.certificates import CertificateUnusable, Pair, read_pair
from octonext.crypto.tls import ServerFiles, ensure_server_certificate
from octonext.processes import gateway_tls
from octonext.processes.gateway_tls import CertificateMetrics, ServedCertificate
from octonext.runtime.metrics import Registry
from octonext.sync.metrics import SyncMetrics
from octonext.sync.socket import SyncServer

NOW = dt.datetime.now(dt.UTC)
OLD = NOW - dt.timedelta(days=500)

Made = Callable[..., ServerFiles]


@pytest.fixture
def made(tmp_path: Path) -> Made:
    """Makes a pair of an authority of its own, at `now`, for these names."""

    def make(folder: str, *names: str, now: dt.datetime = NOW) -> ServerFiles:
        return ensure_server_certificate(tmp_path / folder, names, now=now)

    return make


def serve(files: ServerFiles, *names: str, registry: Registry | None = None) -> ServedCertificate:
    return ServedCertificate(
        files,
        names,
        published=files.certificate.parent / "published.crt",
        clock=SystemClock(),
        metrics=CertificateMetrics(registry or Registry()),
    )


def install(source: ServerFiles, target: ServerFiles) -> None:
    target.key.write_bytes(source.key.read_bytes())
    target.certificate.write_bytes(source.certificate.read_bytes())


def test_what_is_unchanged_is_not_new(made: Made) -> None:
    assert serve(made("one")).find_new() is None


def test_a_good_pair_is_taken_over(made: Made) -> None:
    files = made("one", "a.example")
    served = serve(files, "a.example")
    install(made("two", "a.example", "b.example"), files)
    found = served.find_new()
    assert found is not None
    assert "b.example" in found.names()
    assert served.status()["problem"] == ""


@pytest.mark.parametrize("names", [("a.example",), ()], ids=["as configured", "as served till now"])
def test_a_pair_that_drops_a_name_is_left_and_told(made: Made, names: tuple[str, ...]) -> None:
    files = made("one", "a.example")
    registry = Registry()
    served = serve(files, *names, registry=registry)
    install(made("two", "b.example"), files)
    assert served.find_new() is None
    assert "is not for a.example" in served.status()["problem"]
    assert b"octonext_gateway_certificate_refused 1.0" in registry.text()
    install(made("three", "a.example"), files)
    assert served.find_new() is not None
    assert served.status()["problem"] == ""


def test_an_expired_pair_is_left_and_told(made: Made) -> None:
    files = made("one")
    served = serve(files)
    install(made("old", now=OLD), files)
    assert served.find_new() is None
    assert "expired on" in served.status()["problem"]
    assert served.status()["days_left"] > 390


def test_half_a_pair_is_left_until_the_other_half_is_there(made: Made) -> None:
    files, other = made("one"), made("two")
    served = serve(files)
    files.key.write_bytes(other.key.read_bytes())
    assert served.find_new() is None
    assert "do not belong together" in served.status()["problem"]
    files.certificate.write_bytes(other.certificate.read_bytes())
    assert served.find_new() is not None


def test_files_that_are_gone_change_nothing_but_what_is_told(made: Made) -> None:
    files = made("one")
    served = serve(files)
    files.certificate.unlink()
    assert served.find_new() is None
    assert "cannot be read" in served.status()["problem"]


def test_a_gateway_does_not_begin_with_an_expired_pair_or_one_for_another_host(made: Made) -> None:
    with pytest.raises(CertificateUnusable, match="expired on"):
        serve(made("old", now=OLD))
    with pytest.raises(CertificateUnusable, match=r"is not for shop\.example"):
        serve(made("one"), "shop.example")


def test_what_is_published_holds_no_key(made: Made) -> None:
    files = made("one")
    serve(files)
    published = (files.certificate.parent / "published.crt").read_text()
    assert "BEGIN CERTIFICATE" in published
    assert "PRIVATE" not in published


def test_files_exchanged_by_a_link_while_they_are_read_are_judged_as_they_were_read(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that is one link, as orchestrators mount secrets: the old one is gone at any moment."""
    one, two = made("one"), made("two")
    link = tmp_path / "current"
    link.symlink_to(one.key.parent)
    served = serve(ServerFiles(link / "server.crt", link / "server.key", one.root))
    real_fstat = os.fstat

    def exchange(descriptor: int) -> os.stat_result:
        found = real_fstat(descriptor)
        if link.exists():
            link.unlink()
        return found

    monkeypatch.setattr(os, "fstat", exchange)
    assert served.find_new() is None
    assert "cannot be read" in served.status()["problem"]
    monkeypatch.undo()
    link.symlink_to(two.key.parent)
    found = served.find_new()
    assert found is not None
    assert found.mark == read_pair(two.certificate, two.key).mark


class _Served:
    """Stands for the files: the first look fails in a way that nobody foresaw, the second finds a pair."""

    def __init__(self, pair: Pair) -> None:
        self.pair, self.looks, self.taken = pair, 0, 0

    def find_new(self) -> Pair | None:
        self.looks += 1
        if self.looks == 1:
            raise OSError(28, "No space left on device")
        return self.pair

    def publish(self, *_: Pair) -> None: ...

    def take(self, _pair: Pair, _server: object) -> None:
        self.taken += 1
        if self.taken == 1:
            raise OSError(24, "Too many open files")


async def test_a_fault_while_looking_or_taking_over_ends_neither_the_watch_nor_the_service(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway_tls, "WATCH_S", 0.0)
    files = made("one")
    served: Any = _Served(read_pair(files.certificate, files.key))
    sync = SyncServer([], clock=SystemClock(), metrics=SyncMetrics(Registry()))
    drained: list[bool] = []

    def is_done() -> bool:
        drained.append(sync.draining.is_set())
        return bool(served.taken >= 2)

    server: Any = SimpleNamespace(reload=lambda: None)
    async with asyncio.timeout(60):
        await gateway_tls.watch(served, server, sync, lock=tmp_path / "lock", stopping=is_done)
    assert served.looks == 3
    assert not sync.draining.is_set()
    assert any(drained), "it was draining while it took over"
