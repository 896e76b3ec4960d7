"""The health server, over a real socket."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from worker.errors import MisconfiguredError
from worker.runtime.health import HealthServer
from worker.runtime.metrics import Metrics

pytestmark = pytest.mark.unit


@dataclass
class Worker:
    """What the server asks; the answers are scripted."""

    ready: bool = True
    details: Mapping[str, object] = field(default_factory=dict)
    metrics: Metrics = field(default_factory=Metrics)
    check: Callable[[], tuple[bool, Mapping[str, object]]] | None = None

    def state(self) -> tuple[bool, Mapping[str, object]]:
        return self.check() if self.check else (self.ready, self.details)


@pytest.fixture
def worker() -> Worker:
    return Worker()


@pytest.fixture
def server(worker: Worker) -> Iterator[HealthServer]:
    server = HealthServer(host="127.0.0.1", port=0, ready=worker.state, render_metrics=worker.metrics.render)
    server.start()
    yield server
    server.stop()


def get(server: HealthServer, path: str) -> requests.Response:
    return requests.get(f"http://127.0.0.1:{server.port}{path}", timeout=10)


@pytest.mark.parametrize("ready", [True, False])
def test_a_worker_that_answers_is_alive_ready_or_not(
    server: HealthServer, worker: Worker, ready: bool
) -> None:
    worker.ready = ready
    answer = get(server, "/healthz")
    assert (answer.status_code, answer.json()) == (200, {"alive": True})


@pytest.mark.parametrize(("ready", "status"), [(True, 200), (False, 503)])
def test_readiness_is_the_status_and_the_body_has_the_details(
    server: HealthServer, worker: Worker, ready: bool, status: int
) -> None:
    worker.ready, worker.details = ready, {"in_flight": 2, "work_dir": Path("/営業")}
    answer = get(server, "/readyz?verbose=1")
    assert (answer.status_code, answer.json()) == (
        status,
        {"ready": ready, "in_flight": 2, "work_dir": "/営業"},
    )
    assert answer.headers["Content-Type"] == "application/json"


def test_metrics_are_served_as_prometheus_reads_them(server: HealthServer, worker: Worker) -> None:
    worker.metrics.received.inc(7)
    answer = get(server, "/metrics")
    samples = {
        s.name: s.value for family in text_string_to_metric_families(answer.text) for s in family.samples
    }
    assert samples["cis_received_total"] == 7
    assert answer.headers["Content-Type"].startswith("text/plain; version=")


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/nothing"])
def test_head_is_answered_as_get_without_a_body(server: HealthServer, worker: Worker, path: str) -> None:
    worker.ready, worker.details = False, {"in_flight": 2}
    answer = get(server, path)
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as caller:
        caller.sendall(f"HEAD {path} HTTP/1.0\r\n\r\n".encode())
        head = b"".join(iter(lambda: caller.recv(65_536), b"")).decode()
    status, _, headers = head.partition("\r\n")
    assert f" {answer.status_code} " in status
    assert f"Content-Type: {answer.headers['Content-Type']}\r\n" in headers
    assert "Content-Length: " in headers
    assert headers.endswith("\r\n\r\n")


def test_another_path_is_not_found(server: HealthServer) -> None:
    assert get(server, "/").status_code == 404


def test_an_answer_does_not_reveal_the_software_behind_it(server: HealthServer) -> None:
    assert "Python" not in get(server, "/healthz").headers["Server"]


def test_a_readiness_check_that_fails_affects_only_its_own_request(
    server: HealthServer, worker: Worker
) -> None:
    loop: dict[str, object] = {}
    worker.details = {"loop": loop}
    loop["again"] = loop
    with pytest.raises(requests.ConnectionError):
        get(server, "/readyz")
    assert get(server, "/healthz").status_code == 200


def test_a_client_that_disconnects_affects_no_other_request(server: HealthServer) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as caller:
        caller.sendall(b"GET /metrics HTTP/1.0\r\n")
    assert get(server, "/healthz").status_code == 200


def test_a_slow_answer_does_not_block_other_clients(server: HealthServer, worker: Worker) -> None:
    asked, answer_now = threading.Event(), threading.Event()

    def slowly() -> tuple[bool, Mapping[str, object]]:
        asked.set()
        return answer_now.wait(60), {}

    worker.check = slowly
    caller = threading.Thread(target=get, args=(server, "/readyz"), daemon=True)
    caller.start()
    assert asked.wait(60)
    assert get(server, "/healthz").status_code == 200
    answer_now.set()
    caller.join(60)


def test_a_port_in_use_is_reported_with_its_setting(server: HealthServer, worker: Worker) -> None:
    second = HealthServer(
        host="127.0.0.1", port=server.port, ready=worker.state, render_metrics=worker.metrics.render
    )
    with pytest.raises(MisconfiguredError, match=rf"port {server.port}: .*CIS_HTTP_PORT"):
        second.start()
    second.stop()


def test_an_address_of_another_machine_is_reported_with_its_setting(worker: Worker) -> None:
    server = HealthServer(host="192.0.2.1", port=0, ready=worker.state, render_metrics=worker.metrics.render)
    with pytest.raises(MisconfiguredError, match=r"192\.0\.2\.1 .*CIS_HTTP_HOST"):
        server.start()


def test_after_a_stop_the_port_is_free_for_a_new_start(server: HealthServer) -> None:
    port = server.port
    server.stop()
    server.stop()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=10)
    assert server.port == port
    server.start()
    assert get(server, "/healthz").status_code == 200
