"""The worker's temporary folder, which a lock owns."""

from __future__ import annotations

import fcntl
import os
import shutil
import threading
from pathlib import Path

import pytest

from worker.errors import LocalFaultError, MisconfiguredError
from worker.runtime.work_root import WorkRoot, picture_folder, remove_document_folder, remove_work_root

pytestmark = pytest.mark.unit


def test_a_folder_without_an_owner_is_removed_and_no_other(tmp_path: Path) -> None:
    left, of_an_earlier_version = (
        tmp_path / "cis-worker-abcdefgh",
        tmp_path / f"cis-worker-{os.getpid()}-a_c_e_g_",
    )
    unrelated = tmp_path / "cis-worker-notes"
    for folder in (left, of_an_earlier_version, unrelated):
        (folder / "document-1").mkdir(parents=True)
    root = WorkRoot(tmp_path, memory=tmp_path / "memory")
    assert sorted(tmp_path.iterdir()) == sorted([root.path, unrelated])


def test_workers_with_one_process_id_keep_their_folders_on_disk_and_in_memory(tmp_path: Path) -> None:
    # As in two containers, where every worker has the same process id.
    memory = tmp_path / "memory"
    memory.mkdir()
    first, second = WorkRoot(tmp_path, memory=memory), WorkRoot(tmp_path, memory=memory)
    for root in (first, second):
        # Before anything is created again.
        assert (memory / root.path.name).is_dir()
        assert not root.ensure()


def test_memory_may_be_shared_where_the_disk_is_not(tmp_path: Path) -> None:
    memory = tmp_path / "memory"
    for folder in (memory, tmp_path / "one", tmp_path / "two"):
        folder.mkdir()
    first = WorkRoot(tmp_path / "one", memory=memory)
    second = WorkRoot(tmp_path / "two", memory=memory)
    assert sorted(path.name for path in memory.iterdir()) == sorted([first.path.name, second.path.name])


def test_workers_that_start_at_once_keep_their_folders(tmp_path: Path) -> None:
    roots: list[WorkRoot] = []
    barrier = threading.Barrier(8)

    def start() -> None:
        barrier.wait()
        roots.extend(WorkRoot(tmp_path, memory=tmp_path / "none") for _ in range(20))

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(roots) == 160
    assert all(root.path.is_dir() for root in roots)


def test_a_folder_that_is_swept_before_it_is_locked_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock, swept = fcntl.flock, list[Path]()

    def sweep_and_lock(descriptor: int, operation: int) -> None:
        # Another worker starts between the creation and the lock of the first folder.
        if not swept:
            swept.extend(tmp_path.glob("cis-worker-*"))
            shutil.rmtree(swept[0])
        lock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", sweep_and_lock)
    root = WorkRoot(tmp_path, memory=tmp_path / "none")
    assert root.path.is_dir()
    assert [root.path] == list(tmp_path.iterdir())


def test_the_lock_lasts_as_long_as_the_folder(tmp_path: Path) -> None:
    root = WorkRoot(tmp_path, memory=tmp_path / "none")
    descriptor = os.open(root.path, os.O_RDONLY)
    with pytest.raises(BlockingIOError):
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(descriptor)
    root.remove()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("depth", [0, 1])
def test_a_folder_that_is_gone_is_created_again_and_owned_again(tmp_path: Path, depth: int) -> None:
    parent, memory = tmp_path / "parent", tmp_path / "memory"
    parent.mkdir()
    memory.mkdir()
    root = WorkRoot(parent, memory=memory)
    shutil.rmtree([root.path, parent][depth])
    shutil.rmtree(memory / root.path.name)
    assert root.make_document_folder().is_dir()
    assert (memory / root.path.name).is_dir()
    WorkRoot(parent, memory=memory)
    assert root.path.is_dir()
    assert (memory / root.path.name).is_dir()
    assert not root.ensure()


def test_a_folder_that_cannot_be_created_again_is_a_fault_of_this_machine(tmp_path: Path) -> None:
    parent = tmp_path / "parent"
    parent.mkdir()
    root = WorkRoot(parent, memory=tmp_path / "none")
    shutil.rmtree(parent)
    parent.write_text("a file where the folder was")
    with pytest.raises(LocalFaultError, match="CIS_WORK_DIR"):
        root.make_document_folder()


def test_a_folder_that_is_not_writable_is_reported_with_its_setting(tmp_path: Path) -> None:
    with pytest.raises(MisconfiguredError, match="CIS_WORK_DIR"):
        WorkRoot(tmp_path / "missing")


def _folders(parent: Path) -> tuple[WorkRoot, Path, Path]:
    """A worker's folder, that of a document in it, and the place that stands for memory."""
    memory, disk = parent / "memory", parent / "disk"
    memory.mkdir()
    disk.mkdir()
    root = WorkRoot(disk, memory=memory)
    return root, root.make_document_folder(), memory


def test_pages_are_rendered_in_memory_and_are_removed_with_their_document(tmp_path: Path) -> None:
    root, document, memory = _folders(tmp_path)

    folder = picture_folder(document, slots=1, memory=memory)
    (folder / "page-00001.pgm").touch()

    assert folder == memory / root.path.name / document.name
    assert (memory / root.path.name).stat().st_mode & 0o777 == 0o700
    remove_document_folder(document, memory=memory)
    assert list(root.path.iterdir()) == list((memory / root.path.name).iterdir()) == []


def test_pages_are_rendered_on_disk_where_memory_has_no_room_for_two_per_slot(tmp_path: Path) -> None:
    _, document, memory = _folders(tmp_path)

    assert picture_folder(document, slots=10**9, memory=memory) == document


def test_pages_are_rendered_on_disk_where_there_is_no_folder_in_memory(tmp_path: Path) -> None:
    document = WorkRoot(tmp_path, memory=tmp_path / "missing").make_document_folder()

    assert picture_folder(document, slots=1, memory=tmp_path / "missing") == document


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
    (memory / "cis-worker-abcdefgh").mkdir(parents=True)

    root = WorkRoot(tmp_path, memory=memory)
    assert [folder.name for folder in memory.iterdir()] == [root.path.name]
    root.remove()

    assert list(memory.iterdir()) == []
    assert not root.path.exists()


def test_a_work_folder_in_memory_itself_serves_for_both(tmp_path: Path) -> None:
    document = WorkRoot(tmp_path, memory=tmp_path).make_document_folder()

    assert picture_folder(document, slots=1, memory=tmp_path) == document
