"""How processes of our own code are started: the same code, and nothing of the user's AWS set-up."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

import worker
from worker.config import child_environment

_PACKAGE_FOLDER = str(Path(worker.__file__).resolve().parents[1])


def python_command(module: str, *arguments: str) -> tuple[str, ...]:
    """Command that runs a module of ours; -P, because the folder the user stands in may hold its like."""
    return (sys.executable, "-P", "-m", module, *arguments)


def clean_environment(changes: Mapping[str, str]) -> dict[str, str]:
    """Our environment without any AWS_ variable, so that no account is reached by mistake, and `changes`."""
    ours = {name: value for name, value in child_environment().items() if not name.startswith("AWS_")}
    path = os.pathsep.join(filter(None, (_PACKAGE_FOLDER, ours.get("PYTHONPATH"))))
    return {**ours, "PYTHONPATH": path, **changes}
