"""The container mode: the tests in docker-compose.test.yml, with LocalStack and OpenSearch beside them."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from scripts.suite.place import REPORTS, ROOT, RefusedError

COMPOSE_FILE = "docker-compose.test.yml"
SERVICE = "worker-tests"
_PROBE_S = 60
_WITHOUT = "Without containers the same tests run with scripts/test."


def check_docker() -> None:
    """Raise RefusedError unless Docker, its compose plugin and its daemon are there."""
    if shutil.which("docker") is None:
        raise RefusedError(
            f"--container needs Docker, and no `docker` is on the PATH: install it. {_WITHOUT}"
        )
    if _first_error("docker", "compose", "version") is not None:
        raise RefusedError(f"--container needs `docker compose`: install Docker's compose plugin. {_WITHOUT}")
    if (error := _first_error("docker", "info", "--format", "{{.ServerVersion}}")) is not None:
        raise RefusedError(f"--container needs a running Docker, which says: {error} Start it. {_WITHOUT}")


def test_command(arguments: Sequence[str]) -> list[str]:
    """Build the image, start the servers, run pytest with these arguments."""
    return [*_compose(), "run", "--build", "--rm", SERVICE, "pytest", "-p", "no:cacheprovider", *arguments]


def down_command() -> list[str]:
    """End the servers, with what they hold."""
    return [*_compose(), "down", "--volumes"]


def environment(root: Path = ROOT) -> Mapping[str, str]:
    """Who writes the reports: the caller, so that they can be removed. As root the image's user does."""
    folder = root / REPORTS
    folder.mkdir(exist_ok=True)
    if os.getuid() == 0:
        folder.chmod(0o777)
        return {}
    return {"TEST_USER": f"{os.getuid()}:{os.getgid()}"}


def _compose() -> list[str]:
    return ["docker", "compose", "--file", COMPOSE_FILE]


def _first_error(*command: str) -> str | None:
    """The first line that a command that fails prints, or None."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_PROBE_S)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if done.returncode == 0:
        return None
    return next(iter((done.stderr.strip() or done.stdout.strip()).splitlines()), "nothing")
