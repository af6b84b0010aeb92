from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from octonext.processes.supervisor.ports import PortUnavailable, choose_ports, read_ports
from octonext.runtime.settings import Gateway


@pytest.fixture
def busy() -> Iterator[int]:
    """A port somebody listens on, in the way that lets careless servers share it."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_free_ports_are_chosen_and_remembered(tmp_path: Path) -> None:
    remembered = tmp_path / "ports.json"
    ports = choose_ports(Gateway(workers=3), remembered)
    assert len(set(ports)) == 3
    assert read_ports(remembered) == ports
    assert choose_ports(Gateway(workers=3), remembered) == ports


def test_a_remembered_port_that_is_busy_now_is_replaced(tmp_path: Path, busy: int) -> None:
    remembered = tmp_path / "ports.json"
    remembered.write_text(f'{{"gateway": [{busy}]}}')
    assert choose_ports(Gateway(), remembered) != [busy]


def test_a_configured_port_that_is_busy_is_refused(tmp_path: Path, busy: int) -> None:
    with pytest.raises(PortUnavailable, match=f"127.0.0.1:{busy}: another program uses that port"):
        choose_ports(Gateway(port=busy), tmp_path / "ports.json")


def test_an_address_of_another_machine_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PortUnavailable, match="no such address"):
        choose_ports(Gateway(host="192.0.2.1", port=4443), tmp_path / "ports.json")


def test_ports_past_the_last_one_are_refused(tmp_path: Path) -> None:
    with pytest.raises(PortUnavailable, match="no port 65536"):
        choose_ports(Gateway(port=65535, workers=2), tmp_path / "ports.json")


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a..b", "x\0y", "192.0.2.1"])
@pytest.mark.parametrize("port", [0, 4443])
def test_a_host_that_is_not_here_is_refused_with_a_remedy(tmp_path: Path, host: str, port: int) -> None:
    remembered = tmp_path / "ports.json"
    remembered.write_text('{"gateway": [4443]}')
    with pytest.raises(PortUnavailable, match="cannot listen") as refused:
        choose_ports(Gateway(host=host, port=port), remembered)
    assert "[gateway] host" in refused.value.remedy
