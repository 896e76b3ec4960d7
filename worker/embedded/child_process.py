"""Command and environment for child processes: the same code, and none of the user's AWS configuration."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

import worker
from worker.config import child_environment

_PACKAGE_FOLDER = str(Path(worker.__file__).resolve().parents[1])


def python_command(module: str, *arguments: str) -> tuple[str, ...]:
    """The command that runs a module of this package."""
    # -P: the working directory may hold a module of the same name.
    return (sys.executable, "-P", "-m", module, *arguments)


def clean_environment(changes: Mapping[str, str]) -> dict[str, str]:
    """The environment without any AWS_ variable, so that no real account is used, and with `changes`."""
    inherited = {name: value for name, value in child_environment().items() if not name.startswith("AWS_")}
    path = os.pathsep.join(filter(None, (_PACKAGE_FOLDER, inherited.get("PYTHONPATH"))))
    return {**inherited, "PYTHONPATH": path, **changes}
