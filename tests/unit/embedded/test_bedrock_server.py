"""The Bedrock server: its protocol, its script, its counts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests

from worker.embedded.bedrock_server import BedrockServer

pytestmark = pytest.mark.unit

MODEL = "amazon.titan-embed-text-v2:0"


class Clock:
    """A clock in seconds that the test advances."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def server(clock: Clock) -> Iterator[BedrockServer]:
    with BedrockServer(clock=clock) as running:
        yield running


def _invoke(
    server: BedrockServer, text: str = "x", model: str = "amazon.titan-embed-text-v2%3A0"
) -> requests.Response:
    return requests.post(f"{server.url}/model/{model}/invoke", json={"inputText": text}, timeout=10)


def _kind(answer: requests.Response) -> str:
    return answer.headers["x-amzn-ErrorType"].partition(":")[0]


def test_a_model_named_with_an_encoded_colon_answers() -> None:
    with BedrockServer() as server:
        answer = _invoke(server, "契約書")
    assert answer.status_code == 200
    assert len(answer.json()["embedding"]) == 1024
    assert answer.headers["X-Amzn-Bedrock-Input-Token-Count"] == "3"
    assert server.stats() == {"calls": {MODEL: 1}, "throttled": 0, "failed": 0, "invalid": 0}


def test_an_invalid_request_is_a_validation_exception(server: BedrockServer) -> None:
    answer = _invoke(server, "")
    assert (answer.status_code, _kind(answer)) == (400, "ValidationException")
    assert "inputText" in answer.json()["message"]
    assert server.stats()["invalid"] == 1


def test_an_unknown_model_is_not_found(server: BedrockServer) -> None:
    answer = _invoke(server, model="no.such-model")
    assert (answer.status_code, _kind(answer)) == (404, "ResourceNotFoundException")


@pytest.mark.parametrize(("method", "path"), [("GET", "/model/m/invoke"), ("POST", "/model/m/converse")])
def test_another_operation_is_unknown(server: BedrockServer, method: str, path: str) -> None:
    answer = requests.request(method, f"{server.url}{path}", timeout=10)
    assert (answer.status_code, _kind(answer)) == (404, "UnknownOperationException")


def test_only_the_next_calls_are_throttled(server: BedrockServer) -> None:
    server.control({"throttle_next": 2})
    answers = [_invoke(server) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [429, 429, 200]
    assert _kind(answers[0]) == "ThrottlingException"
    assert server.stats() == {"calls": {MODEL: 3}, "throttled": 2, "failed": 0, "invalid": 0}


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "ValidationException"),
        (403, "AccessDeniedException"),
        (500, "InternalServerException"),
        (503, "ServiceUnavailableException"),
        (599, "InternalServerException"),
    ],
)
def test_the_next_call_fails_with_the_scripted_status(server: BedrockServer, status: int, kind: str) -> None:
    server.control({"fail_next": 1, "status": status})
    answers = [_invoke(server), _invoke(server)]
    assert [answer.status_code for answer in answers] == [status, 200]
    assert _kind(answers[0]) == kind
    assert server.stats()["failed"] == 1


def test_a_failing_call_says_what_the_script_says(server: BedrockServer) -> None:
    daily = "Too many tokens per day, please wait before trying again."
    server.control({"fail_next": 1, "status": 429, "kind": "ThrottlingException", "message": daily})
    answer = _invoke(server)
    assert (answer.status_code, _kind(answer)) == (429, "ThrottlingException")
    assert answer.json()["message"] == daily
    assert _invoke(server).status_code == 200


def test_an_input_with_the_refused_text_is_invalid(server: BedrockServer) -> None:
    server.control({"refused_text": "secret"})
    answers = [_invoke(server, text) for text in ("open", "a secret", "open")]
    assert [answer.status_code for answer in answers] == [200, 400, 200]
    assert _kind(answers[1]) == "ValidationException"
    assert server.stats()["invalid"] == 1


def test_a_response_can_lack_its_embedding(server: BedrockServer) -> None:
    server.control({"without_embedding_next": 1})
    answer = _invoke(server)
    assert answer.status_code == 200
    assert answer.json()["embedding"] is None
    assert answer.json()["message"]


def test_while_down_no_call_gets_a_response(server: BedrockServer) -> None:
    server.control({"down": True})
    with pytest.raises(requests.ConnectionError):
        _invoke(server)
    server.control({"down": False})
    assert _invoke(server).status_code == 200


def test_it_says_that_it_serves_unless_it_is_down(server: BedrockServer) -> None:
    assert requests.get(f"{server.url}/health", timeout=10).json() == {"status": "ok"}
    with requests.Session() as session:
        for _ in range(2):
            answer = session.head(f"{server.url}/health", timeout=10)
            assert (answer.status_code, answer.content) == (200, b"")
    server.control({"down": True})
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{server.url}/health", timeout=10)


def test_calls_over_the_rate_are_throttled_until_a_second_has_passed(
    server: BedrockServer, clock: Clock
) -> None:
    server.control({"rate_per_s": 2})
    first = [_invoke(server).status_code for _ in range(3)]
    clock.now += 0.99
    early = _invoke(server).status_code
    clock.now += 0.02
    later = [_invoke(server).status_code for _ in range(3)]
    assert (first, early, later) == ([200, 200, 429], 429, [200, 200, 429])


def test_latency_delays_the_response(server: BedrockServer) -> None:
    server.control({"latency_s": 0.2})
    assert _invoke(server).elapsed.total_seconds() >= 0.2


def test_a_change_keeps_the_other_fields(server: BedrockServer) -> None:
    server.control({"throttle_next": 1})
    server.control({"fail_next": 1})
    assert [_invoke(server).status_code for _ in range(3)] == [429, 503, 200]


def test_the_script_is_changed_and_reported_over_http(server: BedrockServer) -> None:
    changed = requests.post(f"{server.url}/control", json={"throttle_next": 1}, timeout=10)
    assert changed.status_code == 200
    _invoke(server)
    stats = requests.get(f"{server.url}/control/stats", timeout=10).json()
    assert stats == {"calls": {MODEL: 1}, "throttled": 1, "failed": 0, "invalid": 0}


@pytest.mark.parametrize("body", ['{"throttle": 1}', '{"kind": "a b"}', '{"status": 200}', "[1]", "{", "7"])
def test_an_invalid_script_is_refused_and_changes_nothing(server: BedrockServer, body: str) -> None:
    assert requests.post(f"{server.url}/control", data=body, timeout=10).status_code == 400
    assert _invoke(server).status_code == 200
