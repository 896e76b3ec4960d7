"""InstanceMetadata against a small HTTP server in place of the metadata service."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from worker.aws.instance_metadata import InstanceMetadata, SpotAction
from worker.errors import UnavailableError

pytestmark = pytest.mark.unit

SPOT = "spot/instance-action"
NOTICE = '{"action": "terminate", "time": "2026-11-21T08:22:00Z"}'


class Service:
    """The state of the fake service; tests change it while the server runs."""

    def __init__(self) -> None:
        self.entries: dict[str, str] = {}
        self.status = 200
        self.token_status = 200
        self.silent = threading.Event()
        self.silent.set()
        self.valid_token = ""
        self.tokens_made = 0
        self.refusals = 0
        self.url = ""

    def make_token(self) -> str:
        self.tokens_made += 1
        self.valid_token = f"token-{self.tokens_made}"
        return self.valid_token

    def respond(self, path: str, token: str | None) -> tuple[int, str]:
        if token != self.valid_token:
            self.refusals += 1
            return 401, ""
        if self.status != 200:
            return self.status, ""
        text = self.entries.get(path.removeprefix("/latest/meta-data/"))
        return (404, "") if text is None else (200, text)


@pytest.fixture
def service() -> Iterator[Service]:
    state = Service()

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            right = (
                self.path == "/latest/api/token"
                and self.headers["X-aws-ec2-metadata-token-ttl-seconds"] == "21600"
            )
            self.reply(state.token_status, state.make_token()) if right else self.reply(400, "")

        def do_GET(self) -> None:
            state.silent.wait(10)
            self.reply(*state.respond(self.path, self.headers["X-aws-ec2-metadata-token"]))

        def reply(self, status: int, text: str) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield state
    state.silent.set()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def now() -> list[float]:
    return [1_000.0]


@pytest.fixture
def metadata(service: Service, now: list[float]) -> InstanceMetadata:
    return InstanceMetadata(service.url + "/", clock=lambda: now[0])


def test_without_a_notice_all_is_clear(metadata: InstanceMetadata) -> None:
    assert metadata.spot_action() is None
    assert metadata.is_rebalance_recommended() is False
    assert metadata.target_lifecycle_state() is None
    assert metadata.instance_id() is None


def test_a_notice_is_read_with_its_time(metadata: InstanceMetadata, service: Service) -> None:
    service.entries[SPOT] = NOTICE
    expected = SpotAction(action="terminate", time=datetime(2026, 11, 21, 8, 22, tzinfo=UTC))
    assert metadata.spot_action() == expected
    service.entries[SPOT] = NOTICE.replace("Z", "")
    assert metadata.spot_action() == expected


def test_the_other_entries_are_read(metadata: InstanceMetadata, service: Service) -> None:
    service.entries["events/recommendations/rebalance"] = '{"noticeTime": "2026-11-21T08:22:00Z"}'
    service.entries["autoscaling/target-lifecycle-state"] = "Terminated\n"
    service.entries["instance-id"] = "i-0123"
    assert metadata.is_rebalance_recommended() is True
    assert metadata.target_lifecycle_state() == "Terminated"
    assert metadata.instance_id() == "i-0123"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not json",
        "[]",
        "null",
        '{"action": "stop"}',
        '{"action": "stop", "time": "soon"}',
        '{"action": "stop", "time": 5}',
    ],
)
def test_an_unreadable_notice_is_not_taken_for_none(
    metadata: InstanceMetadata, service: Service, text: str
) -> None:
    service.entries[SPOT] = text
    with pytest.raises(UnavailableError, match="cannot be read"):
        metadata.spot_action()


@pytest.mark.parametrize("status", [302, 400, 403, 429, 500, 503])
def test_anything_but_404_is_no_all_clear(metadata: InstanceMetadata, service: Service, status: int) -> None:
    service.status = status
    with pytest.raises(UnavailableError, match=str(status)):
        metadata.spot_action()


def test_one_token_serves_until_shortly_before_its_end(
    metadata: InstanceMetadata, service: Service, now: list[float]
) -> None:
    metadata.spot_action()
    now[0] += 21_600 - 61
    metadata.spot_action()
    assert service.tokens_made == 1
    now[0] += 1
    metadata.spot_action()
    assert service.tokens_made == 2
    assert service.refusals == 0


def test_a_token_that_is_no_longer_accepted_is_replaced(metadata: InstanceMetadata, service: Service) -> None:
    metadata.spot_action()
    service.valid_token = "of another life"
    service.entries[SPOT] = NOTICE
    assert metadata.spot_action() is not None
    assert (service.tokens_made, service.refusals) == (2, 1)


def test_a_service_that_refuses_every_token_gets_two_requests(
    metadata: InstanceMetadata, service: Service
) -> None:
    service.status = 401
    with pytest.raises(UnavailableError, match="401"):
        metadata.spot_action()
    assert service.tokens_made == 2


@pytest.mark.parametrize("status", [400, 403, 404, 500])
def test_no_token_is_no_all_clear(metadata: InstanceMetadata, service: Service, status: int) -> None:
    service.token_status = status
    with pytest.raises(UnavailableError, match=str(status)):
        metadata.spot_action()


def test_a_silent_service_times_out(service: Service) -> None:
    service.silent.clear()
    metadata = InstanceMetadata(service.url, timeout_s=0.2)
    with pytest.raises(UnavailableError, match="does not answer GET"):
        metadata.spot_action()


def test_a_proxy_of_the_environment_is_not_used(
    metadata: InstanceMetadata, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    assert metadata.spot_action() is None


def test_a_refused_connection_means_unavailable() -> None:
    with pytest.raises(UnavailableError, match="does not answer PUT"):
        InstanceMetadata("http://127.0.0.1:9").spot_action()
