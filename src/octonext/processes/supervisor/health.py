"""Whether a process answers: one small HTTP request with a deadline. Any status below 500 is an answer."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import msgspec

TIMEOUT_S = 2.0
ANSWER_BYTES_MAX = 4 * 1024 * 1024


class NoAnswer(Exception):
    """Nothing, or nothing usable, came back in time."""


async def get_from_socket(path: Path, target: str, *, timeout_s: float = TIMEOUT_S) -> tuple[int, bytes]:
    """GET over a Unix socket: status and body. Raises NoAnswer."""
    try:
        async with asyncio.timeout(timeout_s):
            return await _exchange(*await asyncio.open_unix_connection(path), "localhost", target, "")
    except (OSError, ValueError, TimeoutError, asyncio.IncompleteReadError) as error:
        raise NoAnswer(str(error) or "timeout") from None


async def get_over_tls(
    host: str,
    port: int,
    target: str,
    *,
    context: ssl.SSLContext,
    token: str,
    timeout_s: float = TIMEOUT_S,
) -> tuple[int, bytes]:
    """GET over TLS with a bearer token: status and body. Raises NoAnswer."""
    try:
        async with asyncio.timeout(timeout_s):
            streams = await asyncio.open_connection(host, port, ssl=context)
            return await _exchange(*streams, host, target, f"Authorization: Bearer {token}\r\n")
    except (OSError, ValueError, TimeoutError, asyncio.IncompleteReadError) as error:
        raise NoAnswer(str(error) or "timeout") from None


def decoded(body: bytes) -> dict[str, object]:
    """A JSON object. Raises NoAnswer for anything else."""
    try:
        return msgspec.json.decode(body, type=dict[str, object])
    except msgspec.DecodeError as error:
        raise NoAnswer(str(error)) from None


async def _exchange(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    host: str,
    target: str,
    headers: str,
) -> tuple[int, bytes]:
    try:
        # HTTP/1.0 keeps the answer unchunked and ends it with the connection.
        request = f"GET {target} HTTP/1.0\r\nHost: {host}\r\nAccept: application/json\r\n{headers}\r\n"
        writer.write(request.encode())
        await writer.drain()
        answer = await reader.read(ANSWER_BYTES_MAX)
        while len(answer) < ANSWER_BYTES_MAX and (more := await reader.read(65536)):
            answer += more
    finally:
        # No polite TLS goodbye: a frozen peer would hold us.
        writer.transport.abort()
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split(b" ", 2)[1]) if head.startswith(b"HTTP/") else _bad(), body


def _bad() -> int:
    raise NoAnswer("not HTTP")
