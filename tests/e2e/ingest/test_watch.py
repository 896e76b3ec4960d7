"""`cis-worker ingest --watch` goes on with what is new, changed and gone, until Ctrl-C."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.e2e.ingest.conftest import Place

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

END_S = 120


def _line(process: subprocess.Popen[str]) -> dict[str, Any]:
    assert process.stdout is not None
    while (line := json.loads(process.stdout.readline()))["skipped"]:
        pass
    assert isinstance(line, dict)
    return line


def test_new_files_are_read_and_those_that_are_gone_removed(
    place: Place, running: list[subprocess.Popen[str]], until: Callable[..., None]
) -> None:
    (place.docs / "a.txt").write_text("alpha")
    process = place.start("--watch", "--prune")
    running.append(process)
    assert Path(_line(process)["file_path"]).name == "a.txt"
    (place.docs / "b.txt").write_text("beta")
    found = _line(process)
    assert (Path(found["file_path"]).name, found["state"]) == ("b.txt", "indexed")
    (place.docs / "a.txt").unlink()
    gone = _line(process)
    assert (Path(gone["file_path"]).name, gone["state"]) == ("a.txt", "tombstoned")
    assert process.stderr is not None
    printed: list[str] = []

    def is_waiting() -> bool:
        assert process.stderr is not None
        printed.append(process.stderr.readline())
        return sum("Watching for changes" in line for line in printed) == 3

    until(is_waiting, timeout_s=END_S)
    os.killpg(process.pid, signal.SIGINT)
    _, stderr = process.communicate(timeout=END_S)
    assert process.returncode == 130
    assert "Traceback" not in stderr
    assert place.ask("search", "beta")["total"] == 1
