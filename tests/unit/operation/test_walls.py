"""Which walls a start needs, and what the doctor says of the others."""

from __future__ import annotations

import pytest

from worker.config import Settings, load_settings
from worker.errors import MisconfiguredError
from worker.operation.finding import Level
from worker.operation.walls import is_start_refused, require_walls, wall_findings
from worker.sandbox.confinement import Walls

pytestmark = pytest.mark.unit

NEITHER = Walls(namespace="EPERM: not permitted", landlock="ENOSYS: not implemented", signals="old")
LOCAL = "http://127.0.0.1:5000"


def settings(**changes: object) -> Settings:
    return load_settings(**({"aws_endpoint_url": ""} | changes))


def test_on_aws_a_worker_with_neither_main_wall_does_not_start_and_says_what_to_do() -> None:
    with pytest.raises(MisconfiguredError) as caught:
        require_walls(settings(), NEITHER)
    for words in ("EPERM", "ENOSYS", "docs/security.md", "CIS_ALLOW_UNCONFINED_READERS=true"):
        assert words in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "walls"),
    [
        ({}, Walls()),
        ({}, Walls(namespace="EPERM")),
        ({}, Walls(landlock="ENOSYS", seccomp="ENOSYS")),
        ({"allow_unconfined_readers": True}, NEITHER),
        ({"aws_endpoint_url": LOCAL}, NEITHER),
        ({"aws_endpoint_url": "http://localstack:4566"}, NEITHER),
    ],
    ids=["all", "Landlock", "namespace", "allowed", "a stand-in", "LocalStack"],
)
def test_it_starts_with_one_of_them_where_that_is_allowed_and_where_there_is_no_key_of_aws(
    changes: dict[str, object], walls: Walls
) -> None:
    in_force = settings(**changes)
    require_walls(in_force, walls)
    assert not is_start_refused(in_force, walls)


def test_an_endpoint_of_aws_itself_is_aws() -> None:
    endpoint = "https://vpce-1.sqs.eu-west-1.vpce.amazonaws.com"
    with pytest.raises(MisconfiguredError):
        require_walls(settings(aws_endpoint_url=endpoint), NEITHER)


def test_the_doctor_lists_the_walls_that_stand() -> None:
    (found,) = wall_findings(settings(), Walls())
    assert found.level is Level.OK
    assert "namespace, landlock, signals, seccomp, non_dumpable, processes" in found.message


@pytest.mark.parametrize(
    ("changes", "level"), [({}, Level.FAILURE), ({"aws_endpoint_url": LOCAL}, Level.WARNING)]
)
def test_the_doctor_has_a_finding_with_advice_for_each_wall_that_does_not_stand(
    changes: dict[str, object], level: Level
) -> None:
    standing, namespace, landlock, signals = wall_findings(settings(**changes), NEITHER)
    assert standing.level is Level.OK
    assert (namespace.level, landlock.level, signals.level) == (level, level, Level.OK)
    assert "EPERM: not permitted" in namespace.message
    assert "unshare" in namespace.advice
    assert "lsm=" in landlock.advice
    assert "old" in signals.message


def test_one_of_the_two_that_is_missing_is_a_warning() -> None:
    _, landlock = wall_findings(settings(), Walls(landlock="ENOSYS"))
    assert landlock.level is Level.WARNING


def test_where_nothing_stands_that_is_said() -> None:
    nothing = dict.fromkeys(Walls().standing, "why")
    assert "none" in wall_findings(settings(), Walls(**nothing))[0].message
