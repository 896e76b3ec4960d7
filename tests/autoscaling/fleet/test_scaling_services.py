"""What scaling speaks to, from the settings, and what it names when something is missing."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from structlog.testing import capture_logs

from tests.autoscaling.conftest import GROUP, MotoFleet
from worker.errors import MisconfiguredError
from worker.fleet.scaling_services import ScalingServices
from worker.fleet.scaling_state import MemoryRow

pytestmark = [pytest.mark.unit, pytest.mark.autoscaling]


def test_what_is_missing_is_named() -> None:
    services = ScalingServices()
    with pytest.raises(MisconfiguredError, match="CIS_AUTOSCALING_GROUP"):
        _ = services.group
    with pytest.raises(MisconfiguredError, match="CIS_QUEUE_URL"):
        _ = services.queue


@pytest.mark.parametrize(
    ("url", "region"),
    [
        ("https://sqs.ap-northeast-1.amazonaws.com/1/q", "ap-northeast-1"),
        ("https://eu-west-1.queue.amazonaws.com/1/q", "eu-west-1"),
        ("https://sqs.us-gov-west-1.amazonaws.com/1/q", "us-gov-west-1"),
    ],
)
def test_the_queue_names_the_region_where_nothing_else_does(
    url: str, region: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name)
    assert ScalingServices(asg_name="g", queue_url=url).group.client.meta.region_name == region


def test_without_a_table_it_says_what_that_means(monkeypatch: pytest.MonkeyPatch) -> None:
    with capture_logs() as lines:
        assert isinstance(ScalingServices(asg_name="g").row, MemoryRow)
    assert [line["event"] for line in lines] == ["scaling_state_in_memory"]
    assert ScalingServices(asg_name="g").workers() is None


def test_a_registry_that_cannot_be_read_is_logged_once(
    start_fleet: Callable[..., MotoFleet], monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet = start_fleet()
    assert ScalingServices(asg_name=GROUP, queue_url=fleet.queue_url).workers() == ()
    monkeypatch.setenv("CIS_FILE_TABLE", "elsewhere")
    services = ScalingServices(asg_name=GROUP, queue_url=fleet.queue_url)
    with capture_logs() as lines:
        assert [services.workers() for _ in range(3)] == [None] * 3
    assert [line["event"] for line in lines] == ["registry_unreadable"]
