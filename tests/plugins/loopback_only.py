"""Tests reach this machine and nothing else: a connection to any other address is a failure.

An audit hook sees every connection that Python's own sockets open in the test process, asyncio's
included. Child processes and uvloop are out of its sight.
"""

import ipaddress
import sys
from typing import Any


class ReachedOut(BaseException):
    """A test opened a connection beyond this machine. Not an Exception: no retry may swallow it."""


def is_this_machine(address: object) -> bool:
    """Whether a socket address, as `connect` takes it, is a Unix path or the loopback."""
    if not isinstance(address, tuple):
        return True
    host = str(address[0])
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host in ("", "localhost")


def _look(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "socket.connect" and not is_this_machine(arguments[1]):
        raise ReachedOut(f"a test connects to {arguments[1]!r}")


sys.addaudithook(_look)
