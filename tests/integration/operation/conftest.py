"""The embedded stack, and what the doctor finds on it when some settings are others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
import requests

from worker.aws.clients import make_clients
from worker.config import load_settings
from worker.embedded.stack import EmbeddedStack
from worker.operation.doctor import aws_checks, run_checks
from worker.operation.finding import Finding

Diagnose = Callable[..., dict[str, Finding]]

_DENIED = b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedStack]:
    with EmbeddedStack(tmp_path_factory.mktemp("stack")) as running:
        yield running


@pytest.fixture
def diagnose(stack: EmbeddedStack, monkeypatch: pytest.MonkeyPatch) -> Diagnose:
    """What is found on AWS, by subject, with variables changed; of several findings the last."""

    def find(**changes: str) -> dict[str, Finding]:
        for name, value in {**stack.environment(), **changes}.items():
            monkeypatch.setenv(name, value)
        findings = run_checks(aws_checks(load_settings(), make_clients()), deadline_s=60)
        return {finding.subject: finding for finding in findings}

    return find


@pytest.fixture
def refusing(stack: EmbeddedStack) -> Callable[..., AbstractContextManager[str]]:
    """A proxy to S3 that answers 403 to some methods; its address."""

    @contextmanager
    def serve(*methods: str) -> Iterator[str]:
        server = ThreadingHTTPServer(
            ("127.0.0.1", 0), _handler(stack.environment()["AWS_ENDPOINT_URL"], methods)
        )
        Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            server.server_close()

    return serve


def _handler(upstream: str, refused: tuple[str, ...]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if self.command in refused:
                self._send(403, _DENIED)
                return
            answer = requests.request(
                self.command, upstream + self.path, headers=dict(self.headers), data=body, timeout=30
            )
            self._send(answer.status_code, answer.content)

        def _send(self, status: int, content: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_PUT = do_POST = do_DELETE = _serve  # noqa: N815 - the library's names

        def log_message(self, *_: object) -> None:
            pass

    return Handler
