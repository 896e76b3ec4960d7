"""A command of cis-worker in a process of its own, recorded: `-m tests.aws_calls.launcher FILE run`."""

from __future__ import annotations

import atexit
import json
import sys
from pathlib import Path

from tests.aws_calls.recorder import RECORDER
from worker.cli.main import app


def write(path: Path) -> None:
    """Write what was recorded, as lists of who and call."""
    path.write_text(json.dumps(sorted(RECORDER.made)), encoding="utf-8")


if __name__ == "__main__":
    RECORDER.install()
    atexit.register(write, Path(sys.argv[1]))
    app(sys.argv[2:], prog_name="cis-worker")
