"""Which instances go first, and which may."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from worker.aws.autoscaling import GroupMember, GroupSize
from worker.fleet.termination import count_idle, safe_candidates, termination_order

pytestmark = [pytest.mark.unit, pytest.mark.autoscaling]


@dataclass(frozen=True)
class Described:
    launch_time: float
    processing_messages: int = 0


@pytest.mark.parametrize(
    "instances",
    [
        [{"launch_time": "2026-01-01T00:00:00Z"}, {"launch_time": "2026-01-02T00:00:00+09:00"}],
        [{"LaunchTime": datetime(2026, 1, 1)}, {"LaunchTime": datetime(2026, 1, 2, tzinfo=UTC)}],  # noqa: DTZ001
        [Described(1), Described(2)],
        [{"launch_time": 5}, {"name": "without a time"}],
    ],
)
def test_the_oldest_goes_first(instances: list[Any]) -> None:
    assert termination_order(instances[::-1]) == instances


def test_those_with_documents_or_protection_stay() -> None:
    instances: list[dict[str, Any]] = [
        {"id": 1, "processing_messages": 2},
        {"id": 2, "processing_messages": ["m"]},
        {"id": 3, "processing_messages": 0, "ProtectedFromScaleIn": True},
        {"id": 4, "processing_messages": 0},
        {"id": 5, "processing_messages": []},
    ]
    assert [each["id"] for each in safe_candidates(instances)] == [4, 5]
    assert safe_candidates([Described(1, processing_messages=1)]) == []


def member(instance_id: str, state: str = "InService", *, is_protected: bool = False) -> GroupMember:
    return GroupMember(instance_id=instance_id, lifecycle_state=state, is_protected=is_protected)


@pytest.mark.parametrize(
    ("members", "idle"),
    [
        ([member("i-1"), member("i-2")], 2),
        ([member("i-1"), member("i-2", is_protected=True)], 1),
        ([member("i-1"), member("busy")], 1),
        ([member("i-1", "Pending:Wait"), member("i-2", "Terminating")], 1),
        ([member("busy")], 1),  # one of two was never launched
    ],
)
def test_idle_instances_are_counted(members: list[GroupMember], idle: int) -> None:
    size = GroupSize(desired=2, minimum=0, maximum=9, members=tuple(members))
    assert count_idle(size, frozenset({"busy"})) == idle
