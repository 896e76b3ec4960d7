"""FaultProxy: an HTTP proxy in front of one service that loses requests and answers on demand.

Unlike a proxy of bytes it knows where a request ends, so it can drop an answer *after* the effect: the
request is forwarded, the whole answer read, and the connection closed. Every request has a connection of its
own to the service: a request is forwarded once or not at all.
"""

from __future__ import annotations

import http.client
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BufferedIOBase
from random import Random
from types import TracebackType
from typing import Self, TypeAlias
from urllib.parse import urlsplit

from tests.resilience.real.fault_answers import Answer, Service, failure, refusal

_UPSTREAM_S = 300.0
_HOP_BY_HOP = frozenset({"connection", "content-length", "expect", "keep-alive", "transfer-encoding"})


class Fault(StrEnum):
    """What happens to a request."""

    PASS = "pass"
    DROP_REQUEST = "drop the request"
    DROP_ANSWER = "drop the answer after its effect"
    HANG = "answer nothing"
    """The request has no effect; the connection is closed after `hold_s`."""
    DELAY = "hold the request"
    """The request has its effect after `hold_s`, even where the client has gone."""
    REFUSE = "answer 403"
    FAIL = "answer 500"


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """A fault for a share (`rate`) of the requests; `only` names operations, none is all of them."""

    fault: Fault
    rate: float = 1.0
    only: tuple[str, ...] = ()
    hold_s: float = 600.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Exchange:
    """One request, and the service's answer to it."""

    operation: str
    path: str
    request: bytes
    answer: Answer
    fault: Fault


_Request: TypeAlias = tuple[str, str, Sequence[tuple[str, str]], bytes]


class FaultProxy:
    """Context manager; `control` changes the rules, of which the first that hits a request applies.

    A change of the rules ends what is held: hanging requests are closed, delayed ones are forwarded.
    `on_exchange` is called for each request that had an effect, before its answer is sent.
    """

    def __init__(
        self,
        upstream: str,
        service: Service,
        *,
        seed: int = 0,
        on_exchange: Callable[[Exchange], None] | None = None,
    ) -> None:
        parts = urlsplit(upstream)
        self._upstream = (parts.hostname or "", parts.port or 80)
        self.service = service
        self.counts: Counter[tuple[str, Fault]] = Counter()
        self._on_exchange = on_exchange
        self._lock = threading.Lock()
        self._random = Random(f"{seed}/{service}")
        self._rules: tuple[Rule, ...] = ()
        self._release = threading.Event()
        self._stopped = False
        self.holding = 0
        """Requests that wait or are being forwarded."""
        self._server = _Server(("127.0.0.1", 0), _handler_of(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def url(self) -> str:
        """The address to use instead of the service's."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def control(self, *rules: Rule) -> None:
        """Replace the rules; none lets everything pass."""
        with self._lock:
            self._rules = rules
            released, self._release = self._release, threading.Event()
        released.set()

    def count(self, fault: Fault) -> int:
        """Requests that had this fault."""
        with self._lock:
            return sum(times for (_, kind), times in self.counts.items() if kind is fault)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped = True
        self.control()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def answer(
        self, method: str, path: str, headers: Sequence[tuple[str, str]], body: bytes
    ) -> Answer | None:
        """The answer to a request; None closes the connection instead."""
        operation = operation_of(method, path, headers)
        with self._lock:
            rule = self._rule_for(operation)
            self.counts[operation, rule.fault if rule else Fault.PASS] += 1
            release = self._release
            self.holding += 1
        try:
            return self._answer(rule, release, operation, (method, path, headers, body))
        finally:
            with self._lock:
                self.holding -= 1

    def _answer(
        self, rule: Rule | None, release: threading.Event, operation: str, request: _Request
    ) -> Answer | None:
        fault = rule.fault if rule else Fault.PASS
        match fault:
            case Fault.DROP_REQUEST:
                return None
            case Fault.REFUSE:
                return refusal(self.service)
            case Fault.FAIL:
                return failure(self.service)
            case Fault.HANG | Fault.DELAY:
                release.wait(rule.hold_s if rule else 0.0)
                if fault is Fault.HANG or self._stopped:
                    return None
        answer = self._forward(*request)
        if answer is not None and self._on_exchange is not None:
            _, path, _, body = request
            self._on_exchange(
                Exchange(operation=operation, path=path, request=body, answer=answer, fault=fault)
            )
        return None if fault is Fault.DROP_ANSWER else answer

    def _rule_for(self, operation: str) -> Rule | None:
        for rule in self._rules:
            if (not rule.only or operation in rule.only) and self._random.random() < rule.rate:
                return rule
        return None

    def _forward(
        self, method: str, path: str, headers: Sequence[tuple[str, str]], body: bytes
    ) -> Answer | None:
        connection = http.client.HTTPConnection(*self._upstream, timeout=_UPSTREAM_S)
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in headers:
                if name.lower() not in _HOP_BY_HOP:
                    connection.putheader(name, value)
            if body or method in ("PUT", "POST"):
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body or None)
            response = connection.getresponse()
            kept = {name: value for name, value in response.getheaders() if name.lower() not in _HOP_BY_HOP}
            if method == "HEAD" and (size := response.getheader("Content-Length")) is not None:
                kept["Content-Length"] = size
            return Answer(status=response.status, body=response.read(), headers=kept)
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()


def operation_of(method: str, path: str, headers: Sequence[tuple[str, str]]) -> str:
    """The operation's name where the protocol has one (SQS, DynamoDB, Bedrock), else the method."""
    target = next((value for name, value in headers if name.lower() == "x-amz-target"), "")
    if target:
        return target.rpartition(".")[2]
    return "InvokeModel" if path.startswith("/model/") else method


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request: object, client_address: object) -> None:
        """Nothing: a client that was killed, or gave up, leaves a broken connection."""


def _handler_of(proxy: FaultProxy) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1
        disable_nagle_algorithm = True

        def _serve(self) -> None:
            answer = proxy.answer(self.command, self.path, self.headers.items(), self._body())
            if answer is None:
                self.close_connection = True
                return
            self.send_response_only(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            if "Content-Length" not in answer.headers:
                self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(answer.body)
            # A client that has given up is nobody's error.
            with suppress(ConnectionError):
                self.wfile.flush()

        def _body(self) -> bytes:
            if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
                return self.rfile.read(int(self.headers.get("Content-Length") or 0))
            return _read_chunks(self.rfile)

        def handle_expect_100(self) -> bool:
            super().handle_expect_100()
            # Or the client would wait a second for the line that is still in the buffer.
            self.wfile.flush()
            return True

        do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _serve  # noqa: N815 - the library's names

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            pass

    return Handler


def _read_chunks(file: BufferedIOBase) -> bytes:
    """A body in chunks, up to its end."""
    parts = []
    while size := int(file.readline().split(b";")[0], 16):
        parts.append(file.read(size))
        file.readline()
    while file.readline().strip():
        pass
    return b"".join(parts)
