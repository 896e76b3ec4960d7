"""The stand-in of Auto Scaling: its protocol on the wire, its script, its counts."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
import requests

from worker.embedded.autoscaling_server import GROUP, HOOK, INSTANCE_ID, AutoScalingServer

pytestmark = pytest.mark.unit


@pytest.fixture
def server() -> Iterator[AutoScalingServer]:
    with AutoScalingServer() as running:
        yield running


def _call(server: AutoScalingServer, action: str, **form: str) -> requests.Response:
    values = {"Action": action, "Version": "2011-01-01", "AutoScalingGroupName": GROUP, **form}
    return requests.post(server.url + "/", data=values, timeout=10)


def _complete(server: AutoScalingServer, **changes: str) -> requests.Response:
    form = {"LifecycleHookName": HOOK, "InstanceId": INSTANCE_ID, "LifecycleActionResult": "CONTINUE"}
    return _call(server, "CompleteLifecycleAction", **{**form, **changes})


def test_it_answers_in_the_query_protocol(server: AutoScalingServer) -> None:
    server.control({"waiting": True})
    answer = _complete(server)
    assert answer.status_code == 200
    assert "<CompleteLifecycleActionResult/>" in answer.text
    again = _complete(server)
    assert again.status_code == 400
    assert "<Code>ValidationError</Code>" in again.text
    assert f"No active Lifecycle Action found with instance ID {INSTANCE_ID}" in again.text


@pytest.mark.parametrize(
    "changes",
    [
        {"LifecycleHookName": "other"},
        {"InstanceId": "i-1"},
        {"LifecycleActionResult": "MAYBE"},
        {"AutoScalingGroupName": "<other>"},
    ],
)
def test_what_does_not_fit_is_refused_and_changes_nothing(
    server: AutoScalingServer, changes: dict[str, str]
) -> None:
    server.control({"waiting": True})
    assert _complete(server, **changes).status_code == 400
    assert server.stats()["waiting"]


def test_an_unknown_operation_is_refused(server: AutoScalingServer) -> None:
    assert "Could not find operation" in _call(server, "DescribeWeather").text


def test_at_most_fifty_instances_are_protected_in_one_call(server: AutoScalingServer) -> None:
    ids = {f"InstanceIds.member.{number}": INSTANCE_ID for number in range(1, 52)}
    assert _call(server, "SetInstanceProtection", ProtectedFromScaleIn="true", **ids).status_code == 400


def test_an_answer_can_be_lost_after_its_effect_and_a_request_before_it(server: AutoScalingServer) -> None:
    server.control({"waiting": True, "faults": ["lose_request", "lose_answer"]})
    for is_waiting in (True, False):
        with pytest.raises(requests.ConnectionError):
            _complete(server)
        assert server.stats()["waiting"] is is_waiting
    assert server.stats()["calls"] == {"CompleteLifecycleAction": 2}
    assert server.stats()["effects"] == {"CompleteLifecycleAction": 1}


def test_faults_can_be_those_of_one_operation(server: AutoScalingServer) -> None:
    server.control({"waiting": True, "faults_of": {"SetInstanceProtection": [503]}})
    assert _complete(server).status_code == 200
    assert _call(server, "SetInstanceProtection").status_code == 503


def test_a_hang_ends_with_the_server() -> None:
    began = time.monotonic()
    with AutoScalingServer() as server:
        server.control({"faults": ["hang"]})
        with pytest.raises(requests.RequestException):
            requests.post(server.url, data={"Action": "X"}, timeout=0.2)
    assert time.monotonic() - began < 50


def test_it_is_scripted_over_http(server: AutoScalingServer) -> None:
    assert requests.post(f"{server.url}/control", json={"waiting": True}, timeout=10).ok
    assert requests.get(f"{server.url}/control/stats", timeout=10).json()["waiting"] is True
    assert requests.post(f"{server.url}/control", json={"odd": 1}, timeout=10).status_code == 400
