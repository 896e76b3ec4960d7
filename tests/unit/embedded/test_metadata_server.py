"""The instance metadata server: tokens, notices, faults."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import requests

from worker.embedded.metadata_server import MetadataServer

pytestmark = pytest.mark.unit

NOON = datetime(2026, 1, 2, 12, 0, 0, 700_000, tzinfo=UTC)
ACTION = "spot/instance-action"


class Clock:
    """Wall time and monotonic seconds, advanced together by the test."""

    passed_s = 0.0

    def now(self) -> datetime:
        return NOON + timedelta(seconds=self.passed_s)

    def monotonic(self) -> float:
        return 50.0 + self.passed_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def server(clock: Clock) -> Iterator[MetadataServer]:
    with MetadataServer(now=clock.now, clock=clock.monotonic) as running:
        yield running


def _token(server: MetadataServer, ttl: str = "60") -> str:
    headers = {"X-aws-ec2-metadata-token-ttl-seconds": ttl}
    answer = requests.put(f"{server.url}/latest/api/token", headers=headers, timeout=5)
    answer.raise_for_status()
    return answer.text


def _get(server: MetadataServer, path: str, token: str | None = None) -> requests.Response:
    headers = {"X-aws-ec2-metadata-token": token or _token(server)}
    return requests.get(f"{server.url}/latest/meta-data/{path}", headers=headers, timeout=5)


@pytest.mark.parametrize(
    ("path", "status", "text"),
    [
        (ACTION, 404, ""),
        ("events/recommendations/rebalance", 404, ""),
        ("autoscaling/target-lifecycle-state", 200, "InService"),
        ("instance-id", 200, "i-0123456789abcdef0"),
        ("no/such/path", 404, ""),
    ],
)
def test_by_default_there_is_no_notice(server: MetadataServer, path: str, status: int, text: str) -> None:
    answer = _get(server, path)
    assert (answer.status_code, answer.text) == (status, text)


def test_without_a_token_every_request_is_unauthorized(server: MetadataServer) -> None:
    answer = requests.get(f"{server.url}/latest/meta-data/instance-id", timeout=5)
    assert answer.status_code == 401


def test_a_wrong_token_is_refused(server: MetadataServer) -> None:
    assert _get(server, "instance-id", "made up").status_code == 401


def test_a_token_expires_after_its_time(server: MetadataServer, clock: Clock) -> None:
    token = _token(server, "60")
    clock.passed_s = 59.9
    assert _get(server, "instance-id", token).status_code == 200
    clock.passed_s = 60.0
    assert _get(server, "instance-id", token).status_code == 401


@pytest.mark.parametrize("ttl", ["", "0", "21601", "ten", "-5"])
def test_a_token_needs_a_valid_lifetime(server: MetadataServer, ttl: str) -> None:
    headers = {"X-aws-ec2-metadata-token-ttl-seconds": ttl}
    answer = requests.put(f"{server.url}/latest/api/token", headers=headers, timeout=5)
    assert answer.status_code == 400


def test_a_token_is_only_put(server: MetadataServer) -> None:
    assert requests.get(f"{server.url}/latest/api/token", timeout=5).status_code == 405


def test_the_time_of_a_notice_is_the_same_at_every_poll(server: MetadataServer, clock: Clock) -> None:
    server.control({"instance_action": {"action": "terminate", "in_s": 20}})
    first = _get(server, ACTION).json()
    clock.passed_s = 10.0
    assert first == {"action": "terminate", "time": "2026-01-02T12:00:20Z"}
    assert _get(server, ACTION).json() == first


@pytest.mark.parametrize("action", ["terminate", "stop", "hibernate"])
def test_every_action_can_be_scripted(server: MetadataServer, action: str) -> None:
    server.control({"instance_action": {"action": action, "in_s": -5}})
    assert _get(server, ACTION).json() == {"action": action, "time": "2026-01-02T11:59:55Z"}


def test_a_notice_can_be_withdrawn(server: MetadataServer) -> None:
    server.control({"instance_action": {}})
    server.control({"instance_action": None})
    assert _get(server, ACTION).status_code == 404


def test_rebalance_is_recommended_and_withdrawn(server: MetadataServer) -> None:
    path = "events/recommendations/rebalance"
    server.control({"rebalance": True})
    assert _get(server, path).json() == {"noticeTime": "2026-01-02T12:00:00Z"}
    server.control({"rebalance": False})
    assert _get(server, path).status_code == 404


def test_the_lifecycle_state_is_as_scripted(server: MetadataServer) -> None:
    server.control({"lifecycle_state": "Terminated"})
    assert _get(server, "autoscaling/target-lifecycle-state").text == "Terminated"


def test_faults_apply_to_the_next_requests_in_order(server: MetadataServer) -> None:
    token = _token(server)
    server.control({"faults": [401, 503, "malformed"]})
    statuses = [_get(server, "instance-id", token).status_code for _ in range(2)]
    cut_off = _get(server, ACTION, token)
    assert statuses == [401, 503]
    with pytest.raises(requests.JSONDecodeError):
        cut_off.json()
    assert _get(server, "instance-id", token).status_code == 200


def test_a_dropped_request_gets_no_response(server: MetadataServer) -> None:
    token = _token(server)
    server.control({"faults": ["drop"]})
    with pytest.raises(requests.ConnectionError):
        _get(server, "instance-id", token)


def test_a_hanging_request_outlasts_the_time_out_of_its_client(server: MetadataServer) -> None:
    server.control({"faults": ["hang"]})
    with pytest.raises(requests.ReadTimeout):
        requests.get(f"{server.url}/latest/meta-data/instance-id", timeout=0.2)


def test_a_blocked_token_hangs_until_it_is_unblocked(server: MetadataServer) -> None:
    server.control({"token_blocked": True})
    with pytest.raises(requests.ReadTimeout):
        requests.put(f"{server.url}/latest/api/token", timeout=0.2)
    server.control({"token_blocked": False})
    assert _token(server)


def test_clear_applies_before_the_other_changes(server: MetadataServer) -> None:
    server.control({"instance_action": {}, "lifecycle_state": "X", "token_blocked": True, "faults": [500]})
    server.control({"clear": True, "rebalance": True})
    statuses = [_get(server, path).status_code for path in (ACTION, "events/recommendations/rebalance")]
    assert statuses == [404, 200]
    assert _get(server, "autoscaling/target-lifecycle-state").text == "InService"


def test_the_script_is_changed_and_reported_over_http(server: MetadataServer) -> None:
    changes = {"instance_action": {"action": "stop", "in_s": 60}}
    assert requests.post(f"{server.url}/control", json=changes, timeout=5).status_code == 200
    assert _get(server, ACTION).json()["action"] == "stop"
    stats = requests.get(f"{server.url}/control/stats", timeout=5).json()
    assert stats == {"requests": {"/latest/api/token": 1, f"/latest/meta-data/{ACTION}": 1}}


@pytest.mark.parametrize(
    "body", ['{"faults": ["sulk"]}', '{"instance_action": {"action": "sleep"}}', '{"x": 1}', "[]", "{"]
)
def test_an_invalid_control_request_is_refused(server: MetadataServer, body: str) -> None:
    answer = requests.post(f"{server.url}/control", data=body, timeout=5)
    assert (answer.status_code, answer.text[:13]) == (400, "Invalid contr")
