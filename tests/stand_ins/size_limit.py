"""A proxy before a server that refuses requests above a size with 413, as nginx or a domain of AWS does."""

from __future__ import annotations

import http.client
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from worker.embedded.context_manager import start_on_enter, stop_on_exit

_TIMEOUT_S = 120.0


@dataclass(eq=False)
class SizeLimit:
    """A context manager; `refused` are the sizes of the requests that were too large.

    Paths that contain one of `forbidden` are refused with 403.
    """

    upstream: str
    limit_bytes: int
    forbidden: tuple[str, ...] = ()
    refused: list[int] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_of(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    __enter__, __exit__ = start_on_enter, stop_on_exit


def _handler_of(proxy: SizeLimit) -> type[BaseHTTPRequestHandler]:
    address = urlsplit(proxy.upstream)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            proxy.paths.append(self.path)
            if len(body) > proxy.limit_bytes:
                proxy.refused.append(len(body))
                self._send(413, "text/html", b"<html>413 Request Entity Too Large</html>")
            elif any(part in self.path for part in proxy.forbidden):
                self._send(403, "application/json", b'{"Message": "not permitted"}')
            else:
                self._forward(body)

        def _forward(self, body: bytes) -> None:
            to_server = http.client.HTTPConnection(address.hostname or "", address.port, timeout=_TIMEOUT_S)
            try:
                headers = {"Content-Type": self.headers.get("Content-Type") or "application/json"}
                to_server.request(self.command, self.path, body or None, headers)
                answer = to_server.getresponse()
                self._send(answer.status, answer.headers["Content-Type"] or "text/plain", answer.read())
            finally:
                to_server.close()

        def _send(self, status: int, content_type: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(b"" if self.command == "HEAD" else body)

        do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _serve  # noqa: N815 - the library's names

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            pass

    return Handler
