"""Why a process ended, by its exit status."""

from __future__ import annotations

import signal

import pytest

from worker.errors import Code
from worker.sandbox.nets.exit_status import code_of_process, crash_code

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (-signal.SIGKILL, Code.MEMORY),
        (-signal.SIGXCPU, Code.TIMEOUT),
        (-signal.SIGSEGV, Code.CRASHED),
        (1, Code.CRASHED),
    ],
)
def test_the_exit_status_says_why(status: int, code: Code) -> None:
    assert crash_code(status) is code


def test_a_process_cannot_say_that_the_machine_is_at_fault() -> None:
    assert code_of_process(Code.LOCAL_FAULT) is Code.UNAVAILABLE
    assert code_of_process(Code.TIMEOUT) is Code.TIMEOUT
