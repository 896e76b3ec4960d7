"""What the client of Auto Scaling says, with real botocore on a real server."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from worker.aws.autoscaling import AutoScalingGroup
from worker.aws.clients import autoscaling_client
from worker.embedded.autoscaling_server import GROUP, HOOK, INSTANCE_ID, AutoScalingServer
from worker.errors import MisconfiguredError, ServiceRefusedError, ThrottledError, UnavailableError

pytestmark = pytest.mark.unit


@pytest.fixture
def server() -> Iterator[AutoScalingServer]:
    with AutoScalingServer() as running:
        yield running


@pytest.fixture
def group(server: AutoScalingServer, monkeypatch: pytest.MonkeyPatch) -> AutoScalingGroup:
    monkeypatch.setenv("AWS_ENDPOINT_URL_AUTO_SCALING", server.url)
    client = autoscaling_client(region="us-east-1")
    return AutoScalingGroup(client=client, name=GROUP, instance_id=INSTANCE_ID, hook=HOOK)


def test_a_lifecycle_action_is_prolonged_and_completed(
    server: AutoScalingServer, group: AutoScalingGroup
) -> None:
    server.control({"waiting": True})
    assert group.record_heartbeat()
    assert group.complete_lifecycle_action()
    assert not server.stats()["waiting"]


def test_where_the_group_waits_for_nothing_it_says_so(group: AutoScalingGroup) -> None:
    assert not group.record_heartbeat()
    assert not group.complete_lifecycle_action()


def test_protection_is_set_and_ended(server: AutoScalingServer, group: AutoScalingGroup) -> None:
    group.set_protection(True)
    assert server.stats()["is_protected"]
    group.set_protection(False)
    assert not server.stats()["is_protected"]


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("lose_answer", UnavailableError),
        ("malformed", UnavailableError),
        (500, UnavailableError),
        ("throttle", ThrottledError),
        ("deny", ServiceRefusedError),
    ],
)
def test_each_fault_has_its_error_and_is_one_call(
    server: AutoScalingServer, group: AutoScalingGroup, fault: str | int, error: type[Exception]
) -> None:
    server.control({"waiting": True, "faults": [fault]})
    with pytest.raises(error, match=GROUP):
        group.complete_lifecycle_action()
    calls: Any = server.stats()["calls"]
    assert calls == {"CompleteLifecycleAction": 1}


def test_a_group_that_is_missing_or_an_instance_out_of_service_names_the_setting(
    server: AutoScalingServer, group: AutoScalingGroup
) -> None:
    with pytest.raises(ServiceRefusedError, match="CIS_AUTOSCALING_GROUP"):
        replace(group, name="other").set_protection(True)
    server.control({"in_service": False})
    with pytest.raises(ServiceRefusedError, match="in service"):
        group.set_protection(True)


def test_a_probe_has_no_effect(server: AutoScalingServer, group: AutoScalingGroup) -> None:
    server.control({"waiting": True})
    group.set_protection(True)
    group.probe_protection()
    group.probe_hook()
    assert server.stats()["is_protected"]
    effects: Any = server.stats()["effects"]
    assert effects == {"SetInstanceProtection": 1}


@pytest.mark.parametrize("probe", ["probe_protection", "probe_hook"])
def test_a_probe_finds_a_missing_permission_and_a_missing_group(
    server: AutoScalingServer, group: AutoScalingGroup, probe: str
) -> None:
    server.control({"faults": ["deny"]})
    with pytest.raises(ServiceRefusedError, match="AccessDenied"):
        getattr(group, probe)()
    with pytest.raises(ServiceRefusedError, match="CIS_AUTOSCALING_GROUP"):
        getattr(replace(group, name="other"), probe)()


def test_without_credentials_the_variables_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(MisconfiguredError, match="AWS_ACCESS_KEY_ID"):
        autoscaling_client(region="us-east-1")
