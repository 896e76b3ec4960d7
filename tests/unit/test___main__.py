"""The entry point of the command line (worker.__main__)."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points

import pytest

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("platform", ["darwin", "win32"])
def test_another_system_is_refused_in_one_line_before_anything_is_loaded(platform: str) -> None:
    program = (
        f"import sys; sys.platform = {platform!r}; sys.modules['typer'] = sys.modules['fcntl'] = None\n"
        "from worker.__main__ import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert platform in line
    assert "container" in line


def test_the_command_and_the_module_start_there() -> None:
    (command,) = entry_points(group="console_scripts", name="cis-worker")
    assert command.value == "worker.__main__:main"
    done = subprocess.run(
        [sys.executable, "-m", "worker", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("cis-worker ")


def test_a_stop_before_anything_is_imported_is_one_line() -> None:
    program = """
import sys


class Interrupt:
    def find_spec(self, name, *_):
        if name == "worker.cli.main":
            raise KeyboardInterrupt


sys.meta_path.insert(0, Interrupt())
from worker.__main__ import main
main()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 130
    assert done.stderr == "cis-worker: stopped before anything was begun; nothing has changed\n"
