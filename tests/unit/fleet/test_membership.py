"""Which group this instance is in: by the settings, by its tags, or none."""

from __future__ import annotations

from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.unit.clock import Clock
from worker.aws.instance_metadata import InstanceMetadata
from worker.embedded.autoscaling_server import GROUP, HOOK, INSTANCE_ID
from worker.embedded.metadata_server import MetadataServer
from worker.errors import MisconfiguredError
from worker.fleet.membership import GROUP_TAG, HOOK_TAG, Membership

pytestmark = pytest.mark.unit


def _by_tags(metadata: MetadataServer, client: Any, clock: Clock) -> Membership:
    return Membership(metadata=InstanceMetadata(metadata.url), connect=lambda: client, clock=clock)


def test_the_settings_name_group_and_hook(membership: Membership) -> None:
    found = membership.find()
    assert found is not None
    assert (found.name, found.hook, found.instance_id) == (GROUP, HOOK, INSTANCE_ID)


def test_without_settings_the_tags_do(metadata: MetadataServer, client: Any, clock: Clock) -> None:
    metadata.control({"tags": {GROUP_TAG: "by-tag", HOOK_TAG: "drain"}})
    found = _by_tags(metadata, client, clock).find()
    assert found is not None
    assert (found.name, found.hook) == ("by-tag", "drain")


def test_without_either_there_is_no_group_and_nobody_asks_again(
    metadata: MetadataServer, client: Any, clock: Clock
) -> None:
    membership = _by_tags(metadata, client, clock)
    assert membership.find() is None
    metadata.control({"tags": {GROUP_TAG: "late"}})
    clock.now += 1_000_000
    assert membership.find() is None


def test_a_service_that_does_not_answer_is_asked_again_a_minute_later(
    metadata: MetadataServer, client: Any, clock: Clock
) -> None:
    metadata.control({"tags": {GROUP_TAG: "group"}, "faults": [503]})
    membership = _by_tags(metadata, client, clock)
    assert membership.find() is None
    clock.now += 59
    assert membership.find() is None
    clock.now += 2
    assert membership.find() is not None


def test_missing_credentials_are_reported_once(metadata: MetadataServer, clock: Clock) -> None:
    def refuse() -> object:
        raise MisconfiguredError("no credentials")

    membership = Membership(metadata=InstanceMetadata(metadata.url), connect=refuse, group=GROUP, clock=clock)
    with capture_logs() as lines:
        for _ in range(3):
            assert membership.find() is None
            clock.now += 1_000
    assert [line["event"] for line in lines if line["log_level"] == "warning"] == ["autoscaling_unavailable"]
