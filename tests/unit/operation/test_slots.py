"""What the doctor says about slots, and by which rule."""

from __future__ import annotations

import pytest

from worker.config import Settings
from worker.operation.finding import Level
from worker.operation.slots import slot_findings, slots_check, slots_rule
from worker.runtime.machine.cpus import Cpus, read_cpus

pytestmark = pytest.mark.unit

QUOTA = Cpus(cores=8, quota=1.5, cgroup="/system.slice/cis-worker.service")


def test_the_rule_that_decided_is_named() -> None:
    settings = Settings()
    (finding,) = slot_findings(settings, Cpus(cores=64))
    assert finding.level is Level.OK
    assert finding.message.endswith("at a time, by 64 cores")
    assert slots_rule(settings) == read_cpus().rule
    assert slots_rule(Settings(slots=1)) == "CIS_SLOTS"


def test_a_setting_within_the_quota_is_as_good_as_one_of_the_kernel() -> None:
    (finding,) = slot_findings(Settings(slots=1), QUOTA)
    assert (finding.level, finding.message) == (Level.OK, "1 page at a time, by CIS_SLOTS")


def test_more_slots_than_cpus_are_a_warning_that_says_whose_limit_it_is() -> None:
    (finding,) = slot_findings(Settings(slots=8), QUOTA)
    assert finding.level is Level.WARNING
    assert (
        "CPUs for 2 (the CPU quota of 1.5 of the cgroup /system.slice/cis-worker.service" in finding.message
    )
    assert "CIS_SLOTS" in finding.advice


def test_the_check_runs_here() -> None:
    check = slots_check(Settings())
    assert [finding.level for finding in check.run()] == [Level.OK]
