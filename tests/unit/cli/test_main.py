"""How errors reach the terminal."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.unit


def _cis_worker(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "worker", *arguments], capture_output=True, text=True, check=False, timeout=60
    )


def test_an_error_the_user_can_meet_is_one_line_without_a_traceback() -> None:
    done = _cis_worker("run")
    assert done.returncode == 2
    assert "CIS_QUEUE_URL" in done.stderr
    assert "[misconfigured]" in done.stderr
    assert "Traceback" not in done.stderr


def test_no_command_prints_the_help() -> None:
    assert "ingest" in _cis_worker().stdout


def test_an_unknown_command_is_a_usage_error() -> None:
    assert _cis_worker("fly").returncode == 2
