"""As much of ClickHouse's HTTP interface as the real client uses, answered by chDB.

Run as `python clickhouse_bridge.py FOLDER`; prints its port. One statement at a time; parameters,
settings, database and body as ClickHouse takes them: https://clickhouse.com/docs/interfaces/http.
"""

from __future__ import annotations

import re
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

import chdb

TRANSPORT = frozenset({
    "query_id", "session_id", "session_timeout", "client_protocol_version", "role", "compress",
    "decompress", "enable_http_compression", "wait_end_of_query", "send_progress_in_http_headers",
    "http_headers_progress_interval_ms", "cancel_http_readonly_queries_on_client_close",
})  # fmt: skip
LOCK = threading.Lock()
INPUT = re.compile(rb"FROM input\(('(?:[^'\\]|\\.)*')\) FORMAT TabSeparated$")


class Bridge(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    folder = ""

    def do_GET(self) -> None:
        self.do_POST()

    def do_POST(self) -> None:
        body = self._body()
        given = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        query = given.pop("query", "").encode()
        database = given.pop("database", "")
        parameters = {key[6:]: value for key, value in given.items() if key.startswith("param_")}
        settings = {
            key: value
            for key, value in given.items()
            if not key.startswith("param_") and key not in TRANSPORT
        }
        form = "Native" if given.get("default_format") == "Native" else "TabSeparated"
        settings.pop("default_format", None)
        try:
            with LOCK:
                answer = self._run(query, body, database, parameters, settings, form)
        except Exception as error:  # noqa: BLE001 -- told to the client, as a server does
            self._reply(500, str(error).encode(), error=True)
        else:
            self._reply(200, answer)

    def log_message(self, *_: object) -> None:
        """Nothing: the test reads our standard output for the port only."""

    def _run(
        self,
        query: bytes,
        body: bytes,
        database: str,
        parameters: dict[str, str],
        settings: dict[str, str],
        form: str,
    ) -> bytes:
        if found := INPUT.search(query):
            # A server reads input() from the request's body; chDB finds nothing there.
            with tempfile.NamedTemporaryFile(suffix=".tsv") as file:
                file.write(body)
                file.flush()
                origin = b"FROM file('%s', 'TabSeparated', %s)" % (file.name.encode(), found[1])
                statement = query[: found.start()] + origin
                return self._execute(statement, database, parameters, settings, form)
        statement = query + b"\n" + body if query else body
        return self._execute(statement, database, parameters, settings, form)

    def _execute(
        self,
        statement: bytes,
        database: str,
        parameters: dict[str, str],
        settings: dict[str, str],
        form: str,
    ) -> bytes:
        connection = chdb.connect(self.folder)  # type: ignore[no-untyped-call]
        try:
            if database:
                connection.query(f"USE {database}")
            for key, value in settings.items():
                # readonly last: after it nothing else can be set.
                if key != "readonly":
                    connection.query(f"SET {key} = '{value}'")
            if "readonly" in settings:
                connection.query(f"SET readonly = {settings['readonly']}")
            result = connection.query(statement, form, params=parameters)
            return bytes(result.bytes() or b"")
        finally:
            connection.close()

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = []
        while size := int(self.rfile.readline().strip() or b"0", 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _reply(self, status: int, body: bytes, *, error: bool = False) -> None:
        self.send_response(status)
        if error:
            self.send_header("X-ClickHouse-Exception-Code", "1")
        self.send_header("X-ClickHouse-Format", "Native")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    Bridge.folder = sys.argv[1]
    # One connection stays open: chDB closes its engine with the last one.
    keeper = chdb.connect(Bridge.folder)  # type: ignore[no-untyped-call]
    server = ThreadingHTTPServer(("127.0.0.1", 0), Bridge)
    sys.stdout.write(f"{server.server_address[1]}\n")
    sys.stdout.flush()
    server.serve_forever()
