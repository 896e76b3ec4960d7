"""What a deployed worker and the doctor say when what it needs is refused, gone or elsewhere."""

from __future__ import annotations

import itertools
import json
import subprocess
from collections.abc import Callable

import pytest

from tests.e2e.conftest import READY_S, Fleet
from tests.resilience.real.fault_answers import Service
from tests.resilience.real.proxy import Fault, FaultProxy, Rule
from worker.embedded.child_process import clean_environment, python_command

pytestmark = pytest.mark.e2e

_NO_MODEL = "The provided model identifier is invalid."


def doctor(fleet: Fleet, **settings: str) -> dict[str, dict[str, str]]:
    """Subject -> finding."""
    done = subprocess.run(
        [*python_command("worker"), "doctor", "--json"],
        env=clean_environment({**fleet.stack.environment(), **settings}),
        capture_output=True,
        text=True,
        timeout=READY_S,
        check=False,
    )
    return {each["subject"]: each for each in json.loads(done.stdout)["findings"]}


def test_a_revoked_role_is_named_and_ends_the_worker(fleet: Fleet, until: Callable[..., None]) -> None:
    numbers = itertools.count()

    def is_over() -> bool:
        # A file that is refused is tried later: the next one shows that it lasts.
        fleet.put(f"{next(numbers)}.txt", b"held")
        return bool(fleet.events("fatal_error"))

    with FaultProxy(fleet.stack.environment()["AWS_ENDPOINT_URL"], Service.DYNAMODB) as proxy:
        worker = fleet.start(
            AWS_ENDPOINT_URL_DYNAMODB=proxy.url, CIS_REFUSAL_LIMIT_S="3", CIS_STOP_BUDGET_S="10"
        )
        proxy.control(Rule(fault=Fault.REFUSE))
        until(is_over)
        assert worker.wait(READY_S) == 1
        (fatal,) = fleet.events("fatal_error")
        assert "AccessDeniedException" in str(fatal["reason"])
        assert "Check the policy of the role this worker runs as." in str(fatal["reason"])
        found = doctor(fleet, AWS_ENDPOINT_URL_DYNAMODB=proxy.url)["table"]
    assert found["level"] == "failure"
    assert "dynamodb:DescribeTable, GetItem" in found["advice"]
    # Nothing was counted against the document; its message comes back.
    assert fleet.dead_letters() == 0
    assert fleet.waiting() >= 1


def test_a_wrong_region_is_named_with_what_is_missing_there(fleet: Fleet) -> None:
    settings = {"AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1"}
    worker = fleet.stack.start_worker(
        "lost", changes={**settings, "CIS_REFUSAL_LIMIT_S": "3"}, on_line=fleet.lines.append
    )
    assert worker.wait(READY_S) == 1
    (fatal,) = fleet.events("fatal_error")
    assert "NonExistentQueue" in str(fatal["reason"]) or "ResourceNotFound" in str(fatal["reason"])
    findings = doctor(fleet, **settings)
    assert findings["aws"]["message"].startswith("region us-east-1")
    assert findings["queue"]["level"] == findings["table"]["level"] == "failure"


def test_a_region_without_the_model_leaves_vectors_pending_and_the_doctor_names_the_setting(
    fleet: Fleet, until: Callable[..., None]
) -> None:
    fleet.stack.bedrock.control({"fail_next": 100_000, "status": 400, "message": _NO_MODEL})
    finding = doctor(fleet, CIS_BEDROCK_REGION="ap-northeast-3")["model amazon.titan-embed-image-v1"]
    assert finding["level"] == "warning"
    assert _NO_MODEL.rstrip(".") in finding["message"]
    assert "the region of CIS_BEDROCK_REGION has the model" in finding["advice"]
    fleet.stack.bedrock.control({"fail_next": 0})
    finding = doctor(fleet, CIS_BEDROCK_REGION="us-east-1")["model amazon.titan-embed-image-v1"]
    assert (finding["level"], finding["message"]) == ("ok", "answers with 1024 numbers, in us-east-1")
