"""LocalHttpServer: serves a function from Request to Response on 127.0.0.1, in a thread of its own."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import structlog

from worker.embedded.context_manager import start_on_enter, stop_on_exit

_log = structlog.get_logger(__name__)

_MAX_BODY_BYTES = 64 * 1024**2


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """One request; `path` is as sent (still percent-encoded), without the query; headers in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True, kw_only=True, slots=True)
class Response:
    """One response."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


Answer = Callable[[Request], Response | None]
"""Handles a request; None closes the connection without a response, as a crashed server does."""


class LocalHttpServer:
    """Serves `answer` on 127.0.0.1, each request in a thread; port 0 picks a free one.

    The port is bound on construction, so that `url` is known before `start`.
    Raises OSError when the port is in use.
    """

    def __init__(self, answer: Answer, *, port: int = 0) -> None:
        self._server = _Server(("127.0.0.1", port), _handler_of(answer))
        # 0.05 s between checks for `shutdown`, or every stop would take the default of half a second.
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._stopping = threading.Event()

    @property
    def url(self) -> str:
        """The address, without a trailing slash."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def start(self) -> None:
        """Serve until `stop`."""
        self._thread.start()

    def stop(self) -> None:
        """Close the port and end every `pause`; may be called again, or before `start`."""
        self._stopping.set()
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()

    __enter__, __exit__ = start_on_enter, stop_on_exit

    def pause(self, seconds: float) -> None:
        """Delay a response, at most until the server stops."""
        self._stopping.wait(seconds)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # The default of 5 refuses connections when many documents are embedded at once.
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002
        # A client that was killed leaves a broken connection, which is no error of this server.
        if not isinstance(sys.exception(), ConnectionError):
            _log.exception("local_request_failed", client=str(client_address))


def _handler_of(answer: Answer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Head and body are sent in one packet; two would cost 40 ms (Nagle's algorithm and delayed ACK).
        wbufsize = -1
        disable_nagle_algorithm = True

        def _serve(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            if size > _MAX_BODY_BYTES:
                self.send_error(413)
                self.close_connection = True
                return
            request = Request(
                method=self.command,
                path=self.path.partition("?")[0],
                headers={name.lower(): value for name, value in self.headers.items()},
                body=self.rfile.read(size),
            )
            response = answer(request)
            if response is None:
                self.close_connection = True
                return
            self._send(response)

        def _send(self, response: Response) -> None:
            self.send_response(response.status)
            self.send_header("Content-Type", response.content_type)
            self.send_header("Content-Length", str(len(response.body)))
            for name, value in response.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(b"" if self.command == "HEAD" else response.body)

        do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _serve  # noqa: N815 - the library's names

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            pass

    return Handler
