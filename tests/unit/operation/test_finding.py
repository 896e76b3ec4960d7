"""What an error of a check means."""

from __future__ import annotations

import pytest

from worker.errors import BedrockError, MisconfiguredError, ThrottledError, UnavailableError, WorkerError
from worker.operation.finding import Check, Level

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("error", "level", "advice"),
    [
        (MisconfiguredError("why"), Level.FAILURE, "fix it"),
        (UnavailableError("why"), Level.WARNING, "check the network"),
        (ThrottledError("why"), Level.WARNING, "fix it"),
        (BedrockError("why"), Level.WARNING, "fix it"),
    ],
)
def test_only_a_misconfiguration_is_always_a_failure(error: WorkerError, level: Level, advice: str) -> None:
    check = Check(
        subject="it",
        run=tuple,
        advice="fix it",
        unavailable_advice="check the network",
        worst=Level.WARNING,
    )
    found = check.error_finding(error)
    assert (found.level, found.subject, found.message, found.advice) == (level, "it", "why", advice)


def test_what_does_not_answer_is_a_failure_unless_said_otherwise() -> None:
    found = Check(subject="it", run=tuple, advice="").error_finding(UnavailableError("why"))
    assert found.level is Level.FAILURE
    assert "AWS_ENDPOINT_URL" in found.advice
