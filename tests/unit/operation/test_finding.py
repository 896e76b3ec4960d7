"""What an error of a check means."""

from __future__ import annotations

import pytest

from worker.errors import BedrockError, MisconfiguredError, ThrottledError, UnavailableError, WorkerError
from worker.operation.finding import Check, Level

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("error", "level", "advice"),
    [
        (MisconfiguredError("told"), Level.FAILURE, "mend it"),
        (UnavailableError("told"), Level.WARNING, "look at the network"),
        (ThrottledError("told"), Level.WARNING, "mend it"),
        (BedrockError("told"), Level.WARNING, "mend it"),
    ],
)
def test_only_a_misconfiguration_is_always_a_failure(error: WorkerError, level: Level, advice: str) -> None:
    check = Check(subject="it", run=tuple, advice="mend it", away="look at the network", worst=Level.WARNING)
    found = check.found(error)
    assert (found.level, found.subject, found.message, found.advice) == (level, "it", "told", advice)


def test_what_does_not_answer_is_a_failure_unless_said_otherwise() -> None:
    found = Check(subject="it", run=tuple, advice="").found(UnavailableError("told"))
    assert found.level is Level.FAILURE
    assert "AWS_ENDPOINT_URL" in found.advice
