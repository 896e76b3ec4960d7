"""Policies: what the production decisions answer to what the simulator lets them see."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.fleet.simulation.scenario_parts import PAGES, make_scenario
from worker.fleet.simulation.policies import Observation, Policy, make_policy

pytestmark = pytest.mark.unit


def seen(
    minute: int = 0, *, waiting: int = 0, desired: int = 1, idle: int = 99, **changes: Any
) -> Observation:
    values: dict[str, Any] = {
        "now_s": minute * 60.0,
        "waiting": waiting,
        "in_flight": 0,
        "desired": desired,
        "in_service": desired,
        "documents": 1000.0,
        "pages": 4000.0,
        "squares": 16_000.0,
        "work_s": 4000.0,
        "images": 0.0,
        "pages_lately": 0.0,
        "count_idle": lambda: idle,
    }
    return Observation(**(values | changes))


def policy(settings: dict[str, Any], **changes: Any) -> Policy:
    scenario = make_scenario(policies=[settings], chosen=settings["kind"], **changes)
    return make_policy(scenario.policies[0], scenario)


STEP = {"kind": "step", "max_capacity": 10}


def test_a_static_fleet_never_changes() -> None:
    static = policy({"kind": "static", "instances": 7})
    assert [static.decide(seen(waiting=waiting)) for waiting in (0, 10_000)] == [7, 7]


def test_steps_go_out_by_the_increment_once_a_cooldown() -> None:
    step, desired, path = policy(STEP), 1, []
    for minute in range(11):
        desired = step.decide(seen(minute, waiting=500, desired=desired))
        path.append(desired)
    assert path == [3, 3, 3, 3, 3, 5, 5, 5, 5, 5, 7]


def test_steps_go_in_after_a_low_and_take_no_instance_with_documents_in_hand() -> None:
    quiet = [policy(STEP), policy(STEP)]
    for minute in range(4):
        assert [each.decide(seen(minute, desired=4)) for each in quiet] == [4, 4]
    assert quiet[0].decide(seen(4, desired=4)) == 3
    assert quiet[1].decide(seen(4, desired=4, idle=0)) == 4


def test_target_tracking_follows_messages_of_an_instance() -> None:
    tracking = policy({"kind": "target_tracking", "backlog_per_instance": 100, "max_capacity": 10})
    path = [tracking.decide(seen(minute, waiting=500, desired=2)) for minute in range(3)]
    assert path == [2, 2, 5]


def test_target_tracking_has_no_metric_while_nothing_is_in_service() -> None:
    tracking = policy({"kind": "target_tracking", "backlog_per_instance": 100, "max_capacity": 10})
    assert [tracking.decide(seen(minute, waiting=5000, in_service=0)) for minute in range(5)] == [1] * 5


def test_pages_take_what_documents_and_instances_did_in_the_last_hour() -> None:
    # 4 pages a document and 240 pages a minute of an instance: 600 s, less the boot, for 2000 documents.
    assert policy(PAGES | {"deviations": 0}).decide(seen(waiting=2000)) == 5
    slower = seen(waiting=2000, work_s=8000.0)
    assert policy(PAGES | {"deviations": 0}).decide(slower) == 9


def test_pages_assume_until_documents_were_read() -> None:
    unknown: dict[str, Any] = {"documents": 0.0, "pages": 0.0, "squares": 0.0, "work_s": 0.0}
    assumed = PAGES | {"deviations": 0, "assumed_pages": 8}
    assert policy(assumed).decide(seen(waiting=1000, **unknown)) == 5


def test_pages_stay_within_the_quota_of_image_vectors() -> None:
    # Every page is an image: an instance embeds 240 a minute.
    pictures: dict[str, Any] = {"images": 4000.0, "waiting": 100_000}
    assert policy(PAGES).decide(seen(**pictures)) == 20
    assert policy(PAGES, quotas={"images_per_minute": 1000}).decide(seen(**pictures)) == 4


def test_pages_start_from_zero_and_end_there() -> None:
    pages = policy(PAGES)
    assert pages.decide(seen(0, waiting=1, desired=0)) == 1
    path = [pages.decide(seen(minute, desired=1)) for minute in range(1, 6)]
    assert path == [1, 1, 1, 1, 0]
