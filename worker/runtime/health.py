"""The HTTP server of a worker: /healthz (alive), /readyz (able to work), /metrics (Prometheus)."""

from __future__ import annotations

import json
import socketserver
import sys
import threading
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import structlog
from prometheus_client import CONTENT_TYPE_LATEST

from worker.errors import MisconfiguredError

Ready = Callable[[], tuple[bool, Mapping[str, object]]]
"""Whether the worker can work, and details for the body of the answer."""

# A client that connects and sends nothing must not hold its thread for ever.
_REQUEST_TIMEOUT_S = 10.0
_STOP_TIMEOUT_S = 5.0
_POLL_S = 0.1
_JSON = "application/json"

_log = structlog.get_logger(__name__)


class HealthServer:
    """Answers on `host`:`port` from `start` to `stop`; port 0 takes a free one."""

    def __init__(self, *, host: str, port: int, ready: Ready, render_metrics: Callable[[], bytes]) -> None:
        self._host = host
        self._port = port
        self._ready = ready
        self._render_metrics = render_metrics
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def port(self) -> int:
        """The port that is listened on; before `start` the one asked for."""
        return self._server.server_address[1] if self._server else self._port

    def start(self) -> None:
        """Listen, and answer in a separate thread.

        Raises MisconfiguredError when the address cannot be bound.
        """
        try:
            self._server = _Server((self._host, self._port), self._ready, self._render_metrics)
        except OSError as error:
            raise MisconfiguredError(
                f"The health server cannot listen on {self._host} port {self._port}: "
                f"{error.strerror or error}. Set CIS_HTTP_PORT to a free port (0 picks one) "
                "and CIS_HTTP_HOST to an address of this machine."
            ) from error
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(_POLL_S,), name="health", daemon=True
        )
        self._thread.start()
        _log.info("health_server_started", host=self._host, port=self.port)

    def stop(self) -> None:
        """Stop listening; requests in progress may end. May be called twice."""
        server, thread = self._server, self._thread
        if server is None or thread is None:
            return
        self._port, self._server, self._thread = self.port, None, None
        # `shutdown` waits for the loop of the other thread, so it must not be called from a handler.
        server.shutdown()
        server.server_close()
        thread.join(_STOP_TIMEOUT_S)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], ready: Ready, render_metrics: Callable[[], bytes]) -> None:
        self.ready = ready
        self.render_metrics = render_metrics
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        # HTTPServer looks up the own host name here, which may block for a long time without DNS.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]

    def handle_error(self, _request: object, client_address: object) -> None:
        disconnected = isinstance(sys.exc_info()[1], ConnectionError | TimeoutError)
        (_log.debug if disconnected else _log.exception)("health_request_failed", client=str(client_address))


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = _REQUEST_TIMEOUT_S
    server_version = "cis-worker"
    sys_version = ""

    def do_HEAD(self) -> None:
        """As GET, without the body: load balancers and probes ask this way."""
        self.do_GET()

    def do_GET(self) -> None:
        match self.path.partition("?")[0]:
            case "/healthz":
                self._answer(HTTPStatus.OK, _JSON, b'{"alive": true}\n')
            case "/readyz":
                ready, details = self.server.ready()
                status = HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE
                body = json.dumps({"ready": ready, **details}, default=str) + "\n"
                self._answer(status, _JSON, body.encode())
            case "/metrics":
                self._answer(HTTPStatus.OK, CONTENT_TYPE_LATEST, self.server.render_metrics())
            case _:
                self._answer(HTTPStatus.NOT_FOUND, _JSON, b'{"error": "not found"}\n')

    def _answer(self, status: HTTPStatus, content_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        _log.debug("health_request", line=format % args)
