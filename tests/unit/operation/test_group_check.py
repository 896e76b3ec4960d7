"""What the doctor says about the Auto Scaling group."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from worker.config import Settings, load_settings
from worker.embedded.autoscaling_server import GROUP, HOOK, AutoScalingServer
from worker.embedded.metadata_server import MetadataServer
from worker.fleet.membership import GROUP_TAG, HOOK_TAG
from worker.operation.finding import Level
from worker.operation.group_check import find_group, group_checks, group_findings

pytestmark = pytest.mark.unit


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[AutoScalingServer]:
    with AutoScalingServer() as running:
        monkeypatch.setenv("AWS_ENDPOINT_URL_AUTO_SCALING", running.url)
        yield running


@pytest.fixture
def settings(server: AutoScalingServer) -> Settings:
    # Off EC2: the metadata service of the tests does not answer.
    return load_settings(autoscaling_group=GROUP, lifecycle_hook=HOOK)


def test_without_a_group_there_is_nothing_to_check() -> None:
    (finding,) = group_findings(find_group(load_settings()))
    assert finding.level is Level.OK
    assert "no group is known" in finding.message


def test_the_permissions_are_tried_without_an_effect(server: AutoScalingServer, settings: Settings) -> None:
    server.control({"waiting": True})
    (check,) = group_checks(settings)
    (finding,) = check.run()
    assert (finding.level, GROUP in finding.message) == (Level.OK, True)
    stats: Any = server.stats()
    assert stats["effects"] == {}
    assert stats["waiting"]


def test_the_group_of_the_tags_is_checked_too(server: AutoScalingServer) -> None:
    with MetadataServer() as metadata:
        metadata.control({"tags": {GROUP_TAG: GROUP, HOOK_TAG: HOOK}})
        (finding,) = group_findings(find_group(load_settings(metadata_endpoint=metadata.url)))
    assert HOOK in finding.message
    calls: Any = server.stats()["calls"]
    assert calls == {"SetInstanceProtection": 1, "RecordLifecycleActionHeartbeat": 1}


def test_what_the_role_may_not_do_is_a_warning_that_names_the_permission(
    server: AutoScalingServer, settings: Settings
) -> None:
    server.control({"faults": ["deny", "deny"]})
    findings = group_findings(find_group(settings))
    assert [finding.level for finding in findings] == [Level.WARNING, Level.WARNING]
    assert "autoscaling:SetInstanceProtection" in findings[0].advice
    assert "autoscaling:CompleteLifecycleAction" in findings[1].advice


def test_a_group_that_does_not_exist_is_a_warning_that_names_the_setting(server: AutoScalingServer) -> None:
    findings = group_findings(find_group(load_settings(autoscaling_group="other")))
    assert findings[0].level is Level.WARNING
    assert "CIS_AUTOSCALING_GROUP" in findings[0].message
    assert server.stats()["effects"] == {}
