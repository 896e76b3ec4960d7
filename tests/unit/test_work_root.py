"""The worker's temporary folder."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from worker.errors import MisconfiguredError
from worker.work_root import make_work_root

pytestmark = pytest.mark.unit


def _pid_of_a_dead_process() -> int:
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


def test_what_dead_workers_left_is_removed_and_what_living_ones_use_is_kept(tmp_path: Path) -> None:
    dead = tmp_path / f"cis-worker-{_pid_of_a_dead_process()}-x"
    before_us = tmp_path / f"cis-worker-{os.getpid()}-x"
    living = tmp_path / f"cis-worker-{os.getppid()}-x"
    stranger = tmp_path / "cis-worker-notes"
    for folder in (dead, before_us, living, stranger):
        (folder / "document-1").mkdir(parents=True)
    made = make_work_root(tmp_path)
    assert made.is_dir()
    assert not dead.exists()
    assert not before_us.exists()
    assert living.exists()
    assert stranger.exists()


def test_a_folder_that_cannot_be_written_is_told_with_its_setting(tmp_path: Path) -> None:
    with pytest.raises(MisconfiguredError, match="CIS_WORK_DIR"):
        make_work_root(tmp_path / "missing")
