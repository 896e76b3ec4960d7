"""Why a process ended, by its exit status."""

from __future__ import annotations

import signal

import pytest

from worker.errors import Code
from worker.sandbox.nets.exit_status import crash_code

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
