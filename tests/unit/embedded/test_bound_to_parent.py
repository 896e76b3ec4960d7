"""A program that is killed with its parent, however that ends."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from worker.embedded.child_process import clean_environment, python_command

pytestmark = pytest.mark.unit

_DEADLINE_S = 30.0
_FOREVER = "import os, signal; os.write(1, b'up\\n'); signal.pause()"


def _bound(parent: str, *command: str) -> list[str]:
    return [*python_command("worker.embedded.bound_to_parent", parent), *command]


def test_it_becomes_the_program() -> None:
    command = _bound(str(os.getpid()), sys.executable, "-c", "print('here')")

    done = subprocess.run(command, env=clean_environment({}), capture_output=True, check=True)

    assert done.stdout == b"here\n"


def test_it_does_not_run_when_the_parent_has_ended() -> None:
    command = _bound("1", sys.executable, "-c", "print('here')")

    done = subprocess.run(command, env=clean_environment({}), capture_output=True, check=True)

    assert done.stdout == b""


def test_it_is_killed_with_its_parent() -> None:
    start = (
        "import os, subprocess, sys, signal; from worker.embedded.child_process import python_command;"
        "subprocess.Popen([*python_command('worker.embedded.bound_to_parent', str(os.getpid())),"
        f"sys.executable, '-c', {_FOREVER!r}]); signal.pause()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", start], env=clean_environment({}), stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"up\n"
        parent.kill()
        # It holds the last open end of the pipe, so this reads until it has ended.
        assert parent.communicate(timeout=_DEADLINE_S)[0] == b""
