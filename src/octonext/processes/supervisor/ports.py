"""Which ports the gateways listen on: configured, or free ones that stay the same between starts."""

from __future__ import annotations

import errno
import socket
from pathlib import Path

import msgspec

from octonext.base.errors import OctoNextError
from octonext.runtime.settings import Gateway

FREE_PORT_ATTEMPTS_MAX = 50


class PortUnavailable(OctoNextError):
    """A gateway cannot listen where the configuration says."""

    code = "port_unavailable"


def choose_ports(gateway: Gateway, remembered: Path) -> list[int]:
    """One port per worker, each proven free now. Raises PortUnavailable.

    A configured port must be free. Otherwise last time's port is taken again if it is free, because
    tills and bookmarks know it.
    """
    if gateway.port:
        ports = [gateway.port + index for index in range(gateway.workers)]
        for port in ports:
            _check_free(gateway.host, port)
    else:
        ports = []
        for earlier in (read_ports(remembered) + [0] * gateway.workers)[: gateway.workers]:
            taken = earlier and earlier not in ports and _is_free(gateway.host, earlier)
            ports.append(earlier if taken else _free_port(gateway.host, ports))
    remembered.write_bytes(msgspec.json.encode({"gateway": ports}))
    return ports


def read_ports(remembered: Path) -> list[int]:
    """The gateways' ports as last chosen; empty before the first start."""
    try:
        return msgspec.json.decode(remembered.read_bytes(), type=dict[str, list[int]])["gateway"]
    except (OSError, msgspec.DecodeError, KeyError):
        return []


def _free_port(host: str, taken: list[int]) -> int:
    for _ in range(FREE_PORT_ATTEMPTS_MAX):
        with _listener(host, 0) as listener:
            port = int(listener.getsockname()[1])
        if port not in taken:
            return port
    raise PortUnavailable(f"No free port was found on {host}.")


def _is_free(host: str, port: int) -> bool:
    try:
        _bound(host, port).close()
    except (OSError, ValueError):
        return False
    return True


def _check_free(host: str, port: int) -> None:
    if port > 65535:
        raise PortUnavailable(f"There is no port {port}.", remedy="Lower [gateway] port or workers.")
    _listener(host, port).close()


def _listener(host: str, port: int) -> socket.socket:
    """Raises PortUnavailable."""
    try:
        return _bound(host, port)
    except (OSError, ValueError) as error:
        busy = isinstance(error, OSError) and error.errno in (errno.EADDRINUSE, errno.EACCES)
        raise PortUnavailable(
            f"The gateway cannot listen on {host}{f':{port}' if port else ''}: {_reason(error)}.",
            remedy="Stop what uses it, or set another [gateway] port in octonext.toml (0 = a free one)."
            if busy
            else "Set [gateway] host in octonext.toml to an address of this machine (0.0.0.0 = all).",
        ) from None


def _reason(error: OSError | ValueError) -> str:
    # ValueError: names that cannot even be asked for, such as "a..b" (UnicodeError) or one with a NUL.
    if isinstance(error, socket.gaierror | ValueError):
        return "this name has no address"
    return {
        errno.EADDRINUSE: "another program uses that port",
        errno.EACCES: "ports below 1024 need more rights",
        errno.EADDRNOTAVAIL: "this machine has no such address",
    }.get(error.errno or 0, error.strerror or str(error))


def _bound(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    listener = socket.socket(family, kind, protocol)
    try:
        # Without SO_REUSEPORT on purpose: the server sets it and would silently share a busy port.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(1)
    except OSError:
        listener.close()
        raise
    return listener
