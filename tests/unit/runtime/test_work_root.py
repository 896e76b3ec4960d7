"""The worker's temporary folder."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from worker.errors import MisconfiguredError
from worker.runtime.work_root import make_work_root, picture_folder, remove_document_folder, remove_work_root

pytestmark = pytest.mark.unit


def _pid_of_a_dead_process() -> int:
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


def test_folders_of_dead_workers_are_removed_and_those_of_live_ones_are_not(tmp_path: Path) -> None:
    dead = tmp_path / f"cis-worker-{_pid_of_a_dead_process()}-x"
    before_us = tmp_path / f"cis-worker-{os.getpid()}-x"
    living = tmp_path / f"cis-worker-{os.getppid()}-x"
    unrelated = tmp_path / "cis-worker-notes"
    for folder in (dead, before_us, living, unrelated):
        (folder / "document-1").mkdir(parents=True)
    made = make_work_root(tmp_path)
    assert made.is_dir()
    assert not dead.exists()
    assert not before_us.exists()
    assert living.exists()
    assert unrelated.exists()


def test_a_folder_that_is_not_writable_is_reported_with_its_setting(tmp_path: Path) -> None:
    with pytest.raises(MisconfiguredError, match="CIS_WORK_DIR"):
        make_work_root(tmp_path / "missing")


def _folders(parent: Path) -> tuple[Path, Path, Path]:
    """A worker's folder, that of a document in it, and the place that stands for memory."""
    memory, disk = parent / "memory", parent / "disk"
    memory.mkdir()
    disk.mkdir()
    root = make_work_root(disk, memory=memory)
    document = root / "document-1"
    document.mkdir()
    return root, document, memory


def test_pages_are_rendered_in_memory_and_are_removed_with_their_document(tmp_path: Path) -> None:
    root, document, memory = _folders(tmp_path)

    folder = picture_folder(document, slots=1, memory=memory)
    (folder / "page-00001.pgm").touch()

    assert folder == memory / root.name / "document-1"
    assert (memory / root.name).stat().st_mode & 0o777 == 0o700
    remove_document_folder(document, memory=memory)
    assert list(root.iterdir()) == list((memory / root.name).iterdir()) == []


def test_pages_are_rendered_on_disk_where_memory_has_no_room_for_two_per_slot(tmp_path: Path) -> None:
    _, document, memory = _folders(tmp_path)

    assert picture_folder(document, slots=10**9, memory=memory) == document


def test_pages_are_rendered_on_disk_where_there_is_no_folder_in_memory(tmp_path: Path) -> None:
    root = make_work_root(tmp_path, memory=tmp_path / "missing")
    (root / "document-1").mkdir()

    assert picture_folder(root / "document-1", slots=1, memory=tmp_path / "missing") == root / "document-1"


def test_a_folder_of_no_worker_is_used_itself_and_nothing_else_is_removed(tmp_path: Path) -> None:
    memory, document = tmp_path / "memory", tmp_path / "own" / "document-1"
    (memory / "own" / "document-1").mkdir(parents=True)
    document.mkdir(parents=True)

    assert picture_folder(document, slots=1, memory=memory) == document
    remove_document_folder(document, memory=memory)
    remove_work_root(document.parent, memory=memory)
    assert (memory / "own" / "document-1").exists()
    assert not document.parent.exists()


def test_a_worker_leaves_nothing_in_memory_and_removes_the_folders_of_dead_ones(tmp_path: Path) -> None:
    memory = tmp_path / "memory"
    left = memory / f"cis-worker-{_pid_of_a_dead_process()}-x"
    left.mkdir(parents=True)

    root = make_work_root(tmp_path, memory=memory)
    assert [folder.name for folder in memory.iterdir()] == [root.name]
    remove_work_root(root, memory=memory)

    assert list(memory.iterdir()) == []
    assert not root.exists()


def test_a_work_folder_in_memory_itself_serves_for_both(tmp_path: Path) -> None:
    root = make_work_root(tmp_path, memory=tmp_path)
    (root / "document-1").mkdir()

    assert picture_folder(root / "document-1", slots=1, memory=tmp_path) == root / "document-1"
